//! The folders of a scan's shards, below its staging folder: one each, with the shard's spool and what it was started as.

use std::path::{Path, PathBuf};

use super::folder::names;
use super::header::{ScanHeader, started_as};
use super::spool::Spool;
use super::usage::SharedUsage;
use crate::error::LakeError;
use crate::layout::shard_count;

/// A shard that was started.
#[derive(Clone, Debug)]
pub struct StartedShard {
    /// Where it is kept.
    pub folder: PathBuf,
    /// Of how many it is one.
    pub count: u32,
    /// What it was started as.
    pub header: ScanHeader,
    /// Accounts that it has finished.
    pub finished: usize,
}

/// Opens every shard that was started. An empty folder is none.
pub fn started_shards(staging: &Path) -> Result<Vec<(StartedShard, Spool, SharedUsage)>, LakeError> {
    let mut started = Vec::new();
    for name in names(staging)? {
        let Some(count) = shard_count(&name) else {
            continue;
        };
        let folder = staging.join(&name);
        let spool = Spool::open(&folder)?;
        let usage = SharedUsage::open(&folder)?;
        if let Some(header) = started_as(&folder, &spool)? {
            let finished = spool.finished().len();
            started.push((StartedShard { folder, count, header, finished }, spool, usage));
        }
    }
    Ok(started)
}
