//! What was evaluated and read, and what was not: accounts × checks, and accounts × tables.

use crate::account::AccountId;
use crate::gap::{Gap, Reason};
use crate::severity::Severity;
use crate::table::text_enum;
use crate::tables::Tables;
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
        /// The check is about the organization as a whole: its verdict stands in the management account's row.
        NotApplicable = "NOT_APPLICABLE",
    }
}

crate::table! {
    /// One row per account × enabled check, always.
    pub struct CoverageRecord in "coverage" per account sorted by [account_id, check_id] {
        /// The account.
        account_id: AccountId,
        /// At scan time.
        ou_path: Option<String>,
        /// The check.
        check_id: String,
        /// Increases when the check's logic changes.
        check_version: i32,
        /// The check's default severity.
        severity: Severity,
        /// COMPLETE, PARTIAL, NOT_RUN, NOT_APPLICABLE.
        outcome: CoverageOutcome,
        /// Why PARTIAL or NOT_RUN.
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
    /// One row per account in scope × requested table: read or not, and why. It distinguishes an empty table from one that
    /// could not be read.
    pub struct TableRead in "table_reads" per account sorted by [account_id, table_name] {
        /// The account.
        account_id: AccountId,
        /// The table.
        table_name: String,
        /// READ or GAP.
        outcome: TableReadOutcome,
        /// Rows read.
        row_count: i64,
        /// When the facts were read.
        observed_at: Timestamp,
        /// Why it could not be read.
        reason_code: Option<String>,
        /// The call that failed, `service:Action`.
        api: Option<String>,
        /// AWS's error code.
        error_code: Option<String>,
        /// AWS's message, truncated, without credentials.
        error_message: Option<String>,
        /// Attempts of the failed call.
        attempts: i32,
    }
}

impl TableRead {
    /// What became of a table: the number of its rows, or why there are none.
    pub fn of(account_id: AccountId, table: &str, read: Result<usize, &Gap>, observed_at: Timestamp) -> Self {
        let gap = read.err();
        Self {
            account_id,
            table_name: table.to_owned(),
            outcome: if gap.is_some() { TableReadOutcome::Gap } else { TableReadOutcome::Read },
            row_count: read.unwrap_or_default() as i64,
            observed_at,
            reason_code: gap.map(|gap| gap.reason.as_str().to_owned()),
            api: gap.and_then(|gap| gap.api.clone()),
            error_code: gap.and_then(|gap| gap.code.clone()),
            error_message: gap.and_then(|gap| gap.message.clone()),
            attempts: gap.map_or(0, |gap| gap.attempts) as i32,
        }
    }

    /// What became of one of these tables, or of a part of one; `now`: of one that is not there.
    pub fn in_tables(account_id: AccountId, table: &str, tables: &Tables, now: Timestamp) -> Self {
        let read = tables.gap(table).map_or(Ok(tables.count(table)), Err);
        Self::of(account_id, table, read, tables.observed_at(table).unwrap_or(now))
    }

    /// Why it was lost; `None`: it was read. A reason that this version does not know is an answer that it does not
    /// understand.
    pub fn gap(&self) -> Option<Gap> {
        let reason =
            self.reason_code.as_deref().and_then(Reason::from_word).unwrap_or(Reason::MalformedAnswer);
        (self.outcome == TableReadOutcome::Gap).then(|| Gap {
            reason,
            api: self.api.clone(),
            code: self.error_code.clone(),
            message: self.error_message.clone(),
            attempts: self.attempts.try_into().unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_comes_back_as_it_was() {
        let account = "111122223333".parse().unwrap();
        let mut gap = Gap::new(Reason::Denied).during("iam:ListRoles").because("not allowed");
        gap.code = Some("AccessDenied".to_owned());
        gap.attempts = 3;
        let lost = TableRead::of(account, "roles", Err(&gap), Timestamp::UNIX_EPOCH);
        assert_eq!((lost.outcome, lost.gap()), (TableReadOutcome::Gap, Some(gap)));
        let read = TableRead::of(account, "roles", Ok(3), Timestamp::UNIX_EPOCH);
        assert_eq!((read.row_count, read.gap()), (3, None));
    }
}
