//! IAM: awsQuery and XML.

mod actions;
mod details;
pub mod report;

pub use actions::{handle, resource};
