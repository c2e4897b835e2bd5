//! One column of a row group that is being written: as runs of its values for as long as few differ, then by Arrow's writer.

use std::sync::Arc;

use arrow_array::{ArrayRef, new_empty_array};
use arrow_schema::FieldRef;
use arrow_select::concat::concat;
use bytes::Bytes;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowColumnWriter, compute_leaves};
use parquet::basic::Compression;
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use parquet::file::writer::SerializedRowGroupWriter;
use parquet::schema::types::ColumnDescPtr;

use super::run_chunk;
use super::runs::Runs;
use crate::codec::Part;

/// How many rows have the same value at least, on average.
const LEAST: usize = 16;
/// So many values are few in any case.
const FEW: usize = 16;

/// Some rows of a part.
#[derive(Clone)]
pub struct Piece {
    part: Arc<Part>,
    offset: usize,
    rows: usize,
}

impl Piece {
    /// All rows of a part.
    pub fn of(part: Part, rows: usize) -> Self {
        Self { part: Arc::new(part), offset: 0, rows }
    }

    /// Some of them.
    pub fn slice(&self, offset: usize, rows: usize) -> Self {
        Self { part: Arc::clone(&self.part), offset: self.offset + offset, rows }
    }

    fn array(&self) -> Result<ArrayRef, ParquetError> {
        Ok(self.part.values(self.offset, self.rows)?)
    }
}

/// The column, and its rows that are not encoded yet.
pub struct Column {
    field: FieldRef,
    /// What the rows have been until now; `None`: too many values differed.
    runs: Option<Runs>,
    writer: ArrowColumnWriter,
    /// The one that takes its place if hardly a value comes twice: a dictionary only costs then.
    plain: Option<ArrowColumnWriter>,
    waiting: Vec<Piece>,
}

/// A column chunk that is ready.
pub enum Chunk {
    /// From runs.
    Runs(Bytes, Box<ColumnCloseResult>),
    /// From Arrow's writer.
    Each(Box<ArrowColumnChunk>),
}

impl Column {
    /// At the start of a row group.
    pub fn new(field: FieldRef, writer: ArrowColumnWriter, plain: ArrowColumnWriter) -> Self {
        Self { field, runs: Some(Runs::default()), writer, plain: Some(plain), waiting: Vec::new() }
    }

    /// Adds rows, to be encoded later.
    pub fn push(&mut self, piece: Piece) {
        self.waiting.push(piece);
    }

    /// Encodes what waits. Rows come here in the same numbers however they came to the file, so that the bytes do not depend
    /// on that.
    pub fn encode(&mut self, at_once: usize) -> Result<(), ParquetError> {
        let waiting = std::mem::take(&mut self.waiting);
        if let Some(runs) = &mut self.runs {
            let before = runs.mark();
            let rows: usize = waiting.iter().map(|piece| piece.rows).sum();
            let most = FEW + (runs.rows + rows) / LEAST;
            if waiting.iter().all(|piece| runs.add(&piece.part, piece.offset, piece.rows, most)) {
                return Ok(());
            }
            let differing = runs.values.len();
            let hardly_repeat = differing >= FEW && runs.rows < 2 * differing;
            if let Some(plain) = self.plain.take().filter(|_| hardly_repeat) {
                self.writer = plain;
            }
            runs.go_back(&before);
            let arrays = runs.arrays(self.field.data_type(), at_once)?;
            self.runs = None;
            arrays.iter().try_for_each(|array| self.write(array))?;
        }
        let arrays = waiting.iter().map(Piece::array).collect::<Result<Vec<_>, _>>()?;
        let arrays: Vec<&dyn arrow_array::Array> = arrays.iter().map(|array| &**array).collect();
        match arrays.as_slice() {
            [] => self.write(&new_empty_array(self.field.data_type())),
            arrays => {
                let array = concat(arrays)?;
                self.write(&array)
            }
        }
    }

    fn write(&mut self, array: &ArrayRef) -> Result<(), ParquetError> {
        compute_leaves(&self.field, array)?.iter().try_for_each(|leaf| self.writer.write(leaf))
    }

    /// The chunk of all rows that were encoded.
    pub fn close(
        self,
        column: &ColumnDescPtr,
        compression: Compression,
        level: i32,
    ) -> Result<Chunk, ParquetError> {
        match self.runs {
            Some(runs) => {
                let (bytes, close) = run_chunk::encode(&runs, column, compression, level)?;
                Ok(Chunk::Runs(bytes, Box::new(close)))
            }
            None => self.writer.close().map(|chunk| Chunk::Each(Box::new(chunk))),
        }
    }
}

impl Chunk {
    /// Writes it as the next column of a row group.
    pub fn append_to<W: std::io::Write + Send>(
        self,
        group: &mut SerializedRowGroupWriter<'_, W>,
    ) -> Result<(), ParquetError> {
        match self {
            Self::Runs(bytes, close) => group.append_column(&bytes, *close),
            Self::Each(chunk) => chunk.append_to_row_group(group),
        }
    }
}
