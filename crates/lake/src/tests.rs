//! Rows → file → rows for every table, and the commit protocol, through the public door.

mod by_path;
mod damaged;
mod going_on;
mod shared_tables;
mod stores;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use orgsweep_model::facts::{
    AccessKey, Document, GroupMember, IdentityProvider, KeyStatus, OrganizationPolicy, Policy,
    PolicyAttachment, Principal, PrincipalTag, ServerCertificate, ServiceCredential,
};
use orgsweep_model::records::{
    ApiCallRecord, Change, CheckControlRecord, CheckRecord, CoverageRecord, FindingRecord, ScanAccountRecord,
    ScanRecord, ScanStatus, TableRead,
};
use orgsweep_model::{AccountId, ColumnType, Row, Rows, Severity, Status, TableSchema, Timestamp, Value};
use serde_json::json;

use crate::{
    Columns, Lake, LakeError, Place, ScanHeader, ScanId, ScanSelector, ScanWriter, all_tables,
    built_in_facts, schema_text,
};

use by_path::{latest_scan_id, read, unfinished};

fn moment(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap()
}

fn scan_id(milliseconds: i64) -> ScanId {
    ScanId::new(moment(milliseconds), [7; 10])
}

fn scan_record(status: ScanStatus) -> ScanRecord {
    ScanRecord {
        org_id: "o-exampleorgid".to_owned(),
        management_account_id: "111122223333".parse().unwrap(),
        started_at: moment(1_700_000_000_000),
        finished_at: moment(1_700_000_001_234),
        status,
        previous_scan_id: None,
        tool_version: "0.1.0".to_owned(),
        schema_version: 1,
        config_sha256: "00".to_owned(),
        accounts_in_scope: 1,
        accounts_scanned: 1,
        accounts_partial: 0,
        accounts_not_scanned: 0,
        api_calls: 9,
        throttles: 0,
        session_policy: Some("{\"Ü\":\"\\u0000 ' \\n\"}".to_owned()),
        duration_ms: 1234,
        api_attempts: Some(10),
        api_errors: None,
        response_bytes: Some(1 << 40),
        retried_scan_id: None,
        shards: Some(3),
        organization_gaps: None,
        aws_partition: None,
        ages_counted_to: None,
        checked_from_scan_id: None,
        configuration_json: None,
    }
}

fn finding(account: &str, resource: &str) -> FindingRecord {
    FindingRecord {
        observed_at: moment(-1),
        aws_partition: "aws".into(),
        account_id: account.parse().unwrap(),
        account_name: Some("=cmd|'/C calc'!A0\u{202e}\u{1b}[31m\n".into()),
        ou_id: None,
        ou_path: Some("".into()),
        region: "global".into(),
        service: "iam".into(),
        check_id: "iam-x".into(),
        check_title: "x".into(),
        check_version: i32::MAX,
        severity: Severity::High,
        severity_rank: 4,
        resource_type: "AWS::IAM::User".into(),
        resource_uid: resource.to_owned(),
        resource_name: None,
        subject: String::new(),
        owner: None,
        status: Status::Fail,
        status_code: None,
        message: Some("ü".repeat(5000)),
        finding_id: Some("id".to_owned()),
        change: Change::Unknown,
        first_seen_at: None,
        status_since: Some(moment(253_402_207_200_000)),
        open_days: Some(-5),
        suppressed: true,
        suppression_id: None,
        suppressed_until: None,
        evidence_json: None,
    }
}

fn key(account: &str, user: &str, slot: i32) -> AccessKey {
    AccessKey {
        account_id: account.parse().unwrap(),
        user_arn: user.to_owned(),
        slot,
        access_key_id: None,
        status: KeyStatus::Inactive,
        created_at: moment(1),
        last_used_at: None,
        age_days: 400,
        unused_days: None,
        last_used_service: None,
        last_used_region: Some("eu-central-1".to_owned()),
        owner: None,
    }
}

fn header(id: &ScanId) -> ScanHeader {
    ScanHeader {
        scan_id: id.to_string(),
        now: moment(1_700_000_000_000),
        config_sha256: "00".to_owned(),
        configuration: serde_json::Value::Null,
        tool_version: "0.1.0".to_owned(),
        retried_scan_id: None,
        checked_from_scan_id: None,
        roster_sha256: None,
    }
}

fn lake(root: &Path) -> Lake {
    Lake::open(root).unwrap()
}

fn writer(root: &Path, id: &ScanId) -> ScanWriter {
    ScanWriter::create(&lake(root), id, all_tables(&built_in_facts()), &header(id)).unwrap()
}

fn publish(root: &Path, id: &ScanId, status: ScanStatus) -> Result<(), LakeError> {
    ScanWriter::create(&lake(root), id, all_tables(&built_in_facts()), &header(id))?
        .publish(&[], scan_record(status), &json!({}), &mut |waited| waited < Duration::from_secs(60))
        .map(|_| ())
}

/// Keeps an account's rows.
fn spool(
    writer: &mut ScanWriter,
    place: Place,
    account: AccountId,
    rows: &[Arc<dyn Rows>],
    tally: serde_json::Value,
) -> Result<(), LakeError> {
    let maker = writer.column_encoder();
    let columns: Vec<Columns> = rows.iter().map(|rows| maker.columns(&**rows)).collect::<Result<_, _>>()?;
    writer.spool(place, account, &columns, tally)
}

#[test]
fn rows_come_back_as_they_went() {
    let folder = tempfile::tempdir().unwrap();
    let id = scan_id(1_700_000_000_000);
    let mut writer = writer(folder.path(), &id);
    let findings = vec![finding("111122223333", "arn:a"), finding("111122223333", "arn:b")];
    let keys = vec![key("111122223333", "arn:a", 1), key("111122223333", "arn:a", 2)];
    let batches: Vec<Arc<dyn Rows>> = vec![Arc::new(findings.clone()), Arc::new(keys.clone())];
    spool(&mut writer, Place::Finished, "111122223333".parse().unwrap(), &batches, json!({})).unwrap();
    let controls = vec![CheckControlRecord {
        check_id: "iam-x".to_owned(),
        framework: "cis_aws_foundations".to_owned(),
        framework_version: "3.0".to_owned(),
        control_id: "1.10".to_owned(),
    }];
    let whole: Vec<Arc<dyn Rows>> = vec![Arc::new(controls.clone())];
    writer.publish(&whole, scan_record(ScanStatus::Complete), &json!({}), &mut |_| true).unwrap();

    let latest = ScanSelector::Latest;
    assert_eq!(read::<FindingRecord>(folder.path(), &latest).unwrap(), findings);
    assert_eq!(read::<AccessKey>(folder.path(), &ScanSelector::Id(id)).unwrap(), keys);
    assert_eq!(read::<CheckControlRecord>(folder.path(), &latest).unwrap(), controls);
    assert_eq!(read::<ScanRecord>(folder.path(), &latest).unwrap(), [scan_record(ScanStatus::Complete)]);
    // Tables without a row have a file all the same.
    assert_eq!(read::<IdentityProvider>(folder.path(), &latest).unwrap(), []);
    assert_eq!(read::<CoverageRecord>(folder.path(), &latest).unwrap(), []);
}

#[test]
fn accounts_and_rows_are_in_order_whatever_order_they_came_in() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(folder.path(), &scan_id(1));
    for account in ["999999999999", "000000000001"] {
        let rows = vec![key(account, "arn:b", 1), key(account, "arn:a", 2), key(account, "arn:a", 1)];
        let batch: Arc<dyn Rows> = Arc::new(rows);
        spool(&mut writer, Place::Finished, account.parse().unwrap(), &[batch], json!({})).unwrap();
    }
    writer.publish(&[], scan_record(ScanStatus::Complete), &json!({}), &mut |_| true).unwrap();
    let read: Vec<(String, String, i32)> = read::<AccessKey>(folder.path(), &ScanSelector::Latest)
        .unwrap()
        .into_iter()
        .map(|row| (row.account_id.to_string(), row.user_arn, row.slot))
        .collect();
    let mut sorted = read.clone();
    sorted.sort();
    assert_eq!(read, sorted);
    assert_eq!(read.len(), 6);
}

#[test]
fn an_unpublished_scan_is_no_result_and_without_accounts_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("results/lake");
    drop(writer(&root, &scan_id(1)));
    assert!(!folder.path().join("results").exists(), "folders were made for nothing");
    // A folder that was there stays, and so does what somebody else put beside it.
    std::fs::create_dir_all(&root).unwrap();
    drop(writer(&root, &scan_id(1)));
    assert_eq!(std::fs::read_dir(&root).unwrap().count(), 0);
    let mut writer = writer(&root, &scan_id(1));
    let batch: Arc<dyn Rows> = Arc::new(vec![key("111122223333", "arn:a", 1)]);
    spool(&mut writer, Place::Finished, "111122223333".parse().unwrap(), &[batch], json!({})).unwrap();
    drop(writer);
    assert!(!root.join("v1").exists());
    assert!(matches!(read::<AccessKey>(&root, &ScanSelector::Latest), Err(LakeError::NoSuchScan { .. })));
    assert_eq!(unfinished(&root).unwrap(), [header(&scan_id(1))]);
}

#[test]
fn an_error_in_mid_publish_leaves_nothing_half_published() {
    let folder = tempfile::tempdir().unwrap();
    // The manifest's name is taken by a folder that cannot be removed as a file is.
    let id = scan_id(1);
    std::fs::create_dir_all(folder.path().join("manifests")).unwrap();
    std::fs::write(folder.path().join("manifests/v1"), "not a folder").unwrap();
    assert!(publish(folder.path(), &id, ScanStatus::Complete).is_err());
    let files: Vec<_> = walk(&folder.path().join("v1"));
    assert!(files.is_empty(), "{files:?}");
    assert!(!folder.path().join("latest.json").exists());
}

#[test]
fn a_pointer_that_cannot_be_moved_is_a_warning_and_not_a_lost_scan() {
    let folder = tempfile::tempdir().unwrap();
    let id = scan_id(1);
    let begun = writer(folder.path(), &id);
    // What stands in the way before a scan begins is refused then; this came while it ran.
    std::fs::create_dir(folder.path().join("latest.json")).unwrap();
    let published = begun.publish(&[], scan_record(ScanStatus::Complete), &json!({}), &mut |_| true).unwrap();
    assert_eq!(published.warnings.len(), 1, "{:?}", published.warnings);
    assert_eq!(read::<ScanRecord>(folder.path(), &ScanSelector::Id(id)).unwrap().len(), 1);
}

#[test]
fn a_column_of_another_type_is_named_and_not_read_as_missing() {
    let folder = tempfile::tempdir().unwrap();
    let id = scan_id(1);
    publish(folder.path(), &id, ScanStatus::Complete).unwrap();
    orgsweep_model::table! {
        /// The same name, another meaning.
        pub struct Changed in "scans" per account sorted by [org_id] {
            /// Is text in the file.
            org_id: Option<i64>,
        }
    }
    let error = read::<Changed>(folder.path(), &ScanSelector::Id(id)).unwrap_err().to_string();
    assert!(error.contains("org_id") && error.contains("Int64"), "{error}");
}

/// All files below a folder.
fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(walk(&path)) } else { files.push(path) }
    }
    files
}

#[test]
fn without_its_row_in_scans_a_scan_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let id = scan_id(1);
    publish(folder.path(), &id, ScanStatus::Complete).unwrap();
    // As after a crash between the data files and the commit.
    let committed = folder.path().join("v1/scans");
    std::fs::remove_dir_all(&committed).unwrap();
    let selector = ScanSelector::Id(id.clone());
    assert!(matches!(read::<AccessKey>(folder.path(), &selector), Err(LakeError::NoSuchScan { .. })));
    // The same scan can then be published after all.
    publish(folder.path(), &id, ScanStatus::Complete).unwrap();
    assert!(read::<AccessKey>(folder.path(), &selector).is_ok());
}

#[test]
fn a_committed_scan_is_never_written_again() {
    let folder = tempfile::tempdir().unwrap();
    publish(folder.path(), &scan_id(1), ScanStatus::Complete).unwrap();
    let again = publish(folder.path(), &scan_id(1), ScanStatus::Complete);
    assert!(matches!(again, Err(LakeError::AlreadyCommitted { .. })), "{again:?}");
}

#[test]
fn latest_moves_forward_only_and_not_to_a_partial_scan() {
    let folder = tempfile::tempdir().unwrap();
    let (early, middle, late) = (scan_id(1000), scan_id(2000), scan_id(3000));
    publish(folder.path(), &middle, ScanStatus::Complete).unwrap();
    publish(folder.path(), &early, ScanStatus::Complete).unwrap();
    assert_eq!(latest_scan_id(folder.path()).unwrap().as_deref(), Some(middle.as_str()));
    publish(folder.path(), &late, ScanStatus::Partial).unwrap();
    assert_eq!(latest_scan_id(folder.path()).unwrap().as_deref(), Some(middle.as_str()));
    assert_eq!(read::<ScanRecord>(folder.path(), &ScanSelector::Id(late)).unwrap().len(), 1);
}

#[test]
fn a_publisher_waits_for_another() {
    let folder = tempfile::tempdir().unwrap();
    let lock = std::fs::File::create(folder.path().join("orgsweep.lock")).unwrap();
    lock.lock().unwrap();
    let held = std::time::Duration::from_millis(300);
    let watch = std::time::Instant::now();
    let other = std::thread::spawn(move || {
        std::thread::sleep(held);
        drop(lock);
    });
    publish(folder.path(), &scan_id(1), ScanStatus::Complete).unwrap();
    assert!(watch.elapsed() >= held);
    other.join().unwrap();
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = publish(&file.join("lake"), &scan_id(1), ScanStatus::Complete).unwrap_err();
    assert!(error.to_string().contains("file/lake"), "{error}");
}

/// A word that a text column of a table can hold.
fn word(table: &str, column: &str) -> &'static str {
    match (table, column) {
        (_, "account_id" | "management_account_id") => "111122223333",
        (_, "account_status") => "ACTIVE",
        (_, "scan_state") => "PARTIAL",
        (_, "principal_kind") => "root",
        (_, "provider_kind") => "saml",
        (_, "policy_kind") => "trust",
        (_, "severity") => "high",
        (_, "change") => "UNKNOWN",
        ("access_keys", "status") => "Active",
        ("findings", "status") => "FAIL",
        ("scans", "status") => "COMPLETE",
        ("coverage", "outcome") => "NOT_RUN",
        ("table_reads", "outcome") => "GAP",
        _ => "text",
    }
}

/// A row of any table from values of the right types, nulls where they may be.
fn row_of<R: Row>(seed: i64) -> R {
    let schema: &TableSchema = R::SCHEMA;
    let mut lookup = |name: &'static str| {
        let column = schema.columns[schema.position(name).unwrap()];
        if column.nullable && seed % 2 == 0 {
            return Value::Null;
        }
        match column.kind {
            ColumnType::Text => Value::Text(word(schema.name, name)),
            ColumnType::Int => Value::Int(seed as i32),
            ColumnType::Big => Value::Big(seed << 33),
            ColumnType::Double => Value::Double(seed as f64 / 3.0),
            ColumnType::Bool => Value::Bool(true),
            ColumnType::Time => Value::Time(moment(seed)),
        }
    };
    R::from_values(&mut lookup).unwrap()
}

fn comes_back<R: Row>() {
    let folder = tempfile::tempdir().unwrap();
    let rows: Vec<R> = vec![row_of(0), row_of(1)];
    let mut writer = writer(folder.path(), &scan_id(1));
    let batch: Arc<dyn Rows> = Arc::new(rows.clone());
    spool(&mut writer, Place::Finished, "111122223333".parse().unwrap(), &[batch], json!({})).unwrap();
    writer.publish(&[], scan_record(ScanStatus::Complete), &json!({}), &mut |_| true).unwrap();
    let mut back = read::<R>(folder.path(), &ScanSelector::Latest).unwrap();
    // Sorted by the table's own order, which the two made-up rows need not be in.
    if back[0] != rows[0] {
        back.reverse();
    }
    assert_eq!(back, rows, "{}", R::SCHEMA.name);
}

/// Every stored table but `scans`, which publishing writes itself (`rows_come_back_as_they_went`).
#[test]
fn nulls_and_values_of_every_table_come_back() {
    comes_back::<ScanAccountRecord>();
    comes_back::<CoverageRecord>();
    comes_back::<TableRead>();
    comes_back::<ApiCallRecord>();
    comes_back::<FindingRecord>();
    comes_back::<CheckRecord>();
    comes_back::<CheckControlRecord>();
    comes_back::<Principal>();
    comes_back::<AccessKey>();
    comes_back::<ServiceCredential>();
    comes_back::<ServerCertificate>();
    comes_back::<IdentityProvider>();
    comes_back::<PrincipalTag>();
    comes_back::<GroupMember>();
    comes_back::<Policy>();
    comes_back::<PolicyAttachment>();
    comes_back::<OrganizationPolicy>();
    comes_back::<Document>();
    assert_eq!(all_tables(&built_in_facts()).len(), 28, "a new table: add it here");
}

#[test]
fn the_schema_text_names_every_column_once() {
    let text = schema_text(&all_tables(&built_in_facts()));
    let mut lines: Vec<&str> = text.lines().collect();
    let count = lines.len();
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines.len(), count);
    assert!(text.contains("findings.account_id string not null 4\n"), "{text}");
}
