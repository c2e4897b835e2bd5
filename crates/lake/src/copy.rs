//! Rows of a committed scan into a new one, account by account: for accounts that need not be scanned again.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array as _, ArrayRef, RecordBatch, StringArray, new_null_array};
use orgsweep_model::records::ScanAccountRecord;
use orgsweep_model::{AccountId, Row as _, TableSchema};

use crate::error::LakeError;
use crate::read::{is_of_scan, open};
use crate::schema::{SCAN_ID, arrow_schema};
use crate::store::Store;

/// The column that names the account.
pub const ACCOUNT_ID: &str = "account_id";
/// The column that names where an account's rows came from.
const TAKEN_FROM: &str = "taken_from_scan_id";

/// Hands over a file's rows in runs of one account, as rows of another scan. Rows without an account stay behind.
pub fn each_account(
    store: &Arc<dyn Store>,
    key: &str,
    table: &'static TableSchema,
    from: &str,
    to: &str,
    take: &mut dyn FnMut(AccountId, RecordBatch) -> Result<(), LakeError>,
) -> Result<(), LakeError> {
    let path = &store.location(key);
    for batch in open(store, key)? {
        let batch = batch.map_err(LakeError::format("reading", path))?;
        is_of_scan(&batch, from, path)?;
        let accounts = batch.column_by_name(ACCOUNT_ID).and_then(|accounts| accounts.as_string_opt::<i32>());
        let accounts = accounts
            .ok_or_else(|| LakeError::changed(path, format!("there is no column {ACCOUNT_ID} of texts")))?;
        let mut start = 0;
        while start < batch.num_rows() {
            if accounts.is_null(start) {
                start += 1;
                continue;
            }
            let name = accounts.value(start);
            let same = (start..batch.num_rows())
                .take_while(|row| !accounts.is_null(*row) && accounts.value(*row) == name);
            let length = same.count();
            let account: AccountId = name.parse().map_err(LakeError::format("reading", path))?;
            let rows = renamed(&batch.slice(start, length), table, from, to)
                .map_err(LakeError::format("copying rows of", path))?;
            take(account, rows)?;
            start += length;
        }
    }
    Ok(())
}

/// Hands over all of a file's rows as rows of another scan.
pub fn each_batch(
    store: &Arc<dyn Store>,
    key: &str,
    table: &'static TableSchema,
    from: &str,
    to: &str,
    take: &mut dyn FnMut(RecordBatch) -> Result<(), LakeError>,
) -> Result<(), LakeError> {
    let path = &store.location(key);
    for batch in open(store, key)? {
        let batch = batch.map_err(LakeError::format("reading", path))?;
        is_of_scan(&batch, from, path)?;
        take(renamed(&batch, table, from, to).map_err(LakeError::format("copying rows of", path))?)?;
    }
    Ok(())
}

/// The rows under another scan's name, in the table's columns as they are now.
fn renamed(
    batch: &RecordBatch,
    table: &'static TableSchema,
    from: &str,
    to: &str,
) -> Result<RecordBatch, arrow_schema::ArrowError> {
    let schema = arrow_schema(table);
    let rows = batch.num_rows();
    let columns = schema.fields().iter().map(|field| -> ArrayRef {
        let known = batch.column_by_name(field.name());
        if field.name() == SCAN_ID {
            return Arc::new(StringArray::from_iter_values(std::iter::repeat_n(to, rows)));
        }
        if field.name() == TAKEN_FROM && table.name == ScanAccountRecord::SCHEMA.name {
            // Where the rows first came from, over any number of retries.
            let first = known.map(AsArray::as_string::<i32>);
            let origin =
                |row| first.filter(|column| !column.is_null(row)).map_or(from, |column| column.value(row));
            return Arc::new(StringArray::from_iter_values((0..rows).map(origin)));
        }
        known.map_or_else(|| new_null_array(field.data_type(), rows), Arc::clone)
    });
    RecordBatch::try_new(Arc::clone(&schema), columns.collect())
}
