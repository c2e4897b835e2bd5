//! Readers that are given a path: a test opens a lake for one look at it.

use std::collections::BTreeSet;
use std::path::Path;

use orgsweep_model::Row;

use crate::error::LakeError;
use crate::lake::Lake;
use crate::scan::{Scan, ScanSelector};
use crate::scan_id::ScanId;
use crate::staging::ScanHeader;

fn scan(root: &Path, selector: &ScanSelector) -> Result<Scan, LakeError> {
    Lake::open(root)?.scan(selector)
}

fn by_id(root: &Path, scan_id: &ScanId) -> Result<Scan, LakeError> {
    scan(root, &ScanSelector::Id(scan_id.clone()))
}

/// [`Scan::rows`].
pub fn read<R: Row>(root: &Path, selector: &ScanSelector) -> Result<Vec<R>, LakeError> {
    scan(root, selector)?.rows()
}

/// [`Scan::lookup`].
pub fn lookup<R: Row>(
    root: &Path,
    selector: &ScanSelector,
    column: &'static str,
    wanted: &BTreeSet<&str>,
) -> Result<Option<Vec<R>>, LakeError> {
    scan(root, selector)?.lookup(column, wanted)
}

/// [`Lake::scan`].
pub fn resolve(root: &Path, selector: &ScanSelector) -> Result<ScanId, LakeError> {
    scan(root, selector).map(|scan| scan.id().clone())
}

/// [`Scan::is_complete`].
pub fn is_complete(root: &Path, scan_id: &ScanId) -> Result<(), LakeError> {
    by_id(root, scan_id)?.is_complete()
}

/// [`Scan::is_unchanged`].
pub fn is_unchanged(root: &Path, scan_id: &ScanId) -> Result<(), LakeError> {
    by_id(root, scan_id)?.is_unchanged()
}

/// [`Lake::latest_scan_id`].
pub fn latest_scan_id(root: &Path) -> Result<Option<String>, LakeError> {
    Ok(Lake::open(root)?.latest_scan_id()?.map(|id| id.to_string()))
}

/// [`Lake::unfinished`].
pub fn unfinished(root: &Path) -> Result<Vec<ScanHeader>, LakeError> {
    Lake::open(root)?.unfinished()
}

/// [`Lake::damaged`].
pub fn damaged(root: &Path) -> Result<Vec<(String, LakeError)>, LakeError> {
    Lake::open(root)?.damaged()
}
