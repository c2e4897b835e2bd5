//! The local folder of all scans that are not published, apart from where they are published.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::error::LakeError;
use crate::scan_id::ScanId;

/// The folder; one below it for each scan.
#[derive(Clone, Debug)]
pub struct Staging {
    root: PathBuf,
}

impl Staging {
    /// Nothing is created yet.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Where a scan is kept.
    pub fn of(&self, scan_id: &ScanId) -> PathBuf {
        self.root.join(scan_id.as_str())
    }

    /// The folders above it that are not there yet, the nearest first.
    pub fn missing_above(&self) -> Vec<PathBuf> {
        let above = self.root.ancestors().skip(1);
        above
            .take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists())
            .map(Path::to_owned)
            .collect()
    }

    /// Removes what is kept of a scan.
    pub fn remove(&self, scan_id: &ScanId) -> Result<(), LakeError> {
        remove_folder(&self.of(scan_id))
    }

    /// Removes the folder itself where no scan is kept.
    pub fn remove_if_empty(&self) {
        // A folder that is not empty is not removed.
        let _ = fs::remove_dir(&self.root);
    }

    /// The folders of scans, with their names in order.
    pub fn scans(&self) -> Result<Vec<(String, PathBuf)>, LakeError> {
        Ok(names(&self.root)?.into_iter().map(|name| (name.clone(), self.root.join(name))).collect())
    }
}

/// Creates a folder and those above it.
pub fn create_folder(path: &Path) -> Result<(), LakeError> {
    fs::create_dir_all(path).map_err(LakeError::io("creating folder", path))
}

/// Removes a folder, if it is there.
pub fn remove_folder(path: &Path) -> Result<(), LakeError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(LakeError::Io { doing: "removing", path: path.to_owned(), source: error })
        }
        _ => Ok(()),
    }
}

/// The names in a folder, sorted; none where there is no folder.
pub fn names(folder: &Path) -> Result<Vec<String>, LakeError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(LakeError::Io { doing: "reading", path: folder.to_owned(), source }),
    };
    let names = entries.map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()));
    let mut names = names.collect::<Result<Vec<_>, _>>().map_err(LakeError::io("reading", folder))?;
    names.sort();
    Ok(names)
}
