//! Scans that were begun and not published: what is known of them, so that they can go on.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::LakeError;
use crate::spool::{LOCK, Spool};
use crate::store::Store;

/// Where scans that are not published lie, below the root.
pub const STAGING: &str = "staging";
/// What a scan was begun as, below its staging folder.
pub const HEADER: &str = "scan.json";

/// What a scan was begun as.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanHeader {
    /// Its name.
    pub scan_id: String,
    /// The moment that ages count to.
    pub now: orgsweep_model::Timestamp,
    /// Of the effective configuration.
    pub config_sha256: String,
    /// The version of orgsweep: rows of two versions are never mixed.
    pub tool_version: String,
    /// The scan whose whole accounts were taken over.
    pub retried_scan_id: Option<String>,
    /// Of the accounts, where they came from a file; `None`: from Organizations, listed anew by every attempt.
    #[serde(default)]
    pub roster_sha256: Option<String>,
}

impl ScanHeader {
    /// The first thing in which another attempt at the same scan differs; rows of two such are never put together.
    pub fn difference(&self, other: &Self) -> Option<&'static str> {
        let differs = [
            ("version of orgsweep", self.tool_version != other.tool_version),
            ("choice of checks, settings, accounts or roles", self.config_sha256 != other.config_sha256),
            ("roster", self.roster_sha256 != other.roster_sha256),
            ("moment that ages count to", self.now != other.now),
            ("scan to take rows over from", self.retried_scan_id != other.retried_scan_id),
            ("scan id", self.scan_id != other.scan_id),
        ];
        differs.into_iter().find(|(_, differs)| *differs).map(|(what, _)| what)
    }
}

/// What the scan in a folder was begun as. A process that was killed before it had written that down has begun nothing; with
/// finished accounts beside it, a header that cannot be read is an error.
pub fn begun_as(folder: &Path, spool: &Spool) -> Result<Option<ScanHeader>, LakeError> {
    let path = folder.join(HEADER);
    let header = match fs::read(&path) {
        Ok(bytes) => parse(&bytes, &path),
        Err(source) => Err(LakeError::Io { doing: "reading", path, source }),
    };
    match header {
        Ok(header) => Ok(Some(header)),
        Err(_) if spool.finished().is_empty() => Ok(None),
        Err(error) => Err(error),
    }
}

/// The scans of a lake that can go on, the latest last.
pub fn unfinished(root: &Path) -> Result<Vec<ScanHeader>, LakeError> {
    let store = Store::new(root);
    let mut headers = Vec::new();
    for name in store.names(STAGING)? {
        let key = format!("{STAGING}/{name}/{HEADER}");
        // Without a header, or with one of another version, there is nothing that could go on.
        if let Some(bytes) = store.get(&key)?
            && let Ok(header) = parse(&bytes, &store.path(&key))
            && !is_in_use(&store.path(&format!("{STAGING}/{name}")))
        {
            headers.push(header);
        }
    }
    Ok(headers)
}

/// Whether another process is at work on it.
fn is_in_use(folder: &Path) -> bool {
    std::fs::File::open(folder.join(LOCK)).is_ok_and(|lock| lock.try_lock().is_err())
}

/// A header from its text.
pub fn parse(bytes: &[u8], path: &Path) -> Result<ScanHeader, LakeError> {
    serde_json::from_slice(bytes).map_err(LakeError::format("reading", path))
}
