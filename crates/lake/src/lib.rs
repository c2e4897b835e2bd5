//! The lake: typed rows are written as Parquet, published atomically, and read back.
//!
//! ```text
//! <root>/v1/<table>/scan_date=YYYY-MM-DD/<scan_id>-00000.parquet   one file a table and scan, also with no rows
//! <root>/manifests/v1/<scan_id>.json                               files, bytes, sha256, rows, schemas
//! <root>/latest.json                                               the last committed scan; moves forward only
//! <root>/staging/<scan_id>/                                        while a scan runs; never a result
//! ```
//!
//! [`ScanWriter`] buffers nothing but one account's rows at a time: accounts are spooled to disk as they finish, and
//! [`ScanWriter::publish`] reads them back in order of account id, at most one row group (256,000 rows) a table in memory. A
//! scan is committed by its row in `scans`; until then no view and no reader shows any of its rows. [`Lake`] opens a lake and
//! [`Scan`] reads a committed scan back. Objects are in a [`Store`]; the local folder is the only implementation so far.
//! Unpublished scans are kept in a separate local folder. This is the only crate that depends on arrow and parquet.

mod accounts;
mod batch;
mod codec;
mod columns;
mod content;
mod ddl;
mod error;
mod few;
mod lake;
mod layout;
mod lookup;
mod manifest;
mod parallel;
mod parquet_file;
mod read;
mod scan;
mod scan_id;
mod schema;
mod staging;
mod store;
#[cfg(test)]
mod tests;
mod writer;

pub use columns::{ColumnEncoder, Columns};
pub use ddl::{Engine, ddl, is_a_pattern};
pub use error::LakeError;
pub use lake::Lake;
pub use manifest::Latest;
pub use scan::{Scan, ScanSelector};
pub use scan_id::ScanId;
pub use schema::{all_tables, built_in_facts, schema_text};
pub use staging::{CollectedFacts, ScanHeader, StartedShard};
pub use store::{Lock, Object, Store, Version};
pub use writer::{Place, Published, ScanWriter};
