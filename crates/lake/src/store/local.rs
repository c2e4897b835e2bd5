//! The one door to storage. Everything that is published goes through here, so that an object store can later keep
//! the same protocol: create-only writes, and one pointer that is compared before it is swapped.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::error::LakeError;
use crate::layout::{LATEST, MANIFESTS, PUBLISHING, STAGING, TABLES};

/// A lake in a local directory.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
}

/// Held while a scan is published; released when dropped.
pub struct Lock {
    _file: File,
}

impl Store {
    /// A lake at `root`; nothing is created yet.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Where a key's object is.
    pub fn path(&self, key: &str) -> PathBuf {
        self.root.join(key)
    }

    /// Makes a folder and those above it.
    pub fn make_folder(&self, key: &str) -> Result<PathBuf, LakeError> {
        let path = self.path(key);
        fs::create_dir_all(&path).map_err(LakeError::io("creating folder", &path))?;
        Ok(path)
    }

    /// The lake's folder and those above it that are not there yet, the lake's own first.
    pub fn missing_folders(&self) -> Vec<PathBuf> {
        let above =
            self.root.ancestors().take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists());
        above.map(Path::to_owned).collect()
    }

    /// Removes a folder of staged files.
    pub fn remove_folder(&self, key: &str) -> Result<(), LakeError> {
        let path = self.path(key);
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(LakeError::Io { doing: "removing", path, source: error })
            }
            _ => Ok(()),
        }
    }

    /// One publisher at a time. Publishing takes seconds, and what waits may be an hour of scanning: `wait` is told how long
    /// it has waited and says whether to go on.
    pub fn lock(&self, wait: &mut dyn FnMut(Duration) -> bool) -> Result<Lock, LakeError> {
        let path = self.path(PUBLISHING);
        let file = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(LakeError::io("opening", &path))?;
        let began = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Lock { _file: file }),
                Err(fs::TryLockError::WouldBlock) if wait(began.elapsed()) => {
                    std::thread::sleep(Duration::from_millis(100));
                }
                Err(fs::TryLockError::WouldBlock) => return Err(LakeError::Locked { path }),
                Err(fs::TryLockError::Error(source)) => {
                    return Err(LakeError::Io { doing: "locking", path, source });
                }
            }
        }
    }

    /// Whether nothing is in the way of what a publication writes.
    pub fn can_publish(&self) -> Result<(), LakeError> {
        let wrong = |key: &str, problem: &str| {
            let problem = format!("{problem}; move it away or choose another --out");
            Err(LakeError::Format { doing: "looking at", path: self.path(key), problem })
        };
        for key in ["", TABLES, MANIFESTS, STAGING] {
            if self.exists(key) && !self.path(key).is_dir() {
                return wrong(key, "expected a folder");
            }
        }
        for key in [LATEST, PUBLISHING] {
            if self.path(key).is_dir() {
                return wrong(key, "expected a file");
            }
        }
        Ok(())
    }

    /// Whether an object is there.
    pub fn exists(&self, key: &str) -> bool {
        self.path(key).exists()
    }

    /// An object's bytes; `None`: not there.
    pub fn get(&self, key: &str) -> Result<Option<Vec<u8>>, LakeError> {
        let path = self.path(key);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(LakeError::Io { doing: "reading", path, source }),
        }
    }

    /// Moves a finished, durable staged file to its key. Never replaces anything.
    pub fn put_new(&self, key: &str, staged: &Path) -> Result<(), LakeError> {
        let path = self.path(key);
        let folder = path.parent().unwrap_or(&self.root);
        self.make_durable_folder(folder)?;
        // A hard link fails if the name is taken; a rename would replace. The staged name goes with its folder. Where
        // the file system knows no links, the lock keeps other publishers away between the look and the rename.
        match fs::hard_link(staged, &path) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists || path.exists() => {
                return Err(LakeError::Io { doing: "publishing", path, source: error });
            }
            Err(_) => fs::rename(staged, &path).map_err(LakeError::io("publishing", &path))?,
            Ok(()) => {}
        }
        sync_folder(folder)
    }

    /// Makes a folder and those above it, each of them known to the one above before anything is put into it: after a power
    /// cut a committed scan has all of its tables.
    fn make_durable_folder(&self, folder: &Path) -> Result<(), LakeError> {
        let mut missing = Vec::new();
        let mut at = folder;
        while !at.exists() && at != self.root {
            missing.push(at);
            at = at.parent().unwrap_or(&self.root);
        }
        fs::create_dir_all(folder).map_err(LakeError::io("creating folder", folder))?;
        missing.iter().rev().filter_map(|made| made.parent()).try_for_each(sync_folder)
    }

    /// Removes an object that no scan has committed.
    pub fn remove_uncommitted(&self, key: &str) -> Result<(), LakeError> {
        let path = self.path(key);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(LakeError::Io { doing: "removing", path, source: error })
            }
            _ => Ok(()),
        }
    }

    /// The names in a folder, sorted; none where there is no folder.
    pub fn names(&self, key: &str) -> Result<Vec<String>, LakeError> {
        let path = self.path(key);
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(LakeError::Io { doing: "reading", path, source }),
        };
        let names = entries.map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()));
        let mut names = names.collect::<Result<Vec<_>, _>>().map_err(LakeError::io("reading", &path))?;
        names.sort();
        Ok(names)
    }

    /// Replaces a pointer if it still holds what was read. False: somebody else was faster.
    pub fn swap(&self, key: &str, expected: Option<&[u8]>, staged: &Path) -> Result<bool, LakeError> {
        if self.get(key)?.as_deref() != expected {
            return Ok(false);
        }
        let path = self.path(key);
        fs::rename(staged, &path).map_err(LakeError::io("publishing", &path))?;
        sync_folder(&self.root)?;
        Ok(true)
    }
}

/// Writes bytes beside the other staged files, durable, so that what follows is only a rename.
pub fn stage(staging: &Path, key: &str, bytes: &[u8]) -> Result<PathBuf, LakeError> {
    let path = staging.join(key.replace('/', "_"));
    let mut file = File::create(&path).map_err(LakeError::io("creating", &path))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(LakeError::io("writing", &path))?;
    Ok(path)
}

/// A name is durable once its folder is.
fn sync_folder(folder: &Path) -> Result<(), LakeError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(LakeError::io("writing", folder))
}
