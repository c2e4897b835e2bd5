//! What happens while a scan runs: for a screen, or for a log.

use orgsweep_model::Gap;

use crate::shard::Shard;

/// What happens while a scan runs.
#[derive(Clone, Debug)]
pub enum Event {
    /// The organization is known and nothing stands in the way: accounts are entered from now on.
    Started(Beginning),
    /// Other scans in the same lake were left unfinished, by name.
    UnfinishedScans(Vec<String>),
    /// Something about accounts.
    Accounts(orgsweep_sweep::Event),
    /// No account is in progress any more.
    AccountsEnded,
    /// All accounts are collected, and the organization is still being read.
    WaitingForOrganization,
    /// Another process publishes into the same lake.
    WaitingForPublisher,
    /// The scan is in the lake, and something after that went wrong.
    PublishedWithWarning(String),
    /// The scan is published without a table of the organization.
    OrganizationTableUnknown(String, Gap),
    /// Something is excluded that does not exist.
    FilterMatchesNothing(String),
}

/// What is known of a scan when it starts.
#[derive(Clone, Debug)]
pub struct Beginning {
    /// Its name.
    pub scan_id: String,
    /// Checks that are enabled.
    pub checks: usize,
    /// Accounts that an earlier attempt finished.
    pub resumed: usize,
    /// The scan that it retries.
    pub retried_scan_id: Option<String>,
    /// Which part of the scan this process does.
    pub shard: Option<Shard>,
}
