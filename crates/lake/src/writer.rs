//! A scan on its way into the lake: spooled account by account, then published whole.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use orgsweep_model::finding_id::hex;
use orgsweep_model::records::{ScanRecord, ScanStatus};
use orgsweep_model::{AccountId, Rows, TableSchema};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use crate::batch::record_batch;
use crate::error::LakeError;
use crate::manifest::{FileEntry, LATEST, Latest, manifest};
use crate::parquet_file::ParquetFile;
use crate::scan_id::ScanId;
use crate::schema::{SCANS, fingerprint};
use crate::spool::Spool;
use crate::store::Store;

/// A scan that is not yet in the lake. Dropped without [`publish`](Self::publish), it leaves nothing.
pub struct ScanWriter {
    store: Store,
    scan_id: ScanId,
    tables: Vec<&'static TableSchema>,
    staging: PathBuf,
    spool: Spool,
}

/// A scan that is in the lake.
#[derive(Clone, Debug)]
pub struct Published {
    /// Rows by table.
    pub rows: BTreeMap<&'static str, u64>,
    /// Bytes of all files.
    pub bytes: u64,
}

impl ScanWriter {
    /// Prepares the staging folder: finds out now, and not after an hour of scanning, that nothing can be written.
    pub fn create(
        root: &Path,
        scan_id: &ScanId,
        tables: Vec<&'static TableSchema>,
    ) -> Result<Self, LakeError> {
        let store = Store::new(root);
        if store.exists(&key(SCANS, scan_id)) {
            return Err(LakeError::AlreadyCommitted { scan_id: scan_id.to_string(), root: root.to_owned() });
        }
        store.make_folder("")?;
        // What an earlier attempt of the same name left behind is no result.
        store.remove_folder(&staging_key(scan_id))?;
        let staging = store.make_folder(&staging_key(scan_id))?;
        let spool = Spool::new(&staging, scan_id.as_str());
        Ok(Self { store, scan_id: scan_id.clone(), tables, staging, spool })
    }

    /// Keeps a finished account's rows. An account is spooled once.
    pub fn spool(&mut self, account: AccountId, batches: &[Arc<dyn Rows>]) -> Result<(), LakeError> {
        batches.iter().try_for_each(|rows| self.spool.add(account, &**rows))
    }

    /// Writes every table, then commits: data files, manifest, the `scans` row, the pointer. `whole` are the rows
    /// that belong to the scan and not to an account; `coverage` goes into the manifest.
    pub fn publish(
        mut self,
        whole: &[Arc<dyn Rows>],
        scan: ScanRecord,
        coverage: &Json,
    ) -> Result<Published, LakeError> {
        let status = scan.status;
        let scan_rows: Arc<dyn Rows> = Arc::new(vec![scan]);
        let mut files = Vec::new();
        for table in self.tables.clone() {
            let own = whole.iter().chain([&scan_rows]).filter(|rows| rows.schema().name == table.name);
            files.push(self.write(table, &own.cloned().collect::<Vec<_>>())?);
        }

        let _lock = self.store.lock()?;
        if self.store.exists(&key(SCANS, &self.scan_id)) {
            let root = self.store.path("");
            return Err(LakeError::AlreadyCommitted { scan_id: self.scan_id.to_string(), root });
        }
        // What a crash between the steps below left under this name was never visible.
        for file in &files {
            remove_uncommitted(&self.store.path(&file.key))?;
        }
        let manifest_key = format!("manifests/v1/{}.json", self.scan_id);
        remove_uncommitted(&self.store.path(&manifest_key))?;

        for file in files.iter().filter(|file| file.table != SCANS) {
            self.store.put_new(&file.key, &self.staged(file.table))?;
        }
        let date = self.scan_id.scan_date();
        let text = manifest(self.scan_id.as_str(), &date, &files, coverage);
        self.store.put_new_bytes(&manifest_key, &self.staging, text.as_bytes())?;
        // From here on the scan is visible.
        self.store.put_new(&key(SCANS, &self.scan_id), &self.staged(SCANS))?;
        if status == ScanStatus::Complete {
            self.move_latest()?;
        }
        Ok(Published {
            rows: files.iter().map(|file| (file.table, file.rows)).collect(),
            bytes: files.iter().map(|file| file.bytes).sum(),
        })
    }

    fn staged(&self, table: &str) -> PathBuf {
        self.staging.join(format!("{table}.parquet"))
    }

    fn write(&mut self, table: &'static TableSchema, own: &[Arc<dyn Rows>]) -> Result<FileEntry, LakeError> {
        let path = self.staged(table.name);
        let mut file = ParquetFile::create(&path, table)?;
        for rows in own {
            let batch = record_batch(&**rows, self.scan_id.as_str())
                .map_err(LakeError::format("building rows for", &path))?;
            file.write(&batch)?;
        }
        self.spool.each(table.name, |batch| file.write(&batch))?;
        let rows = file.finish()?;
        let (bytes, sha256) = digest(&path)?;
        let key = key(table.name, &self.scan_id);
        Ok(FileEntry { table: table.name, key, bytes, sha256, rows, schema: fingerprint(table) })
    }

    /// Forward only: a scan that started earlier and finished later does not take the place of a newer one.
    fn move_latest(&self) -> Result<(), LakeError> {
        let mine = Latest { scan_id: self.scan_id.to_string(), scan_date: self.scan_id.scan_date() };
        loop {
            let current = self.store.get(LATEST)?;
            if let Some(bytes) = &current
                && Latest::parse(bytes, &self.store.path(LATEST))?.scan_id >= mine.scan_id
            {
                return Ok(());
            }
            if self.store.swap(LATEST, current.as_deref(), mine.text().as_bytes(), &self.staging)? {
                return Ok(());
            }
        }
    }
}

impl Drop for ScanWriter {
    fn drop(&mut self) {
        // Best effort: what stays is in the staging folder, which nobody reads.
        let _ = self.store.remove_folder(&staging_key(&self.scan_id));
        let _ = std::fs::remove_dir(self.store.path("staging"));
    }
}

/// `v1/<table>/scan_date=…/<scan_id>-00000.parquet`.
pub fn key(table: &str, scan_id: &ScanId) -> String {
    format!("v1/{table}/scan_date={}/{scan_id}-00000.parquet", scan_id.scan_date())
}

fn staging_key(scan_id: &ScanId) -> String {
    format!("staging/{scan_id}")
}

fn remove_uncommitted(path: &Path) -> Result<(), LakeError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(LakeError::Io { doing: "removing", path: path.to_owned(), source: error })
        }
        _ => Ok(()),
    }
}

/// Size and SHA-256 of a file, read in pieces.
fn digest(path: &Path) -> Result<(u64, String), LakeError> {
    let mut file = File::open(path).map_err(LakeError::io("reading", path))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1024 * 1024];
    let mut bytes = 0;
    loop {
        let count = file.read(&mut buffer).map_err(LakeError::io("reading", path))?;
        if count == 0 {
            return Ok((bytes, hex(&hash.finalize())));
        }
        hash.update(&buffer[..count]);
        bytes += count as u64;
    }
}
