//! What people and programs see: a terminal of 80 and of 120 columns, none at all, a log of objects, help and completions.

mod command_line;
mod json_schema;
mod log;
mod plan;
pub mod snapshots;
mod summary;
mod terminal;

use orgsweep_simulator::Options;

use crate::support::{World, options};

/// The caller's own account and nine others, all of which refuse the role.
fn all_refuse() -> World {
    World::start(Options { refusing: Some(9), broken: Some(0), suspended: Some(0), ..options(10) })
}
