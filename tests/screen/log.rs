//! `--log-format json`: every line that the program writes is one that the printed schema describes.

use std::collections::{BTreeMap, BTreeSet};

use orgsweep_simulator::Options;
use serde_json::Value as Json;

use super::json_schema::validate;
use crate::support::{Said, World, options, orgsweep, run, signal, until_finished};

fn schema() -> Json {
    let said = orgsweep(&["log-schema"]);
    assert_eq!((said.code, said.errors.as_str()), (0, ""));
    serde_json::from_str(&said.output).unwrap()
}

/// The events of a log, each of which fits the schema and is of that scan, if it has a name.
fn events(said: &str) -> Vec<Json> {
    let schema = schema();
    said.lines()
        .map(|line| {
            let event: Json = serde_json::from_str(line).unwrap();
            if let Err(why) = validate(&event, &schema, &schema) {
                panic!("{why}\n{line}");
            }
            event
        })
        .collect()
}

fn of<'a>(events: &'a [Json], name: &str) -> Vec<&'a Json> {
    events.iter().filter(|event| event["event"] == name).collect()
}

fn logged(world: &World, arguments: &[&str]) -> (Said, Vec<Json>) {
    let said = world.scan(&[&["--log-format", "json"], arguments].concat());
    let events = events(&said.errors);
    (said, events)
}

#[test]
fn a_scan_with_losses_says_each_thing_once_and_counts_by_name() {
    let world = World::start(options(30));
    let (said, events) = logged(&world, &[]);
    assert_eq!((said.code, said.output.as_str()), (2, ""));
    for (name, times) in [("scan_started", 1), ("listed", 1), ("account", 30), ("published", 1)] {
        assert_eq!(of(&events, name).len(), times, "{name}");
    }
    let scan_id = events.last().unwrap()["scan_id"].clone();
    assert!(scan_id.is_string() && events.iter().all(|event| event["scan_id"] == scan_id));
    let warned: BTreeSet<&str> = of(&events, "account")
        .into_iter()
        .filter(|event| event["level"] == "warning")
        .map(|event| event["scan_state"].as_str().unwrap())
        .collect();
    assert_eq!(warned, BTreeSet::from(["NOT_SCANNED", "PARTIAL"]));
    let published = of(&events, "published")[0];
    assert_eq!(published["accounts"]["listed"], 30);
    let counts = |name: &str| published["accounts"][name].as_u64().unwrap();
    assert_eq!(counts("scanned") + counts("partial") + counts("not_scanned") + counts("left_out"), 30);
    let sum: u64 = of(&events, "account").iter().map(|event| event["failed"]["high"].as_u64().unwrap()).sum();
    assert_eq!(published["failed"]["high"], sum);
    assert_eq!((&published["exit_code"], &published["level"]), (&Json::from(2), &Json::from("warning")));
}

#[test]
fn a_stopped_scan_one_that_goes_on_and_one_that_retries_fit_the_schema() {
    let slow = Options { latency: std::time::Duration::from_millis(40), ..options(24) };
    let world = World::start(slow);
    let mut child = world.command(&["--log-format", "json", "--concurrency", "3"]).spawn().unwrap();
    until_finished(&mut child, 4);
    signal(&child, "INT");
    let rest = child.wait_with_output().unwrap();
    assert_eq!(rest.status.code(), Some(130));
    // The first line may have lost its beginning to whoever waited.
    let told = String::from_utf8(rest.stderr).unwrap();
    let whole = told.split_once('\n').map_or("", |(_, whole)| whole);
    let stopped = events(whole);
    assert_eq!((of(&stopped, "stopping").len(), of(&stopped, "interrupted").len()), (1, 1), "{whole}");
    assert_eq!(of(&stopped, "interrupted")[0]["exit_code"], 130);

    let (_, resumed) = logged(&world, &["--resume"]);
    let started = of(&resumed, "scan_started")[0];
    assert!(started["accounts_resumed"].as_u64().unwrap() >= 4, "{started}");
    // Only those that are left are to be scanned, and only those are told.
    let to_scan = of(&resumed, "listed")[0]["accounts_to_scan"].as_u64().unwrap();
    assert!(to_scan < 21, "{to_scan}");

    let id = resumed.last().unwrap()["scan_id"].as_str().unwrap().to_owned();
    let (_, retried) = logged(&world, &["--retry-incomplete", &id]);
    assert_eq!(of(&retried, "scan_started")[0]["retried_scan_id"], id.as_str());
}

#[test]
fn mistakes_warnings_shards_and_deadlines_fit_the_schema() {
    let world = World::start(options(12));
    let (said, failed) = logged(&world, &["--ou", "/Root/Nowhere"]);
    assert_eq!(said.code, 3);
    assert_eq!((of(&failed, "error").len(), &failed.last().unwrap()["level"]), (1, &Json::from("error")));

    let (_, warned) =
        logged(&world, &["--exclude-ou", "/Root/Nowhere", "--max-rate", "10", "--concurrency", "500"]);
    assert_eq!(of(&warned, "filter_matches_nothing").len(), 1);

    let roster = world.file("roster.json").display().to_string();
    assert_eq!(run(&mut world.other(&["discover", "--unlimited", "--roster", &roster])).code, 0);
    let lake = world.file("shards").display().to_string();
    for command in [
        &["scan", "--shard", "0/1"][..],
        &["finalize"],
        // Once more: nothing is done.
        &["finalize"],
    ] {
        let said = run(world.other(command).args([
            "--unlimited",
            "--log-format",
            "json",
            "--roster",
            &roster,
            "--out",
            &lake,
        ]));
        let told = events(&said.errors);
        let last = told.last().unwrap();
        assert!(
            ["shard_finished", "published", "already_published"].contains(&last["event"].as_str().unwrap()),
            "{}",
            said.errors
        );
    }

    let slow = World::start(Options { latency: std::time::Duration::from_millis(300), ..options(30) });
    let (said, at_deadline) = logged(&slow, &["--deadline", "4s", "--concurrency", "2"]);
    assert_eq!(said.code, 2);
    assert_eq!(of(&at_deadline, "deadline_reached").len(), 1, "{}", said.errors);
}

#[test]
fn usage_errors_are_objects_for_programs() {
    for wrong in [&["scan", "--account", "12"][..], &["scan", "--nosuch"], &["scan", "--log-format"]] {
        let said = orgsweep(&[&wrong[..1], &["--log-format", "json"], &wrong[1..]].concat());
        let events = events(&said.errors);
        assert_eq!((said.code, said.output.as_str(), events.len()), (3, "", 1), "{}", said.errors);
        assert_eq!((&events[0]["event"], &events[0]["level"]), (&"error".into(), &"error".into()));
        assert_eq!(events[0]["exit_code"], 3);
        assert!(events[0]["message"].as_str().unwrap().contains(wrong[1]), "{}", said.errors);
    }
    // Help is no error.
    let help = orgsweep(&["scan", "--log-format=json", "--help"]);
    assert!(help.code == 0 && help.output.contains("Usage:"), "{}", help.errors);
}

#[test]
fn quiet_leaves_warnings_and_errors_as_objects() {
    let world = World::start(options(6));
    let (said, told) = logged(&world, &["--quiet", "--exclude-ou", "/Root/Nowhere"]);
    let names: BTreeMap<&str, usize> = told.iter().fold(BTreeMap::new(), |mut counts, event| {
        *counts.entry(event["event"].as_str().unwrap()).or_default() += 1;
        counts
    });
    assert_eq!(names.get("filter_matches_nothing"), Some(&1), "{}", said.errors);
    assert!(told.iter().all(|event| event["level"] != "info"), "{}", said.errors);
}

#[test]
fn the_validator_of_these_tests_can_say_no() {
    let schema = schema();
    let good = serde_json::json!({
        "time": "2026-11-30T00:00:00Z", "level": "info", "scan_id": null, "event": "listed",
        "accounts": 3, "accounts_to_scan": 2, "schema_version": 1,
    });
    assert_eq!(validate(&good, &schema, &schema), Ok(()));
    for (member, value) in [
        ("time", Json::from("2026-11-30")),
        ("level", Json::from("warning")),
        ("scan_id", Json::from(1)),
        ("event", Json::from("lsited")),
        ("accounts", Json::from(-1)),
        ("accounts_to_scan", Json::Null),
        ("schema_version", Json::from(2)),
        ("more", Json::from(2)),
    ] {
        let mut bad = good.clone();
        bad[member] = value;
        assert!(validate(&bad, &schema, &schema).is_err(), "{bad}");
    }
    let mut less = good;
    less.as_object_mut().unwrap().remove("accounts");
    assert!(validate(&less, &schema, &schema).is_err());
}
