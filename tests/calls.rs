//! What an account costs, as the simulator counted: the same however many users it has.

use std::collections::BTreeMap;

use orgsweep_aws::CALLER_READS;
use orgsweep_model::Status;
use orgsweep_model::records::{FindingRecord, ScanAccountRecord, ScanRecord};
use orgsweep_simulator::{Denial, Options};

use crate::support::{World, options};

/// Polls of a report that is still being made are not counted.
fn without_polls(calls: &std::collections::BTreeMap<String, u64>) -> u64 {
    calls
        .iter()
        .map(|(action, count)| if action == "iam:GetCredentialReport" { 1 } else { *count })
        .sum::<u64>()
        // sts:AssumeRole is asked of the caller's account.
        + 1
}

fn good(accounts: usize) -> Options {
    Options { refusing: Some(0), broken: Some(0), suspended: Some(0), ..options(accounts) }
}

/// The last account: not the management account, whose calls include the organization's.
fn member(world: &World) -> String {
    let management = world.running.management_account_id();
    world.running.accounts().into_iter().map(|account| account.id).find(|id| *id != management).unwrap()
}

#[test]
fn the_core_takes_seven_calls() {
    let world = World::start(Options { users: Some(12), ..good(2) });
    let said = world.scan(&["--exclude-check", "iam-role-max-session-duration-excessive"]);
    assert_eq!(said.code, 0, "{}", said.errors);
    let calls = world.calls_of(&member(&world));
    assert!(without_polls(&calls) <= 7, "{calls:?}");
}

#[test]
fn everything_takes_thirteen_calls_and_users_cost_nothing() {
    let mut counts = Vec::new();
    for users in [5, 200] {
        let world = World::start(Options { users: Some(users), with_everything: true, ..good(2) });
        let said = world.scan(&["--collect", "all", "--check", "iam-user-console-mfa-missing"]);
        assert_eq!(said.code, 0, "{}", said.errors);
        let calls = world.calls_of(&member(&world));
        assert!(without_polls(&calls) <= 13, "{calls:?}");
        let findings: Vec<FindingRecord> = world.rows();
        let judged = findings.iter().filter(|row| row.account_id.as_str() == member(&world)).count();
        assert_eq!(judged, users);
        counts.push(without_polls(&calls));
    }
    assert_eq!(counts[0], counts[1]);
}

#[test]
fn more_than_a_page_of_entities_is_read_to_the_end() {
    let world = World::start(Options { users: Some(1500), ..good(2) });
    let said = world.scan(&["--check", "iam-user-without-group"]);
    assert_eq!(said.code, 0, "{}", said.errors);
    let member = member(&world);
    let findings: Vec<FindingRecord> = world.rows();
    assert_eq!(findings.iter().filter(|row| row.account_id.as_str() == member).count(), 1500);
    assert_eq!(world.calls_of(&member)["iam:GetAccountAuthorizationDetails"], 2);
}

#[test]
fn the_scan_counts_as_the_other_side_does() {
    let world = World::start(options(12));
    world.scan(&[]);
    let other_side: u64 = world.running.calls().values().sum();
    let scan = &world.rows::<ScanRecord>()[0];
    assert_eq!(scan.api_calls as u64, other_side);
    let accounts: Vec<ScanAccountRecord> = world.rows();
    let role_or_management = |row: &&ScanAccountRecord| row.role_arn.is_some();
    assert!(accounts.iter().filter(role_or_management).all(|row| row.api_calls >= 5), "{accounts:#?}");
}

fn verdicts(world: &World) -> Vec<(String, Status)> {
    world.rows::<FindingRecord>().into_iter().map(|row| (row.resource_uid, row.status)).collect()
}

/// Reads of AWS-managed policies, by account.
fn document_reads(world: &World) -> BTreeMap<String, u64> {
    let mut reads: BTreeMap<String, u64> = BTreeMap::new();
    for ((account, action), count) in world.running.calls() {
        if CALLER_READS.contains(&action.as_str()) {
            *reads.entry(account).or_default() += count;
        }
    }
    reads
}

fn refused(account: Option<&str>) -> Vec<Denial> {
    let denial = |action: &str| Denial {
        account: account.map(str::to_owned),
        action: action.to_owned(),
        by_scp: false,
    };
    CALLER_READS.map(denial).to_vec()
}

/// "An AWS managed policy has its own ARN that includes the policy name": the same documents from whichever account they are read.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html>
#[test]
fn aws_managed_documents_are_read_once_by_the_caller() {
    let world = World::start(good(12));
    assert_eq!(world.scan(&[]).code, 0);
    let management = world.running.management_account_id();
    let reads = document_reads(&world);
    assert_eq!(reads.keys().collect::<Vec<_>>(), [&management], "{reads:?}");
    assert!((2..=13).contains(&reads[&management]), "{reads:?}");

    // No member may read them: the verdicts are the same.
    let members =
        world.running.accounts().into_iter().map(|account| account.id).filter(|id| *id != management);
    let denied: Vec<Denial> = members.flat_map(|account| refused(Some(&account))).collect();
    let without = World::start(Options { denied, ..good(12) });
    let said = without.scan(&["--concurrency", "2"]);
    assert_eq!(said.code, 0, "{}", said.errors);
    assert_eq!(verdicts(&world), verdicts(&without));
    assert_eq!(document_reads(&without), reads);
}

#[test]
fn where_the_caller_is_refused_the_accounts_read_the_documents_themselves() {
    let of_members = |denied: Vec<Denial>, concurrency: &str| {
        let world = World::start(Options { denied, ..good(12) });
        let management = world.running.management_account_id();
        let said = world.scan(&["--exclude-account", &management, "--concurrency", concurrency]);
        assert_eq!(said.code, 0, "{}", said.errors);
        (management, world)
    };
    let (management, by_caller) = of_members(Vec::new(), "4");
    let (_, by_accounts) = of_members(refused(Some(&management)), "1");
    assert_eq!(verdicts(&by_caller), verdicts(&by_accounts));
    let (before, mut after) = (document_reads(&by_caller), document_reads(&by_accounts));
    // Refused once, and not asked again.
    assert_eq!(after.remove(&management), Some(1));
    // Each document is read once, by the first account that needs it.
    assert_eq!(after.values().sum::<u64>(), before[&management], "{after:?}");
}

#[test]
fn where_caller_and_account_are_refused_the_documents_are_a_gap() {
    let world = World::start(Options { denied: refused(None), ..good(12) });
    assert_eq!(world.scan(&[]).code, 2);
    let accounts: Vec<ScanAccountRecord> = world.rows();
    assert!(accounts.iter().all(|row| row.reason_code.as_deref() == Some("DENIED")), "{accounts:#?}");
    let unknown = |row: &FindingRecord| row.status == Status::Unknown;
    assert!(world.rows::<FindingRecord>().iter().any(unknown));
    // The caller is asked once; then each account for itself, once.
    assert!(document_reads(&world).values().all(|reads| *reads <= 2), "{:?}", document_reads(&world));
}

/// The last role of a chain is whoever enters the accounts, and its session is limited to what it needs.
#[test]
fn with_a_chain_its_last_role_reads_the_documents() {
    let world = World::start(Options { chain: true, ..good(4) });
    let hub = world.running.hub_role_arn().unwrap();
    // The role that the simulator makes up may not read them: the accounts do, and nothing is lost.
    let said = world.scan(&["--role-chain", &hub]);
    assert_eq!(said.code, 0, "{}", said.errors);
    let sessions = world.running.sessions();
    let of_hub: Vec<_> = sessions.iter().filter(|session| hub.ends_with(&session.role)).collect();
    assert!(!of_hub.is_empty());
    for session in of_hub {
        let policy = session.session_policy.as_deref().unwrap();
        assert!(CALLER_READS.iter().all(|action| policy.contains(action)), "{policy}");
    }
    let fewer = World::start(Options { chain: true, ..good(4) });
    let said = fewer.scan(&["--role-chain", &hub, "--check", "iam-root-mfa-missing"]);
    assert_eq!(said.code, 0, "{}", said.errors);
    for session in fewer.running.sessions().iter().filter(|session| hub.ends_with(&session.role)) {
        let policy = session.session_policy.as_deref().unwrap();
        assert!(!policy.contains("iam:"), "{policy}");
    }
}
