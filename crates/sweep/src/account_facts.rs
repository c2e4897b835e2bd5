//! What was collected of one account.

use std::sync::Arc;

use orgsweep_model::records::{ApiCallRecord, ScanAccountRecord, TableRead};
use orgsweep_model::{Account, Gap, Rows, TableSchema, Tables};

/// Everything that collecting one account gives: facts and gaps, and nothing that is judged from them.
pub struct AccountFacts {
    /// The account, with its path where that is known.
    pub account: Account,
    /// The account's part in the scan.
    pub record: ScanAccountRecord,
    /// Why it was not read completely, in a few words.
    pub headline: Option<String>,
    /// One per requested table.
    pub table_reads: Vec<TableRead>,
    /// One per kind of call.
    pub api_calls: Vec<ApiCallRecord>,
    /// What checks read.
    pub tables: Tables,
    /// Why details of flagged resources were not read; nothing else is lost by it.
    pub lost_details: Option<Gap>,
}

impl AccountFacts {
    /// The rows of those tables that the lake stores.
    pub fn stored(&self, tables: &[&'static TableSchema]) -> Vec<Arc<dyn Rows>> {
        tables.iter().filter_map(|table| self.tables.rows(table.name)).collect()
    }
}
