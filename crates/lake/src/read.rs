//! The way back: rows of a stored file, columns matched by name.

use std::path::Path;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type, Int64Type, TimestampMillisecondType};
use arrow_array::{Array, RecordBatch};
use orgsweep_model::{ColumnType, Row, Rows, TableSchema, Timestamp, Value};
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use crate::error::LakeError;
use crate::schema::{SCAN_ID, data_type};
use crate::store::{Store, StoredObject};

/// Hands over the rows of a scan's file one by one, in stored order.
pub fn each_row<R: Row>(
    store: &Arc<dyn Store>,
    key: &str,
    scan_id: &str,
    take: &mut dyn FnMut(R),
) -> Result<(), LakeError> {
    let path = store.location(key);
    for batch in open(store, key)? {
        let batch = batch.map_err(LakeError::format("reading", &path))?;
        is_of_scan(&batch, scan_id, &path)?;
        each_row_in(&batch, &path, take)?;
    }
    Ok(())
}

/// Whether all rows of a batch belong to the scan: the file may have been replaced by that of another scan.
pub fn is_of_scan(batch: &RecordBatch, scan_id: &str, path: &Path) -> Result<(), LakeError> {
    let names = batch.column_by_name(SCAN_ID).and_then(|names| names.as_string_opt::<i32>());
    let names =
        names.ok_or_else(|| LakeError::changed(path, format!("there is no text column {SCAN_ID}")))?;
    match names.iter().find(|name| *name != Some(scan_id)) {
        None => Ok(()),
        Some(other) => {
            let other = other.unwrap_or("no scan");
            Err(LakeError::changed(path, format!("its rows belong to {other}, not to {scan_id}")))
        }
    }
}

/// The rows of a batch; `path` is where it came from.
pub fn each_row_in<R: Row>(
    batch: &RecordBatch,
    path: &Path,
    take: &mut dyn FnMut(R),
) -> Result<(), LakeError> {
    check_types(R::SCHEMA, batch, path)?;
    for row in 0..batch.num_rows() {
        let mut lookup = |name: &'static str| value(R::SCHEMA, batch, name, row);
        take(R::from_values(&mut lookup).map_err(LakeError::format("reading", path))?);
    }
    Ok(())
}

/// The rows of several batches of one table, of the type that the table knows.
pub fn rows_in(
    table: &'static TableSchema,
    batches: &[RecordBatch],
    path: &Path,
) -> Result<Arc<dyn Rows>, LakeError> {
    let Some(build) = table.build else {
        return Err(LakeError::changed(path, format!("{} is part of a table", table.name)));
    };
    let mut starts = Vec::with_capacity(batches.len());
    let mut count = 0;
    for batch in batches {
        check_types(table, batch, path)?;
        starts.push(count);
        count += batch.num_rows();
    }
    let mut at = |row: usize, column: &'static str| {
        let index = starts.partition_point(|start| *start <= row) - 1;
        value(table, &batches[index], column, row - starts[index])
    };
    build.rows(count, &mut at).map_err(LakeError::format("reading", path))
}

/// The batches of a file.
pub fn open(store: &Arc<dyn Store>, key: &str) -> Result<ParquetRecordBatchReader, LakeError> {
    builder(store, key)?.build().map_err(LakeError::format("reading", &store.location(key)))
}

/// A reader of a file, of which some may be left out.
pub fn builder(
    store: &Arc<dyn Store>,
    key: &str,
) -> Result<ParquetRecordBatchReaderBuilder<StoredObject>, LakeError> {
    let path = store.location(key);
    let object = StoredObject::open(store, key)?
        .ok_or_else(|| LakeError::io("reading", &path)(std::io::ErrorKind::NotFound.into()))?;
    ParquetRecordBatchReaderBuilder::try_new(object).map_err(LakeError::format("reading", &path))
}

/// A column of another type than the table's is not this table: it must not read as if nothing were there.
fn check_types(table: &TableSchema, batch: &RecordBatch, path: &Path) -> Result<(), LakeError> {
    for column in table.columns {
        let found = batch.column_by_name(column.name).map(Array::data_type);
        if let Some(found) = found.filter(|found| **found != data_type(column.kind)) {
            return Err(LakeError::Format {
                doing: "reading",
                path: path.to_owned(),
                problem: format!(
                    "column {} has type {found}, expected {}",
                    column.name,
                    data_type(column.kind)
                ),
            });
        }
    }
    Ok(())
}

/// A column's value; null where the file has no such column, which `from_values` refuses unless it may be null.
fn value<'b>(table: &TableSchema, batch: &'b RecordBatch, name: &str, row: usize) -> Value<'b> {
    let Some(column) = batch.column_by_name(name) else {
        return Value::Null;
    };
    let Some(position) = table.position(name) else {
        return Value::Null;
    };
    let kind = table.columns[position].kind;
    if column.is_null(row) {
        return Value::Null;
    }
    match kind {
        ColumnType::Text => Value::Text(column.as_string::<i32>().value(row)),
        ColumnType::Int => Value::Int(column.as_primitive::<Int32Type>().value(row)),
        ColumnType::Big => Value::Big(column.as_primitive::<Int64Type>().value(row)),
        ColumnType::Double => Value::Double(column.as_primitive::<Float64Type>().value(row)),
        ColumnType::Bool => Value::Bool(column.as_boolean().value(row)),
        ColumnType::Time => {
            let milliseconds = column.as_primitive::<TimestampMillisecondType>().value(row);
            Timestamp::from_millisecond(milliseconds).map_or(Value::Null, Value::Time)
        }
    }
}
