//! A lake: where its scans are, and which is the latest.

use std::path::Path;
use std::sync::Arc;

use crate::error::LakeError;
use crate::layout::{STAGING, scan_date, table_folder, table_key};
use crate::manifest::{self, Latest, latest_committed};
use crate::scan::{Scan, ScanSelector};
use crate::scan_id::ScanId;
use crate::schema::SCANS;
use crate::staging::{self, ScanHeader, Staging};
use crate::store::{LocalStore, Store};

/// A lake. Every reader and every writer goes through it.
#[derive(Clone, Debug)]
pub struct Lake {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) staging: Staging,
}

impl Lake {
    /// The lake in a local folder, whether or not there is one yet. Scans that are not published are kept below it.
    pub fn open(location: &Path) -> Result<Self, LakeError> {
        if location.to_str().is_some_and(|location| location.contains("://")) {
            let problem = "only local folders are supported as a lake; give a path".to_owned();
            return Err(LakeError::Format { doing: "opening", path: location.to_owned(), problem });
        }
        Ok(Self::over(Arc::new(LocalStore::new(location)), &location.join(STAGING)))
    }

    /// A lake in any store, with a local folder for scans that are not published.
    pub fn over(store: Arc<dyn Store>, staging: &Path) -> Self {
        Self { store, staging: Staging::new(staging) }
    }

    /// A committed scan.
    pub fn scan(&self, selector: &ScanSelector) -> Result<Scan, LakeError> {
        let missing = |scan_id: &str| LakeError::NoSuchScan {
            scan_id: scan_id.to_owned(),
            root: self.store.location(""),
        };
        let scan_id = match selector {
            ScanSelector::Latest => latest_committed(&*self.store)?.ok_or_else(|| missing("(latest)"))?,
            ScanSelector::Id(id) if self.store.size(&table_key(SCANS, id))?.is_some() => id.clone(),
            ScanSelector::Id(id) => return Err(missing(id.as_str())),
        };
        Ok(Scan::new(Arc::clone(&self.store), scan_id))
    }

    /// The pointer to the last committed scan; `None`: there is none, or no lake.
    pub fn latest(&self) -> Result<Option<Latest>, LakeError> {
        manifest::latest(&*self.store)
    }

    /// The last committed scan; `None` also where the pointer names a scan that is not there.
    pub fn latest_scan_id(&self) -> Result<Option<ScanId>, LakeError> {
        match self.latest()? {
            Some(latest) => latest.committed(&*self.store),
            None => Ok(None),
        }
    }

    /// The day of the earliest scan; `None`: there is none.
    pub fn first_scan_date(&self) -> Result<Option<String>, LakeError> {
        let keys = self.store.list(&table_folder(SCANS))?;
        Ok(keys.iter().find_map(|key| scan_date(key).map(str::to_owned)))
    }

    /// The scans that can be resumed, the latest last.
    pub fn unfinished(&self) -> Result<Vec<ScanHeader>, LakeError> {
        staging::unfinished(&self.staging)
    }

    /// Removes what is left of checks of stored scans that were killed.
    pub fn remove_abandoned_checks(&self) -> Result<(), LakeError> {
        staging::remove_abandoned_checks(&self.staging)
    }

    /// The scans that have finished accounts and cannot be resumed, because their header cannot be read: by the name of the
    /// folder, with the error of each.
    pub fn damaged(&self) -> Result<Vec<(String, LakeError)>, LakeError> {
        staging::damaged(&self.staging)
    }
}
