//! The whole way, written, published and read back, over a store that has nothing but what an object store has: objects under
//! keys, in memory, that are never replaced, never renamed and never seen in part. It refuses what S3 would refuse.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Mutex;

use bytes::Bytes;

use orgsweep_model::records::TableReadOutcome;

use super::*;
use crate::{Lock, Object, Store, Version};

/// The one object that may change: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>.
const POINTER: &str = "latest.json";

#[derive(Debug, Default)]
struct MemoryStore {
    /// With the number of the write that stored each.
    objects: Mutex<BTreeMap<String, (Bytes, u64)>>,
    writes: Mutex<u64>,
    /// Another process stores a pointer just before this one swaps it, once.
    rival: Mutex<Option<Bytes>>,
    /// Of every ranged read.
    reads: Mutex<Vec<(String, Range<u64>)>>,
}

impl MemoryStore {
    fn refused(key: &str, problem: &str, kind: ErrorKind) -> LakeError {
        let source = std::io::Error::new(kind, problem.to_owned());
        LakeError::Io { doing: "storing", path: PathBuf::from(key), source }
    }

    fn store(&self, key: &str, bytes: Bytes) {
        let mut writes = self.writes.lock().unwrap();
        *writes += 1;
        self.objects.lock().unwrap().insert(key.to_owned(), (bytes, *writes));
    }

    fn keys(&self) -> Vec<String> {
        self.objects.lock().unwrap().keys().cloned().collect()
    }
}

impl Store for MemoryStore {
    fn location(&self, key: &str) -> PathBuf {
        // Nothing is at such a path: whoever opens it is found out.
        PathBuf::from(format!("memory://lake/{key}"))
    }

    /// PutObject with `If-None-Match: *`: 412 where the key is taken.
    fn put_new(&self, key: &str, file: &Path) -> Result<(), LakeError> {
        assert!(!key.starts_with('/') && !key.contains("//") && !key.contains(".."), "{key}");
        let bytes = std::fs::read(file).map_err(LakeError::io("reading", file))?;
        if self.objects.lock().unwrap().contains_key(key) {
            return Err(Self::refused(key, "412 PreconditionFailed", ErrorKind::AlreadyExists));
        }
        self.store(key, bytes.into());
        Ok(())
    }

    fn size(&self, key: &str) -> Result<Option<u64>, LakeError> {
        Ok(self.objects.lock().unwrap().get(key).map(|(bytes, _)| bytes.len() as u64))
    }

    /// GetObject with `Range`: 404 where there is no object, 416 where the range is not in it.
    fn read(&self, key: &str, range: Range<u64>) -> Result<Bytes, LakeError> {
        self.reads.lock().unwrap().push((key.to_owned(), range.clone()));
        let objects = self.objects.lock().unwrap();
        let (bytes, _) =
            objects.get(key).ok_or_else(|| Self::refused(key, "404 NoSuchKey", ErrorKind::NotFound))?;
        if range.start >= range.end || range.end > bytes.len() as u64 {
            return Err(Self::refused(key, "416 InvalidRange", ErrorKind::InvalidInput));
        }
        Ok(bytes.slice(range.start as usize..range.end as usize))
    }

    fn get(&self, key: &str) -> Result<Option<Object>, LakeError> {
        let objects = self.objects.lock().unwrap();
        let object = objects.get(key);
        Ok(object
            .map(|(bytes, write)| Object { bytes: bytes.clone(), version: Version(format!("\"{write}\"")) }))
    }

    /// PutObject with `If-Match: <etag>`, or with `If-None-Match: *`.
    fn swap(&self, key: &str, expected: Option<&Version>, file: &Path) -> Result<bool, LakeError> {
        assert_eq!(key, POINTER, "only the pointer may change");
        if let Some(rival) = self.rival.lock().unwrap().take() {
            self.store(key, rival);
        }
        if self.get(key)?.map(|object| object.version).as_ref() != expected {
            return Ok(false);
        }
        self.store(key, std::fs::read(file).map_err(LakeError::io("reading", file))?.into());
        Ok(true)
    }

    /// ListObjectsV2: by the beginning of the key; there are no folders.
    fn list(&self, folder: &str) -> Result<Vec<String>, LakeError> {
        let prefix = format!("{folder}/");
        Ok(self.keys().into_iter().filter(|key| key.starts_with(&prefix)).collect())
    }

    fn delete(&self, key: &str) -> Result<(), LakeError> {
        assert_ne!(key, POINTER, "the pointer is never removed");
        self.objects.lock().unwrap().remove(key);
        Ok(())
    }

    fn can_publish(&self) -> Result<(), LakeError> {
        Ok(())
    }

    fn lock(&self, _: &mut dyn FnMut(Duration) -> bool) -> Result<Lock, LakeError> {
        Ok(Lock::none())
    }
}

/// A lake in memory, and the folder where its unpublished scans are kept.
fn memory() -> (Arc<MemoryStore>, Lake, tempfile::TempDir) {
    let (store, folder) = (Arc::new(MemoryStore::default()), tempfile::tempdir().unwrap());
    let lake = Lake::over(store.clone(), &folder.path().join("staging"));
    (store, lake, folder)
}

fn started(lake: &Lake, id: &ScanId) -> ScanWriter {
    ScanWriter::create(lake, id, all_tables(&built_in_facts()), &header(id)).unwrap()
}

fn account(number: u64) -> AccountId {
    format!("{number:012}").parse().unwrap()
}

/// An account with a key, and with what its ledger says of two tables.
fn keep(writer: &mut ScanWriter, number: u64) {
    let name = format!("{number:012}");
    let mut record: ScanAccountRecord = row_of(0);
    record.account_id = account(number);
    let keys = vec![key(&name, "arn:a", 1), key(&name, "arn:b", 1)];
    let read = |table: &str, outcome, row_count| TableRead {
        account_id: account(number),
        table_name: table.to_owned(),
        outcome,
        row_count,
        ..row_of(0)
    };
    let reads = vec![
        read("access_keys", TableReadOutcome::Read, keys.len() as i64),
        read("principals", TableReadOutcome::Gap, 0),
    ];
    let rows: Vec<Arc<dyn Rows>> = vec![Arc::new(vec![record]), Arc::new(reads), Arc::new(keys)];
    spool(writer, Place::Finished, account(number), &rows, json!({})).unwrap();
}

fn published(lake: &Lake, id: &ScanId, accounts: impl IntoIterator<Item = u64>) {
    let mut writer = started(lake, id);
    accounts.into_iter().for_each(|number| keep(&mut writer, number));
    let done = writer.publish(&[], scan_record(ScanStatus::Complete), &json!({}), &mut |_| true).unwrap();
    assert_eq!(done.warnings, [] as [&str; 0]);
}

#[test]
fn a_scan_is_written_published_and_read_over_a_store_of_objects() {
    let (store, lake, folder) = memory();
    assert_eq!(lake.latest().unwrap(), None);
    assert_eq!(lake.first_scan_date().unwrap(), None);
    assert!(matches!(lake.scan(&ScanSelector::Latest), Err(LakeError::NoSuchScan { .. })));
    let (first, second) = (scan_id(1000), scan_id(86_400_000));
    published(&lake, &first, [2, 1]);
    published(&lake, &second, [3]);
    assert_eq!(lake.latest_scan_id().unwrap(), Some(second.clone()));
    assert_eq!(lake.first_scan_date().unwrap().as_deref(), Some("1970-01-01"));
    assert!(!folder.path().join("staging").exists(), "what is published is kept in staging no longer");

    let scan = lake.scan(&ScanSelector::Id(first.clone())).unwrap();
    scan.is_unchanged().unwrap();
    let keys: Vec<AccessKey> = scan.rows().unwrap();
    assert_eq!(keys.len(), 4);
    assert!(keys.is_sorted_by_key(|key| key.account_id));
    let wanted = account(2);
    let found: Vec<AccessKey> =
        scan.lookup("account_id", &BTreeSet::from([wanted.as_str()])).unwrap().unwrap();
    assert_eq!(found, keys[2..]);

    // Every key is one that the layout names.
    for key in store.keys() {
        let is_known = ["v1/", "manifests/v1/", POINTER].iter().any(|prefix| key.starts_with(prefix));
        assert!(is_known, "{key}");
    }
}

#[test]
fn a_committed_scan_is_refused_and_what_was_never_committed_is_replaced() {
    let (store, lake, _folder) = memory();
    let id = scan_id(1000);
    published(&lake, &id, [1]);
    let again = ScanWriter::create(&lake, &id, all_tables(&built_in_facts()), &header(&id));
    assert!(matches!(again.err(), Some(LakeError::AlreadyCommitted { .. })));
    // As after a crash just before the commit.
    store.delete(&crate::layout::table_key("scans", &id)).unwrap();
    assert!(matches!(lake.scan(&ScanSelector::Id(id.clone())), Err(LakeError::NoSuchScan { .. })));
    published(&lake, &id, [2]);
    let scan = lake.scan(&ScanSelector::Id(id)).unwrap();
    scan.is_unchanged().unwrap();
    assert_eq!(scan.rows::<AccessKey>().unwrap()[0].account_id, account(2));
}

#[test]
fn of_two_publishers_the_pointer_names_the_later_scan() {
    let (store, lake, _folder) = memory();
    let (first, second) = (scan_id(1000), scan_id(2000));
    published(&lake, &second, [1]);
    let pointer = store.get(POINTER).unwrap().unwrap().bytes;
    published(&lake, &scan_id(3000), [1]);
    // The earlier one looks at the pointer, and the later one stores it before the earlier one can.
    store.objects.lock().unwrap().remove(POINTER);
    *store.rival.lock().unwrap() = Some(pointer);
    let writer = started(&lake, &first);
    let done = writer.publish(&[], scan_record(ScanStatus::Complete), &json!({}), &mut |_| true).unwrap();
    assert_eq!(done.warnings.len(), 1, "{:?}", done.warnings);
    assert_eq!(lake.latest_scan_id().unwrap(), Some(second));
}

#[test]
fn a_file_is_read_in_pieces_and_not_page_by_page() {
    let (store, lake, _folder) = memory();
    let id = scan_id(1000);
    let mut writer = started(&lake, &id);
    for number in 1..=30 {
        let name = format!("{number:012}");
        let findings: Vec<FindingRecord> = (0..100)
            .map(|row| {
                let mut finding = finding(&name, &format!("arn:{row}"));
                let hash = |part: u64| {
                    orgsweep_model::finding_id::sha256_hex(format!("{number} {row} {part}").as_bytes())
                };
                finding.message = Some((0..10).map(hash).collect());
                finding
            })
            .collect();
        spool(&mut writer, Place::Finished, account(number), &[Arc::new(findings)], json!({})).unwrap();
    }
    writer.publish(&[], scan_record(ScanStatus::Complete), &json!({}), &mut |_| true).unwrap();
    let scan = lake.scan(&ScanSelector::Latest).unwrap();
    store.reads.lock().unwrap().clear();
    assert_eq!(scan.rows::<FindingRecord>().unwrap().len(), 3000);
    let reads = store.reads.lock().unwrap();
    let size = store.size(&crate::layout::table_key("findings", &id)).unwrap().unwrap();
    let bytes: u64 = reads.iter().map(|(_, range)| range.end - range.start).sum();
    assert!(size > 512 * 1024, "{size}: too small to say anything");
    assert!(reads.len() < 12, "{} reads of {size} bytes", reads.len());
    assert!(bytes < 3 * size, "{bytes} bytes of {size} were read");
}

fn wanted() -> [&'static TableSchema; 3] {
    [AccessKey::SCHEMA, Principal::SCHEMA, GroupMember::SCHEMA]
}

/// What a check that reads a stored scan sees: rows, a gap, or a table that was never read.
fn assert_has_its_own(tables: &orgsweep_model::Tables, number: u64) {
    let keys = tables.get::<AccessKey>().unwrap();
    assert_eq!(keys.len(), 2);
    assert!(keys.iter().all(|key| key.account_id == account(number)));
    assert!(tables.gap("principals").is_some() && tables.get::<Principal>().is_err());
    assert!(!tables.contains("group_members") && tables.get::<GroupMember>().is_err());
}

#[test]
fn accounts_come_back_in_order_with_their_rows_and_gaps() {
    let (_, lake, _folder) = memory();
    // More rows than a batch of the reader holds, so that accounts lie across its end.
    let numbers: Vec<u64> = (1..=3000).rev().collect();
    published(&lake, &scan_id(1000), numbers.iter().copied());
    let scan = lake.scan(&ScanSelector::Latest).unwrap();
    let mut seen = Vec::new();
    scan.each_account(&wanted(), &mut |account, tables| {
        let number: u64 = account.as_str().parse().unwrap();
        assert_has_its_own(&tables, number);
        seen.push(number);
        Ok::<(), LakeError>(())
    })
    .unwrap();
    assert_eq!(seen, (1..=3000).collect::<Vec<_>>());
    for number in [1, 1500, 3000] {
        assert_has_its_own(&scan.account(&wanted(), account(number)).unwrap(), number);
    }
    // An account that the scan does not have has no tables.
    let none = scan.account(&wanted(), account(9000)).unwrap();
    assert!(!none.contains("access_keys"));
}

/// A ledger that counts other rows than are there: what went missing would read as a pass.
#[test]
fn rows_that_the_ledger_does_not_count_are_refused() {
    let (_, lake, _folder) = memory();
    let id = scan_id(1000);
    let mut writer = started(&lake, &id);
    let mut record: ScanAccountRecord = row_of(0);
    record.account_id = account(1);
    let read = TableRead {
        account_id: account(1),
        table_name: "access_keys".to_owned(),
        outcome: TableReadOutcome::Read,
        row_count: 2,
        ..row_of(0)
    };
    let rows: Vec<Arc<dyn Rows>> =
        vec![Arc::new(vec![record]), Arc::new(vec![read]), Arc::new(vec![key("000000000001", "arn:a", 1)])];
    spool(&mut writer, Place::Finished, account(1), &rows, json!({})).unwrap();
    writer.publish(&[], scan_record(ScanStatus::Complete), &json!({}), &mut |_| true).unwrap();
    let scan = lake.scan(&ScanSelector::Latest).unwrap();
    let error = scan.account(&wanted(), account(1)).err().unwrap().to_string();
    assert!(
        error.contains("access_keys")
            && error.contains("000000000001")
            && error.contains("table_reads says 2"),
        "{error}"
    );
}

#[test]
fn tables_of_the_organization_come_with_the_management_accounts_ledger() {
    for outcome in [TableReadOutcome::Read, TableReadOutcome::Gap] {
        let (_, lake, _folder) = memory();
        let mut writer = started(&lake, &scan_id(1000));
        let record = scan_record(ScanStatus::Complete);
        let policies: Vec<OrganizationPolicy> = vec![row_of(1)];
        writer.record_read(TableRead {
            account_id: record.management_account_id,
            table_name: "organization_policies".to_owned(),
            outcome,
            row_count: 1,
            ..row_of(0)
        });
        let rows: Vec<Arc<dyn Rows>> = vec![Arc::new(policies.clone())];
        writer.publish(&rows, record, &json!({}), &mut |_| true).unwrap();
        let scan = lake.scan(&ScanSelector::Latest).unwrap();
        let tables = scan.organization(&[OrganizationPolicy::SCHEMA, AccessKey::SCHEMA]).unwrap();
        match outcome {
            TableReadOutcome::Read => {
                assert_eq!(tables.get::<OrganizationPolicy>().unwrap(), policies);
            }
            TableReadOutcome::Gap => {
                assert!(tables.gap("organization_policies").is_some());
            }
        }
        assert!(!tables.contains("access_keys"), "its rows belong to accounts");
    }
}

#[test]
fn a_location_that_is_no_folder_is_refused_and_latest_is_a_selector() {
    let error = Lake::open(Path::new("s3://bucket/lake")).err().unwrap().to_string();
    assert!(error.contains("s3://bucket/lake") && error.contains("local folder"), "{error}");
    assert_eq!("latest".parse(), Ok(ScanSelector::Latest));
    let id = scan_id(1);
    assert_eq!(id.to_string().parse(), Ok(ScanSelector::Id(id)));
    assert!("newest".parse::<ScanSelector>().is_err());
}
