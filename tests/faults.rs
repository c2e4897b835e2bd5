//! Everything that AWS does to a scan, alone and all of it mixed: whatever happens, every account has one status, no gap
//! is a pass, coverage adds up, and whoever was not hit has exactly the findings of a run without faults.
//!
//! `cargo xtask faults` runs the long form: more organizations, more accounts.

use std::collections::{BTreeMap, BTreeSet};

use orgsweep_model::Status;
use orgsweep_model::records::{
    ApiCallRecord, CoverageOutcome, CoverageRecord, FindingRecord, ScanAccountRecord, ScanRecord, ScanState,
    TableRead, TableReadOutcome,
};
use orgsweep_simulator::{Fault, FaultKind, FaultKind as Kind, Options};

use crate::support::{Said, World, options};

/// Attempts of a call in these tests, so that giving up does not take minutes.
const ATTEMPTS: u64 = 3;
const IMPATIENT: [&str; 6] = ["--attempts", "3", "--attempt-timeout", "2s", "--report-timeout", "1s"];

fn good(accounts: usize) -> Options {
    Options { refusing: Some(0), broken: Some(0), suspended: Some(0), ..options(accounts) }
}

/// A verdict with its message; when it was observed and by which scan is left out.
type Verdict = (String, String, Status, Option<String>);

/// What a scan came to, by account.
struct Outcome {
    said: Said,
    accounts: BTreeMap<String, ScanAccountRecord>,
    findings: BTreeMap<String, BTreeSet<Verdict>>,
    coverage: BTreeMap<String, BTreeMap<String, CoverageRecord>>,
    reads: BTreeMap<String, BTreeMap<String, TableRead>>,
    scan: ScanRecord,
    api_calls: Vec<ApiCallRecord>,
}

fn scan(options: Options) -> Outcome {
    let world = World::start(options);
    let said = world.scan(&IMPATIENT);
    assert!([0, 2].contains(&said.code), "{}", said.errors);
    let mut outcome = Outcome {
        said,
        accounts: BTreeMap::new(),
        findings: BTreeMap::new(),
        coverage: BTreeMap::new(),
        reads: BTreeMap::new(),
        scan: world.rows::<ScanRecord>().remove(0),
        api_calls: world.rows(),
    };
    for row in world.rows::<ScanAccountRecord>() {
        let twice = outcome.accounts.insert(row.account_id.to_string(), row);
        assert!(twice.is_none(), "an account has two statuses");
    }
    for row in world.rows::<FindingRecord>() {
        let verdict =
            (row.check_id, format!("{} {}", row.resource_uid, row.subject), row.status, row.message);
        outcome.findings.entry(row.account_id.to_string()).or_default().insert(verdict);
    }
    for row in world.rows::<CoverageRecord>() {
        let twice =
            outcome.coverage.entry(row.account_id.to_string()).or_default().insert(row.check_id.clone(), row);
        assert!(twice.is_none(), "a check has two coverage rows in an account");
    }
    for row in world.rows::<TableRead>() {
        outcome.reads.entry(row.account_id.to_string()).or_default().insert(row.table_name.clone(), row);
    }
    outcome
}

impl Outcome {
    fn of_check(&self, account: &str, check: &str) -> BTreeSet<&Verdict> {
        self.findings
            .get(account)
            .map(|all| all.iter().filter(|verdict| verdict.0 == check).collect())
            .unwrap_or_default()
    }

    fn lost(&self, account: &str) -> Vec<&TableRead> {
        self.reads[account].values().filter(|read| read.outcome == TableReadOutcome::Gap).collect()
    }
}

/// What has to hold whatever went wrong.
fn invariants(faulty: &Outcome, clean: &Outcome) {
    let ids: BTreeSet<&String> = faulty.accounts.keys().collect();
    assert_eq!(ids, clean.accounts.keys().collect::<BTreeSet<_>>(), "the roster");
    let scan = &faulty.scan;
    let parts = scan.accounts_scanned + scan.accounts_partial + scan.accounts_not_scanned;
    assert_eq!(parts as usize, faulty.accounts.len());
    let lost = scan.accounts_partial + scan.accounts_not_scanned - clean.scan.accounts_not_scanned;
    assert_eq!(faulty.said.code, if lost > 0 { 2 } else { 0 }, "{}", faulty.said.errors);
    for (account, record) in &faulty.accounts {
        assert_eq!(
            faulty.coverage[account].keys().collect::<Vec<_>>(),
            clean.coverage[account].keys().collect::<Vec<_>>(),
            "coverage of {account}"
        );
        if record.scan_state != ScanState::Scanned {
            assert!(record.reason_code.is_some(), "{account} was lost without a reason");
        }
        let lost = faulty.lost(account);
        assert!(lost.iter().all(|read| read.reason_code.is_some()), "{account}: {lost:?}");
        assert_eq!(record.scan_state == ScanState::Scanned, lost.is_empty(), "{account}");
        for (check, row) in &faulty.coverage[account] {
            if row.outcome == CoverageOutcome::NotRun && clean.coverage[account][check].outcome != row.outcome
            {
                // What could not be looked at has one row, and it is UNKNOWN.
                let verdicts = faulty.of_check(account, check);
                assert!(verdicts.iter().all(|verdict| verdict.2 == Status::Unknown), "{account} {check}");
                assert_eq!(verdicts.len(), 1, "{account} {check}");
                assert!(row.reason_code.is_some());
            } else {
                assert_eq!(
                    faulty.of_check(account, check),
                    clean.of_check(account, check),
                    "{account} {check}"
                );
            }
        }
    }
    // No storm: no call is tried more often than asked for, and a session that AWS refused is renewed once.
    for row in &faulty.api_calls {
        let most = row.calls as u64 * ATTEMPTS;
        assert!(row.attempts as u64 <= most, "{row:?}");
    }
    let most = clean.scan.api_attempts.unwrap() as u64 * (ATTEMPTS + 3);
    let attempts = scan.api_attempts.unwrap() as u64;
    assert!(attempts <= most, "{attempts} attempts, {most} at most");
}

/// One account is hit by one fault.
fn alone(clean: &Outcome, fault: Fault, wanted: Option<(&str, &str)>) {
    // Not the management account, which is entered without a role.
    let management = World::start(good(4)).running.management_account_id();
    let victim = clean.accounts.keys().find(|id| **id != management).unwrap().clone();
    let name = format!("{:?} at {}", fault.kind, fault.action);
    let fault = Fault { account: Some(victim.clone()), ..fault };
    let faulty = scan(Options { faults: vec![fault], ..good(4) });
    invariants(&faulty, clean);
    for (account, record) in &faulty.accounts {
        let hit = *account == victim && wanted.is_some();
        assert_eq!(record.scan_state != ScanState::Scanned, hit, "{name}: {account} {record:?}");
    }
    let Some((reason, lost_table)) = wanted else {
        return;
    };
    assert_eq!(faulty.accounts[&victim].reason_code.as_deref(), Some(reason), "{name}");
    let read = &faulty.reads[&victim][lost_table];
    assert_eq!(read.reason_code.as_deref(), Some(reason), "{name}: {read:?}");
    assert!(read.api.is_some() && read.attempts >= 1, "{name}: {read:?}");
}

#[test]
fn every_fault_alone_is_exactly_classified() {
    let clean = scan(good(4));
    let roles = "iam:ListRoles";
    let table = "role_session_limits";
    // Lost for good: the reason, and the table that carries it.
    for (fault, reason, lost) in [
        (Fault::new(Kind::Throttle, roles), "THROTTLED_OUT", table),
        (Fault::new(Kind::InternalError, roles), "SERVICE_ERROR", table),
        (Fault::new(Kind::Unavailable, roles), "SERVICE_ERROR", table),
        (Fault::new(Kind::Hang, roles), "TIMED_OUT", table),
        (Fault::new(Kind::Reset, roles), "NETWORK", table),
        (Fault::new(Kind::Truncated, roles), "NETWORK", table),
        (Fault::new(Kind::WrongXml, roles), "MALFORMED_ANSWER", table),
        (Fault::new(Kind::GarbageXml, roles), "MALFORMED_ANSWER", table),
        (Fault::new(Kind::ExpiredToken, roles), "SERVICE_ERROR", table),
        (Fault::new(Kind::Denied, roles), "DENIED", table),
        (Fault::new(Kind::DeniedByScp, roles), "DENIED_BY_SCP", table),
        (Fault::new(Kind::ReportNeverReady, "iam:GetCredentialReport"), "REPORT_NOT_READY", "credentials"),
        (Fault::new(Kind::Denied, "sts:AssumeRole"), "ROLE_MISSING_OR_UNTRUSTED", table),
        (Fault::new(Kind::DeniedByScp, "sts:AssumeRole"), "DENIED_BY_SCP", table),
        (Fault::new(Kind::Throttle, "sts:AssumeRole"), "THROTTLED_OUT", table),
        (Fault::new(Kind::Hang, "sts:AssumeRole"), "TIMED_OUT", table),
        (Fault::new(Kind::RegionDisabled, "sts:AssumeRole"), "REGION_DISABLED", table),
        (Fault::new(Kind::WrongAccount, "sts:AssumeRole"), "MALFORMED_ANSWER", table),
        // An unreadable gate: the call behind it is made, and only the gate's own table is lost.
        (Fault::new(Kind::Denied, "iam:GetAccountSummary"), "DENIED", "account_summary"),
    ] {
        alone(&clean, fault, Some((reason, lost)));
    }
    // Overcome: nothing is lost.
    for fault in [
        Fault { nth: Some(1), times: Some(2), ..Fault::new(Kind::Throttle, roles) },
        Fault { nth: Some(1), retry_after_ms: Some(20), ..Fault::new(Kind::Throttle, roles) },
        Fault { nth: Some(1), ..Fault::new(Kind::InternalError, "sts:AssumeRole") },
        Fault { nth: Some(1), ..Fault::new(Kind::Unavailable, roles) },
        Fault { nth: Some(1), ..Fault::new(Kind::Hang, roles) },
        Fault { nth: Some(1), ..Fault::new(Kind::Reset, roles) },
        Fault { nth: Some(1), ..Fault::new(Kind::Truncated, "iam:GetAccountAuthorizationDetails") },
        Fault { nth: Some(1), ..Fault::new(Kind::ExpiredToken, roles) },
        Fault { nth: Some(1), ..Fault::new(Kind::EmptyPage, roles) },
        Fault { nth: Some(1), ..Fault::new(Kind::EmptyPage, "iam:GetAccountAuthorizationDetails") },
        Fault { nth: Some(1), ..Fault::new(Kind::SlowDrip, "iam:GenerateCredentialReport") },
        Fault { nth: Some(1), ..Fault::new(Kind::ReportNeverReady, "iam:GetCredentialReport") },
    ] {
        alone(&clean, fault, None);
    }
}

#[test]
fn an_entity_that_goes_away_in_mid_scan_is_tolerated_and_noted() {
    let clean = scan(good(4));
    let fault = Fault::new(FaultKind::EntityGone, "iam:GetCredentialReport");
    let faulty = scan(Options { faults: vec![fault], ..good(4) });
    assert_eq!(faulty.said.code, 0, "{}", faulty.said.errors);
    let noted = |record: &&ScanAccountRecord| {
        record.notes.as_deref().is_some_and(|notes| notes.contains("not in the credential report"))
    };
    assert!(faulty.accounts.values().filter(noted).count() >= 2, "{:?}", faulty.accounts);
    for (account, record) in &faulty.accounts {
        assert_eq!(record.scan_state, ScanState::Scanned, "{record:?}");
        // Nobody passes for want of facts: every verdict is the one of the clean run, or UNKNOWN.
        for (check, uid, status, _) in &faulty.findings[account] {
            let before = clean.of_check(account, check);
            let same = before.iter().any(|verdict| verdict.1 == *uid && verdict.2 == *status);
            assert!(same || *status == Status::Unknown, "{account} {check} {uid} {status:?}");
        }
    }
}

#[test]
fn a_document_that_aws_has_withdrawn_is_undecided_and_noted() {
    let clean = scan(good(4));
    let fault = Fault::new(FaultKind::EntityGone, "iam:GetPolicyVersion");
    let faulty = scan(Options { faults: vec![fault], ..good(4) });
    assert_eq!(faulty.said.code, 0, "{}", faulty.said.errors);
    let noted = faulty
        .accounts
        .values()
        .filter(|record| record.notes.as_deref().is_some_and(|notes| notes.contains("withdrawn")));
    assert!(noted.count() >= 3, "{:?}", faulty.accounts);
    for (account, all) in &faulty.findings {
        for (check, uid, status, _) in all {
            let before = clean.of_check(account, check);
            let same = before.iter().any(|verdict| verdict.1 == *uid && verdict.2 == *status);
            assert!(same || *status == Status::Unknown, "{account} {check} {uid} {status:?}");
        }
    }
}

#[test]
fn documents_that_cannot_be_read_start_no_storm() {
    for action in ["iam:GetPolicyVersion", "iam:ListPolicies"] {
        let faults = vec![Fault::new(FaultKind::Throttle, action)];
        let world = World::start(Options { faults, ..good(16) });
        let said = world.scan(&IMPATIENT);
        assert_eq!(said.code, 2, "{}", said.errors);
        let calls = world.running.calls();
        let asked: u64 = calls.iter().filter(|((_, known), _)| known == action).map(|(_, count)| count).sum();
        // Accounts that begin before the first failure is known, each to its last attempt.
        assert!(asked <= 16 * ATTEMPTS * 2, "{action}: {asked} requests");
        for row in world.rows::<ScanAccountRecord>() {
            assert_eq!(row.reason_code.as_deref(), Some("THROTTLED_OUT"), "{row:?}");
        }
    }
}

/// What some accounts' sessions are refused by throttles, another's may read: nobody else loses it, however many they are.
#[test]
fn accounts_that_are_throttled_for_ever_cost_no_other_the_documents() {
    let throttled: Vec<String> = {
        let world = World::start(good(12));
        assert_eq!(world.scan(&IMPATIENT).code, 0);
        let rows = world.rows::<ScanAccountRecord>();
        [0, 3, 4, 7].map(|index| rows[index].account_id.to_string()).into()
    };
    let of = |action, account: &String| Fault {
        account: Some(account.clone()),
        ..Fault::new(FaultKind::Throttle, action)
    };
    let faults = ["iam:GetPolicyVersion", "iam:ListPolicies"]
        .map(|action| throttled.iter().map(move |one| of(action, one)));
    let faults = faults.into_iter().flatten().collect();
    let world = World::start(Options { faults, ..good(12) });
    let said = world.scan(&IMPATIENT);
    assert!([0, 2].contains(&said.code), "{}", said.errors);
    for row in world.rows::<ScanAccountRecord>() {
        assert!(row.reason_code.is_none() || throttled.contains(&row.account_id.to_string()), "{row:?}");
    }
}

/// A table that is read once a scan is a loss like any other: the gap says how often AWS was asked.
#[test]
fn a_lost_document_says_how_often_it_was_asked_for() {
    let fault = Fault::new(FaultKind::InternalError, "iam:GetPolicyVersion");
    let world = World::start(Options { faults: vec![fault], ..good(3) });
    assert_eq!(world.scan(&IMPATIENT).code, 2);
    let lost: Vec<TableRead> = world.rows::<TableRead>();
    let lost: Vec<_> = lost.iter().filter(|read| read.table_name == "aws_managed_policies").collect();
    assert_eq!(lost.len(), 3);
    for read in lost {
        assert!(read.attempts > 1, "{read:?}");
    }
}

#[test]
fn a_session_that_aws_no_longer_takes_is_renewed_for_the_documents_too() {
    let fault = Fault { nth: Some(1), ..Fault::new(FaultKind::ExpiredToken, "iam:GetPolicyVersion") };
    let world = World::start(Options { faults: vec![fault], ..good(3) });
    let said = world.scan(&IMPATIENT);
    assert_eq!(said.code, 0, "{}", said.errors);
}

#[test]
fn a_page_lost_in_the_middle_is_a_lost_table_and_not_a_shorter_one() {
    let many = Options { users: Some(1100), ..good(2) };
    let clean = scan(many.clone());
    let fault =
        Fault { page: Some(2), ..Fault::new(FaultKind::Denied, "iam:GetAccountAuthorizationDetails") };
    let faulty = scan(Options { faults: vec![fault], ..many });
    invariants(&faulty, &clean);
    for (account, reads) in &faulty.reads {
        assert_eq!(reads["users"].reason_code.as_deref(), Some("DENIED"), "{account}");
        assert_eq!(reads["users"].row_count, 0);
        assert_eq!(reads["credentials"].outcome, TableReadOutcome::Read);
    }
}

#[test]
fn a_listing_with_an_empty_page_is_whole_and_one_with_a_lost_page_is_none() {
    let clean = scan(options(50));
    let empty = Fault { nth: Some(2), ..Fault::new(FaultKind::EmptyPage, "organizations:ListAccounts") };
    let faulty = scan(Options { faults: vec![empty], ..options(50) });
    assert_eq!(faulty.accounts.len(), clean.accounts.len());
    for kind in [FaultKind::Denied, FaultKind::InternalError, FaultKind::WrongXml, FaultKind::GarbageXml] {
        let fault = Fault { page: Some(2), ..Fault::new(kind, "organizations:ListAccounts") };
        let world = World::start(Options { faults: vec![fault], ..options(50) });
        let said = world.scan(&IMPATIENT);
        assert_eq!(said.code, 3, "{kind:?}: {}", said.errors);
        assert!(said.errors.contains("ListAccounts"), "{kind:?}: {}", said.errors);
        assert!(crate::support::is_empty_lake(&world.lake()));
    }
}

#[test]
fn the_last_hop_of_a_chain_that_is_denied_is_a_lost_account_and_the_hop_is_named() {
    let world = World::start(Options { chain: true, ..good(5) });
    let chain = world.running.hub_role_arn().unwrap();
    let said = world.scan(&["--role-chain", &chain]);
    assert_eq!(said.code, 0, "{}", said.errors);

    let victim = world.running.accounts().last().unwrap().id.clone();
    let fault = Fault { account: Some(victim.clone()), ..Fault::new(FaultKind::Denied, "sts:AssumeRole") };
    let lost = World::start(Options { chain: true, faults: vec![fault], ..good(5) });
    let said = lost.scan(&["--role-chain", &lost.running.hub_role_arn().unwrap()]);
    assert_eq!(said.code, 2, "{}", said.errors);
    assert!(said.output.contains(&victim), "{}", said.output);

    let audit = chain.split(':').nth(4).unwrap().to_owned();
    let fault = Fault { account: Some(audit), ..Fault::new(FaultKind::Denied, "sts:AssumeRole") };
    let broken = World::start(Options { chain: true, faults: vec![fault], ..good(5) });
    let said = broken.scan(&["--role-chain", &broken.running.hub_role_arn().unwrap()]);
    assert_eq!(said.code, 3, "{}", said.errors);
    assert!(said.errors.contains(&chain) && said.errors.contains("step 1 of 1"), "{}", said.errors);
}

/// Every kind of fault at once, at random.
fn storm() -> Vec<Fault> {
    let share = |kind, share| Fault { share: Some(share), ..Fault::new(kind, "*") };
    vec![
        share(Kind::Throttle, 0.03),
        share(Kind::InternalError, 0.01),
        share(Kind::Unavailable, 0.01),
        share(Kind::Reset, 0.01),
        share(Kind::Truncated, 0.005),
        share(Kind::WrongXml, 0.003),
        share(Kind::GarbageXml, 0.003),
        share(Kind::ExpiredToken, 0.003),
        share(Kind::EmptyPage, 0.02),
        share(Kind::Hang, 0.001),
        share(Kind::SlowDrip, 0.001),
        Fault { share: Some(0.01), ..Fault::new(Kind::Denied, "iam:*") },
        Fault { share: Some(0.02), ..Fault::new(Kind::Denied, "sts:AssumeRole") },
        Fault { share: Some(0.01), ..Fault::new(Kind::WrongAccount, "sts:AssumeRole") },
    ]
}

#[test]
fn all_faults_mixed_at_random_over_two_hundred_accounts() {
    let long = std::env::var_os("ORGSWEEP_FAULTS_LONG").is_some();
    let seeds = if long { 1..=20 } else { 1..=2 };
    for seed in seeds {
        let made = Options { accounts: 200, seed, ..options(200) };
        let clean = scan(made.clone());
        // The roster itself has to come: what hits it is another test.
        let mut faults = storm();
        for fault in &mut faults {
            if fault.action == "*" || fault.action == "iam:*" {
                fault.action = "iam".to_owned();
            }
        }
        let faults = faults.into_iter().flat_map(in_accounts).collect();
        let hit = scan(Options { faults, ..made });
        invariants_of_storm(&hit, &clean);
        let lost = hit.scan.accounts_partial + hit.scan.accounts_not_scanned;
        assert!(
            lost > clean.scan.accounts_partial + clean.scan.accounts_not_scanned,
            "seed {seed}: nothing was hit"
        );
        assert!(hit.scan.accounts_scanned > 20, "seed {seed}: {:?}", hit.scan);
    }
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
    let scan = &faulty.scan;
    let parts = scan.accounts_scanned + scan.accounts_partial + scan.accounts_not_scanned;
    assert_eq!(parts as usize, clean.accounts.len());
    assert_eq!(faulty.said.code, 2);
    for (account, record) in &faulty.accounts {
        assert_eq!(record.scan_state != ScanState::Scanned, record.reason_code.is_some(), "{account}");
        let unhit = record.scan_state == ScanState::Scanned;
        for (check, row) in &clean.coverage[account] {
            let now = &faulty.coverage[account][check];
            let (verdicts, before) = (faulty.of_check(account, check), clean.of_check(account, check));
            if unhit {
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
}
