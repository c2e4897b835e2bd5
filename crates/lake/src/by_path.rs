//! Readers that are given a path: for callers that open no lake yet.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use orgsweep_model::{Row, TableSchema};

use crate::error::LakeError;
use crate::lake::Lake;
use crate::layout::STAGING;
use crate::manifest::Latest;
use crate::scan::{Scan, ScanSelector};
use crate::scan_id::ScanId;
use crate::staging::ScanHeader;
use crate::store::LocalStore;

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

/// [`Scan::each_row`].
pub fn each_row<R: Row>(
    root: &Path,
    selector: &ScanSelector,
    take: &mut dyn FnMut(R),
) -> Result<(), LakeError> {
    scan(root, selector)?.each_row(take)
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

/// [`Scan::has_table`].
pub fn has_table(root: &Path, scan_id: &ScanId, table: &TableSchema) -> Result<bool, LakeError> {
    by_id(root, scan_id)?.has_table(table)
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

/// [`Lake::latest`].
pub fn latest(root: &Path) -> Result<Option<Latest>, LakeError> {
    Lake::open(root)?.latest()
}

/// [`Lake::latest_scan_id`].
pub fn latest_scan_id(root: &Path) -> Result<Option<String>, LakeError> {
    Ok(Lake::open(root)?.latest_scan_id()?.map(|id| id.to_string()))
}

/// [`Lake::first_scan_date`].
pub fn first_scan_date(root: &Path) -> Result<Option<String>, LakeError> {
    Lake::open(root)?.first_scan_date()
}

/// Whether any scan was ever published here.
pub fn is_a_lake(root: &Path) -> bool {
    first_scan_date(root).is_ok_and(|date| date.is_some())
}

/// [`Lake::unfinished`].
pub fn unfinished(root: &Path) -> Result<Vec<ScanHeader>, LakeError> {
    Lake::open(root)?.unfinished()
}

/// [`Lake::damaged`].
pub fn damaged(root: &Path) -> Result<Vec<(String, LakeError)>, LakeError> {
    Lake::open(root)?.damaged()
}

impl From<&Path> for Lake {
    fn from(root: &Path) -> Self {
        Self::over(Arc::new(LocalStore::new(root)), &root.join(STAGING))
    }
}

impl From<&PathBuf> for Lake {
    fn from(root: &PathBuf) -> Self {
        Self::from(root.as_path())
    }
}

impl From<&Lake> for Lake {
    fn from(lake: &Lake) -> Self {
        lake.clone()
    }
}
