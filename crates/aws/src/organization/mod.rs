//! The organization: its accounts, units and policies.

mod access;
pub mod accounts;
mod policies;
mod reads;
mod roster;
mod tree;

pub use access::OrganizationReader;
pub use policies::OrganizationPolicies;
pub use reads::{ORGANIZATION_READS, OrganizationRead};
pub use roster::Roster;
pub use tree::Tree;

/// The largest page that Organizations gives.
const PAGE: i32 = 20;
