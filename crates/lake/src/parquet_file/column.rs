//! One column of a row group that is being written: as runs of its values for as long as few differ, then by Arrow's writer.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, new_empty_array};
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

/// So many pieces are put together while they wait: an account may have a single row of a table, and then a piece takes many
/// times as much memory as its value.
const PIECES: usize = 256;

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
    /// So many of them are put together already.
    together: usize,
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
        let (runs, plain) = (Some(Runs::default()), Some(plain));
        Self { field, runs, writer, plain, waiting: Vec::new(), together: 0 }
    }

    /// Adds rows, to be encoded later.
    pub fn push(&mut self, piece: Piece) -> Result<(), ParquetError> {
        self.waiting.push(piece);
        if self.waiting.len() - self.together >= PIECES {
            let pieces = self.waiting.split_off(self.together);
            let rows = pieces.iter().map(|piece| piece.rows).sum();
            let array = self.put_together(&pieces)?;
            self.waiting.push(Piece::of(Part::Each(array), rows));
            self.together = self.waiting.len();
        }
        Ok(())
    }

    #[cfg(test)]
    pub fn pieces(&self) -> usize {
        self.waiting.len()
    }

    fn put_together(&self, pieces: &[Piece]) -> Result<ArrayRef, ParquetError> {
        let arrays = pieces.iter().map(Piece::array).collect::<Result<Vec<_>, _>>()?;
        let arrays: Vec<&dyn Array> = arrays.iter().map(|array| &**array).collect();
        if arrays.is_empty() {
            return Ok(new_empty_array(self.field.data_type()));
        }
        Ok(concat(&arrays)?)
    }

    /// Encodes what waits. Rows come here in the same numbers however they came to the file, so that the bytes do not depend
    /// on that.
    pub fn encode(&mut self, at_once: usize) -> Result<(), ParquetError> {
        let waiting = std::mem::take(&mut self.waiting);
        self.together = 0;
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
        let array = self.put_together(&waiting)?;
        self.write(&array)
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
