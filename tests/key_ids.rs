//! The ids of flagged access keys: `--key-ids`, one call a flagged user, and nothing else that changes.

use std::collections::{BTreeMap, BTreeSet};

use orgsweep_model::facts::AccessKey;
use orgsweep_model::records::{
    ApiCallRecord, CoverageRecord, FindingRecord, ScanAccountRecord, ScanRecord, TableRead,
};
use orgsweep_model::{Severity, Status};
use orgsweep_simulator::{Denial, Options};
use serde_json::Value as Json;

use crate::support::{World, options, orgsweep, run, signal, until_finished};

const API: &str = "iam:ListAccessKeys";
/// The checks that flag keys of users; the others say nothing of a key.
const OF_KEYS: [&str; 6] = [
    "iam-user-access-key-unrotated",
    "iam-user-access-key-unused",
    "iam-user-access-key-used-beyond-sts",
    "iam-user-initial-access-key",
    "iam-user-long-term-access-key",
    "iam-user-multiple-active-access-keys",
];

fn good() -> Options {
    Options { refusing: Some(0), broken: Some(0), suspended: Some(0), users: Some(30), ..options(3) }
}

fn denied() -> Options {
    Options { denied: vec![Denial { account: None, action: API.to_owned(), by_scp: false }], ..good() }
}

fn scanned(options: Options, arguments: &[&str]) -> World {
    let world = World::start(options);
    let said = world.scan(arguments);
    assert_eq!(said.code, 0, "{}", said.errors);
    world
}

/// How often each account was asked.
fn asked(world: &World) -> Vec<u64> {
    let accounts = world.running.accounts().into_iter();
    accounts.map(|account| world.calls_of(&account.id).get(API).copied().unwrap_or(0)).collect()
}

/// Everything about a verdict but its words.
fn verdicts(world: &World) -> Vec<(Option<String>, String, String, Status, Severity)> {
    let findings = world.rows::<FindingRecord>().into_iter();
    findings
        .map(|row| {
            (
                row.finding_id,
                row.resource_uid,
                format!("{} {}", row.check_id, row.subject),
                row.status,
                row.severity,
            )
        })
        .collect()
}

fn notes(world: &World) -> Vec<String> {
    world.rows::<ScanAccountRecord>().into_iter().map(|row| row.notes.unwrap_or_default()).collect()
}

/// The findings that are about keys.
fn of_keys(world: &World) -> Vec<(FindingRecord, Json)> {
    let failed = world.rows::<FindingRecord>().into_iter();
    failed
        .filter(|row| row.status == Status::Fail && OF_KEYS.contains(&&*row.check_id))
        .map(|row| {
            let evidence = serde_json::from_str(row.evidence_json.as_deref().unwrap()).unwrap();
            (row, evidence)
        })
        .collect()
}

/// Users with a flagged key, by account.
fn flagged(world: &World) -> BTreeMap<String, BTreeSet<String>> {
    let mut flagged: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (row, _) in of_keys(world) {
        flagged.entry(row.account_id.to_string()).or_default().insert(row.resource_uid);
    }
    flagged
}

#[test]
fn a_flagged_key_is_named_and_no_verdict_changes() {
    let without = scanned(good(), &[]);
    assert_eq!(asked(&without), [0, 0, 0]);
    assert!(without.rows::<AccessKey>().iter().all(|key| key.access_key_id.is_none()));
    assert!(of_keys(&without).iter().all(|(row, _)| !row.message.as_deref().unwrap().contains("AKIA")));

    let world = scanned(good(), &["--key-ids", "100"]);
    let users = flagged(&world);
    for account in world.running.accounts() {
        assert_eq!(world.calls_of(&account.id)[API] as usize, users[&account.id].len());
    }
    assert_eq!(verdicts(&world), verdicts(&without));
    let keys: BTreeMap<(String, i32), Option<String>> = world
        .rows::<AccessKey>()
        .into_iter()
        .map(|key| ((key.user_arn, key.slot), key.access_key_id))
        .collect();
    // Ids are of flagged users, each of another key, in the order of the slots.
    let all: Vec<&String> = keys.values().flatten().collect();
    assert!(all.len() > 10 && all.iter().collect::<BTreeSet<_>>().len() == all.len(), "{keys:#?}");
    for ((user, slot), id) in &keys {
        assert_eq!(id.is_some(), users.values().any(|users| users.contains(user)), "{user} {slot}");
        if let (2, Some(second)) = (slot, id) {
            assert!(keys[&(user.clone(), 1)].as_ref().is_some_and(|first| first < second), "{user}");
        }
    }
    for (row, evidence) in of_keys(&world) {
        let of =
            |slot: &Json| keys[&(row.resource_uid.clone(), slot.as_i64().unwrap() as i32)].clone().unwrap();
        let slot =
            row.subject.strip_prefix("access-key-").map(|slot| Json::from(slot.parse::<i64>().unwrap()));
        match slot.or_else(|| evidence.get("slot").cloned()) {
            Some(slot) => {
                assert_eq!(evidence["access_key_id"], of(&slot), "{row:?}");
                assert!(row.message.as_deref().unwrap().contains(&of(&slot)), "{row:?}");
            }
            None => {
                let ids = evidence["access_key_ids"].as_array().unwrap();
                assert!(!ids.is_empty() && ids.iter().all(Json::is_string), "{row:?}");
                if let Some(slots) = evidence.get("slots") {
                    let wanted: Vec<String> = slots.as_array().unwrap().iter().map(of).collect();
                    assert_eq!(*ids, wanted, "{row:?}");
                }
            }
        }
    }
    // They are counted, as the other side does.
    let counted: i64 = world
        .rows::<ApiCallRecord>()
        .iter()
        .filter(|row| row.action == "ListAccessKeys")
        .map(|row| row.calls)
        .sum();
    assert_eq!(counted as u64, asked(&world).iter().sum::<u64>());
    let other_side: u64 = world.running.calls().values().sum();
    assert_eq!(world.rows::<ScanRecord>()[0].api_calls as u64, other_side);
}

#[test]
fn the_bound_holds_and_what_it_leaves_out_is_told() {
    let world = scanned(good(), &["--key-ids", "2"]);
    assert_eq!(asked(&world), [2, 2, 2]);
    let users = flagged(&world);
    for row in world.rows::<ScanAccountRecord>() {
        let left = users[&row.account_id.to_string()].len() - 2;
        let wanted = format!("flagged users whose access key IDs were not read: {left} (--key-ids 2)");
        assert!(row.notes.as_deref().unwrap_or_default().contains(&wanted), "{row:?}");
    }
    // The gravest come first.
    for (account, users) in users {
        let keys: Vec<AccessKey> = world.rows();
        let named: BTreeSet<&String> =
            keys.iter().filter(|key| key.access_key_id.is_some()).map(|key| &key.user_arn).collect();
        let gravest = |is_named: bool| {
            of_keys(&world)
                .into_iter()
                .filter(|(row, _)| *row.account_id.to_string() == account)
                .filter(|(row, _)| named.contains(&row.resource_uid) == is_named)
                .fold(BTreeMap::new(), |mut ranks: BTreeMap<String, i32>, (row, _)| {
                    let rank = ranks.entry(row.resource_uid).or_default();
                    *rank = (*rank).max(row.severity_rank);
                    ranks
                })
        };
        let (read, left) = (gravest(true), gravest(false));
        assert_eq!((read.len(), left.len()), (2, users.len() - 2));
        assert!(read.values().min() >= left.values().max(), "{read:?} {left:?}");
    }
}

#[test]
fn nothing_flagged_costs_nothing() {
    let world = scanned(good(), &["--key-ids", "100", "--check", "iam-user-console-*,iam-root-*"]);
    assert_eq!(asked(&world), [0, 0, 0]);
    let world = scanned(Options { users: Some(0), ..good() }, &["--key-ids", "100"]);
    assert!(asked(&world).iter().all(|calls| *calls <= 1), "{:?}", asked(&world));
}

#[test]
fn a_refusal_is_a_note_and_costs_one_call() {
    let without = scanned(good(), &[]);
    let world = scanned(denied(), &["--key-ids", "100"]);
    assert_eq!(asked(&world), [1, 1, 1]);
    assert_eq!(verdicts(&world), verdicts(&without));
    let coverage = |world: &World| -> Vec<_> {
        world.rows::<CoverageRecord>().into_iter().map(|row| (row.check_id, row.outcome)).collect()
    };
    assert_eq!(coverage(&world), coverage(&without));
    assert!(world.rows::<TableRead>().iter().all(|read| read.reason_code.is_none()));
    for notes in notes(&world) {
        let wanted = "flagged users whose access key IDs were not read: ";
        assert!(notes.contains(wanted) && notes.contains("(DENIED at iam:ListAccessKeys"), "{notes}");
    }
}

#[test]
fn keys_of_one_second_are_not_guessed() {
    let world = scanned(Options { twin_keys: true, ..good() }, &["--key-ids", "100"]);
    let keys: Vec<AccessKey> = world.rows();
    let second: BTreeSet<&String> =
        keys.iter().filter(|key| key.slot == 2).map(|key| &key.user_arn).collect();
    let with_id = keys.iter().filter(|key| key.access_key_id.is_some());
    assert!(!second.is_empty() && with_id.clone().count() > 0);
    assert!(with_id.into_iter().all(|key| !second.contains(&key.user_arn)), "{keys:#?}");
    let told = "access keys created in the same second cannot be distinguished and have no ID: ";
    assert!(notes(&world).iter().all(|notes| notes.contains(told)), "{:?}", notes(&world));
}

#[test]
fn the_right_is_asked_for_only_where_it_is_used() {
    let printed = |arguments: &[&str]| {
        let said = orgsweep(arguments);
        assert_eq!(said.code, 0, "{}", said.errors);
        said.output
    };
    for of in ["member", "session"] {
        assert!(!printed(&["policy", "--for", of]).contains(API), "{of}");
        assert!(!printed(&["policy", "--for", of, "--key-ids", "0"]).contains(API), "{of}");
        assert!(printed(&["policy", "--for", of, "--key-ids", "5"]).contains(API), "{of}");
    }
    // What is printed is enough.
    let policy = printed(&["policy", "--for", "member", "--key-ids", "5"]);
    let world = scanned(Options { member_policy: Some(policy), ..good() }, &["--key-ids", "5"]);
    assert_eq!(asked(&world), [5, 5, 5]);
    let plan = run(&mut world.command(&["--plan", "--key-ids", "5"])).output;
    assert!(plan.contains(API) && !run(&mut world.command(&["--plan"])).output.contains(API), "{plan}");
}

#[test]
fn a_check_says_what_it_could_be_told() {
    let listed = orgsweep(&["checks", "list", "--format", "json"]).output;
    let listed: Vec<Json> = serde_json::from_str(&listed).unwrap();
    let with: BTreeSet<&str> = listed
        .iter()
        .filter(|check| check["optional_actions"] == serde_json::json!([API]))
        .map(|check| check["id"].as_str().unwrap())
        .collect();
    assert_eq!(with, OF_KEYS.into());
    for (id, has_it) in [(OF_KEYS[0], true), ("iam-root-access-key-present", false)] {
        let shown = orgsweep(&["checks", "show", id]).output;
        assert_eq!(shown.contains("optional    iam:ListAccessKeys"), has_it, "{shown}");
    }
}

/// What a finding is told of a key, in order.
fn named(world: &World) -> Vec<(String, String, Json)> {
    let told = of_keys(world).into_iter();
    let mut told: Vec<_> = told
        .map(|(row, evidence)| {
            (row.finding_id.unwrap_or_default(), row.message.unwrap_or_default(), evidence)
        })
        .collect();
    told.sort_by(|left, right| left.0.cmp(&right.0));
    told
}

#[test]
fn a_scan_that_goes_on_and_one_in_shards_name_the_same_keys() {
    let wanted = named(&scanned(good(), &["--key-ids", "100"]));
    assert!(wanted.iter().any(|(_, message, _)| message.contains("AKIA")));

    let world = World::start(Options { latency: std::time::Duration::from_millis(60), ..good() });
    let arguments = ["--log-format", "json", "--concurrency", "1", "--key-ids", "100"];
    let mut child = world.command(&arguments).spawn().unwrap();
    until_finished(&mut child, 1);
    signal(&child, "KILL");
    child.wait().unwrap();
    // Without the option it would be another scan.
    let said = world.scan(&["--resume"]);
    assert_eq!(said.code, 3, "{}", said.errors);
    let said = world.scan(&["--resume", "--key-ids", "100"]);
    assert_eq!(said.code, 0, "{}", said.errors);
    assert_eq!(named(&world), wanted);

    // A roster counts ages to the moment at which it is written.
    let ids = |world: &World| -> BTreeSet<String> {
        let all = named(world).into_iter().flat_map(|(_, message, _)| {
            let words: Vec<String> =
                message.split(|part: char| !part.is_alphanumeric()).map(Into::into).collect();
            words.into_iter().filter(|word| word.starts_with("AKIA"))
        });
        all.collect()
    };
    let told_to = ["--unlimited", "--key-ids", "100", "--out"];
    let whole = World::start(good());
    let said = run(whole.other(&["scan"]).args(told_to).arg(whole.lake()));
    assert_eq!(said.code, 0, "{}", said.errors);
    let world = World::start(good());
    let roster = world.file("roster.json").display().to_string();
    let said = run(&mut world.other(&["discover", "--unlimited", "--roster", &roster]));
    assert_eq!(said.code, 0, "{}", said.errors);
    for part in [&["scan", "--shard", "0/2"][..], &["scan", "--shard", "1/2"], &["finalize"]] {
        let mut command = world.other(part);
        let said = run(command.args(["--roster", &roster]).args(told_to).arg(world.lake()));
        assert_eq!(said.code, 0, "{part:?}: {}", said.errors);
    }
    assert!(ids(&world).len() > 10);
    assert_eq!(ids(&world), ids(&whole));
}

#[test]
fn the_doctor_tells_a_role_that_may_not_and_asks_once() {
    let world = World::start(denied());
    let said = run(world.program().args(["doctor", "--key-ids", "100"]));
    assert_eq!(said.code, 0, "{}", said.errors);
    let wanted = "flagged access keys have no ID in 3 of the accounts: DENIED at iam:ListAccessKeys";
    assert_eq!(said.errors.matches(wanted).count(), 1, "{}", said.errors);
    assert_eq!(asked(&world), [1, 1, 1]);
    let right = World::start(good());
    let said = run(right.program().args(["doctor", "--key-ids", "100"]));
    assert!(said.code == 0 && !said.errors.contains("flagged"), "{}", said.errors);
    assert_eq!(asked(&right), [1, 1, 1]);
}
