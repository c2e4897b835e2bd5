//! Where accounts and sessions come from, as options say.

use std::sync::Arc;

use orgsweep_aws::{AwsSource, Connection, Roster, SourceOptions};
use orgsweep_scan::{RosterFile, Shard};
use orgsweep_sweep::Source;

use crate::exit::Failure;
use crate::options::ScanOptions;
use crate::resolve::Prepared;
use crate::resolve::access;
use crate::resolve::accounts_file::read_accounts_file;
use crate::terminal::warn;

/// Opens the source of accounts.
pub async fn connect(prepared: &Prepared, roster: Roster, share: u32) -> Result<Arc<dyn Source>, Failure> {
    let options = &prepared.options;
    let pace = access::pace(&options.pace, share)?;
    let connection =
        Connection::load(options.access.profile.as_deref(), options.access.region.as_deref(), pace)
            .await
            .map_err(|error| Failure::new(error.to_string()))?;
    for warning in connection.warnings() {
        warn(options, "credentials", warning);
    }
    let source = AwsSource::connect(connection, source_options(prepared, roster))
        .await
        .map_err(|error| Failure::new(error.to_string()))?;
    Ok(Arc::new(source))
}

/// What the source needs.
pub fn source_options(prepared: &Prepared, roster: Roster) -> SourceOptions {
    SourceOptions {
        roster,
        access: prepared.access.clone(),
        with_tags: prepared.scan.plan.filter.needs_tags(),
        organization_actions: prepared.scan.plan.organization_actions(),
        clock: prepared.scan.plan.clock,
    }
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
    if options.accounts.single_account {
        return Ok(Roster::CallerOnly);
    }
    match &options.accounts.accounts_file {
        Some(path) => Ok(Roster::File(read_accounts_file(path)?)),
        None => Ok(Roster::Organization),
    }
}
