//! Where the accounts of a scan come from.

use std::sync::Arc;

use orgsweep_model::Account;
use orgsweep_model::organization::OrganizationSnapshot;

/// Where the accounts come from.
#[derive(Clone, Debug)]
pub enum Roster {
    /// From Organizations.
    Organization,
    /// Read once, by `discover`: no call to Organizations is made.
    Discovered(Arc<OrganizationSnapshot>),
    /// From the caller, in this order.
    File(Vec<Account>),
    /// Only the caller's own account.
    CallerOnly,
}
