//! What was collected of one account.

use std::sync::Arc;

use orgsweep_model::facts::RosterEntry;
use orgsweep_model::records::{ApiCallRecord, ScanAccountRecord, TableRead};
use orgsweep_model::{Account, Gap, Row as _, Rows, TableSchema, Tables, Timestamp};

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

    /// The same facts of an account as Organizations lists it now: where it is and what it is called may have changed since they
    /// were collected.
    pub fn is_listed_as(&mut self, listed: &Account, now: Timestamp) {
        let mut account = listed.clone();
        if account.ou_path.is_none() && account.ou_ids == self.account.ou_ids {
            account.ou_path = self.account.ou_path.take();
        }
        let name = RosterEntry::SCHEMA.name;
        self.tables.insert(vec![RosterEntry::from(&account)], now);
        self.table_reads.retain(|read| read.table_name != name);
        self.table_reads.push(TableRead::of(account.id, name, Ok(1), now));
        self.record.account_name.clone_from(&account.name);
        self.record.account_email_sha256.clone_from(&account.email_sha256);
        self.record.account_status = account.state;
        self.record.ou_id = account.ou_id().map(str::to_owned);
        self.record.ou_path.clone_from(&account.ou_path);
        self.record.ou_ids = (!account.ou_ids.is_empty()).then(|| account.ou_ids.join("/"));
        self.account = account;
    }
}
