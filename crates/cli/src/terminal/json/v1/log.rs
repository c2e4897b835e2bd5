//! `--log-format json`: a line of the log. `log-schema.json` beside `Cargo.toml` is the contract.

use serde::Serialize;

use super::Version;

/// Warnings that have a message and nothing else.
pub const WARNINGS: [&str; 14] = [
    "unit_names_unknown",
    "account_states_unknown",
    "override_matches_nothing",
    "filter_matches_nothing",
    "check_renamed_or_retired",
    "credentials",
    "concurrency_reduced",
    "unfinished_scans",
    "organization_policies_unknown",
    "organization_table_unknown",
    "waiting_for_publisher",
    "published_with_warning",
    "summary_not_printed",
    "internal_error",
];

/// How grave an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As it should be.
    Info,
    /// Something is missing from the result, or may be.
    Warning,
    /// The command could not do its work.
    Error,
}

/// A line of the log.
#[derive(Debug, Serialize)]
pub struct Line<'a> {
    /// RFC 3339, UTC.
    pub time: String,
    pub level: Level,
    /// Null: the scan has no name yet.
    pub scan_id: Option<&'a str>,
    /// The name of what happened.
    pub event: &'a str,
    /// What there is to know of it.
    #[serde(flatten)]
    pub fields: &'a Fields,
    pub schema_version: Version,
}

/// What there is to know of an event.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Fields {
    Message(Message),
    Ended(Ended),
    ScanStarted(ScanStarted),
    Listed(Listed),
    Account(Account),
    AccountKept(AccountKept),
    Stopping(Stopping),
    CheckCrashed(CheckCrashed),
    ShardFinished(ShardFinished),
    Published(Published),
    AlreadyPublished(AlreadyPublished),
}

impl Fields {
    /// The event's name; `None`: several events have such fields, and the caller names the event.
    pub const fn event(&self) -> Option<&'static str> {
        Some(match self {
            Self::Message(_) | Self::Ended(_) => return None,
            Self::ScanStarted(_) => "scan_started",
            Self::Listed(_) => "listed",
            Self::Account(_) => "account",
            Self::AccountKept(_) => "account_kept",
            Self::Stopping(_) => "stopping",
            Self::CheckCrashed(_) => "check_crashed",
            Self::ShardFinished(_) => "shard_finished",
            Self::Published(_) => "published",
            Self::AlreadyPublished(_) => "already_published",
        })
    }
}

/// Of all events whose name says enough.
#[derive(Debug, Serialize)]
pub struct Message {
    /// For people.
    pub message: String,
}

/// `error`, `interrupted`, `deadline_reached`: the command has no result.
#[derive(Debug, Serialize)]
pub struct Ended {
    /// For people.
    pub message: String,
    /// What the process ends with.
    pub exit_code: u8,
}

/// `scan_started`: a scan, or a shard of it, starts or is resumed.
#[derive(Debug, Serialize)]
pub struct ScanStarted {
    /// Enabled checks.
    pub checks: usize,
    /// Accounts that an earlier process finished.
    pub accounts_resumed: usize,
    /// With --retry-incomplete: the scan whose gaps are filled.
    pub retried_scan_id: Option<String>,
    /// This shard's index.
    pub shard: Option<u32>,
    /// Number of shards.
    pub shards: Option<u32>,
}

/// `listed`: all accounts are known.
#[derive(Debug, Serialize)]
pub struct Listed {
    /// All of them.
    pub accounts: usize,
    /// Of these, the ones that are to be scanned: neither left out nor finished before.
    pub accounts_to_scan: usize,
}

/// `account`: an account is finished.
#[derive(Debug, Serialize)]
pub struct Account {
    /// Twelve digits.
    pub account_id: String,
    /// Its name; null: not known.
    pub account_name: Option<String>,
    /// The path of its organizational unit; null: not known.
    pub ou_path: Option<String>,
    /// SCANNED, PARTIAL or NOT_SCANNED.
    pub scan_state: &'static str,
    /// Null when SCANNED.
    pub reason_code: Option<String>,
    /// For people.
    pub reason: Option<String>,
    /// Findings.
    pub failed: BySeverity,
}

/// `account_kept`: an account could not be entered again and keeps what an earlier scan has.
#[derive(Debug, Serialize)]
pub struct AccountKept {
    /// Twelve digits.
    pub account_id: String,
}

/// `stopping`: no further account is started.
#[derive(Debug, Serialize)]
pub struct Stopping {
    /// Those that may still finish.
    pub accounts_in_progress: usize,
}

/// `check_crashed`: a bug in a check.
#[derive(Debug, Serialize)]
pub struct CheckCrashed {
    /// The check.
    pub check_id: String,
    /// In how many accounts.
    pub accounts: u64,
}

/// `shard_finished`: `finalize` can publish it.
#[derive(Debug, Serialize)]
pub struct ShardFinished {
    /// This shard's index.
    pub shard: u32,
    /// Number of shards.
    pub shards: u32,
    pub accounts: ByState,
    /// What the process ends with.
    pub exit_code: u8,
    /// Why, for people.
    pub exit_reasons: Vec<String>,
}

/// `published`: the scan is in the lake.
#[derive(Debug, Serialize)]
pub struct Published {
    /// COMPLETE or PARTIAL.
    pub status: &'static str,
    /// The lake.
    pub out: String,
    /// What of the organization could not be read.
    pub organization_gaps: Vec<String>,
    pub accounts: ByState,
    /// Findings.
    pub failed: BySeverity,
    /// Evaluations that passed.
    pub passed: u64,
    /// Evaluations without a verdict.
    pub unknown: u64,
    /// Calls to AWS.
    pub api_calls: u64,
    /// The same, each try counted.
    pub api_attempts: u64,
    /// Tries that AWS throttled.
    pub throttles: u64,
    /// Bytes of the answers.
    pub response_bytes: u64,
    /// What the process ends with.
    pub exit_code: u8,
    /// Why, for people.
    pub exit_reasons: Vec<String>,
}

/// `already_published`: `finalize` had nothing to do.
#[derive(Debug, Serialize)]
pub struct AlreadyPublished {
    /// COMPLETE or PARTIAL.
    pub status: &'static str,
    /// What the process ends with.
    pub exit_code: u8,
}

/// Counts by severity.
#[derive(Debug, Serialize)]
pub struct BySeverity {
    pub informational: u64,
    pub low: u64,
    pub medium: u64,
    pub high: u64,
    pub critical: u64,
}

impl BySeverity {
    /// Of counts, informational first.
    pub const fn of([informational, low, medium, high, critical]: [u64; 5]) -> Self {
        Self { informational, low, medium, high, critical }
    }
}

/// Accounts by what became of them.
#[derive(Debug, Serialize)]
pub struct ByState {
    /// All of them.
    pub listed: usize,
    pub scanned: usize,
    pub partial: usize,
    pub not_scanned: usize,
    /// Excluded, or not active.
    pub left_out: usize,
}
