//! A scan that is split over several processes: `discover`, `scan --shard`, `finalize`.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::process::{Child, Command};

use orgsweep_model::Status;
use orgsweep_model::records::ScanStatus;
use orgsweep_simulator::Options;
use serde_json::{Value as Json, json};

use crate::going_on::{asked, calls, coverage, shared_attempts, slow, verdicts};
use crate::retrying::scans;
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
    let table = &roster["facts"]["tables"][0];
    assert_eq!((&table["table"], &table["gap"]), (&json!("organization_policies"), &Json::Null));
    let places = table["rows"].as_array().unwrap();
    // A row for each place of a policy.
    let mut policies = places.clone();
    policies.dedup_by_key(|place| place["policy_id"].clone());
    let kinds: Vec<&str> = policies.iter().map(|policy| policy["policy_type"].as_str().unwrap()).collect();
    let count = |wanted: &str| kinds.iter().filter(|kind| **kind == wanted).count();
    assert_eq!((count("SERVICE_CONTROL_POLICY"), count("RESOURCE_CONTROL_POLICY")), (6, 2));
    let named = |name: &str| policies.iter().find(|policy| policy["policy_name"] == name).unwrap();
    let targets_of = |name: &str| -> BTreeSet<&str> {
        let own = places.iter().filter(|place| place["policy_name"] == name);
        own.filter_map(|place| place["target_id"].as_str()).collect()
    };
    let text_of = |policy: &Json| -> String {
        let texts = &roster["facts"]["documents"];
        texts[policy["document_sha256"].as_str().unwrap()].as_str().unwrap().to_owned()
    };
    let statement = |policy: &Json| -> Json {
        let document: Json = serde_json::from_str(&text_of(policy)).unwrap();
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
        let targets: BTreeSet<&str> = targets.iter().map(String::as_str).collect();
        assert_eq!((targets_of(name), &policy["is_aws_managed"]), (targets, &json!(false)), "{name}");
    }
    // AWS's own is attached everywhere: to the root, every unit and every account.
    let everywhere = targets_of("FullAWSAccess");
    let accounts = world.running.accounts();
    let ids = roster["unit_names"].as_object().unwrap().keys().map(String::as_str);
    assert_eq!(everywhere, ids.chain(accounts.iter().map(|account| account.id.as_str())).collect());
    assert_eq!(named("FullAWSAccess")["is_aws_managed"], true);
    let is_hostile = |policy: &&Json| policy["policy_name"].as_str().unwrap().contains('\u{1b}');
    let hostile = policies.iter().find(is_hostile).unwrap();
    assert!(text_of(hostile).contains('\0'), "{hostile}");
}

#[test]
fn a_roster_without_policies_is_written_all_the_same_and_says_why() {
    let policy = json!({"Statement": [
        {"Effect": "Allow", "Action": ["organizations:Describe*", "organizations:List*", "sts:*", "iam:*"], "Resource": "*"},
        {"Effect": "Deny", "Action": "organizations:ListPolicies", "Resource": "*"},
    ]});
    let world = World::start(Options {
        hub_policy: Some(policy.to_string()),
        refusing: Some(0),
        broken: Some(0),
        suspended: Some(0),
        ..options(12)
    });
    let path = world.file("roster.json").display().to_string();
    let said = run(&mut world.other(&["discover", "--unlimited", "--roster", &path]));
    assert_eq!(said.code, 2, "{}", said.errors);
    assert!(
        said.output.contains("policies unknown: DENIED at organizations:ListPolicies"),
        "{}",
        said.output
    );
    let roster = in_roster(&path);
    assert_eq!(roster["accounts"].as_array().unwrap().len(), 12);
    let gap = &roster["facts"]["tables"][0]["gap"];
    assert_eq!(gap["api"], "organizations:ListPolicies");
    assert_eq!(gap["code"], "AccessDeniedException");
    // Shards do not need them. What is put together from them lacks a table, however often it is asked.
    let mut command = world.other(&["scan", "--unlimited", "--roster", &path, "--shard", "0/1", "--out"]);
    let said = run(command.arg(world.lake()));
    assert_eq!(said.code, 0, "{}", said.errors);
    for time in ["first", "again"] {
        let said = finalize(&world, &path, &[]);
        assert_eq!(said.code, 2, "{time}: {}{}", said.output, said.errors);
    }
    let scan = &scans(&world)[0];
    let lost = scan.organization_gaps.as_deref().unwrap();
    assert!(lost.contains("organization_policies: DENIED at organizations:ListPolicies"), "{lost}");
}

/// `--min-coverage` is about accounts; how a scan ended is in its status. Neither changes because a scheduler asks again.
#[test]
fn a_scan_that_was_published_early_ends_alike_however_often_it_is_finalized() {
    let world =
        World::start(Options { refusing: Some(0), broken: Some(0), suspended: Some(0), ..options(12) });
    let roster = discover(&world);
    let mut command = world.other(&["scan", "--unlimited", "--roster", &roster, "--shard", "0/2", "--out"]);
    assert_eq!(run(command.arg(world.lake())).code, 0);
    for time in ["first", "again"] {
        let said = finalize(&world, &roster, &["--publish-partial", "--min-coverage", "1"]);
        assert_eq!(said.code, 2, "{time}: {}{}", said.output, said.errors);
    }
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
    let places = in_roster(&roster)["facts"]["tables"][0]["rows"].as_array().unwrap().clone();
    let policies: BTreeSet<&str> = places.iter().map(|place| place["policy_id"].as_str().unwrap()).collect();
    assert_eq!(policies.len(), 7);
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

/// AWS Batch and Kubernetes tell each of their processes which one it is.
#[test]
fn the_index_comes_from_the_batch_job() {
    let world =
        World::start(Options { refusing: Some(0), broken: Some(0), suspended: Some(0), ..options(12) });
    let roster = discover(&world);
    let by = |name: &str, index: &str| {
        let mut command = shard(&world, &roster, "2", &[]);
        run(command.env(name, index))
    };
    let none = run(&mut shard(&world, &roster, "2", &[]));
    assert_eq!(none.code, 3);
    for name in ["AWS_BATCH_JOB_ARRAY_INDEX", "JOB_COMPLETION_INDEX"] {
        assert!(none.errors.contains(name), "{}", none.errors);
        // One too many, and no number.
        for wrong in ["2", "first"] {
            let said = by(name, wrong);
            assert_eq!(said.code, 3, "{}", said.errors);
            assert!(said.errors.contains("--shard"), "{}", said.errors);
        }
    }
    let entered = |said: &Said| -> u64 {
        assert_eq!(said.code, 0, "{}", said.errors);
        world.running.sessions().len() as u64
    };
    let first = entered(&by("JOB_COMPLETION_INDEX", "0"));
    assert!((1..11).contains(&first), "{first}");
    // The same one again has nothing left to do, whichever way it is told.
    assert_eq!(entered(&by("AWS_BATCH_JOB_ARRAY_INDEX", "0")), first);
    assert_eq!(entered(&by("AWS_BATCH_JOB_ARRAY_INDEX", "1")), 11);
    assert_eq!(finalize(&world, &roster, &[]).code, 0);
    let scan = &scans(&world)[0];
    assert_eq!((scan.shards, scan.accounts_scanned), (Some(2), 12));
}

/// AWS counts the shards' calls together: each takes its share.
#[test]
fn a_shard_takes_its_share_of_the_rate() {
    let recording = tempfile::NamedTempFile::new().unwrap();
    let world = World::start(Options {
        refusing: Some(0),
        broken: Some(0),
        suspended: Some(0),
        record: Some(recording.path().to_owned()),
        ..options(24)
    });
    let roster = discover(&world);
    let shard = |shard: &str, more: &[&str]| {
        let check = ["--check", "iam-password-policy-length", "--max-rate", "8", "--concurrency", "50"];
        let mut command = world.other(&["scan", "--roster", &roster, "--shard", shard, "--out"]);
        let said = run(command.arg(world.lake()).args(check).args(more));
        assert_eq!(said.code, 0, "{}", said.errors);
        said
    };
    // Twelve seconds of the rate at which it starts, 0.4 of the ceiling.
    assert!(shard("0/1", &["--plan"]).errors.contains("using 38"));
    let recorded = |from: usize| -> Vec<Json> {
        let text = std::fs::read_to_string(recording.path()).unwrap();
        text.lines().skip(from).map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let before = recorded(0).len();
    let said = shard("0/4", &[]);
    assert!(said.errors.contains("using 9"), "{}", said.errors);
    let recorded = recorded(before);
    let at = |request: &Json| request["at_milliseconds"].as_u64().unwrap();
    let asked: Vec<u64> =
        recorded.iter().filter(|one| one["action"] == "iam:GetAccountPasswordPolicy").map(at).collect();
    assert!((4..20).contains(&asked.len()), "{asked:?}");
    // 0.8 a second, the first one at once; undivided it would be 3.2. A slow machine delays what it likes, but nothing
    // comes before its turn, and turns count from after the first call of all.
    let (took, turns) = (asked[asked.len() - 1] - at(&recorded[0]), asked.len() as u64 - 1);
    assert!(took >= turns * 1000, "{turns} turns in {took} ms");
}

/// One shard of a roster, not started yet.
fn shard(world: &World, roster: &str, shard: &str, more: &[&str]) -> Command {
    let mut command = world.other(&["scan", "--unlimited", "--roster", roster, "--shard", shard, "--out"]);
    command.arg(world.lake()).args(more);
    command
}

fn run_shards(world: &World, roster: &str, shards: &[&str], more: &[&str]) {
    for one in shards {
        let said = run(&mut shard(world, roster, one, more));
        assert!([0, 2].contains(&said.code), "{one}: {}", said.errors);
    }
}

#[test]
fn two_numbers_of_shards_are_refused_with_the_folders_to_delete() {
    let world = World::start(options(12));
    let roster = discover(&world);
    run_shards(&world, &roster, &["0/2", "0/3", "1/2"], &[]);
    // What was killed before it had begun is in nobody's way, torn as it is.
    let staging = std::fs::read_dir(world.lake().join("staging")).unwrap().next().unwrap().unwrap().path();
    let torn = staging.join("shard-0-of-5");
    std::fs::create_dir(&torn).unwrap();
    std::fs::write(torn.join("scan.json"), "{\"scan_id\": \"0").unwrap();

    let said = finalize(&world, &roster, &["--publish-partial"]);
    assert_eq!(said.code, 3, "{}", said.errors);
    let wrong = staging.join("shard-0-of-3");
    for wanted in ["shards of 2 and of 3", wrong.to_str().unwrap(), "shard-1-of-2", "Delete"] {
        assert!(said.errors.contains(wanted), "{wanted}: {}", said.errors);
    }
    assert!(!said.errors.contains("of-5"), "{}", said.errors);
    assert!(is_empty_lake(&world.lake()));

    std::fs::remove_dir_all(wrong).unwrap();
    let said = finalize(&world, &roster, &[]);
    assert!([0, 2].contains(&said.code), "{}", said.errors);
    let scan = &scans(&world)[0];
    // Three folders, and two that finished accounts.
    assert_eq!((scan.shards, scan.accounts_in_scope), (Some(2), 12));
    assert_eq!(coverage(&world).len(), 12 * 24);
    assert!(!world.lake().join("staging").exists());
}

#[test]
fn a_scan_that_is_published_is_finalized_again_without_harm() {
    let world = World::start(options(6));
    let roster = discover(&world);
    run_shards(&world, &roster, &["0/1"], &[]);
    let code = finalize(&world, &roster, &[]).code;
    assert!([0, 2].contains(&code));
    let before = std::fs::read(world.lake().join("latest.json")).unwrap();
    let again = finalize(&world, &roster, &[]);
    assert_eq!(again.code, code, "{}", again.errors);
    assert!(again.output.contains("already published (COMPLETE)"), "{}", again.output);
    let quiet = finalize(&world, &roster, &["--quiet"]);
    assert_eq!((quiet.code, quiet.output.as_str()), (code, ""));
    assert_eq!(scans(&world).len(), 1);
    assert_eq!(std::fs::read(world.lake().join("latest.json")).unwrap(), before);
    assert!(!world.lake().join("staging").exists());
}

#[test]
fn without_a_shard_there_is_nothing_to_publish_and_nothing_is_left_behind() {
    let world = World::start(options(6));
    let roster = discover(&world);
    for more in [&[][..], &["--publish-partial"]] {
        let said = finalize(&world, &roster, more);
        assert_eq!(said.code, 3, "{}", said.errors);
        assert!(said.errors.contains("no shard of scan"), "{}", said.errors);
        assert!(said.errors.contains("--shard"), "{}", said.errors);
        assert!(!world.lake().exists(), "something was left behind");
    }
}

#[test]
fn a_shard_that_was_killed_while_it_began_begins_anew() {
    let world = World::start(options(6));
    let roster = discover(&world);
    let scan_id = {
        let file: Json = serde_json::from_str(&std::fs::read_to_string(&roster).unwrap()).unwrap();
        file["scan_id"].as_str().unwrap().to_owned()
    };
    let folder = world.lake().join(format!("staging/{scan_id}/shard-0-of-1"));
    std::fs::create_dir_all(&folder).unwrap();
    for (name, text) in [("scan.json", "{\"scan_id\":"), ("journal.jsonl", "{\"account\":\"11")] {
        std::fs::write(folder.join(name), text).unwrap();
    }
    let said = finalize(&world, &roster, &["--publish-partial"]);
    assert!(said.code == 3 && said.errors.contains("no shard of scan"), "{}", said.errors);
    run_shards(&world, &roster, &["0/1"], &[]);
    // Beside finished accounts such a header is no beginning: it is damage.
    let header = std::fs::read(folder.join("scan.json")).unwrap();
    std::fs::write(folder.join("scan.json"), "{").unwrap();
    let said = finalize(&world, &roster, &[]);
    assert!(said.code == 3 && said.errors.contains("scan.json"), "{}", said.errors);
    std::fs::write(folder.join("scan.json"), header).unwrap();
    assert!([0, 2].contains(&finalize(&world, &roster, &[]).code));
    assert_eq!(coverage(&world).len(), 6 * 24);
}

#[test]
fn what_matches_nothing_in_the_whole_roster_is_known_to_every_shard() {
    let world = World::start(options(12));
    let roster = discover(&world);
    let config = world.file("orgsweep.toml").display().to_string();
    std::fs::write(
        &config,
        "exclude-account = [\"999999999999\"]\n[[override]]\nou = \"/Root/Nowhere\"\nallow-unmatched = true\n\
         role-name = [\"Audit\"]\n\
         [override.checks.iam-role-unused]\ndays = 365\n[override.checks.iam-user-console-unused]\ndays = 365\n\
         [[override]]\nou = \"/Root/Workloads\"\n[override.checks.iam-role-unused]\ndays = 30\n",
    )
    .unwrap();
    let options = ["--config", &config, "--ou", "/Root/Workloads"];
    for one in ["0/2", "1/2"] {
        let said = run(&mut shard(&world, &roster, one, &options));
        assert!([0, 2].contains(&said.code), "{}", said.errors);
        assert!(!said.errors.contains("[[override]]"), "{}", said.errors);
    }
    let said = finalize(&world, &roster, &options);
    assert!([0, 2].contains(&said.code), "{}", said.errors);
    assert!(!said.errors.contains("[[override]]"), "{}", said.errors);
    assert_eq!(said.errors.matches("--exclude-account 999999999999").count(), 1, "{}", said.errors);

    // A unit that nobody is in is a mistake, here as in one go, and the first shard says so before it asks anything.
    let world = World::start(self::options(12));
    let roster = discover(&world);
    let before = world.running.calls();
    let wrong = config.replace("orgsweep.toml", "wrong.toml");
    let text = std::fs::read_to_string(&config).unwrap().replace("allow-unmatched = true\n", "");
    std::fs::write(&wrong, text).unwrap();
    for choice in [["--ou", "/Root/Nowhere"], ["--config", &wrong]] {
        let said = run(&mut shard(&world, &roster, "0/2", &choice));
        assert_eq!(said.code, 3, "{}", said.errors);
        assert!(said.errors.contains("/Root/Nowhere"), "{}", said.errors);
        assert!(said.errors.contains("the nearest is /Root"), "{}", said.errors);
    }
    assert_eq!(world.running.calls(), before);
    assert!(!world.lake().exists());
}

#[test]
fn another_roster_under_the_same_name_is_refused_and_named() {
    let world = World::start(options(8));
    let roster = discover(&world);
    run_shards(&world, &roster, &["0/2"], &[]);
    let whole = std::fs::read_to_string(&roster).unwrap();
    let mut file: Json = serde_json::from_str(&whole).unwrap();
    file["roster"]["accounts"].as_array_mut().unwrap().pop();
    std::fs::write(&roster, file.to_string()).unwrap();
    for said in
        [run(&mut shard(&world, &roster, "0/2", &[])), finalize(&world, &roster, &["--publish-partial"])]
    {
        assert_eq!(said.code, 3, "{}", said.errors);
        assert!(said.errors.contains("roster"), "{}", said.errors);
    }
    // The same roster, written in another way, is the same.
    let file: Json = serde_json::from_str(&whole).unwrap();
    std::fs::write(&roster, file.to_string()).unwrap();
    run_shards(&world, &roster, &["0/2", "1/2"], &[]);
    assert!([0, 2].contains(&finalize(&world, &roster, &[]).code));
}

#[test]
fn what_is_in_another_shard_is_no_mistake() {
    let world = World::start(options(6));
    let roster = discover(&world);
    let account = world.running.management_account_id();
    for plan in [true, false] {
        for one in ["0/2", "1/2"] {
            let mut command = shard(&world, &roster, one, &["--account", &account]);
            let said = run(if plan { command.arg("--plan") } else { &mut command });
            assert_eq!(said.code, 0, "{one}: {}", said.errors);
        }
    }
    assert_eq!(finalize(&world, &roster, &["--account", &account]).code, 0);
}
