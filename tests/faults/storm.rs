//! All faults mixed at random over many accounts.

use std::collections::{BTreeMap, BTreeSet};

use orgsweep_model::Status;
use orgsweep_model::records::{CoverageOutcome, ScanState, TableReadOutcome};
use orgsweep_simulator::{Fault, FaultKind, FaultKind as Kind, Options};

use super::{ATTEMPTS, Outcome, ROLES, Verdict, coverage_adds_up, is_noted, nothing_but_doubt_is_new, scan};
use crate::support::options;

/// Every kind of fault at once, at random, and for good in these accounts: a report that is never ready, a call that is
/// always throttled.
pub fn storm(for_good: &[String]) -> Vec<Fault> {
    let share = |kind, share| Fault { share: Some(share), ..Fault::new(kind, "iam") };
    let of = |kind, action, share| Fault { share: Some(share), ..Fault::new(kind, action) };
    let (details, report) = ("iam:GetAccountAuthorizationDetails", "iam:GetCredentialReport");
    let mut faults = vec![
        Fault { page: Some(2), ..of(Kind::Denied, details, 0.03) },
        Fault { page: Some(2), ..of(Kind::Denied, ROLES, 0.05) },
        of(Kind::EntityGone, report, 0.05),
        of(Kind::EntityGone, "iam:GetPolicyVersion", 0.05),
        of(Kind::ReportNeverReady, report, 0.05),
        of(Kind::Denied, "sts:AssumeRole", 0.02),
        of(Kind::DeniedByScp, "sts:AssumeRole", 0.01),
        of(Kind::RegionDisabled, "sts:AssumeRole", 0.01),
        of(Kind::WrongAccount, "sts:AssumeRole", 0.01),
        share(Kind::Throttle, 0.03),
        share(Kind::InternalError, 0.01),
        share(Kind::Unavailable, 0.01),
        share(Kind::Reset, 0.01),
        share(Kind::Truncated, 0.005),
        share(Kind::WrongXml, 0.003),
        share(Kind::GarbageXml, 0.003),
        share(Kind::ExpiredToken, 0.003),
        share(Kind::ClockSkew, 0.003),
        share(Kind::EmptyPage, 0.02),
        share(Kind::Hang, 0.001),
        share(Kind::SlowDrip, 0.001),
        share(Kind::Denied, 0.01),
        share(Kind::DeniedByScp, 0.005),
    ];
    for account in for_good {
        for (kind, action) in [(Kind::ReportNeverReady, report), (Kind::Throttle, ROLES)] {
            faults.push(Fault { account: Some(account.clone()), ..Fault::new(kind, action) });
        }
    }
    // The roster itself has to come: what hits it is another test.
    faults.into_iter().flat_map(in_accounts).collect()
}

#[test]
fn all_faults_mixed_at_random_over_two_hundred_accounts() {
    let long = std::env::var_os("ORGSWEEP_FAULTS_LONG").is_some();
    let seeds = if long { 1..=20 } else { 1..=2 };
    let mut struck: BTreeMap<String, u64> = BTreeMap::new();
    for seed in seeds {
        // Small pages, so that every account has several.
        let made = Options { accounts: 200, seed, largest_page: Some(20), ..options(200) };
        let clean = scan(made.clone());
        coverage_adds_up(&clean);
        let whole = clean.accounts.iter().filter(|(_, record)| record.scan_state == ScanState::Scanned);
        let for_good: Vec<String> = whole.map(|(account, _)| account.clone()).step_by(70).collect();
        let faults = storm(&for_good);
        let hit = scan(Options { faults: faults.clone(), ..made });
        for (fault, count) in faults.iter().zip(&hit.struck) {
            let page = fault.page.map(|page| format!(" on page {page}")).unwrap_or_default();
            *struck.entry(format!("{:?}{page}", fault.kind)).or_default() += count;
        }
        invariants_of_storm(&hit, &clean);
        let lost = hit.scan.accounts_partial + hit.scan.accounts_not_scanned;
        assert!(
            lost > clean.scan.accounts_partial + clean.scan.accounts_not_scanned,
            "seed {seed}: nothing was hit"
        );
        assert!(hit.scan.accounts_scanned > 20, "seed {seed}: {:?}", hit.scan);
    }
    assert!(struck.values().all(|count| *count > 0), "{struck:?}");
}

/// The calls that are made in accounts; a fault at `iam` befalls each of those that its kind can.
fn in_accounts(fault: Fault) -> Vec<Fault> {
    if fault.action != "iam" {
        return vec![fault];
    }
    let actions = [
        "iam:GetAccountSummary",
        "iam:GetAccountAuthorizationDetails",
        "iam:GetAccountPasswordPolicy",
        "iam:ListVirtualMFADevices",
        "iam:ListRoles",
        "iam:GenerateCredentialReport",
        "iam:GetCredentialReport",
        "sts:AssumeRole",
    ];
    actions
        .iter()
        .filter(|action| {
            fault.kind != FaultKind::EmptyPage || action.contains("List") || action.contains("Details")
        })
        .filter(|action| fault.kind != FaultKind::EmptyPage || **action != "iam:GetAccountSummary")
        .map(|action| Fault { action: (*action).to_owned(), ..fault.clone() })
        .collect()
}

/// The planted losses of the clean run stay lost; for the rest the same has to hold as for one fault.
fn invariants_of_storm(faulty: &Outcome, clean: &Outcome) {
    coverage_adds_up(faulty);
    assert!(faulty.accounts.keys().eq(clean.accounts.keys()), "the roster");
    let scan = &faulty.scan;
    let parts = scan.accounts_scanned + scan.accounts_partial + scan.accounts_not_scanned;
    assert_eq!(parts as usize, clean.accounts.len());
    assert_eq!(faulty.said.code, 2);
    for (account, record) in &faulty.accounts {
        assert_eq!(record.scan_state != ScanState::Scanned, record.reason_code.is_some(), "{account}");
        let unhit = record.scan_state == ScanState::Scanned;
        // Without the list of users nobody can say who is missing from the report.
        // Without the summary, root's verdicts are those of the report.
        let is_lost = |table: &str| faulty.reads[account][table].outcome == TableReadOutcome::Gap;
        let is_thinner = is_noted(record) || is_lost("users") || is_lost("account_summary");
        for (check, row) in &clean.coverage[account] {
            let now = &faulty.coverage[account][check];
            let (verdicts, before) = (faulty.of_check(account, check), clean.of_check(account, check));
            if is_thinner && now.outcome != CoverageOutcome::NotRun {
                nothing_but_doubt_is_new(account, &verdicts, &before);
            } else if unhit {
                assert_eq!(verdicts, before, "{account} {check}");
            } else if now.outcome != CoverageOutcome::NotRun {
                // A table that only sharpens the evidence may be missing: the message, and nothing else, says less.
                let plain = |all: &BTreeSet<&Verdict>| -> BTreeSet<(String, Status)> {
                    all.iter().map(|verdict| (verdict.1.clone(), verdict.2)).collect()
                };
                assert_eq!(plain(&verdicts), plain(&before), "{account} {check}");
                assert_eq!((now.passed, now.failed), (row.passed, row.failed), "{account} {check}");
            } else {
                assert!(verdicts.iter().all(|verdict| verdict.2 == Status::Unknown), "{account} {check}");
            }
        }
    }
    for row in &faulty.api_calls {
        assert!(row.attempts as u64 <= row.calls as u64 * ATTEMPTS, "{row:?}");
    }
    // Every request is in the ledger; and nothing starts a storm: an account is asked for the same a few times, and a tenth
    // of faults makes no quarter of further requests.
    let (asked, before) = (faulty.asked.values().sum::<u64>(), clean.asked.values().sum::<u64>());
    let mut in_the_ledger = BTreeMap::<String, u64>::new();
    for row in &faulty.api_calls {
        *in_the_ledger.entry(format!("{}:{}", row.service, row.action)).or_default() += row.attempts as u64;
    }
    let mut by_action = BTreeMap::<&String, u64>::new();
    for ((_, action), count) in &faulty.asked {
        *by_action.entry(action).or_default() += count;
    }
    for (action, count) in by_action {
        // On a busy machine an attempt is given up before the other side has looked at it: the ledger may have more.
        assert!(in_the_ledger[action] >= count, "{action}: {count} requests, {in_the_ledger:?}");
    }
    assert!(asked * 4 <= before * 5, "{asked} requests, {before} without faults");
    for (what, count) in faulty.asked.iter().filter(|((_, action), _)| action.starts_with("iam:")) {
        // Every attempt, and once more with renewed credentials; and looks at a report, less and less often.
        let usual = clean.asked.get(what).copied().unwrap_or(1);
        let most =
            if what.1 == "iam:GetCredentialReport" { usual * ATTEMPTS + 20 } else { usual * ATTEMPTS * 2 };
        assert!(*count <= most, "{what:?}: {count} requests, {usual} without faults");
    }
}
