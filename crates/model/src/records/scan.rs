//! The scan as a whole, and each account's part in it.

use crate::account::{AccountId, AccountState};
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
    pub struct ScanRecord in "scans" sorted by [started_at] {
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
    pub struct ScanAccountRecord in "scan_accounts" sorted by [account_id] {
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
    }
}
