//! Columns of one table to bytes and back. The table's schema is known and not repeated; a column whose rows are all alike is
//! there once, and one of few values has each of them once, as most columns of an account's findings do.
//!
//! Numbers are as the machine has them: what one process writes, another build of the same version reads on the same machine.
//! First how many rows there are; then, for each column of the schema, a byte that says how it is there ([`Part`]), and
//!
//! - the one value, or as many as there are rows, or
//! - how many values there are (two bytes), the values, and for each row the place of its value (a byte).
//!
//! Values begin with a byte that says whether one is missing; if so, a bit for each says whether it is there. Numbers and moments
//! follow as they are, truths as bits, texts as all lengths and then all texts.

use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{ArrowPrimitiveType, Float64Type, Int32Type, Int64Type, TimestampMillisecondType};
use arrow_array::{Array, ArrayRef, BooleanArray, PrimitiveArray, RecordBatch, StringArray, UInt32Array};
use arrow_buffer::{ArrowNativeType as _, BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType, SchemaRef, TimeUnit};
use arrow_select::take::take;

/// What the counts of rows take, about.
const HEADER: usize = 256;
const ALIKE: u8 = 0;
const FEW: u8 = 1;
const EACH: u8 = 2;

/// Rows as columns.
pub struct Parts {
    /// Of the whole table.
    pub schema: SchemaRef,
    /// How many.
    pub rows: usize,
    /// One a column of the schema.
    pub columns: Vec<Part>,
}

/// One column.
#[derive(Clone)]
pub enum Part {
    /// One value, which all rows have.
    Alike(ArrayRef),
    /// Values that differ, at most 255, and for each row the place of its value.
    Few(ArrayRef, Buffer),
    /// A value a row.
    Each(ArrayRef),
}

impl Part {
    /// Its values in some rows, each in its place.
    pub fn values(&self, offset: usize, rows: usize) -> Result<ArrayRef, ArrowError> {
        match self {
            Self::Each(values) if (offset, rows) == (0, values.len()) => Ok(Arc::clone(values)),
            Self::Each(values) => Ok(values.slice(offset, rows)),
            Self::Alike(value) if rows == 1 => Ok(Arc::clone(value)),
            Self::Alike(value) => take(value, &UInt32Array::from_value(0, rows), None),
            Self::Few(values, places) => {
                let places = places.get(offset..offset + rows).ok_or_else(cut_off)?;
                let places: UInt32Array =
                    places.iter().map(|place| u32::from(*place)).collect::<Vec<_>>().into();
                take(values, &places, None)
            }
        }
    }
}

impl Parts {
    /// Of a batch, each column as it is.
    pub fn of(batch: &RecordBatch) -> Self {
        let columns = batch.columns().iter().map(|column| Part::Each(Arc::clone(column))).collect();
        Self { schema: batch.schema(), rows: batch.num_rows(), columns }
    }

    /// With every value in its place.
    pub fn into_batch(self) -> Result<RecordBatch, ArrowError> {
        let columns = self.columns.iter().map(|part| part.values(0, self.rows));
        RecordBatch::try_new(Arc::clone(&self.schema), columns.collect::<Result<_, _>>()?)
    }

    /// As bytes.
    pub fn encode(&self) -> Result<Vec<u8>, ArrowError> {
        let size = |part: &Part| match part {
            Part::Alike(values) | Part::Each(values) => values.get_buffer_memory_size(),
            Part::Few(values, places) => values.get_buffer_memory_size() + places.len(),
        };
        let mut bytes = Vec::with_capacity(HEADER + self.columns.iter().map(size).sum::<usize>());
        bytes.extend_from_slice(&count(self.rows)?.to_ne_bytes());
        for column in &self.columns {
            match column {
                Part::Alike(value) => {
                    bytes.push(ALIKE);
                    encode_values(value, &mut bytes)?;
                }
                Part::Few(values, places) => {
                    bytes.push(FEW);
                    bytes.extend_from_slice(&(values.len() as u16).to_ne_bytes());
                    encode_values(values, &mut bytes)?;
                    bytes.extend_from_slice(places);
                }
                Part::Each(values) => {
                    bytes.push(EACH);
                    encode_values(values, &mut bytes)?;
                }
            }
        }
        Ok(bytes)
    }

    /// From bytes: what [`encode`](Self::encode) made.
    pub fn decode(bytes: Vec<u8>, schema: &SchemaRef) -> Result<Self, ArrowError> {
        let mut rest = Rest(Buffer::from_vec(bytes));
        let rows = u32::from_ne_bytes(rest.array()?) as usize;
        let mut columns = Vec::with_capacity(schema.fields().len());
        for field in schema.fields() {
            let kind = field.data_type();
            columns.push(match rest.array()? {
                [ALIKE] => Part::Alike(decode_values(&mut rest, kind, 1)?),
                [FEW] => {
                    let count = usize::from(u16::from_ne_bytes(rest.array()?));
                    let values = decode_values(&mut rest, kind, count)?;
                    let places = rest.take(rows)?;
                    if places.iter().any(|place| usize::from(*place) >= count) {
                        return Err(ArrowError::IpcError("a row has a value that is not there".to_owned()));
                    }
                    Part::Few(values, places)
                }
                [EACH] => Part::Each(decode_values(&mut rest, kind, rows)?),
                [other] => return Err(ArrowError::IpcError(format!("{other} is no kind of column"))),
            });
        }
        if rest.0.is_empty() {
            Ok(Self { schema: Arc::clone(schema), rows, columns })
        } else {
            Err(ArrowError::IpcError("something follows the rows".to_owned()))
        }
    }
}

fn cut_off() -> ArrowError {
    ArrowError::IpcError("rows are cut off".to_owned())
}

fn count(rows: usize) -> Result<u32, ArrowError> {
    u32::try_from(rows).map_err(|_| ArrowError::IpcError("over 4 billion at once".to_owned()))
}

fn encode_values(values: &ArrayRef, bytes: &mut Vec<u8>) -> Result<(), ArrowError> {
    let nulls = values.nulls().filter(|nulls| nulls.null_count() > 0);
    bytes.push(nulls.is_some().into());
    if let Some(nulls) = nulls {
        encode_bits(nulls.inner(), bytes);
    }
    match values.data_type() {
        DataType::Utf8 => {
            let texts = values.as_string::<i32>();
            let offsets = texts.value_offsets();
            for ends in offsets.windows(2) {
                bytes.extend_from_slice(&(ends[1] - ends[0]).to_ne_bytes());
            }
            let (start, end) = (offsets[0].as_usize(), offsets[texts.len()].as_usize());
            bytes.extend_from_slice(&texts.value_data()[start..end]);
        }
        DataType::Boolean => encode_bits(values.as_boolean().values(), bytes),
        DataType::Int32 => bytes.extend_from_slice(values.as_primitive::<Int32Type>().values().inner()),
        DataType::Int64 => bytes.extend_from_slice(values.as_primitive::<Int64Type>().values().inner()),
        DataType::Float64 => bytes.extend_from_slice(values.as_primitive::<Float64Type>().values().inner()),
        DataType::Timestamp(TimeUnit::Millisecond, None) => {
            bytes.extend_from_slice(values.as_primitive::<TimestampMillisecondType>().values().inner());
        }
        other => return Err(ArrowError::IpcError(format!("no column is of {other}"))),
    }
    Ok(())
}

fn encode_bits(bits: &BooleanBuffer, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(&bits.sliced()[..bits.len().div_ceil(8)]);
}

/// Bytes that were not read yet.
struct Rest(Buffer);

impl Rest {
    fn take(&mut self, length: usize) -> Result<Buffer, ArrowError> {
        if length > self.0.len() {
            return Err(cut_off());
        }
        let taken = self.0.slice_with_length(0, length);
        self.0 = self.0.slice(length);
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ArrowError> {
        let taken = self.take(N)?;
        taken.as_slice().try_into().map_err(|_| cut_off())
    }

    fn bits(&mut self, length: usize) -> Result<BooleanBuffer, ArrowError> {
        Ok(BooleanBuffer::new(self.take(length.div_ceil(8))?, 0, length))
    }
}

fn decode_values(rest: &mut Rest, kind: &DataType, rows: usize) -> Result<ArrayRef, ArrowError> {
    let nulls = match rest.array()? {
        [0] => None,
        [_] => Some(NullBuffer::new(rest.bits(rows)?)),
    };
    Ok(match kind {
        DataType::Utf8 => {
            let lengths = rest.take(rows.checked_mul(4).ok_or_else(cut_off)?)?;
            let (mut end, mut offsets) = (0_i32, Vec::with_capacity(rows + 1));
            offsets.push(end);
            for length in lengths.chunks_exact(4) {
                let length = i32::from_ne_bytes([length[0], length[1], length[2], length[3]]);
                end = end.checked_add(length).filter(|_| length >= 0).ok_or_else(cut_off)?;
                offsets.push(end);
            }
            let texts = rest.take(end.as_usize())?;
            Arc::new(StringArray::try_new(OffsetBuffer::new(offsets.into()), texts, nulls)?)
        }
        DataType::Boolean => Arc::new(BooleanArray::new(rest.bits(rows)?, nulls)),
        DataType::Int32 => numbers::<Int32Type, 4>(rest, rows, nulls, i32::from_ne_bytes)?,
        DataType::Int64 => numbers::<Int64Type, 8>(rest, rows, nulls, i64::from_ne_bytes)?,
        DataType::Float64 => numbers::<Float64Type, 8>(rest, rows, nulls, f64::from_ne_bytes)?,
        DataType::Timestamp(TimeUnit::Millisecond, None) => {
            numbers::<TimestampMillisecondType, 8>(rest, rows, nulls, i64::from_ne_bytes)?
        }
        other => return Err(ArrowError::IpcError(format!("no column is of {other}"))),
    })
}

/// Copied: where they are they may not be aligned.
fn numbers<T: ArrowPrimitiveType, const N: usize>(
    rest: &mut Rest,
    rows: usize,
    nulls: Option<NullBuffer>,
    number: fn([u8; N]) -> T::Native,
) -> Result<ArrayRef, ArrowError> {
    let bytes = rest.take(rows.checked_mul(N).ok_or_else(cut_off)?)?;
    let numbers = bytes.chunks_exact(N).map(|bytes| number(std::array::from_fn(|index| bytes[index])));
    let numbers = ScalarBuffer::from(numbers.collect::<Vec<T::Native>>());
    Ok(Arc::new(PrimitiveArray::<T>::try_new(numbers, nulls)?))
}

#[cfg(test)]
mod tests {
    use arrow_array::{BooleanArray, Int64Array, StringArray, new_null_array};
    use arrow_schema::{DataType, Field, Schema};

    use super::*;

    /// Seven columns over three rows, two of them there once, and one of few values.
    fn parts() -> Parts {
        let text = |values: &[Option<&str>]| -> ArrayRef { Arc::new(StringArray::from(values.to_vec())) };
        let columns = [
            ("scan", DataType::Utf8, Part::Alike(text(&[Some("s")]))),
            ("name", DataType::Utf8, Part::Each(text(&[Some("a"), None, Some("")]))),
            ("owner", DataType::Utf8, Part::Alike(new_null_array(&DataType::Utf8, 1))),
            (
                "count",
                DataType::Int64,
                Part::Each(Arc::new(Int64Array::from(vec![Some(1), Some(i64::MIN), None]))),
            ),
            ("is_open", DataType::Boolean, Part::Each(Arc::new(BooleanArray::from(vec![true, false, true])))),
            (
                "word",
                DataType::Utf8,
                Part::Few(text(&[Some("ü"), Some("x"), None]), Buffer::from(vec![1_u8, 1, 2])),
            ),
            (
                "is_known",
                DataType::Boolean,
                Part::Each(Arc::new(BooleanArray::from(vec![None, Some(true), None]))),
            ),
        ];
        let field = |(name, kind, _): &(&str, DataType, Part)| Field::new(*name, kind.clone(), true);
        let schema = Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()));
        Parts { schema, rows: 3, columns: columns.into_iter().map(|(_, _, part)| part).collect() }
    }

    fn whole() -> RecordBatch {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from(vec!["s", "s", "s"])),
            Arc::new(StringArray::from(vec![Some("a"), None, Some("")])),
            new_null_array(&DataType::Utf8, 3),
            Arc::new(Int64Array::from(vec![Some(1), Some(i64::MIN), None])),
            Arc::new(BooleanArray::from(vec![true, false, true])),
            Arc::new(StringArray::from(vec![Some("x"), Some("x"), None])),
            Arc::new(BooleanArray::from(vec![None, Some(true), None])),
        ];
        RecordBatch::try_new(parts().schema, columns).unwrap()
    }

    fn read(bytes: Vec<u8>) -> Result<RecordBatch, ArrowError> {
        Parts::decode(bytes, &parts().schema).and_then(Parts::into_batch)
    }

    #[test]
    fn columns_that_are_there_once_come_back_in_every_row() {
        assert_eq!(read(parts().encode().unwrap()).unwrap(), whole());
        assert_eq!(read(Parts::of(&whole()).encode().unwrap()).unwrap(), whole());
        let decoded = Parts::decode(parts().encode().unwrap(), &parts().schema).unwrap();
        let once: Vec<bool> = decoded.columns.iter().map(|part| matches!(part, Part::Alike(_))).collect();
        assert_eq!(once, [true, false, true, false, false, false, false]);
        // A part of a larger array.
        let slice = whole().slice(1, 2);
        assert_eq!(read(Parts::of(&slice).encode().unwrap()).unwrap(), slice);
    }

    #[test]
    fn all_columns_may_be_there_once_and_there_may_be_no_row() {
        let schema = Arc::new(Schema::new(vec![Field::new("scan", DataType::Utf8, false)]));
        let once: ArrayRef = Arc::new(StringArray::from(vec!["s"]));
        let alike = Parts { schema: Arc::clone(&schema), rows: 4, columns: vec![Part::Alike(once)] };
        let batch = Parts::decode(alike.encode().unwrap(), &schema).and_then(Parts::into_batch).unwrap();
        let expected: ArrayRef = Arc::new(StringArray::from(vec!["s"; 4]));
        assert_eq!(batch.columns(), [expected]);
        let none = RecordBatch::new_empty(Arc::clone(&schema));
        let bytes = Parts::of(&none).encode().unwrap();
        assert_eq!(Parts::decode(bytes, &schema).and_then(Parts::into_batch).unwrap(), none);
    }

    #[test]
    fn what_is_cut_off_is_an_error() {
        let bytes = parts().encode().unwrap();
        for length in 0..bytes.len() {
            assert!(read(bytes[..length].to_vec()).is_err(), "the first {length} of {} bytes", bytes.len());
        }
        let mut longer = bytes.clone();
        longer.push(0);
        assert!(read(longer).is_err());
        // A row's value, the last byte but the four of the last column, is none of those that are there.
        let mut missing = bytes;
        let last_place = missing.len() - 5;
        assert_eq!(missing[last_place], 2);
        missing[last_place] = 3;
        assert!(read(missing).is_err());
    }
}
