//! Makes the organization up, and what each account holds: the same seed gives the same.

mod guardrails;
mod hostile;
mod identities;
mod organization;
mod parts;
mod roles;
mod shapes;
mod situations;

pub use identities::identities;
pub use organization::world;
