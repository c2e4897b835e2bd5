//! The scan as a whole, and each account's part in it.

use crate::account::{AccountId, AccountState};
use crate::collector::{CallCounts, Usage};
use crate::table::text_enum;
use crate::time::Timestamp;

text_enum! {
    /// Whether every account in scope has its row.
    pub enum ScanStatus {
        /// Every account was scanned or has a reason.
        Complete = "COMPLETE",
        /// The run ended early and was published as such.
        Partial = "PARTIAL",
    }
}

crate::table! {
    /// One scan. The other rows of a scan are visible only if this row exists.
    pub struct ScanRecord in "scans" per organization sorted by [started_at] {
        /// `o-…`; `none` without an organization.
        org_id: String,
        /// The management account.
        management_account_id: AccountId,
        /// When it began.
        started_at: Timestamp,
        /// When it ended.
        finished_at: Timestamp,
        /// COMPLETE or PARTIAL.
        status: ScanStatus,
        /// The latest committed scan in this lake when this one started.
        previous_scan_id: Option<String>,
        /// The version of orgsweep.
        tool_version: String,
        /// Increases when columns are added.
        schema_version: i32,
        /// SHA-256 of the effective configuration, without credentials and output.
        config_sha256: String,
        /// Every account listed.
        accounts_in_scope: i32,
        /// Accounts for which every requested table was read.
        accounts_scanned: i32,
        /// Accounts that were accessed but with tables that could not be read.
        accounts_partial: i32,
        /// Accounts that were not accessed.
        accounts_not_scanned: i32,
        /// Calls to AWS, retries not counted.
        api_calls: i64,
        /// Throttled responses.
        throttles: i64,
        /// The session policy passed to every AssumeRole; null: none.
        session_policy: Option<String>,
        /// Milliseconds from start to end, measured.
        duration_ms: i64,
        /// Requests to AWS, retries included.
        api_attempts: Option<i64>,
        /// Calls that finally failed, including expected failures.
        api_errors: Option<i64>,
        /// Bytes of all responses.
        response_bytes: Option<i64>,
        /// The scan whose complete accounts were copied (`--retry-incomplete`).
        retried_scan_id: Option<String>,
        /// Number of shards that finished accounts of the scan; null: one process ran the whole scan.
        shards: Option<i32>,
        /// Data about the organization that could not be read, with the reason: policies, OU names; null: everything was read.
        organization_gaps: Option<String>,
        /// `aws`, `aws-cn`, `aws-us-gov`.
        aws_partition: Option<String>,
        /// The time for which ages are computed.
        ages_counted_to: Option<Timestamp>,
        /// The stored scan whose facts were checked again; null: the facts were collected by this scan.
        checked_from_scan_id: Option<String>,
        /// The effective configuration as JSON, credentials and output excepted: what `config_sha256` is the digest of.
        configuration_json: Option<String>,
    }
}

text_enum! {
    /// How far the scan got into an account.
    pub enum ScanState {
        /// Every wanted table was read.
        Scanned = "SCANNED",
        /// Entered; at least one table was lost.
        Partial = "PARTIAL",
        /// Accounts that were not accessed.
        NotScanned = "NOT_SCANNED",
    }
}

crate::table! {
    /// One account of the roster in one scan, scanned or not.
    pub struct ScanAccountRecord in "scan_accounts" per account sorted by [account_id] {
        /// The account.
        account_id: AccountId,
        /// Its name.
        account_name: Option<String>,
        /// Hexadecimal SHA-256 of the root e-mail address.
        account_email_sha256: Option<String>,
        /// As AWS Organizations reports it.
        account_status: AccountState,
        /// The OU that contains the account.
        ou_id: Option<String>,
        /// `/Root/Prod/Payments`.
        ou_path: Option<String>,
        /// SCANNED, PARTIAL, NOT_SCANNED.
        scan_state: ScanState,
        /// Never null when not SCANNED.
        reason_code: Option<String>,
        /// The same in words.
        reason: Option<String>,
        /// Last scan in which the account was SCANNED.
        last_scanned_scan_id: Option<String>,
        /// The role that was assumed; the caller's ARN if no role was needed.
        role_arn: Option<String>,
        /// Calls to AWS for this account, including AssumeRole but not retries.
        api_calls: i64,
        /// Throttled responses.
        throttles: i64,
        /// Measured.
        duration_ms: i64,
        /// The earlier scan that the rows were copied from; null: not copied.
        taken_from_scan_id: Option<String>,
        /// Notes, for example a session shorter than requested, or entities deleted during the scan.
        notes: Option<String>,
        /// `r-…/ou-…/ou-…`: from the root to the account's OU, by ID; null: unknown.
        ou_ids: Option<String>,
    }
}

crate::table! {
    /// Calls to AWS for one account, or for the organization as a whole, by service and action.
    pub struct ApiCallRecord in "api_calls" per account sorted by [account_id, service, action] {
        /// The account; null: calls for the organization as a whole, by every process that took part: `discover`, shards, and
        /// interrupted processes up to their last finished account.
        account_id: Option<AccountId>,
        /// `iam`, `sts`, `organizations`.
        service: String,
        /// `ListRoles`.
        action: String,
        /// Operations.
        calls: i64,
        /// Requests, retries included.
        attempts: i64,
        /// Throttled responses.
        throttles: i64,
        /// Operations that finally failed, including expected failures: a report that is still being generated, a password
        /// policy that is not set.
        errors: i64,
        /// Bytes of all responses.
        response_bytes: i64,
        /// Milliseconds of all operations, including waiting and retries. Measured.
        total_ms: i64,
        /// Milliseconds of the slowest operation. Measured.
        worst_ms: i64,
    }
}

impl ApiCallRecord {
    /// The rows of a usage, sorted by service and action.
    pub fn of(account_id: Option<AccountId>, usage: &Usage) -> Vec<Self> {
        let row = |((service, action), counts): ((String, String), CallCounts)| Self {
            account_id,
            service,
            action,
            calls: counts.calls as i64,
            attempts: counts.attempts as i64,
            throttles: counts.throttles as i64,
            errors: counts.errors as i64,
            response_bytes: counts.response_bytes as i64,
            total_ms: counts.total_milliseconds as i64,
            worst_ms: counts.worst_milliseconds as i64,
        };
        usage.by_action().into_iter().map(row).collect()
    }

    /// The row's numbers.
    pub fn counts(&self) -> CallCounts {
        CallCounts {
            calls: self.calls as u64,
            attempts: self.attempts as u64,
            throttles: self.throttles as u64,
            errors: self.errors as u64,
            response_bytes: self.response_bytes as u64,
            total_milliseconds: self.total_ms as u64,
            worst_milliseconds: self.worst_ms as u64,
        }
    }
}
