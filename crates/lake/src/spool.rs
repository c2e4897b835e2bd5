//! Finished accounts on local disk until the scan is published: one file a table, Arrow IPC messages of one batch each, and
//! a journal that says which accounts are whole. The table's schema is known and not repeated for every account.
//!
//! A killed process leaves at most a torn end: bytes after the last account that the journal names, and half a line of
//! the journal. Opening the spool again cuts both off.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::buffer::Buffer;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamDecoder;
use arrow::ipc::writer::StreamWriter;
use orgsweep_model::{AccountId, Rows, TableSchema};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::batch::record_batch;
use crate::error::LakeError;
use crate::schema::arrow_schema;

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
    /// Once rows came or were asked for.
    codec: Option<Codec>,
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
    finished: BTreeSet<AccountId>,
    /// Of the accounts that were whole when the spool was opened.
    tallies: Vec<(AccountId, Json)>,
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
            finished: BTreeSet::new(),
            tallies: Vec::new(),
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
        self.finished.insert(entry.account);
        self.tallies.push((entry.account, entry.tally));
        Ok(())
    }

    fn table(&mut self, name: &str) -> Result<&mut TableSpool, LakeError> {
        if !self.tables.contains_key(name) {
            let path = self.folder.join(format!("{name}.arrow"));
            let file = open_file(&path)?;
            let table = TableSpool { path, file, end: 0, spans: BTreeMap::new(), codec: None };
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
        let scan_id = self.scan_id.clone();
        self.append(account, rows.schema(), &mut |schema| record_batch(rows, &scan_id, schema))
    }

    /// Adds some of an account's rows of one table, ready made.
    pub fn add_batch(
        &mut self,
        account: AccountId,
        table: &'static TableSchema,
        batch: &RecordBatch,
    ) -> Result<(), LakeError> {
        self.append(account, table, &mut |_| Ok(batch.clone()))
    }

    fn append(
        &mut self,
        account: AccountId,
        table: &'static TableSchema,
        make: &mut dyn FnMut(&SchemaRef) -> Result<RecordBatch, ArrowError>,
    ) -> Result<(), LakeError> {
        if self.finished.contains(&account) {
            let problem = format!("account {account} is finished already; its rows must not be there twice");
            return Err(LakeError::Format { doing: "spooling", path: self.folder.clone(), problem });
        }
        let TableSpool { path, file, end, spans, codec } = self.table(table.name)?;
        let codec = Codec::of(codec, table).map_err(LakeError::format("encoding rows for", path))?;
        let batch = make(&codec.schema).map_err(LakeError::format("building rows for", path))?;
        let bytes = codec.encode(&batch).map_err(LakeError::format("encoding rows for", path))?;
        file.write_all(bytes).map_err(LakeError::io("writing", path))?;
        let length = bytes.len() as u64;
        spans.entry(account).or_default().push((*end, length));
        *end += length;
        Ok(())
    }

    /// Drops the rows of an account that is not finished: nobody counts on them any more.
    pub fn forget(&mut self, account: AccountId) {
        if !self.finished.contains(&account) {
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
        self.finished.insert(account);
        Ok(())
    }

    /// The whole accounts.
    pub fn finished(&self) -> &BTreeSet<AccountId> {
        &self.finished
    }

    /// What each account adds to the scan's sums that was whole when the spool was opened. What came later was handed in by
    /// whoever asks, and is not kept in memory a second time.
    pub fn tallies(&self) -> &[(AccountId, Json)] {
        &self.tallies
    }

    /// The accounts that have rows of a table.
    pub fn accounts_of(&self, table: &str) -> impl Iterator<Item = AccountId> {
        let accounts = self.tables.get(table).into_iter().flat_map(|table| table.spans.keys().copied());
        accounts.filter(|account| self.finished.contains(account))
    }

    /// Hands over an account's batches of a table.
    pub fn batches(
        &mut self,
        table: &'static TableSchema,
        account: AccountId,
        take: &mut dyn FnMut(RecordBatch) -> Result<(), LakeError>,
    ) -> Result<(), LakeError> {
        let Some(TableSpool { path, file, spans, codec, .. }) = self.tables.get_mut(table.name) else {
            return Ok(());
        };
        for (offset, length) in spans.get(&account).into_iter().flatten() {
            file.seek(SeekFrom::Start(*offset)).map_err(LakeError::io("reading", path))?;
            let mut bytes = vec![0; *length as usize];
            file.read_exact(&mut bytes).map_err(LakeError::io("reading", path))?;
            let batch = Codec::of(codec, table)
                .and_then(|codec| codec.decode(bytes))
                .map_err(LakeError::format("decoding rows of", path))?;
            take(batch)?;
        }
        Ok(())
    }
}

/// Batches of one table to bytes and back, without the schema in front.
struct Codec {
    schema: SchemaRef,
    encoder: StreamWriter<Vec<u8>>,
    decoder: StreamDecoder,
}

impl Codec {
    fn of<'a>(known: &'a mut Option<Self>, table: &'static TableSchema) -> Result<&'a mut Self, ArrowError> {
        if let Some(codec) = known {
            return Ok(codec);
        }
        let schema = arrow_schema(table);
        let mut encoder = StreamWriter::try_new(Vec::new(), &schema)?;
        let mut decoder = StreamDecoder::new();
        // A stream begins with its schema: the decoder is told, and the file goes without.
        decoder.decode(&mut Buffer::from_vec(std::mem::take(encoder.get_mut())))?;
        Ok(known.insert(Self { schema, encoder, decoder }))
    }

    fn encode(&mut self, batch: &RecordBatch) -> Result<&[u8], ArrowError> {
        self.encoder.get_mut().clear();
        self.encoder.write(batch)?;
        Ok(self.encoder.get_ref())
    }

    fn decode(&mut self, bytes: Vec<u8>) -> Result<RecordBatch, ArrowError> {
        self.decoder
            .decode(&mut Buffer::from_vec(bytes))?
            .ok_or_else(|| ArrowError::IpcError("a batch is cut off".to_owned()))
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
