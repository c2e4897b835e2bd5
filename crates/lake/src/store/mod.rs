//! The one door to storage. Everything that is published goes through it, and everything that is read back.

mod local;
mod object;

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;

use crate::error::LakeError;

pub use local::{LocalStore, remove_file, write_durable};
pub use object::StoredObject;

/// Objects under keys: what a local folder and an object store can both do. An object is never partially visible, never
/// replaced and never renamed; only the pointer to the latest scan changes, and only by [`swap`](Self::swap).
pub trait Store: fmt::Debug + Send + Sync {
    /// How messages name an object, or with an empty key the lake: a path or a URL.
    fn location(&self, key: &str) -> PathBuf;

    /// Stores a complete local file under a new key. Returns once the object is durable. A key that is taken is an error, and
    /// what is there stays.
    fn put_new(&self, key: &str, file: &Path) -> Result<(), LakeError>;

    /// The size of an object; `None`: there is none.
    fn size(&self, key: &str) -> Result<Option<u64>, LakeError>;

    /// A part of an object. A range that goes past its end is an error.
    fn read(&self, key: &str, range: Range<u64>) -> Result<Bytes, LakeError>;

    /// All of a small object, and which version of it this is; `None`: there is none.
    fn get(&self, key: &str) -> Result<Option<Object>, LakeError>;

    /// Replaces an object by a complete local file if it is still this version, `None`: if there is still none. False: another
    /// process was faster.
    fn swap(&self, key: &str, expected: Option<&Version>, file: &Path) -> Result<bool, LakeError>;

    /// The keys that begin with this folder, sorted.
    fn list(&self, folder: &str) -> Result<Vec<String>, LakeError>;

    /// Removes an object, if it is there.
    fn delete(&self, key: &str) -> Result<(), LakeError>;

    /// Whether nothing is in the way of a publication, as far as this can be known before there is something to publish.
    fn can_publish(&self) -> Result<(), LakeError>;

    /// Keeps other publishers away where the store cannot do so itself. `wait` is given the time it has waited, and returns
    /// whether to keep waiting.
    fn lock(&self, wait: &mut dyn FnMut(Duration) -> bool) -> Result<Lock, LakeError>;
}

/// All of an object.
#[derive(Clone, Debug)]
pub struct Object {
    /// Its content.
    pub bytes: Bytes,
    /// Changes whenever the content does.
    pub version: Version,
}

/// Which version of an object was read; an object store calls it an entity tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version(pub String);

/// Held while a scan is published; released when dropped.
pub struct Lock {
    /// A local lake's lock file. An object store needs none: it refuses the second writer of a key.
    _file: Option<std::fs::File>,
}

impl Lock {
    /// Of a lock file.
    pub fn of(file: std::fs::File) -> Self {
        Self { _file: Some(file) }
    }

    /// Of a store that needs none.
    #[cfg(test)]
    pub fn none() -> Self {
        Self { _file: None }
    }
}
