//! Version 1. A name keeps its meaning; what is only added does not make another version.

pub mod checks;
pub mod doctor;
pub mod explain;
pub mod log;
pub mod plan;

use serde::{Serialize, Serializer};

/// `schema_version`: every object that a program reads by itself has one.
#[derive(Clone, Copy, Debug)]
pub struct Version;

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(1)
    }
}
