//! Collectors: who fills a table, what it needs from IAM, and how many calls it costs.
//!
//! `model` declares the shape without knowing any SDK; `aws` and packs implement it.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::account::Account;
use crate::table::TableSchema;
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

/// How much a scan, or its part for one account, asked of AWS.
#[derive(Debug, Default)]
pub struct Usage {
    calls: AtomicU64,
    attempts: AtomicU64,
    throttles: AtomicU64,
}

impl Usage {
    /// One operation begins.
    pub fn call(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    /// One request goes out.
    pub fn attempt(&self) {
        self.attempts.fetch_add(1, Ordering::Relaxed);
    }

    /// One answer said to slow down.
    pub fn throttle(&self) {
        self.throttles.fetch_add(1, Ordering::Relaxed);
    }

    /// Operations.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Requests, retries included.
    pub fn attempts(&self) -> u64 {
        self.attempts.load(Ordering::Relaxed)
    }

    /// Throttled answers.
    pub fn throttles(&self) -> u64 {
        self.throttles.load(Ordering::Relaxed)
    }
}

/// Time as the scan counts it: the wall's, or fixed by `--now`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    fixed: Option<Timestamp>,
}

impl Clock {
    /// The wall's time.
    pub const fn wall() -> Self {
        Self { fixed: None }
    }

    /// Always the same moment.
    pub const fn fixed(moment: Timestamp) -> Self {
        Self { fixed: Some(moment) }
    }

    /// The moment, in whole milliseconds.
    pub fn now(&self) -> Timestamp {
        crate::time::to_milliseconds(self.fixed.unwrap_or_else(Timestamp::now))
    }
}

/// Access to one account. What is inside belongs to the room that opened it.
#[derive(Clone)]
pub struct Session {
    /// The account.
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

/// Fills tables for one account.
///
/// Implementations keep the methods one-line forwards to free `async fn`s: `async_trait` makes long bodies slow
/// to compile.
#[async_trait::async_trait]
pub trait Collector: Send + Sync {
    /// Its name, for messages.
    fn name(&self) -> &'static str;

    /// What it needs.
    fn needs(&self) -> Needs;

    /// The tables that it fills: each gets rows or a gap.
    fn fills(&self) -> &'static [&'static TableSchema];

    /// Whether what it reads is the same in every account, so that another account's session may answer for
    /// this one's.
    fn is_shared(&self) -> bool {
        false
    }

    /// Called for all collectors before the first `collect`: starts what takes AWS a while.
    async fn begin(&self, _session: &Session) {}

    /// Reads, and puts rows or a gap for each of its tables. Earlier collectors' tables can be looked at.
    async fn collect(&self, session: &Session, tables: &mut Tables);
}
