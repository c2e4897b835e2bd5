//! The folders of a scan's shards, below its staging folder: one each, with the shard's spool and what it was begun as.

use std::path::{Path, PathBuf};

use crate::error::LakeError;
use crate::shared_usage::SharedUsage;
use crate::spool::Spool;
use crate::store::Store;
use crate::unfinished::{ScanHeader, begun_as};

/// A shard that has begun.
#[derive(Clone, Debug)]
pub struct BegunShard {
    /// Where it is kept.
    pub folder: PathBuf,
    /// Of how many it is one.
    pub count: u32,
    /// What it was begun as.
    pub header: ScanHeader,
    /// Accounts that it has finished.
    pub finished: usize,
}

/// The name of a shard's folder.
pub fn name(index: u32, count: u32) -> String {
    format!("shard-{index}-of-{count}")
}

fn count(name: &str) -> Option<u32> {
    let (_, count) = name.strip_prefix("shard-")?.split_once("-of-")?;
    count.parse().ok()
}

/// Opens every shard that has begun. A folder of which nothing but the name came to be has not.
pub fn open_all(store: &Store, staging: &str) -> Result<Vec<(BegunShard, Spool, SharedUsage)>, LakeError> {
    let mut begun = Vec::new();
    for name in store.names(staging)? {
        let Some(count) = count(&name) else {
            continue;
        };
        let folder: PathBuf = Path::new(&store.path(staging)).join(&name);
        let spool = Spool::open(&folder)?;
        let usage = SharedUsage::open(&folder)?;
        if let Some(header) = begun_as(&folder, &spool)? {
            let finished = spool.finished().len();
            begun.push((BegunShard { folder, count, header, finished }, spool, usage));
        }
    }
    Ok(begun)
}
