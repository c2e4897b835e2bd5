//! What can go wrong with the lake, in one sentence that names the place.

use std::path::{Path, PathBuf};

/// An error of the lake.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// The file system refused.
    #[error("{doing} {}: {source}{}", path.display(), advice(source))]
    Io {
        /// What was being done.
        doing: &'static str,
        /// Where.
        path: PathBuf,
        /// The operating system's error.
        source: std::io::Error,
    },
    /// Arrow or Parquet refused.
    #[error("{doing} {}: {problem}", path.display())]
    Format {
        /// What was being done.
        doing: &'static str,
        /// Where.
        path: PathBuf,
        /// The library's error.
        problem: String,
    },
    /// A scan of this name is already there.
    #[error(
        "scan {scan_id} is already in the lake at {}: a committed scan is never overwritten\n  Choose another --out or another \
         --now.",
        root.display()
    )]
    AlreadyCommitted {
        /// The scan.
        scan_id: String,
        /// The lake.
        root: PathBuf,
    },
    /// A file of a committed scan is not the one that was published.
    #[error("{} differs from what was published ({problem}); restore it, or scan again", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// What is different.
        problem: String,
    },
    /// What is kept of an interrupted scan is damaged.
    #[error("{}: {problem}; delete the folder {} and start a new scan", path.display(), folder.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What to delete.
        folder: PathBuf,
        /// What was expected.
        problem: String,
    },
    /// Another process writes.
    #[error("{} is locked: another orgsweep process is publishing to this lake; try again later", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// Another process is scanning.
    #[error("{} is in use: another orgsweep process is working on this scan", path.display())]
    InUse {
        /// The spool.
        path: PathBuf,
    },
    /// There is nothing to publish.
    #[error(
        "no shard of scan {scan_id} was started in {}: run scan with --roster and --shard first, with the same --out",
        root.display()
    )]
    NoShard {
        /// The scan.
        scan_id: String,
        /// The lake.
        root: PathBuf,
    },
    /// The scan is not in the lake.
    #[error("no committed scan {scan_id} in the lake at {}", root.display())]
    NoSuchScan {
        /// The scan, or `(latest)`.
        scan_id: String,
        /// The lake.
        root: PathBuf,
    },
}

/// What to do where the operating system's message does not say it.
fn advice(source: &std::io::Error) -> &'static str {
    match source.kind() {
        std::io::ErrorKind::StorageFull => "; free some space or choose another --out",
        std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
            "; choose a writable folder with --out"
        }
        std::io::ErrorKind::NotADirectory => "; expected a folder; choose another --out",
        _ => "",
    }
}

impl LakeError {
    /// For `map_err` on file operations.
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }

    /// For a file of a committed scan.
    pub(crate) fn changed(path: &Path, problem: impl Into<String>) -> Self {
        Self::Changed { path: path.to_owned(), problem: problem.into() }
    }

    /// For a file in the folder of an interrupted scan.
    pub fn damaged(folder: &Path, name: &str, problem: impl Into<String>) -> Self {
        Self::Damaged { path: folder.join(name), folder: folder.to_owned(), problem: problem.into() }
    }

    /// For `map_err` on Arrow and Parquet operations. An operating-system error inside keeps its kind.
    pub(crate) fn format<E: std::fmt::Display>(doing: &'static str, path: &Path) -> impl FnOnce(E) -> Self {
        let path = path.to_owned();
        move |error| {
            let problem = error.to_string();
            // The Parquet writer passes the operating system's error on as text.
            let code =
                problem.split("(os error ").nth(1).and_then(|rest| rest.split(')').next()?.parse().ok());
            match code {
                Some(code) => Self::Io { doing, path, source: std::io::Error::from_raw_os_error(code) },
                None => Self::Format { doing, path, problem },
            }
        }
    }
}
