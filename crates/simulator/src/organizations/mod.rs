//! AWS Organizations: JSON 1.1.

mod actions;
pub mod policies;

pub use actions::{Asked, handle, page_number};
