//! What programs read: every kind of output that is JSON, as text, so that no name changes unseen. The answers of `checks list`,
//! `doctor` and `explain` are in the records of those; `log-schema` is in a record of its own.

use orgsweep_simulator::Options;
use serde_json::Value as Json;

use super::DEMO;
use super::scans::{clean, record_of};
use crate::support::{Said, World, options, program, run};

#[test]
fn objects() {
    let world = World::start(Options { suspended: Some(1), ..clean(3) });
    let mut record = record_of(&world);
    let checks = ["--check", "iam-root-*"];
    record.run(world.other(&["scan", "--plan", "--format", "json"]).args(checks));
    record.run(world.command(&["--log-format", "json", "--concurrency", "1"]).args(checks));
    record.run(&mut world.command(&["--log-format", "json", "--ou", "/Root/Nowhere"]));
    let roster = world.file("roster.json").display().to_string();
    run(&mut world.other(&["discover", "--unlimited", "--roster", &roster]));
    let shard = ["--roster", &roster, "--log-format", "json", "--quiet", "--out"];
    for command in [&["scan", "--unlimited", "--shard", "0/1"][..], &["finalize"], &["finalize"]] {
        // What is said of the accounts comes in any order.
        let more = if command.len() == 1 { &shard[..2] } else { &shard };
        let out = if command.len() == 1 { &["--log-format", "json", "--out"][..] } else { &[] };
        record.run(world.other(command).args(more).args(out).arg(world.file("shards")).args(checks));
    }
    record.run(program().args(["doctor", "--log-format", "json"]));
    record.compare("objects");
}

/// The objects of a text: one, several lines of one each, or a list.
fn objects_of(text: &str) -> Vec<Json> {
    match serde_json::from_str::<Json>(text) {
        Ok(Json::Array(objects)) => objects,
        Ok(object) => vec![object],
        Err(_) => text.lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
    }
}

#[test]
fn every_object_says_which_version_it_is_of() {
    let world = World::start(options(6));
    let answered = |said: Said| said.output;
    let lake = DEMO.lake();
    let role = "arn:aws:iam::895369902780:role/VendorMonitoring";
    let question = ["--principal", "*", "--action", "sts:AssumeRole", "--resource", role];
    let explain = ["explain", "--format", "json", "--out", &lake];
    for (name, text) in [
        ("scan", world.scan(&["--log-format", "json"]).errors),
        ("scan, mistaken", world.scan(&["--log-format", "json", "--nothing"]).errors),
        ("plan", answered(run(&mut world.other(&["scan", "--plan", "--format", "json"])))),
        ("doctor", answered(run(&mut world.other(&["doctor", "--log-format", "json"])))),
        ("doctor, refused", answered(run(program().args(["doctor", "--log-format", "json"])))),
        ("checks", answered(run(program().args(["checks", "list", "--format", "json"])))),
        ("explain", answered(run(program().args(explain).args(question)))),
    ] {
        let objects = objects_of(&text);
        assert!(!objects.is_empty(), "{name}: {text}");
        for object in objects {
            assert_eq!(object["schema_version"], 1, "{name}: {object}");
        }
    }
}
