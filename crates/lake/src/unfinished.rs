//! Scans that were begun and not published: what is known of them, so that they can go on.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::LakeError;
use crate::spool::LOCK;
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
}

impl ScanHeader {
    /// Remembers which organization the scan is of, once that is known; false: it was begun with another.
    pub fn is_of(folder: &Path, organization_id: &str) -> Result<bool, LakeError> {
        let path = folder.join("organization");
        match fs::read_to_string(&path) {
            Ok(known) => Ok(known == organization_id),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                fs::write(&path, organization_id).map_err(LakeError::io("writing", &path))?;
                Ok(true)
            }
            Err(source) => Err(LakeError::Io { doing: "reading", path, source }),
        }
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
