//! The way back: a committed scan's rows, columns matched by name.

use std::fs::File;
use std::path::Path;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Float64Type, Int32Type, Int64Type, TimestampMillisecondType};
use orgsweep_model::{ColumnType, Row, Timestamp, Value};
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use crate::error::LakeError;
use crate::layout::{LATEST, table_key};
use crate::manifest::{is_published, latest};
use crate::scan_id::ScanId;
use crate::schema::{SCAN_ID, SCANS, data_type};
use crate::store::Store;

/// Which scan to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScanSelector {
    /// The last committed one.
    Latest,
    /// A committed one.
    Id(ScanId),
}

/// All rows of a table in a committed scan.
pub fn read<R: Row>(root: &Path, scan: &ScanSelector) -> Result<Vec<R>, LakeError> {
    let mut rows = Vec::new();
    each_row(root, scan, &mut |row| rows.push(row))?;
    Ok(rows)
}

/// Hands over the rows of a table in a committed scan one by one, in stored order.
pub fn each_row<R: Row>(root: &Path, scan: &ScanSelector, take: &mut dyn FnMut(R)) -> Result<(), LakeError> {
    let scan_id = resolve(root, scan)?;
    let store = Store::new(root);
    is_published(&store, &scan_id, R::SCHEMA)?;
    let path = store.path(&table_key(R::SCHEMA.name, &scan_id));
    for batch in open(&path)? {
        let batch = batch.map_err(LakeError::format("reading", &path))?;
        is_of_scan(&batch, scan_id.as_str(), &path)?;
        each_row_in(&batch, &path, take)?;
    }
    Ok(())
}

/// Whether all rows of a batch are of one scan: a file of another one may have been put in the place of its own.
pub fn is_of_scan(batch: &RecordBatch, scan_id: &str, path: &Path) -> Result<(), LakeError> {
    let names = batch.column_by_name(SCAN_ID).and_then(|names| names.as_string_opt::<i32>());
    let names =
        names.ok_or_else(|| LakeError::changed(path, format!("there is no column {SCAN_ID} of texts")))?;
    match names.iter().find(|name| *name != Some(scan_id)) {
        None => Ok(()),
        Some(other) => {
            let other = other.unwrap_or("no scan");
            Err(LakeError::changed(path, format!("its rows are of {other}, and not of {scan_id}")))
        }
    }
}

/// The name of a committed scan.
pub fn resolve(root: &Path, scan: &ScanSelector) -> Result<ScanId, LakeError> {
    let store = Store::new(root);
    let missing =
        |scan_id: &str| LakeError::NoSuchScan { scan_id: scan_id.to_owned(), root: root.to_owned() };
    let scan_id = match scan {
        ScanSelector::Id(id) => id.clone(),
        ScanSelector::Latest => {
            let found = latest(root)?.ok_or_else(|| missing("(latest)"))?;
            let refused = |problem: String| LakeError::Format {
                doing: "reading",
                path: store.path(LATEST),
                problem: format!("{problem}, or remove the file: the next scan writes it anew"),
            };
            let scan_id = found.committed(&store).ok_or_else(|| {
                refused(format!(
                    "it points to scan {}, which is not in the lake; restore the scan, name another one",
                    found.scan_id
                ))
            })?;
            let date = scan_id.scan_date();
            if found.scan_date != date {
                // Views look in that day only.
                return Err(refused(format!(
                    "it says scan_date {}, and scan {scan_id} is of {date}; restore the file",
                    found.scan_date
                )));
            }
            return Ok(scan_id);
        }
    };
    if !store.exists(&table_key(SCANS, &scan_id)) {
        return Err(missing(scan_id.as_str()));
    }
    Ok(scan_id)
}

/// All rows of one file. A nullable column that the file does not have yet reads as null.
pub fn read_file<R: Row>(path: &Path) -> Result<Vec<R>, LakeError> {
    let mut rows = Vec::new();
    each_row_of(path, &mut |row| rows.push(row))?;
    Ok(rows)
}

fn each_row_of<R: Row>(path: &Path, take: &mut dyn FnMut(R)) -> Result<(), LakeError> {
    for batch in open(path)? {
        each_row_in(&batch.map_err(LakeError::format("reading", path))?, path, take)?;
    }
    Ok(())
}

/// The rows of a batch; `path` is where it came from.
pub fn each_row_in<R: Row>(
    batch: &RecordBatch,
    path: &Path,
    take: &mut dyn FnMut(R),
) -> Result<(), LakeError> {
    check_types::<R>(batch, path)?;
    for row in 0..batch.num_rows() {
        let mut lookup = |name: &'static str| value::<R>(batch, name, row);
        take(R::from_values(&mut lookup).map_err(LakeError::format("reading", path))?);
    }
    Ok(())
}

/// The batches of a file.
pub fn open(path: &Path) -> Result<ParquetRecordBatchReader, LakeError> {
    let file = File::open(path).map_err(LakeError::io("reading", path))?;
    ParquetRecordBatchReaderBuilder::try_new(file)
        .and_then(ParquetRecordBatchReaderBuilder::build)
        .map_err(LakeError::format("reading", path))
}

/// A column of another type than the table's is not this table: it must not read as if nothing were there.
fn check_types<R: Row>(batch: &RecordBatch, path: &Path) -> Result<(), LakeError> {
    for column in R::SCHEMA.columns {
        let found = batch.column_by_name(column.name).map(Array::data_type);
        if let Some(found) = found.filter(|found| **found != data_type(column.kind)) {
            return Err(LakeError::Format {
                doing: "reading",
                path: path.to_owned(),
                problem: format!("column {} is {found} and not {}", column.name, data_type(column.kind)),
            });
        }
    }
    Ok(())
}

/// A column's value; null where the file has no such column, which `from_values` refuses unless it may be null.
fn value<'b, R: Row>(batch: &'b RecordBatch, name: &str, row: usize) -> Value<'b> {
    let Some(column) = batch.column_by_name(name) else {
        return Value::Null;
    };
    let Some(position) = R::SCHEMA.position(name) else {
        return Value::Null;
    };
    let kind = R::SCHEMA.columns[position].kind;
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
