//! Every key of a lake, and every name in the folder of a scan that is not published yet.

use crate::scan_id::ScanId;

/// The tables. A breaking change would be another root beside it.
pub const TABLES: &str = "v1";
/// Manifests, all versions.
pub const MANIFESTS: &str = "manifests";
/// The pointer to the latest scan.
pub const LATEST: &str = "latest.json";
/// Held while a scan is published.
pub const PUBLISHING: &str = "orgsweep.lock";
/// Scans that are not published, below the root.
pub const STAGING: &str = "staging";

/// What a scan was started as.
pub const HEADER: &str = "scan.json";
/// Which accounts are finished, a line each.
pub const JOURNAL: &str = "journal.jsonl";
/// How rows are kept, by number.
pub const FORMAT: &str = "format";
/// Held by the process that writes the folder.
pub const LOCK: &str = "lock";
/// The organization of what is kept.
pub const ORGANIZATION: &str = "organization";
/// Calls that belong to no account, a line each time.
pub const USAGE: &str = "usage.jsonl";
/// The folder of what finalize adds to the shards.
pub const FINALIZE: &str = "finalize";
/// The folder of accounts that are collected and not judged yet.
pub const COLLECTED: &str = "collected";
/// The folder of what was read of the organization.
pub const ORGANIZATION_FACTS: &str = "organization-facts";
/// The folder of accounts that are published without being finished.
pub const UNFINISHED: &str = "unfinished";

/// `v1/<table>/scan_date=…/<scan_id>-00000.parquet`.
pub fn table_key(table: &str, scan_id: &ScanId) -> String {
    format!("{}/scan_date={}/{scan_id}-00000.parquet", table_folder(table), scan_id.scan_date())
}

/// `v1/<table>`.
pub fn table_folder(table: &str) -> String {
    format!("{TABLES}/{table}")
}

/// The day in the key of a table's file.
pub fn scan_date(key: &str) -> Option<&str> {
    key.split('/').find_map(|part| part.strip_prefix("scan_date="))
}

/// `manifests/v1/<scan_id>.json`.
pub fn manifest_key(scan_id: &ScanId) -> String {
    format!("{MANIFESTS}/v1/{scan_id}.json")
}

/// The file of a table's rows in a staging folder.
pub fn staged_rows(table: &str) -> String {
    format!("{table}.rows")
}

/// The folder of a shard, below the scan's.
pub fn shard_folder(index: u32, count: u32) -> String {
    format!("shard-{index}-of-{count}")
}

/// Of how many shards a folder holds one; `None`: it is not a shard's.
pub fn shard_count(folder: &str) -> Option<u32> {
    let (_, count) = folder.strip_prefix("shard-")?.split_once("-of-")?;
    count.parse().ok()
}
