//! What a published scan consists of, and which scan is the latest.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value as Json, json};

use crate::error::LakeError;
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

/// Where the pointer is.
pub const LATEST: &str = "latest.json";
/// Grows when the pointer's meaning changes.
const POINTER_VERSION: u32 = 1;

impl Latest {
    /// The pointer's text.
    pub fn text(&self) -> String {
        pretty(
            &json!({"scan_id": self.scan_id, "scan_date": self.scan_date, "schema_version": POINTER_VERSION}),
        )
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

/// The keys of the files that a committed scan was published with.
pub fn files_of(store: &Store, scan_id: &ScanId) -> Result<BTreeSet<String>, LakeError> {
    let key = manifest_key(scan_id);
    let broken = |problem: &str| LakeError::Format {
        doing: "reading",
        path: store.path(&key),
        problem: format!("{problem}; restore it, or scan again"),
    };
    let bytes = store.get(&key)?.ok_or_else(|| broken("the file is gone since the scan was published"))?;
    let whole: Json = serde_json::from_slice(&bytes).map_err(|_| broken("expected JSON"))?;
    let files = whole["files"].as_array().ok_or_else(|| broken("expected the files of the scan"))?;
    Ok(files.iter().filter_map(|file| file["key"].as_str().map(str::to_owned)).collect())
}

/// A file that a scan was published with, and that is not there any more.
pub fn gone(store: &Store, key: &str) -> LakeError {
    LakeError::Format {
        doing: "reading",
        path: store.path(key),
        problem: "the file is gone since the scan was published; restore it, or scan again".to_owned(),
    }
}

/// Whether everything is there that a committed scan was published with; the error names what is not. Without one of its
/// files a table would be silently empty.
pub fn is_whole(root: &Path, scan_id: &ScanId) -> Result<(), LakeError> {
    let store = Store::new(root);
    let files = files_of(&store, scan_id)?;
    files.iter().find(|key| !store.exists(key)).map_or(Ok(()), |key| Err(gone(&store, key)))
}

/// `manifests/v1/<scan_id>.json`.
pub fn manifest_key(scan_id: &ScanId) -> String {
    format!("manifests/v1/{scan_id}.json")
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
    Store::new(root).exists("v1")
}

/// The day of the earliest scan; `None`: there is none.
pub fn first_scan_date(root: &Path) -> Result<Option<String>, LakeError> {
    let names = Store::new(root).names(&format!("v1/{SCANS}"))?;
    Ok(names.iter().find_map(|name| name.strip_prefix("scan_date=").map(str::to_owned)))
}

/// The id of the last committed scan.
pub fn latest_scan_id(root: &Path) -> Result<Option<String>, LakeError> {
    Ok(latest(root)?.map(|latest| latest.scan_id))
}

fn pretty(value: &Json) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}
