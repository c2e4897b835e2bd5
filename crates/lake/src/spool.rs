//! Finished accounts on local disk until the scan is published: one file a table, one Arrow IPC stream an account.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use orgsweep_model::{AccountId, Rows};

use crate::batch::record_batch;
use crate::error::LakeError;

/// Where an account's rows of a table are.
#[derive(Clone, Copy, Debug)]
struct Span {
    offset: u64,
    length: u64,
}

/// One table's spool.
struct TableSpool {
    path: PathBuf,
    file: File,
    end: u64,
    spans: BTreeMap<AccountId, Span>,
}

/// The spools of a scan. In memory: a few bytes an account and table.
pub struct Spool {
    folder: PathBuf,
    scan_id: String,
    tables: BTreeMap<&'static str, TableSpool>,
}

impl Spool {
    /// An empty spool in a folder that exists.
    pub fn new(folder: &Path, scan_id: &str) -> Self {
        Self { folder: folder.to_owned(), scan_id: scan_id.to_owned(), tables: BTreeMap::new() }
    }

    /// Adds an account's rows of one table.
    pub fn add(&mut self, account: AccountId, rows: &dyn Rows) -> Result<(), LakeError> {
        if rows.is_empty() {
            return Ok(());
        }
        let name = rows.schema().name;
        let path = self.folder.join(format!("{name}.arrow"));
        let batch =
            record_batch(rows, &self.scan_id).map_err(LakeError::format("building rows for", &path))?;
        let bytes = encode(&batch).map_err(LakeError::format("encoding rows for", &path))?;
        if !self.tables.contains_key(name) {
            let file = File::options()
                .read(true)
                .write(true)
                .create_new(true)
                .open(&path)
                .map_err(LakeError::io("creating", &path))?;
            self.tables.insert(name, TableSpool { path, file, end: 0, spans: BTreeMap::new() });
        }
        let Some(table) = self.tables.get_mut(name) else {
            return Ok(());
        };
        table.file.write_all(&bytes).map_err(LakeError::io("writing", &table.path))?;
        let length = bytes.len() as u64;
        table.spans.insert(account, Span { offset: table.end, length });
        table.end += length;
        Ok(())
    }

    /// Hands over a table's batches in order of account id.
    pub fn each(
        &mut self,
        table: &str,
        mut take: impl FnMut(RecordBatch) -> Result<(), LakeError>,
    ) -> Result<(), LakeError> {
        let Some(spool) = self.tables.get_mut(table) else {
            return Ok(());
        };
        let mut buffer = Vec::new();
        for span in spool.spans.values() {
            spool.file.seek(SeekFrom::Start(span.offset)).map_err(LakeError::io("reading", &spool.path))?;
            buffer.resize(span.length as usize, 0);
            spool.file.read_exact(&mut buffer).map_err(LakeError::io("reading", &spool.path))?;
            let reader = StreamReader::try_new(buffer.as_slice(), None)
                .map_err(LakeError::format("decoding rows of", &spool.path))?;
            for batch in reader {
                take(batch.map_err(LakeError::format("decoding rows of", &spool.path))?)?;
            }
        }
        Ok(())
    }
}

fn encode(batch: &RecordBatch) -> Result<Vec<u8>, arrow::error::ArrowError> {
    let mut bytes = Vec::new();
    let mut writer = StreamWriter::try_new(&mut bytes, &batch.schema())?;
    writer.write(batch)?;
    writer.finish()?;
    drop(writer);
    Ok(bytes)
}
