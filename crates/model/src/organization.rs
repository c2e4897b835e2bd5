//! An organization as it was at one moment: what `discover` writes down, and what shards scan from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::account::{Account, Organization};
use crate::snapshot::TablesSnapshot;

/// An organization as it was at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationSnapshot {
    /// The organization.
    pub organization: Organization,
    /// All of its accounts, with their units.
    pub accounts: Vec<Account>,
    /// Names of roots and units, by id.
    pub unit_names: BTreeMap<String, String>,
    /// Its tables, such as its service and resource control policies.
    pub facts: TablesSnapshot,
}
