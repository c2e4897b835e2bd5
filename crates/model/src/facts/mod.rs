//! The facts that checks read: one typed row each, one table each.
//!
//! Sources are named per table. Everything is flat and every row carries its account, so that the same rows can
//! be joined in SQL without a mistake across accounts.

mod authorization;
mod credentials;
mod organization;
mod policies;
mod principals;
mod roster;
mod settings;

use crate::table::{Row as _, TableSchema};

pub use authorization::{Group, GroupMember, PolicyAttachment, PrincipalTag, Role, RoleSessionLimit, User};
pub use credentials::{AccessKey, Credential, KeyStatus, ServiceCredential, VirtualMfaDevice};
pub use organization::OrganizationPolicy;
pub use policies::{
    AWS_MANAGED_POLICIES, AwsManagedPolicies, BOUNDARY_POLICIES, BoundaryPolicies, Document, OWN_POLICIES,
    OwnPolicies, Policy, PolicyKind, Texts,
};
pub use principals::{Principal, PrincipalKind};
pub use roster::RosterEntry;
pub use settings::{
    AccountSummary, IdentityProvider, IdentityProviderKind, PasswordPolicy, ServerCertificate,
};

/// The facts of the standard distribution, in stored order.
pub const TABLES: &[&TableSchema] = &[
    Principal::SCHEMA,
    AccessKey::SCHEMA,
    ServiceCredential::SCHEMA,
    ServerCertificate::SCHEMA,
    IdentityProvider::SCHEMA,
    PrincipalTag::SCHEMA,
    GroupMember::SCHEMA,
    Policy::SCHEMA,
    PolicyAttachment::SCHEMA,
    OrganizationPolicy::SCHEMA,
    Document::SCHEMA,
    RosterEntry::SCHEMA,
    User::SCHEMA,
    Group::SCHEMA,
    Role::SCHEMA,
    RoleSessionLimit::SCHEMA,
    Credential::SCHEMA,
    VirtualMfaDevice::SCHEMA,
    AccountSummary::SCHEMA,
    PasswordPolicy::SCHEMA,
];
