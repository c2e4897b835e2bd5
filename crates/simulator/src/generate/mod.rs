//! Makes the organization up: the same seed gives the same one.

pub mod account;
pub mod hostile;
pub mod roles;
mod shapes;
mod situations;
