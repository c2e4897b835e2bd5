//! What a scan stored of its accounts, as the tables that checks read: rows, or the gap that `table_reads` records.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array as _, RecordBatch};
use orgsweep_model::records::{ScanAccountRecord, ScanRecord, TableRead};
use orgsweep_model::{AccountId, Grain, Row, TableSchema, Tables};
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;

use crate::error::LakeError;
use crate::layout::table_key;
use crate::lookup::{lookup, open_where};
use crate::read::{each_row, each_row_in, is_of_scan, open, rows_in};
use crate::scan_id::ScanId;
use crate::store::Store;

/// The column that names the account.
const ACCOUNT_ID: &str = "account_id";

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

    fn accounts<'b>(&self, batch: &'b RecordBatch) -> Result<&'b arrow_array::StringArray, LakeError> {
        let accounts = batch.column_by_name(ACCOUNT_ID).and_then(|accounts| accounts.as_string_opt::<i32>());
        accounts.filter(|accounts| accounts.null_count() == 0).ok_or_else(|| {
            LakeError::changed(
                &self.path,
                format!("there is no column {ACCOUNT_ID} with a value in every row"),
            )
        })
    }
}

/// The first row for which this is false; rows are in order.
fn partition(accounts: &arrow_array::StringArray, is_before: impl Fn(&str) -> bool) -> usize {
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
    tables: Vec<(&'static TableSchema, Cursor)>,
}

impl Accounts {
    /// Of the tables whose rows belong to accounts; with `only`, what cannot hold that account is left out.
    pub fn open(
        tables: Vec<&'static TableSchema>,
        store: &Arc<dyn Store>,
        scan_id: &ScanId,
        only: Option<AccountId>,
    ) -> Result<Self, LakeError> {
        let cursor = |table| Cursor::open(store, scan_id, table, only);
        let tables = tables.into_iter().filter(|table| is_an_accounts(table));
        Ok(Self {
            roster: cursor(ScanAccountRecord::SCHEMA)?,
            ledger: cursor(TableRead::SCHEMA)?,
            tables: tables
                .map(|table| cursor(table).map(|cursor| (table, cursor)))
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
            fill(&mut found, table, &rows, &cursor.path, &reads)?;
        }
        Ok(found)
    }
}

fn is_an_accounts(table: &TableSchema) -> bool {
    table.grain == Grain::Account
}

/// Puts in a table's rows, or its gap; of a table in parts, what became of each. A table that the scan did not want is neither,
/// and reads as never read.
pub fn fill(
    tables: &mut Tables,
    table: &'static TableSchema,
    rows: &[RecordBatch],
    path: &Path,
    reads: &[TableRead],
) -> Result<(), LakeError> {
    let read_of = |name: &str| reads.iter().find(|read| read.table_name == name);
    let whole = read_of(table.name);
    // What is not judged yet has lines of the parts alone: the whole is put together where it is judged.
    let of_parts = table.parts.iter().filter_map(|part| read_of(part.name)).map(|read| read.observed_at);
    let Some(observed_at) = whole.map(|read| read.observed_at).or(of_parts.min()) else {
        return Ok(());
    };
    if let Some(gap) = whole.and_then(TableRead::gap).filter(|_| table.parts.is_empty()) {
        tables.insert_gap(table.name, gap, observed_at);
        return Ok(());
    }
    let rows = rows_in(table, rows, path)?;
    if let Some(read) = whole.filter(|read| rows.len() as i64 != read.row_count) {
        // Rows that went missing would read as a pass.
        let count = rows.len();
        let problem =
            format!("{count} rows of account {}, but table_reads says {}", read.account_id, read.row_count);
        return Err(LakeError::changed(path, problem));
    }
    tables.insert_rows(rows, observed_at);
    for part in table.parts {
        match read_of(part.name).map(|read| (read, read.gap())) {
            None => {}
            Some((read, Some(gap))) => tables.insert_gap(part.name, gap, read.observed_at),
            Some((read, None)) => tables.note_part(part, read.row_count as usize, read.observed_at),
        }
    }
    Ok(())
}

/// The tables whose rows belong to no account. What became of them stands in the management account's `table_reads`.
pub fn organization(
    tables: &[&'static TableSchema],
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
        return Err(LakeError::changed(&path, "the scan record is missing"));
    };
    let wanted = BTreeSet::from([management.as_str()]);
    let reads: Vec<TableRead> =
        lookup(store, &key(TableRead::SCHEMA), scan_id.as_str(), ACCOUNT_ID, &wanted)?;
    let mut found = Tables::new();
    for table in tables.iter().copied().filter(|table| table.grain == Grain::Organization) {
        let path = store.location(&key(table));
        let mut batches = Vec::new();
        for batch in open(store, &key(table))? {
            let batch = batch.map_err(LakeError::format("reading", &path))?;
            is_of_scan(&batch, scan_id.as_str(), &path)?;
            batches.push(batch);
        }
        fill(&mut found, table, &batches, &path, &reads)?;
    }
    Ok(found)
}
