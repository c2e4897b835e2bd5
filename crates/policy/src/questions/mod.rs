//! Questions that an auditor asks, put as requests and answered by evaluation.

mod administrator;
mod capabilities;
mod guard;
mod sample;
mod trust;

pub use administrator::{Administrator, administrator};
pub use capabilities::{Capability, Reach, capabilities};
pub use guard::is_guard;
pub use trust::{Door, Organization, Outsider, doors};
