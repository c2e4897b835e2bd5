//! Exit codes, Ctrl-C, hostile text, the demo.

use orgsweep_model::records::ScanAccountRecord;
use orgsweep_simulator::Options;

use crate::support::{World, options, orgsweep, unsafe_characters};

fn good(accounts: usize) -> Options {
    Options { refusing: Some(0), broken: Some(0), suspended: Some(0), ..options(accounts) }
}

#[test]
fn the_highest_exit_code_wins() {
    let world = World::start(good(6));
    assert_eq!(world.scan(&["--fail-on", "low"]).code, 1);
    let world = World::start(Options { refusing: Some(1), ..good(6) });
    assert_eq!(world.scan(&["--fail-on", "low"]).code, 2);
    let world = World::start(Options { refusing: Some(1), ..good(6) });
    assert_eq!(world.scan(&["--fail-on", "low", "--min-coverage", "80"]).code, 1);
    let world = World::start(Options { refusing: Some(1), ..good(6) });
    assert_eq!(world.scan(&["--min-coverage", "80"]).code, 0);
    let world = World::start(Options { refusing: Some(1), ..good(6) });
    assert_eq!(world.scan(&["--min-coverage", "90"]).code, 2);
}

#[test]
fn hostile_names_are_data_and_nothing_else() {
    let world = World::start(Options { hostile_names: true, ..good(12) });
    let said = world.scan(&[]);
    assert_eq!(said.code, 0, "{}", said.errors);
    let world_told_in_json = World::start(Options { hostile_names: true, ..good(12) });
    let told = world_told_in_json.scan(&["--log-format", "json"]);
    for stream in [&said.output, &said.errors, &told.errors] {
        assert_eq!(unsafe_characters(stream), "", "{stream}");
    }
    let accounts: Vec<ScanAccountRecord> = world.rows();
    let names: Vec<String> = accounts.into_iter().filter_map(|row| row.account_name).collect();
    assert!(names.iter().any(|name| name.contains('\u{1b}')), "{names:?}");
    assert!(names.iter().any(|name| name.contains("DROP TABLE")), "{names:?}");
}

#[test]
fn the_demo_ends_with_what_was_planted() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("lake").display().to_string();
    let said = orgsweep(&["demo", "--now", "2026-06-01T00:00:00Z", "--out", &out]);
    assert_eq!(said.code, 0, "{}", said.errors);
    assert!(
        said.output.contains("56 of 59 active accounts fully scanned, 2 not scanned, 1 partial; 1 suspended"),
        "{}",
        said.output
    );
    assert!(said.output.contains("exactly those that were planted"), "{}", said.output);
    assert!(said.output.contains("would have ended with 2"), "{}", said.output);
    let ddl = orgsweep(&["ddl", "--engine", "duckdb", "--out", &out]);
    assert!(ddl.output.contains("CREATE OR REPLACE VIEW findings_latest"), "{}", ddl.output);
    let athena = orgsweep(&["ddl", "--engine", "athena", "--out", &out, "--location", "s3://bucket/lake"]);
    assert!(athena.output.contains("LOCATION 's3://bucket/lake/v1/findings/'"), "{}", athena.output);
}

#[test]
fn every_check_has_its_manual_page() {
    let listed = orgsweep(&["checks", "list", "--json"]);
    let checks: Vec<serde_json::Value> = serde_json::from_str(&listed.output).unwrap();
    assert!(checks.len() >= 24);
    for check in checks {
        let id = check["id"].as_str().unwrap();
        let page = orgsweep(&["checks", "show", id]);
        assert_eq!(page.code, 0);
        for heading in [
            "## Why it matters",
            "## What it cannot see",
            "## How to verify",
            "## How to fix",
            "## How to back out",
            "## Pages",
        ] {
            assert!(page.output.contains(heading), "{id}: {heading}");
        }
    }
}

#[test]
fn quiet_says_nothing_and_json_says_objects() {
    let world = World::start(good(3));
    let said = world.scan(&["--quiet"]);
    assert_eq!((said.code, said.output.as_str(), said.errors.as_str()), (0, "", ""));
    let world = World::start(good(3));
    let said = world.scan(&["--log-format", "json"]);
    assert_eq!(said.output, "");
    let events: Vec<serde_json::Value> =
        said.errors.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.iter().filter(|event| event["event"] == "account").count(), 3);
    assert_eq!(events.last().unwrap()["event"], "published");
}
