//! From a finished account to the scan's spool.

use std::sync::Arc;

use orgsweep_lake::{ColumnEncoder, Columns, Place, ScanWriter};
use orgsweep_model::{AccountId, Rows, Usage};
use orgsweep_sweep::{AccountRows, AccountTally, Packer, Sink};

/// An account's rows, as they are kept.
pub struct Packed {
    account: AccountId,
    /// Some of it was read by an earlier scan.
    goes_on: bool,
    rows: Vec<Columns>,
}

/// Spools accounts as they finish.
pub struct LakeSink<'a> {
    /// The scan.
    pub writer: &'a mut ScanWriter,
    /// What is asked of AWS for no account in particular.
    pub usage: Arc<Usage>,
}

impl Sink for LakeSink<'_> {
    type Packed = Packed;

    fn packer(&self) -> Packer<Packed> {
        let maker = self.writer.column_encoder();
        Arc::new(move |rows| pack(&maker, rows))
    }

    fn take(&mut self, packed: Packed, tally: &AccountTally) -> Result<(), String> {
        put(self.writer, Place::Finished, &packed, tally)?;
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
    let packed = pack(&writer.column_encoder(), rows)?;
    put(writer, place, &packed, tally)
}

fn put(writer: &mut ScanWriter, place: Place, packed: &Packed, tally: &AccountTally) -> Result<(), String> {
    if !packed.goes_on {
        // Facts of an earlier scan were taken over for a look at the account that did not come to be.
        writer.discard(packed.account);
    }
    let tally = serde_json::to_value(tally).map_err(|error| error.to_string())?;
    writer.spool(place, packed.account, &packed.rows, tally).map_err(|error| error.to_string())
}

fn pack(maker: &ColumnEncoder, rows: AccountRows) -> Result<Packed, String> {
    let account = rows.record.account_id;
    let goes_on = rows.record.taken_from_scan_id.is_some();
    let mut packed = Vec::new();
    // One table after the other, so that an account is not there twice.
    let mut add = |rows: &dyn Rows| -> Result<(), String> {
        packed.push(maker.columns(rows).map_err(|error| error.to_string())?);
        Ok(())
    };
    add(&vec![rows.record])?;
    add(&rows.coverage)?;
    add(&rows.table_reads)?;
    add(&rows.api_calls)?;
    add(&rows.findings)?;
    drop(rows.findings);
    rows.facts.into_iter().try_for_each(|facts| add(&*facts))?;
    Ok(Packed { account, goes_on, rows: packed })
}
