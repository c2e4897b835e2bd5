//! Every command that reads a lake takes `--out` and `--scan`, and `--config` where its `out` names the lake.

use orgsweep_lake::{Lake, ScanSelector};
use orgsweep_model::facts::Principal;

use crate::support::{Said, World, options, orgsweep, run};

/// A lake with two scans of the demo, the earlier one first, and one principal of it.
struct TwoScans {
    folder: tempfile::TempDir,
    lake: String,
    ids: [String; 2],
    principal: String,
}

fn two_scans() -> TwoScans {
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    let out = lake.display().to_string();
    let ids = ["2026-06-01", "2026-06-02"].map(|day| {
        let said = orgsweep(&["demo", "--quiet", "--accounts", "3", "--now", day, "--out", &out]);
        assert_eq!(said.code, 0, "{}", said.errors);
        Lake::open(&lake).unwrap().latest_scan_id().unwrap().unwrap().to_string()
    });
    let scan = Lake::open(&lake).unwrap().scan(&ScanSelector::Latest).unwrap();
    let principals: Vec<Principal> = scan.rows().unwrap();
    let principal = principals.into_iter().find(|one| one.principal_arn.contains(":user/")).unwrap();
    TwoScans { folder, lake: out, ids, principal: principal.principal_arn }
}

impl TwoScans {
    fn explain(&self, more: &[&str]) -> Said {
        let question =
            ["explain", "--principal", &self.principal, "--action", "iam:ListUsers", "--resource", "*"];
        orgsweep(&[&question, more].concat())
    }
}

fn ddl(more: &[&str]) -> Said {
    orgsweep(&[&["ddl", "--engine", "duckdb"], more].concat())
}

#[test]
fn a_scan_is_chosen_by_its_id_or_as_the_latest() {
    let two = two_scans();
    let [earlier, latest] = [&two.ids[0], &two.ids[1]].map(String::as_str);
    for (choice, wanted) in [
        (&[][..], latest),
        (&["--scan", "latest"], latest),
        (&["--scan", earlier], earlier),
        (&["--scan", latest], latest),
        // Its former name.
        (&["--from", earlier], earlier),
        (&["--from", "latest"], latest),
    ] {
        let choice = [&["--out", &two.lake][..], choice].concat();
        let explained = two.explain(&choice);
        assert_eq!(explained.code, 0, "{choice:?}: {}", explained.errors);
        assert!(explained.output.contains(&format!("From scan {wanted} of ")), "{}", explained.output);
        let ddl = ddl(&choice);
        assert_eq!(ddl.code, 0, "{choice:?}: {}", ddl.errors);
        let other = if wanted == latest { earlier } else { latest };
        assert!(ddl.output.contains(wanted) && !ddl.output.contains(other), "{choice:?}: {}", ddl.output);
    }
    // `check` calls it what the issue calls it, and takes the other name too.
    for option in ["--from", "--scan"] {
        let said = orgsweep(&["check", option, earlier, "--out", &two.lake]);
        assert!(said.code == 0 || said.code == 2, "{option}: {}", said.errors);
    }
    let help = orgsweep(&["explain", "--help"]).output;
    assert!(help.contains("--scan <SCAN_ID>") && !help.contains("--from"), "{help}");
}

#[test]
fn the_configuration_file_of_a_scan_names_the_lake_to_its_readers() {
    let two = two_scans();
    let file = two.folder.path().join("orgsweep.toml");
    std::fs::write(&file, format!("out = {:?}\nrole-name = \"Audit\"\n", two.lake)).unwrap();
    let file = file.display().to_string();
    let check = |more: &[&str]| orgsweep(&[&["check", "--from", "latest"], more].concat());
    for (name, said) in [
        ("explain", two.explain(&["--config", &file])),
        ("ddl", ddl(&["--config", &file])),
        ("check", check(&["--config", &file])),
    ] {
        assert_ne!(said.code, 3, "{name}: {}", said.errors);
    }
    // The flag wins.
    for (name, said) in [
        ("explain", two.explain(&["--config", &file, "--out", "/nonexistent"])),
        ("ddl", ddl(&["--config", &file, "--out", "/nonexistent"])),
        ("check", check(&["--config", &file, "--out", "/nonexistent"])),
    ] {
        assert_eq!(said.code, 3, "{name}: {}", said.output);
        assert!(said.errors.contains("/nonexistent"), "{name}: {}", said.errors);
    }
}

#[test]
fn the_latest_scan_is_retried_by_that_name() {
    let world = World::start(options(12));
    let nothing = world.scan(&["--retry-incomplete", "latest"]);
    assert_eq!(nothing.code, 3, "{}", nothing.errors);
    assert!(nothing.errors.contains("--retry-incomplete latest: no committed scan"), "{}", nothing.errors);
    world.scan(&[]);
    let first = Lake::open(&world.lake()).unwrap().latest_scan_id().unwrap().unwrap();
    let said = run(&mut world.command(&["--retry-incomplete", "latest", "--log-format", "json"]));
    let wanted = format!("\"retried_scan_id\":\"{first}\"");
    assert!(said.errors.contains(&wanted), "{}", said.errors);
}
