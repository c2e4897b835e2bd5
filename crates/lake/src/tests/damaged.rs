//! Files that are not as they were written: told by name and with a way out, and never taken for what they were.

use super::by_path::{damaged, is_complete, is_unchanged, lookup, resolve};
use super::*;

const ACCOUNT: &str = "111111111111";

fn account() -> AccountId {
    ACCOUNT.parse().unwrap()
}

fn tables() -> Vec<&'static TableSchema> {
    all_tables(&built_in_facts())
}

/// A published scan of one account with a user and a key.
fn published(root: &Path, id: &ScanId) {
    let mut begun = writer(root, id);
    let mut principal: Principal = row_of(1);
    principal.account_id = account();
    let rows: Vec<Arc<dyn Rows>> = vec![Arc::new(vec![principal]), Arc::new(vec![key(ACCOUNT, "arn:a", 1)])];
    spool(&mut begun, Place::Finished, account(), &rows, json!({})).unwrap();
    begun.publish(&[], scan_record(ScanStatus::Complete), &json!({}), &mut |_| true).unwrap();
}

fn file_of(root: &Path, table: &str, id: &ScanId) -> std::path::PathBuf {
    root.join(crate::layout::table_key(table, id))
}

fn assert_says(error: &LakeError, words: &[&str]) {
    let error = error.to_string();
    for word in words {
        assert!(error.contains(word), "{word}: {error}");
    }
}

/// Whether the pointer is of a later moment counts only where the scan that it names is there.
#[test]
fn a_pointer_to_a_scan_that_is_not_there_is_replaced_by_the_next_scan() {
    for missing in ["7ZZZZZZZZZZZZZZZZZZZZZZZZZ", "x", "ÿ"] {
        let folder = tempfile::tempdir().unwrap();
        publish(folder.path(), &scan_id(1000), ScanStatus::Complete).unwrap();
        let pointer = json!({"scan_id": missing, "scan_date": "2026-11-30", "schema_version": 1});
        std::fs::write(folder.path().join("latest.json"), pointer.to_string()).unwrap();
        assert!(resolve(folder.path(), &ScanSelector::Latest).is_err());
        // It is nobody's forerunner either.
        assert_eq!(latest_scan_id(folder.path()).unwrap(), None, "{missing}");
        let next = scan_id(2000);
        let begun = writer(folder.path(), &next);
        let done = begun.publish(&[], scan_record(ScanStatus::Complete), &json!({}), &mut |_| true).unwrap();
        assert_eq!(done.warnings, [] as [&str; 0], "{missing}");
        assert_eq!(resolve(folder.path(), &ScanSelector::Latest).unwrap(), next, "{missing}");
    }
}

/// Views look in the day that the pointer names: with another day than the scan's they would be empty.
#[test]
fn a_pointer_that_names_another_day_than_the_scans_own_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    publish(folder.path(), &scan_id(1000), ScanStatus::Complete).unwrap();
    let pointer = json!({"scan_id": scan_id(1000).as_str(), "scan_date": "2026-11-30", "schema_version": 1});
    std::fs::write(folder.path().join("latest.json"), pointer.to_string()).unwrap();
    let error = resolve(folder.path(), &ScanSelector::Latest).unwrap_err();
    assert_says(&error, &["latest.json", "2026-11-30", "1970-01-01", "remove"]);
}

#[test]
fn a_file_of_another_size_is_refused_by_everything_that_reads_the_scan() {
    let folder = tempfile::tempdir().unwrap();
    let (root, id) = (folder.path(), scan_id(1000));
    published(root, &id);
    let keys = file_of(root, "access_keys", &id);
    let whole = std::fs::read(&keys).unwrap();
    let selector = ScanSelector::Id(id.clone());
    for damaged in [&whole[..0], &whole[..10], &whole[..whole.len() - 1], &[&whole[..], b"x"].concat()] {
        std::fs::write(&keys, damaged).unwrap();
        let wanted = std::collections::BTreeSet::from([ACCOUNT]);
        for error in [
            is_complete(root, &id).unwrap_err(),
            is_unchanged(root, &id).unwrap_err(),
            read::<AccessKey>(root, &selector).unwrap_err(),
            lookup::<AccessKey>(root, &selector, "account_id", &wanted).unwrap_err(),
            of_accounts(root, &id, AccessKey::SCHEMA).unwrap_err(),
        ] {
            let sizes = format!("(it has {} bytes, expected {})", damaged.len(), whole.len());
            let path = keys.to_str().unwrap();
            assert_says(
                &error,
                &[path, "differs from what was published", &sizes, "restore it, or scan again"],
            );
        }
    }
    std::fs::write(&keys, &whole).unwrap();
    is_unchanged(root, &id).unwrap();
}

#[test]
fn a_file_of_the_same_size_and_other_bytes_is_told_by_its_sha256() {
    let folder = tempfile::tempdir().unwrap();
    let (root, id) = (folder.path(), scan_id(1000));
    published(root, &id);
    let keys = file_of(root, "access_keys", &id);
    let mut bytes = std::fs::read(&keys).unwrap();
    bytes[40] ^= 1;
    std::fs::write(&keys, bytes).unwrap();
    is_complete(root, &id).unwrap();
    let error = is_unchanged(root, &id).unwrap_err();
    assert_says(
        &error,
        &[keys.to_str().unwrap(), "differs from what was published", "SHA-256", "restore it"],
    );
}

/// Reads a table of one account.
fn of_accounts(root: &Path, id: &ScanId, table: &'static TableSchema) -> Result<(), LakeError> {
    let scan = lake(root).scan(&ScanSelector::Id(id.clone()))?;
    scan.account(&[table], ACCOUNT.parse().unwrap()).map(drop)
}

/// The manifest is made to agree with what was put in the file's place: only the rows can tell.
fn replace(root: &Path, id: &ScanId, table: &str, by: &Path) {
    let path = file_of(root, table, id);
    std::fs::copy(by, &path).unwrap();
    let manifest = root.join(format!("manifests/v1/{id}.json"));
    let mut whole: serde_json::Value = serde_json::from_slice(&std::fs::read(&manifest).unwrap()).unwrap();
    for file in whole["files"].as_array_mut().unwrap() {
        if file["table"] == table {
            file["bytes"] = json!(std::fs::metadata(&path).unwrap().len());
        }
    }
    std::fs::write(manifest, whole.to_string()).unwrap();
}

#[test]
fn rows_of_another_scan_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (root, id, other) = (folder.path(), scan_id(1000), scan_id(2000));
    published(root, &id);
    published(root, &other);
    replace(root, &id, "access_keys", &file_of(root, "access_keys", &other));
    let selector = ScanSelector::Id(id.clone());
    let wanted = std::collections::BTreeSet::from([ACCOUNT]);
    for error in [
        read::<AccessKey>(root, &selector).unwrap_err(),
        lookup::<AccessKey>(root, &selector, "account_id", &wanted).unwrap_err(),
        of_accounts(root, &id, AccessKey::SCHEMA).unwrap_err(),
    ] {
        let path = file_of(root, "access_keys", &id);
        assert_says(&error, &[path.to_str().unwrap(), other.as_str(), id.as_str(), "restore it"]);
    }
}

/// A table whose rows belong to accounts, and a file that names none: its rows would be lost without a word.
#[test]
fn a_file_without_the_column_that_names_the_account_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (root, id) = (folder.path(), scan_id(1000));
    published(root, &id);
    replace(root, &id, "principals", &file_of(root, "scans", &id));
    let error = of_accounts(root, &id, Principal::SCHEMA).unwrap_err();
    let path = file_of(root, "principals", &id);
    assert_says(&error, &[path.to_str().unwrap(), "account_id", "restore it, or scan again"]);
}

/// A scan with one finished account, that ended before its end.
fn unpublished(root: &Path, id: &ScanId) -> std::path::PathBuf {
    let mut begun = writer(root, id);
    let rows: Arc<dyn Rows> = Arc::new(vec![key(ACCOUNT, "arn:a", 1)]);
    spool(&mut begun, Place::Finished, account(), &[rows], json!({})).unwrap();
    begun.belongs_to("o-exampleorgid 111122223333").unwrap();
    let usage = orgsweep_model::Usage::default();
    usage.count("sts", "GetCallerIdentity", |counts| counts.calls = 1);
    begun.keep_usage(&usage).unwrap();
    root.join(format!("staging/{id}"))
}

#[test]
fn what_is_kept_of_a_scan_and_is_damaged_is_named_with_the_folder_to_delete() {
    let cases: [(&str, &[u8], &str); 6] = [
        ("access_keys.rows", b"", "journal expects"),
        ("journal.jsonl", b"no JSON\n", "line 1"),
        (
            "journal.jsonl",
            b"{\"account\":\"111111111111\",\"spans\":{\"../../x\":[[0,0]]},\"tally\":{}}\n",
            "line 1",
        ),
        ("usage.jsonl", b"no JSON\n", "line 1"),
        ("organization", b"", "organization"),
        ("organization", b"\xff\xfe", "organization"),
    ];
    for (name, bytes, wanted) in cases {
        let folder = tempfile::tempdir().unwrap();
        let id = scan_id(1000);
        let staging = unpublished(folder.path(), &id);
        std::fs::write(staging.join(name), bytes).unwrap();
        let again = ScanWriter::resume(&lake(folder.path()), &id, tables());
        let error = again.and_then(|again| again.belongs_to("o-exampleorgid 111122223333")).unwrap_err();
        let path = staging.join(name);
        let way_out = format!("delete the folder {} and start a new scan", staging.display());
        assert_says(&error, &[path.to_str().unwrap(), wanted, &way_out]);
        assert!(!folder.path().join("x.rows").exists(), "the journal led out of its folder");
        // Nothing that could still be of use is taken away.
        assert!(staging.join("access_keys.rows").exists());
    }
}

#[test]
fn rows_that_were_kept_and_cannot_be_read_are_named_when_they_are_to_be_published() {
    let folder = tempfile::tempdir().unwrap();
    let id = scan_id(1000);
    let staging = unpublished(folder.path(), &id);
    let path = staging.join("access_keys.rows");
    let length = std::fs::metadata(&path).unwrap().len() as usize;
    std::fs::write(&path, vec![0xff; length]).unwrap();
    let again = ScanWriter::resume(&lake(folder.path()), &id, tables()).unwrap();
    let error = again.publish(&[], scan_record(ScanStatus::Complete), &json!({}), &mut |_| true).unwrap_err();
    let way_out = format!("delete the folder {} and start a new scan", staging.display());
    assert_says(&error, &[path.to_str().unwrap(), ACCOUNT, &way_out]);
    assert!(!folder.path().join("v1").exists());
}

/// Without its header a scan cannot go on; with finished accounts beside it, it is not nothing either.
#[test]
fn a_header_that_cannot_be_read_beside_finished_accounts_is_told() {
    let other = serde_json::to_string(&header(&scan_id(5))).unwrap();
    for text in [Some("no JSON"), Some(""), Some("{\"scan_id\": \"0"), Some("{}"), Some(&*other), None] {
        let folder = tempfile::tempdir().unwrap();
        let id = scan_id(1000);
        let staging = unpublished(folder.path(), &id);
        match text {
            Some(text) => std::fs::write(staging.join("scan.json"), text).unwrap(),
            None => std::fs::remove_file(staging.join("scan.json")).unwrap(),
        }
        assert_eq!(unfinished(folder.path()).unwrap(), [], "{text:?}");
        let damaged = damaged(folder.path()).unwrap();
        assert_eq!(damaged.len(), 1, "{text:?}");
        let (name, error) = &damaged[0];
        assert_eq!(name, id.as_str());
        let way_out = format!("delete the folder {} and start a new scan", staging.display());
        assert_says(error, &[staging.join("scan.json").to_str().unwrap(), &way_out]);
        // A new scan is not in its way.
        publish(folder.path(), &scan_id(2000), ScanStatus::Complete).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    unpublished(folder.path(), &scan_id(1000));
    assert!(damaged(folder.path()).unwrap().is_empty());
    std::fs::create_dir_all(folder.path().join("staging/torn")).unwrap();
    std::fs::write(folder.path().join("staging/torn/scan.json"), "").unwrap();
    assert!(damaged(folder.path()).unwrap().is_empty(), "nothing is kept there");
}

#[test]
fn a_shard_whose_header_cannot_be_read_is_named_with_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let id = scan_id(1000);
    let mut shard = ScanWriter::shard(&lake(folder.path()), &id, tables(), (0, 2), &header(&id)).unwrap();
    spool(&mut shard, Place::Finished, account(), &[], json!({})).unwrap();
    drop(shard);
    let staging = folder.path().join(format!("staging/{id}/shard-0-of-2"));
    std::fs::write(staging.join("scan.json"), "").unwrap();
    let way_out = format!("delete the folder {} and start a new scan", staging.display());
    for error in [
        ScanWriter::shard(&lake(folder.path()), &id, tables(), (0, 2), &header(&id)).err().unwrap(),
        ScanWriter::gather(&lake(folder.path()), &id, tables()).err().unwrap(),
    ] {
        assert_says(&error, &["scan.json", &way_out]);
    }
    assert!(damaged(folder.path()).unwrap().is_empty(), "the scan's own folder holds shards");
}
