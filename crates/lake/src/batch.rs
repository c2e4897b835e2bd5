//! Rows into Arrow record batches, sorted as the table says.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayAccessor, ArrayRef, BooleanArray, BooleanBuilder, Float64Builder, Int32Array,
    Int32Builder, Int64Array, Int64Builder, RecordBatch, StringArray, StringBuilder,
    TimestampMillisecondArray, TimestampMillisecondBuilder, UInt32Array,
};
use arrow::compute::take;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use orgsweep_model::{ColumnType, Rows, TableSchema, Value};

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

/// A batch with `scan_id` in front, of the schema that [`arrow_schema`](crate::schema::arrow_schema) makes for the table.
pub fn record_batch(rows: &dyn Rows, scan_id: &str, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let table = rows.schema();
    let mut builders: Vec<Builder> =
        table.columns.iter().map(|column| Builder::new(column.kind, rows.len())).collect();
    for row in 0..rows.len() {
        let mut columns = builders.iter_mut();
        rows.visit(row, &mut |value| {
            if let Some(builder) = columns.next() {
                builder.push(value);
            }
        });
    }
    let mut arrays: Vec<ArrayRef> = builders.iter_mut().map(Builder::finish).collect();
    if let Some(order) = order(&arrays, &sort_positions(table), rows.len()) {
        arrays = arrays.iter().map(|array| take(array, &order, None)).collect::<Result<_, _>>()?;
    }
    let ids: StringArray = std::iter::repeat_n(Some(scan_id), rows.len()).collect();
    arrays.insert(0, Arc::new(ids));
    RecordBatch::try_new(Arc::clone(schema), arrays)
}

/// A column that rows are sorted by. No table sorts by a floating-point one.
enum Key<'a> {
    Text(&'a StringArray),
    Int(&'a Int32Array),
    Big(&'a Int64Array),
    Bool(&'a BooleanArray),
    Time(&'a TimestampMillisecondArray),
}

impl<'a> Key<'a> {
    fn of(array: &'a ArrayRef) -> Option<Self> {
        let any = array.as_any();
        None.or_else(|| any.downcast_ref().map(Self::Text))
            .or_else(|| any.downcast_ref().map(Self::Int))
            .or_else(|| any.downcast_ref().map(Self::Big))
            .or_else(|| any.downcast_ref().map(Self::Bool))
            .or_else(|| any.downcast_ref().map(Self::Time))
    }

    /// Null comes first.
    fn compare(&self, left: usize, right: usize) -> Ordering {
        fn cells<A: ArrayAccessor<Item: Ord>>(array: &A, left: usize, right: usize) -> Ordering {
            let cell = |row| array.is_valid(row).then(|| array.value(row));
            cell(left).cmp(&cell(right))
        }
        match self {
            Self::Text(array) => cells(array, left, right),
            Self::Int(array) => cells(array, left, right),
            Self::Big(array) => cells(array, left, right),
            Self::Bool(array) => cells(array, left, right),
            Self::Time(array) => cells(array, left, right),
        }
    }
}

/// Row numbers in the table's sort order; `None`: they come in it, as findings always do.
fn order(arrays: &[ArrayRef], positions: &[usize], rows: usize) -> Option<UInt32Array> {
    let keys: Vec<Key<'_>> = positions.iter().filter_map(|position| Key::of(&arrays[*position])).collect();
    let compare = |left: usize, right: usize| {
        keys.iter().map(|key| key.compare(left, right)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    };
    if (1..rows).all(|row| compare(row - 1, row).is_le()) {
        return None;
    }
    let mut order: Vec<u32> = (0..rows as u32).collect();
    order.sort_by(|left, right| compare(*left as usize, *right as usize));
    Some(UInt32Array::from(order))
}

/// Positions of the sort columns among the table's own. A file holds accounts in order of their id, so whatever a table
/// sorts by within an account comes after that: a reader that is told otherwise skips rows.
pub fn sort_positions(table: &TableSchema) -> Vec<usize> {
    let account = table.position("account_id");
    let own = table.sort.iter().filter_map(|name| table.position(name)).filter(|own| Some(*own) != account);
    account.into_iter().chain(own).collect()
}
