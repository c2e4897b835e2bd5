//! Scans that end before their end: spools that are opened again, shared out, or filled from an earlier scan.

use super::*;
use orgsweep_model::facts::{Policy, Role};

#[test]
fn a_killed_scan_goes_on_with_its_whole_accounts_and_nothing_torn() {
    let folder = tempfile::tempdir().unwrap();
    let id = scan_id(1);
    let rows = |account: &str| -> Arc<dyn Rows> { Arc::new(vec![key(account, "arn:a", 1)]) };
    let mut begun = writer(folder.path(), &id);
    spool(
        &mut begun,
        Place::Finished,
        "222222222222".parse().unwrap(),
        &[rows("222222222222")],
        json!({"n": 2}),
    )
    .unwrap();
    drop(begun);
    // As after a kill in the middle of the next account: bytes without a journal line, and half a line.
    let staging = folder.path().join(format!("staging/{id}"));
    for file in ["access_keys.rows", "journal.jsonl"] {
        let mut torn = std::fs::File::options().append(true).open(staging.join(file)).unwrap();
        std::io::Write::write_all(&mut torn, b"{\"account\":\"333").unwrap();
    }
    let mut again = ScanWriter::resume(&lake(folder.path()), &id, all_tables(&built_in_facts())).unwrap();
    let finished: Vec<(String, serde_json::Value)> =
        again.tallies().map(|(account, tally)| (account.to_string(), tally.clone())).collect();
    assert_eq!(finished, [("222222222222".to_owned(), json!({"n": 2}))]);
    spool(&mut again, Place::Finished, "111111111111".parse().unwrap(), &[rows("111111111111")], json!({}))
        .unwrap();
    again.publish(&[], scan_record(ScanStatus::Complete), &json!({}), &mut |_| true).unwrap();
    let accounts: Vec<String> = read::<AccessKey>(folder.path(), &ScanSelector::Latest)
        .unwrap()
        .into_iter()
        .map(|row| row.account_id.to_string())
        .collect();
    assert_eq!(accounts, ["111111111111", "222222222222"]);
    assert!(!folder.path().join("staging").exists());
}

#[test]
fn rows_that_another_version_kept_are_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let id = scan_id(1);
    let mut begun = writer(folder.path(), &id);
    let rows: Arc<dyn Rows> = Arc::new(vec![key("222222222222", "arn:a", 1)]);
    spool(&mut begun, Place::Finished, "222222222222".parse().unwrap(), &[rows], json!({})).unwrap();
    drop(begun);
    let format = folder.path().join(format!("staging/{id}/format"));
    let resume = || ScanWriter::resume(&lake(folder.path()), &id, all_tables(&built_in_facts()));
    for other in [Some("1"), None] {
        match other {
            Some(other) => std::fs::write(&format, other).unwrap(),
            None => std::fs::remove_file(&format).unwrap(),
        }
        let error = resume().err().map(|error| error.to_string()).unwrap_or_default();
        assert!(
            error.contains("these files were written by an incompatible version; start a new scan"),
            "{error}"
        );
    }
}

#[test]
fn two_processes_never_write_one_scan() {
    let folder = tempfile::tempdir().unwrap();
    let id = scan_id(1);
    let first = writer(folder.path(), &id);
    let tables = || all_tables(&built_in_facts());
    let second = ScanWriter::create(&lake(folder.path()), &id, tables(), &header(&id));
    assert!(matches!(second, Err(LakeError::InUse { .. })));
    assert!(matches!(ScanWriter::resume(&lake(folder.path()), &id, tables()), Err(LakeError::InUse { .. })));
    drop(first);
    assert!(ScanWriter::create(&lake(folder.path()), &id, tables(), &header(&id)).is_ok());
}

#[test]
fn shards_are_published_as_one_in_order_of_account() {
    let folder = tempfile::tempdir().unwrap();
    let id = scan_id(1);
    let tables = || all_tables(&built_in_facts());
    for (index, accounts) in [(0, ["333333333333", "111111111111"]), (1, ["222222222222", "444444444444"])] {
        let mut shard =
            ScanWriter::shard(&lake(folder.path()), &id, tables(), (index, 2), &header(&id)).unwrap();
        for account in accounts {
            let rows: Arc<dyn Rows> = Arc::new(vec![key(account, "arn:a", 1)]);
            spool(&mut shard, Place::Finished, account.parse().unwrap(), &[rows], json!({})).unwrap();
        }
    }
    // A shard that is run again has what it had; one of another configuration is refused.
    let again = ScanWriter::shard(&lake(folder.path()), &id, tables(), (0, 2), &header(&id)).unwrap();
    assert_eq!(again.finished().count(), 2);
    drop(again);
    let other = ScanHeader { config_sha256: "ff".to_owned(), ..header(&id) };
    assert!(ScanWriter::shard(&lake(folder.path()), &id, tables(), (0, 2), &other).is_err());

    let (whole, headers) = ScanWriter::gather(&lake(folder.path()), &id, tables()).unwrap();
    assert_eq!(headers.len(), 2);
    assert_eq!(whole.finished().count(), 4);
    whole.publish(&[], scan_record(ScanStatus::Complete), &json!({}), &mut |_| true).unwrap();
    let keys: Vec<AccessKey> = read(folder.path(), &ScanSelector::Latest).unwrap();
    assert!(keys.is_sorted_by_key(|row| row.account_id));
    assert_eq!(keys.len(), 4);
    assert!(!folder.path().join("staging").exists());
}

#[test]
fn a_finished_account_takes_no_more_rows() {
    let folder = tempfile::tempdir().unwrap();
    let account = "111111111111".parse().unwrap();
    let rows = || -> Vec<Arc<dyn Rows>> { vec![Arc::new(vec![key("111111111111", "arn:a", 1)])] };
    let mut writer = writer(folder.path(), &scan_id(1));
    spool(&mut writer, Place::Finished, account, &rows(), json!({})).unwrap();
    assert!(spool(&mut writer, Place::Finished, account, &rows(), json!({})).is_err());
}

#[test]
fn what_was_put_aside_is_published_and_never_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let id = scan_id(1);
    let rows = |account: &str| -> Vec<Arc<dyn Rows>> { vec![Arc::new(vec![key(account, "arn:a", 1)])] };
    let mut stopped = writer(folder.path(), &id);
    spool(&mut stopped, Place::Finished, "222222222222".parse().unwrap(), &rows("222222222222"), json!({}))
        .unwrap();
    spool(&mut stopped, Place::Unfinished, "111111111111".parse().unwrap(), &rows("111111111111"), json!({}))
        .unwrap();
    drop(stopped);
    let mut again = ScanWriter::resume(&lake(folder.path()), &id, all_tables(&built_in_facts())).unwrap();
    assert_eq!(again.finished().count(), 1);
    spool(&mut again, Place::Unfinished, "333333333333".parse().unwrap(), &rows("333333333333"), json!({}))
        .unwrap();
    again.publish(&[], scan_record(ScanStatus::Complete), &json!({}), &mut |_| true).unwrap();
    let keys: Vec<AccessKey> = read(folder.path(), &ScanSelector::Latest).unwrap();
    let accounts: Vec<String> = keys.iter().map(|row| row.account_id.to_string()).collect();
    assert_eq!(accounts, ["222222222222", "333333333333"]);
}

#[test]
fn a_torn_header_stands_in_nobodys_way() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("staging/torn")).unwrap();
    std::fs::write(folder.path().join("staging/torn/scan.json"), "").unwrap();
    assert_eq!(unfinished(folder.path()).unwrap(), []);
}

#[test]
fn the_calls_of_every_process_are_counted_and_a_torn_line_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let id = scan_id(1);
    let usage = |calls: u64, worst: u64| {
        let usage = orgsweep_model::Usage::default();
        usage.count("sts", "GetCallerIdentity", |counts| {
            (counts.calls, counts.worst_milliseconds) = (calls, worst);
        });
        usage
    };
    let mut begun = writer(folder.path(), &id);
    spool(&mut begun, Place::Finished, "111111111111".parse().unwrap(), &[], json!({})).unwrap();
    for (calls, worst) in [(1, 5), (3, 9), (3, 9)] {
        begun.keep_usage(&usage(calls, worst)).unwrap();
    }
    assert_eq!(begun.earlier_usage().calls(), 0, "its own are counted where they are made");
    drop(begun);
    let path = folder.path().join(format!("staging/{id}/usage.jsonl"));
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), 2, "{text}");
    std::fs::write(&path, text + "[{\"service\":\"st").unwrap();
    let mut again = ScanWriter::resume(&lake(folder.path()), &id, all_tables(&built_in_facts())).unwrap();
    again.keep_usage(&usage(2, 7)).unwrap();
    drop(again);
    let last = ScanWriter::resume(&lake(folder.path()), &id, all_tables(&built_in_facts())).unwrap();
    let counts = last.earlier_usage().total();
    assert_eq!((counts.calls, counts.worst_milliseconds), (5, 9));
}

/// Facts that wait to be judged come back as they were collected: rows, parts, gaps and texts.
#[test]
fn what_is_collected_and_not_judged_is_kept_for_who_resumes() {
    let folder = tempfile::tempdir().unwrap();
    let id = scan_id(1);
    let account: orgsweep_model::AccountId = "111111111111".parse().unwrap();
    let denied = orgsweep_model::Gap::new(orgsweep_model::Reason::Denied).during("iam:ListRoles");
    let at = moment(1_700_000_000_000);
    let reads = vec![
        TableRead::of(account, "access_keys", Ok(1), at),
        TableRead::of(account, "own_policies", Ok(0), at),
        TableRead::of(account, "roles", Err(&denied), at),
    ];
    let documents = vec![Document::of("{}")];
    let mut begun = writer(folder.path(), &id);
    let encoder = begun.column_encoder();
    let rows: [&dyn Rows; 3] = [&reads, &vec![key("111111111111", "arn:a", 1)], &documents];
    let rows: Vec<_> = rows.into_iter().map(|rows| encoder.columns(rows).unwrap()).collect();
    begun.keep_collected(account, &rows).unwrap();
    let management = "222222222222".parse().unwrap();
    begun.keep_organization(management, &rows[2..]).unwrap();
    drop(begun);

    let mut again = ScanWriter::resume(&lake(folder.path()), &id, all_tables(&built_in_facts())).unwrap();
    assert_eq!((again.not_judged(), again.finished().count()), (vec![account], 0));
    let collected = again.collected().unwrap();
    assert_eq!(collected.rows::<TableRead>(account).unwrap(), reads);
    let tables = collected.tables(account, &[AccessKey::SCHEMA, Role::SCHEMA, Policy::SCHEMA]).unwrap();
    assert_eq!(tables.get::<AccessKey>().unwrap().len(), 1);
    assert_eq!(tables.gap("roles"), Some(&denied));
    assert_eq!(tables.rows_of::<Document>(), documents);
    let tables = [orgsweep_model::facts::OrganizationPolicy::SCHEMA];
    assert!(again.kept_organization(management, &tables).unwrap().is_some());
    assert!(again.kept_organization(account, &tables).unwrap().is_none());
    // Once it is judged, it waits no more; and what waited is no part of the scan.
    spool(&mut again, Place::Finished, account, &[], json!({})).unwrap();
    assert_eq!(again.not_judged(), []);
    again.publish(&[], scan_record(ScanStatus::Complete), &json!({}), &mut |_| true).unwrap();
    assert_eq!(read::<AccessKey>(folder.path(), &ScanSelector::Latest).unwrap(), []);
}

/// A check of a stored scan that was killed asks nothing of AWS, and is nothing to resume with AWS.
#[test]
fn what_is_left_of_a_killed_check_is_not_resumed_and_goes_with_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let id = scan_id(2000);
    let checking = ScanHeader { checked_from_scan_id: Some(scan_id(1000).to_string()), ..header(&id) };
    let lake = lake(folder.path());
    let mut killed = ScanWriter::create(&lake, &id, all_tables(&built_in_facts()), &checking).unwrap();
    spool(&mut killed, Place::Finished, "111111111111".parse().unwrap(), &[], json!({})).unwrap();
    // Another process is at it.
    lake.remove_abandoned_checks().unwrap();
    let staging = folder.path().join("staging");
    assert!(staging.join(id.as_str()).exists());
    drop(killed);
    assert_eq!(lake.unfinished().unwrap(), []);
    let mut scan = writer(folder.path(), &scan_id(3000));
    spool(&mut scan, Place::Finished, "111111111111".parse().unwrap(), &[], json!({})).unwrap();
    drop(scan);
    lake.remove_abandoned_checks().unwrap();
    assert!(!staging.join(id.as_str()).exists());
    assert_eq!(lake.unfinished().unwrap().len(), 1);
}

/// Accounts are judged while others still come: what is read back moves no row that is written after.
#[test]
fn facts_that_wait_are_read_and_written_in_turns() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(folder.path(), &scan_id(1));
    let encoder = writer.column_encoder();
    let ids = ["111111111111", "222222222222", "333333333333"];
    let rows = |id: &str| {
        let keys = vec![key(id, &format!("arn:{id}"), 1)];
        [encoder.columns(&keys).unwrap()]
    };
    let stored = |writer: &mut ScanWriter, id: &str| -> Vec<AccessKey> {
        writer.collected().unwrap().rows(id.parse().unwrap()).unwrap()
    };
    for id in &ids[..2] {
        writer.keep_collected(id.parse().unwrap(), &rows(id)).unwrap();
    }
    assert_eq!(stored(&mut writer, ids[0]), [key(ids[0], "arn:111111111111", 1)]);
    writer.keep_collected(ids[2].parse().unwrap(), &rows(ids[2])).unwrap();
    for id in ids {
        assert_eq!(stored(&mut writer, id), [key(id, &format!("arn:{id}"), 1)]);
    }
}
