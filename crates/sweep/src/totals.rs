//! What the screen and the exit code need to know about a scan: a few numbers per account, never its rows.

use std::collections::BTreeMap;

use orgsweep_model::records::{CoverageOutcome, ScanState};
use orgsweep_model::{AccountId, AccountState, Reason, Severity, Status};

use crate::account::AccountRows;

/// One account in a line.
#[derive(Clone, Debug)]
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
    /// FAIL rows by severity, informational first.
    pub failed: [u64; 5],
}

impl AccountLine {
    /// Whether the account is lost against the caller's will.
    pub fn is_lost(&self) -> bool {
        self.scan_state != ScanState::Scanned && !self.is_left_out()
    }

    /// Whether nobody expected the account to be scanned.
    pub fn is_left_out(&self) -> bool {
        let expected = [Reason::Excluded.as_str(), Reason::AccountNotActive.as_str()];
        self.scan_state == ScanState::NotScanned
            && self.reason_code.as_deref().is_some_and(|code| expected.contains(&code))
    }

    /// Sum of squared severity ranks over its FAIL rows: one critical outweighs many low ones.
    pub fn score(&self) -> u64 {
        Severity::ALL
            .iter()
            .zip(self.failed)
            .map(|(severity, count)| (severity.rank().pow(2) as u64) * count)
            .sum()
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
    /// Verdicts other than PASS and FAIL, in accounts that were entered.
    pub not_applicable: u64,
    /// UNKNOWN by check and reason, in accounts that nobody left out: how many accounts.
    pub unknown: BTreeMap<(String, String), u64>,
    /// Coverage rows.
    pub coverage_rows: u64,
    /// Finding rows.
    pub finding_rows: u64,
    /// Checks that failed themselves (a bug), by id: how many accounts.
    pub check_failures: BTreeMap<String, u64>,
    /// Calls made for accounts.
    pub api_calls: u64,
    /// Throttled answers in accounts.
    pub throttles: u64,
}

impl Totals {
    /// Adds one finished account.
    pub fn add(&mut self, rows: &AccountRows) {
        let mut line = AccountLine {
            id: rows.record.account_id,
            name: rows.record.account_name.clone(),
            ou_path: rows.record.ou_path.clone(),
            state: rows.record.account_status,
            scan_state: rows.record.scan_state,
            reason_code: rows.record.reason_code.clone(),
            headline: rows.headline.clone(),
            failed: [0; 5],
        };
        for finding in &rows.findings {
            match finding.status {
                Status::Fail => line.failed[(finding.severity_rank - 1) as usize] += 1,
                Status::Pass => self.passed += 1,
                Status::NotApplicable => self.not_applicable += 1,
                Status::Unknown | Status::Manual => {}
            }
        }
        for (sum, count) in self.failed.iter_mut().zip(line.failed) {
            *sum += count;
        }
        for coverage in &rows.coverage {
            if coverage.outcome != CoverageOutcome::Complete && !line.is_left_out() {
                let reason = coverage.reason_code.clone().unwrap_or_default();
                if reason == Reason::CheckFailed.as_str() {
                    *self.check_failures.entry(coverage.check_id.clone()).or_default() += 1;
                }
                *self.unknown.entry((coverage.check_id.clone(), reason)).or_default() += 1;
            }
        }
        self.coverage_rows += rows.coverage.len() as u64;
        self.finding_rows += rows.findings.len() as u64;
        self.api_calls += rows.record.api_calls as u64;
        self.throttles += rows.record.throttles as u64;
        self.accounts.push(line);
    }

    /// Accounts in a state of the scan.
    pub fn count(&self, state: ScanState) -> usize {
        self.accounts.iter().filter(|account| account.scan_state == state).count()
    }

    /// Accounts that Organizations calls active (or says nothing about) and that nobody left out.
    pub fn wanted(&self) -> usize {
        self.accounts.iter().filter(|account| !account.is_left_out()).count()
    }

    /// Accounts lost in whole or in part, by id.
    pub fn lost(&self) -> Vec<&AccountLine> {
        let mut lost: Vec<_> = self.accounts.iter().filter(|account| account.is_lost()).collect();
        lost.sort_by_key(|account| account.id);
        lost
    }

    /// Whether everything that was wanted was read and every check held.
    pub fn is_complete(&self) -> bool {
        self.lost().is_empty() && self.check_failures.is_empty()
    }

    /// The share of wanted accounts that were scanned whole, 0 to 100.
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
