//! `orgsweep scan`: what is to be done, and which way: anew, going on, retrying, one shard.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use orgsweep_aws::{AwsSource, Connection, Roster, SourceOptions};
use orgsweep_lake::{LakeError, ScanHeader, ScanId, ScanWriter, unfinished};
use orgsweep_model::registry::Registry;
use orgsweep_model::{AccountId, Timestamp};
use orgsweep_sweep::{AccountTally, Source, Stop, Totals};
use tokio::time::Instant;

use crate::access;
use crate::arguments::{ScanArguments, ScanOptions};
use crate::config::Config;
use crate::exit::Failure;
use crate::plan_screen;
use crate::prepare::{self, Prepared};
use crate::program;
use crate::retry::Earlier;
use crate::roster_file::RosterFile;
use crate::run::{Begun, Run, warn};
use crate::shard::{self, Shard};
use crate::stopping;

/// Where the tables go unless told otherwise.
pub const DEFAULT_OUT: &str = "orgsweep-out";

/// Scans the organization of the caller's credentials.
pub async fn scan(registry: &Registry, arguments: ScanArguments) -> Result<u8, Failure> {
    let start = Instant::now();
    let stop = stopping::listen();
    let config = match &arguments.config {
        Some(path) => Config::read(path)?,
        None => Config::default(),
    };
    let mut prepared = prepare::prepare(registry, arguments.options.clone(), config)?;
    let stop = stopping::with_deadline(stop, start, prepared.options.deadline.map(|span| span.0));
    let out = out(&prepared.options);
    let mut file = arguments.roster.as_deref().map(RosterFile::read).transpose()?;
    let shard = arguments.shard.as_deref().map(Shard::parse).transpose()?;
    let (concurrency, too_many) =
        access::concurrency(&prepared.options, shard.map_or(1, |shard| shard.count))?;
    prepared.plan.concurrency = concurrency;
    prepared.plan.is_a_shard = shard.is_some();
    if let Some(wanted) = too_many {
        let message = format!("--concurrency {wanted} exceeds what --max-rate allows; using {concurrency}");
        warn(&prepared.options, "concurrency_reduced", &message);
    }
    if file.is_some() {
        only_the_roster(&prepared.options)?;
    }
    let discovered = file.as_ref().map(|file| (file.scan_id.clone(), file.now, file.digest()));
    if let Some(file) = &mut file {
        file.name_units();
        has_tags(&prepared.options, file)?;
        // A run over the whole roster warns of what it leaves out in vain itself.
        shard::check_names(&prepared, file, shard.is_some())?;
    }
    let roster = roster(&prepared.options, file, shard)?;
    let accounts = Accounts::of(discovered, shard, &roster);

    // The folder is tried before AWS is.
    let begun = if arguments.plan {
        None
    } else {
        Some(begin(registry, &arguments, &mut prepared, &out, &accounts)?)
    };
    let connecting = connect(&prepared, roster, shard.map_or(1, |shard| shard.count));
    let source = stopping::or_interrupted(&stop, connecting).await?;
    let Some(begun) = begun else {
        let printing =
            plan_screen::print(source, &prepared, arguments.format, shard.map_or(1, |shard| shard.count));
        return stopping::or_interrupted(&stop, printing).await;
    };
    go(registry, source, prepared, begun, &out, stop).await
}

async fn go(
    registry: &Registry,
    source: Arc<dyn Source>,
    prepared: Prepared,
    begun: Begun,
    out: &Path,
    stop: Stop,
) -> Result<u8, Failure> {
    let program = program::command();
    Ok(Run { registry, source, prepared, begun, out, program: &program, stop, is_demo: false }
        .go()
        .await?
        .verdict
        .code)
}

/// Where the tables go.
pub fn out(options: &ScanOptions) -> PathBuf {
    options.out.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_OUT))
}

/// Opens the source of accounts.
pub async fn connect(prepared: &Prepared, roster: Roster, share: u32) -> Result<Arc<dyn Source>, Failure> {
    let options = &prepared.options;
    let pace = access::pace(options, share)?;
    let connection = Connection::load(options.profile.as_deref(), options.region.as_deref(), pace)
        .await
        .map_err(|error| Failure::new(error.to_string()))?;
    for warning in connection.warnings() {
        crate::run::warn(options, "credentials", warning);
    }
    let source = AwsSource::connect(connection, source_options(prepared, roster))
        .await
        .map_err(|error| Failure::new(error.to_string()))?;
    Ok(Arc::new(source))
}

/// What the source is asked for.
pub fn source_options(prepared: &Prepared, roster: Roster) -> SourceOptions {
    SourceOptions {
        roster,
        access: prepared.access.clone(),
        with_tags: prepared.plan.filter.needs_tags(),
        clock: prepared.plan.clock,
    }
}

/// Prepares the place where finished accounts go, and finds out what is there already.
fn begin(
    registry: &Registry,
    arguments: &ScanArguments,
    prepared: &mut Prepared,
    out: &Path,
    accounts: &Accounts,
) -> Result<Begun, Failure> {
    let refused = |error| Failure::new(format!("--out {}: {error}", out.display()));
    let tables = orgsweep_lake::all_tables(registry.stored_tables());
    let digest = accounts.digest.clone();
    if let Some((shard, scan_id, now)) = &accounts.shard {
        prepared.count_ages_to(*now);
        let header = header(scan_id, *now, prepared, None, digest);
        let place = (shard.index, shard.count);
        let writer = ScanWriter::shard(out, scan_id, tables, place, &header).map_err(refused)?;
        return Ok(Begun::of(writer, header, Some(*shard), None, prepared));
    }
    if let Some(wanted) = &arguments.resume {
        let header = resumable(out, Some(wanted.as_str()).filter(|id| !id.is_empty()))?;
        same_configuration(&header.scan_id, &header.config_sha256, &header.tool_version, prepared)?;
        same_roster(&header, digest.as_deref())?;
        prepared.count_ages_to(header.now);
        let scan_id: ScanId = header.scan_id.parse().map_err(Failure::new)?;
        let writer = ScanWriter::resume(out, &scan_id, tables).map_err(refused)?;
        let earlier = match &header.retried_scan_id {
            None => None,
            Some(id) => Some(Earlier::read(out, id.parse().map_err(Failure::new)?, prepared)?),
        };
        return Ok(Begun::of(writer, header, None, earlier, prepared));
    }
    let earlier = match &arguments.retry_incomplete {
        None => None,
        Some(id) => {
            let id = id.parse().map_err(|error| Failure::new(format!("--retry-incomplete: {error}")))?;
            Some(Earlier::read(out, id, prepared)?)
        }
    };
    let scan_id = ScanId::new(prepared.plan.clock.now(), random_entropy());
    let retried = earlier.as_ref().map(|earlier| earlier.scan_id.to_string());
    let header = header(&scan_id, prepared.plan.now, prepared, retried, digest);
    let left = unfinished(out).map_err(refused)?;
    let writer = ScanWriter::create(out, &scan_id, tables, &header).map_err(refused)?;
    Ok(Begun::of(writer, header, None, earlier, prepared).beside(&left, out))
}

/// What a scan is begun as.
pub fn header(
    scan_id: &ScanId,
    now: Timestamp,
    prepared: &Prepared,
    retried_scan_id: Option<String>,
    roster_sha256: Option<String>,
) -> ScanHeader {
    ScanHeader {
        scan_id: scan_id.to_string(),
        now,
        config_sha256: prepared.config_sha256.clone(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        retried_scan_id,
        roster_sha256,
    }
}

/// The scan to go on with.
fn resumable(out: &Path, wanted: Option<&str>) -> Result<ScanHeader, Failure> {
    let refused = |error: LakeError| Failure::new(format!("--out {}: {error}", out.display()));
    let mut headers = unfinished(out).map_err(refused)?;
    let damaged = orgsweep_lake::damaged(out).map_err(refused)?;
    let meant =
        damaged.into_iter().find(|(name, _)| wanted.map_or(headers.is_empty(), |wanted| wanted == name));
    if let Some((_, error)) = meant {
        return Err(Failure::new(format!("--resume: {error} without --resume")));
    }
    let names: Vec<String> = headers.iter().map(|header| header.scan_id.clone()).collect();
    let names = names.join(", ");
    match wanted {
        Some(id) => headers.into_iter().find(|header| header.scan_id == id).ok_or_else(|| {
            let known =
                if names.is_empty() { "there is none".to_owned() } else { format!("there are: {names}") };
            Failure::new(format!("--resume {id}: no such unfinished scan in {}; {known}", out.display()))
        }),
        None if headers.len() > 1 => Err(Failure::new(format!(
            "--resume: several scans in {} are unfinished; name one: {names}",
            out.display()
        ))),
        None => headers.pop().ok_or_else(|| {
            Failure::new(format!(
                "--resume: no unfinished scan in {}: nothing to go on with; scan without --resume",
                out.display()
            ))
        }),
    }
}

/// Rows of two configurations, or of two versions, are never put together.
pub fn same_configuration(
    scan_id: &str,
    config_sha256: &str,
    tool_version: &str,
    prepared: &Prepared,
) -> Result<(), Failure> {
    if tool_version != env!("CARGO_PKG_VERSION") {
        return Err(Failure::new(format!(
            "scan {scan_id} was made by version {tool_version}, and this is {}: scan anew",
            env!("CARGO_PKG_VERSION")
        )));
    }
    if config_sha256 != prepared.config_sha256 {
        return Err(Failure::new(format!(
            "scan {scan_id} was made with other checks, settings, accounts or roles: give the same options, or scan anew"
        )));
    }
    Ok(())
}

/// Rows of two rosters are never put together: an account that one of them lacks would be in the scan without being asked for.
pub fn same_roster(header: &ScanHeader, digest: Option<&str>) -> Result<(), Failure> {
    if header.roster_sha256.as_deref() == digest {
        return Ok(());
    }
    let id = &header.scan_id;
    Err(Failure::new(match (&header.roster_sha256, digest) {
        (None, _) => {
            format!("scan {id} was begun with the accounts that Organizations lists: leave --roster away")
        }
        (_, None) => format!("scan {id} was begun with --roster: give the same file, or scan anew"),
        _ => format!(
            "scan {id} was begun with other accounts in the file of --roster or --accounts-file: give the file as it was, \
             or scan anew"
        ),
    }))
}

/// Which accounts a scan is of, as far as where it is kept depends on them.
struct Accounts {
    /// One shard of a roster, with the scan's name and moment.
    shard: Option<(Shard, ScanId, Timestamp)>,
    /// Of accounts that came from a file.
    digest: Option<String>,
}

impl Accounts {
    fn of(discovered: Option<(ScanId, Timestamp, String)>, shard: Option<Shard>, roster: &Roster) -> Self {
        match (discovered, roster) {
            (Some((scan_id, now, digest)), _) => {
                Self { shard: shard.map(|shard| (shard, scan_id, now)), digest: Some(digest) }
            }
            (None, Roster::File(accounts)) => {
                Self { shard: None, digest: Some(prepare::digest_of(accounts)) }
            }
            (None, _) => Self { shard: None, digest: None },
        }
    }
}

/// The sums of accounts that an earlier process finished.
pub fn totals_of(writer: &ScanWriter) -> Result<(Totals, Vec<AccountId>), Failure> {
    let mut totals = Totals::default();
    let mut seen: BTreeMap<AccountId, u32> = BTreeMap::new();
    for (account, tally) in writer.tallies() {
        let tally: AccountTally = serde_json::from_value(tally.clone())
            .map_err(|error| {
                Failure::new(format!(
                    "the sums of account {account} in the journal cannot be read ({error}); delete the folder {} and scan anew",
                    writer.folder().display()
                ))
            })?;
        *seen.entry(account).or_default() += 1;
        totals.add(tally);
    }
    if let Some((account, count)) = seen.iter().find(|(_, count)| **count > 1) {
        return Err(Failure::new(format!("account {account} was finished by {count} shards")));
    }
    Ok((totals, seen.into_keys().collect()))
}

/// A roster says which accounts there are; the configuration file may say otherwise, where flags cannot.
pub fn only_the_roster(options: &ScanOptions) -> Result<(), Failure> {
    let others =
        [("single-account", options.single_account), ("accounts-file", options.accounts_file.is_some())];
    match others.iter().find(|(_, given)| *given) {
        Some((other, _)) => Err(Failure::new(format!(
            "--roster and {other} exclude each other: each says which accounts there are; leave one away, in the \
             configuration file too"
        ))),
        None => Ok(()),
    }
}

/// Tags are in a roster only where `discover` was asked for them.
pub fn has_tags(options: &ScanOptions, file: &RosterFile) -> Result<(), Failure> {
    if options.tag.is_empty() || file.roster.accounts.iter().any(|account| account.tags.is_some()) {
        return Ok(());
    }
    Err(Failure::new(format!(
        "--tag: the roster holds no tags; write it with `{} discover --tags --roster …`",
        program::name()
    )))
}

/// Where the accounts come from.
pub fn roster(
    options: &ScanOptions,
    file: Option<RosterFile>,
    shard: Option<Shard>,
) -> Result<Roster, Failure> {
    if let Some(mut file) = file {
        if let Some(shard) = shard {
            file.roster.accounts.retain(|account| shard.holds(account.id));
        }
        return Ok(Roster::Discovered(Arc::new(file.roster)));
    }
    if options.single_account {
        return Ok(Roster::CallerOnly);
    }
    match &options.accounts_file {
        Some(path) => Ok(Roster::File(prepare::read_accounts_file(path)?)),
        None => Ok(Roster::Organization),
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
