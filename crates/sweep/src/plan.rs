//! What a scan will do, decided before it does anything: checks, tables, collectors, actions, calls.

use std::collections::BTreeSet;
use std::sync::Arc;

use orgsweep_model::collector::Clock;
use orgsweep_model::registry::{ROSTER, Registry, actions};
use orgsweep_model::selection::SharedCheckSet;
use orgsweep_model::{Collector, TableSchema, Timestamp};

use crate::filter::Filter;

/// A scan, before it starts.
pub struct Plan {
    /// The moment that ages count to.
    pub now: Timestamp,
    /// For the times at which facts were read.
    pub clock: Clock,
    /// Enabled checks with their settings.
    pub checks: SharedCheckSet,
    /// In running order.
    pub collectors: Vec<Arc<dyn Collector>>,
    /// Fact tables that go to the lake.
    pub stored: Vec<&'static TableSchema>,
    /// Which accounts are entered.
    pub filter: Filter,
    /// Accounts in flight.
    pub concurrency: usize,
}

impl Plan {
    /// The plan for these checks, and for tables that the caller wants besides what the checks read.
    pub fn new(
        registry: &Registry,
        checks: SharedCheckSet,
        also_collect: &BTreeSet<&str>,
        filter: Filter,
        concurrency: usize,
        clock: Clock,
    ) -> Self {
        let mut tables = checks.tables();
        tables.remove(ROSTER);
        let wanted: BTreeSet<&str> = tables.iter().copied().chain(also_collect.iter().copied()).collect();
        Self {
            now: clock.now(),
            clock,
            collectors: registry.collectors_for(&wanted),
            checks,
            stored: registry.stored_tables().to_vec(),
            filter,
            concurrency: concurrency.max(1),
        }
    }

    /// The IAM actions that the scan uses inside accounts, sorted: the session policy's content.
    pub fn actions(&self) -> Vec<&'static str> {
        actions(&self.collectors)
    }

    /// Calls in one account of up to 1,000 entities, AssumeRole included, polls not.
    pub fn calls_per_account(&self) -> u32 {
        1 + self.collectors.iter().map(|collector| collector.needs().calls_per_account).sum::<u32>()
    }

    /// The tables that the collectors fill, in order.
    pub fn tables(&self) -> Vec<&'static TableSchema> {
        self.collectors.iter().flat_map(|collector| collector.fills().iter().copied()).collect()
    }
}
