//! How a scan is started, resumed, or one of several processes' work: the folder where its accounts are kept.

use std::path::{Path, PathBuf};

use orgsweep_model::TableSchema;

use super::scan_writer::{ScanWriter, refuse_committed};
use crate::columns::ColumnEncoder;
use crate::error::LakeError;
use crate::layout::{FINALIZE, HEADER, shard_folder, staging_key};
use crate::manifest::latest;
use crate::scan_id::ScanId;
use crate::staging::{ScanHeader, SharedUsage, Spool, StartedShard, started_as, started_shards};
use crate::store::{Store, stage};

impl ScanWriter {
    /// Prepares the staging folder: finds out now, and not after an hour of scanning, that nothing can be written.
    pub fn create(
        root: &Path,
        scan_id: &ScanId,
        tables: Vec<&'static TableSchema>,
        header: &ScanHeader,
    ) -> Result<Self, LakeError> {
        let store = Store::new(root);
        refuse_what_is_in_the_way(&store, scan_id)?;
        let created_folders = store.missing_folders();
        store.make_folder("")?;
        // What an earlier attempt of the same name left behind is no result; what another process is at is its own.
        if store.exists(&staging_key(scan_id)) {
            drop(Spool::open(&store.path(&staging_key(scan_id)))?);
        }
        store.remove_folder(&staging_key(scan_id))?;
        let staging = store.make_folder(&staging_key(scan_id))?;
        write_header(&staging, header)?;
        let spools = vec![Spool::open(&staging)?];
        let usages = vec![SharedUsage::open(&staging)?];
        let mut started = Self::over(store, scan_id, tables, staging, spools, usages, false);
        started.created_folders = created_folders;
        Ok(started)
    }

    /// Resumes a scan that was started: its finished accounts are there.
    pub fn resume(
        root: &Path,
        scan_id: &ScanId,
        tables: Vec<&'static TableSchema>,
    ) -> Result<Self, LakeError> {
        let store = Store::new(root);
        refuse_what_is_in_the_way(&store, scan_id)?;
        let staging = store.path(&staging_key(scan_id));
        let spools = vec![Spool::open(&staging)?];
        let usages = vec![SharedUsage::open(&staging)?];
        Ok(Self::over(store, scan_id, tables, staging, spools, usages, false))
    }

    /// One shard of a scan, started or resumed.
    pub fn shard(
        root: &Path,
        scan_id: &ScanId,
        tables: Vec<&'static TableSchema>,
        (index, count): (u32, u32),
        header: &ScanHeader,
    ) -> Result<Self, LakeError> {
        let store = Store::new(root);
        refuse_what_is_in_the_way(&store, scan_id)?;
        store.make_folder("")?;
        let folder = format!("{}/{}", staging_key(scan_id), shard_folder(index, count));
        let staging = store.make_folder(&folder)?;
        let spool = Spool::open(&staging)?;
        match started_as(&staging, &spool)? {
            None => write_header(&staging, header)?,
            Some(earlier) => {
                if let Some(what) = earlier.difference(header) {
                    let problem = format!(
                        "the shard was started with another {what}; use the same for all shards, or run discover again"
                    );
                    return Err(LakeError::Format { doing: "resuming", path: staging, problem });
                }
            }
        }
        let usages = vec![SharedUsage::open(&staging)?];
        Ok(Self::over(store, scan_id, tables, staging, vec![spool], usages, true))
    }

    /// All shards of a scan, to be published as one. Also returns the shards that were started, and as what.
    pub fn gather(
        root: &Path,
        scan_id: &ScanId,
        tables: Vec<&'static TableSchema>,
    ) -> Result<(Self, Vec<StartedShard>), LakeError> {
        let store = Store::new(root);
        refuse_what_is_in_the_way(&store, scan_id)?;
        let started = started_shards(&store, &staging_key(scan_id))?;
        if started.is_empty() {
            return Err(LakeError::NoShard { scan_id: scan_id.to_string(), root: root.to_owned() });
        }
        let staging = store.make_folder(&staging_key(scan_id))?;
        // Rows of finalize itself, such as those of accounts that no shard finished.
        let own = staging.join(FINALIZE);
        if own.exists() {
            std::fs::remove_dir_all(&own).map_err(LakeError::io("removing", &own))?;
        }
        let mut spools = vec![Spool::open(&own)?];
        let mut usages = vec![SharedUsage::open(&own)?];
        let mut all = Vec::new();
        for (shard, spool, usage) in started {
            all.push(shard);
            spools.push(spool);
            usages.push(usage);
        }
        Ok((Self::over(store, scan_id, tables, staging, spools, usages, true), all))
    }

    fn over(
        store: Store,
        scan_id: &ScanId,
        tables: Vec<&'static TableSchema>,
        staging: PathBuf,
        spools: Vec<Spool>,
        usages: Vec<SharedUsage>,
        is_a_shard: bool,
    ) -> Self {
        let scan_id = scan_id.clone();
        let encoder = ColumnEncoder::new(&scan_id, &tables);
        Self {
            store,
            scan_id,
            tables,
            encoder,
            staging,
            spools,
            usages,
            unfinished: None,
            documents_of: None,
            ledger: Vec::new(),
            is_a_shard,
            published: false,
            created_folders: Vec::new(),
        }
    }
}

/// Before a scan begins, everything that its publication needs is looked at. At its end a pointer that cannot be moved is only
/// a warning: a finished scan is not lost for it.
fn refuse_what_is_in_the_way(store: &Store, scan_id: &ScanId) -> Result<(), LakeError> {
    refuse_committed(store, scan_id)?;
    store.can_publish()?;
    // Publishing says which scan came before: a pointer that cannot be read is told now.
    latest(&store.path("")).map(|_| ())
}

fn write_header(staging: &Path, header: &ScanHeader) -> Result<(), LakeError> {
    let path = staging.join(HEADER);
    let text = serde_json::to_string_pretty(header).map_err(LakeError::format("writing", &path))?;
    let staged = stage(staging, "scan.json.part", text.as_bytes())?;
    std::fs::rename(&staged, &path).map_err(LakeError::io("writing", &path))
}
