//! The principals of an account with the policies that apply to them, computed once and shared by checks and `explain`.
//!
//! - [`Identities`]: users, groups and roles with their layers. A policy that could not be read is represented as unreadable
//!   ([`orgsweep_policy::Attached::unreadable`]), never as missing.
//! - [`Trusts`]: the trust policies of the roles, with the principals that they admit.
//! - [`Users`]: the credential report joined with the list of users, so that users missing from the report are not forgotten.
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
