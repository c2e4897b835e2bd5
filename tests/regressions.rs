//! Where other auditors went wrong in front of an organization, and no other test here holds it. The ids in front of the
//! tests are explained in README.md beside this file, with where the other cases are held.

mod access;
mod collection;
mod discovery;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use orgsweep_model::Status;
use orgsweep_model::records::{FindingRecord, ScanAccountRecord};
use orgsweep_simulator::Options;

use crate::support::{World, options};

/// Costs a member three calls: AssumeRole, the password policy and the summary that says whether there are users.
const CHEAPEST: [&str; 2] = ["--check", "iam-password-policy-length"];
/// The only check that needs nothing from inside an account.
const ROSTER_CHECK: &str = "org-account-not-active";
const REPORT_CHECK: [&str; 2] = ["--check", "iam-user-access-key-unrotated"];
/// The administrator role that Organizations makes in every account.
const ADMINISTRATOR: &str = "OrganizationAccountAccessRole";

fn good(accounts: usize) -> Options {
    Options { refusing: Some(0), broken: Some(0), suspended: Some(0), ..options(accounts) }
}

fn role(account: &str, name: &str) -> String {
    format!("arn:aws:iam::{account}:role/{name}")
}

/// The account that may list the organization besides the management account.
fn audit_account(world: &World) -> String {
    world.running.accounts().into_iter().find(|account| account.name == "audit").unwrap().id
}

fn members(world: &World) -> Vec<String> {
    let management = world.running.management_account_id();
    world.running.accounts().into_iter().map(|account| account.id).filter(|id| *id != management).collect()
}

fn by_account(world: &World) -> BTreeMap<String, ScanAccountRecord> {
    world.rows::<ScanAccountRecord>().into_iter().map(|row| (row.account_id.to_string(), row)).collect()
}

/// Calls of a service, by action.
fn service(world: &World, service: &str) -> BTreeMap<String, u64> {
    let mut sums: BTreeMap<String, u64> = BTreeMap::new();
    for ((_, action), count) in world.running.calls() {
        if action.starts_with(service) {
            *sums.entry(action).or_default() += count;
        }
    }
    sums
}

/// Which accounts Organizations was asked from.
fn listed_from(world: &World) -> BTreeSet<String> {
    let calls = world.running.calls().into_keys();
    calls.filter(|(_, action)| action.starts_with("organizations:")).map(|(account, _)| account).collect()
}

/// A verdict without who scanned it, when and as what.
fn verdicts(world: &World) -> BTreeSet<(String, String, String, Status)> {
    let key = |row: FindingRecord| {
        (row.account_id.to_string(), row.check_id.into_owned(), row.resource_uid, row.status)
    };
    world.rows::<FindingRecord>().into_iter().map(key).collect()
}

/// The text of every Rust file in a folder and below.
fn sources(folder: &Path, into: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn the_table_has_every_case_and_names_tests_that_are_there() {
    const PAGE: &str = include_str!("README.md");
    for (letter, cases) in [('D', 18), ('A', 12), ('C', 28)] {
        for number in 1..=cases {
            let row = format!("\n| {letter}{number:02} | ");
            assert_eq!(PAGE.matches(&row).count(), 1, "{row:?}");
        }
    }
    let mut all = String::new();
    for folder in ["tests", "crates", "plugins", "xtask"] {
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut all);
    }
    let words =
        PAGE.split(|character: char| !(character.is_ascii_alphanumeric() || "_:".contains(character)));
    let tests: Vec<&str> = words.filter_map(|word| Some(word.rsplit_once("::")?.1)).collect();
    assert!(tests.len() > 80, "{}", tests.len());
    for test in tests {
        // A test, or a file of them.
        let is_there =
            [format!("fn {test}() {{"), format!("mod {test};")].iter().any(|text| all.contains(text));
        assert!(is_there, "{test} is no test");
    }
}
