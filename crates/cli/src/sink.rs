//! From a finished account to the scan's spool.

use std::sync::Arc;

use orgsweep_lake::{Place, ScanWriter};
use orgsweep_model::{Rows, Usage};
use orgsweep_sweep::{AccountRows, AccountTally, Sink};

/// Spools accounts as they finish.
pub struct LakeSink {
    /// The scan.
    pub writer: ScanWriter,
    /// What is asked of AWS for no account in particular.
    pub usage: Arc<Usage>,
}

impl Sink for LakeSink {
    fn take(&mut self, rows: AccountRows, tally: &AccountTally) -> Result<(), String> {
        keep(&mut self.writer, Place::Finished, rows, tally)?;
        self.writer.keep_usage(&self.usage).map_err(|error| error.to_string())
    }
}

/// Keeps an account.
pub fn keep(
    writer: &mut ScanWriter,
    place: Place,
    rows: AccountRows,
    tally: &AccountTally,
) -> Result<(), String> {
    let account = rows.record.account_id;
    if rows.record.taken_from_scan_id.is_none() {
        // Facts of an earlier scan were taken over for a look at the account that did not come to be.
        writer.forget(account);
    }
    let tally = serde_json::to_value(tally).map_err(|error| error.to_string())?;
    writer.spool(place, account, &batches(rows), tally).map_err(|error| error.to_string())
}

fn batches(rows: AccountRows) -> Vec<Arc<dyn Rows>> {
    let mut batches: Vec<Arc<dyn Rows>> = vec![
        Arc::new(vec![rows.record]),
        Arc::new(rows.coverage),
        Arc::new(rows.table_reads),
        Arc::new(rows.api_calls),
        Arc::new(rows.findings),
    ];
    batches.extend(rows.facts);
    batches
}
