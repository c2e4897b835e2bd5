//! `orgsweep discover`: the organization, read once and written to a file that shards scan from.

use std::collections::BTreeSet;

use clap::Args;
use orgsweep_aws::{AwsSource, Connection, Pace, Roster, SourceOptions};
use orgsweep_model::Row as _;
use orgsweep_model::collector::Clock;
use orgsweep_model::facts::OrganizationPolicy;
use orgsweep_model::registry::Registry;
use orgsweep_model::snapshot::TableSnapshot;
use orgsweep_model::text::printable;
use orgsweep_scan::{RosterFile, or_interrupted};
use orgsweep_sweep::Plan;
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

/// Reads the organization and writes the file atomically.
pub async fn discover(registry: &Registry, arguments: DiscoverArguments) -> Result<Exit, Failure> {
    let stop = stopping::listen();
    or_interrupted(&stop, write(registry, arguments)).await
}

async fn write(registry: &Registry, arguments: DiscoverArguments) -> Result<Exit, Failure> {
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
    // Which checks the shards will run is not known: everything that any check reads of the organization.
    let plan = Plan::of_organization(registry, Clock::wall());
    let options = SourceOptions {
        roster: Roster::Organization,
        access,
        with_tags: arguments.tags,
        organization_actions: plan.organization_actions(),
        clock: plan.clock,
    };
    let source = AwsSource::connect(connection, options).await.map_err(failed)?;
    let file = Box::pin(RosterFile::discover(&source, &plan)).await?;
    file.write(&arguments.roster)?;
    let tables = &file.roster.facts.tables;
    let policies = match tables.iter().find(|table| table.table == OrganizationPolicy::SCHEMA.name) {
        Some(TableSnapshot { gap: Some(gap), .. }) => {
            format!("service and resource control policies unknown: {}", printable(&gap.to_string()))
        }
        Some(table) => {
            let ids: BTreeSet<_> = table.rows.iter().map(|row| row["policy_id"].as_str()).collect();
            format!("{} service and resource control policies", ids.len())
        }
        None => "no service and resource control policies".to_owned(),
    };
    for lost in tables.iter().filter(|table| table.table != OrganizationPolicy::SCHEMA.name) {
        if let Some(gap) = &lost.gap {
            let message = format!("the organization's table {} is unknown: {gap}", lost.table);
            warn(&ScanOptions::default(), "organization_table_unknown", &message);
        }
    }
    crate::terminal::print(&format!(
        "{} accounts in {}, {policies}\nThe scan is {}; scan it with --roster {} --shard I/N\n",
        file.roster.accounts.len(),
        arguments.roster.display(),
        file.scan_id,
        crate::terminal::quoted_path(&arguments.roster)
    ))?;
    // A table that every scan of this roster lacks is reported now, while it can still be read.
    Ok(if tables.iter().all(|table| table.gap.is_none()) { Exit::Complete } else { Exit::Incomplete })
}
