//! How a run may be ended before its end, and what it came to.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use orgsweep_model::{Account, AccountId, Gap, Organization, Usage};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::totals::Totals;

/// How a run is ended before its end.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    /// No further account is started; accounts in progress may finish.
    pub gently: CancellationToken,
    /// Everything is dropped at once.
    pub now: CancellationToken,
    /// Like `gently`, at this moment.
    pub deadline: Option<Instant>,
    /// How long accounts in flight may take to finish after `gently` or the deadline.
    pub grace: Duration,
}

/// Why a run ended before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// Somebody asked for it.
    Interrupted,
    /// The deadline came.
    Deadline,
}

/// What a run came to.
pub struct RunResult {
    /// The sums of the accounts that finished in this run.
    pub totals: Totals,
    /// The organization.
    pub organization: Organization,
    /// Why it ended before every account was finished; `None`: every account was.
    pub stopped: Option<StopReason>,
    /// Whether the roster was read to its end.
    pub roster_is_complete: bool,
    /// Accounts that were listed and did not finish.
    pub pending: Vec<Pending>,
    /// Listed accounts that are to be copied from an earlier scan, with the calls to AWS that failed for them.
    pub taken: BTreeMap<AccountId, Copied>,
}

/// An account that did not finish, and why it would not have been entered anyway.
#[derive(Clone, Debug)]
pub struct Pending {
    /// The account.
    pub account: Account,
    /// Excluded, suspended.
    pub refusal: Option<Gap>,
    /// The calls to AWS for it, if it was started.
    pub usage: Option<Arc<Usage>>,
}

/// An account whose facts are copied from an earlier scan.
#[derive(Clone, Debug)]
pub struct Copied {
    /// As it is listed now.
    pub account: Account,
    /// Calls that were made for it in vain.
    pub usage: Option<Arc<Usage>>,
}
