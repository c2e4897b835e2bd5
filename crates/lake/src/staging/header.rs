//! Scans that were started and not published: what is known of them, so that they can be resumed.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::folder::{Staging, remove_folder};
use super::spool::{Spool, keeps_an_account};
use crate::error::LakeError;
use crate::layout::{HEADER, LOCK};

/// What a scan was started as.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanHeader {
    /// Its name.
    pub scan_id: String,
    /// The moment that ages count to.
    pub now: orgsweep_model::Timestamp,
    /// Of the effective configuration.
    pub config_sha256: String,
    /// The configuration itself; null: an earlier version did not keep it.
    #[serde(default)]
    pub configuration: serde_json::Value,
    /// The version of orgsweep: rows of two versions are never mixed.
    pub tool_version: String,
    /// The scan whose complete accounts are copied.
    pub retried_scan_id: Option<String>,
    /// The stored scan whose facts are checked again: what is left of that is never resumed.
    #[serde(default)]
    pub checked_from_scan_id: Option<String>,
    /// Of the accounts, where they came from a file; `None`: from Organizations, listed again by every attempt.
    #[serde(default)]
    pub roster_sha256: Option<String>,
}

impl ScanHeader {
    /// The first thing in which another attempt at the same scan differs; rows of two such are never mixed.
    pub fn difference(&self, other: &Self) -> Option<&'static str> {
        let differs = [
            ("version of orgsweep", self.tool_version != other.tool_version),
            ("selection of checks, settings, accounts or roles", self.config_sha256 != other.config_sha256),
            ("roster", self.roster_sha256 != other.roster_sha256),
            ("value of --now", self.now != other.now),
            ("scan to copy results from", self.retried_scan_id != other.retried_scan_id),
            ("scan ID", self.scan_id != other.scan_id),
        ];
        differs.into_iter().find(|(_, differs)| *differs).map(|(what, _)| what)
    }
}

/// What the scan in a folder was started as. A process that was killed before it had written that down has started nothing;
/// with finished accounts beside it, a header that cannot be read is an error.
pub fn started_as(folder: &Path, spool: &Spool) -> Result<Option<ScanHeader>, LakeError> {
    match header_in(folder)? {
        Some(header) => Ok(Some(header)),
        None if spool.finished().is_empty() => Ok(None),
        None => Err(without_header(folder)),
    }
}

/// The header in a folder; `None`: there is none that can be read.
fn header_in(folder: &Path) -> Result<Option<ScanHeader>, LakeError> {
    let path = folder.join(HEADER);
    match fs::read(&path) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(source) => Err(LakeError::Io { doing: "reading", path, source }),
    }
}

fn without_header(folder: &Path) -> LakeError {
    let problem = "it is not the JSON description of a scan, although finished accounts are kept next to it";
    LakeError::damaged(folder, HEADER, problem)
}

/// The scans that can be resumed, the latest last.
pub fn unfinished(staging: &Staging) -> Result<Vec<ScanHeader>, LakeError> {
    let mut headers = Vec::new();
    for (name, folder) in staging.scans()? {
        // Without a header, or with one of another version, there is nothing to resume.
        let header = header_in(&folder)?.filter(|header| header.scan_id == name);
        if let Some(header) = header.filter(|header| header.checked_from_scan_id.is_none())
            && !is_in_use(&folder)
        {
            headers.push(header);
        }
    }
    Ok(headers)
}

/// Removes what was left by processes that checked a stored scan again and were killed: nothing in it is worth keeping.
pub fn remove_abandoned_checks(staging: &Staging) -> Result<(), LakeError> {
    for (name, folder) in staging.scans()? {
        let header = header_in(&folder)?.filter(|header| header.scan_id == name);
        if header.is_some_and(|header| header.checked_from_scan_id.is_some()) && !is_in_use(&folder) {
            remove_folder(&folder)?;
        }
    }
    Ok(())
}

/// The scans that have finished accounts and cannot be resumed, because their header cannot be read: by the name of
/// the folder, with the error of each.
pub fn damaged(staging: &Staging) -> Result<Vec<(String, LakeError)>, LakeError> {
    let mut damaged = Vec::new();
    for (name, folder) in staging.scans()? {
        let is_known = header_in(&folder)?.is_some_and(|header| header.scan_id == name);
        if !is_known && folder.is_dir() && keeps_an_account(&folder)? && !is_in_use(&folder) {
            damaged.push((name, without_header(&folder)));
        }
    }
    Ok(damaged)
}

/// Whether another process is working on it.
fn is_in_use(folder: &Path) -> bool {
    std::fs::File::open(folder.join(LOCK)).is_ok_and(|lock| lock.try_lock().is_err())
}
