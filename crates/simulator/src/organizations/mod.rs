//! AWS Organizations: JSON 1.1.

mod actions;
mod arns;
pub mod pages;
mod policies;
pub mod refusals;

pub use actions::handle;
