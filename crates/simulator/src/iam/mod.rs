//! IAM: awsQuery and XML.

mod actions;
mod details;
mod listings;
pub mod report;
mod settings;

pub use actions::{handle, resource};
