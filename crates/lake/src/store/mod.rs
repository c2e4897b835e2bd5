//! The one door to storage.

mod local;

pub use local::{Store, stage};
