//! A scan that is split over several processes: `discover`, `scan --shard`, `finalize`.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::process::Child;

use orgsweep_model::Status;
use orgsweep_model::records::ScanStatus;
use orgsweep_simulator::Options;
use serde_json::{Value as Json, json};

use crate::going_on::{asked, calls, coverage, scans, shared_attempts, slow, verdicts};
use crate::support::{Said, World, is_empty_lake, options, run, signal, until_finished};

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
    // What discover, the shards and the killed one asked of AWS for no account in particular is counted.
    assert_eq!(shared_attempts(&world, "sts", "GetCallerIdentity"), 6);
    for action in ["ListAccounts", "DescribeOrganization", "ListPolicies", "DescribePolicy", "ListRoots"] {
        let said = asked(&world, &format!("organizations:{action}"));
        assert!(said > 0, "{action}");
        assert_eq!(shared_attempts(&world, "organizations", action), said, "{action}");
    }
    assert!(shared_attempts(&world, "iam", "GetPolicyVersion") > 0);

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
