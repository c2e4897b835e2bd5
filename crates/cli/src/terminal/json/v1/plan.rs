//! `scan --plan --format json`: what a scan would do.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Version;

/// What a scan would do.
#[derive(Debug, Serialize)]
pub struct Plan {
    pub schema_version: Version,
    /// Where.
    pub organization: Organization,
    /// Accounts that would be entered.
    pub accounts: Vec<Account>,
    /// Accounts that would not, by reason.
    pub left_out: Vec<LeftOut>,
    /// For people.
    pub warnings: Vec<String>,
    /// Ids of the enabled checks.
    pub checks: Vec<String>,
    /// What reads which tables.
    pub collectors: Vec<Collector>,
    /// Roles that would be tried in each account, in order.
    pub roles: Vec<String>,
    /// IAM actions that would be used in each account.
    pub actions: Vec<String>,
    /// What it would take.
    pub estimate: Estimate,
    /// The policy document that limits every session; null: nothing does.
    pub session_policy: Option<String>,
}

/// An organization.
#[derive(Debug, Serialize)]
pub struct Organization {
    /// `o-…`.
    pub id: String,
    /// Such as `aws`.
    pub partition: String,
}

/// An account.
#[derive(Debug, Serialize)]
pub struct Account {
    /// Twelve digits.
    pub id: String,
    /// Its name; null: not known.
    pub name: Option<String>,
    /// The path of its organizational unit; null: not known, or not needed.
    pub ou_path: Option<String>,
}

impl From<&orgsweep_model::Account> for Account {
    fn from(account: &orgsweep_model::Account) -> Self {
        Self { id: account.id.to_string(), name: account.name.clone(), ou_path: account.ou_path.clone() }
    }
}

/// Accounts that are left out for one reason.
#[derive(Debug, Serialize)]
pub struct LeftOut {
    /// For people.
    pub reason: String,
    /// How many.
    pub accounts: usize,
}

/// A collector.
#[derive(Debug, Serialize)]
pub struct Collector {
    /// Its name.
    pub name: String,
    /// Tables that it fills.
    pub tables: Vec<String>,
}

impl From<&dyn orgsweep_model::collector::Collector> for Collector {
    fn from(collector: &dyn orgsweep_model::collector::Collector) -> Self {
        let tables = collector.fills().iter().map(|table| table.name.to_owned()).collect();
        Self { name: collector.name().to_owned(), tables }
    }
}

/// What a scan takes.
#[derive(Debug, Serialize)]
pub struct Estimate {
    /// How many calls.
    pub calls: Calls,
    /// At the rate limits, if AWS throttles none; null: there is no limit.
    pub estimated_seconds: Option<u64>,
    /// IAM requests a second at most, `--max-rate`; null: there is no limit.
    pub max_rate: Option<f64>,
}

/// Calls of a scan.
#[derive(Debug, Serialize)]
pub struct Calls {
    /// At most, in each account of up to 1,000 entities, polls of the credential report not counted.
    pub per_account: u64,
    /// Once, about, besides listing.
    pub per_scan: u64,
    /// All of them.
    pub total: u64,
    /// All of them, by service.
    pub by_service: BTreeMap<String, u64>,
}
