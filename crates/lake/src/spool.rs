//! Finished accounts on local disk until the scan is published: one file a table, one Arrow IPC stream an account, and a
//! journal that says which accounts are whole.
//!
//! A killed process leaves at most a torn end: bytes after the last account that the journal names, and half a line of
//! the journal. Opening the spool again cuts both off.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use orgsweep_model::{AccountId, Rows};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::batch::record_batch;
use crate::error::LakeError;

/// Which accounts are whole, a line each.
const JOURNAL: &str = "journal.jsonl";
/// Held by the process that writes the spool.
pub const LOCK: &str = "lock";

/// Where some of an account's rows of a table are: offset and length.
type Span = (u64, u64);

/// One table's spool.
struct TableSpool {
    path: PathBuf,
    file: File,
    end: u64,
    spans: BTreeMap<AccountId, Vec<Span>>,
}

/// A whole account, as the journal keeps it.
#[derive(Serialize, Deserialize)]
struct Entry {
    account: AccountId,
    spans: BTreeMap<String, Vec<Span>>,
    tally: Json,
}

/// The spools of a scan. In memory: a few bytes an account and table.
pub struct Spool {
    folder: PathBuf,
    scan_id: String,
    tables: BTreeMap<String, TableSpool>,
    journal: File,
    _lock: File,
    finished: BTreeMap<AccountId, Json>,
}

impl Spool {
    /// A spool in a folder: empty, or what an earlier process left there.
    pub fn open(folder: &Path, scan_id: &str) -> Result<Self, LakeError> {
        fs::create_dir_all(folder).map_err(LakeError::io("creating folder", folder))?;
        let lock_path = folder.join(LOCK);
        let lock = open_file(&lock_path)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(LakeError::InUse { path: folder.to_owned() }),
            Err(fs::TryLockError::Error(source)) => {
                return Err(LakeError::Io { doing: "locking", path: lock_path, source });
            }
        }
        let path = folder.join(JOURNAL);
        let mut journal = open_file(&path)?;
        let mut text = Vec::new();
        journal.read_to_end(&mut text).map_err(LakeError::io("reading", &path))?;
        let mut spool = Self {
            folder: folder.to_owned(),
            scan_id: scan_id.to_owned(),
            tables: BTreeMap::new(),
            journal,
            _lock: lock,
            finished: BTreeMap::new(),
        };
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        for line in text[..whole].split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let entry: Entry = serde_json::from_slice(line).map_err(LakeError::format("reading", &path))?;
            spool.remember(entry)?;
        }
        // Whatever follows the last whole account was never counted.
        spool.journal.set_len(whole as u64).map_err(LakeError::io("writing", &path))?;
        spool.journal.seek(SeekFrom::End(0)).map_err(LakeError::io("writing", &path))?;
        for table in spool.tables.values_mut() {
            table.file.set_len(table.end).map_err(LakeError::io("writing", &table.path))?;
            table.file.seek(SeekFrom::End(0)).map_err(LakeError::io("writing", &table.path))?;
        }
        Ok(spool)
    }

    fn remember(&mut self, entry: Entry) -> Result<(), LakeError> {
        for (name, spans) in entry.spans {
            let table = self.table(&name)?;
            let end = spans.iter().map(|(offset, length)| offset + length).max().unwrap_or(0);
            let there = table.file.metadata().map_err(LakeError::io("reading", &table.path))?.len();
            if end > there {
                let problem = format!("the journal counts on {end} bytes and there are {there}");
                return Err(LakeError::Format { doing: "going on with", path: table.path.clone(), problem });
            }
            table.end = table.end.max(end);
            table.spans.insert(entry.account, spans);
        }
        self.finished.insert(entry.account, entry.tally);
        Ok(())
    }

    fn table(&mut self, name: &str) -> Result<&mut TableSpool, LakeError> {
        if !self.tables.contains_key(name) {
            let path = self.folder.join(format!("{name}.arrow"));
            let file = open_file(&path)?;
            let table = TableSpool { path, file, end: 0, spans: BTreeMap::new() };
            self.tables.insert(name.to_owned(), table);
        }
        self.tables.get_mut(name).ok_or_else(|| LakeError::Format {
            doing: "spooling",
            path: self.folder.clone(),
            problem: name.to_owned(),
        })
    }

    /// Adds some of an account's rows of one table.
    pub fn add(&mut self, account: AccountId, rows: &dyn Rows) -> Result<(), LakeError> {
        if rows.is_empty() {
            return Ok(());
        }
        let name = rows.schema().name;
        let batch = record_batch(rows, &self.scan_id)
            .map_err(LakeError::format("building rows for", &self.folder.join(name)))?;
        self.add_batch(account, name, &batch)
    }

    /// Adds some of an account's rows of one table, ready made.
    pub fn add_batch(
        &mut self,
        account: AccountId,
        table: &str,
        batch: &RecordBatch,
    ) -> Result<(), LakeError> {
        if self.finished.contains_key(&account) {
            let problem = format!("account {account} is finished already; its rows must not be there twice");
            return Err(LakeError::Format { doing: "spooling", path: self.folder.clone(), problem });
        }
        let table = self.table(table)?;
        let bytes = encode(batch).map_err(LakeError::format("encoding rows for", &table.path))?;
        table.file.write_all(&bytes).map_err(LakeError::io("writing", &table.path))?;
        let length = bytes.len() as u64;
        table.spans.entry(account).or_default().push((table.end, length));
        table.end += length;
        Ok(())
    }

    /// Drops the rows of an account that is not finished: nobody counts on them any more.
    pub fn forget(&mut self, account: AccountId) {
        if !self.finished.contains_key(&account) {
            self.tables.values_mut().for_each(|table| drop(table.spans.remove(&account)));
        }
    }

    /// Counts the account as whole, with what it adds to the scan's sums.
    pub fn finish(&mut self, account: AccountId, tally: Json) -> Result<(), LakeError> {
        let spans = self
            .tables
            .iter()
            .filter_map(|(name, table)| Some((name.clone(), table.spans.get(&account)?.clone())))
            .collect();
        let entry = Entry { account, spans, tally };
        let path = self.folder.join(JOURNAL);
        let mut line = serde_json::to_vec(&entry).map_err(LakeError::format("writing", &path))?;
        line.push(b'\n');
        self.journal.write_all(&line).map_err(LakeError::io("writing", &path))?;
        self.finished.insert(account, entry.tally);
        Ok(())
    }

    /// The whole accounts, with what each adds to the scan's sums.
    pub fn finished(&self) -> &BTreeMap<AccountId, Json> {
        &self.finished
    }

    /// The accounts that have rows of a table.
    pub fn accounts_of(&self, table: &str) -> impl Iterator<Item = AccountId> {
        let accounts = self.tables.get(table).into_iter().flat_map(|table| table.spans.keys().copied());
        accounts.filter(|account| self.finished.contains_key(account))
    }

    /// Hands over an account's batches of a table.
    pub fn batches(
        &mut self,
        table: &str,
        account: AccountId,
        take: &mut dyn FnMut(RecordBatch) -> Result<(), LakeError>,
    ) -> Result<(), LakeError> {
        let Some(spool) = self.tables.get_mut(table) else {
            return Ok(());
        };
        let mut buffer = Vec::new();
        for (offset, length) in spool.spans.get(&account).into_iter().flatten() {
            spool.file.seek(SeekFrom::Start(*offset)).map_err(LakeError::io("reading", &spool.path))?;
            buffer.resize(*length as usize, 0);
            spool.file.read_exact(&mut buffer).map_err(LakeError::io("reading", &spool.path))?;
            let reader = StreamReader::try_new(buffer.as_slice(), None)
                .map_err(LakeError::format("decoding rows of", &spool.path))?;
            for batch in reader {
                take(batch.map_err(LakeError::format("decoding rows of", &spool.path))?)?;
            }
        }
        Ok(())
    }
}

fn open_file(path: &Path) -> Result<File, LakeError> {
    File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(LakeError::io("opening", path))
}

fn encode(batch: &RecordBatch) -> Result<Vec<u8>, arrow::error::ArrowError> {
    let mut bytes = Vec::new();
    let mut writer = StreamWriter::try_new(&mut bytes, &batch.schema())?;
    writer.write(batch)?;
    writer.finish()?;
    drop(writer);
    Ok(bytes)
}
