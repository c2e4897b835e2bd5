//! `orgsweep discover`: the organization, read once and written to a file that shards scan from.

use clap::Args;
use orgsweep_aws::{AwsSource, Connection, Pace, Roster, SourceOptions};
use orgsweep_model::collector::Clock;
use orgsweep_model::text::printable;
use orgsweep_scan::{RosterFile, or_interrupted};
use std::path::PathBuf;

use crate::exit::{Exit, Failure};
use crate::options::ScanOptions;
use crate::options::access::AccessOptions;
use crate::stopping;
use crate::terminal::warn;

/// `orgsweep discover`.
#[derive(Debug, Args)]
pub struct DiscoverArguments {
    /// File to write the roster to.
    #[arg(long, value_name = "FILE")]
    pub roster: PathBuf,
    /// Profile of the AWS configuration files.
    #[arg(long)]
    pub profile: Option<String>,
    /// Region of the STS endpoint.
    #[arg(long)]
    pub region: Option<String>,
    /// Role for the calls to Organizations.
    #[arg(long, value_name = "ARN")]
    pub discovery_role: Option<String>,
    /// External id that the role's trust policy asks for.
    #[arg(long)]
    pub external_id: Option<String>,
    /// Read account tags too: one call per account.
    #[arg(long)]
    pub tags: bool,
    /// Disable client-side rate limiting (simulator only).
    #[arg(long)]
    pub unlimited: bool,
}

/// Reads the organization and writes the file: whole or not at all.
pub async fn discover(arguments: DiscoverArguments) -> Result<Exit, Failure> {
    let stop = stopping::listen();
    or_interrupted(&stop, write(arguments)).await
}

async fn write(arguments: DiscoverArguments) -> Result<Exit, Failure> {
    let failed = |error: orgsweep_sweep::SourceError| Failure::new(error.to_string());
    RosterFile::can_be_written(&arguments.roster)?;
    let entering = AccessOptions {
        discovery_role: arguments.discovery_role.clone(),
        external_id: arguments.external_id.clone(),
        ..AccessOptions::default()
    };
    let access = crate::resolve::access::access(&entering, &[], Some(String::new()))?;
    let pace =
        if arguments.unlimited { Pace::unlimited(orgsweep_aws::DEFAULT_REQUESTS) } else { Pace::default() };
    let profile = arguments.profile.as_deref();
    let connection = Connection::load(profile, arguments.region.as_deref(), pace).await.map_err(failed)?;
    for warning in connection.warnings() {
        warn(&ScanOptions::default(), "credentials", warning);
    }
    let options = SourceOptions {
        roster: Roster::Organization,
        access,
        with_tags: arguments.tags,
        clock: Clock::wall(),
    };
    let source = AwsSource::connect(connection, options).await.map_err(failed)?;
    let file = Box::pin(RosterFile::discover(&source, source.policies())).await?;
    file.write(&arguments.roster)?;
    let policies = match (&file.roster.policies, &file.roster.policies_gap) {
        (Some(policies), _) => format!("{} service and resource control policies", policies.len()),
        (None, Some(gap)) => {
            format!("service and resource control policies unknown: {}", printable(&gap.to_string()))
        }
        (None, None) => "no service and resource control policies".to_owned(),
    };
    crate::terminal::print(&format!(
        "{} accounts in {}, {policies}\nThe scan is {}; scan it with --roster {} --shard I/N\n",
        file.roster.accounts.len(),
        arguments.roster.display(),
        file.scan_id,
        crate::terminal::quoted_path(&arguments.roster)
    ))?;
    // A table that every scan of this roster lacks is told now, while it can still be read.
    Ok(if file.roster.policies.is_some() { Exit::Complete } else { Exit::Incomplete })
}
