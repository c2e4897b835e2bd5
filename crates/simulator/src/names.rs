//! Names that callers rely on: the user that calls, and the roles that it assumes.

/// The hub user's name in the management account.
pub const HUB_USER: &str = "orgsweep-hub";

/// The audit role of every account that has one, with its path.
pub const ROLE_NAME: &str = "orgsweep/OrgsweepAudit";

/// The role between the hub user and the audit roles, with its path.
pub const HUB_ROLE: &str = "orgsweep/OrgsweepHub";
