//! Finished accounts on local disk until the scan is published: one file a table, and a journal that says which accounts are
//! finished.
//!
//! A killed process leaves at most a torn end: bytes after the last account that the journal names, and half a line of
//! the journal. Opening the spool again cuts both off.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use arrow_schema::SchemaRef;
use orgsweep_model::{AccountId, TableSchema};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::codec::Parts;
use crate::columns::Columns;
use crate::error::LakeError;
use crate::layout::{FORMAT, JOURNAL, LOCK, staged_rows};
use crate::schema::arrow_schema;

/// How [`codec`](crate::codec) keeps rows: builds of one version may differ in it.
const THIS_FORMAT: &str = "3";

/// Where some of an account's rows of a table are: offset and length.
type Span = (u64, u64);

/// One table's spool.
struct TableSpool {
    path: PathBuf,
    file: File,
    end: u64,
    /// Of accounts that are not whole yet.
    open: BTreeMap<AccountId, Vec<Span>>,
    /// Of whole accounts. Tens of thousands times a dozen tables: one flat list a table, in order once it is read.
    whole: Vec<(AccountId, Span)>,
    in_order: bool,
    /// Once rows were asked for.
    schema: Option<SchemaRef>,
}

impl TableSpool {
    fn count_as_whole(&mut self, account: AccountId, spans: impl IntoIterator<Item = Span>) {
        self.whole.extend(spans.into_iter().map(|span| (account, span)));
        self.in_order = false;
    }

    /// By account; an account's own in the order in which they came, which is that of their offsets.
    fn in_order(&mut self) -> &[(AccountId, Span)] {
        if !self.in_order {
            self.whole.sort_unstable();
            self.in_order = true;
        }
        &self.whole
    }
}

/// A whole account, as the journal keeps it.
#[derive(Serialize, Deserialize)]
struct Entry {
    account: AccountId,
    spans: BTreeMap<String, Vec<Span>>,
    tally: Json,
}

impl Entry {
    /// Whether its tables have names of tables: they become names of files.
    fn names_tables(&self) -> bool {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        self.spans.keys().all(|name| !name.is_empty() && name.bytes().all(is_plain))
    }
}

/// Whether a folder keeps a finished account.
pub fn keeps_an_account(folder: &Path) -> Result<bool, LakeError> {
    let path = folder.join(JOURNAL);
    match fs::read(&path) {
        Ok(text) => Ok(text.contains(&b'\n')),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(LakeError::Io { doing: "reading", path, source }),
    }
}

/// The spools of a scan. In memory: 32 bytes an account and table, and what accounts that are not whole have.
pub struct Spool {
    folder: PathBuf,
    tables: BTreeMap<String, TableSpool>,
    journal: File,
    _lock: File,
    finished: BTreeSet<AccountId>,
    /// Of the accounts that were whole when the spool was opened.
    tallies: Vec<(AccountId, Json)>,
}

impl Spool {
    /// A spool in a folder: empty, or what an earlier process left there.
    pub fn open(folder: &Path) -> Result<Self, LakeError> {
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
            tables: BTreeMap::new(),
            journal,
            _lock: lock,
            finished: BTreeSet::new(),
            tallies: Vec::new(),
        };
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let format = folder.join(FORMAT);
        if whole == 0 {
            fs::write(&format, THIS_FORMAT).map_err(LakeError::io("writing", &format))?;
        } else if fs::read_to_string(&format).ok().as_deref() != Some(THIS_FORMAT) {
            let problem =
                "these files were written by an incompatible version; start a new scan, and delete the folder".to_owned();
            return Err(LakeError::Format { doing: "resuming", path: folder.to_owned(), problem });
        }
        for (index, line) in text[..whole].split(|byte| *byte == b'\n').enumerate() {
            if line.is_empty() {
                continue;
            }
            let entry: Option<Entry> = serde_json::from_slice(line).ok();
            let Some(entry) = entry.filter(Entry::names_tables) else {
                let problem = format!("line {} is not the record of a finished account", index + 1);
                return Err(LakeError::damaged(folder, JOURNAL, problem));
            };
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
            let end = spans.iter().map(|(offset, length)| offset.saturating_add(*length)).max().unwrap_or(0);
            let there = table.file.metadata().map_err(LakeError::io("reading", &table.path))?.len();
            if end > there {
                let problem = format!("the journal expects {end} bytes, but there are {there}");
                return Err(LakeError::damaged(&self.folder, &staged_rows(&name), problem));
            }
            table.end = table.end.max(end);
            table.count_as_whole(entry.account, spans);
        }
        self.finished.insert(entry.account);
        self.tallies.push((entry.account, entry.tally));
        Ok(())
    }

    fn table(&mut self, name: &str) -> Result<&mut TableSpool, LakeError> {
        if !self.tables.contains_key(name) {
            let path = self.folder.join(staged_rows(name));
            let file = open_file(&path)?;
            let (open, whole) = (BTreeMap::new(), Vec::new());
            let table = TableSpool { path, file, end: 0, open, whole, in_order: true, schema: None };
            self.tables.insert(name.to_owned(), table);
        }
        self.tables.get_mut(name).ok_or_else(|| LakeError::Format {
            doing: "spooling",
            path: self.folder.clone(),
            problem: name.to_owned(),
        })
    }

    /// Adds some of an account's rows of one table.
    pub fn add(&mut self, account: AccountId, columns: &Columns) -> Result<(), LakeError> {
        if columns.rows == 0 {
            return Ok(());
        }
        if self.finished.contains(&account) {
            let problem = format!("account {account} is already finished; its rows must not be stored twice");
            return Err(LakeError::Format { doing: "spooling", path: self.folder.clone(), problem });
        }
        let TableSpool { path, file, end, open, .. } = self.table(columns.table.name)?;
        // Rows may have been read back since the last write.
        file.seek(SeekFrom::Start(*end)).map_err(LakeError::io("writing", path))?;
        file.write_all(&columns.bytes).map_err(LakeError::io("writing", path))?;
        let length = columns.bytes.len() as u64;
        open.entry(account).or_default().push((*end, length));
        *end += length;
        Ok(())
    }

    /// Counts the account as whole, with what it adds to the scan's sums.
    pub fn finish(&mut self, account: AccountId, tally: Json) -> Result<(), LakeError> {
        let of_table =
            |(name, table): (&String, &TableSpool)| Some((name.clone(), table.open.get(&account)?.clone()));
        let spans = self.tables.iter().filter_map(of_table).collect();
        let entry = Entry { account, spans, tally };
        let path = self.folder.join(JOURNAL);
        let mut line = serde_json::to_vec(&entry).map_err(LakeError::format("writing", &path))?;
        line.push(b'\n');
        self.journal.write_all(&line).map_err(LakeError::io("writing", &path))?;
        for table in self.tables.values_mut() {
            if let Some(spans) = table.open.remove(&account) {
                table.count_as_whole(account, spans);
            }
        }
        self.finished.insert(account);
        Ok(())
    }

    /// The whole accounts.
    pub fn finished(&self) -> &BTreeSet<AccountId> {
        &self.finished
    }

    /// What each account adds to the scan's sums that was whole when the spool was opened. What came later was handed in by
    /// the caller, and is not kept in memory a second time.
    pub fn tallies(&self) -> &[(AccountId, Json)] {
        &self.tallies
    }

    /// The whole accounts that have rows of a table, in order.
    pub fn accounts_of(&mut self, table: &str) -> Vec<AccountId> {
        let spans = self.tables.get_mut(table).map_or(&[][..], TableSpool::in_order);
        let mut accounts: Vec<AccountId> = spans.iter().map(|(account, _)| *account).collect();
        accounts.dedup();
        accounts
    }

    /// Hands over a finished account's rows of a table.
    pub fn parts(
        &mut self,
        table: &'static TableSchema,
        account: AccountId,
        take: &mut dyn FnMut(Parts) -> Result<(), LakeError>,
    ) -> Result<(), LakeError> {
        let Some(spool) = self.tables.get_mut(table.name) else {
            return Ok(());
        };
        spool.in_order();
        let TableSpool { path, file, whole, schema, .. } = spool;
        let schema = schema.get_or_insert_with(|| arrow_schema(table));
        let first = whole.partition_point(|(other, _)| *other < account);
        for (_, (offset, length)) in whole[first..].iter().take_while(|(other, _)| *other == account) {
            file.seek(SeekFrom::Start(*offset)).map_err(LakeError::io("reading", path))?;
            // Not zeroed before it is filled.
            let mut bytes = Vec::with_capacity(*length as usize);
            file.take(*length).read_to_end(&mut bytes).map_err(LakeError::io("reading", path))?;
            let damaged = |why: String| {
                let problem = format!("the rows of account {account} cannot be read ({why})");
                LakeError::damaged(&self.folder, &staged_rows(table.name), problem)
            };
            if bytes.len() as u64 != *length {
                return Err(damaged(format!("expected {length} bytes at {offset}, found {}", bytes.len())));
            }
            take(Parts::decode(bytes, schema).map_err(|error| damaged(error.to_string()))?)?;
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
