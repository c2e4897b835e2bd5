//! `orgsweep check --from`: today's checks over stored facts give what the scan itself gave, without AWS.

use std::path::Path;

use orgsweep_lake::{Lake, ScanSelector};
use orgsweep_model::Row;
use orgsweep_model::facts::{OrganizationPolicy, Policy, Principal, Role, User};
use orgsweep_model::records::{
    CoverageRecord, FindingRecord, ScanAccountRecord, ScanRecord, ScanStatus, TableRead,
};
use orgsweep_simulator::{Denial, Options};

use crate::support::{Said, World, options, orgsweep, run};

fn of_scan<R: Row>(lake: &Path, id: &str) -> Vec<R> {
    let selector: ScanSelector = id.parse().unwrap();
    Lake::open(lake).unwrap().scan(&selector).unwrap().rows().unwrap()
}

fn scan_ids(lake: &Path) -> Vec<String> {
    let names = std::fs::read_dir(lake.join("manifests/v1")).unwrap();
    let mut ids: Vec<String> =
        names.map(|entry| entry.unwrap().file_name().to_string_lossy().replace(".json", "")).collect();
    ids.sort();
    ids
}

fn latest(lake: &Path) -> String {
    std::fs::read_to_string(lake.join("latest.json")).unwrap()
}

fn check(lake: &Path, from: &str, more: &[&str]) -> Said {
    let lake = lake.display().to_string();
    orgsweep(&[&["check", "--out", &lake, "--from", from], more].concat())
}

/// Row by row, so that a difference is short enough to be read.
fn are_equal<R: Row>(lake: &Path, [new, old]: [&str; 2]) {
    let (new, old) = (of_scan::<R>(lake, new), of_scan::<R>(lake, old));
    for (new, old) in new.iter().zip(&old) {
        assert_eq!(new, old);
    }
    assert_eq!(new.len(), old.len(), "{}", R::SCHEMA.name);
}

/// Checks the newest scan of the lake again, and compares all that may not differ. Gives the ids of both.
fn is_the_same(lake: &Path, from: &str, code: u8) -> (String, String) {
    let (before, pointer) = (scan_ids(lake), latest(lake));
    let said = check(lake, from, &[]);
    assert_eq!(said.code, i32::from(code), "{}", said.errors);
    let after = scan_ids(lake);
    assert_eq!(after.len(), before.len() + 1, "{after:?}");
    let new = after.into_iter().find(|id| !before.contains(id)).unwrap();
    let old = of_scan::<ScanRecord>(lake, &new)[0].checked_from_scan_id.clone().unwrap();
    assert!(before.contains(&old));
    assert_eq!(latest(lake), pointer, "the latest scan stays");
    let ids = [new.as_str(), old.as_str()];
    are_equal::<FindingRecord>(lake, ids);
    are_equal::<CoverageRecord>(lake, ids);
    are_equal::<Principal>(lake, ids);
    are_equal::<Policy>(lake, ids);
    are_equal::<Role>(lake, ids);
    are_equal::<User>(lake, ids);
    are_equal::<OrganizationPolicy>(lake, ids);
    are_equal::<TableRead>(lake, ids);
    (old, new)
}

fn world() -> World {
    let denied = Denial { account: None, action: "iam:ListRoles".to_owned(), by_scp: false };
    World::start(Options { denied: vec![denied], ..options(12) })
}

#[test]
fn the_demo_checked_again_is_the_demo() {
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("demo");
    let said = orgsweep(&["demo", "--quiet", "--accounts", "12", "--out", &lake.display().to_string()]);
    assert_eq!(said.code, 0, "{}", said.errors);
    // The demo itself ends well whatever its organization loses.
    let (old, new) = is_the_same(&lake, "latest", 2);
    // What was checked again can be checked again.
    assert_eq!(is_the_same(&lake, &new, 2).0, new);
    for row in of_scan::<ScanAccountRecord>(&lake, &new) {
        assert_eq!((row.api_calls, row.taken_from_scan_id.as_deref()), (0, Some(old.as_str())), "{row:?}");
    }
}

#[test]
fn gaps_stay_gaps() {
    let world = world();
    assert_eq!(world.scan(&[]).code, 2);
    is_the_same(&world.lake(), "latest", 2);
}

#[test]
fn shards_checked_again_are_the_same() {
    let world = world();
    let lake = world.lake().display().to_string();
    let roster = world.file("roster.json").display().to_string();
    let discovered = run(&mut world.other(&["discover", "--roster", &roster]));
    assert_eq!(discovered.code, 0, "{}", discovered.errors);
    for shard in ["0/2", "1/2"] {
        let shard = ["scan", "--unlimited", "--roster", &roster, "--shard", shard, "--out", &lake];
        run(&mut world.other(&shard));
    }
    assert_eq!(run(&mut world.other(&["finalize", "--roster", &roster, "--out", &lake])).code, 2);
    is_the_same(&world.lake(), "latest", 2);
}

#[test]
fn other_checks_find_what_a_scan_with_them_finds() {
    let world = world();
    assert_eq!(world.scan(&["--collect", "all", "--check", "iam-group-empty"]).code, 2);
    let (lake, check_id) = (world.lake(), "iam-role-unused");
    let said = check(&lake, "latest", &["--check", check_id]);
    assert_eq!(said.code, 2, "{}", said.errors);
    let new = scan_ids(&lake).pop().unwrap();
    assert_eq!(world.scan(&["--check", check_id]).code, 2);
    let whole = scan_ids(&lake).pop().unwrap();
    let verdicts = |id: &str| -> Vec<_> {
        let rows: Vec<FindingRecord> = of_scan(&lake, id);
        rows.into_iter().map(|row| (row.account_id, row.resource_uid, row.status, row.message)).collect()
    };
    assert!(!verdicts(&new).is_empty());
    assert_eq!(verdicts(&new), verdicts(&whole));
}

#[test]
fn what_was_not_collected_is_unknown_and_said_so() {
    let world =
        World::start(Options { refusing: Some(0), broken: Some(0), suspended: Some(0), ..options(4) });
    assert_eq!(world.scan(&["--check", "iam-root-mfa-missing"]).code, 0);
    let lake = world.lake();
    // No account is missing, and still the answer is.
    let said = check(&lake, "latest", &["--check", "iam-role-unused"]);
    assert_eq!(said.code, 2, "{}", said.errors);
    let why = "2 (incomplete coverage): tables of 1 check were not collected";
    assert!(said.output.contains(why), "{}", said.output);
    let new = scan_ids(&lake).pop().unwrap();
    let rows: Vec<CoverageRecord> = of_scan(&lake, &new);
    let scanned: Vec<_> =
        rows.iter().filter(|row| row.reason_code.as_deref() == Some("NOT_COLLECTED")).collect();
    assert!(
        !scanned.is_empty() && scanned.iter().all(|row| row.passed == 0 && row.unknown == 1),
        "{rows:#?}"
    );
}

#[test]
fn what_cannot_be_checked_again_is_named() {
    let world = world();
    let lake = world.lake();
    let said = check(&lake, "latest", &[]);
    assert_eq!(said.code, 3, "{}", said.errors);
    assert_eq!(world.scan(&[]).code, 2);
    let said = check(&lake, "01ARZ3NDEKTSV4RRFFQ69G5FAV", &[]);
    assert_eq!(said.code, 3, "{}", said.errors);
    assert!(said.errors.contains("01ARZ3NDEKTSV4RRFFQ69G5FAV"), "{}", said.errors);
    assert_eq!(of_scan::<ScanRecord>(&lake, "latest")[0].status, ScanStatus::Complete);
}
