//! `--retry-incomplete`: only what was lost is scanned again, and nothing that was found is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::time::Duration;

use crate::going_on::{Verdict, coverage, slow, verdict, verdicts};
use crate::support::{World, options, run, signal, until_finished};
use orgsweep_lake::{Lake, ScanSelector};
use orgsweep_model::facts::{AccessKey, Document, Policy, Principal};
use orgsweep_model::records::{
    CoverageRecord, FindingRecord, ScanAccountRecord, ScanRecord, ScanState, ScanStatus, TableRead,
};
use orgsweep_model::{Row, Status};
use orgsweep_simulator::{Denial, Options};

/// The scans of a lake, oldest first.
pub fn scans(world: &World) -> Vec<ScanRecord> {
    let folder = world.lake().join("manifests/v1");
    let mut ids: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().replace(".json", ""))
        .collect();
    ids.sort();
    ids.iter().flat_map(|id| of_scan(world, id)).collect()
}

pub fn of_scan<R: Row>(world: &World, id: &str) -> Vec<R> {
    Lake::open(&world.lake()).unwrap().scan(&ScanSelector::Id(id.parse().unwrap())).unwrap().rows().unwrap()
}

/// A scan with losses, its name, and a user in it.
fn scanned_with_a_user() -> (World, String, String) {
    let world = World::start(options(12));
    assert_eq!(world.scan(&[]).code, 2);
    let principals = world.rows::<Principal>().into_iter();
    let user = principals.map(|one| one.principal_arn).find(|arn| arn.contains(":user/")).unwrap();
    let scan_id = latest_id(&world);
    (world, scan_id, user)
}

/// A table's file that was deleted is told by name, by everything that reads a scan, before AWS is asked: the rows that it
/// held would be missing without a word.
#[test]
fn a_scan_that_lost_a_file_is_neither_retried_nor_shown_nor_asked() {
    let (world, scan_id, principal) = scanned_with_a_user();
    let lake = world.lake();
    let out = lake.to_str().unwrap();
    let manifest = format!("manifests/v1/{scan_id}.json");
    let mut files: Vec<String> = std::fs::read_dir(lake.join("v1"))
        .unwrap()
        .map(|table| format!("v1/{}", table.unwrap().file_name().to_string_lossy()))
        .filter(|table| table != "v1/scans")
        .collect();
    files.push(manifest);
    assert!(files.len() > 15, "{files:?}");
    let asked = world.running.calls();
    for file in files {
        std::fs::rename(lake.join(&file), world.file("aside")).unwrap();
        let question = ["--action", "s3:GetObject", "--resource", "arn:aws:s3:::b/k", "--out", out];
        for said in [
            world.scan(&["--retry-incomplete", &scan_id]),
            run(&mut world.other(&["ddl", "--engine", "duckdb", "--out", out])),
            run(world.other(&["explain", "--principal", &principal]).args(question)),
        ] {
            // Only `explain` answers about an action, and it needs some of the tables only.
            if said.code != 3 && said.errors.is_empty() && said.output.contains("s3:GetObject") {
                continue;
            }
            assert_eq!(said.code, 3, "{file}: {}", said.errors);
            for words in [file.as_str(), "was removed after the scan was published", "restore it"] {
                assert!(said.errors.contains(words), "{file}: {words}: {}", said.errors);
            }
        }
        std::fs::rename(world.file("aside"), lake.join(&file)).unwrap();
    }
    assert_eq!(world.running.calls(), asked);
    assert!(!lake.join("staging").exists());
    assert_eq!(scans(&world).len(), 1);
}

/// A table's file that is not the one that was published is told by name: what it lost would be published once more, as the
/// latest.
#[test]
fn a_scan_with_a_changed_file_is_neither_retried_nor_shown_nor_asked() {
    let (world, scan_id, principal) = scanned_with_a_user();
    let lake = world.lake();
    let out = lake.to_str().unwrap();
    let file_of = |table: &str| {
        let day = std::fs::read_dir(lake.join("v1").join(table)).unwrap().next().unwrap().unwrap().path();
        day.join(format!("{scan_id}-00000.parquet"))
    };
    let other = std::fs::read(file_of("documents")).unwrap();
    let asked = world.running.calls();
    for table in ["scans", "scan_accounts", "principals", "findings", "policies", "table_reads"] {
        let path = file_of(table);
        let whole = std::fs::read(&path).unwrap();
        for damaged in [&whole[..0], &whole[..whole.len() / 2], &other] {
            std::fs::write(&path, damaged).unwrap();
            let question = ["--action", "s3:GetObject", "--resource", "arn:aws:s3:::b/k", "--out", out];
            for (name, said) in [
                ("retry", world.scan(&["--retry-incomplete", &scan_id])),
                ("ddl", run(&mut world.other(&["ddl", "--engine", "duckdb", "--out", out]))),
                ("explain", run(world.other(&["explain", "--principal", &principal]).args(question))),
            ] {
                // `explain` reads no findings.
                if (name, table) == ("explain", "findings") {
                    assert_ne!(said.code, 3, "{}", said.errors);
                    continue;
                }
                assert_eq!(said.code, 3, "{name}, {table}: {}", said.errors);
                let sizes = format!("(it has {} bytes, expected {})", damaged.len(), whole.len());
                for words in [path.to_str().unwrap(), "differs from what was published", &sizes, "restore it"]
                {
                    assert!(said.errors.contains(words), "{name}, {table}: {words}: {}", said.errors);
                }
            }
        }
        // As long as it was, and still another one: whoever takes rows over looks at every byte.
        let mut turned = whole.clone();
        let middle = turned.len() / 2;
        turned[middle] ^= 1;
        std::fs::write(&path, turned).unwrap();
        let said = world.scan(&["--retry-incomplete", &scan_id]);
        assert_eq!(said.code, 3, "{table}: {}", said.errors);
        for words in [path.to_str().unwrap(), "differs from what was published", "SHA-256", "scan again"] {
            assert!(said.errors.contains(words), "{table}: {words}: {}", said.errors);
        }
        std::fs::write(&path, whole).unwrap();
    }
    assert_eq!(world.running.calls(), asked);
    assert!(!lake.join("staging").exists());
    assert_eq!(scans(&world).len(), 1);
}

fn latest_id(world: &World) -> String {
    let latest = std::fs::read_to_string(world.lake().join("latest.json")).unwrap();
    let latest: serde_json::Value = serde_json::from_str(&latest).unwrap();
    latest["scan_id"].as_str().unwrap().to_owned()
}

/// What `ddl` and `explain` say of it is true: the next scan writes it anew.
#[test]
fn a_pointer_to_a_scan_that_is_not_there_is_mended_by_the_next_scan() {
    let world = World::start(options(3));
    world.scan(&[]);
    let lake = world.lake();
    let out = lake.to_str().unwrap();
    for missing in ["7ZZZZZZZZZZZZZZZZZZZZZZZZZ", "x"] {
        let pointer = format!(r#"{{"scan_id":"{missing}","scan_date":"2026-11-30","schema_version":1}}"#);
        std::fs::write(lake.join("latest.json"), pointer).unwrap();
        let shown = run(&mut world.other(&["ddl", "--engine", "duckdb", "--out", out]));
        assert_eq!(shown.code, 3, "{}", shown.errors);
        assert!(shown.errors.contains("the next scan writes a new one"), "{}", shown.errors);
        let said = world.scan(&[]);
        assert!(
            !said.errors.contains("is newer than this one") && !said.errors.contains(missing),
            "{}",
            said.errors
        );
        let shown = run(&mut world.other(&["ddl", "--engine", "duckdb", "--out", out]));
        assert_eq!(shown.code, 0, "{}", shown.errors);
        let newest = scans(&world).pop().unwrap();
        assert_ne!(newest.previous_scan_id.as_deref(), Some(missing));
        assert!(shown.output.contains(&latest_id(&world)));
    }
}

/// What is read once a scan, through the caller's session.
const OF_THE_CALLER: [&str; 2] = ["iam:ListPolicies", "iam:GetPolicyVersion"];

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
        // AWS-managed policies are read through the caller's session.
        .filter(|(_, action)| action.starts_with("iam:") && !OF_THE_CALLER.contains(&action.as_str()))
        .map(|(account, _)| account.clone())
        .collect();
    assert!(asked.is_subset(&lost), "{asked:?} were asked, {lost:?} were lost");
    let accounts: Vec<ScanAccountRecord> = first.rows();
    assert_eq!(accounts.len(), 40);
    for row in &accounts {
        let was_lost = lost.contains(row.account_id.as_str());
        let taken = row.taken_from_scan_id.as_deref() == Some(old.as_str());
        assert_ne!(taken, was_lost, "{row:?}");
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
    let principals = |world: &World| world.rows::<Principal>();
    assert_eq!(principals(&first), principals(&once));
}

/// How accounts are entered is what a retry mends: the wrong role yesterday, the right one today.
#[test]
fn a_retry_may_change_how_accounts_are_entered() {
    let world =
        World::start(Options { refusing: Some(0), broken: Some(0), suspended: Some(0), ..options(6) });
    let said = world.scan(&["--role-name", "Misspelt"]);
    assert_eq!(said.code, 2, "{}", said.errors);
    assert_eq!(scans(&world)[0].accounts_not_scanned, 5, "all but the caller's own");
    let said = world.scan(&["--retry-incomplete", &latest_id(&world)]);
    assert_eq!(said.code, 0, "{}{}", said.output, said.errors);
    assert_eq!(scans(&world).pop().unwrap().accounts_scanned, 6);
}

#[test]
fn a_retry_with_other_options_names_the_one_that_differs() {
    let world = World::start(options(4));
    world.scan(&[]);
    let id = latest_id(&world);
    let account = world.running.accounts()[0].id.clone();
    let calls = world.running.calls();
    for (option, words) in [
        (["--exclude-account", &account], format!("--exclude-account was [] and is [\"{account}\"] now")),
        (["--report-max-age", "1h"], "--report-max-age (seconds) was not set and is 3600 now".to_owned()),
        (["--check", "iam-root-mfa-missing"], "check iam-group-empty with its settings was {}".to_owned()),
        (["--key-ids", "3"], "--key-ids was 0 and is 3 now".to_owned()),
    ] {
        let said = world.scan(&[&["--retry-incomplete", id.as_str()][..], &option].concat());
        assert_eq!(said.code, 3, "{}", said.errors);
        assert!(said.errors.contains(&words), "{words}: {}", said.errors);
    }
    assert_eq!(world.running.calls(), calls, "nothing was asked of AWS");
    assert_eq!(scans(&world).len(), 1);
}

/// Copied accounts are judged as all others: no scan counts ages to two moments.
#[test]
fn copied_accounts_are_judged_again() {
    let good = Options { refusing: Some(0), broken: Some(0), suspended: Some(0), ..options(10) };
    let denied = Denial { account: None, action: "iam:ListVirtualMFADevices".to_owned(), by_scp: false };
    let accounts = World::start(good.clone()).running.accounts();
    let denied = Denial { account: Some(accounts[3].id.clone()), ..denied };
    let first = World::start(Options { denied: vec![denied], ..good.clone() });
    let out = first.lake().display().to_string();
    let at = |world: &World, now: &str, more: &[&str]| {
        let words = ["scan", "--unlimited", "--now", now, "--out", &out];
        run(&mut world.other(&[&words[..], more].concat()))
    };
    assert_eq!(at(&first, "2026-06-01T00:00:00Z", &[]).code, 2);
    let before = verdicts(&first);
    let id = latest_id(&first);
    let mended = World::start(good);
    let said = at(&mended, "2026-09-01T00:00:00Z", &["--retry-incomplete", &id]);
    assert_eq!(said.code, 0, "{}", said.errors);
    let copied = first.rows::<ScanAccountRecord>();
    assert_eq!(copied.iter().filter(|row| row.taken_from_scan_id.is_some()).count(), 9);
    let lake = mended.lake().display().to_string();
    let words = ["scan", "--unlimited", "--now", "2026-09-01T00:00:00Z", "--out", &lake];
    assert_eq!(run(&mut mended.other(&words)).code, 0);
    assert_eq!(verdicts(&first), verdicts(&mended));
    assert_ne!(verdicts(&first), before, "three months change some verdicts");
}

#[test]
fn an_account_that_lost_a_table_is_collected_again_as_a_whole() {
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
    // Passwords have nothing to do with roles; but no verdict rests on facts of two moments.
    let actions: BTreeMap<String, u64> =
        mended.running.calls().into_iter().fold(BTreeMap::new(), |mut sums, ((_, action), count)| {
            *sums.entry(action).or_default() += count;
            sums
        });
    assert_eq!(actions.get("iam:ListRoles"), Some(&6), "{actions:?}");
    assert_eq!(actions.get("iam:GetAccountPasswordPolicy"), Some(&6), "{actions:?}");
    let accounts: Vec<ScanAccountRecord> = first.rows();
    assert!(accounts.iter().all(|row| row.taken_from_scan_id.is_none()), "{accounts:#?}");
    let reads: Vec<TableRead> = first.rows();
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    for row in &reads {
        *names.entry(row.table_name.as_str()).or_default() += 1;
    }
    // Read once for all, and noted once.
    assert_eq!(names.remove("organization_policies"), Some(1));
    assert!(names.values().all(|count| *count == 6), "{names:?}");
    every_document_is_there(&first);
}

/// What is joined from many tables is joined anew from all of them, not from those that were lost alone.
#[test]
fn documents_that_were_lost_are_read_again_and_nothing_else_is_forgotten() {
    let denied = Denial { account: None, action: "iam:GetPolicyVersion".to_owned(), by_scp: false };
    let good = Options { refusing: Some(0), broken: Some(0), suspended: Some(0), ..options(5) };
    let first = World::start(Options { denied: vec![denied], ..good.clone() });
    // No check reads them, so that nothing but what is joined leads from one table to the next.
    let wanted = ["--check", "iam-user-console-mfa-missing", "--collect", "policies"];
    assert_eq!(first.scan(&wanted).code, 2);
    let lost = first.rows::<Policy>().len();
    let before: Vec<Principal> = first.rows();
    assert!(before.iter().any(|row| row.password_enabled == Some(true)));
    let id: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(first.lake().join("latest.json")).unwrap()).unwrap();
    let mended = World::start(good);
    let again = [&wanted[..], &["--retry-incomplete", id["scan_id"].as_str().unwrap()]].concat();
    let said = run(&mut mended.command_into(&first.lake(), &again));
    assert_eq!(said.code, 0, "{}", said.errors);
    let after: Vec<Principal> = first.rows();
    assert_eq!(after, before);
    let policies: Vec<Policy> = first.rows();
    assert!(policies.len() > lost, "{lost} {}", policies.len());
    every_document_is_there(&first);
}

/// What the policies of the last scan say can be read, wherever the rows came from.
fn every_document_is_there(world: &World) {
    let documents: Vec<Document> = world.rows();
    let known: BTreeSet<&str> = documents.iter().map(|row| &*row.document_sha256).collect();
    let policies: Vec<Policy> = world.rows();
    assert!(!policies.is_empty());
    for policy in &policies {
        assert!(policy.document_sha256.as_deref().is_some_and(|name| known.contains(name)), "{policy:?}");
    }
    assert_eq!(known.len(), documents.len(), "each document once");
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
    every_document_is_there(&first);
    let principals: Vec<Principal> = first.rows();
    let mut arns: Vec<&str> = principals.iter().map(|row| row.principal_arn.as_str()).collect();
    let count = arns.len();
    arns.dedup();
    assert_eq!(arns.len(), count, "no fact is there twice");
}

const DEVICES: &str = "iam:ListVirtualMFADevices";

/// The newest scan of a lake whose latest may be another.
fn newest(world: &World) -> String {
    let names = std::fs::read_dir(world.lake().join("manifests/v1")).unwrap();
    names.map(|entry| entry.unwrap().file_name().to_string_lossy().replace(".json", "")).max().unwrap()
}

#[test]
fn an_account_that_is_suspended_by_the_time_of_the_retry_leaves_no_facts_behind() {
    // A loss that touches no stored fact: those are taken over.
    let denied = Denial { account: None, action: DEVICES.to_owned(), by_scp: false };
    let good = Options { refusing: Some(0), broken: Some(0), suspended: Some(0), ..options(6) };
    let first = World::start(Options { denied: vec![denied], ..good.clone() });
    assert_eq!(first.scan(&[]).code, 2);
    // One has no devices to list.
    assert_eq!(first.rows::<ScanRecord>()[0].accounts_partial, 5);
    let later = World::start(Options { suspended: Some(2), ..good });
    let said = run(&mut later.command_into(&first.lake(), &["--retry-incomplete", &newest(&first)]));
    assert_eq!(said.code, 0, "{}\n{}", said.errors, said.output);
    let accounts: Vec<ScanAccountRecord> = first.rows();
    let gone: BTreeSet<_> = accounts
        .iter()
        .filter(|row| row.reason_code.as_deref() == Some("ACCOUNT_NOT_ACTIVE"))
        .map(|row| row.account_id)
        .collect();
    assert_eq!((accounts.len(), gone.len()), (6, 2), "{accounts:#?}");
    assert_eq!(coverage(&first).len(), 6 * 24);
    let principals: Vec<Principal> = first.rows();
    let keys: Vec<AccessKey> = first.rows();
    let with_facts: BTreeSet<_> = principals.iter().map(|row| row.account_id).collect();
    assert_eq!(with_facts.len(), 4, "{with_facts:?}");
    assert!(with_facts.is_disjoint(&gone));
    assert!(!keys.is_empty() && keys.iter().all(|row| !gone.contains(&row.account_id)));
}

#[test]
fn what_a_stopped_retry_did_not_reach_keeps_what_it_had() {
    let denied = Denial { account: None, action: DEVICES.to_owned(), by_scp: false };
    let good = Options { refusing: Some(0), broken: Some(0), suspended: Some(0), ..slow(24) };
    let first = World::start(Options { denied: vec![denied], latency: Duration::ZERO, ..good.clone() });
    assert_eq!(first.scan(&[]).code, 2);
    let (old, before) = (newest(&first), verdicts(&first));
    let mended = World::start(good);
    let arguments =
        ["--retry-incomplete", &old, "--log-format", "json", "--concurrency", "2", "--publish-partial"];
    let mut child = mended.command_into(&first.lake(), &arguments).spawn().unwrap();
    until_finished(&mut child, 2);
    signal(&child, "INT");
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(2), "{told}");

    let id = newest(&first);
    assert_ne!(id, old);
    assert_eq!(of_scan::<ScanRecord>(&first, &id)[0].status, ScanStatus::Partial);
    let accounts: Vec<ScanAccountRecord> = of_scan(&first, &id);
    let states = |wanted| accounts.iter().filter(|row| row.scan_state == wanted).count();
    assert!(states(ScanState::Scanned) >= 2 && states(ScanState::Partial) >= 10, "{accounts:#?}");
    assert_eq!(states(ScanState::NotScanned), 0, "{accounts:#?}");
    for row in &accounts {
        let is_kept = row.taken_from_scan_id.as_deref() == Some(old.as_str());
        // One has no devices to list: it was scanned before.
        assert!(is_kept || row.scan_state == ScanState::Scanned, "{row:#?}");
    }
    assert_eq!(of_scan::<CoverageRecord>(&first, &id).len(), 24 * 24);
    let after: BTreeSet<Verdict> = of_scan::<FindingRecord>(&first, &id).into_iter().map(verdict).collect();
    for verdict in before.iter().filter(|verdict| verdict.3 != Status::Unknown) {
        assert!(after.contains(verdict), "{verdict:?} is gone");
    }
    let principals: Vec<Principal> = of_scan(&first, &id);
    let arns: BTreeSet<&str> = principals.iter().map(|row| row.principal_arn.as_str()).collect();
    assert_eq!(arns.len(), principals.len(), "no fact is there twice");
    let with_facts: BTreeSet<_> = principals.iter().map(|row| row.account_id).collect();
    assert_eq!(with_facts.len(), 24, "and none is lost");
}
