//! One table's file: rows of the scan itself, then those of every account in order of its id.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use orgsweep_model::records::TableRead;
use orgsweep_model::{AccountId, Grain, Row as _, Rows, TableSchema};

use super::scan_writer::ScanWriter;
use crate::batch::parts;
use crate::codec::Parts;
use crate::content::Distinct;
use crate::error::LakeError;
use crate::layout::table_key;
use crate::manifest::{FileEntry, digest};
use crate::parquet_file::ParquetFile;
use crate::read::each_row_in;
use crate::schema::fingerprint;

/// A file that is written, and not durable yet.
pub struct TableFile {
    table: &'static TableSchema,
    file: File,
    rows: u64,
}

impl TableFile {
    /// Makes it durable, and says what the manifest says of it.
    pub fn finish(&self, writer: &ScanWriter) -> Result<FileEntry, LakeError> {
        let path = writer.staged(self.table.name);
        self.file.sync_all().map_err(LakeError::io("writing", &path))?;
        let (bytes, sha256) = digest(&path)?;
        Ok(FileEntry {
            table: self.table.name,
            key: table_key(self.table.name, &writer.scan_id),
            bytes,
            sha256,
            rows: self.rows,
            schema: fingerprint(self.table),
        })
    }
}

impl ScanWriter {
    /// Writes it into the staging folder.
    pub(super) fn write(
        &mut self,
        table: &'static TableSchema,
        own: &[Arc<dyn Rows>],
    ) -> Result<TableFile, LakeError> {
        let path = self.staged(table.name);
        let mut file = ParquetFile::create(&path, table)?;
        let schema = Arc::clone(file.schema());
        let scan_id = self.scan_id.clone();
        let building = |rows: &dyn Rows| {
            parts(rows, scan_id.as_str(), &schema).map_err(LakeError::format("building rows for", &path))
        };
        let mut distinct = (table.grain == Grain::Text).then(Distinct::default);
        let mut put = |parts: Parts| match &mut distinct {
            None => file.write(parts),
            Some(distinct) => file.write(first_of(distinct, parts, table.columns[0].name, &path)?),
        };
        for rows in own {
            put(building(&**rows)?)?;
        }
        let ledger: &[TableRead] = if table.name == TableRead::SCHEMA.name { &self.ledger } else { &[] };
        let mut order: Vec<(AccountId, usize)> = Vec::new();
        for (index, spool) in self.spools.iter_mut().enumerate() {
            order.extend(spool.accounts_of(table.name).into_iter().map(|account| (account, index)));
        }
        for read in ledger {
            if order.iter().all(|(account, _)| *account != read.account_id) {
                order.push((read.account_id, 0));
            }
        }
        order.sort_unstable();
        for (account, index) in order {
            let spool = &mut self.spools[index];
            let noted: Vec<TableRead> =
                ledger.iter().filter(|read| read.account_id == account).cloned().collect();
            if noted.is_empty() {
                spool.parts(table, account, &mut put)?;
                continue;
            }
            let mut reads: Vec<TableRead> = Vec::new();
            spool.parts(table, account, &mut |parts| {
                let batch = parts.into_batch().map_err(LakeError::format("reading rows for", &path))?;
                each_row_in(&batch, &path, &mut |read: TableRead| {
                    // One line for each table: what is recorded for the scan counts.
                    if noted.iter().all(|noted| noted.table_name != read.table_name) {
                        reads.push(read);
                    }
                })
            })?;
            reads.extend(noted);
            put(building(&reads)?)?;
        }
        let (file, rows) = file.finish()?;
        Ok(TableFile { table, file, rows })
    }
}

/// Those texts that were not there before.
fn first_of(distinct: &mut Distinct, parts: Parts, column: &str, path: &Path) -> Result<Parts, LakeError> {
    parts
        .into_batch()
        .and_then(|batch| distinct.first(&batch, column))
        .map(|batch| Parts::of(&batch))
        .map_err(LakeError::format("building rows for", path))
}
