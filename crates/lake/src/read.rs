//! The way back: a committed scan's rows, columns matched by name.

use std::fs::File;
use std::path::Path;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Float64Type, Int32Type, Int64Type, TimestampMillisecondType};
use orgsweep_model::{ColumnType, Row, Timestamp, Value};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::error::LakeError;
use crate::manifest::latest;
use crate::scan_id::ScanId;
use crate::schema::{SCANS, data_type};
use crate::store::Store;
use crate::writer::key;

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
    let store = Store::new(root);
    let missing =
        |scan_id: &str| LakeError::NoSuchScan { scan_id: scan_id.to_owned(), root: root.to_owned() };
    let scan_id = match scan {
        ScanSelector::Id(id) => id.clone(),
        ScanSelector::Latest => {
            let found = latest(root)?.ok_or_else(|| missing("(latest)"))?;
            found.scan_id.parse().map_err(|_| missing(&found.scan_id))?
        }
    };
    if !store.exists(&key(SCANS, &scan_id)) {
        return Err(missing(scan_id.as_str()));
    }
    read_file(&store.path(&key(R::SCHEMA.name, &scan_id)))
}

/// All rows of one file. A nullable column that the file does not have yet reads as null.
pub fn read_file<R: Row>(path: &Path) -> Result<Vec<R>, LakeError> {
    let file = File::open(path).map_err(LakeError::io("reading", path))?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .and_then(ParquetRecordBatchReaderBuilder::build)
        .map_err(LakeError::format("reading", path))?;
    let mut rows = Vec::new();
    for batch in reader {
        let batch = batch.map_err(LakeError::format("reading", path))?;
        for row in 0..batch.num_rows() {
            let mut lookup = |name: &'static str| value::<R>(&batch, name, row);
            rows.push(R::from_values(&mut lookup).map_err(LakeError::format("reading", path))?);
        }
    }
    Ok(rows)
}

/// A column's value; null where the file has no such column or one of another type, which `from_values` refuses
/// unless the column may be null.
fn value<'b, R: Row>(batch: &'b RecordBatch, name: &str, row: usize) -> Value<'b> {
    let Some(column) = batch.column_by_name(name) else {
        return Value::Null;
    };
    let Some(position) = R::SCHEMA.position(name) else {
        return Value::Null;
    };
    let kind = R::SCHEMA.columns[position].kind;
    if column.is_null(row) || *column.data_type() != data_type(kind) {
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
