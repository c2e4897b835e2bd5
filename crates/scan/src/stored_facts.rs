//! Facts read back: of the accounts of a published scan, and of accounts that this scan collected and has not judged yet.

use std::collections::BTreeMap;
use std::sync::Arc;

use orgsweep_lake::{LakeError, Scan, ScanWriter};
use orgsweep_model::facts::{Document, RosterEntry};
use orgsweep_model::records::{ApiCallRecord, ScanAccountRecord, ScanState, TableRead};
use orgsweep_model::registry::Registry;
use orgsweep_model::{Account, AccountId, Gap, Grain, Organization, Reason, TableSchema, Tables};
use orgsweep_sweep::{AccountFacts, OrganizationFacts, Plan, lost_tables};

use crate::error::Error;
use crate::options::Options;
use crate::texts::StoredTexts;

/// The facts of a published scan.
pub struct StoredFacts<'a> {
    scan: &'a Scan,
    options: &'a Options,
    /// What was collected: computed tables are computed again.
    tables: Vec<&'static TableSchema>,
    texts: StoredTexts,
}

impl<'a> StoredFacts<'a> {
    /// Of a scan, for today's checks.
    pub fn of(scan: &'a Scan, options: &'a Options, registry: &Registry) -> Result<Self, Error> {
        let refused = Error::lake(&options.out);
        let is_computed = |table: &TableSchema| {
            registry.computed().iter().any(|computed| computed.schema().name == table.name)
        };
        let collected = registry.stored_tables().iter().copied();
        Ok(Self {
            scan,
            options,
            tables: collected.filter(|table| !is_computed(table)).collect(),
            texts: StoredTexts::of(scan, &refused)?,
        })
    }

    /// Hands over the accounts of the scan that are wanted, in order of account id.
    pub fn each_account(
        &mut self,
        is_wanted: &dyn Fn(AccountId) -> bool,
        take: &mut dyn FnMut(AccountFacts) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let refused = Error::lake(&self.options.out);
        let mut records: BTreeMap<AccountId, ScanAccountRecord> = BTreeMap::new();
        let mut keep = |record: ScanAccountRecord| {
            if is_wanted(record.account_id) {
                records.insert(record.account_id, record);
            }
        };
        self.scan.each_row(&mut keep).map_err(refused)?;
        let mut roster: BTreeMap<AccountId, RosterEntry> = BTreeMap::new();
        self.scan
            .each_row(&mut |entry: RosterEntry| {
                roster.insert(entry.account_id, entry);
            })
            .map_err(refused)?;
        let (scan, tables) = (self.scan, self.tables.clone());
        scan.each_account::<Failed>(&tables, &mut |id, tables| {
            let Some(record) = records.remove(&id) else {
                return Ok(());
            };
            let facts = self.facts(record, roster.remove(&id), tables).map_err(Failed::Scan)?;
            take(facts).map_err(Failed::Scan)
        })
        .map_err(|failed| match failed {
            Failed::Lake(error) => refused(error),
            Failed::Scan(error) => error,
        })
    }

    fn facts(
        &mut self,
        record: ScanAccountRecord,
        entry: Option<RosterEntry>,
        mut tables: Tables,
    ) -> Result<AccountFacts, Error> {
        let plan = &self.options.plan;
        tables.share(Arc::clone(&plan.shared));
        let account = account(&record, entry);
        let gap = not_collected(self.scan);
        let mut table_reads = Vec::new();
        for source in self.tables.iter().flat_map(|table| table.sources()) {
            if tables.contains(source.name) {
                table_reads.push(TableRead::in_tables(account.id, source.name, &tables, plan.now));
            }
        }
        for wanted in plan.tables() {
            if !tables.contains(wanted.name) {
                table_reads.push(TableRead::of(account.id, wanted.name, Err(&gap), plan.now));
                tables.insert_gap(wanted.name, gap.clone(), plan.now);
            }
        }
        // The texts were read with the rows that name them.
        let naming = self.tables.iter().filter(|table| Document::is_named_by(table));
        let read =
            naming.flat_map(|table| table.sources()).filter(|source| tables.gap(source.name).is_none());
        if let Some(observed_at) = read.filter_map(|source| tables.observed_at(source.name)).min() {
            let texts =
                self.texts.of_tables(self.tables.iter().filter_map(|table| tables.rows(table.name)))?;
            tables.insert(texts, observed_at);
        }
        let record = ScanAccountRecord {
            // No call was made for it.
            api_calls: 0,
            throttles: 0,
            duration_ms: 0,
            // Where the facts first came from, over any number of scans.
            taken_from_scan_id: record.taken_from_scan_id.or_else(|| Some(self.scan.id().to_string())),
            ..record
        };
        let headline = headline(&record, &tables, &self.tables);
        Ok(AccountFacts {
            account,
            record,
            headline,
            table_reads,
            api_calls: Vec::new(),
            tables,
            lost_details: None,
        })
    }

    /// What the scan read of its organization.
    pub fn organization(&mut self, organization: &Organization) -> Result<OrganizationFacts, Error> {
        let plan = &self.options.plan;
        if organization.id == Organization::NONE {
            return Ok(OrganizationFacts::none(plan, organization));
        }
        let is_about_it = |table: &TableSchema| table.grain == Grain::Organization;
        let stored: Vec<&'static TableSchema> =
            self.tables.iter().copied().filter(|table| is_about_it(table)).collect();
        let mut tables = self.scan.organization(&stored).map_err(Error::lake(&self.options.out))?;
        let gap = not_collected(self.scan);
        for wanted in plan.organization_tables() {
            if !tables.contains(wanted.name) {
                tables.insert_gap(wanted.name, gap.clone(), plan.now);
            }
        }
        let naming = stored.iter().filter(|table| Document::is_named_by(table));
        let observed_at = naming.filter_map(|table| tables.observed_at(table.name)).min();
        if let Some(observed_at) = observed_at {
            let texts = self.texts.of_tables(stored.iter().filter_map(|table| tables.rows(table.name)))?;
            tables.insert(texts, observed_at);
        }
        let mut facts = OrganizationFacts::of(tables, plan, organization);
        // What the scan read, wanted by today's checks or not, is copied with it.
        for table in stored {
            let is_reported = facts.reads.iter().any(|read| read.table_name == table.name);
            if !is_reported && facts.tables.contains(table.name) {
                let management = organization.management_account_id;
                facts.reads.push(TableRead::in_tables(management, table.name, &facts.tables, plan.now));
            }
        }
        Ok(facts)
    }
}

/// An account that this scan collected and has not judged yet.
pub fn collected_facts(
    writer: &mut ScanWriter,
    id: AccountId,
    plan: &Plan,
) -> Result<AccountFacts, LakeError> {
    let folder = writer.folder().to_owned();
    let damaged =
        || LakeError::damaged(&folder, "collected", format!("the record of account {id} is missing there"));
    let collected = writer.collected().ok_or_else(damaged)?;
    let record = collected.rows::<ScanAccountRecord>(id)?.pop().ok_or_else(damaged)?;
    let table_reads = collected.rows::<TableRead>(id)?;
    let api_calls = collected.rows::<ApiCallRecord>(id)?;
    let is_about_accounts = |table: &&'static TableSchema| table.grain == Grain::Account;
    let stored: Vec<_> = plan.stored.iter().copied().filter(is_about_accounts).collect();
    let mut tables = collected.tables(id, &stored)?;
    tables.share(Arc::clone(&plan.shared));
    let account = account(&record, tables.rows_of::<RosterEntry>().first().cloned());
    let headline = headline(&record, &tables, &stored);
    Ok(AccountFacts { account, record, headline, table_reads, api_calls, tables, lost_details: None })
}

fn not_collected(scan: &Scan) -> Gap {
    Gap::new(Reason::NotCollected).because(&format!("scan {} did not collect it", scan.id()))
}

/// The account as it was stored.
fn account(record: &ScanAccountRecord, entry: Option<RosterEntry>) -> Account {
    let units = record.ou_ids.as_deref().unwrap_or_default();
    let tags = entry.as_ref().and_then(|entry| entry.tags_json.as_deref());
    Account {
        name: record.account_name.clone(),
        email_sha256: record.account_email_sha256.clone(),
        state: record.account_status,
        ou_ids: units.split('/').filter(|unit| !unit.is_empty()).map(str::to_owned).collect(),
        ou_path: record.ou_path.clone(),
        arn: entry.as_ref().and_then(|entry| entry.account_arn.clone()),
        joined_at: entry.as_ref().and_then(|entry| entry.joined_at),
        tags: tags.and_then(|tags| serde_json::from_str(tags).ok()),
        is_management: entry.is_some_and(|entry| entry.is_management),
        ..Account::new(record.account_id)
    }
}

/// Why an account was not scanned completely, without AWS's own words.
fn headline(record: &ScanAccountRecord, tables: &Tables, stored: &[&'static TableSchema]) -> Option<String> {
    let sources = stored.iter().flat_map(|table| table.sources());
    let lost: Vec<(&'static str, &Gap)> =
        sources.filter_map(|table| Some((table.name, tables.gap(table.name)?))).collect();
    match record.scan_state {
        ScanState::Scanned => None,
        ScanState::Partial if !lost.is_empty() => Some(lost_tables(&lost, Gap::headline)),
        ScanState::NotScanned if !lost.is_empty() => Some(lost[0].1.headline()),
        _ => record.reason.clone(),
    }
}

/// Why an account could not be handed over.
enum Failed {
    Lake(LakeError),
    Scan(Error),
}

impl From<LakeError> for Failed {
    fn from(error: LakeError) -> Self {
        Self::Lake(error)
    }
}
