//! What was looked at and what was not: accounts × checks, and accounts × tables.

use crate::account::AccountId;
use crate::severity::Severity;
use crate::table::text_enum;
use crate::time::Timestamp;

text_enum! {
    /// Whether a check saw all that it needed in an account.
    pub enum CoverageOutcome {
        /// Every verdict was reached.
        Complete = "COMPLETE",
        /// Some resources came out UNKNOWN.
        Partial = "PARTIAL",
        /// The check could not be evaluated at all.
        NotRun = "NOT_RUN",
    }
}

crate::table! {
    /// One row per account × enabled check, always.
    pub struct CoverageRecord in "coverage" sorted by [account_id, check_id] {
        /// The account.
        account_id: AccountId,
        /// At scan time.
        ou_path: Option<String>,
        /// The check.
        check_id: String,
        /// Grows when the logic changes.
        check_version: i32,
        /// The check's default severity.
        severity: Severity,
        /// COMPLETE, PARTIAL, NOT_RUN.
        outcome: CoverageOutcome,
        /// Why not COMPLETE.
        reason_code: Option<String>,
        /// Rows with a verdict: passed + failed.
        evaluated: i64,
        /// PASS rows in `findings`.
        passed: i64,
        /// FAIL rows.
        failed: i64,
        /// UNKNOWN rows.
        unknown: i64,
        /// NOT_APPLICABLE rows.
        not_applicable: i64,
        /// MANUAL rows.
        manual: i64,
        /// Suppressed rows.
        suppressed: i64,
    }
}

text_enum! {
    /// Whether a table was read in an account.
    pub enum TableReadOutcome {
        /// It was; zero rows is an answer.
        Read = "READ",
        /// It was not.
        Gap = "GAP",
    }
}

crate::table! {
    /// One row per account in scope × table that the scan wanted: read, or lost and why. It tells an empty
    /// table from one that could not be read.
    pub struct TableRead in "table_reads" sorted by [account_id, table_name] {
        /// The account.
        account_id: AccountId,
        /// The table.
        table_name: String,
        /// READ or GAP.
        outcome: TableReadOutcome,
        /// Rows read.
        row_count: i64,
        /// When the facts were established.
        observed_at: Timestamp,
        /// Why it was lost.
        reason_code: Option<String>,
        /// The call that failed, `service:Action`.
        api: Option<String>,
        /// AWS's error code.
        error_code: Option<String>,
        /// AWS's message, bounded, without credentials.
        error_message: Option<String>,
        /// Attempts made by the call that failed.
        attempts: i32,
    }
}
