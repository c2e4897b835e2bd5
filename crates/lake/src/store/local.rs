//! A lake in a local folder.

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bytes::Bytes;
use orgsweep_model::finding_id::sha256_hex;

use super::{Lock, Object, Store, Version};
use crate::error::LakeError;
use crate::layout::{LATEST, MANIFESTS, PUBLISHING, STAGING, TABLES};

/// A lake in a local folder; staged files lie on the same file system.
#[derive(Clone, Debug)]
pub struct LocalStore {
    root: PathBuf,
}

impl LocalStore {
    /// A lake at `root`; nothing is created yet.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    fn path(&self, key: &str) -> PathBuf {
        // Joining nothing would add a slash.
        if key.is_empty() { self.root.clone() } else { self.root.join(key) }
    }

    /// Creates a folder and those above it, each of them known to the one above before anything is put into it: after a power
    /// cut a committed scan has all of its tables.
    fn create_durable_folder(&self, folder: &Path) -> Result<(), LakeError> {
        let mut missing = Vec::new();
        let mut at = folder;
        while !at.exists() && at != self.root {
            missing.push(at);
            at = at.parent().unwrap_or(&self.root);
        }
        fs::create_dir_all(folder).map_err(LakeError::io("creating folder", folder))?;
        missing.iter().rev().filter_map(|created| created.parent()).try_for_each(sync_folder)
    }

    /// Adds the keys below a folder.
    fn list_into(&self, folder: &str, keys: &mut Vec<String>) -> Result<(), LakeError> {
        let path = self.path(folder);
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(source) => return Err(LakeError::Io { doing: "reading", path, source }),
        };
        for entry in entries {
            let entry = entry.map_err(LakeError::io("reading", &path))?;
            let key = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() { self.list_into(&key, keys)? } else { keys.push(key) }
        }
        Ok(())
    }
}

impl Store for LocalStore {
    fn location(&self, key: &str) -> PathBuf {
        self.path(key)
    }

    fn put_new(&self, key: &str, file: &Path) -> Result<(), LakeError> {
        let path = self.path(key);
        let folder = path.parent().unwrap_or(&self.root);
        self.create_durable_folder(folder)?;
        // A hard link fails if the name is taken; a rename would replace. The staged name goes with its folder. Where
        // the file system knows no links, the lock keeps other publishers away between the look and the rename.
        match fs::hard_link(file, &path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists || path.exists() => {
                return Err(LakeError::Io { doing: "publishing", path, source: error });
            }
            Err(_) => fs::rename(file, &path).map_err(LakeError::io("publishing", &path))?,
            Ok(()) => {}
        }
        sync_folder(folder)
    }

    fn size(&self, key: &str) -> Result<Option<u64>, LakeError> {
        let path = self.path(key);
        match fs::metadata(&path) {
            Ok(metadata) => Ok(Some(metadata.len())),
            // There is no object below a file.
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
            Err(source) => Err(LakeError::Io { doing: "reading", path, source }),
        }
    }

    fn read(&self, key: &str, range: Range<u64>) -> Result<Bytes, LakeError> {
        let path = self.path(key);
        let length = range.end.saturating_sub(range.start);
        let mut bytes = Vec::with_capacity(length as usize);
        File::open(&path)
            .and_then(|mut file| {
                file.seek(SeekFrom::Start(range.start))?;
                file.take(length).read_to_end(&mut bytes)
            })
            .and_then(
                |count| {
                    if count as u64 == length { Ok(()) } else { Err(ErrorKind::UnexpectedEof.into()) }
                },
            )
            .map_err(LakeError::io("reading", &path))?;
        Ok(bytes.into())
    }

    fn get(&self, key: &str) -> Result<Option<Object>, LakeError> {
        let path = self.path(key);
        match fs::read(&path) {
            Ok(bytes) => {
                let version = Version(sha256_hex(&bytes));
                Ok(Some(Object { bytes: bytes.into(), version }))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(LakeError::Io { doing: "reading", path, source }),
        }
    }

    /// The lock keeps other publishers away between the look and the rename.
    fn swap(&self, key: &str, expected: Option<&Version>, file: &Path) -> Result<bool, LakeError> {
        if self.get(key)?.map(|object| object.version).as_ref() != expected {
            return Ok(false);
        }
        let path = self.path(key);
        fs::rename(file, &path).map_err(LakeError::io("publishing", &path))?;
        sync_folder(&self.root)?;
        Ok(true)
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, LakeError> {
        let mut keys = Vec::new();
        self.list_into(folder, &mut keys)?;
        keys.sort();
        Ok(keys)
    }

    fn delete(&self, key: &str) -> Result<(), LakeError> {
        remove_file(&self.path(key))
    }

    fn can_publish(&self) -> Result<(), LakeError> {
        let wrong = |key: &str, problem: &str| {
            let problem = format!("{problem}; move it away or choose another --out");
            Err(LakeError::Format { doing: "looking at", path: self.path(key), problem })
        };
        for key in ["", TABLES, MANIFESTS, STAGING] {
            let path = self.path(key);
            if path.exists() && !path.is_dir() {
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

    /// One publisher at a time.
    fn lock(&self, wait: &mut dyn FnMut(Duration) -> bool) -> Result<Lock, LakeError> {
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
                Ok(()) => return Ok(Lock::of(file)),
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
}

/// Writes a local file, durable, so that what follows is only a rename.
pub fn write_durable(path: &Path, bytes: &[u8]) -> Result<(), LakeError> {
    let mut file = File::create(path).map_err(LakeError::io("creating", path))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(LakeError::io("writing", path))
}

/// Removes a local file, if it is there.
pub fn remove_file(path: &Path) -> Result<(), LakeError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(LakeError::Io { doing: "removing", path: path.to_owned(), source: error })
        }
        _ => Ok(()),
    }
}

/// A name is durable once its folder is.
fn sync_folder(folder: &Path) -> Result<(), LakeError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(LakeError::io("writing", folder))
}
