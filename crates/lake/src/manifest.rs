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
use crate::layout::{LATEST, manifest_key, table_key};
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
    pub fn committed(&self, store: &dyn Store) -> Result<Option<ScanId>, LakeError> {
        let Ok(scan_id) = self.scan_id.parse() else {
            return Ok(None);
        };
        Ok(store.size(&table_key(SCANS, &scan_id))?.map(|_| scan_id))
    }

    /// From the pointer's text.
    pub fn parse(bytes: &[u8], path: &Path) -> Result<Self, LakeError> {
        let refused = |problem: String| LakeError::Format {
            doing: "reading",
            path: path.to_owned(),
            problem: format!("{problem}; restore the file or remove it: the next scan writes a new one"),
        };
        let whole: Json = serde_json::from_slice(bytes)
            .map_err(|_| refused("expected JSON with the scan_id of the latest scan".to_owned()))?;
        let version = &whole["schema_version"];
        if *version != json!(POINTER_VERSION) && !version.is_null() {
            return Err(LakeError::Format {
                doing: "reading",
                path: path.to_owned(),
                problem: format!(
                    "unknown schema_version {version}, expected {POINTER_VERSION}; use the version of orgsweep that wrote it, \
                     or another --out"
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
#[derive(Debug)]
pub struct Entry {
    bytes: u64,
    sha256: String,
}

/// The files of a committed scan, by key.
pub type Files = BTreeMap<String, Entry>;

/// What is read and hashed at once.
const PIECE: u64 = 1024 * 1024;

/// The files that a committed scan was published with.
pub fn files_of(store: &dyn Store, scan_id: &ScanId) -> Result<Files, LakeError> {
    let key = manifest_key(scan_id);
    let broken = |problem: &str| LakeError::Format {
        doing: "reading",
        path: store.location(&key),
        problem: format!("{problem}; restore it, or scan again"),
    };
    let object = store.get(&key)?.ok_or_else(|| broken(GONE))?;
    let whole: Json = serde_json::from_slice(&object.bytes).map_err(|_| broken("expected JSON"))?;
    let files = whole["files"].as_array().ok_or_else(|| broken("expected a list of the scan's files"))?;
    let entry = |file: &Json| {
        let sha256 = file["sha256"].as_str()?.to_owned();
        Some((file["key"].as_str()?.to_owned(), Entry { bytes: file["bytes"].as_u64()?, sha256 }))
    };
    let entries = files.iter().map(entry).collect::<Option<_>>();
    entries.ok_or_else(|| broken("expected key, bytes and sha256 of every file"))
}

/// What is said of a file that a scan was published with, and that is not there any more.
const GONE: &str = "the file was removed after the scan was published";

/// Whether an object has the size that it was published with.
fn has_its_size(store: &dyn Store, key: &str, entry: &Entry) -> Result<(), LakeError> {
    let path = store.location(key);
    match store.size(key)? {
        Some(bytes) if bytes == entry.bytes => Ok(()),
        Some(bytes) => {
            Err(LakeError::changed(&path, format!("it has {bytes} bytes, expected {}", entry.bytes)))
        }
        None => {
            let problem = format!("{GONE}; restore it, or scan again");
            Err(LakeError::Format { doing: "reading", path, problem })
        }
    }
}

/// Whether everything is there that a committed scan was published with, in its size; the error names what is not. Without one
/// of its files a table would be silently empty.
pub fn is_complete(store: &dyn Store, files: &Files) -> Result<(), LakeError> {
    files.iter().try_for_each(|(key, entry)| has_its_size(store, key, entry))
}

/// Whether every file of a committed scan is byte for byte what was published; the error names one that is not.
pub fn is_unchanged(store: &dyn Store, files: &Files) -> Result<(), LakeError> {
    // The sizes cost nothing: they are compared before gigabytes are read.
    is_complete(store, files)?;
    files.iter().try_for_each(|(key, entry)| {
        let mut hash = Sha256::new();
        for start in (0..entry.bytes).step_by(PIECE as usize) {
            hash.update(&store.read(key, start..entry.bytes.min(start + PIECE))?);
        }
        let sha256 = hex(&hash.finalize());
        if sha256 == entry.sha256 {
            return Ok(());
        }
        let problem = format!("its SHA-256 is {sha256}, expected {}", entry.sha256);
        Err(LakeError::changed(&store.location(key), problem))
    })
}

/// Whether a committed scan has a table, with or without rows: an older version may not have known it. A file that the scan
/// was published with and that is gone, or of another size, is an error.
pub fn has_table(
    store: &dyn Store,
    files: &Files,
    scan_id: &ScanId,
    table: &TableSchema,
) -> Result<bool, LakeError> {
    let key = table_key(table.name, scan_id);
    match files.get(&key) {
        Some(entry) => has_its_size(store, &key, entry).map(|()| true),
        None => Ok(false),
    }
}

/// Size and SHA-256 of a local file.
pub fn digest(path: &Path) -> Result<(u64, String), LakeError> {
    let mut file = File::open(path).map_err(LakeError::io("reading", path))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; PIECE as usize];
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

/// The pointer to the last committed scan; `None`: there is none, or no lake.
pub fn latest(store: &dyn Store) -> Result<Option<Latest>, LakeError> {
    match store.get(LATEST)? {
        None => Ok(None),
        Some(object) => Latest::parse(&object.bytes, &store.location(LATEST)).map(Some),
    }
}

/// The scan that a reader of the latest scan reads; `None`: there is no pointer. A pointer that leads nowhere is an error.
pub fn latest_committed(store: &dyn Store) -> Result<Option<ScanId>, LakeError> {
    let Some(found) = latest(store)? else {
        return Ok(None);
    };
    let refused = |problem: String| LakeError::Format {
        doing: "reading",
        path: store.location(LATEST),
        problem: format!("{problem}, or remove the file: the next scan writes a new one"),
    };
    let scan_id = found.committed(store)?.ok_or_else(|| {
        refused(format!(
            "it points to scan {}, which is not in the lake; restore the scan, name another one",
            found.scan_id
        ))
    })?;
    let date = scan_id.scan_date();
    if found.scan_date != date {
        // Views look in that day only.
        return Err(refused(format!(
            "it says scan_date {}, but scan {scan_id} is of {date}; restore the file",
            found.scan_date
        )));
    }
    Ok(Some(scan_id))
}

fn pretty(value: &Json) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}
