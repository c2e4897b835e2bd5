//! Scans that were begun and not published: what is known of them, so that they can go on.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::LakeError;
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

/// The scans of a lake that can go on, the latest last.
pub fn unfinished(root: &Path) -> Result<Vec<ScanHeader>, LakeError> {
    let store = Store::new(root);
    let mut headers = Vec::new();
    for name in store.names(STAGING)? {
        let key = format!("{STAGING}/{name}/{HEADER}");
        // Without a header it was killed before it began.
        if let Some(bytes) = store.get(&key)? {
            headers.push(parse(&bytes, &store.path(&key))?);
        }
    }
    Ok(headers)
}

/// A header from its text.
pub fn parse(bytes: &[u8], path: &Path) -> Result<ScanHeader, LakeError> {
    serde_json::from_slice(bytes).map_err(LakeError::format("reading", path))
}
