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
    /// One scan. Its presence is what makes the scan's other rows visible.
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
        /// The last committed scan in this lake when it began.
        previous_scan_id: Option<String>,
        /// The version of orgsweep.
        tool_version: String,
        /// Grows when columns are added.
        schema_version: i32,
        /// Of the effective configuration, credentials and output excepted.
        config_sha256: String,
        /// Every account listed.
        accounts_in_scope: i32,
        /// Every wanted table read.
        accounts_scanned: i32,
        /// Entered, with tables lost.
        accounts_partial: i32,
        /// Not entered.
        accounts_not_scanned: i32,
        /// Calls to AWS, retries not counted.
        api_calls: i64,
        /// Answers that said to slow down.
        throttles: i64,
        /// The session policy passed to every AssumeRole; null: none.
        session_policy: Option<String>,
        /// Milliseconds from start to end: measured.
        duration_ms: i64,
        /// Requests to AWS, retries included.
        api_attempts: Option<i64>,
        /// Calls that AWS answered with an error in the end, those included that are no loss.
        api_errors: Option<i64>,
        /// Bytes of all answers.
        response_bytes: Option<i64>,
        /// The scan whose rows were taken over where they were complete.
        retried_scan_id: Option<String>,
        /// How many shards finished accounts of it, however many were planned or begun; null: one process scanned it.
        shards: Option<i32>,
        /// What the scan wanted to read of the organization as a whole and could not, with the reason: its policies, the
        /// names of its units; null: nothing.
        organization_gaps: Option<String>,
        /// `aws`, `aws-cn`, `aws-us-gov`.
        aws_partition: Option<String>,
        /// The moment that ages count to.
        ages_counted_to: Option<Timestamp>,
        /// The stored scan whose facts were checked again; null: they were collected.
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
        /// Not entered.
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
        /// As Organizations reports it.
        account_status: AccountState,
        /// The unit it sits in.
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
        /// The role that was assumed; the caller's own ARN where no role was needed.
        role_arn: Option<String>,
        /// Calls to AWS for this account, AssumeRole included, retries not.
        api_calls: i64,
        /// Answers that said to slow down.
        throttles: i64,
        /// Measured.
        duration_ms: i64,
        /// Set when the rows were taken over from an earlier scan.
        taken_from_scan_id: Option<String>,
        /// What else is worth knowing: a session shorter than asked for, entities that went away in mid-scan.
        notes: Option<String>,
        /// `r-…/ou-…/ou-…`: from the root to the unit it sits in, by id; null: not known.
        ou_ids: Option<String>,
    }
}

crate::table! {
    /// What was asked of AWS for one account, or for the organization as a whole, by one kind of call.
    pub struct ApiCallRecord in "api_calls" per account sorted by [account_id, service, action] {
        /// The account; null for what was asked for the organization as a whole, by every process that took part: `discover`,
        /// shards, and what was killed, that as far as its last finished account.
        account_id: Option<AccountId>,
        /// `iam`, `sts`, `organizations`.
        service: String,
        /// `ListRoles`.
        action: String,
        /// Operations.
        calls: i64,
        /// Requests, retries included.
        attempts: i64,
        /// Answers that said to slow down.
        throttles: i64,
        /// Operations that AWS answered with an error in the end, those included that are no loss: a report that is still
        /// being made, a password policy that is not set.
        errors: i64,
        /// Bytes of all answers.
        response_bytes: i64,
        /// Of all operations, waiting and retries included. Measured.
        total_ms: i64,
        /// Of the slowest operation. Measured.
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
