//! What a scan writes about itself: findings, coverage, accounts, the scan, the catalog of checks.
//!
//! Column names, types and meanings are those of the published data dictionary; they only ever grow.

mod catalog;
mod coverage;
mod finding;
mod scan;

pub use catalog::{CheckControlRecord, CheckRecord};
pub use coverage::{CoverageOutcome, CoverageRecord, TableRead, TableReadOutcome};
pub use finding::{Change, FindingRecord};
pub use scan::{ApiCallRecord, ScanAccountRecord, ScanRecord, ScanState, ScanStatus};
