//! Questions that an auditor asks, put as requests and answered by evaluation.

mod administrator;
mod guard;
mod trust;

pub use administrator::{Administrator, administrator};
pub use guard::is_guard;
pub use trust::{Door, Organization, Outsider, doors};
