//! Columns of one table to bytes and back. The table's schema is known and not repeated; a column whose rows are all alike is
//! there once, as half of the columns of an account's findings are.
//!
//! A header of 24 bytes, little-endian: which columns are there once, a bit each; then, for the batch of one row that holds
//! them and for the batch of the others, the lengths of the message's metadata and body. Then the two Arrow IPC messages.

use std::sync::Arc;

use arrow_array::{Array as _, ArrayRef, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow_buffer::Buffer;
use arrow_ipc::reader::FileDecoder;
use arrow_ipc::writer::{
    DictionaryTracker, IpcDataGenerator, IpcWriteContext, IpcWriteOptions, write_message,
};
use arrow_ipc::{Block, MetadataVersion};
use arrow_schema::{ArrowError, SchemaRef};
use arrow_select::take::take;

/// Columns that can be there once: a bit each.
pub const MOST_ALIKE: usize = 64;
/// Bytes before the first message; what follows stays aligned for 64-bit values.
const HEADER: usize = 24;
/// Bytes in front of a message's metadata.
const MESSAGE_PREFIX: usize = 8;
/// What header, messages and single values take, about.
const MESSAGES: usize = 4096;
/// Buffers begin at multiples of so many bytes: the widest value. Arrow's own 64 would make a kilobyte of a single row.
const ALIGNMENT: usize = 8;

/// Rows as columns.
pub struct Parts {
    /// Of the whole table.
    pub schema: SchemaRef,
    /// How many.
    pub rows: usize,
    /// One array a column of the schema.
    pub columns: Vec<Part>,
}

/// One column.
pub enum Part {
    /// One value, which all rows have. Only among the first [`MOST_ALIKE`].
    Alike(ArrayRef),
    /// A value a row.
    Each(ArrayRef),
}

impl Parts {
    /// Of a batch, each column as it is.
    pub fn of(batch: &RecordBatch) -> Self {
        let columns = batch.columns().iter().map(|column| Part::Each(Arc::clone(column))).collect();
        Self { schema: batch.schema(), rows: batch.num_rows(), columns }
    }

    /// With every value in its place.
    pub fn into_batch(self) -> Result<RecordBatch, ArrowError> {
        let first = UInt32Array::from_value(0, self.rows);
        let columns = self.columns.into_iter().map(|column| match column {
            Part::Alike(value) => take(&value, &first, None),
            Part::Each(values) => Ok(values),
        });
        RecordBatch::try_new(Arc::clone(&self.schema), columns.collect::<Result<_, _>>()?)
    }

    /// As bytes.
    pub fn encode(&self) -> Result<Vec<u8>, ArrowError> {
        let mut once = Vec::new();
        let mut mask = 0_u64;
        let mut each = Vec::new();
        for (position, column) in self.columns.iter().enumerate() {
            match column {
                Part::Alike(value) => {
                    mask |= bit(position)?;
                    once.push((position, value));
                }
                Part::Each(values) => each.push((position, values)),
            }
        }
        let size: usize = each.iter().map(|(_, values)| values.get_buffer_memory_size()).sum();
        let mut bytes = Vec::with_capacity(size + MESSAGES);
        bytes.resize(HEADER, 0);
        let once = self.encode_one(1, &once, &mut bytes)?;
        let each = self.encode_one(self.rows, &each, &mut bytes)?;
        bytes[..8].copy_from_slice(&mask.to_le_bytes());
        for (place, length) in [once.0, once.1, each.0, each.1].into_iter().enumerate() {
            let length =
                u32::try_from(length).map_err(|_| ArrowError::IpcError("over 4 GB at once".to_owned()))?;
            bytes[8 + 4 * place..][..4].copy_from_slice(&length.to_le_bytes());
        }
        Ok(bytes)
    }

    /// Adds a message. Returns the lengths of its metadata and its body.
    fn encode_one(
        &self,
        rows: usize,
        columns: &[(usize, &ArrayRef)],
        bytes: &mut Vec<u8>,
    ) -> Result<(usize, usize), ArrowError> {
        let positions: Vec<usize> = columns.iter().map(|(position, _)| *position).collect();
        let batch = RecordBatch::try_new_with_options(
            Arc::new(self.schema.project(&positions)?),
            columns.iter().map(|(_, values)| Arc::clone(values)).collect(),
            &RecordBatchOptions::new().with_row_count(Some(rows)),
        )?;
        let options = IpcWriteOptions::try_new(ALIGNMENT, false, MetadataVersion::V5)?;
        let (_, message) = IpcDataGenerator::default().encode(
            &batch,
            &mut DictionaryTracker::new(true),
            &options,
            &mut IpcWriteContext::default(),
        )?;
        write_message(bytes, message, &options)
    }

    /// From bytes: what [`encode`](Self::encode) made.
    pub fn decode(bytes: Vec<u8>, schema: &SchemaRef) -> Result<Self, ArrowError> {
        let cut_off = || ArrowError::IpcError("rows are cut off".to_owned());
        let header: [u8; HEADER] =
            bytes.get(..HEADER).and_then(|header| header.try_into().ok()).ok_or_else(cut_off)?;
        let mask = u64::from_le_bytes(std::array::from_fn(|index| header[index]));
        let [once_metadata, once_body, each_metadata, each_body]: [usize; 4] = std::array::from_fn(|place| {
            u32::from_le_bytes(std::array::from_fn(|index| header[8 + 4 * place + index])) as usize
        });
        let after_once = HEADER + once_metadata + once_body;
        if bytes.len() != after_once + each_metadata + each_body {
            return Err(cut_off());
        }
        let bytes = Buffer::from_vec(bytes);
        let is_alike = |position: &usize| bit(*position).is_ok_and(|bit| mask & bit != 0);
        let (alike, own): (Vec<usize>, Vec<usize>) = (0..schema.fields().len()).partition(is_alike);
        let message = |start, length| bytes.slice_with_length(start, length);
        let once = decode_one(&message(HEADER, once_metadata + once_body), once_metadata, schema, &alike)?;
        let each = decode_one(&message(after_once, each_metadata + each_body), each_metadata, schema, &own)?;
        let alike = alike.into_iter().zip(once.columns().iter().cloned().map(Part::Alike));
        let own = own.into_iter().zip(each.columns().iter().cloned().map(Part::Each));
        let mut columns: Vec<(usize, Part)> = alike.chain(own).collect();
        columns.sort_unstable_by_key(|(position, _)| *position);
        let columns = columns.into_iter().map(|(_, part)| part).collect();
        Ok(Self { schema: Arc::clone(schema), rows: each.num_rows(), columns })
    }
}

fn decode_one(
    message: &Buffer,
    metadata: usize,
    schema: &SchemaRef,
    positions: &[usize],
) -> Result<RecordBatch, ArrowError> {
    if metadata < MESSAGE_PREFIX {
        return Err(ArrowError::IpcError("a message is missing".to_owned()));
    }
    let schema = Arc::new(schema.project(positions)?);
    let lengths = (i32::try_from(metadata), i64::try_from(message.len() - metadata));
    let (Ok(metadata), Ok(body)) = lengths else {
        return Err(ArrowError::IpcError("a message is too long".to_owned()));
    };
    FileDecoder::new(schema, MetadataVersion::V5)
        .read_record_batch(&Block::new(0, metadata, body), message)?
        .ok_or_else(|| ArrowError::IpcError("a batch is missing".to_owned()))
}

fn bit(position: usize) -> Result<u64, ArrowError> {
    u32::try_from(position)
        .ok()
        .and_then(|position| 1_u64.checked_shl(position))
        .ok_or_else(|| ArrowError::IpcError(format!("column {position} is past the 64th")))
}

#[cfg(test)]
mod tests {
    use arrow_array::{BooleanArray, Int64Array, StringArray, new_null_array};
    use arrow_schema::{DataType, Field, Schema};

    use super::*;

    /// Five columns over three rows, two of them there once.
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
        assert_eq!(once, [true, false, true, false, false]);
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
        // All bytes said to be the first message's, and none the second's.
        let mut missing = bytes;
        let metadata = u32::from_le_bytes(missing[8..12].try_into().unwrap());
        let body = (missing.len() - HEADER) as u32 - metadata;
        for (place, length) in [metadata, body, 0, 0].into_iter().enumerate() {
            missing[8 + 4 * place..][..4].copy_from_slice(&u32::to_le_bytes(length));
        }
        assert!(read(missing).is_err());
    }

    #[test]
    fn a_column_past_the_64th_is_never_there_once() {
        let names: Vec<String> = (0..=MOST_ALIKE).map(|number| format!("c{number}")).collect();
        let fields: Vec<Field> = names.iter().map(|name| Field::new(name, DataType::Utf8, true)).collect();
        let value: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
        let mut columns: Vec<Part> = names.iter().map(|_| Part::Alike(Arc::clone(&value))).collect();
        let schema = Arc::new(Schema::new(fields));
        let too_many = Parts { schema: Arc::clone(&schema), rows: 1, columns };
        assert!(too_many.encode().is_err());
        columns = too_many.columns;
        columns[MOST_ALIKE] = Part::Each(value);
        let most = Parts { schema: Arc::clone(&schema), rows: 1, columns };
        let batch = Parts::decode(most.encode().unwrap(), &schema).and_then(Parts::into_batch).unwrap();
        assert_eq!(batch.num_columns(), MOST_ALIKE + 1);
    }
}
