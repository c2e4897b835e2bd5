//! What one account adds to the lake.

use std::collections::BTreeSet;
use std::sync::Arc;

use orgsweep_model::records::{ApiCallRecord, CoverageRecord, FindingRecord, ScanAccountRecord, TableRead};
use orgsweep_model::{Gap, Rows};

use crate::retained::Retained;
use crate::rows;

/// Everything that one account adds to the lake.
pub struct AccountRows {
    /// The account's part in the scan.
    pub record: ScanAccountRecord,
    /// Why it was not read whole, in a few words.
    pub headline: Option<String>,
    /// One per enabled check.
    pub coverage: Vec<CoverageRecord>,
    /// Sorted as the lake wants them.
    pub findings: Vec<FindingRecord>,
    /// One per wanted table.
    pub table_reads: Vec<TableRead>,
    /// One per kind of call.
    pub api_calls: Vec<ApiCallRecord>,
    /// Facts that the lake stores.
    pub facts: Vec<Arc<dyn Rows>>,
    /// Why details of flagged resources were not read; nothing else is lost by it.
    pub lost_details: Option<Gap>,
}

impl AccountRows {
    /// Adds what an earlier scan found and this one did not look at again.
    pub(crate) fn keep(&mut self, retained: &Retained) {
        let again: BTreeSet<&str> = self.coverage.iter().map(|row| row.check_id.as_str()).collect();
        let kept = |check: &str| !again.contains(check);
        let findings = retained.findings.iter().filter(|row| kept(&row.check_id)).cloned();
        let mut findings: Vec<FindingRecord> = findings.collect();
        let coverage: Vec<CoverageRecord> =
            retained.coverage.iter().filter(|row| kept(&row.check_id)).cloned().collect();
        findings.append(&mut self.findings);
        rows::sort(&mut findings);
        self.findings = findings;
        self.coverage.extend(coverage);
        let read: BTreeSet<String> = self.table_reads.iter().map(|row| row.table_name.clone()).collect();
        let reads = retained.table_reads.iter().filter(|row| !read.contains(&row.table_name)).cloned();
        self.table_reads.extend(reads);
    }
}
