//! From an account's facts to the scan's spool: judged, encoded, kept.

use std::sync::Arc;

use orgsweep_lake::{ColumnEncoder, Columns, Place, ScanWriter};
use orgsweep_model::{AccountId, Rows, TableSchema, Usage};
use orgsweep_sweep::{AccountFacts, AccountTally, Packer, Plan, Sink};

use crate::evaluate::{Judge, Judged};

/// An account's rows, as they are kept.
pub struct Packed {
    account: AccountId,
    rows: Vec<Columns>,
}

/// Judges accounts and encodes their rows, on any thread.
#[derive(Clone)]
pub struct Packing {
    encoder: ColumnEncoder,
    judge: Judge,
    stored: Vec<&'static TableSchema>,
}

impl Packing {
    /// For the accounts of a scan.
    pub fn new(writer: &ScanWriter, plan: &Plan, judge: Judge) -> Self {
        Self { encoder: writer.column_encoder(), judge, stored: plan.stored.clone() }
    }

    /// Judges an account, and encodes what there is to keep.
    pub fn pack(&self, mut facts: AccountFacts) -> (Result<Packed, String>, AccountTally) {
        let judged = self.judge.judge(&facts.account, &mut facts.tables);
        let mut tally = AccountTally::begin(&facts.record, facts.headline.clone());
        judged.findings.iter().for_each(|finding| tally.add_finding(finding));
        judged.coverage.iter().for_each(|coverage| tally.add_coverage(coverage));
        for call in &facts.api_calls {
            tally.calls.add(&call.counts());
        }
        (self.encode(facts, judged), tally)
    }

    fn encode(&self, facts: AccountFacts, judged: Judged) -> Result<Packed, String> {
        let account = facts.record.account_id;
        let stored = facts.stored(&self.stored);
        let mut packed = Vec::new();
        // One table after the other, so that an account is not there twice.
        let mut add = |rows: &dyn Rows| -> Result<(), String> {
            packed.push(self.encoder.columns(rows).map_err(|error| error.to_string())?);
            Ok(())
        };
        add(&vec![facts.record])?;
        add(&judged.coverage)?;
        add(&[facts.table_reads, judged.table_reads].concat())?;
        add(&facts.api_calls)?;
        add(&judged.findings)?;
        drop(judged.findings);
        stored.into_iter().try_for_each(|facts| add(&*facts))?;
        Ok(Packed { account, rows: packed })
    }
}

/// Spools accounts as they finish.
pub struct LakeSink<'a> {
    /// The scan.
    pub writer: &'a mut ScanWriter,
    /// How accounts are judged and encoded.
    pub packing: Packing,
    /// What is asked of AWS for no account in particular.
    pub usage: Arc<Usage>,
}

impl Sink for LakeSink<'_> {
    type Packed = Packed;

    fn packer(&self) -> Packer<Packed> {
        let packing = self.packing.clone();
        Arc::new(move |facts| packing.pack(facts))
    }

    fn take(&mut self, packed: Packed, tally: &AccountTally) -> Result<(), String> {
        put(self.writer, Place::Finished, &packed, tally)?;
        self.writer.keep_usage(&self.usage).map_err(|error| error.to_string())
    }
}

/// Keeps an account, and says what it adds to the sums.
pub fn keep(
    writer: &mut ScanWriter,
    packing: &Packing,
    place: Place,
    facts: AccountFacts,
) -> Result<AccountTally, String> {
    let (packed, tally) = packing.pack(facts);
    put(writer, place, &packed?, &tally)?;
    Ok(tally)
}

fn put(writer: &mut ScanWriter, place: Place, packed: &Packed, tally: &AccountTally) -> Result<(), String> {
    let tally = serde_json::to_value(tally).map_err(|error| error.to_string())?;
    writer.spool(place, packed.account, &packed.rows, tally).map_err(|error| error.to_string())
}
