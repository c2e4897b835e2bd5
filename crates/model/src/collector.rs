//! Collectors: who fills a table, what it needs from IAM, and how many calls it costs.
//!
//! `model` declares the shape without knowing any SDK; `aws` and packs implement it.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::check::DynCheck;
use crate::gap::Gap;
use crate::table::{Grain, TableSchema};
use crate::tables::Tables;
use crate::time::Timestamp;

/// What a collector needs. One declaration, four uses: the audit role's policy, the session policy, the
/// preflight and the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs {
    /// IAM actions without which its tables are gaps.
    pub actions: &'static [&'static str],
    /// Calls in an account with at most 1,000 entities, polls not counted.
    pub calls_per_account: u32,
    /// Calls once a scan, about.
    pub calls_per_scan: u32,
    /// Tables that say whether a call is worth making; an unreadable gate means that the call is made.
    pub gates: &'static [&'static TableSchema],
}

/// What a collector reads only of what checks flag. A scan asks for the actions only where it wants details, and a role without
/// them costs no table and no verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Details {
    /// The table whose details are read, for the resources that its checks flag.
    pub table: &'static TableSchema,
    /// What kind of resource it knows more of, such as `AWS::IAM::User`; checks of other kinds gain nothing.
    pub resource_type: &'static str,
    /// IAM actions.
    pub actions: &'static [&'static str],
}

impl Details {
    /// Whether more could be known of what the check flags.
    pub fn are_of(&self, check: &dyn DynCheck) -> bool {
        check.metadata().resource_type == self.resource_type
            && check.dependencies().iter().any(|dependency| dependency.table.name == self.table.name)
    }
}

/// The counters of one kind of call to AWS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallCounts {
    /// Operations.
    pub calls: u64,
    /// Requests, retries included.
    pub attempts: u64,
    /// Answers that said to slow down.
    pub throttles: u64,
    /// Operations that failed in the end.
    pub errors: u64,
    /// Bytes of all answers.
    pub response_bytes: u64,
    /// Of all operations, waiting and retries included.
    pub total_milliseconds: u64,
    /// Of the slowest operation.
    pub worst_milliseconds: u64,
}

impl CallCounts {
    /// Adds another's.
    pub fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.attempts += other.attempts;
        self.throttles += other.throttles;
        self.errors += other.errors;
        self.response_bytes += other.response_bytes;
        self.total_milliseconds += other.total_milliseconds;
        self.worst_milliseconds = self.worst_milliseconds.max(other.worst_milliseconds);
    }

    /// What came since an earlier look; added to that look, it gives these counts again.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            calls: self.calls - earlier.calls,
            attempts: self.attempts - earlier.attempts,
            throttles: self.throttles - earlier.throttles,
            errors: self.errors - earlier.errors,
            response_bytes: self.response_bytes - earlier.response_bytes,
            total_milliseconds: self.total_milliseconds - earlier.total_milliseconds,
            // Of all: the slowest of a part alone is not known.
            worst_milliseconds: self.worst_milliseconds,
        }
    }
}

/// The calls to AWS of a scan, or of its part for one account, by service and action.
#[derive(Debug, Default)]
pub struct Usage {
    counts: Mutex<BTreeMap<(String, String), CallCounts>>,
}

impl Usage {
    /// Changes the counts of one kind of call, such as `iam` and `ListRoles`.
    pub fn count(&self, service: &str, action: &str, change: impl FnOnce(&mut CallCounts)) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        change(counts.entry((service.to_owned(), action.to_owned())).or_default());
    }

    /// Adds another's counts.
    pub fn join(&self, other: &Self) {
        for ((service, action), counts) in other.by_action() {
            self.count(&service, &action, |mine| mine.add(&counts));
        }
    }

    /// By service and action, sorted.
    pub fn by_action(&self) -> BTreeMap<(String, String), CallCounts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Of one kind of call, such as `iam` and `ListRoles`.
    pub fn of(&self, service: &str, action: &str) -> CallCounts {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.get(&(service.to_owned(), action.to_owned())).copied().unwrap_or_default()
    }

    /// Of all calls together.
    pub fn total(&self) -> CallCounts {
        let mut total = CallCounts::default();
        for counts in self.counts.lock().unwrap_or_else(PoisonError::into_inner).values() {
            total.add(counts);
        }
        total
    }

    /// Operations.
    pub fn calls(&self) -> u64 {
        self.total().calls
    }

    /// Requests, retries included.
    pub fn attempts(&self) -> u64 {
        self.total().attempts
    }

    /// Throttled answers.
    pub fn throttles(&self) -> u64 {
        self.total().throttles
    }
}

/// Time as the scan counts it: the wall's, or fixed for a demo; and the moment that ages count to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    fixed: Option<Timestamp>,
    ages_to: Option<Timestamp>,
}

impl Clock {
    /// The wall's time.
    pub const fn wall() -> Self {
        Self { fixed: None, ages_to: None }
    }

    /// Always the same moment.
    pub const fn fixed(moment: Timestamp) -> Self {
        Self { fixed: Some(moment), ages_to: Some(moment) }
    }

    /// The same clock, with ages computed for another time.
    #[must_use]
    pub const fn counting_to(self, moment: Timestamp) -> Self {
        Self { ages_to: Some(moment), ..self }
    }

    /// The moment, in whole milliseconds: for when something was read.
    pub fn now(&self) -> Timestamp {
        crate::time::to_milliseconds(self.fixed.unwrap_or_else(Timestamp::now))
    }

    /// When a scan began whose id carries `moment`: a fixed clock stands still.
    #[must_use]
    pub fn began(&self, moment: Timestamp) -> Timestamp {
        self.fixed.unwrap_or(moment)
    }

    /// The moment that ages count to, in whole milliseconds.
    pub fn ages_to(&self) -> Timestamp {
        self.ages_to.map_or_else(|| self.now(), crate::time::to_milliseconds)
    }
}

/// Access to one account, or to the organization. What is inside belongs to the room that opened it.
#[derive(Clone)]
pub struct Session {
    /// The account; of the organization, its management account.
    pub account: Account,
    /// The organization's partition, for ARNs.
    pub partition: String,
    /// The scan's time.
    pub clock: Clock,
    inner: Arc<dyn Any + Send + Sync>,
}

impl Session {
    /// Wraps what the opening room needs to make calls.
    pub fn new(account: Account, partition: String, clock: Clock, inner: Arc<dyn Any + Send + Sync>) -> Self {
        Self { account, partition, clock, inner }
    }

    /// The inside, for the room that knows its type.
    pub fn inner<T: 'static>(&self) -> Option<&T> {
        self.inner.downcast_ref::<T>()
    }
}

/// Fills tables for one account, or once for the organization.
///
/// Implementations keep the methods one-line forwards to free `async fn`s: `async_trait` makes long bodies slow
/// to compile.
#[async_trait::async_trait]
pub trait Collector: Send + Sync {
    /// Its name, for messages.
    fn name(&self) -> &'static str;

    /// What it needs.
    fn needs(&self) -> Needs;

    /// The tables that it fills: each gets rows or a gap. All of them are of one grain: it runs in every account, or once for
    /// the organization.
    fn fills(&self) -> &'static [&'static TableSchema];

    /// What its tables belong to.
    fn grain(&self) -> Grain {
        self.fills().first().map_or(Grain::Account, |table| table.grain)
    }

    /// What [`Collector::read_details`] fills in, if anything.
    fn details(&self) -> Option<Details> {
        None
    }

    /// Called for all collectors before the first `collect`: starts what takes AWS a while.
    async fn begin(&self, _session: &Session) {}

    /// Reads, and puts rows or a gap for each of its tables. Earlier collectors' tables can be looked at.
    async fn collect(&self, session: &Session, tables: &mut Tables);

    /// Whether its tables can be read, for the doctor: with fewer calls than [`Collector::collect`] where that takes long.
    async fn inspect(&self, session: &Session) -> Result<(), Gap> {
        let mut tables = Tables::new();
        self.collect(session, &mut tables).await;
        self.fills().iter().try_for_each(|table| tables.read(table).map_err(Clone::clone))
    }

    /// Called once after a first judging, where a scan wants details: fills in what is worth a call only for resources that a
    /// check flags. `flagged` has their ARNs, the gravest first; at most `most` calls may be made. What is not read is noted, and
    /// is neither a gap nor a reason for another verdict; the error says which call failed.
    async fn read_details(
        &self,
        _session: &Session,
        _flagged: &[String],
        _most: usize,
        _tables: &mut Tables,
    ) -> Result<(), Gap> {
        Ok(())
    }
}
