//! What a scan stored of its accounts, as the tables that checks read: rows, or the gap that `table_reads` records.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array as _, AsArray, RecordBatch};
use orgsweep_model::records::{ScanAccountRecord, ScanRecord, TableRead, TableReadOutcome};
use orgsweep_model::{AccountId, Gap, Grain, Reason, Row, TableSchema, Tables, Timestamp};
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;

use crate::copy::ACCOUNT_ID;
use crate::error::LakeError;
use crate::layout::table_key;
use crate::lookup::{lookup, open_where};
use crate::read::{each_row, each_row_in, is_of_scan, open};
use crate::scan_id::ScanId;
use crate::store::Store;

/// Puts rows into tables, and returns how many.
type Insert = fn(&[RecordBatch], &Path, Timestamp, &mut Tables) -> Result<usize, LakeError>;

/// A table whose rows can be read back.
#[derive(Clone, Copy, Debug)]
pub struct StoredTable {
    schema: &'static TableSchema,
    insert: Insert,
}

impl StoredTable {
    /// Of this type of row.
    pub fn of<R: Row>() -> Self {
        Self { schema: R::SCHEMA, insert: insert::<R> }
    }

    /// The table.
    pub fn schema(&self) -> &'static TableSchema {
        self.schema
    }

    fn is_an_accounts(&self) -> bool {
        self.schema.grain == Grain::Account
    }
}

fn insert<R: Row>(
    batches: &[RecordBatch],
    path: &Path,
    observed_at: Timestamp,
    tables: &mut Tables,
) -> Result<usize, LakeError> {
    let mut rows: Vec<R> = Vec::with_capacity(batches.iter().map(RecordBatch::num_rows).sum());
    for batch in batches {
        each_row_in(batch, path, &mut |row| rows.push(row))?;
    }
    let count = rows.len();
    tables.insert(rows, observed_at);
    Ok(count)
}

/// A file in order of account id, read forward.
struct Cursor {
    path: PathBuf,
    scan_id: String,
    reader: ParquetRecordBatchReader,
    /// What is left of the last batch.
    rest: Option<RecordBatch>,
}

impl Cursor {
    fn open(
        store: &Arc<dyn Store>,
        scan_id: &ScanId,
        table: &TableSchema,
        only: Option<AccountId>,
    ) -> Result<Self, LakeError> {
        let key = table_key(table.name, scan_id);
        let reader = match &only {
            None => open(store, &key)?,
            Some(account) => open_where(store, &key, ACCOUNT_ID, &BTreeSet::from([account.as_str()]))?,
        };
        Ok(Self { path: store.location(&key), scan_id: scan_id.to_string(), reader, rest: None })
    }

    /// The rows that are left, at least one; `None`: there are no more.
    fn batch(&mut self) -> Result<Option<RecordBatch>, LakeError> {
        if let Some(rest) = self.rest.take() {
            return Ok(Some(rest));
        }
        for batch in self.reader.by_ref() {
            let batch = batch.map_err(LakeError::format("reading", &self.path))?;
            is_of_scan(&batch, &self.scan_id, &self.path)?;
            if batch.num_rows() > 0 {
                return Ok(Some(batch));
            }
        }
        Ok(None)
    }

    /// The account of the next row.
    fn next_account(&mut self) -> Result<Option<AccountId>, LakeError> {
        let Some(batch) = self.batch()? else {
            return Ok(None);
        };
        let account = self.accounts(&batch)?.value(0).parse();
        let account = account.map_err(LakeError::format("reading", &self.path))?;
        self.rest = Some(batch);
        Ok(Some(account))
    }

    /// The rows of an account; those of accounts before it are skipped.
    fn take(&mut self, account: AccountId) -> Result<Vec<RecordBatch>, LakeError> {
        let mut taken = Vec::new();
        while let Some(batch) = self.batch()? {
            let accounts = self.accounts(&batch)?;
            // Twelve digits: in order as texts and as numbers.
            let before = partition(accounts, |name| name < account.as_str());
            let until = partition(accounts, |name| name <= account.as_str());
            if until > before {
                taken.push(batch.slice(before, until - before));
            }
            if until < batch.num_rows() {
                self.rest = Some(batch.slice(until, batch.num_rows() - until));
                break;
            }
        }
        Ok(taken)
    }

    fn accounts<'b>(&self, batch: &'b RecordBatch) -> Result<&'b arrow::array::StringArray, LakeError> {
        let accounts = batch.column_by_name(ACCOUNT_ID).and_then(|accounts| accounts.as_string_opt::<i32>());
        accounts.filter(|accounts| accounts.null_count() == 0).ok_or_else(|| {
            LakeError::changed(
                &self.path,
                format!("there is no column {ACCOUNT_ID} that names every account"),
            )
        })
    }
}

/// The first row for which this is false; rows are in order.
fn partition(accounts: &arrow::array::StringArray, is_before: impl Fn(&str) -> bool) -> usize {
    let (mut low, mut high) = (0, accounts.len());
    while low < high {
        let middle = low.midpoint(high);
        if is_before(accounts.value(middle)) { low = middle + 1 } else { high = middle }
    }
    low
}

/// All accounts of a scan side by side: one cursor a table.
pub struct Accounts {
    roster: Cursor,
    ledger: Cursor,
    tables: Vec<(StoredTable, Cursor)>,
}

impl Accounts {
    /// Of the tables whose rows belong to accounts; with `only`, what cannot hold that account is left out.
    pub fn open(
        tables: Vec<StoredTable>,
        store: &Arc<dyn Store>,
        scan_id: &ScanId,
        only: Option<AccountId>,
    ) -> Result<Self, LakeError> {
        let cursor = |table| Cursor::open(store, scan_id, table, only);
        let tables = tables.into_iter().filter(StoredTable::is_an_accounts);
        Ok(Self {
            roster: cursor(ScanAccountRecord::SCHEMA)?,
            ledger: cursor(TableRead::SCHEMA)?,
            tables: tables
                .map(|table| cursor(table.schema).map(|cursor| (table, cursor)))
                .collect::<Result<_, _>>()?,
        })
    }

    /// The next account of the scan.
    pub fn next(&mut self) -> Result<Option<AccountId>, LakeError> {
        self.roster.next_account()
    }

    /// The tables of an account. Accounts are taken in order.
    pub fn take(&mut self, account: AccountId) -> Result<Tables, LakeError> {
        self.roster.take(account)?;
        let mut reads: Vec<TableRead> = Vec::new();
        for batch in self.ledger.take(account)? {
            each_row_in(&batch, &self.ledger.path, &mut |read| reads.push(read))?;
        }
        let mut found = Tables::new();
        for (table, cursor) in &mut self.tables {
            let rows = cursor.take(account)?;
            let read = reads.iter().find(|read| read.table_name == table.schema.name);
            fill(&mut found, table, &rows, &cursor.path, read)?;
        }
        Ok(found)
    }
}

/// Puts in a table's rows, or its gap. A table that the scan did not want is neither, and reads as never read.
fn fill(
    tables: &mut Tables,
    table: &StoredTable,
    rows: &[RecordBatch],
    path: &Path,
    read: Option<&TableRead>,
) -> Result<(), LakeError> {
    let Some(read) = read else {
        return Ok(());
    };
    if read.outcome == TableReadOutcome::Gap {
        tables.insert_gap(table.schema.name, gap(read), read.observed_at);
        return Ok(());
    }
    let count = (table.insert)(rows, path, read.observed_at, tables)?;
    if count as i64 == read.row_count {
        return Ok(());
    }
    // Rows that went missing would read as a pass.
    let problem =
        format!("{count} rows of account {}, and table_reads counts {}", read.account_id, read.row_count);
    Err(LakeError::changed(path, problem))
}

/// The gap that a row of `table_reads` records.
fn gap(read: &TableRead) -> Gap {
    let reason = read.reason_code.as_deref().and_then(Reason::from_word);
    Gap {
        // A later version may know more reasons.
        reason: reason.unwrap_or(Reason::MalformedAnswer),
        api: read.api.clone(),
        code: read.error_code.clone(),
        message: read.error_message.clone(),
        attempts: u32::try_from(read.attempts).unwrap_or(0),
    }
}

/// The tables whose rows belong to no account. What became of them stands in the management account's `table_reads`.
pub fn organization(
    tables: &[StoredTable],
    store: &Arc<dyn Store>,
    scan_id: &ScanId,
) -> Result<Tables, LakeError> {
    let key = |table: &TableSchema| table_key(table.name, scan_id);
    let mut management = None;
    each_row(store, &key(ScanRecord::SCHEMA), scan_id.as_str(), &mut |scan: ScanRecord| {
        management = Some(scan.management_account_id);
    })?;
    let Some(management) = management else {
        let path = store.location(&key(ScanRecord::SCHEMA));
        return Err(LakeError::changed(&path, "the scan's own row is missing"));
    };
    let wanted = BTreeSet::from([management.as_str()]);
    let reads: Vec<TableRead> =
        lookup(store, &key(TableRead::SCHEMA), scan_id.as_str(), ACCOUNT_ID, &wanted)?;
    let mut found = Tables::new();
    for table in tables.iter().filter(|table| table.schema.grain == Grain::Organization) {
        let read = reads.iter().find(|read| read.table_name == table.schema.name);
        let path = store.location(&key(table.schema));
        let mut batches = Vec::new();
        for batch in open(store, &key(table.schema))? {
            let batch = batch.map_err(LakeError::format("reading", &path))?;
            is_of_scan(&batch, scan_id.as_str(), &path)?;
            batches.push(batch);
        }
        fill(&mut found, table, &batches, &path, read)?;
    }
    Ok(found)
}
