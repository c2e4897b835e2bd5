//! `doctor --log-format json`: what a scan would not read.

use std::collections::BTreeSet;

use serde::Serialize;

use super::Version;

/// What was found.
#[derive(Debug, Serialize)]
pub struct Report {
    pub schema_version: Version,
    /// Who the credentials belong to.
    pub caller_arn: String,
    /// `o-…`; null: the accounts are given.
    pub organization: Option<String>,
    /// The clock of this machine.
    pub clock: Clock,
    /// Whether the organizational units have names.
    pub unit_names: UnitNames,
    /// Whether the organization's policies can be read; null: no scan with these options reads them.
    pub organization_policies: Option<Policies>,
    /// Other tables of the organization that cannot be read.
    pub organization_tables_lost: Vec<LostTable>,
    /// What limits every session; null: nothing does.
    pub session_policy: Option<SessionPolicy>,
    /// Enabled checks.
    pub checks: usize,
    /// Accounts that Organizations lists.
    pub accounts_listed: usize,
    /// Of these, the chosen ones that are active.
    pub accounts_active: usize,
    /// Of these, the ones that were inspected.
    pub accounts_looked_at: usize,
    /// Of these, the ones without a loss.
    pub accounts_right: usize,
    /// The ones that can be entered and lose something.
    pub accounts_in_part: usize,
    /// The ones that cannot be entered.
    pub accounts_lost: usize,
    /// All that were inspected, those with losses first.
    pub accounts: Vec<Account>,
    /// For people.
    pub warnings: Vec<String>,
    /// Losses of all accounts, by cause.
    pub causes: Vec<Cause>,
    /// What the process ends with.
    pub exit_code: u8,
}

/// There is no report.
#[derive(Debug, Serialize)]
pub struct Failed {
    pub schema_version: Version,
    /// Why, for people.
    pub error: String,
    /// What the process ends with.
    pub exit_code: u8,
}

/// The clock of this machine against AWS's.
#[derive(Debug, Serialize)]
pub struct Clock {
    /// How far it is ahead; null: not known.
    pub ahead_seconds: Option<i64>,
    /// right, off (worth setting), wrong (sessions and ages cannot be trusted) or unknown.
    pub verdict: &'static str,
}

/// Names of organizational units.
#[derive(Debug, Serialize)]
pub struct UnitNames {
    /// How many were read; null: none could be.
    pub read: Option<usize>,
    #[serde(flatten)]
    pub gap: Option<Gap>,
}

/// Policies of the organization.
#[derive(Debug, Serialize)]
pub struct Policies {
    /// Whether they can be read.
    pub readable: bool,
    #[serde(flatten)]
    pub gap: Option<Gap>,
}

/// A table of the organization that cannot be read.
#[derive(Debug, Serialize)]
pub struct LostTable {
    /// Its name.
    pub table: String,
    #[serde(flatten)]
    pub gap: Gap,
}

/// Why something could not be read. Absent where it could.
#[derive(Debug, Serialize)]
pub struct Gap {
    /// As in the table `table_reads`.
    pub reason_code: &'static str,
    /// The call that failed, such as `iam:ListRoles`.
    pub api: Option<String>,
}

impl From<&orgsweep_model::Gap> for Gap {
    fn from(gap: &orgsweep_model::Gap) -> Self {
        Self { reason_code: gap.reason.as_str(), api: gap.api.clone() }
    }
}

/// The policy that limits every session.
#[derive(Debug, Serialize)]
pub struct SessionPolicy {
    /// How long it is.
    pub characters: usize,
    /// How long it may be.
    pub limit: usize,
    /// How many actions it allows.
    pub actions: usize,
}

/// An account.
#[derive(Debug, Serialize)]
pub struct Account {
    /// Twelve digits.
    pub account_id: String,
    /// Its name; null: not known.
    pub account_name: Option<String>,
    /// The path of its organizational unit; null: not known.
    pub ou_path: Option<String>,
    /// The role that was assumed, or the caller in its own account; null: it could not be entered.
    pub role_arn: Option<String>,
    /// Whether nothing would be lost.
    pub right: bool,
    /// Checks that would be UNKNOWN.
    pub unknown_checks: BTreeSet<String>,
    /// Checks that crashed.
    pub failed_checks: BTreeSet<String>,
    /// What would be lost.
    pub losses: Vec<Loss>,
}

/// What one cause costs an account.
#[derive(Debug, Serialize)]
pub struct Loss {
    /// As in the table `table_reads`.
    pub reason_code: &'static str,
    /// The call that failed.
    pub api: Option<String>,
    /// AWS's error code.
    pub error_code: Option<String>,
    /// AWS's words.
    pub message: Option<String>,
    /// Tables that were not read.
    pub tables: Vec<String>,
    /// Checks that have no verdict without them.
    pub unknown_checks: BTreeSet<String>,
    /// Checks that have less evidence without them.
    pub lessened_checks: BTreeSet<String>,
}

/// One cause over all accounts.
#[derive(Debug, Serialize)]
pub struct Cause {
    /// As in the table `table_reads`.
    pub reason_code: &'static str,
    /// The call that failed.
    pub api: Option<String>,
    /// How many accounts.
    pub accounts: usize,
    /// Checks that have no verdict in one of them.
    pub unknown_checks: BTreeSet<String>,
    /// Checks that have less evidence in one of them.
    pub lessened_checks: BTreeSet<String>,
    /// What to do, for people.
    pub advice: String,
    /// Command lines that help.
    pub commands: Vec<String>,
}
