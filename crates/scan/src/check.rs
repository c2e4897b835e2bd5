//! Today's checks over a stored scan: the facts are copied, evaluated by the same code as in a scan, and published as a new
//! scan. AWS is not called, and the lake's latest scan does not change.

use orgsweep_lake::{Place, ScanHeader, ScanId, ScanSelector, ScanWriter};
use orgsweep_model::records::{ScanRecord, ScanStatus};
use orgsweep_model::registry::Registry;
use orgsweep_model::{Organization, Timestamp, Usage};
use orgsweep_sweep::Totals;
use tokio::time::Instant;

use crate::begin::random_entropy;
use crate::error::Error;
use crate::evaluate::Judge;
use crate::event::Event;
use crate::options::Options;
use crate::organization::WhenComplete;
use crate::pack::{Packing, keep};
use crate::publish::{Publication, Published};
use crate::stored_facts::StoredFacts;

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
        configuration: options.configuration().clone(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        retried_scan_id: None,
        checked_from_scan_id: Some(scan.id().to_string()),
        roster_sha256: None,
    };
    lake.remove_abandoned_checks().map_err(refused)?;
    let tables = orgsweep_lake::all_tables(registry.stored_tables());
    let mut writer = ScanWriter::create(&lake, &scan_id, tables, &header).map_err(refused)?;
    let mut stored_facts = StoredFacts::of(&scan, &options, registry)?;
    let judge = Judge::new(&options.plan, &organization);
    let complete = WhenComplete::now(judge.complete(stored_facts.organization(&organization)?));
    let packing = Packing::new(&writer, &options.plan, judge, complete.clone());
    let mut totals = Totals::default();
    stored_facts.each_account(&|_| true, &mut |facts| {
        totals.add(keep(&mut writer, &packing, Place::Finished, facts).map_err(Error::Rows)?);
        Ok(())
    })?;
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
        facts: &complete,
        deadline: None,
    };
    publication.publish(writer, totals, &mut |_| true, on_event)
}
