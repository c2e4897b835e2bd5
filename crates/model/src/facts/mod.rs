//! The facts that checks read: one typed row each, one table each.
//!
//! Sources are named per table. Everything is flat and every row carries its account, so that the same rows can
//! be joined in SQL without a mistake across accounts.

mod authorization;
mod credentials;
mod principals;
mod roster;
mod settings;

pub use authorization::{
    AwsManagedPolicy, Group, GroupMember, InlinePolicy, ManagedPolicy, PolicyAttachment, PrincipalTag, Role,
    RoleSessionLimit, User,
};
pub use credentials::{AccessKey, Credential, KeyStatus, ServiceCredential, VirtualMfaDevice};
pub use principals::{Principal, PrincipalKind};
pub use roster::RosterEntry;
pub use settings::{
    AccountSummary, IdentityProvider, IdentityProviderKind, PasswordPolicy, ServerCertificate,
};
