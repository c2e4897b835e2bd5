//! Rows into columns, sorted as the table says.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow_array::builder::{
    BooleanBuilder, Float64Builder, Int32Builder, Int64Builder, StringBuilder, TimestampMillisecondBuilder,
};
use arrow_array::cast::AsArray as _;
use arrow_array::{
    Array as _, ArrayAccessor, ArrayRef, BooleanArray, Int32Array, Int64Array, StringArray,
    TimestampMillisecondArray, UInt32Array,
};
use arrow_buffer::Buffer;
use arrow_schema::{ArrowError, SchemaRef};
use arrow_select::take::take;
use orgsweep_model::{ColumnType, Rows, TableSchema, Value};

use crate::codec::{Part, Parts};
use crate::few::Few;

/// The most bytes that a column's texts get at first: one text says little of the others.
const MOST_TEXT: usize = 256 * 1024;
/// Texts of fewer rows than this are kept as they are.
const WORTH_FEW: usize = 16;
/// Columns in front of the table's own.
const SCAN_ID_COLUMNS: usize = 1;

/// Values of one column.
enum Builder {
    Text(StringBuilder),
    Int(Int32Builder),
    Big(Int64Builder),
    Double(Float64Builder),
    Bool(BooleanBuilder),
    Time(TimestampMillisecondBuilder),
}

impl Builder {
    /// With room for so many rows, whose texts are as long as this one.
    fn new(kind: ColumnType, rows: usize, like: Value<'_>) -> Self {
        match kind {
            ColumnType::Text => {
                let length = if let Value::Text(text) = like { text.len() } else { 0 };
                Self::Text(StringBuilder::with_capacity(rows, (rows * length).min(MOST_TEXT)))
            }
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

/// A value that is kept.
enum Kept {
    Text(String),
    Other(Value<'static>),
}

impl Kept {
    fn of(value: Value<'_>) -> Self {
        match value {
            Value::Text(text) => Self::Text(text.to_owned()),
            Value::Null => Self::Other(Value::Null),
            Value::Int(number) => Self::Other(Value::Int(number)),
            Value::Big(number) => Self::Other(Value::Big(number)),
            Value::Double(number) => Self::Other(Value::Double(number)),
            Value::Bool(truth) => Self::Other(Value::Bool(truth)),
            Value::Time(moment) => Self::Other(Value::Time(moment)),
        }
    }

    fn value(&self) -> Value<'_> {
        match self {
            Self::Text(text) => Value::Text(text),
            Self::Other(value) => *value,
        }
    }
}

/// A column that is being made: as long as all rows are alike, their value and how many there are; of texts, as long as few
/// differ, each once.
enum Making {
    Nothing,
    /// The value, how often it came, and where the last text of it was: rows of an account share most of theirs.
    Alike(Kept, usize, Option<(usize, usize)>),
    Few(Box<Few>),
    Each(Builder),
}

impl Making {
    fn push(&mut self, value: Value<'_>, kind: ColumnType, rows: usize) {
        match self {
            Self::Each(builder) => builder.push(value),
            Self::Few(few) => {
                if !few.push(text(value)) {
                    let mut builder = Builder::new(kind, rows, value);
                    few.rows().for_each(|text| builder.push(text.map_or(Value::Null, Value::Text)));
                    builder.push(value);
                    *self = Self::Each(builder);
                }
            }
            Self::Nothing => *self = Self::Alike(Kept::of(value), 1, place(value)),
            Self::Alike(_, count, seen) if seen.is_some() && *seen == place(value) => *count += 1,
            Self::Alike(known, count, seen) if are_same(known.value(), value) => {
                *count += 1;
                *seen = place(value);
            }
            Self::Alike(known, count, _) if kind == ColumnType::Text && rows >= WORTH_FEW => {
                let mut few = Few::new(rows);
                let known = text(known.value());
                // Two values are always few.
                let _ = (0..*count).all(|_| few.push(known)) && few.push(text(value));
                *self = Self::Few(Box::new(few));
            }
            Self::Alike(known, count, _) => {
                let mut builder = Builder::new(kind, rows, value);
                (0..*count).for_each(|_| builder.push(known.value()));
                builder.push(value);
                *self = Self::Each(builder);
            }
        }
    }

    fn finish(self, kind: ColumnType) -> Part {
        match self {
            Self::Each(mut builder) => Part::Each(builder.finish()),
            Self::Few(few) => {
                let (values, places) = few.finish();
                Part::Few(values, places)
            }
            Self::Nothing => Part::Each(Builder::new(kind, 0, Value::Null).finish()),
            Self::Alike(known, ..) => {
                let mut builder = Builder::new(kind, 1, known.value());
                builder.push(known.value());
                Part::Alike(builder.finish())
            }
        }
    }
}

fn text(value: Value<'_>) -> Option<&str> {
    if let Value::Text(text) = value { Some(text) } else { None }
}

/// Where a text is. All rows are there until the columns are, so that two texts in one place are the same.
fn place(value: Value<'_>) -> Option<(usize, usize)> {
    match value {
        Value::Text(text) => Some((text.as_ptr() as usize, text.len())),
        _ => None,
    }
}

/// Down to the bits: zero has two signs.
fn are_same(left: Value<'_>, right: Value<'_>) -> bool {
    match (left, right) {
        (Value::Double(left), Value::Double(right)) => left.to_bits() == right.to_bits(),
        _ => left == right,
    }
}

/// Columns with `scan_id` in front, of the schema that [`arrow_schema`](crate::schema::arrow_schema) makes for the table.
pub fn parts(rows: &dyn Rows, scan_id: &str, schema: &SchemaRef) -> Result<Parts, ArrowError> {
    let table = rows.schema();
    let count = rows.len();
    let mut making: Vec<Making> = table.columns.iter().map(|_| Making::Nothing).collect();
    for row in 0..count {
        let mut columns = making.iter_mut().zip(table.columns);
        rows.visit(row, &mut |value| {
            if let Some((making, column)) = columns.next() {
                making.push(value, column.kind, count);
            }
        });
    }
    let ids =
        if count > 0 { Making::Alike(Kept::of(Value::Text(scan_id)), count, None) } else { Making::Nothing };
    let mut columns = vec![ids.finish(ColumnType::Text)];
    columns.extend(making.into_iter().zip(table.columns).map(|(making, column)| making.finish(column.kind)));
    if let Some(order) = order(&columns, &sort_positions(table), count) {
        for column in &mut columns {
            match column {
                Part::Alike(_) => {}
                Part::Few(_, places) => {
                    let ordered = order.values().iter().map(|row| places[*row as usize]);
                    *places = Buffer::from_vec(ordered.collect::<Vec<u8>>());
                }
                Part::Each(values) => *values = take(values, &order, None)?,
            }
        }
    }
    Ok(Parts { schema: Arc::clone(schema), rows: count, columns })
}

/// A column that rows are sorted by. No table sorts by a floating-point one.
enum Key<'a> {
    /// Of texts of which few differ: for each place where its value stands in order, and each row's place.
    Few(Vec<u8>, &'a [u8]),
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

    fn of_few(values: &ArrayRef, places: &'a [u8]) -> Option<Self> {
        let texts = values.as_string_opt::<i32>()?;
        let text = |place: u8| texts.is_valid(place.into()).then(|| texts.value(place.into()));
        let mut order: Vec<u8> = (0..texts.len() as u8).collect();
        order.sort_unstable_by_key(|place| text(*place));
        let mut standing = vec![0; order.len()];
        for (stands, place) in (0..).zip(order) {
            standing[usize::from(place)] = stands;
        }
        Some(Self::Few(standing, places))
    }

    /// Null comes first.
    fn compare(&self, left: usize, right: usize) -> Ordering {
        fn cells<A: ArrayAccessor<Item: Ord>>(array: &A, left: usize, right: usize) -> Ordering {
            let cell = |row| array.is_valid(row).then(|| array.value(row));
            cell(left).cmp(&cell(right))
        }
        match self {
            Self::Few(standing, places) => {
                let stands = |row: usize| standing[usize::from(places[row])];
                stands(left).cmp(&stands(right))
            }
            Self::Text(array) => cells(array, left, right),
            Self::Int(array) => cells(array, left, right),
            Self::Big(array) => cells(array, left, right),
            Self::Bool(array) => cells(array, left, right),
            Self::Time(array) => cells(array, left, right),
        }
    }
}

/// Row numbers in the table's sort order; `None`: they come in it, as findings always do.
fn order(columns: &[Part], positions: &[usize], rows: usize) -> Option<UInt32Array> {
    let differing = |position: &usize| match &columns[*position + SCAN_ID_COLUMNS] {
        Part::Each(values) => Key::of(values),
        Part::Few(values, places) => Key::of_few(values, places),
        Part::Alike(_) => None,
    };
    let keys: Vec<Key<'_>> = positions.iter().filter_map(differing).collect();
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

/// Positions of the sort columns among the table's own. A file holds accounts in order of their id, so the sort columns of a
/// table come after the account: with wrong metadata a reader would skip rows.
pub fn sort_positions(table: &TableSchema) -> Vec<usize> {
    let account = table.position("account_id");
    let own = table.sort.iter().filter_map(|name| table.position(name)).filter(|own| Some(*own) != account);
    account.into_iter().chain(own).collect()
}

#[cfg(test)]
mod tests {
    use arrow_array::Float64Array;

    use super::*;

    /// Whether the column is there once, and its values.
    fn made(values: &[Value<'_>], kind: ColumnType) -> (bool, ArrayRef) {
        let mut making = Making::Nothing;
        for value in values {
            making.push(*value, kind, values.len());
        }
        match making.finish(kind) {
            Part::Alike(value) => (true, value),
            other => (false, other.values(0, values.len()).unwrap()),
        }
    }

    #[test]
    fn a_column_is_there_once_if_its_rows_are_alike_to_the_bit() {
        let text = |texts: &[Option<&str>]| {
            let values: Vec<Value<'_>> =
                texts.iter().map(|text| text.map_or(Value::Null, Value::Text)).collect();
            made(&values, ColumnType::Text)
        };
        let array = |texts: &[Option<&str>]| -> ArrayRef { Arc::new(StringArray::from(texts.to_vec())) };
        assert_eq!(text(&[Some("a"); 3]), (true, array(&[Some("a")])));
        assert_eq!(text(&[None; 3]), (true, array(&[None])));
        let late = [None, None, Some(""), Some("b")];
        assert_eq!(text(&late), (false, array(&late)));
        let repeated = [None, Some("a"), Some("b"), Some("a")].repeat(10);
        assert_eq!(text(&repeated), (false, array(&repeated)));
        let names: Vec<String> = (0..100).map(|number| format!("n{number}")).collect();
        let differing: Vec<Option<&str>> = names.iter().map(|name| Some(name.as_str())).collect();
        assert_eq!(text(&differing), (false, array(&differing)));
        let doubles = |numbers: [f64; 2]| {
            let (once, array) = made(&numbers.map(Value::Double), ColumnType::Double);
            let array: &Float64Array = array.as_any().downcast_ref().unwrap();
            (once, array.values().iter().map(|number| number.to_bits()).collect::<Vec<_>>())
        };
        assert_eq!(doubles([0.0, -0.0]), (false, vec![0.0_f64.to_bits(), (-0.0_f64).to_bits()]));
        assert_eq!(doubles([f64::NAN; 2]), (true, vec![f64::NAN.to_bits()]));
    }
}
