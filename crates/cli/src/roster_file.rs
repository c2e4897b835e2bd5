//! `orgsweep discover`: the organization, read once and written to a file that shards scan from.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use orgsweep_aws::{AwsSource, Connection, Pace, Roster, SourceOptions};
use orgsweep_lake::ScanId;
use orgsweep_model::collector::{CallCounts, Clock};
use orgsweep_model::finding_id::sha256_hex;
use orgsweep_model::organization::OrganizationSnapshot;
use orgsweep_model::text::printable;
use orgsweep_model::{Timestamp, Usage};
use orgsweep_sweep::{Listed, Source};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::arguments::{DiscoverArguments, ScanOptions};
use crate::exit::{self, Failure};
use crate::program;
use crate::scan::random_entropy;
use crate::stopping;

/// Grows when the file's meaning changes.
const VERSION: u32 = 1;

/// What is in the file. The scan has its name and its moment from here, so that all shards agree.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RosterFile {
    version: u32,
    #[serde(with = "scan_id")]
    pub scan_id: ScanId,
    pub now: Timestamp,
    pub roster: OrganizationSnapshot,
    /// What `discover` asked of AWS: counted once, by the scan that its shards are put together to.
    #[serde(default)]
    calls: Vec<DiscoveryCall>,
}

/// One kind of call that `discover` made.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DiscoveryCall {
    service: String,
    action: String,
    counts: CallCounts,
}

mod scan_id {
    use serde::{Deserialize as _, Deserializer, Serializer};

    use super::ScanId;

    pub fn serialize<S: Serializer>(id: &ScanId, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(id.as_str())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ScanId, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl RosterFile {
    /// Reads a file; the error names it and says what to do.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let failed = |problem: String| {
            Failure::new(format!(
                "--roster {}: {problem}\n  Write one with `{} discover --roster {}`.",
                path.display(),
                program::name(),
                path.display()
            ))
        };
        let text = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
        let file: Self = serde_json::from_slice(&text)
            .map_err(|_| failed("it is not a roster that this version can read".to_owned()))?;
        if file.version != VERSION {
            return Err(failed(format!("version {} is not known, expected {VERSION}", file.version)));
        }
        Ok(file)
    }

    /// Gives the accounts the paths of their units.
    pub fn name_units(&mut self) {
        let names = &self.roster.unit_names;
        for account in &mut self.roster.accounts {
            account.ou_path = orgsweep_sweep::filter::path(account, names).or(account.ou_path.take());
        }
    }

    /// Names what shards scan from.
    pub fn digest(&self) -> String {
        sha256_hex(json!(self.roster).to_string().as_bytes())
    }

    /// What `discover` asked of AWS.
    pub fn usage(&self) -> Usage {
        let usage = Usage::default();
        for call in &self.calls {
            usage.count(&call.service, &call.action, |counts| counts.add(&call.counts));
        }
        usage
    }
}

/// Reads the organization and writes the file: whole or not at all.
pub async fn discover(arguments: DiscoverArguments) -> Result<u8, Failure> {
    let stop = stopping::listen();
    stopping::or_interrupted(&stop, write(arguments)).await
}

async fn write(arguments: DiscoverArguments) -> Result<u8, Failure> {
    let failed = |error: orgsweep_sweep::SourceError| Failure::new(error.to_string());
    can_be_stored(&arguments.roster)?;
    let entering = ScanOptions {
        discovery_role: arguments.discovery_role.clone(),
        external_id: arguments.external_id.clone(),
        ..ScanOptions::default()
    };
    let access = crate::access::access(&entering, &[], Some(String::new()))?;
    let pace =
        if arguments.unlimited { Pace::unlimited(orgsweep_aws::DEFAULT_REQUESTS) } else { Pace::default() };
    let profile = arguments.profile.as_deref();
    let connection = Connection::load(profile, arguments.region.as_deref(), pace).await.map_err(failed)?;
    for warning in connection.warnings() {
        crate::run::warn(&ScanOptions::default(), "credentials", warning);
    }
    let options = SourceOptions {
        roster: Roster::Organization,
        access,
        with_tags: arguments.tags,
        clock: Clock::wall(),
    };
    let source = AwsSource::connect(connection, options).await.map_err(failed)?;
    let organization = source.organization().await.map_err(failed)?;
    let mut accounts = Vec::new();
    let mut listing = source.accounts();
    let mut is_whole = false;
    while let Some(listed) = listing.recv().await {
        match listed.map_err(failed)? {
            Listed::Account(account) => accounts.push(*account),
            Listed::Whole => is_whole = true,
        }
    }
    if !is_whole {
        return Err(Failure::new("listing the accounts broke off before its end; nothing was written"));
    }
    accounts.sort_by_key(|account| account.id);
    accounts.dedup_by_key(|account| account.id);
    let unit_names = source.unit_names().await.map_err(|gap| {
        Failure::new(format!("reading the names of organizational units failed: {gap}; nothing was written"))
    })?;
    let (policies, policies_gap) = match source.policies().await {
        Ok(policies) => (Some(policies), None),
        Err(gap) => (None, Some(gap)),
    };
    let now = Clock::wall().now();
    let count = accounts.len();
    let file = RosterFile {
        version: VERSION,
        scan_id: ScanId::new(now, random_entropy()),
        now,
        roster: OrganizationSnapshot { organization, accounts, unit_names, policies, policies_gap },
        calls: source
            .usage()
            .by_action()
            .into_iter()
            .map(|((service, action), counts)| DiscoveryCall { service, action, counts })
            .collect(),
    };
    store(&arguments.roster, &file)?;
    let guardrails = match (&file.roster.policies, &file.roster.policies_gap) {
        (Some(policies), _) => format!("{} service and resource control policies", policies.len()),
        (None, Some(gap)) => {
            format!("service and resource control policies unknown: {}", printable(&gap.to_string()))
        }
        (None, None) => "no service and resource control policies".to_owned(),
    };
    crate::print(&format!(
        "{count} accounts in {}, {guardrails}\nThe scan is {}; scan it with --roster {} --shard I/N\n",
        arguments.roster.display(),
        file.scan_id,
        crate::summary::quoted(&arguments.roster)
    ))?;
    // A table that every scan of this roster lacks is told now, while it can still be read.
    Ok(if file.roster.policies.is_some() { exit::COMPLETE } else { exit::INCOMPLETE })
}

/// Finds out before the first call, and not after the listing, that the file cannot be written.
fn can_be_stored(path: &Path) -> Result<(), Failure> {
    let failed = |problem: String| Failure::new(format!("--roster {}: {problem}", path.display()));
    if path.is_dir() || path.file_name().is_none() {
        return Err(failed("expected the name of a file, not of a folder".to_owned()));
    }
    let staged = staged(path);
    std::fs::File::create(&staged)
        .and_then(|_| std::fs::remove_file(&staged))
        .map_err(|error| failed(format!("{error}; name a file in a folder that exists and can be written")))
}

/// Where the file is written until it is whole.
fn staged(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.part"))
}

fn store(path: &Path, file: &RosterFile) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("--roster {}: {error}", path.display()));
    let text = serde_json::to_vec_pretty(file).map_err(|error| failed(error.into()))?;
    let staged = staged(path);
    std::fs::File::create(&staged)
        .and_then(|mut output| output.write_all(&text).and_then(|()| output.sync_all()))
        .and_then(|()| std::fs::rename(&staged, path))
        .map_err(failed)
}
