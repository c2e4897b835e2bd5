//! What a run reports: events while it runs, finished accounts, and why it failed.

use std::sync::Arc;

use orgsweep_model::AccountId;

use crate::account_facts::AccountFacts;
use crate::source::SourceError;
use crate::totals::{AccountLine, AccountTally};

/// What happens while a scan runs, for the screen.
#[derive(Clone, Debug)]
pub enum Event {
    /// So many accounts are listed so far, and so many of them are to be scanned: neither left out nor finished before;
    /// `done` when that is all of them.
    Listed { accounts: usize, to_scan: usize, done: bool },
    /// An account is finished; whether it was one of those to be scanned.
    Finished { line: AccountLine, was_to_scan: bool },
    /// An account that was to be scanned could not be entered, and keeps what an earlier scan has.
    Kept(AccountId),
    /// Something worth a line; the name is for programs and never changes its meaning.
    Warning { name: &'static str, message: String },
    /// No further account is begun; so many are still in flight.
    Stopping(usize),
}

/// Where finished accounts go.
pub trait Sink {
    /// An account's facts, as this sink wants them.
    type Packed: Send + 'static;

    /// What turns facts into that: it works where the facts were collected, for several accounts side by side.
    fn packer(&self) -> Packer<Self::Packed>;

    /// Takes one account, and what it adds to the sums.
    fn take(&mut self, packed: Self::Packed, tally: &AccountTally) -> Result<Taken, String>;
}

/// What became of an account that a sink took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is finished.
    Finished,
    /// It is collected, and the sink counts it once it is judged.
    Collected,
}

/// Turns an account's facts into what a sink takes, and says what they add to the sums.
pub type Packer<P> = Arc<dyn Fn(AccountFacts) -> (Result<P, String>, AccountTally) + Send + Sync>;

/// Why a scan could not be done.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// The roster could not be read whole.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The choice of accounts names something that does not exist.
    #[error("the account filters do not match the organization:\n  {}", .0.join("\n  "))]
    Unmatched(Vec<String>),
    /// Nothing is left to scan.
    #[error(
        "no accounts match the filters ({listed} listed, none of them selected and active)\n  Check --ou, --account, --tag and \
         their --exclude- forms."
    )]
    NothingToScan {
        /// Accounts on the roster.
        listed: usize,
    },
    /// The rows could not be kept.
    #[error("{0}")]
    Sink(String),
    /// The deadline came before any account could be entered.
    #[error("the deadline was reached; nothing was published")]
    Deadline,
    /// Stopped by the caller, at once.
    #[error("stopped; nothing was published")]
    Cancelled,
}
