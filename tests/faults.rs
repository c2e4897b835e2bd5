//! Everything that AWS does to a scan, alone and all of it mixed: whatever happens, every account has one status, no gap
//! is a pass, coverage adds up, and whoever was not hit has exactly the findings of a run without faults.
//!
//! `cargo xtask faults` runs the long form: more organizations, more accounts.

mod storm;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use orgsweep_model::Status;
use orgsweep_model::records::{
    ApiCallRecord, CheckRecord, CoverageOutcome, CoverageRecord, FindingRecord, ScanAccountRecord,
    ScanRecord, ScanState, TableRead, TableReadOutcome,
};
use orgsweep_simulator::{Denial, Fault, FaultKind, FaultKind as Kind, Options};

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
    /// Those that were enabled: all.
    checks: BTreeSet<String>,
    /// Requests by account and action, as the other side counted.
    asked: BTreeMap<(String, String), u64>,
    /// How often each fault of the script struck.
    struck: Vec<u64>,
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
        checks: world.rows::<CheckRecord>().into_iter().map(|row| row.check_id).collect(),
        asked: world.running.calls(),
        struck: world.running.faults_struck(),
    };
    for row in world.rows::<ScanAccountRecord>() {
        let twice = outcome.accounts.insert(row.account_id.to_string(), row);
        assert!(twice.is_none(), "an account has two statuses");
    }
    for row in world.rows::<FindingRecord>() {
        let verdict = (
            row.check_id.into_owned(),
            format!("{} {}", row.resource_uid, row.subject),
            row.status,
            row.message,
        );
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

/// Every account × enabled check has one row of coverage, and the row says how many verdicts there are of each kind.
fn coverage_adds_up(outcome: &Outcome) {
    assert_eq!(outcome.checks.len(), 24);
    assert_eq!(
        outcome.coverage.keys().collect::<Vec<_>>(),
        outcome.accounts.keys().collect::<Vec<_>>(),
        "coverage is about the accounts of the roster"
    );
    for (account, rows) in &outcome.coverage {
        assert!(rows.keys().eq(&outcome.checks), "{account}");
        for (check, row) in rows {
            let verdicts = outcome.of_check(account, check);
            let count = |status| verdicts.iter().filter(|verdict| verdict.2 == status).count() as i64;
            assert_eq!(
                (row.passed, row.failed, row.unknown, row.not_applicable, row.manual),
                (
                    count(Status::Pass),
                    count(Status::Fail),
                    count(Status::Unknown),
                    count(Status::NotApplicable),
                    count(Status::Manual)
                ),
                "{account} {check}"
            );
            assert_eq!(row.evaluated, row.passed + row.failed, "{account} {check}");
        }
    }
}

/// What has to hold whatever went wrong.
fn invariants(faulty: &Outcome, clean: &Outcome) {
    coverage_adds_up(faulty);
    let ids: BTreeSet<&String> = faulty.accounts.keys().collect();
    assert_eq!(ids, clean.accounts.keys().collect::<BTreeSet<_>>(), "the roster");
    let scan = &faulty.scan;
    let parts = scan.accounts_scanned + scan.accounts_partial + scan.accounts_not_scanned;
    assert_eq!(parts as usize, faulty.accounts.len());
    let lost = scan.accounts_partial + scan.accounts_not_scanned - clean.scan.accounts_not_scanned;
    let is_whole = lost == 0 && scan.organization_gaps.is_none();
    assert_eq!(faulty.said.code, if is_whole { 0 } else { 2 }, "{}", faulty.said.errors);
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
            } else if row.reason_code != clean.coverage[account][check].reason_code {
                // Less could be read, and what was decided stays.
                assert_eq!(row.outcome, CoverageOutcome::Partial, "{account} {check}");
                assert!(!lost.is_empty(), "{account} {check}");
                nothing_but_doubt_is_new(
                    account,
                    &faulty.of_check(account, check),
                    &clean.of_check(account, check),
                );
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

const ROLES: &str = "iam:ListRoles";

/// Faults that cost something: the reason, and the table that carries it.
fn lost_for_good() -> Vec<(Fault, &'static str, &'static str)> {
    let table = "role_session_limits";
    vec![
        (Fault::new(Kind::Throttle, ROLES), "THROTTLED_OUT", table),
        (Fault::new(Kind::InternalError, ROLES), "SERVICE_ERROR", table),
        (Fault::new(Kind::Unavailable, ROLES), "SERVICE_ERROR", table),
        (Fault::new(Kind::Hang, ROLES), "TIMED_OUT", table),
        // Bytes keep coming, and the whole answer does not within the time of an attempt.
        (Fault::new(Kind::SlowDrip, ROLES), "TIMED_OUT", table),
        (Fault::new(Kind::Reset, ROLES), "NETWORK", table),
        (Fault::new(Kind::Truncated, ROLES), "NETWORK", table),
        (Fault::new(Kind::WrongXml, ROLES), "MALFORMED_ANSWER", table),
        (Fault::new(Kind::GarbageXml, ROLES), "MALFORMED_ANSWER", table),
        (Fault::new(Kind::ExpiredToken, ROLES), "SERVICE_ERROR", table),
        (Fault::new(Kind::ClockSkew, ROLES), "SERVICE_ERROR", table),
        (Fault::new(Kind::Denied, ROLES), "DENIED", table),
        (Fault::new(Kind::DeniedByScp, ROLES), "DENIED_BY_SCP", table),
        (Fault::new(Kind::ReportNeverReady, "iam:GetCredentialReport"), "REPORT_NOT_READY", "credentials"),
        (Fault::new(Kind::Denied, "sts:AssumeRole"), "ROLE_MISSING_OR_UNTRUSTED", table),
        (Fault::new(Kind::DeniedByScp, "sts:AssumeRole"), "DENIED_BY_SCP", table),
        (Fault::new(Kind::Throttle, "sts:AssumeRole"), "THROTTLED_OUT", table),
        (Fault::new(Kind::Hang, "sts:AssumeRole"), "TIMED_OUT", table),
        (Fault::new(Kind::SlowDrip, "sts:AssumeRole"), "TIMED_OUT", table),
        (Fault::new(Kind::ClockSkew, "sts:AssumeRole"), "SERVICE_ERROR", table),
        (Fault::new(Kind::RegionDisabled, "sts:AssumeRole"), "REGION_DISABLED", table),
        (Fault::new(Kind::WrongAccount, "sts:AssumeRole"), "MALFORMED_ANSWER", table),
        // An unreadable gate: the call behind it is made, and only the gate's own table is lost.
        (Fault::new(Kind::Denied, "iam:GetAccountSummary"), "DENIED", "account_summary"),
    ]
}

/// Faults that cost nothing.
fn overcome() -> Vec<Fault> {
    vec![
        Fault { nth: Some(1), times: Some(2), ..Fault::new(Kind::Throttle, ROLES) },
        Fault { nth: Some(1), retry_after_ms: Some(20), ..Fault::new(Kind::Throttle, ROLES) },
        Fault { nth: Some(1), ..Fault::new(Kind::InternalError, "sts:AssumeRole") },
        Fault { nth: Some(1), ..Fault::new(Kind::Unavailable, ROLES) },
        Fault { nth: Some(1), ..Fault::new(Kind::Hang, ROLES) },
        Fault { nth: Some(1), ..Fault::new(Kind::Reset, ROLES) },
        Fault { nth: Some(1), ..Fault::new(Kind::Truncated, "iam:GetAccountAuthorizationDetails") },
        Fault { nth: Some(1), ..Fault::new(Kind::ExpiredToken, ROLES) },
        // The answer says what time it is: the next signature goes by that.
        Fault { nth: Some(1), ..Fault::new(Kind::ClockSkew, ROLES) },
        Fault { nth: Some(1), ..Fault::new(Kind::EmptyPage, ROLES) },
        Fault { nth: Some(1), ..Fault::new(Kind::EmptyPage, "iam:GetAccountAuthorizationDetails") },
        Fault { nth: Some(1), ..Fault::new(Kind::SlowDrip, "iam:GenerateCredentialReport") },
        Fault { nth: Some(1), ..Fault::new(Kind::ReportNeverReady, "iam:GetCredentialReport") },
    ]
}

#[test]
fn every_fault_alone_is_exactly_classified() {
    let clean = scan(good(4));
    coverage_adds_up(&clean);
    let lost = lost_for_good().into_iter().map(|(fault, reason, table)| (fault, Some((reason, table))));
    let cases = Mutex::new(lost.chain(overcome().into_iter().map(|fault| (fault, None))));
    // Most of the time they wait for something that does not come.
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let next = cases.lock().unwrap().next();
                    let Some((fault, wanted)) = next else { break };
                    alone(&clean, fault, wanted);
                }
            });
        }
    });
}

/// A fault kind that the simulator learns has to be tried here, alone and among all others.
#[test]
fn no_kind_of_fault_is_left_out() {
    let alone = lost_for_good().into_iter().map(|(fault, ..)| fault).chain(overcome()).chain(gone());
    let alone: Vec<Kind> = alone.map(|fault| fault.kind).collect();
    let mixed: Vec<Kind> = storm::storm(&[]).into_iter().map(|fault| fault.kind).collect();
    for kind in Kind::ALL {
        assert!(alone.contains(&kind), "{kind:?} alone");
        assert!(mixed.contains(&kind), "{kind:?} among all others");
    }
}

/// What was there when it was listed is not there when it is asked for.
fn gone() -> [Fault; 2] {
    ["iam:GetCredentialReport", "iam:GetPolicyVersion"].map(|action| Fault::new(Kind::EntityGone, action))
}

/// Whether an account says that something went away in mid-scan.
fn is_noted(record: &ScanAccountRecord) -> bool {
    let notes = record.notes.as_deref().unwrap_or_default();
    notes.contains("not in the credential report") || notes.contains("no longer provides")
}

/// Nobody passes for want of facts: every verdict is the one of the clean run, or UNKNOWN.
fn nothing_but_doubt_is_new(account: &str, verdicts: &BTreeSet<&Verdict>, before: &BTreeSet<&Verdict>) {
    for (check, uid, status, _) in verdicts {
        let same = before.iter().any(|verdict| verdict.1 == *uid && verdict.2 == *status);
        assert!(same || *status == Status::Unknown, "{account} {check} {uid} {status:?}");
    }
}

#[test]
fn an_entity_that_goes_away_in_mid_scan_is_tolerated_and_noted() {
    let clean = scan(good(4));
    let [fault, _] = gone();
    let faulty = scan(Options { faults: vec![fault], ..good(4) });
    assert_eq!(faulty.said.code, 0, "{}", faulty.said.errors);
    coverage_adds_up(&faulty);
    let noted = |record: &&ScanAccountRecord| {
        record.notes.as_deref().is_some_and(|notes| notes.contains("not in the credential report"))
    };
    assert!(faulty.accounts.values().filter(noted).count() >= 2, "{:?}", faulty.accounts);
    for (account, record) in &faulty.accounts {
        assert_eq!(record.scan_state, ScanState::Scanned, "{record:?}");
        for check in clean.coverage[account].keys() {
            nothing_but_doubt_is_new(
                account,
                &faulty.of_check(account, check),
                &clean.of_check(account, check),
            );
        }
    }
}

#[test]
fn a_document_that_aws_has_withdrawn_is_undecided_and_noted() {
    let clean = scan(good(4));
    let [_, fault] = gone();
    let faulty = scan(Options { faults: vec![fault], ..good(4) });
    assert_eq!(faulty.said.code, 0, "{}", faulty.said.errors);
    coverage_adds_up(&faulty);
    let noted = faulty
        .accounts
        .values()
        .filter(|record| record.notes.as_deref().is_some_and(|notes| notes.contains("no longer provides")));
    assert!(noted.count() >= 3, "{:?}", faulty.accounts);
    for (account, checks) in &clean.coverage {
        for check in checks.keys() {
            nothing_but_doubt_is_new(
                account,
                &faulty.of_check(account, check),
                &clean.of_check(account, check),
            );
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

/// What one account's session is refused by throttles, another's may read: only those lose it.
#[test]
fn accounts_that_are_throttled_for_ever_cost_no_other_the_documents() {
    let accounts: Vec<String> = scan(good(12)).accounts.into_keys().collect();
    for places in [&[3][..], &[0, 1, 2], &[2, 6, 9]] {
        let throttled: Vec<&String> = places.iter().map(|place| &accounts[*place]).collect();
        let of = |action| {
            throttled.iter().map(move |account| Fault {
                account: Some((*account).clone()),
                ..Fault::new(Kind::Throttle, action)
            })
        };
        let faults = of("iam:GetPolicyVersion").chain(of("iam:ListPolicies")).collect();
        let world = World::start(Options { faults, ..good(12) });
        let said = world.scan(&[&IMPATIENT[..], &["--concurrency", "4"]].concat());
        assert!([0, 2].contains(&said.code), "{}", said.errors);
        for row in world.rows::<ScanAccountRecord>() {
            let may_be_lost = throttled.contains(&&row.account_id.to_string());
            assert!(row.reason_code.is_none() || may_be_lost, "{places:?}: {row:?}");
        }
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
    let accounts = World::start(good(3)).running;
    let management = accounts.management_account_id();
    let ids = accounts.accounts().into_iter().map(|account| account.id);
    let member = ids.into_iter().find(|id| *id != management).unwrap();
    let read = "iam:GetPolicyVersion";
    // The caller may not read them, so that each account's own session does; and one of those is not taken once.
    let denied = Denial { account: Some(management), action: read.to_owned(), by_scp: false };
    let fault =
        Fault { account: Some(member.clone()), nth: Some(1), ..Fault::new(FaultKind::ExpiredToken, read) };
    let world = World::start(Options { denied: vec![denied], faults: vec![fault], ..good(3) });
    let said = world.scan(&IMPATIENT);
    // The caller's own account lacks them.
    assert_eq!(said.code, 2, "{}", said.errors);
    let accounts: Vec<ScanAccountRecord> = world.rows();
    let of_member = accounts.iter().find(|row| row.account_id.as_str() == member).unwrap();
    assert_eq!(of_member.scan_state, ScanState::Scanned, "{of_member:?}");
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
