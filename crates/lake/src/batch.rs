//! Rows into Arrow record batches, sorted as the table says.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Float64Builder, Int32Builder, Int64Builder, RecordBatch, StringArray,
    StringBuilder, TimestampMillisecondBuilder,
};
use arrow::error::ArrowError;
use orgsweep_model::{ColumnType, Rows, TableSchema, Value};

use crate::schema::arrow_schema;

/// One column under construction.
enum Builder {
    Text(StringBuilder),
    Int(Int32Builder),
    Big(Int64Builder),
    Double(Float64Builder),
    Bool(BooleanBuilder),
    Time(TimestampMillisecondBuilder),
}

impl Builder {
    fn new(kind: ColumnType, rows: usize) -> Self {
        match kind {
            ColumnType::Text => Self::Text(StringBuilder::with_capacity(rows, rows * 16)),
            ColumnType::Int => Self::Int(Int32Builder::with_capacity(rows)),
            ColumnType::Big => Self::Big(Int64Builder::with_capacity(rows)),
            ColumnType::Double => Self::Double(Float64Builder::with_capacity(rows)),
            ColumnType::Bool => Self::Bool(BooleanBuilder::with_capacity(rows)),
            ColumnType::Time => Self::Time(TimestampMillisecondBuilder::with_capacity(rows)),
        }
    }

    /// A value of another type than the column's cannot come from `table!`; it would be stored as null.
    fn push(&mut self, value: Value<'_>) {
        match (self, value) {
            (Self::Text(builder), Value::Text(text)) => builder.append_value(text),
            (Self::Text(builder), _) => builder.append_null(),
            (Self::Int(builder), Value::Int(number)) => builder.append_value(number),
            (Self::Int(builder), _) => builder.append_null(),
            (Self::Big(builder), Value::Big(number)) => builder.append_value(number),
            (Self::Big(builder), _) => builder.append_null(),
            (Self::Double(builder), Value::Double(number)) => builder.append_value(number),
            (Self::Double(builder), _) => builder.append_null(),
            (Self::Bool(builder), Value::Bool(truth)) => builder.append_value(truth),
            (Self::Bool(builder), _) => builder.append_null(),
            (Self::Time(builder), Value::Time(moment)) => builder.append_value(moment.as_millisecond()),
            (Self::Time(builder), _) => builder.append_null(),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(builder) => Arc::new(builder.finish()),
            Self::Int(builder) => Arc::new(builder.finish()),
            Self::Big(builder) => Arc::new(builder.finish()),
            Self::Double(builder) => Arc::new(builder.finish()),
            Self::Bool(builder) => Arc::new(builder.finish()),
            Self::Time(builder) => Arc::new(builder.finish()),
        }
    }
}

/// A batch with `scan_id` in front.
pub fn record_batch(rows: &dyn Rows, scan_id: &str) -> Result<RecordBatch, ArrowError> {
    let table = rows.schema();
    let mut builders: Vec<Builder> =
        table.columns.iter().map(|column| Builder::new(column.kind, rows.len())).collect();
    for row in order(rows) {
        let mut columns = builders.iter_mut();
        rows.visit(row, &mut |value| {
            if let Some(builder) = columns.next() {
                builder.push(value);
            }
        });
    }
    let ids: StringArray = std::iter::repeat_n(Some(scan_id), rows.len()).collect();
    let arrays =
        std::iter::once(Arc::new(ids) as ArrayRef).chain(builders.iter_mut().map(Builder::finish)).collect();
    RecordBatch::try_new(arrow_schema(table), arrays)
}

/// Part of a row's sort key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Null,
    Bool(bool),
    Number(i64),
    Text(String),
}

/// Row numbers in the table's sort order.
fn order(rows: &dyn Rows) -> Vec<usize> {
    let positions = sort_positions(rows.schema());
    let mut keyed: Vec<(Vec<Key>, usize)> = (0..rows.len())
        .map(|row| {
            let mut values = Vec::with_capacity(positions.len());
            let mut column = 0;
            rows.visit(row, &mut |value| {
                if let Some(rank) = positions.iter().position(|position| *position == column) {
                    values.push((rank, key(value)));
                }
                column += 1;
            });
            values.sort_by_key(|(rank, _)| *rank);
            (values.into_iter().map(|(_, key)| key).collect(), row)
        })
        .collect();
    keyed.sort();
    keyed.into_iter().map(|(_, row)| row).collect()
}

fn key(value: Value<'_>) -> Key {
    match value {
        Value::Null => Key::Null,
        Value::Bool(truth) => Key::Bool(truth),
        Value::Int(number) => Key::Number(i64::from(number)),
        Value::Big(number) => Key::Number(number),
        // No table sorts by a floating-point column.
        Value::Double(number) => Key::Number(number as i64),
        Value::Time(moment) => Key::Number(moment.as_millisecond()),
        Value::Text(text) => Key::Text(text.to_owned()),
    }
}

/// Positions of the sort columns among the table's own. A file holds accounts in order of their id, so whatever a table
/// sorts by within an account comes after that: a reader that is told otherwise skips rows.
pub fn sort_positions(table: &TableSchema) -> Vec<usize> {
    let account = table.position("account_id");
    let own = table.sort.iter().filter_map(|name| table.position(name)).filter(|own| Some(*own) != account);
    account.into_iter().chain(own).collect()
}
