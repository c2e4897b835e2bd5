//! From an account's facts to the scan's spool: judged, encoded, kept. What cannot be judged before the organization is complete is
//! kept as it was collected, and judged later.

use std::collections::VecDeque;
use std::sync::Arc;

use orgsweep_lake::{ColumnEncoder, Columns, LakeError, Place, ScanWriter};
use orgsweep_model::{AccountId, Rows, TableSchema, Usage};
use orgsweep_sweep::{AccountFacts, AccountTally, Packer, Plan, Sink, Taken, Totals};

use crate::evaluate::{CompleteOrganization, Judge, Judged};
use crate::organization::{WhenComplete, keep_organization};
use crate::stored_facts::collected_facts;

/// An account's rows, as they are kept.
pub enum Packed {
    /// With its verdicts.
    Judged(AccountId, Vec<Columns>),
    /// As it was collected.
    Collected(AccountId, Vec<Columns>),
}

/// Judges accounts and encodes their rows, on any thread.
#[derive(Clone)]
pub struct Packing {
    encoder: ColumnEncoder,
    judge: Judge,
    organization: WhenComplete,
    stored: Vec<&'static TableSchema>,
}

impl Packing {
    /// For the accounts of a scan.
    pub fn new(writer: &ScanWriter, plan: &Plan, judge: Judge, organization: WhenComplete) -> Self {
        Self { encoder: writer.column_encoder(), judge, organization, stored: plan.stored.clone() }
    }

    /// Judges an account, or leaves that for later, and encodes what there is to keep.
    fn pack(&self, facts: AccountFacts) -> (Result<Packed, String>, AccountTally) {
        let complete = self.organization.settled();
        if complete.is_none() && self.judge.needs_organization {
            let (tally, account) = (tally_of(&facts), facts.record.account_id);
            let packed = self.encode(facts, None).map(|rows| Packed::Collected(account, rows));
            return (packed, tally);
        }
        self.judge(facts, complete)
    }

    fn judge(
        &self,
        mut facts: AccountFacts,
        organization: Option<&CompleteOrganization>,
    ) -> (Result<Packed, String>, AccountTally) {
        let judged = self.judge.judge(&facts.account, &mut facts.tables, organization);
        let mut tally = tally_of(&facts);
        judged.findings.iter().for_each(|finding| tally.add_finding(finding));
        judged.coverage.iter().for_each(|coverage| tally.add_coverage(coverage));
        let account = facts.record.account_id;
        let packed = self.encode(facts, Some(judged)).map(|rows| Packed::Judged(account, rows));
        (packed, tally)
    }

    /// The rows of an account, with its verdicts where it is judged.
    fn encode(&self, facts: AccountFacts, judged: Option<Judged>) -> Result<Vec<Columns>, String> {
        let stored = facts.stored(&self.stored);
        let mut reads = facts.table_reads;
        // One table after the other, so that an account is not there twice.
        let mut packed = vec![self.columns(&vec![facts.record])?, self.columns(&facts.api_calls)?];
        if let Some(judged) = judged {
            reads.extend(judged.table_reads);
            packed.push(self.columns(&judged.coverage)?);
            packed.push(self.columns(&judged.findings)?);
        }
        packed.push(self.columns(&reads)?);
        for rows in stored {
            packed.push(self.columns(&*rows)?);
        }
        Ok(packed)
    }

    fn columns(&self, rows: &dyn Rows) -> Result<Columns, String> {
        self.encoder.columns(rows).map_err(|error| error.to_string())
    }
}

/// What an account adds to the sums before it is judged.
fn tally_of(facts: &AccountFacts) -> AccountTally {
    let mut tally = AccountTally::begin(&facts.record, facts.headline.clone());
    for call in &facts.api_calls {
        tally.calls.add(&call.counts());
    }
    tally
}

/// Spools accounts as they finish.
pub struct LakeSink<'a> {
    writer: &'a mut ScanWriter,
    plan: Arc<Plan>,
    /// How accounts are judged and encoded.
    packing: Packing,
    /// Calls to AWS that belong to no account.
    usage: Arc<Usage>,
    /// Accounts that are collected and not judged yet, of this process and of earlier ones.
    waiting: VecDeque<AccountId>,
    is_organization_kept: bool,
    /// The sums of accounts that waited.
    pub judged_later: Totals,
}

impl<'a> LakeSink<'a> {
    /// Into a scan that may have accounts that wait already. `is_organization_kept`: an earlier process did, or all shards have
    /// its facts from their roster.
    pub fn new(
        writer: &'a mut ScanWriter,
        plan: Arc<Plan>,
        packing: Packing,
        usage: Arc<Usage>,
        is_organization_kept: bool,
    ) -> Self {
        let waiting = writer.not_judged().into();
        let is_organization_kept = is_organization_kept || plan.organization_collectors.is_empty();
        Self { writer, plan, packing, usage, waiting, is_organization_kept, judged_later: Totals::default() }
    }

    /// Judges the accounts that waited, with what there is of the organization.
    pub fn judge_waiting(&mut self) -> Result<(), String> {
        if !self.waiting.is_empty() {
            // From here on verdicts rest on them, gaps included: a process that resumes the scan judges the rest by the same.
            self.keep(self.packing.organization.clone().get()).map_err(|error| error.to_string())?;
        }
        while let Some(account) = self.waiting.pop_front() {
            self.judge_later(account)?;
        }
        Ok(())
    }

    /// Keeps the organization's facts as soon as they are complete.
    pub fn keep_organization(&mut self) -> Result<(), LakeError> {
        self.keep(self.packing.organization.clone().settled())
    }

    fn keep(&mut self, facts: Option<&CompleteOrganization>) -> Result<(), LakeError> {
        if let (Some(complete), false) = (facts, self.is_organization_kept) {
            let management = self.packing.judge.organization.management_account_id;
            keep_organization(self.writer, complete, &self.plan, management)?;
            self.is_organization_kept = true;
        }
        Ok(())
    }

    fn judge_later(&mut self, account: AccountId) -> Result<(), String> {
        let facts = collected_facts(self.writer, account, &self.plan).map_err(|error| error.to_string())?;
        let (packed, tally) = self.packing.judge(facts, self.packing.organization.get());
        put(self.writer, Place::Finished, packed?, &tally)?;
        self.judged_later.add(tally);
        Ok(())
    }
}

impl Sink for LakeSink<'_> {
    type Packed = Packed;

    fn packer(&self) -> Packer<Packed> {
        let packing = self.packing.clone();
        Arc::new(move |facts| packing.pack(facts))
    }

    fn take(&mut self, packed: Packed, tally: &AccountTally) -> Result<Taken, String> {
        let failed = |error: LakeError| error.to_string();
        // Before the first account that is judged by them.
        self.keep_organization().map_err(failed)?;
        let taken = put(self.writer, Place::Finished, packed, tally)?;
        if taken == Taken::Collected {
            self.waiting.push_back(tally.line.id);
        }
        // One for each that comes, so that the run is not held up.
        if self.packing.organization.settled().is_some()
            && let Some(account) = self.waiting.pop_front()
        {
            self.judge_later(account)?;
        }
        self.writer.keep_usage(&self.usage).map_err(failed)?;
        Ok(taken)
    }
}

/// Keeps an account whose verdicts need not wait, and says what it adds to the sums.
pub fn keep(
    writer: &mut ScanWriter,
    packing: &Packing,
    place: Place,
    facts: AccountFacts,
) -> Result<AccountTally, String> {
    let (packed, tally) = packing.judge(facts, packing.organization.get());
    put(writer, place, packed?, &tally)?;
    Ok(tally)
}

fn put(writer: &mut ScanWriter, place: Place, packed: Packed, tally: &AccountTally) -> Result<Taken, String> {
    let failed = |error: LakeError| error.to_string();
    match packed {
        Packed::Judged(account, rows) => {
            let tally = serde_json::to_value(tally).map_err(|error| error.to_string())?;
            writer.spool(place, account, &rows, tally).map_err(failed)?;
            Ok(Taken::Finished)
        }
        Packed::Collected(account, rows) => {
            writer.keep_collected(account, &rows).map_err(failed)?;
            Ok(Taken::Collected)
        }
    }
}
