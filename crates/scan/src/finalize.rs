//! The shards of a scan, published as one: every account of the roster has exactly one terminal status, or nothing is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use orgsweep_lake::{LakeError, Place, Scan, ScanId, ScanSelector, ScanWriter, StartedShard};
use orgsweep_model::records::{ScanRecord, ScanStatus};
use orgsweep_model::registry::Registry;
use orgsweep_model::{Account, AccountId};
use orgsweep_sweep::{AccountLine, OrganizationFacts, Pending, ScanError, Totals};
use tokio::time::Instant;

use crate::configuration::MayChange;
use crate::error::{Error, UnfinishedShards};
use crate::evaluate::Judge;
use crate::event::Event;
use crate::options::Options;
use crate::organization::{WhenComplete, organization_gaps};
use crate::pack::{self, Packing};
use crate::publish::{Publication, Published};
use crate::roster_file::RosterFile;
use crate::same_scan::{EarlierAttempt, same_roster};
use crate::tallies::{tallies, totals_of};

/// Shards that are to be published.
pub struct Finalizing<'a> {
    /// What is linked in.
    pub registry: &'a Registry,
    /// What was done.
    pub options: Options,
    /// The roster that the shards were given.
    pub roster: RosterFile,
    /// Where that is.
    pub path: PathBuf,
    /// Another publisher is not waited for beyond this moment.
    pub deadline: Option<Instant>,
}

/// What came of it.
#[derive(Debug)]
pub enum Finalized {
    /// The scan is in the lake since an earlier attempt: a scheduler that finalizes once more does no harm.
    AlreadyPublished {
        /// The scan.
        scan_id: ScanId,
        /// Ended early, or complete.
        status: ScanStatus,
        /// The sums of its accounts: what was lost stays lost however often a scheduler asks.
        totals: Box<Totals>,
    },
    /// The scan is in the lake now.
    Published(Box<Published>),
}

/// Publishes the shards of a scan as one.
pub fn finalize(finalizing: Finalizing<'_>, on_event: &mut dyn FnMut(Event)) -> Result<Finalized, Error> {
    let Finalizing { registry, options, mut roster, path, deadline } = finalizing;
    if let Some((scan, record)) = published(&options, &roster.scan_id)? {
        let totals = Box::new(totals_of_published(&options.out, &scan, &record)?);
        return Ok(Finalized::AlreadyPublished { scan_id: roster.scan_id, status: record.status, totals });
    }
    let tables = orgsweep_lake::all_tables(registry.stored_tables());
    let (mut writer, shards) =
        ScanWriter::gather(&options.lake()?, &roster.scan_id, tables).map_err(Error::lake(&options.out))?;
    for StartedShard { header, .. } in &shards {
        EarlierAttempt::of(header).fits(&options, MayChange::Nothing)?;
        same_roster(header, Some(roster.digest()))?;
    }
    one_division(&shards)?;
    let shared = writer.earlier_usage();
    shared.join(&roster.usage());
    roster.name_units();
    let (mut totals, finished) = totals_of(&writer)?;
    let missing = missing(&roster, &path, &finished, &shards, options.publish_partial)?;
    let is_partial = !missing.is_empty();
    let judge = Judge::new(&options.plan, &roster.roster.organization);
    let facts = OrganizationFacts::of_snapshot(&roster.roster, &options.plan);
    let complete = WhenComplete::now(judge.complete(facts));
    let packing = Packing::new(&writer, &options.plan, judge, complete.clone());
    for account in missing {
        let refusal =
            options.plan.filter.refuses(account).or_else(|| orgsweep_sweep::filter::inactive(account));
        let lost = Pending { account: account.clone(), refusal, usage: None };
        let facts = lost.facts(&options.plan);
        totals.add(pack::keep(&mut writer, &packing, Place::Finished, facts).map_err(Error::Rows)?);
    }
    roster.fits(&options.plan, &mut |name| on_event(Event::FilterMatchesNothing(name)))?;
    if totals.accounts.iter().all(AccountLine::is_left_out) {
        return Err(Error::Nothing(ScanError::NothingToScan { listed: totals.accounts.len() }));
    }
    totals.organization_gaps.extend(organization_gaps(&complete));
    let took_part = shards.iter().filter(|shard| shard.finished > 0).count();
    let publication = Publication {
        registry,
        options: &options,
        organization: &roster.roster.organization,
        scan_id: &roster.scan_id,
        started_at: roster.scan_id.moment(),
        shards: Some(took_part as i32),
        retried_scan_id: None,
        checked_from_scan_id: None,
        is_partial,
        seconds: None,
        shared: &shared,
        facts: &complete,
        deadline,
    };
    let published = publication.publish(writer, totals, &mut |_| true, on_event)?;
    Ok(Finalized::Published(Box::new(published)))
}

/// The accounts of the roster that no shard finished, where the scan may be published without them.
fn missing<'a>(
    roster: &'a RosterFile,
    path: &Path,
    finished: &[AccountId],
    shards: &[StartedShard],
    publish_partial: bool,
) -> Result<Vec<&'a Account>, Error> {
    let finished: BTreeSet<AccountId> = finished.iter().copied().collect();
    let accounts = &roster.roster.accounts;
    let missing: Vec<&Account> = accounts.iter().filter(|account| !finished.contains(&account.id)).collect();
    if !missing.is_empty() && (finished.is_empty() || !publish_partial) {
        let mut ids: Vec<AccountId> = missing.iter().map(|account| account.id).collect();
        ids.sort_unstable();
        let name = |shard: &StartedShard| Some(shard.folder.file_name()?.to_str()?.to_owned());
        return Err(Error::Unfinished(UnfinishedShards {
            missing: ids,
            finished: finished.len(),
            begun: shards.iter().filter_map(name).collect(),
            roster: path.to_owned(),
        }));
    }
    let foreign = finished.iter().find(|id| !accounts.iter().any(|account| account.id == **id));
    match foreign {
        Some(id) => Err(Error::Foreign { account: *id, roster: path.to_owned() }),
        None => Ok(missing),
    }
}

/// The scan and its own row, if it is in the lake.
fn published(options: &Options, scan_id: &ScanId) -> Result<Option<(Scan, ScanRecord)>, Error> {
    let failed = Error::lake(&options.out);
    match options.lake()?.scan(&ScanSelector::Id(scan_id.clone())) {
        Ok(scan) => {
            let record = scan.rows::<ScanRecord>().map_err(failed)?.into_iter().next();
            Ok(record.map(|record| (scan, record)))
        }
        Err(LakeError::NoSuchScan { .. }) => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

fn totals_of_published(root: &Path, scan: &Scan, record: &ScanRecord) -> Result<Totals, Error> {
    let mut totals = Totals::default();
    totals.organization_gaps.extend(record.organization_gaps.clone());
    for tally in tallies(scan, &|_| true).map_err(Error::lake(root))?.into_values() {
        totals.add(tally);
    }
    Ok(totals)
}

/// Shards of two divisions of the roster overlap: an account would be there twice, or nowhere. What finished nothing is in
/// nobody's way.
fn one_division(shards: &[StartedShard]) -> Result<(), Error> {
    let mut folders: BTreeMap<u32, Vec<(PathBuf, usize)>> = BTreeMap::new();
    for shard in shards.iter().filter(|shard| shard.finished > 0) {
        folders.entry(shard.count).or_default().push((shard.folder.clone(), shard.finished));
    }
    if folders.len() < 2 { Ok(()) } else { Err(Error::SeveralDivisions(folders)) }
}
