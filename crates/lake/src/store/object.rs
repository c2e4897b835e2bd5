//! An object as a Parquet reader sees it. It is read in pieces, and the last few are kept: a reader of rows is in every column at
//! once, and asks for a page's header and then for the page.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

use super::Store;
use crate::error::LakeError;

/// What is read at least.
const PIECE: u64 = 256 * 1024;
/// Pieces that are kept: about one a column.
const MOST_PIECES: usize = 40;

/// One object, open for reading.
pub struct StoredObject(Arc<Open>);

struct Open {
    store: Arc<dyn Store>,
    key: String,
    size: u64,
    /// With their offsets, the last used last.
    pieces: Mutex<VecDeque<(u64, Bytes)>>,
}

impl StoredObject {
    /// Opens an object; `None`: there is none.
    pub fn open(store: &Arc<dyn Store>, key: &str) -> Result<Option<Self>, LakeError> {
        let open = |size| Open {
            store: Arc::clone(store),
            key: key.to_owned(),
            size,
            pieces: Mutex::new(VecDeque::new()),
        };
        Ok(store.size(key)?.map(|size| Self(Arc::new(open(size)))))
    }
}

impl Open {
    /// A part of the object.
    fn part(&self, range: Range<u64>) -> Result<Bytes, ParquetError> {
        if range.start > range.end || range.end > self.size {
            let problem = format!("requested bytes {} to {} of {}", range.start, range.end, self.size);
            return Err(ParquetError::EOF(problem));
        }
        let (start, piece) = self.piece(&range)?;
        Ok(piece.slice((range.start - start) as usize..(range.end - start) as usize))
    }

    /// A piece that holds all of this, with its offset: one that is there, or a new one.
    fn piece(&self, range: &Range<u64>) -> Result<(u64, Bytes), ParquetError> {
        // A thread that panicked here left whole pieces.
        let mut pieces = self.pieces.lock().unwrap_or_else(PoisonError::into_inner);
        let holds =
            |(start, bytes): &(u64, Bytes)| *start <= range.start && range.end <= *start + bytes.len() as u64;
        let found = pieces.iter().position(holds).and_then(|position| pieces.remove(position));
        let piece = match found {
            Some(piece) => piece,
            None => self.fetch(range)?,
        };
        if pieces.len() == MOST_PIECES {
            pieces.pop_front();
        }
        pieces.push_back(piece.clone());
        Ok(piece)
    }

    fn fetch(&self, range: &Range<u64>) -> Result<(u64, Bytes), ParquetError> {
        // The footer is read from the end backwards: what lies before it is wanted next.
        let at_the_end = range.end == self.size;
        let start = if at_the_end { range.start.min(self.size.saturating_sub(PIECE)) } else { range.start };
        let end = range.end.max(start.saturating_add(PIECE)).min(self.size);
        let bytes = self.store.read(&self.key, start..end);
        Ok((start, bytes.map_err(|error| ParquetError::External(Box::new(error)))?))
    }
}

impl Length for StoredObject {
    fn len(&self) -> u64 {
        self.0.size
    }
}

impl ChunkReader for StoredObject {
    type T = Forward;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(Forward { object: Arc::clone(&self.0), at: start })
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        self.0.part(start..start.saturating_add(length as u64))
    }
}

/// Reads an object from some offset to its end.
pub struct Forward {
    object: Arc<Open>,
    at: u64,
}

impl Read for Forward {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.object.size || buffer.is_empty() {
            return Ok(0);
        }
        let (start, piece) = self.object.piece(&(self.at..self.at + 1)).map_err(io::Error::other)?;
        let rest = &piece[(self.at - start) as usize..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.at += count as u64;
        Ok(count)
    }
}
