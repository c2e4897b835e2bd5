//! The facts that checks read: one typed row each, one table each.
//!
//! Sources are named per table. Everything is flat and every row carries its account, so that the same rows can
//! be joined in SQL without a mistake across accounts.

mod authorization;
mod credentials;
mod derived;
mod organization;
mod policies;
mod principals;
mod roster;
mod settings;

pub use authorization::{
    AwsManagedPolicy, BoundaryPolicy, Group, GroupMember, InlinePolicy, ManagedPolicy, PolicyAttachment,
    PolicyVersion, PrincipalTag, Role, RoleSessionLimit, User,
};
pub use credentials::{AccessKey, Credential, KeyStatus, ServiceCredential, VirtualMfaDevice};
pub use derived::{DERIVED, Derived};
pub use organization::{OrganizationPolicies, OrganizationPolicy};
pub use policies::{Document, PoliciesAndDocuments, Policy, PolicyKind};
pub use principals::{Principal, PrincipalKind};
pub use roster::RosterEntry;
pub use settings::{
    AccountSummary, IdentityProvider, IdentityProviderKind, PasswordPolicy, ServerCertificate,
};
