//! How a scan is started, resumed, or one of several processes' work: the folder where its accounts are kept.

use std::path::{Path, PathBuf};

use orgsweep_model::TableSchema;

use super::scan_writer::{ScanWriter, refuse_committed};
use crate::columns::ColumnEncoder;
use crate::error::LakeError;
use crate::lake::Lake;
use crate::layout::{COLLECTED, FINALIZE, HEADER, shard_folder};
use crate::scan_id::ScanId;
use crate::staging::{
    CollectedFacts, ScanHeader, SharedUsage, Spool, StartedShard, create_folder, remove_folder, started_as,
    started_shards,
};
use crate::store::write_durable;

impl ScanWriter {
    /// Prepares the staging folder: finds out now, and not after an hour of scanning, that nothing can be written.
    pub fn create(
        lake: &Lake,
        scan_id: &ScanId,
        tables: Vec<&'static TableSchema>,
        header: &ScanHeader,
    ) -> Result<Self, LakeError> {
        refuse_what_is_in_the_way(lake, scan_id)?;
        let created_folders = lake.staging.missing_above();
        let folder = lake.staging.of(scan_id);
        // What an earlier attempt of the same name left behind is no result; what another process is at is its own.
        if folder.exists() {
            drop(Spool::open(&folder)?);
        }
        lake.staging.remove(scan_id)?;
        create_folder(&folder)?;
        write_header(&folder, header)?;
        let spools = vec![Spool::open(&folder)?];
        let usages = vec![SharedUsage::open(&folder)?];
        let mut started = Self::over(lake, scan_id, tables, folder, spools, usages, false);
        started.created_folders = created_folders;
        started.is_disposable = header.checked_from_scan_id.is_some();
        Ok(started)
    }

    /// Resumes a scan that was started: its finished accounts are there.
    pub fn resume(
        lake: &Lake,
        scan_id: &ScanId,
        tables: Vec<&'static TableSchema>,
    ) -> Result<Self, LakeError> {
        refuse_what_is_in_the_way(lake, scan_id)?;
        let folder = lake.staging.of(scan_id);
        let spools = vec![Spool::open(&folder)?];
        let usages = vec![SharedUsage::open(&folder)?];
        let collected = CollectedFacts::reopen(&folder.join(COLLECTED))?;
        let mut resumed = Self::over(lake, scan_id, tables, folder, spools, usages, false);
        resumed.collected = collected;
        Ok(resumed)
    }

    /// One shard of a scan, started or resumed.
    pub fn shard(
        lake: &Lake,
        scan_id: &ScanId,
        tables: Vec<&'static TableSchema>,
        (index, count): (u32, u32),
        header: &ScanHeader,
    ) -> Result<Self, LakeError> {
        refuse_what_is_in_the_way(lake, scan_id)?;
        let folder = lake.staging.of(scan_id).join(shard_folder(index, count));
        create_folder(&folder)?;
        let spool = Spool::open(&folder)?;
        match started_as(&folder, &spool)? {
            None => write_header(&folder, header)?,
            Some(earlier) => {
                if let Some(what) = earlier.difference(header) {
                    let problem = format!(
                        "the shard was started with a different {what}; use the same for all shards, or run discover again"
                    );
                    return Err(LakeError::Format { doing: "resuming", path: folder, problem });
                }
            }
        }
        let usages = vec![SharedUsage::open(&folder)?];
        Ok(Self::over(lake, scan_id, tables, folder, vec![spool], usages, true))
    }

    /// All shards of a scan, to be published as one. Also returns the shards that were started, and as what.
    pub fn gather(
        lake: &Lake,
        scan_id: &ScanId,
        tables: Vec<&'static TableSchema>,
    ) -> Result<(Self, Vec<StartedShard>), LakeError> {
        refuse_what_is_in_the_way(lake, scan_id)?;
        let folder = lake.staging.of(scan_id);
        let started = started_shards(&folder)?;
        if started.is_empty() {
            return Err(LakeError::NoShard { scan_id: scan_id.to_string(), root: lake.store.location("") });
        }
        // Rows of finalize itself, such as those of accounts that no shard finished.
        let own = folder.join(FINALIZE);
        remove_folder(&own)?;
        let mut spools = vec![Spool::open(&own)?];
        let mut usages = vec![SharedUsage::open(&own)?];
        let mut all = Vec::new();
        for (shard, spool, usage) in started {
            all.push(shard);
            spools.push(spool);
            usages.push(usage);
        }
        Ok((Self::over(lake, scan_id, tables, folder, spools, usages, true), all))
    }

    fn over(
        lake: &Lake,
        scan_id: &ScanId,
        tables: Vec<&'static TableSchema>,
        folder: PathBuf,
        spools: Vec<Spool>,
        usages: Vec<SharedUsage>,
        is_a_shard: bool,
    ) -> Self {
        let scan_id = scan_id.clone();
        let encoder = ColumnEncoder::new(&scan_id, &tables);
        Self {
            lake: lake.clone(),
            scan_id,
            tables,
            encoder,
            folder,
            spools,
            usages,
            unfinished: None,
            collected: None,
            ledger: Vec::new(),
            is_a_shard,
            is_disposable: false,
            published: false,
            created_folders: Vec::new(),
        }
    }
}

/// Before a scan starts, everything that its publication needs is verified. At its end a pointer that cannot be moved is only a
/// warning: a finished scan is not lost for it.
fn refuse_what_is_in_the_way(lake: &Lake, scan_id: &ScanId) -> Result<(), LakeError> {
    lake.store.can_publish()?;
    refuse_committed(&*lake.store, scan_id)?;
    // Publishing records which scan came before: a pointer that cannot be read is reported now.
    lake.latest().map(|_| ())
}

fn write_header(folder: &Path, header: &ScanHeader) -> Result<(), LakeError> {
    let path = folder.join(HEADER);
    let text = serde_json::to_string_pretty(header).map_err(LakeError::format("writing", &path))?;
    let part = path.with_extension("json.part");
    write_durable(&part, text.as_bytes())?;
    std::fs::rename(&part, &path).map_err(LakeError::io("writing", &path))
}
