//! The lake: typed rows into Parquet, published whole or not at all, and read back.
//!
//! ```text
//! <root>/v1/<table>/scan_date=YYYY-MM-DD/<scan_id>-00000.parquet   one file a table and scan, also with no rows
//! <root>/manifests/v1/<scan_id>.json                               files, bytes, sha256, rows, schemas
//! <root>/latest.json                                               the last committed scan; moves forward only
//! <root>/staging/<scan_id>/                                        while a scan runs; never a result
//! ```
//!
//! [`ScanWriter`] buffers nothing but one account's rows at a time: accounts are spooled to disk as they finish, and
//! [`ScanWriter::publish`] reads them back in order of account id, at most one row group (256,000 rows) a table in
//! memory. A scan is committed by its row in `scans`; until then no view and no reader shows any of its rows.
//! Only a local directory is supported so far. This is the only room that names arrow and parquet.

mod batch;
mod codec;
mod columns;
mod content;
mod copy;
mod ddl;
mod error;
mod layout;
mod lookup;
mod manifest;
mod parquet_file;
mod read;
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
pub use lookup::{has_table, lookup};
pub use manifest::{Latest, first_scan_date, is_a_lake, is_complete, is_unchanged, latest, latest_scan_id};
pub use read::{ScanSelector, each_row, read, read_file, resolve};
pub use scan_id::ScanId;
pub use schema::{all_tables, built_in_facts, schema_text};
pub use staging::{ScanHeader, StartedShard, damaged, unfinished};
pub use writer::{Place, Published, ScanWriter};
