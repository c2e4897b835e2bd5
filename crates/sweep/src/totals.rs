//! What the screen and the exit code need to know about a scan: a few numbers per account, never its rows.

use std::collections::BTreeMap;

use orgsweep_model::collector::CallCounts;
use orgsweep_model::records::{CoverageOutcome, CoverageRecord, FindingRecord, ScanAccountRecord, ScanState};
use orgsweep_model::{AccountId, AccountState, Reason, Severity, Status};
use serde::{Deserialize, Serialize};

/// One account in a line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccountLine {
    /// The account.
    pub id: AccountId,
    /// Its name.
    pub name: Option<String>,
    /// Its path.
    pub ou_path: Option<String>,
    /// As Organizations reports it.
    pub state: AccountState,
    /// How far the scan got.
    pub scan_state: ScanState,
    /// Why not all the way.
    pub reason_code: Option<String>,
    /// The same in a few words; `scan_accounts` has all of them.
    pub headline: Option<String>,
    /// Whether it was entered by a role, not with the caller's own credentials.
    pub by_role: bool,
    /// FAIL rows by severity, informational first.
    pub failed: [u64; 5],
}

impl AccountLine {
    /// Whether the account is lost against the caller's will.
    pub fn is_lost(&self) -> bool {
        self.scan_state != ScanState::Scanned && !self.is_left_out()
    }

    /// Whether the account was excluded or is not active.
    pub fn is_left_out(&self) -> bool {
        let expected = [Reason::Excluded.as_str(), Reason::AccountNotActive.as_str()];
        self.scan_state == ScanState::NotScanned
            && self.reason_code.as_deref().is_some_and(|code| expected.contains(&code))
    }

    /// Sum of squared severity ranks over its FAIL rows: one critical outweighs many low ones.
    pub fn score(&self) -> u64 {
        score(&self.failed)
    }
}

/// Sum of squared severity ranks over FAIL rows.
pub fn score(failed: &[u64; 5]) -> u64 {
    Severity::ALL.iter().zip(failed).map(|(severity, count)| (severity.rank().pow(2) as u64) * count).sum()
}

/// FAIL rows of one check.
#[derive(Clone, Copy, Debug, Default)]
pub struct CheckFailed {
    /// By severity, informational first.
    pub failed: [u64; 5],
    /// Accounts that have any.
    pub accounts: u64,
}

/// What one account adds to the totals: kept with its spooled rows, so that a resumed scan knows what it had.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccountTally {
    /// The account in a line.
    pub line: AccountLine,
    /// PASS rows.
    pub passed: u64,
    /// Coverage rows.
    pub coverage_rows: u64,
    /// Finding rows.
    pub finding_rows: u64,
    /// UNKNOWN rows.
    pub unknown_rows: u64,
    /// Of those, the ones in accounts that are not in scope, where no result is expected.
    pub unasked_rows: u64,
    /// Checks without a whole verdict, with the reason.
    pub unknown: Vec<(String, String)>,
    /// Check → FAIL rows by severity, informational first.
    pub failed_checks: BTreeMap<String, [u64; 5]>,
    /// Calls made.
    pub calls: CallCounts,
}

impl AccountTally {
    /// An account of which nothing but its record is counted yet.
    pub fn begin(record: &ScanAccountRecord, headline: Option<String>) -> Self {
        let line = AccountLine {
            id: record.account_id,
            name: record.account_name.clone(),
            ou_path: record.ou_path.clone(),
            state: record.account_status,
            scan_state: record.scan_state,
            reason_code: record.reason_code.clone(),
            headline,
            by_role: record.role_arn.as_deref().is_some_and(|arn| arn.contains(":role/")),
            failed: [0; 5],
        };
        Self {
            line,
            passed: 0,
            coverage_rows: 0,
            finding_rows: 0,
            unknown_rows: 0,
            unasked_rows: 0,
            unknown: Vec::new(),
            failed_checks: BTreeMap::new(),
            calls: CallCounts::default(),
        }
    }

    /// Counts a finding row.
    pub fn add_finding(&mut self, finding: &FindingRecord) {
        self.finding_rows += 1;
        match finding.status {
            Status::Fail => {
                let rank = (finding.severity_rank - 1) as usize;
                self.line.failed[rank] += 1;
                match self.failed_checks.get_mut(finding.check_id.as_ref()) {
                    Some(failed) => failed[rank] += 1,
                    None => {
                        let mut failed = [0; 5];
                        failed[rank] = 1;
                        self.failed_checks.insert(finding.check_id.to_string(), failed);
                    }
                }
            }
            Status::Pass => self.passed += 1,
            Status::Unknown => {
                self.unknown_rows += 1;
                self.unasked_rows += u64::from(self.is_unasked(finding.status_code.as_deref()));
            }
            Status::NotApplicable | Status::Manual => {}
        }
    }

    /// Whether a verdict is missing because the account was left out. A verdict about the organization may be missing in a
    /// management account that was left out, and for another reason.
    fn is_unasked(&self, reason: Option<&str>) -> bool {
        self.line.is_left_out() && (reason.is_none() || reason == self.line.reason_code.as_deref())
    }

    /// Counts a coverage row.
    pub fn add_coverage(&mut self, coverage: &CoverageRecord) {
        self.coverage_rows += 1;
        let failed_itself = coverage.reason_code.as_deref() == Some(Reason::CheckFailed.as_str());
        let is_decided =
            matches!(coverage.outcome, CoverageOutcome::Complete | CoverageOutcome::NotApplicable);
        if !is_decided && (failed_itself || !self.is_unasked(coverage.reason_code.as_deref())) {
            self.unknown.push((coverage.check_id.clone(), coverage.reason_code.clone().unwrap_or_default()));
        }
    }
}

/// Adds counts to counts.
pub fn add(sums: &mut [u64; 5], counts: [u64; 5]) {
    for (sum, count) in sums.iter_mut().zip(counts) {
        *sum += count;
    }
}

/// The sums of a scan.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    /// Every account, in the order in which they finished.
    pub accounts: Vec<AccountLine>,
    /// FAIL rows by severity, informational first.
    pub failed: [u64; 5],
    /// PASS rows.
    pub passed: u64,
    /// UNKNOWN rows.
    pub unknown_rows: u64,
    /// Of those, the ones of accounts that were left out.
    pub unasked_rows: u64,
    /// Number of accounts by check and reason of UNKNOWN, in accounts in scope.
    pub unknown: BTreeMap<(String, String), u64>,
    /// Coverage rows.
    pub coverage_rows: u64,
    /// Finding rows.
    pub finding_rows: u64,
    /// Checks that failed themselves (a bug), by id: how many accounts.
    pub check_failures: BTreeMap<String, u64>,
    /// FAIL rows by check.
    pub failed_checks: BTreeMap<String, CheckFailed>,
    /// Calls made for accounts.
    pub calls: CallCounts,
    /// What was lost of the organization as a whole, each with its reason.
    pub organization_gaps: Vec<String>,
}

impl Totals {
    /// Adds one finished account.
    pub fn add(&mut self, tally: AccountTally) {
        add(&mut self.failed, tally.line.failed);
        for (check, reason) in tally.unknown {
            if reason == Reason::CheckFailed.as_str() {
                *self.check_failures.entry(check.clone()).or_default() += 1;
            }
            *self.unknown.entry((check, reason)).or_default() += 1;
        }
        for (check, failed) in tally.failed_checks {
            let sum = self.failed_checks.entry(check).or_default();
            add(&mut sum.failed, failed);
            sum.accounts += 1;
        }
        self.passed += tally.passed;
        self.unknown_rows += tally.unknown_rows;
        self.unasked_rows += tally.unasked_rows;
        self.coverage_rows += tally.coverage_rows;
        self.finding_rows += tally.finding_rows;
        self.calls.add(&tally.calls);
        self.accounts.push(tally.line);
    }

    /// Adds another's sums.
    pub fn join(&mut self, other: Self) {
        add(&mut self.failed, other.failed);
        for (key, count) in other.unknown {
            *self.unknown.entry(key).or_default() += count;
        }
        for (check, count) in other.check_failures {
            *self.check_failures.entry(check).or_default() += count;
        }
        for (check, other) in other.failed_checks {
            let sum = self.failed_checks.entry(check).or_default();
            add(&mut sum.failed, other.failed);
            sum.accounts += other.accounts;
        }
        self.passed += other.passed;
        self.unknown_rows += other.unknown_rows;
        self.unasked_rows += other.unasked_rows;
        self.coverage_rows += other.coverage_rows;
        self.finding_rows += other.finding_rows;
        self.calls.add(&other.calls);
        self.accounts.extend(other.accounts);
        self.organization_gaps.extend(other.organization_gaps);
    }

    /// Accounts in a state of the scan.
    pub fn count(&self, state: ScanState) -> usize {
        self.accounts.iter().filter(|account| account.scan_state == state).count()
    }

    /// Accounts that AWS Organizations reports as active (or without a state) and that are not excluded.
    pub fn wanted(&self) -> usize {
        self.accounts.iter().filter(|account| !account.is_left_out()).count()
    }

    /// Accounts that were not or only partially scanned, by ID.
    pub fn lost(&self) -> Vec<&AccountLine> {
        let mut lost: Vec<_> = self.accounts.iter().filter(|account| account.is_lost()).collect();
        lost.sort_by_key(|account| account.id);
        lost
    }

    /// Whether everything that was wanted of accounts was read.
    pub fn has_every_account(&self) -> bool {
        self.accounts.iter().all(|account| !account.is_lost())
    }

    /// The percentage of requested accounts that were fully scanned.
    pub fn covered_percent(&self) -> f64 {
        match self.wanted() {
            0 => 100.0,
            wanted => self.count(ScanState::Scanned) as f64 * 100.0 / wanted as f64,
        }
    }

    /// The most severe FAIL.
    pub fn worst(&self) -> Option<Severity> {
        Severity::ALL
            .into_iter()
            .zip(self.failed)
            .rev()
            .find(|(_, count)| *count > 0)
            .map(|(severity, _)| severity)
    }
}
