//! Today's checks over a stored scan: the facts are copied, judged by the same code as a scan's, and published as a scan of
//! their own. AWS is not asked, and the lake's latest scan stays what it is.

use std::collections::BTreeMap;

use orgsweep_lake::{LakeError, Place, Scan, ScanHeader, ScanId, ScanSelector, ScanWriter};
use orgsweep_model::facts::{OrganizationPolicies, OrganizationPolicy, Policy, RosterEntry};
use orgsweep_model::records::{ScanAccountRecord, ScanRecord, ScanState, ScanStatus, TableRead};
use orgsweep_model::registry::Registry;
use orgsweep_model::{
    Account, AccountId, Gap, Organization, Reason, Row as _, TableSchema, Tables, Timestamp, Usage,
};
use orgsweep_sweep::{AccountFacts, Totals, lost_tables};
use tokio::time::Instant;

use crate::begin::random_entropy;
use crate::error::Error;
use crate::event::Event;
use crate::options::Options;
use crate::pack::keep;
use crate::publish::{Publication, Published};
use crate::texts::StoredTexts;

/// A stored scan that is to be checked again.
pub struct Checking<'a> {
    /// What is linked in.
    pub registry: &'a Registry,
    /// Which checks run, with which settings; the lake.
    pub options: Options,
    /// The scan whose facts are checked.
    pub from: ScanSelector,
    /// The moment that ages count to; `None`: the one of the stored scan.
    pub now: Option<Timestamp>,
}

/// Runs checks over a stored scan, and publishes what they find as a new scan.
pub fn check(checking: Checking<'_>, on_event: &mut dyn FnMut(Event)) -> Result<Published, Error> {
    let watch = Instant::now();
    let Checking { registry, mut options, from, now } = checking;
    let out = options.out.clone();
    let refused = Error::lake(&out);
    let lake = options.lake()?;
    let scan = lake.scan(&from).map_err(refused)?;
    // Rows that were damaged since would be published once more.
    scan.is_unchanged().map_err(refused)?;
    let stored = scan.rows::<ScanRecord>().map_err(refused)?.into_iter().next().ok_or(Error::NoRecord)?;
    let (Some(partition), Some(ages)) = (stored.aws_partition.clone(), stored.ages_counted_to) else {
        return Err(Error::StoresTooLittle { scan_id: scan.id().to_string(), version: stored.tool_version });
    };
    options.count_ages_to(now.unwrap_or(ages));
    let organization = Organization {
        id: stored.org_id.clone(),
        management_account_id: stored.management_account_id,
        partition,
    };

    let scan_id = ScanId::new(Timestamp::now(), random_entropy());
    let header = ScanHeader {
        scan_id: scan_id.to_string(),
        now: options.plan.now,
        config_sha256: options.config_sha256().to_owned(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        retried_scan_id: None,
        roster_sha256: None,
    };
    let tables = orgsweep_lake::all_tables(registry.stored_tables());
    let mut writer = ScanWriter::create(&lake, &scan_id, tables, &header).map_err(refused)?;
    let mut stored_facts = StoredFacts::of(&scan, &options, registry)?;
    let packing = options.packing(&writer, &organization);
    let mut totals = Totals::default();
    stored_facts.each_account(&mut |facts| {
        totals.add(keep(&mut writer, &packing, Place::Finished, facts).map_err(Error::Rows)?);
        Ok(())
    })?;
    let policies = stored_facts.policies()?;
    totals.organization_gaps.extend(stored.organization_gaps.clone());

    let publication = Publication {
        registry,
        options: &options,
        organization: &organization,
        scan_id: &scan_id,
        started_at: scan_id.moment(),
        shards: None,
        retried_scan_id: None,
        checked_from_scan_id: Some(scan.id().to_string()),
        is_partial: stored.status == ScanStatus::Partial,
        seconds: Some(watch.elapsed()),
        shared: &Usage::default(),
        policies,
        deadline: None,
    };
    publication.publish(writer, totals, &mut |_| true, on_event)
}

/// The facts of a stored scan.
struct StoredFacts<'a> {
    scan: &'a Scan,
    options: &'a Options,
    /// What was collected: computed tables are computed again.
    tables: Vec<&'static TableSchema>,
    texts: StoredTexts,
}

impl<'a> StoredFacts<'a> {
    fn of(scan: &'a Scan, options: &'a Options, registry: &Registry) -> Result<Self, Error> {
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

    /// Hands over every account of the scan, in order of account id.
    fn each_account(&mut self, take: &mut dyn FnMut(AccountFacts) -> Result<(), Error>) -> Result<(), Error> {
        let refused = Error::lake(&self.options.out);
        let records: Vec<ScanAccountRecord> = self.scan.rows().map_err(refused)?;
        let mut records: BTreeMap<AccountId, ScanAccountRecord> =
            records.into_iter().map(|record| (record.account_id, record)).collect();
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
        let account = account(&record, entry);
        let gap =
            Gap::new(Reason::NotCollected).because(&format!("scan {} did not collect it", self.scan.id()));
        let observed_at = self.options.plan.now;
        let mut table_reads = Vec::new();
        for source in self.tables.iter().flat_map(|table| table.sources()) {
            if tables.contains(source.name) {
                let observed_at = tables.observed_at(source.name).unwrap_or(observed_at);
                let read = tables.gap(source.name).map_or(Ok(tables.count(source.name)), Err);
                table_reads.push(TableRead::of(account.id, source.name, read, observed_at));
            }
        }
        for wanted in plan.tables() {
            if !tables.contains(wanted.name) {
                table_reads.push(TableRead::of(account.id, wanted.name, Err(&gap), observed_at));
                tables.insert_gap(wanted.name, gap.clone(), observed_at);
            }
        }
        // The texts were read with the policies that name them.
        let parts = Policy::SCHEMA.parts.iter().filter(|part| tables.gap(part.name).is_none());
        if let Some(observed_at) = parts.filter_map(|part| tables.observed_at(part.name)).min() {
            let texts = self.texts.of_policies(tables.rows_of::<Policy>())?;
            tables.insert(texts, observed_at);
        }
        let record = ScanAccountRecord {
            // No call was made for it.
            api_calls: 0,
            throttles: 0,
            duration_ms: 0,
            taken_from_scan_id: Some(self.scan.id().to_string()),
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

    /// The organization's policies; `None`: the scan did not want them.
    fn policies(&mut self) -> Result<orgsweep_sweep::organization::ReadPolicies, Error> {
        let refused = Error::lake(&self.options.out);
        let tables = self.scan.organization(&[OrganizationPolicy::SCHEMA]).map_err(refused)?;
        let name = OrganizationPolicy::SCHEMA.name;
        if let Some(gap) = tables.gap(name) {
            return Ok(Some(Err(gap.clone())));
        }
        if !tables.contains(name) {
            return Ok(None);
        }
        let policies = tables.rows_of::<OrganizationPolicy>().to_vec();
        let documents = self.texts.of_organization(&policies)?;
        Ok(Some(Ok(OrganizationPolicies { policies, documents })))
    }
}

/// The account as the stored scan knew it.
fn account(record: &ScanAccountRecord, entry: Option<RosterEntry>) -> Account {
    let units = record.ou_ids.as_deref().unwrap_or_default();
    Account {
        name: record.account_name.clone(),
        email_sha256: record.account_email_sha256.clone(),
        state: record.account_status,
        ou_ids: units.split('/').filter(|unit| !unit.is_empty()).map(str::to_owned).collect(),
        ou_path: record.ou_path.clone(),
        arn: entry.as_ref().and_then(|entry| entry.account_arn.clone()),
        joined_at: entry.as_ref().and_then(|entry| entry.joined_at),
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
