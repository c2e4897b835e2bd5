//! The commit: data files, manifest, the row in `scans`, the pointer to the latest scan.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use orgsweep_model::Rows;
use orgsweep_model::records::{ScanRecord, ScanStatus};
use serde_json::Value as Json;

use super::scan_writer::{ScanWriter, refuse_committed};
use crate::error::LakeError;
use crate::layout::{LATEST, manifest_key, table_key};
use crate::manifest::{FileEntry, Latest, manifest};
use crate::parallel::waiting_together;
use crate::schema::SCANS;
use crate::store::{remove_file, write_durable};

/// A scan that is in the lake.
#[derive(Clone, Debug)]
pub struct Published {
    /// Rows by table.
    pub rows: BTreeMap<&'static str, u64>,
    /// Bytes of all files.
    pub bytes: u64,
    /// What went wrong after the commit: the scan is in the lake all the same.
    pub warnings: Vec<String>,
}

impl ScanWriter {
    /// Writes every table, then commits: data files, manifest, the `scans` row, the pointer. `whole` are the rows
    /// that belong to the scan and not to an account; `coverage` goes into the manifest; `wait` says how long another
    /// publisher is waited for. An error means that nothing was published, and that nothing half-published is left.
    pub fn publish(
        mut self,
        whole: &[Arc<dyn Rows>],
        scan: ScanRecord,
        coverage: &Json,
        wait: &mut dyn FnMut(Duration) -> bool,
    ) -> Result<Published, LakeError> {
        if self.is_a_shard && self.spools.len() == 1 && self.unfinished.is_none() {
            let problem = "a shard is published by finalize, together with the others".to_owned();
            return Err(LakeError::Format { doing: "publishing", path: self.folder.clone(), problem });
        }
        let status = scan.status;
        let is_checked_again = scan.checked_from_scan_id.is_some();
        let scan_rows: Arc<dyn Rows> = Arc::new(vec![scan]);
        let mut written = Vec::new();
        for table in self.tables.clone() {
            // What an earlier attempt to publish left.
            remove_file(&self.staged(table.name))?;
            let own = whole.iter().chain([&scan_rows]).filter(|rows| rows.schema().name == table.name);
            written.push(self.write(table, &own.cloned().collect::<Vec<_>>())?);
        }
        let files = waiting_together(&written, |file| file.finish(&self))?;
        let date = self.scan_id.scan_date();
        let manifest_key = manifest_key(&self.scan_id);
        let text = manifest(self.scan_id.as_str(), &date, &files, coverage);
        let staged_manifest = self.folder.join("manifest.json");
        write_durable(&staged_manifest, text.as_bytes())?;
        // Written before the commit, so that a full disk is found out before it too.
        let staged_pointer = self.folder.join(LATEST);
        write_durable(&staged_pointer, self.pointer().text().as_bytes())?;

        let store = Arc::clone(&self.lake.store);
        let _lock = store.lock(wait)?;
        refuse_committed(&*store, &self.scan_id)?;
        let facts: Vec<&FileEntry> = files.iter().filter(|file| file.table != SCANS).collect();
        // What a crash between the steps below left under this name was never visible.
        self.remove_uncommitted(&files)?;
        let put = waiting_together(&facts, |file| store.put_new(&file.key, &self.staged(file.table)))
            .and_then(|_| store.put_new(&manifest_key, &staged_manifest))
            // From here on the scan is visible.
            .and_then(|()| store.put_new(&table_key(SCANS, &self.scan_id), &self.staged(SCANS)));
        if let Err(error) = put {
            if matches!(store.size(&table_key(SCANS, &self.scan_id)), Ok(None)) {
                // Best effort: what stays is in no scan's rows.
                let _ = self.remove_uncommitted(&files);
            }
            return Err(error);
        }
        self.published = true;
        let mut warnings = Vec::new();
        // Facts that were checked again are those of an earlier scan: they are never the latest.
        if status == ScanStatus::Complete && !is_checked_again {
            match self.move_latest(&staged_pointer) {
                Ok(None) => {}
                Ok(Some(newer)) => warnings.push(format!(
                    "the latest scan of the lake is still {newer}, which is newer than this one ({})",
                    self.scan_id
                )),
                Err(error) => warnings.push(format!(
                    "the scan is published, but {LATEST} still names an earlier one: {error}; the next scan corrects this"
                )),
            }
        }
        Ok(Published {
            rows: files.iter().map(|file| (file.table, file.rows)).collect(),
            bytes: files.iter().map(|file| file.bytes).sum(),
            warnings,
        })
    }

    fn remove_uncommitted(&self, files: &[FileEntry]) -> Result<(), LakeError> {
        files.iter().try_for_each(|file| self.lake.store.delete(&file.key))?;
        self.lake.store.delete(&manifest_key(&self.scan_id))
    }

    fn pointer(&self) -> Latest {
        Latest { scan_id: self.scan_id.to_string(), scan_date: self.scan_id.scan_date() }
    }

    pub(super) fn staged(&self, table: &str) -> PathBuf {
        self.folder.join(format!("{table}.parquet"))
    }

    /// Forward only: a scan that started earlier and finished later does not take the place of a newer one, whose id
    /// comes back.
    fn move_latest(&self, staged: &Path) -> Result<Option<String>, LakeError> {
        let store = &*self.lake.store;
        loop {
            let current = store.get(LATEST)?;
            if let Some(object) = &current {
                let found = Latest::parse(&object.bytes, &store.location(LATEST))?;
                // A scan that is not there comes before no other.
                let newer = found.committed(store)?.filter(|found| *found >= self.scan_id);
                if let Some(newer) = newer {
                    return Ok((newer != self.scan_id).then(|| newer.to_string()));
                }
            }
            if store.swap(LATEST, current.map(|object| object.version).as_ref(), staged)? {
                return Ok(None);
            }
        }
    }
}
