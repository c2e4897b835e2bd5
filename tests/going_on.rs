//! A scan that is stopped, killed or split ends with what a scan in one go would have found, or with nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::process::{Child, Command};
use std::time::Duration;

use orgsweep_lake::{ScanSelector, read, unfinished};
use orgsweep_model::records::{
    CoverageRecord, FindingRecord, ScanAccountRecord, ScanRecord, ScanState, ScanStatus, TableRead,
};
use orgsweep_model::{Row, Status};
use orgsweep_simulator::{Denial, Options};
use serde_json::{Value as Json, json};

use crate::support::{Said, World, is_empty_lake, options, run};

/// Slow enough to be stopped in the middle.
fn slow(accounts: usize) -> Options {
    Options { latency: Duration::from_millis(60), ..options(accounts) }
}

/// A verdict, without what only says when and by which scan it was made.
type Verdict = (String, String, String, Status, Option<String>);

fn verdicts(world: &World) -> Vec<Verdict> {
    let findings: Vec<FindingRecord> = world.rows();
    findings
        .into_iter()
        .map(|row| (row.account_id.to_string(), row.check_id, row.resource_uid, row.status, row.message))
        .collect()
}

fn coverage(world: &World) -> Vec<CoverageRecord> {
    world.rows()
}

/// What a scan of the same organization finds in one go.
fn in_one_go(options: Options) -> (Vec<Verdict>, Vec<CoverageRecord>) {
    let world = World::start(Options { latency: Duration::ZERO, ..options });
    let said = world.scan(&[]);
    assert!([0, 2].contains(&said.code), "{}", said.errors);
    (verdicts(&world), coverage(&world))
}

/// Waits until the scan has finished some accounts.
fn until_finished(child: &mut Child, accounts: usize) {
    let errors = child.stderr.as_mut().unwrap();
    let mut seen = Vec::new();
    let mut piece = [0; 256];
    while String::from_utf8_lossy(&seen).matches("\"event\":\"account\"").count() < accounts {
        let count = errors.read(&mut piece).unwrap();
        assert!(count > 0, "the scan ended first: {}", String::from_utf8_lossy(&seen));
        seen.extend_from_slice(&piece[..count]);
    }
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("bash").args(["-c", &format!("kill -{name} {}", child.id())]).status().unwrap();
    assert!(sent.success());
}

fn calls(world: &World) -> u64 {
    world.running.calls().values().sum()
}

#[test]
fn a_killed_scan_leaves_no_result_and_goes_on_to_the_same_one() {
    let world = World::start(slow(24));
    let mut child = world.command(&["--log-format", "json", "--concurrency", "3"]).spawn().unwrap();
    until_finished(&mut child, 5);
    signal(&child, "KILL");
    child.wait().unwrap();
    assert!(is_empty_lake(&world.lake()));
    let before = calls(&world);

    let said = world.scan(&["--resume"]);
    assert_eq!(said.code, 2, "{}", said.errors);
    assert!(said.errors.contains("were finished before and are kept"), "{}", said.errors);
    let (whole, whole_coverage) = in_one_go(slow(24));
    assert_eq!(verdicts(&world), whole);
    assert_eq!(coverage(&world), whole_coverage);
    assert!(!world.lake().join("staging").exists());
    // What was finished was not asked for again.
    let again = calls(&world) - before;
    let fresh = World::start(options(24));
    fresh.scan(&[]);
    assert!(again < calls(&fresh) - 20, "{again} calls to go on, {} for all", calls(&fresh));
}

#[test]
fn ctrl_c_finishes_what_is_in_flight_and_keeps_it() {
    let world = World::start(slow(24));
    let mut child = world.command(&["--log-format", "json", "--concurrency", "3"]).spawn().unwrap();
    until_finished(&mut child, 2);
    signal(&child, "INT");
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{told}");
    assert!(told.contains("--resume"), "{told}");
    assert!(is_empty_lake(&world.lake()));
    let kept = unfinished(&world.lake()).unwrap();
    assert_eq!(kept.len(), 1);
    let said = world.scan(&["--resume", &kept[0].scan_id]);
    assert_eq!(said.code, 2, "{}", said.errors);
    assert_eq!(verdicts(&world), in_one_go(slow(24)).0);
}

#[test]
fn a_stopped_scan_is_published_only_when_asked_and_never_as_the_latest() {
    let world = World::start(slow(24));
    let arguments = ["--log-format", "json", "--concurrency", "2", "--publish-partial"];
    let mut child = world.command(&arguments).spawn().unwrap();
    until_finished(&mut child, 2);
    signal(&child, "INT");
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(2), "{told}");
    let published: serde_json::Value = serde_json::from_str(told.lines().last().unwrap()).unwrap();
    assert_eq!(published["status"], "PARTIAL");
    assert!(!world.lake().join("latest.json").exists());
    let id = ScanSelector::Id(published["scan_id"].as_str().unwrap().parse().unwrap());
    let scans: Vec<ScanRecord> = read(&world.lake(), &id).unwrap();
    assert_eq!(scans[0].status, ScanStatus::Partial);
    let accounts: Vec<ScanAccountRecord> = read(&world.lake(), &id).unwrap();
    assert_eq!(accounts.len(), 24);
    let cancelled = accounts.iter().filter(|row| row.reason_code.as_deref() == Some("CANCELLED")).count();
    assert!(cancelled >= 10, "{cancelled}");
    let coverage: Vec<CoverageRecord> = read(&world.lake(), &id).unwrap();
    assert_eq!(coverage.len(), 24 * 24);
}

#[test]
fn a_deadline_is_kept_and_the_scan_goes_on_later() {
    let world = World::start(Options { latency: Duration::from_millis(150), ..options(40) });
    let said = world.scan(&["--deadline", "12s", "--concurrency", "2"]);
    assert_eq!(said.code, 2, "{}", said.errors);
    assert!(said.errors.contains("the deadline came") && said.errors.contains("--resume"), "{}", said.errors);
    assert!(is_empty_lake(&world.lake()));
    let said = world.scan(&["--resume"]);
    assert_eq!(said.code, 2, "{}", said.errors);
    assert_eq!(verdicts(&world), in_one_go(options(40)).0);
}

#[test]
fn what_cannot_go_on_says_why() {
    let world = World::start(slow(24));
    let said = world.scan(&["--resume"]);
    assert_eq!(said.code, 3);
    assert!(said.errors.contains("no unfinished scan"), "{}", said.errors);
    let mut child = world.command(&["--log-format", "json", "--concurrency", "3"]).spawn().unwrap();
    until_finished(&mut child, 2);
    signal(&child, "KILL");
    child.wait().unwrap();
    let other = world.scan(&["--resume", "--exclude-check", "iam-group-empty"]);
    assert_eq!(other.code, 3);
    assert!(other.errors.contains("other checks, settings"), "{}", other.errors);
    let wrong = world.scan(&["--resume", "01ARYZ6S41TSV4RRFFQ69G5FAV"]);
    assert!(wrong.errors.contains("no such unfinished scan"), "{}", wrong.errors);
}

/// The scans of a lake, oldest first.
fn scans(world: &World) -> Vec<ScanRecord> {
    let folder = world.lake().join("manifests/v1");
    let mut ids: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().replace(".json", ""))
        .collect();
    ids.sort();
    ids.iter().flat_map(|id| of_scan(world, id)).collect()
}

fn of_scan<R: Row>(world: &World, id: &str) -> Vec<R> {
    read(&world.lake(), &ScanSelector::Id(id.parse().unwrap())).unwrap()
}

#[test]
fn only_what_was_lost_is_scanned_again() {
    // First with roles that refuse, one that is broken, and a call that is refused everywhere but in a few accounts.
    let first = World::start(options(40));
    assert_eq!(first.scan(&[]).code, 2);
    let old: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(first.lake().join("latest.json")).unwrap()).unwrap();
    let old = old["scan_id"].as_str().unwrap().to_owned();
    let lost: BTreeSet<String> = first
        .rows::<ScanAccountRecord>()
        .into_iter()
        .filter(|row| row.scan_state != ScanState::Scanned)
        .map(|row| row.account_id.to_string())
        .collect();
    assert!(lost.len() >= 3, "{lost:?}");

    // Then everything is mended: the same organization, with good roles.
    let mended = World::start(Options { refusing: Some(0), broken: Some(0), ..options(40) });
    let said = run(&mut mended.command_into(&first.lake(), &["--retry-incomplete", &old]));
    assert_eq!(said.code, 0, "{}", said.errors);

    let asked: BTreeSet<String> = mended
        .running
        .calls()
        .keys()
        .filter(|(_, action)| action.starts_with("iam:"))
        .map(|(account, _)| account.clone())
        .collect();
    assert!(asked.is_subset(&lost), "{asked:?} were asked, {lost:?} were lost");
    let accounts: Vec<ScanAccountRecord> = first.rows();
    assert_eq!(accounts.len(), 40);
    for row in &accounts {
        let was_lost = lost.contains(row.account_id.as_str());
        let taken = row.taken_from_scan_id.as_deref() == Some(old.as_str());
        let was_partial = row.scan_state == ScanState::Scanned && was_lost && taken;
        assert!(taken != was_lost || was_partial, "{row:?}");
    }
    let newest = scans(&first).pop().unwrap();
    assert_eq!(newest.retried_scan_id.as_deref(), Some(old.as_str()));
    assert_eq!(newest.accounts_scanned, 39);

    // The result is what one scan of the mended organization finds.
    let once = World::start(Options { refusing: Some(0), broken: Some(0), ..options(40) });
    assert_eq!(once.scan(&[]).code, 0);
    assert_eq!(verdicts(&first), verdicts(&once));
    let plain = |world: &World| -> Vec<(String, String, i64, i64)> {
        let key = |row: CoverageRecord| (row.account_id.to_string(), row.check_id, row.passed, row.failed);
        coverage(world).into_iter().map(key).collect()
    };
    assert_eq!(plain(&first), plain(&once));
    let principals = |world: &World| world.rows::<orgsweep_model::facts::Principal>();
    assert_eq!(principals(&first), principals(&once));
}

#[test]
fn a_table_that_was_lost_is_read_again_with_what_it_is_looked_at_together() {
    let denied =
        |account: Option<String>| Denial { account, action: "iam:ListRoles".to_owned(), by_scp: false };
    let good = Options { refusing: Some(0), broken: Some(0), suspended: Some(0), ..options(6) };
    let first = World::start(Options { denied: vec![denied(None)], ..good.clone() });
    assert_eq!(first.scan(&[]).code, 2);
    let old = scans(&first).pop().unwrap();
    assert_eq!(old.accounts_partial, 6);
    let id: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(first.lake().join("latest.json")).unwrap()).unwrap();
    let mended = World::start(good);
    let again = ["--retry-incomplete", id["scan_id"].as_str().unwrap()];
    let said = run(&mut mended.command_into(&first.lake(), &again));
    assert_eq!(said.code, 0, "{}", said.errors);
    // Passwords and virtual devices have nothing to do with roles.
    let actions: BTreeMap<String, u64> =
        mended.running.calls().into_iter().fold(BTreeMap::new(), |mut sums, ((_, action), count)| {
            *sums.entry(action).or_default() += count;
            sums
        });
    assert_eq!(actions.get("iam:ListRoles"), Some(&6), "{actions:?}");
    assert_eq!(actions.get("iam:GetAccountPasswordPolicy"), None, "{actions:?}");
    assert_eq!(actions.get("iam:ListVirtualMFADevices"), None, "{actions:?}");
    let reads: Vec<TableRead> = first.rows();
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    for row in &reads {
        *names.entry(row.table_name.as_str()).or_default() += 1;
    }
    assert!(names.values().all(|count| *count == 6), "{names:?}");
}

#[test]
fn an_account_that_cannot_be_entered_again_keeps_what_it_had() {
    let denied = Denial { account: None, action: "iam:ListRoles".to_owned(), by_scp: false };
    let good = Options { refusing: Some(0), broken: Some(0), suspended: Some(0), ..options(6) };
    let first = World::start(Options { denied: vec![denied], ..good.clone() });
    assert_eq!(first.scan(&[]).code, 2);
    let before = verdicts(&first);
    let id: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(first.lake().join("latest.json")).unwrap()).unwrap();
    let closed = World::start(Options { refusing: Some(5), ..good });
    let again = ["--retry-incomplete", id["scan_id"].as_str().unwrap()];
    let said = run(&mut closed.command_into(&first.lake(), &again));
    assert_eq!(said.code, 2, "{}", said.errors);
    let after = verdicts(&first);
    for verdict in before.iter().filter(|verdict| verdict.3 != Status::Unknown) {
        assert!(after.contains(verdict), "{verdict:?} is gone");
    }
    let accounts: Vec<ScanAccountRecord> = first.rows();
    assert!(accounts.iter().all(|row| row.scan_state != ScanState::NotScanned), "{accounts:#?}");
    let principals: Vec<orgsweep_model::facts::Principal> = first.rows();
    let mut arns: Vec<&str> = principals.iter().map(|row| row.principal_arn.as_str()).collect();
    let count = arns.len();
    arns.dedup();
    assert_eq!(arns.len(), count, "no fact is there twice");
}

fn discover(world: &World) -> String {
    let roster = world.file("roster.json").display().to_string();
    let said = run(&mut world.other(&["discover", "--unlimited", "--roster", &roster]));
    assert_eq!(said.code, 0, "{}", said.errors);
    assert!(said.output.contains("service and resource control policies"), "{}", said.output);
    roster
}

fn in_roster(roster: &str) -> Json {
    let file: Json = serde_json::from_str(&std::fs::read_to_string(roster).unwrap()).unwrap();
    file["roster"].clone()
}

#[test]
fn the_roster_holds_the_policies_with_documents_and_targets() {
    let world = World::start(Options { hostile_names: true, ..options(30) });
    let roster = in_roster(&discover(&world));
    assert_eq!(roster["policies_gap"], Json::Null);
    let policies = roster["policies"].as_array().unwrap();
    let kinds: Vec<&str> = policies.iter().map(|policy| policy["policy_type"].as_str().unwrap()).collect();
    let count = |wanted: &str| kinds.iter().filter(|kind| **kind == wanted).count();
    assert_eq!((count("SERVICE_CONTROL_POLICY"), count("RESOURCE_CONTROL_POLICY")), (6, 2));
    let named = |name: &str| policies.iter().find(|policy| policy["name"] == name).unwrap();
    let statement = |policy: &Json| -> Json {
        let document: Json = serde_json::from_str(policy["content"].as_str().unwrap()).unwrap();
        document["Statement"][0].clone()
    };
    let unit = |name: &str| {
        let units = roster["unit_names"].as_object().unwrap();
        units.iter().find(|(_, known)| **known == name).unwrap().0.clone()
    };
    for (name, action, targets) in [
        ("deny-leaving-the-organization", json!("organizations:LeaveOrganization"), vec![unit("Root")]),
        ("deny-other-regions", Json::Null, vec![unit("Workloads")]),
        ("deny-access-keys", json!("iam:CreateAccessKey"), vec![unit("Prod")]),
        ("deny-root-user", json!("*"), vec![]),
        ("deny-roles-to-strangers", json!("sts:AssumeRole"), vec![unit("Root")]),
    ] {
        let policy = named(name);
        assert_eq!((&statement(policy)["Effect"], &statement(policy)["Action"]), (&json!("Deny"), &action));
        assert_eq!((&policy["targets"], &policy["aws_managed"]), (&json!(targets), &json!(false)), "{name}");
    }
    // AWS's own is attached everywhere: to the root, every unit and every account.
    let everywhere: BTreeSet<&str> =
        named("FullAWSAccess")["targets"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    let accounts = world.running.accounts();
    let ids = roster["unit_names"].as_object().unwrap().keys().map(String::as_str);
    assert_eq!(everywhere, ids.chain(accounts.iter().map(|account| account.id.as_str())).collect());
    assert_eq!(named("FullAWSAccess")["aws_managed"], true);
    let hostile = policies.iter().find(|policy| policy["name"].as_str().unwrap().contains('\u{1b}')).unwrap();
    assert!(hostile["content"].as_str().unwrap().contains('\0'), "{hostile}");
}

#[test]
fn a_roster_without_policies_is_written_all_the_same_and_says_why() {
    let policy = json!({"Statement": [
        {"Effect": "Allow", "Action": ["organizations:Describe*", "organizations:List*", "sts:*"], "Resource": "*"},
        {"Effect": "Deny", "Action": "organizations:ListPolicies", "Resource": "*"},
    ]});
    let world = World::start(Options { hub_policy: Some(policy.to_string()), ..options(12) });
    let path = world.file("roster.json").display().to_string();
    let said = run(&mut world.other(&["discover", "--unlimited", "--roster", &path]));
    assert_eq!(said.code, 0, "{}", said.errors);
    assert!(
        said.output.contains("policies unknown: DENIED at organizations:ListPolicies"),
        "{}",
        said.output
    );
    let roster = in_roster(&path);
    assert_eq!(roster["accounts"].as_array().unwrap().len(), 12);
    assert_eq!(roster["policies"], Json::Null);
    assert_eq!(roster["policies_gap"]["api"], "organizations:ListPolicies");
    assert_eq!(roster["policies_gap"]["code"], "AccessDeniedException");
    // Shards do not need them.
    let mut command = world.other(&["scan", "--unlimited", "--roster", &path, "--shard", "0/1", "--out"]);
    let said = run(command.arg(world.lake()));
    assert!([0, 2].contains(&said.code), "{}", said.errors);
}

fn finalize(world: &World, roster: &str, more: &[&str]) -> Said {
    let mut command = world.other(&["finalize", "--unlimited", "--roster", roster, "--out"]);
    run(command.arg(world.lake()).args(more).env_remove("AWS_ENDPOINT_URL"))
}

/// The verdicts in their words, without dates that follow the clock.
fn states(world: &World) -> Vec<(String, String, String, Status)> {
    verdicts(world)
        .into_iter()
        .map(|(account, check, uid, status, _)| (account, check, uid, status))
        .collect()
}

#[test]
fn three_shards_one_of_them_killed_are_one_scan() {
    let world = World::start(slow(30));
    let roster = discover(&world);
    assert_eq!(in_roster(&roster)["policies"].as_array().unwrap().len(), 7);
    let before = organizations_calls(&world);
    let shard = |index: usize| {
        let mut command = world.other(&["scan", "--unlimited", "--log-format", "json", "--concurrency", "3"]);
        command.args(["--roster", &roster, "--shard", &format!("{index}/3"), "--out"]).arg(world.lake());
        command
    };
    let mut children: Vec<Child> = (0..3).map(|index| shard(index).spawn().unwrap()).collect();
    until_finished(&mut children[1], 1);
    signal(&children[1], "KILL");
    children[1].wait().unwrap();
    for index in [0, 2] {
        let mut told = String::new();
        children[index].stderr.take().unwrap().read_to_string(&mut told).unwrap();
        assert!([0, 2].contains(&children[index].wait().unwrap().code().unwrap()), "{told}");
    }
    assert!(is_empty_lake(&world.lake()));

    // Not yet: accounts are missing, and they are named.
    let early = finalize(&world, &roster, &[]);
    assert_eq!(early.code, 3);
    assert!(early.errors.contains("are not finished"), "{}", early.errors);
    assert!(is_empty_lake(&world.lake()));

    // The killed one again, and a finished one again: nothing changes for the latter.
    let again = run(&mut shard(1));
    assert!([0, 2].contains(&again.code), "{}", again.errors);
    let calls_before = calls(&world);
    let twice = run(&mut shard(0));
    assert!([0, 2].contains(&twice.code), "{}", twice.errors);
    assert_eq!(calls(&world) - calls_before, 1, "only the caller's identity is asked for");
    assert_eq!(organizations_calls(&world), before, "a shard asks Organizations nothing");

    let said = finalize(&world, &roster, &[]);
    assert_eq!(said.code, 2, "{}", said.errors);
    let scan = &scans(&world)[0];
    assert_eq!((scan.shards, scan.accounts_in_scope), (Some(3), 30));
    assert_eq!(coverage(&world).len(), 30 * 24);

    // What one process finds in the same roster.
    let alone = World::start(options(30));
    let said = alone.scan(&[]);
    assert_eq!(said.code, 2, "{}", said.errors);
    let one: BTreeSet<String> = states(&alone).into_iter().map(|row| row.2).collect();
    let three: BTreeSet<String> = states(&world).into_iter().map(|row| row.2).collect();
    assert_eq!(one, three);
    // Published is published.
    let late = run(&mut shard(2));
    assert_eq!(late.code, 3);
    assert!(late.errors.contains("already in the lake"), "{}", late.errors);
}

fn organizations_calls(world: &World) -> u64 {
    world
        .running
        .calls()
        .iter()
        .filter(|((_, action), _)| action.starts_with("organizations:"))
        .map(|(_, count)| *count)
        .sum()
}

#[test]
fn missing_shards_can_be_left_out_and_are_then_lost_accounts() {
    let world = World::start(options(20));
    let roster = discover(&world);
    let mut command = world.other(&["scan", "--unlimited", "--roster", &roster, "--out"]);
    let said = run(command.arg(world.lake()).arg("--shard").arg("2").env("AWS_BATCH_JOB_ARRAY_INDEX", "0"));
    assert!([0, 2].contains(&said.code), "{}", said.errors);
    let said = finalize(&world, &roster, &["--publish-partial"]);
    assert_eq!(said.code, 2, "{}", said.errors);
    assert!(!world.lake().join("latest.json").exists());
    let scan = &scans(&world)[0];
    assert_eq!((scan.status, scan.accounts_in_scope), (ScanStatus::Partial, 20));
    assert!(scan.accounts_not_scanned >= 5, "{scan:?}");
}
