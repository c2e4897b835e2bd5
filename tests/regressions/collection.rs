//! What is read in an account, and what throttling, errors and other scans do to that.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use orgsweep_lake::{Lake, ScanSelector};
use orgsweep_model::Status;
use orgsweep_model::records::{
    ApiCallRecord, Change, FindingRecord, ScanAccountRecord, ScanRecord, ScanState, TableRead,
    TableReadOutcome,
};
use orgsweep_simulator::{Denial, Fault, FaultKind, Options};

use super::{CHEAPEST, REPORT_CHECK, ROSTER_CHECK, by_account, good, members, service, verdicts};
use crate::support::{NOW, World, options, orgsweep, run};

// C02, C04, C24
#[test]
fn a_role_that_may_do_nothing_gives_no_verdict_whatever_is_tolerated() {
    let nothing = |action: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":{action},"Resource":"*"}}]}}"#
        )
    };
    for (tolerated, code) in [("100", 2), ("0", 0)] {
        let world = World::start(Options {
            member_policy: Some(nothing(r#""s3:GetObject""#)),
            hub_policy: Some(nothing(r#"["sts:AssumeRole","organizations:*"]"#)),
            ..good(6)
        });
        let said = world.scan(&["--min-coverage", tolerated]);
        assert_eq!(said.code, code, "{}", said.errors);
        assert!(said.output.contains("0 of 6 active accounts fully scanned"), "{}", said.output);
        assert!(by_account(&world).values().all(|row| row.reason_code.as_deref() == Some("DENIED")));
        let findings: Vec<FindingRecord> = world.rows();
        let inside: Vec<_> = findings.iter().filter(|row| row.check_id != ROSTER_CHECK).collect();
        assert_eq!(inside.len(), 6 * 23);
        assert!(inside.iter().all(|row| row.status == Status::Unknown), "neither PASS nor FAIL");
    }
}

// C08
#[test]
fn a_report_that_was_never_there_is_asked_for_once_and_waited_for() {
    let world = World::start(good(10));
    let said = world.scan(&REPORT_CHECK);
    assert_eq!(said.code, 0, "{}", said.errors);
    for account in members(&world) {
        let calls = world.calls_of(&account);
        assert_eq!(calls["iam:GenerateCredentialReport"], 1, "{calls:?}");
        assert!((1..=8).contains(&calls["iam:GetCredentialReport"]), "{calls:?}");
    }

    // It may not be asked for, and there is none: that is the reason, and not that it is not ready.
    let action = "iam:GenerateCredentialReport".to_owned();
    let denied = vec![Denial { account: None, action: action.clone(), by_scp: false }];
    let world = World::start(Options { denied, ..good(3) });
    assert_eq!(world.scan(&REPORT_CHECK).code, 2);
    let reads: Vec<TableRead> = world.rows();
    let lost: Vec<_> = reads.iter().filter(|read| read.outcome == TableReadOutcome::Gap).collect();
    assert_eq!(lost.len(), 3 * 3, "{lost:?}");
    for read in lost {
        assert_eq!((read.reason_code.as_deref(), read.api.as_deref()), (Some("DENIED"), Some(&*action)));
    }
}

// C09
#[test]
fn a_report_that_is_never_ready_is_looked_at_less_and_less_often() {
    let fault = Fault::new(FaultKind::ReportNeverReady, "iam:GetCredentialReport");
    let world = World::start(Options { faults: vec![fault], ..good(4) });
    let said = world.scan(&["--report-timeout", "3s"]);
    assert_eq!(said.code, 2, "{}", said.errors);
    for account in world.running.accounts() {
        let calls = world.calls_of(&account.id);
        assert_eq!(calls["iam:GenerateCredentialReport"], 1, "{calls:?}");
        // At 0, 250, 750, 1750 and 3750 ms.
        assert_eq!(calls["iam:GetCredentialReport"], 5, "{calls:?}");
    }
    let reads: Vec<TableRead> = world.rows();
    let lost: BTreeSet<&str> = reads
        .iter()
        .filter(|read| read.reason_code.as_deref() == Some("REPORT_NOT_READY"))
        .map(|read| read.table_name.as_str())
        .collect();
    // Principals are put together from users and report.
    assert_eq!(lost, BTreeSet::from(["access_keys", "credentials", "principals"]));
    let gaps = reads.iter().filter(|read| read.outcome == TableReadOutcome::Gap).count();
    assert_eq!(gaps, 4 * 3, "and nothing else");
}

// C14, C16
#[test]
fn a_rate_of_aws_is_overcome_and_below_it_nothing_is_throttled() {
    let start = || {
        let rates = BTreeMap::from([("iam".to_owned(), 4.0)]);
        World::start(Options { rates, ..good(16) })
    };
    let hasty = start();
    let said = hasty.scan(&[&CHEAPEST[..], &["--attempts", "12"]].concat());
    assert_eq!(said.code, 0, "{}", said.errors);
    let scan = &hasty.rows::<ScanRecord>()[0];
    assert!(scan.throttles > 0, "{scan:?}");
    for row in hasty.rows::<ApiCallRecord>() {
        assert!(row.attempts <= row.calls * 12, "{row:?}");
    }

    let paced = start();
    let mut command = paced.other(&["scan", "--now", NOW, "--max-rate", "4"]);
    let said = run(command.args(CHEAPEST).arg("--out").arg(paced.lake()));
    assert_eq!(said.code, 0, "{}", said.errors);
    let scan = &paced.rows::<ScanRecord>()[0];
    assert_eq!((scan.throttles, scan.accounts_scanned), (0, 16), "{scan:?}");
    assert_eq!(verdicts(&paced), verdicts(&hasty));
}

/// The first accounts are throttled for ever and have used up what the SDK grants all clients of a Region together, when
/// the last ones need one retry each.
#[test]
fn an_account_that_is_throttled_for_ever_takes_nobody_elses_retries() {
    let accounts: Vec<String> =
        World::start(good(90)).running.accounts().into_iter().map(|account| account.id).collect();
    let throttle = |account: &String| Fault {
        account: Some(account.clone()),
        ..Fault::new(FaultKind::Throttle, "iam:GetAccountPasswordPolicy")
    };
    let (for_ever, once) = accounts.split_at(80);
    let faults = for_ever
        .iter()
        .map(throttle)
        .chain(once.iter().map(|account| Fault { nth: Some(1), ..throttle(account) }))
        .collect();
    let world = World::start(Options { faults, ..good(90) });
    let said = world.scan(&[&CHEAPEST[..], &["--attempts", "3"]].concat());
    assert_eq!(said.code, 2, "{}", said.errors);
    let rows = by_account(&world);
    for account in for_ever {
        assert_eq!(rows[account].reason_code.as_deref(), Some("THROTTLED_OUT"), "{account}");
    }
    for account in once {
        assert_eq!(rows[account].scan_state, ScanState::Scanned, "{account}: {:?}", rows[account]);
    }
}

// C20
#[test]
fn two_scans_at_once_are_two_scans() {
    let world = World::start(Options { latency: Duration::from_millis(20), ..good(8) });
    let mut children = [world.command(&["--quiet"]), world.command(&["--quiet"])]
        .map(|mut command| command.spawn().unwrap());
    for child in &mut children {
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
    let mut published = Vec::new();
    for entry in std::fs::read_dir(world.lake().join("manifests/v1")).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().replace(".json", "");
        let id = ScanSelector::Id(name.parse().unwrap());
        let scan = Lake::open(&world.lake()).unwrap().scan(&id).unwrap();
        let accounts: Vec<ScanAccountRecord> = scan.rows().unwrap();
        let findings: Vec<FindingRecord> = scan.rows().unwrap();
        assert_eq!(accounts.len(), 8);
        published
            .push(findings.into_iter().map(|row| (row.resource_uid, row.check_id, row.status)).collect());
    }
    let [one, other]: [Vec<_>; 2] = published.try_into().unwrap();
    assert_eq!(one, other);
}

// C25
/// Who may not have a new report made reads the last one, and says so; how old is too old is a setting.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html>: a new one after four hours.
#[test]
fn an_old_report_is_told_and_can_be_too_old() {
    let good = Options { refusing: Some(0), broken: Some(0), suspended: Some(0), ..options(3) };
    let denied =
        vec![Denial { account: None, action: "iam:GenerateCredentialReport".to_owned(), by_scp: false }];
    let nine_days = Some(std::time::Duration::from_hours(9 * 24));
    let notes = |world: &World| -> Vec<String> {
        let rows: Vec<ScanAccountRecord> = world.rows();
        rows.into_iter().map(|row| row.notes.unwrap_or_default()).collect()
    };
    let fresh = World::start(good.clone());
    assert_eq!(fresh.scan(&[]).code, 0);
    assert!(notes(&fresh).iter().all(|notes| !notes.contains("credential report")), "{:?}", notes(&fresh));
    let old = World::start(Options { report_age: nine_days, ..good.clone() });
    assert_eq!(old.scan(&[]).code, 0);
    for notes in notes(&old) {
        assert!(notes.contains("is 216.0 h old, although AWS can generate a new one after 4 h"), "{notes}");
    }
    let refused = World::start(Options { report_age: nine_days, denied, ..good });
    let said = refused.scan(&["--report-max-age", "217h"]);
    assert_eq!(said.code, 0, "{}", said.errors);
    for notes in notes(&refused) {
        let wanted = "no new credential report was generated (DENIED at iam:GenerateCredentialReport";
        assert!(notes.contains(wanted) && notes.contains("216.0 h old"), "{notes}");
    }
    let said = refused.scan(&["--report-max-age", "24h"]);
    assert_eq!(said.code, 2, "{}", said.errors);
    let reads: Vec<TableRead> = refused.rows();
    let lost: Vec<_> = reads.iter().filter(|read| read.reason_code.is_some()).collect();
    assert_eq!(lost.iter().filter(|read| read.table_name == "credentials").count(), 3, "{lost:#?}");
    for read in lost {
        assert_eq!(read.reason_code.as_deref(), Some("REPORT_TOO_OLD"), "{read:?}");
        let message = read.error_message.as_deref().unwrap();
        assert!(message.contains("216.0 h old") && message.contains("24.0 h"), "{message}");
        assert!(message.contains("DENIED at iam:GenerateCredentialReport"), "{message}");
    }
    let findings: Vec<FindingRecord> = refused.rows();
    assert!(findings.iter().all(|row| row.change == Change::Unknown), "nothing is compared yet");
}

#[test]
fn what_a_report_says_is_as_old_as_the_report() {
    let world = World::start(good(3));
    assert_eq!(world.scan(&[]).code, 0);
    // The simulator's reports were made ten minutes before.
    let generated = "2026-05-31T23:50:00Z".parse().unwrap();
    let reads: Vec<TableRead> = world.rows();
    for read in &reads {
        let from_report = ["access_keys", "credentials", "principals"].contains(&read.table_name.as_str());
        assert_eq!(read.observed_at == generated, from_report, "{read:?}");
    }
    let findings: Vec<FindingRecord> = world.rows();
    for (check, from_report) in [(REPORT_CHECK[1], true), ("iam-group-empty", false)] {
        let own: Vec<_> = findings.iter().filter(|row| row.check_id == check).collect();
        assert!(!own.is_empty());
        assert!(own.iter().all(|row| (row.observed_at == generated) == from_report), "{own:?}");
    }
}

// C26
#[test]
fn root_has_its_verdict_in_every_account() {
    let world = World::start(good(12));
    assert_eq!(world.scan(&[]).code, 0);
    let findings: Vec<FindingRecord> = world.rows();
    for check in [
        "iam-root-access-key-present",
        "iam-root-mfa-missing",
        "iam-root-mfa-virtual",
        "iam-root-recently-used",
    ] {
        let judged: BTreeSet<_> =
            findings.iter().filter(|row| row.check_id == check).map(|row| row.account_id).collect();
        assert_eq!(judged.len(), 12, "{check}");
    }
    let without_password = findings
        .iter()
        .filter(|row| row.check_id == "iam-root-mfa-missing" && row.status == Status::NotApplicable);
    assert!(without_password.count() > 0, "no account has a root without password and key");
}

// C27
#[test]
fn a_check_costs_the_calls_that_it_declares() {
    let listed = orgsweep(&["checks", "list", "--json"]);
    let checks: Vec<serde_json::Value> = serde_json::from_str(&listed.output).unwrap();
    assert_eq!(checks.len(), 24);
    // One check of each set of actions.
    let mut by_actions: BTreeMap<BTreeSet<&str>, &str> = BTreeMap::new();
    for check in &checks {
        let actions = check["actions"].as_array().unwrap().iter();
        let actions = actions.map(|action| action.as_str().unwrap()).collect();
        by_actions.insert(actions, check["id"].as_str().unwrap());
    }
    assert!(by_actions.len() >= 7, "{by_actions:?}");
    for (declared, id) in by_actions {
        let world = World::start(good(3));
        let said = world.scan(&["--check", id]);
        assert_eq!(said.code, 0, "{id}: {}", said.errors);
        let calls = service(&world, "iam:");
        let made: BTreeSet<&str> = calls.keys().map(String::as_str).collect();
        assert!(made.is_subset(&declared), "{id}: {made:?}, declared {declared:?}");
        assert_eq!(made.is_empty(), declared.is_empty(), "{id}");
    }
}

/// Each of the SDK's own variables points its service elsewhere, and only that one.
#[test]
fn every_service_has_its_own_endpoint() {
    const NOWHERE: &str = "http://127.0.0.1:9";
    let scan = |general: bool, services: &[&str], arguments: &[&str]| {
        let world = World::start(good(3));
        let mut command = world.command(&[&CHEAPEST[..], &["--attempts", "1"], arguments].concat());
        let right = world.running.endpoint();
        let (first, other) = if general { (right.as_str(), NOWHERE) } else { (NOWHERE, right.as_str()) };
        command.env("AWS_ENDPOINT_URL", first);
        for service in services {
            command.env(format!("AWS_ENDPOINT_URL_{service}"), other);
        }
        let said = run(&mut command);
        (world, said)
    };
    let (_, said) = scan(false, &["IAM", "STS", "ORGANIZATIONS"], &[]);
    assert_eq!(said.code, 0, "{}", said.errors);
    let (world, said) = scan(true, &["IAM"], &[]);
    assert_eq!(said.code, 2, "{}", said.errors);
    assert!(by_account(&world).values().all(|row| row.reason_code.as_deref() == Some("NETWORK")));
    assert_eq!(world.running.sessions().len(), 2);
    let (_, said) = scan(true, &["ORGANIZATIONS"], &[]);
    assert_eq!(said.code, 3);
    assert!(said.errors.contains("organizations:DescribeOrganization"), "{}", said.errors);
    let (_, said) = scan(true, &["STS"], &[]);
    assert_eq!(said.code, 3);
    assert!(said.errors.contains("identifying the caller"), "{}", said.errors);
}
