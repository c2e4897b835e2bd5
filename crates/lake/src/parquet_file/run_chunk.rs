//! A column chunk of a Parquet file, of few values: a dictionary of them, and pages that count them.

use bytes::Bytes;
use parquet::basic::{BoundaryOrder, Compression, Encoding, Type};
use parquet::column::page::{CompressedPage, Page, PageWriteSpec, PageWriter as _};
use parquet::column::writer::ColumnCloseResult;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::metadata::{
    ColumnChunkMetaData, ColumnIndexBuilder, OffsetIndexBuilder, PageEncodingStats,
};
use parquet::file::statistics::Statistics;
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;

use super::hybrid;
use super::runs::{RunValue, Runs};

/// Rows of a page, as many as Arrow's writer puts into one.
const PAGE_ROWS: usize = 20_000;
/// A run of a page: the value's number, `None` for null, and how many rows.
type Run = (Option<u32>, usize);

/// The bytes of a chunk, and what the footer says of it.
pub fn encode(
    runs: &Runs,
    column: &ColumnDescPtr,
    compression: Compression,
    level: i32,
) -> Result<(Bytes, ColumnCloseResult), ParquetError> {
    let mut writer = Writer::new(runs, column, level)?;
    let is_a_dictionary = column.physical_type() != Type::BOOLEAN && !runs.values.is_empty();
    if is_a_dictionary {
        writer.dictionary()?;
    }
    let mut open: Vec<Run> = Vec::new();
    let mut rows = 0;
    for (number, mut count) in runs.iter() {
        while rows + count > PAGE_ROWS {
            let fitting = PAGE_ROWS - rows;
            if fitting > 0 {
                open.push((number, fitting));
            }
            count -= fitting;
            writer.page(&open, PAGE_ROWS, is_a_dictionary)?;
            open.clear();
            rows = 0;
        }
        if count > 0 {
            open.push((number, count));
            rows += count;
        }
    }
    if rows > 0 {
        writer.page(&open, rows, is_a_dictionary)?;
    }
    writer.finish(compression)
}

struct Writer<'a> {
    runs: &'a Runs,
    column: &'a ColumnDescPtr,
    compressor: zstd::bulk::Compressor<'static>,
    sink: TrackedWrite<Vec<u8>>,
    column_index: ColumnIndexBuilder,
    offset_index: OffsetIndexBuilder,
    /// The least and the greatest of the page before, and whether pages go up in both.
    before: Option<(u32, u32)>,
    is_ascending: bool,
    encodings: Vec<PageEncodingStats>,
    dictionary_offset: Option<i64>,
    data_offset: Option<i64>,
    compressed: u64,
    uncompressed: u64,
    nulls: u64,
    text_bytes: i64,
}

impl<'a> Writer<'a> {
    fn new(runs: &'a Runs, column: &'a ColumnDescPtr, level: i32) -> Result<Self, ParquetError> {
        Ok(Self {
            runs,
            column,
            compressor: zstd::bulk::Compressor::new(level)?,
            sink: TrackedWrite::new(Vec::new()),
            column_index: ColumnIndexBuilder::new(column.physical_type()),
            offset_index: OffsetIndexBuilder::new(),
            before: None,
            is_ascending: true,
            encodings: Vec::new(),
            dictionary_offset: None,
            data_offset: None,
            compressed: 0,
            uncompressed: 0,
            nulls: 0,
            text_bytes: 0,
        })
    }

    fn dictionary(&mut self) -> Result<(), ParquetError> {
        let mut plain = Vec::new();
        for value in &self.runs.values {
            if let RunValue::Text(text) = value {
                plain.extend_from_slice(&(text.len() as u32).to_le_bytes());
            }
            plain.extend_from_slice(&self.bytes_of(value));
        }
        let buf = self.compressor.compress(&plain)?.into();
        let num_values = self.runs.values.len() as u32;
        let page = Page::DictionaryPage { buf, num_values, encoding: Encoding::PLAIN, is_sorted: false };
        let written = self.write(page, plain.len())?;
        self.dictionary_offset = Some(written.offset as i64);
        Ok(())
    }

    fn page(&mut self, runs: &[Run], rows: usize, is_a_dictionary: bool) -> Result<(), ParquetError> {
        let mut plain = Vec::new();
        if self.column.max_def_level() > 0 {
            let levels = runs.iter().map(|(number, count)| (u32::from(number.is_some()), *count));
            let mut encoded = Vec::new();
            hybrid::encode(merged(levels), 1, &mut encoded);
            plain.extend_from_slice(&(encoded.len() as u32).to_le_bytes());
            plain.extend_from_slice(&encoded);
        }
        let values = runs.iter().filter_map(|(number, count)| number.map(|number| (number, *count)));
        if is_a_dictionary {
            let width = hybrid::width(self.runs.values.len() as u32 - 1);
            plain.push(width);
            hybrid::encode(merged(values), width, &mut plain);
        } else {
            self.truths(values, &mut plain);
        }
        let encoding = if is_a_dictionary { Encoding::RLE_DICTIONARY } else { Encoding::PLAIN };
        let page = Page::DataPage {
            buf: self.compressor.compress(&plain)?.into(),
            num_values: rows as u32,
            encoding,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        let written = self.write(page, plain.len())?;
        self.data_offset.get_or_insert(written.offset as i64);
        self.offset_index.append_row_count(rows as i64);
        self.offset_index.append_offset_and_size(written.offset as i64, written.compressed_size as i32);
        self.describe(runs);
        Ok(())
    }

    /// Truths, a bit each, the first in the lowest.
    fn truths(&self, values: impl Iterator<Item = (u32, usize)>, plain: &mut Vec<u8>) {
        let (mut byte, mut filled) = (0_u8, 0);
        for (number, count) in values {
            let truth = u8::from(self.runs.values[number as usize] == RunValue::Number(1));
            for _ in 0..count {
                byte |= truth << filled;
                filled += 1;
                if filled == 8 {
                    plain.push(byte);
                    (byte, filled) = (0, 0);
                }
            }
        }
        if filled > 0 {
            plain.push(byte);
        }
    }

    /// What the indexes say of a page.
    fn describe(&mut self, runs: &[Run]) {
        let nulls: usize = runs.iter().filter(|(number, _)| number.is_none()).map(|(_, count)| count).sum();
        self.nulls += nulls as u64;
        if self.column.physical_type() == Type::BYTE_ARRAY {
            let bytes =
                runs.iter().filter_map(|(number, count)| match &self.runs.values[(*number)? as usize] {
                    RunValue::Text(text) => Some(text.len() * count),
                    RunValue::Number(_) => None,
                });
            let bytes = bytes.sum::<usize>() as i64;
            self.text_bytes += bytes;
            self.offset_index.append_unencoded_byte_array_data_bytes(Some(bytes));
        }
        let Some((least, greatest)) = self.bounds(runs.iter().filter_map(|(number, _)| *number)) else {
            self.column_index.append(true, Vec::new(), Vec::new(), nulls as i64);
            return;
        };
        let value = |number: u32| &self.runs.values[number as usize];
        if let Some((last_least, last_greatest)) = self.before {
            self.is_ascending &= value(last_least) <= value(least) && value(last_greatest) <= value(greatest);
        }
        self.before = Some((least, greatest));
        let (least, greatest) = (self.bytes_of(value(least)), self.bytes_of(value(greatest)));
        self.column_index.append(false, least, greatest, nulls as i64);
    }

    /// The numbers of the least and the greatest value. Values are compared once each, however often they come.
    fn bounds(&self, numbers: impl Iterator<Item = u32>) -> Option<(u32, u32)> {
        let mut comes = vec![false; self.runs.values.len()];
        numbers.for_each(|number| comes[number as usize] = true);
        let numbers = (0..).zip(comes).filter_map(|(number, comes)| comes.then_some(number));
        let value = |number: &u32| &self.runs.values[*number as usize];
        let least = numbers.clone().min_by_key(value)?;
        Some((least, numbers.max_by_key(value)?))
    }

    /// As the format writes a single value.
    fn bytes_of(&self, value: &RunValue) -> Vec<u8> {
        match (value, self.column.physical_type()) {
            (RunValue::Text(text), _) => text.as_bytes().to_vec(),
            (RunValue::Number(number), Type::BOOLEAN) => vec![*number as u8],
            (RunValue::Number(number), Type::INT32) => (*number as i32).to_le_bytes().to_vec(),
            (RunValue::Number(number), _) => number.to_le_bytes().to_vec(),
        }
    }

    fn write(&mut self, page: Page, plain: usize) -> Result<PageWriteSpec, ParquetError> {
        let (page_type, encoding) = (page.page_type(), page.encoding());
        let written =
            SerializedPageWriter::new(&mut self.sink).write_page(CompressedPage::new(page, plain))?;
        self.compressed += written.compressed_size as u64;
        self.uncompressed += written.uncompressed_size as u64;
        match self.encodings.last_mut() {
            Some(last) if last.page_type == page_type => last.count += 1,
            _ => self.encodings.push(PageEncodingStats { page_type, encoding, count: 1 }),
        }
        Ok(written)
    }

    fn statistics(&self) -> Statistics {
        let numbers = 0..self.runs.values.len() as u32;
        let bounds = self.bounds(numbers).map(|(least, greatest)| {
            (&self.runs.values[least as usize], &self.runs.values[greatest as usize])
        });
        let nulls = Some(self.nulls);
        let number = |value: &RunValue| if let RunValue::Number(number) = value { *number } else { 0 };
        let numbers = bounds.map(|(least, greatest)| (number(least), number(greatest)));
        let (least, greatest) = (numbers.map(|bounds| bounds.0), numbers.map(|bounds| bounds.1));
        match self.column.physical_type() {
            Type::BOOLEAN => Statistics::boolean(
                least.map(|least| least != 0),
                greatest.map(|greatest| greatest != 0),
                None,
                nulls,
                false,
            ),
            Type::INT32 => Statistics::int32(
                least.map(|least| least as i32),
                greatest.map(|greatest| greatest as i32),
                None,
                nulls,
                false,
            ),
            Type::INT64 => Statistics::int64(least, greatest, None, nulls, false),
            _ => {
                let text = |value: &RunValue| ByteArray::from(self.bytes_of(value));
                let texts = bounds.map(|(least, greatest)| (text(least), text(greatest)));
                let (least, greatest) = texts.unzip();
                Statistics::byte_array(least, greatest, None, nulls, false)
            }
        }
    }

    fn finish(mut self, compression: Compression) -> Result<(Bytes, ColumnCloseResult), ParquetError> {
        if self.is_ascending {
            self.column_index.set_boundary_order(BoundaryOrder::ASCENDING);
        }
        let is_text = self.column.physical_type() == Type::BYTE_ARRAY;
        let mut encodings = vec![Encoding::PLAIN, Encoding::RLE];
        if self.dictionary_offset.is_some() {
            encodings.push(Encoding::RLE_DICTIONARY);
        }
        let metadata = ColumnChunkMetaData::builder(self.column.clone())
            .set_compression(compression)
            .set_encodings(encodings)
            .set_page_encoding_stats(self.encodings.clone())
            .set_total_compressed_size(self.compressed as i64)
            .set_total_uncompressed_size(self.uncompressed as i64)
            .set_num_values(self.runs.rows as i64)
            .set_data_page_offset(self.data_offset.unwrap_or(0))
            .set_dictionary_page_offset(self.dictionary_offset)
            .set_statistics(self.statistics())
            .set_unencoded_byte_array_data_bytes(is_text.then_some(self.text_bytes))
            .build()?;
        let bytes = Bytes::from(self.sink.into_inner()?);
        let close = ColumnCloseResult {
            bytes_written: bytes.len() as u64,
            rows_written: self.runs.rows as u64,
            metadata,
            bloom_filter: None,
            column_index: Some(self.column_index.build()?),
            offset_index: Some(self.offset_index.build()),
        };
        Ok((bytes, close))
    }
}

/// Runs of which no two neighbours are alike.
fn merged(mut runs: impl Iterator<Item = (u32, usize)>) -> impl Iterator<Item = (u32, usize)> {
    let mut open = runs.next();
    std::iter::from_fn(move || {
        let (value, mut count) = open.take()?;
        for (next, more) in runs.by_ref() {
            if next != value {
                open = Some((next, more));
                break;
            }
            count += more;
        }
        Some((value, count))
    })
}
