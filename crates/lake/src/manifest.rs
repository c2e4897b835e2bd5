//! What a published scan consists of, and which scan is the latest.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use orgsweep_model::TableSchema;
use orgsweep_model::finding_id::hex;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use crate::error::LakeError;
use crate::layout::{LATEST, TABLES, manifest_key, scan_date, table_folder, table_key};
use crate::scan_id::ScanId;
use crate::schema::SCANS;
use crate::store::Store;

/// One published file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileEntry {
    /// The table.
    pub table: &'static str,
    /// Below the root.
    pub key: String,
    /// Size.
    pub bytes: u64,
    /// Hexadecimal.
    pub sha256: String,
    /// Rows.
    pub rows: u64,
    /// Of the columns.
    pub schema: String,
}

/// The manifest's text.
pub fn manifest(scan_id: &str, scan_date: &str, files: &[FileEntry], coverage: &Json) -> String {
    let files: Vec<Json> = files
        .iter()
        .map(|file| {
            json!({
                "table": file.table,
                "key": file.key,
                "bytes": file.bytes,
                "sha256": file.sha256,
                "rows": file.rows,
                "schema_sha256": file.schema,
            })
        })
        .collect();
    let whole = json!({"scan_id": scan_id, "scan_date": scan_date, "coverage": coverage, "files": files});
    pretty(&whole)
}

/// The last committed scan of a lake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Latest {
    /// The scan.
    pub scan_id: String,
    /// Its partition.
    pub scan_date: String,
}

/// Grows when the pointer's meaning changes.
const POINTER_VERSION: u32 = 1;

impl Latest {
    /// The pointer's text.
    pub fn text(&self) -> String {
        pretty(
            &json!({"scan_id": self.scan_id, "scan_date": self.scan_date, "schema_version": POINTER_VERSION}),
        )
    }

    /// The scan that it names, if that is in the lake.
    pub fn committed(&self, store: &Store) -> Option<ScanId> {
        self.scan_id.parse().ok().filter(|id| store.exists(&table_key(SCANS, id)))
    }

    /// From the pointer's text.
    pub fn parse(bytes: &[u8], path: &Path) -> Result<Self, LakeError> {
        let refused = |problem: String| LakeError::Format {
            doing: "reading",
            path: path.to_owned(),
            problem: format!("{problem}; restore the file or remove it: the next scan writes it anew"),
        };
        let whole: Json = serde_json::from_slice(bytes)
            .map_err(|_| refused("expected JSON with the scan_id of the latest scan".to_owned()))?;
        let version = &whole["schema_version"];
        if *version != json!(POINTER_VERSION) && !version.is_null() {
            return Err(LakeError::Format {
                doing: "reading",
                path: path.to_owned(),
                problem: format!(
                    "schema_version {version} is not known, expected {POINTER_VERSION}; use the version of orgsweep \
                     that wrote it, or another --out"
                ),
            });
        }
        let text = |name: &str| whole[name].as_str().map(str::to_owned);
        match (text("scan_id"), text("scan_date")) {
            (Some(scan_id), Some(scan_date)) => Ok(Self { scan_id, scan_date }),
            _ => Err(refused("expected scan_id and scan_date".to_owned())),
        }
    }
}

/// What a committed scan's manifest says of one file.
pub struct Entry {
    bytes: u64,
    sha256: String,
}

/// The files that a committed scan was published with, by key.
pub fn files_of(store: &Store, scan_id: &ScanId) -> Result<BTreeMap<String, Entry>, LakeError> {
    let key = manifest_key(scan_id);
    let broken = |problem: &str| LakeError::Format {
        doing: "reading",
        path: store.path(&key),
        problem: format!("{problem}; restore it, or scan again"),
    };
    let bytes = store.get(&key)?.ok_or_else(|| broken(GONE))?;
    let whole: Json = serde_json::from_slice(&bytes).map_err(|_| broken("expected JSON"))?;
    let files = whole["files"].as_array().ok_or_else(|| broken("expected the files of the scan"))?;
    let entry = |file: &Json| {
        let sha256 = file["sha256"].as_str()?.to_owned();
        Some((file["key"].as_str()?.to_owned(), Entry { bytes: file["bytes"].as_u64()?, sha256 }))
    };
    let entries = files.iter().map(entry).collect::<Option<_>>();
    entries.ok_or_else(|| broken("expected key, bytes and sha256 of every file"))
}

/// What is said of a file that a scan was published with, and that is not there any more.
const GONE: &str = "the file is gone since the scan was published";

/// Whether a file has the size that it was published with.
pub fn has_its_size(store: &Store, key: &str, entry: &Entry) -> Result<(), LakeError> {
    let path = store.path(key);
    let bytes = match std::fs::metadata(&path) {
        Ok(found) => found.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let problem = format!("{GONE}; restore it, or scan again");
            return Err(LakeError::Format { doing: "reading", path, problem });
        }
        Err(source) => return Err(LakeError::Io { doing: "reading", path, source }),
    };
    if bytes == entry.bytes {
        return Ok(());
    }
    Err(LakeError::changed(&path, format!("{bytes} bytes, {} expected", entry.bytes)))
}

/// Whether everything is there that a committed scan was published with, in its size; the error names what is not. Without one
/// of its files a table would be silently empty.
pub fn is_complete(root: &Path, scan_id: &ScanId) -> Result<(), LakeError> {
    let store = Store::new(root);
    files_of(&store, scan_id)?.iter().try_for_each(|(key, entry)| has_its_size(&store, key, entry))
}

/// Whether every file of a committed scan is byte for byte what was published; the error names one that is not.
pub fn is_unchanged(root: &Path, scan_id: &ScanId) -> Result<(), LakeError> {
    let store = Store::new(root);
    let files = files_of(&store, scan_id)?;
    // The sizes cost nothing: what they tell is told before gigabytes are read.
    files.iter().try_for_each(|(key, entry)| has_its_size(&store, key, entry))?;
    files.iter().try_for_each(|(key, entry)| {
        let path = store.path(key);
        let (_, sha256) = digest(&path)?;
        if sha256 == entry.sha256 {
            return Ok(());
        }
        Err(LakeError::changed(&path, format!("its SHA-256 is {sha256}, {} expected", entry.sha256)))
    })
}

/// Whether a committed scan has a table, with or without rows: an older version may not have known it. A file that the scan
/// was published with and that is gone, or of another size, is an error.
pub fn is_published(store: &Store, scan_id: &ScanId, table: &TableSchema) -> Result<bool, LakeError> {
    let key = table_key(table.name, scan_id);
    match files_of(store, scan_id)?.get(&key) {
        Some(entry) => has_its_size(store, &key, entry).map(|()| true),
        None => Ok(false),
    }
}

/// Size and SHA-256 of a file, read in pieces.
pub fn digest(path: &Path) -> Result<(u64, String), LakeError> {
    let mut file = File::open(path).map_err(LakeError::io("reading", path))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1024 * 1024];
    let mut bytes = 0;
    loop {
        let count = file.read(&mut buffer).map_err(LakeError::io("reading", path))?;
        if count == 0 {
            return Ok((bytes, hex(&hash.finalize())));
        }
        hash.update(&buffer[..count]);
        bytes += count as u64;
    }
}

/// The last committed scan; `None`: there is none, or no lake.
pub fn latest(root: &Path) -> Result<Option<Latest>, LakeError> {
    let store = Store::new(root);
    match store.get(LATEST)? {
        None => Ok(None),
        Some(bytes) => Latest::parse(&bytes, &store.path(LATEST)).map(Some),
    }
}

/// Whether any scan was ever published here.
pub fn is_a_lake(root: &Path) -> bool {
    Store::new(root).exists(TABLES)
}

/// The day of the earliest scan; `None`: there is none.
pub fn first_scan_date(root: &Path) -> Result<Option<String>, LakeError> {
    let names = Store::new(root).names(&table_folder(SCANS))?;
    Ok(names.iter().find_map(|name| scan_date(name).map(str::to_owned)))
}

/// The id of the last committed scan; `None` also where the pointer names a scan that is not there.
pub fn latest_scan_id(root: &Path) -> Result<Option<String>, LakeError> {
    let store = Store::new(root);
    Ok(latest(root)?.and_then(|latest| latest.committed(&store)).map(|id| id.to_string()))
}

fn pretty(value: &Json) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}
