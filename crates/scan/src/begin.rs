//! How a scan begins: where finished accounts go, and what is there already.

use std::hash::{BuildHasher, Hasher, RandomState};

use orgsweep_lake::{ScanHeader, ScanId, ScanWriter};
use orgsweep_model::Timestamp;
use orgsweep_model::registry::Registry;

use crate::configuration::MayChange;
use crate::error::Error;
use crate::options::Options;
use crate::retry::Earlier;
use crate::same_scan::{EarlierAttempt, same_roster};
use crate::shard::Shard;

/// Which attempt at a scan this is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// A new scan.
    New,
    /// An unfinished scan, by name; `None`: the only one that there is.
    Resume(Option<String>),
    /// A new scan of what an earlier one lost.
    Retry(ScanId),
    /// One shard of the scan with this name and moment.
    Shard(Shard, ScanId, Timestamp),
}

/// Where finished accounts go, and what an earlier process or scan left.
pub struct Started {
    pub(crate) writer: ScanWriter,
    pub(crate) header: ScanHeader,
    pub(crate) shard: Option<Shard>,
    pub(crate) earlier: Option<Earlier>,
    /// Other scans that were left unfinished in the same lake.
    pub(crate) unfinished: Vec<String>,
}

impl Started {
    fn of(
        writer: ScanWriter,
        header: ScanHeader,
        shard: Option<Shard>,
        earlier: Option<Earlier>,
        options: &mut Options,
    ) -> Self {
        // Accounts that are collected are judged from what is kept of them.
        options.plan.done = writer.finished().chain(writer.not_judged()).collect();
        if let Some(earlier) = &earlier {
            earlier.apply_to(&mut options.plan);
        }
        Self { writer, header, shard, earlier, unfinished: Vec::new() }
    }
}

/// Prepares the place for finished accounts, finds out what is already there, and marks in the plan what need not be scanned.
/// `roster_sha256`: of accounts that came from a file.
pub fn begin(
    registry: &Registry,
    attempt: Attempt,
    roster_sha256: Option<String>,
    options: &mut Options,
) -> Result<Started, Error> {
    match attempt {
        Attempt::New => begin_anew(registry, None, roster_sha256, options),
        Attempt::Retry(scan_id) => {
            let earlier = Earlier::read(scan_id, options)?;
            begin_anew(registry, Some(earlier), roster_sha256, options)
        }
        Attempt::Resume(wanted) => resume(registry, wanted.as_deref(), roster_sha256.as_deref(), options),
        Attempt::Shard(shard, scan_id, now) => {
            options.count_ages_to(now);
            let header = header(&scan_id, options, None, roster_sha256);
            let tables = orgsweep_lake::all_tables(registry.stored_tables());
            let place = (shard.index, shard.count);
            let writer = ScanWriter::shard(&options.lake()?, &scan_id, tables, place, &header)
                .map_err(Error::lake(&options.out))?;
            Ok(Started::of(writer, header, Some(shard), None, options))
        }
    }
}

/// Starts a scan under a name that is decided already.
pub fn create(registry: &Registry, scan_id: &ScanId, options: &mut Options) -> Result<Started, Error> {
    start(registry, scan_id, None, None, options)
}

fn begin_anew(
    registry: &Registry,
    earlier: Option<Earlier>,
    roster_sha256: Option<String>,
    options: &mut Options,
) -> Result<Started, Error> {
    let scan_id = ScanId::new(options.plan.clock.now(), random_entropy());
    let left = options.lake()?.unfinished().map_err(Error::lake(&options.out))?;
    let mut started = start(registry, &scan_id, earlier, roster_sha256, options)?;
    started.unfinished = left.into_iter().map(|header| header.scan_id).collect();
    Ok(started)
}

fn start(
    registry: &Registry,
    scan_id: &ScanId,
    earlier: Option<Earlier>,
    roster_sha256: Option<String>,
    options: &mut Options,
) -> Result<Started, Error> {
    let retried = earlier.as_ref().map(|earlier| earlier.scan_id.to_string());
    let header = header(scan_id, options, retried, roster_sha256);
    let tables = orgsweep_lake::all_tables(registry.stored_tables());
    let writer =
        ScanWriter::create(&options.lake()?, scan_id, tables, &header).map_err(Error::lake(&options.out))?;
    Ok(Started::of(writer, header, None, earlier, options))
}

fn resume(
    registry: &Registry,
    wanted: Option<&str>,
    roster_sha256: Option<&str>,
    options: &mut Options,
) -> Result<Started, Error> {
    let header = resumable(wanted, options)?;
    EarlierAttempt::of(&header).fits(options, MayChange::Nothing)?;
    same_roster(&header, roster_sha256)?;
    options.count_ages_to(header.now);
    let scan_id: ScanId = header.scan_id.parse().map_err(Error::ScanId)?;
    let tables = orgsweep_lake::all_tables(registry.stored_tables());
    let writer = ScanWriter::resume(&options.lake()?, &scan_id, tables).map_err(Error::lake(&options.out))?;
    let earlier = match &header.retried_scan_id {
        None => None,
        Some(id) => Some(Earlier::read(id.parse().map_err(Error::ScanId)?, options)?),
    };
    Ok(Started::of(writer, header, None, earlier, options))
}

/// What a scan is started as.
fn header(
    scan_id: &ScanId,
    options: &Options,
    retried_scan_id: Option<String>,
    roster_sha256: Option<String>,
) -> ScanHeader {
    ScanHeader {
        scan_id: scan_id.to_string(),
        now: options.plan.now,
        config_sha256: options.config_sha256().to_owned(),
        configuration: options.configuration().clone(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        retried_scan_id,
        checked_from_scan_id: None,
        roster_sha256,
    }
}

/// The scan to resume.
fn resumable(wanted: Option<&str>, options: &Options) -> Result<ScanHeader, Error> {
    let root = || options.out.clone();
    let mut headers = options.lake()?.unfinished().map_err(Error::lake(&options.out))?;
    let damaged = options.lake()?.damaged().map_err(Error::lake(&options.out))?;
    let meant =
        damaged.into_iter().find(|(name, _)| wanted.map_or(headers.is_empty(), |wanted| wanted == name));
    if let Some((_, error)) = meant {
        return Err(Error::Damaged(error));
    }
    let known: Vec<String> = headers.iter().map(|header| header.scan_id.clone()).collect();
    match wanted {
        Some(id) => headers
            .into_iter()
            .find(|header| header.scan_id == id)
            .ok_or_else(|| Error::NoSuchUnfinished { scan_id: id.to_owned(), root: root(), known }),
        None if headers.len() > 1 => Err(Error::SeveralUnfinished { root: root(), known }),
        None => headers.pop().ok_or_else(|| Error::NothingUnfinished { root: root() }),
    }
}

/// 80 bits that no other scan has: the standard library's per-process random keys.
pub fn random_entropy() -> [u8; 10] {
    let mut entropy = [0; 10];
    for half in entropy.chunks_mut(8) {
        let mut hasher = RandomState::new().build_hasher();
        hasher.write_u128(Timestamp::now().as_nanosecond() as u128);
        hasher.write_u32(std::process::id());
        half.copy_from_slice(&hasher.finish().to_be_bytes()[..half.len()]);
    }
    entropy
}
