//! The principals of an account with the policies that bind them, computed once and shared by everything that asks: checks,
//! and the explainer.
//!
//! - [`Identities`]: users, groups and roles with their layers. What could not be read is a policy that nobody can read
//!   ([`orgsweep_policy::Attached::unreadable`]), never a missing one.
//! - [`Trusts`]: the trust policies of the roles, with who may come in.
//! - [`Users`]: the credential report joined with the list of users; whom the report leaves out cannot be forgotten.
//! - [`OrganizationGuardrails`]: the service and resource control policies that apply to an account.
//! - [`EffectiveGuardrail`]: the same as a computed table, for SQL.
//! - [`Documents`]: policy texts, compiled when they are first needed, once per distinct text.

mod account;
mod documents;
mod effective_guardrails;
mod guardrails;
mod rows;
mod sorted;
mod trusts;
mod users;
mod views;

pub use account::{Binding, Identities, IdentityFacts, Member, StoredPolicy};
pub use documents::{CompiledDocuments, Documents};
pub use effective_guardrails::EffectiveGuardrail;
pub use guardrails::{Absence, Guard, Kind, OrganizationGuardrails, Place, UNKNOWN};
pub use rows::Rows;
pub use trusts::{Named, Trust, Trusts};
pub use users::{UserEntry, Users, additional_credentials};
