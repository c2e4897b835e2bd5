//! What an account costs, as the simulator counted: the same however many users it has.

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
        let mut calls = world.calls_of(&member(&world));
        // Read once a scan through whichever member came first.
        calls.remove("iam:ListPolicies");
        calls.remove("iam:GetPolicyVersion");
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

#[test]
fn aws_managed_documents_are_read_once_and_by_whoever_may() {
    let world = World::start(good(12));
    assert_eq!(world.scan(&[]).code, 0);
    let once = |world: &World, action: &str| -> u64 {
        let calls = world.running.calls();
        calls.iter().filter(|((_, known), _)| known == action).map(|(_, count)| *count).sum()
    };
    assert_eq!(once(&world, "iam:ListPolicies"), 1);
    let documents = once(&world, "iam:GetPolicyVersion");
    assert!((1..=12).contains(&documents), "{documents}");

    // All but one account refuse: that one answers for all, in whatever order they come.
    let accounts: Vec<String> = world.running.accounts().into_iter().map(|account| account.id).collect();
    let denied: Vec<Denial> = accounts[..11]
        .iter()
        .map(|account| Denial {
            account: Some(account.clone()),
            action: "iam:GetPolicyVersion".to_owned(),
            by_scp: false,
        })
        .collect();
    let failover = World::start(Options { denied, ..good(12) });
    let said = failover.scan(&["--concurrency", "2"]);
    assert_eq!(said.code, 0, "{}", said.errors);
    let verdicts = |world: &World| -> Vec<(String, Status)> {
        world.rows::<FindingRecord>().into_iter().map(|row| (row.resource_uid, row.status)).collect()
    };
    assert_eq!(verdicts(&world), verdicts(&failover));

    // All refuse: a gap, and no verdict that rests on the documents.
    let denial = Denial { account: None, action: "iam:GetPolicyVersion".to_owned(), by_scp: false };
    let lost = World::start(Options { denied: vec![denial], ..good(12) });
    assert_eq!(lost.scan(&[]).code, 2);
    let accounts: Vec<ScanAccountRecord> = lost.rows();
    assert!(accounts.iter().all(|row| row.reason_code.as_deref() == Some("DENIED")), "{accounts:#?}");
}
