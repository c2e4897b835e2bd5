//! How accounts are entered.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use orgsweep_model::Status;
use orgsweep_model::facts::Principal;
use orgsweep_model::records::{FindingRecord, ScanState, TableRead};
use orgsweep_simulator::{Denial, Fault, FaultKind, Options};

use super::{ADMINISTRATOR, CHEAPEST, ROSTER_CHECK, by_account, good, members, role};
use crate::support::World;

// A02
#[test]
fn the_hop_that_is_denied_is_named() {
    let twice = |world: &World| {
        let hop = role(&world.running.management_account_id(), ADMINISTRATOR);
        (hop.clone(), format!("{hop},{hop}"))
    };
    let world = World::start(good(4));
    let said = world.scan(&[CHEAPEST[0], CHEAPEST[1], "--role-chain", &twice(&world).1]);
    assert_eq!(said.code, 0, "{}", said.errors);

    let on_the_way = Fault {
        account: Some(world.running.management_account_id()),
        nth: Some(2),
        ..Fault::new(FaultKind::Denied, "sts:AssumeRole")
    };
    let world = World::start(Options { faults: vec![on_the_way], ..good(4) });
    let (hop, chain) = twice(&world);
    let said = world.scan(&[CHEAPEST[0], CHEAPEST[1], "--role-chain", &chain]);
    assert_eq!(said.code, 3, "{}", said.errors);
    assert!(said.errors.contains(&hop) && said.errors.contains("step 2 of 2"), "{}", said.errors);

    // The last one of all, into the account: that account is lost, and the role is in its reason.
    let victim = members(&world)[1].clone();
    let last = Fault { account: Some(victim.clone()), ..Fault::new(FaultKind::Denied, "sts:AssumeRole") };
    let world = World::start(Options { faults: vec![last], ..good(4) });
    let said = world.scan(&[CHEAPEST[0], CHEAPEST[1], "--role-chain", &twice(&world).1]);
    assert_eq!(said.code, 2, "{}", said.errors);
    let accounts = by_account(&world);
    let reason = accounts[&victim].reason.as_deref().unwrap();
    assert!(reason.contains(&role(&victim, "orgsweep/OrgsweepAudit")), "{reason}");
    assert_eq!(accounts.values().filter(|row| row.scan_state == ScanState::Scanned).count(), 3);
}

// A05, A08
#[test]
fn a_session_an_account_asked_for_by_the_caller_itself() {
    let world = World::start(good(12));
    assert_eq!(world.scan(&[]).code, 0);
    let sessions = world.running.sessions();
    let entered: Vec<&String> = sessions.iter().map(|session| &session.account).collect();
    assert_eq!(entered.len(), 11);
    assert_eq!(entered.iter().collect::<BTreeSet<_>>().len(), 11);
    // Not with what was given out for the account before.
    let caller = format!("arn:aws:iam::{}:user/orgsweep-hub", world.running.management_account_id());
    assert!(sessions.iter().all(|session| session.caller == caller), "{sessions:?}");
    for account in members(&world) {
        assert_eq!(world.calls_of(&account)["iam:GetAccountPasswordPolicy"], 1);
    }
}

// A07
#[test]
fn credentials_of_a_chain_are_renewed_too() {
    let world = World::start(Options {
        chain: true,
        session_seconds: Some(2),
        latency: Duration::from_millis(250),
        ..good(8)
    });
    let chain = world.running.hub_role_arn().unwrap();
    let said = world.scan(&[&CHEAPEST[..], &["--concurrency", "1", "--role-chain", &chain]].concat());
    assert_eq!(said.code, 0, "{}", said.errors);
    let on_the_way = world.running.sessions().into_iter().filter(|made| made.role.ends_with("Hub")).count();
    assert!(on_the_way > 1, "{on_the_way}");
}

// A11
#[test]
fn a_role_that_may_do_everything_is_given_a_session_that_only_reads() {
    let world = World::start(good(4));
    assert_eq!(world.scan(&["--role-name", ADMINISTRATOR]).code, 0);
    let policies = world.running.session_policies();
    assert_eq!(policies.len(), 3);
    for (account, policy) in policies {
        let policy: serde_json::Value = serde_json::from_str(&policy.unwrap()).unwrap();
        for statement in policy["Statement"].as_array().unwrap() {
            for action in statement["Action"].as_array().unwrap() {
                let action = action.as_str().unwrap();
                let reads = ["iam:Get", "iam:List", "iam:GenerateCredentialReport"];
                assert!(reads.iter().any(|read| action.starts_with(read)), "{account}: {action}");
                assert!(!action.contains('*'), "{account}: {action}");
            }
        }
    }
}

#[test]
fn an_answer_of_sts_about_something_else_opens_nothing() {
    let fault = Fault::new(FaultKind::GarbageXml, "sts:AssumeRole");
    let world = World::start(Options { faults: vec![fault], ..good(3) });
    assert_eq!(world.scan(&[&CHEAPEST[..], &["--attempts", "3"]].concat()).code, 2);
    for account in members(&world) {
        assert_eq!(by_account(&world)[&account].reason_code.as_deref(), Some("MALFORMED_ANSWER"));
        assert_eq!(world.calls_of(&account), BTreeMap::new());
    }
}

#[test]
fn renewing_a_session_is_no_attempt_of_the_call_that_needed_it() {
    // Sessions that end in two seconds are renewed before every call.
    let short = |options: Options| Options { session_seconds: Some(2), ..options };
    let denied = Denial { account: None, action: "iam:ListRoles".to_owned(), by_scp: false };
    let world = World::start(short(Options { denied: vec![denied], ..good(3) }));
    assert_eq!(world.scan(&["--check", "iam-role-max-session-duration-excessive"]).code, 2);
    let lost: Vec<TableRead> = world
        .rows::<TableRead>()
        .into_iter()
        .filter(|read| read.api.as_deref() == Some("iam:ListRoles"))
        .collect();
    assert!(lost.len() >= 3, "{lost:#?}");
    assert!(lost.iter().all(|read| read.attempts == 1), "{lost:#?}");
    assert!(world.running.sessions().len() > 4, "nothing was renewed");

    // On the way too: the second hop is renewed by the first one, which is renewed for that.
    let fault = Fault {
        account: Some(World::start(good(3)).running.management_account_id()),
        nth: Some(4),
        ..Fault::new(FaultKind::Denied, "sts:AssumeRole")
    };
    let world = World::start(short(Options { faults: vec![fault], ..good(3) }));
    let hop = role(&world.running.management_account_id(), ADMINISTRATOR);
    let chain = format!("{hop},{hop}");
    let said = world.scan(&[&CHEAPEST[..], &["--concurrency", "1", "--role-chain", &chain]].concat());
    assert_eq!((said.code, world.running.faults_struck()), (2, vec![1]), "{}", said.errors);
    let lost: Vec<TableRead> =
        world.rows::<TableRead>().into_iter().filter(|read| read.reason_code.is_some()).collect();
    assert_eq!(lost.first().map(|read| read.attempts), Some(1), "{lost:#?}");
    let at_renewal = |read: &TableRead| {
        read.account_id == lost[0].account_id && read.api.as_deref() == Some("sts:AssumeRole")
    };
    assert!(lost.iter().all(at_renewal), "{lost:#?}");
}

#[test]
fn a_session_in_another_account_is_not_used() {
    let victim = members(&World::start(good(5)))[1].clone();
    let fault =
        Fault { account: Some(victim.clone()), ..Fault::new(FaultKind::WrongAccount, "sts:AssumeRole") };
    let world = World::start(Options { faults: vec![fault], ..good(5) });
    let said = world.scan(&[]);
    assert_eq!(said.code, 2, "{}", said.errors);
    let accounts = by_account(&world);
    for (id, row) in &accounts {
        let wanted = if *id == victim { ScanState::NotScanned } else { ScanState::Scanned };
        assert_eq!(row.scan_state, wanted, "{row:?}");
    }
    assert_eq!(accounts[&victim].reason_code.as_deref(), Some("MALFORMED_ANSWER"));
    let reason = accounts[&victim].reason.as_deref().unwrap();
    let stray = world.running.sessions().into_iter().map(|session| session.account);
    let mut entered: Vec<String> = stray.collect();
    entered.sort();
    let twice = entered.windows(2).find(|pair| pair[0] == pair[1]).unwrap()[0].clone();
    assert!(reason.contains(&victim) && reason.contains(&twice), "{reason}");
    // Nothing was read with it: nowhere more than once, and of the victim nothing is known.
    assert_eq!(world.calls_of(&twice)["iam:GetAccountAuthorizationDetails"], 1);
    assert_eq!(world.calls_of(&victim), BTreeMap::new());
    let findings: Vec<FindingRecord> = world.rows();
    let inside =
        findings.iter().filter(|row| row.account_id.as_str() == victim && row.check_id != ROSTER_CHECK);
    assert!(inside.clone().count() == 23 && inside.clone().all(|row| row.status == Status::Unknown));
}

#[test]
fn a_caller_that_is_taken_for_another_account_gives_nobody_foreign_facts() {
    let faults = vec![Fault::new(FaultKind::WrongAccount, "sts:GetCallerIdentity")];
    let world = World::start(Options { faults, ..good(5) });
    let said = world.scan(&[]);
    assert_eq!(said.code, 2, "{}", said.errors);
    let accounts = by_account(&world);
    let lost: Vec<_> = accounts.values().filter(|row| row.scan_state != ScanState::Scanned).collect();
    assert_eq!(lost.len(), 1, "{lost:#?}");
    assert_eq!(lost[0].reason_code.as_deref(), Some("MALFORMED_ANSWER"));
    assert!(lost[0].reason.as_deref().unwrap().contains("the session is not in account"), "{lost:#?}");
    // No user, role or key of the caller's real account is under the other one's name.
    for row in world.rows::<FindingRecord>() {
        if row.resource_uid.split(':').nth(2) == Some("iam") {
            assert!(row.resource_uid.contains(row.account_id.as_str()), "{row:?}");
        }
    }
    let principals: Vec<Principal> = world.rows();
    assert!(principals.iter().all(|row| row.principal_arn.contains(row.account_id.as_str())));
}
