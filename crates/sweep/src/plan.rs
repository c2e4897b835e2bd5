//! What a scan will do, decided before it does anything: checks, tables, collectors, actions, calls.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use orgsweep_model::collector::Clock;
use orgsweep_model::facts::{
    AWS_MANAGED_POLICIES, BOUNDARY_POLICIES, OWN_POLICIES, OrganizationPolicy, PolicyAttachment, Role,
};
use orgsweep_model::registry::{ROSTER, Registry, actions};
use orgsweep_model::selection::{Scope, SharedCheckSet};
use orgsweep_model::{
    AccountId, Collector, Dependency, Details, DynComputed, Grain, Row as _, Shared, TableSchema, Timestamp,
};

use crate::filter::{Filter, RosterKey, nearest_scope};

/// The tables that say what a principal may do. The organization's policies are read with them: one without the other decides
/// nothing.
const POLICIES: [&str; 5] = [
    OWN_POLICIES.name,
    AWS_MANAGED_POLICIES.name,
    BOUNDARY_POLICIES.name,
    Role::SCHEMA.name,
    PolicyAttachment::SCHEMA.name,
];

/// What does not fit a roster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unmatched {
    /// Worth a warning: nothing is left out.
    pub excluded: Vec<String>,
    /// Mistakes in the options: the scan would cover something other than requested.
    pub wanted: Vec<String>,
}

/// A scan, before it starts.
#[derive(Clone)]
pub struct Plan {
    /// The moment that ages count to.
    pub now: Timestamp,
    /// For the times at which facts were read.
    pub clock: Clock,
    /// Enabled checks with their settings.
    pub checks: SharedCheckSet,
    /// Those that run in each account, in running order.
    pub collectors: Vec<Arc<dyn Collector>>,
    /// Those that run once, for the organization, in running order.
    pub organization_collectors: Vec<Arc<dyn Collector>>,
    /// What is computed from other tables.
    pub computed: Vec<Arc<dyn DynComputed>>,
    /// What all accounts share.
    pub shared: Arc<Shared>,
    /// Fact tables that go to the lake.
    pub stored: Vec<&'static TableSchema>,
    /// Which accounts are entered.
    pub filter: Filter,
    /// Of overrides: each must have an account in it.
    pub scopes: Vec<Scope>,
    /// Accounts in flight.
    pub concurrency: usize,
    /// Accounts that an earlier attempt finished.
    pub done: HashSet<AccountId>,
    /// Accounts that are copied from an earlier scan, if they are still selected.
    pub taken: HashSet<AccountId>,
    /// Accounts of which an earlier scan has something: it stays where they cannot be entered again.
    pub had: HashSet<AccountId>,
    /// The roster is one part of several.
    pub is_a_shard: bool,
    /// Maximum calls per account for details of flagged resources; 0: none, and no permission for them is requested.
    pub most_details: usize,
}

/// What is computed: everything that rests on the account alone, and of the rest what is wanted, because with that no account can
/// be judged before the organization is read.
fn wanted_of(all: &[Arc<dyn DynComputed>], wanted: &BTreeSet<&str>) -> Vec<Arc<dyn DynComputed>> {
    let mut wanted = wanted.clone();
    let mut computed = Vec::new();
    // Each comes after those that it reads.
    let mut on_organization: BTreeSet<&str> = BTreeSet::new();
    for table in all {
        let rests = |one: &Dependency| {
            one.table.grain == Grain::Organization || on_organization.contains(one.table.name)
        };
        if table.dependencies().iter().any(rests) {
            on_organization.insert(table.schema().name);
        }
    }
    for table in all.iter().rev() {
        let dependencies = table.dependencies();
        let name = table.schema().name;
        if !on_organization.contains(name) || wanted.contains(name) {
            wanted.extend(dependencies.iter().map(|dependency| dependency.table.name));
            computed.push(Arc::clone(table));
        }
    }
    computed.reverse();
    computed
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
        let mut wanted: BTreeSet<&str> = tables.iter().copied().chain(also_collect.iter().copied()).collect();
        let collectors = registry.collectors_for(&wanted);
        let filled = collectors.iter().flat_map(|collector| collector.fills());
        if filled.into_iter().any(|table| POLICIES.contains(&table.name)) {
            wanted.insert(OrganizationPolicy::SCHEMA.name);
        }
        let is_about_accounts = |collector: &Arc<dyn Collector>| collector.grain() == Grain::Account;
        let (collectors, organization_collectors) =
            registry.collectors_for(&wanted).into_iter().partition(is_about_accounts);
        Self {
            now: clock.ages_to(),
            clock,
            collectors,
            organization_collectors,
            checks,
            computed: wanted_of(registry.computed(), &wanted),
            shared: Shared::new(),
            stored: registry.stored_tables().to_vec(),
            filter,
            concurrency: concurrency.max(1),
            scopes: Vec::new(),
            done: HashSet::new(),
            taken: HashSet::new(),
            had: HashSet::new(),
            is_a_shard: false,
            most_details: 0,
        }
    }

    /// The plan of everything that can be read of an organization, and of no account.
    pub fn of_organization(registry: &Registry, clock: Clock) -> Self {
        let collectors = registry.collectors().iter();
        let of_organization = collectors.filter(|collector| collector.grain() == Grain::Organization);
        let tables = of_organization.flat_map(|collector| collector.fills().iter().map(|table| table.name));
        Self::new(registry, SharedCheckSet::default(), &tables.collect(), Filter::default(), 1, clock)
    }

    /// The IAM actions that the scan uses inside accounts, sorted: the session policy's content.
    pub fn actions(&self) -> Vec<&'static str> {
        let mut all = actions(&self.collectors);
        all.extend(self.detailed().flat_map(|(_, details)| details.actions));
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The actions that are used once, for the organization, sorted.
    pub fn organization_actions(&self) -> Vec<&'static str> {
        actions(&self.organization_collectors)
    }

    /// Whether a verdict about an account rests on tables of the organization: no account is judged before they are complete.
    pub fn judges_with_organization(&self) -> bool {
        let reads = |dependencies: Vec<Dependency>| {
            dependencies.iter().any(|dependency| dependency.table.grain == Grain::Organization)
        };
        let computed = self.computed.iter().filter(|table| table.schema().grain == Grain::Account);
        !self.organization_collectors.is_empty()
            && (self.checks.checks().any(|check| reads(check.dependencies()))
                || computed.into_iter().any(|table| reads(table.dependencies())))
    }

    /// The collectors that read details.
    pub(crate) fn detailed(&self) -> impl Iterator<Item = (&Arc<dyn Collector>, Details)> {
        self.collectors
            .iter()
            .filter(|_| self.most_details > 0)
            .filter_map(|collector| Some((collector, collector.details()?)))
    }

    /// Calls in one account of up to 1,000 entities, AssumeRole included, polls not; details as many as may be read.
    pub fn calls_per_account(&self) -> u32 {
        let details = u32::try_from(self.detailed().count() * self.most_details).unwrap_or(u32::MAX);
        let collected = self.collectors.iter().map(|collector| collector.needs().calls_per_account);
        (1 + collected.sum::<u32>()).saturating_add(details)
    }

    /// Whether an account's path must be known before its settings are.
    pub fn needs_paths(&self) -> bool {
        self.filter.needs_paths() || self.checks.scopes().chain(&self.scopes).any(Scope::needs_paths)
    }

    /// Whether the roster decides if the scan can be done: then no account is entered before it is whole.
    pub fn waits_for_roster(&self) -> bool {
        !self.is_a_shard && (self.filter.has_a_choice() || !self.scopes.is_empty())
    }

    /// What of the choice and of the overrides does not fit a whole roster, as messages.
    pub fn unmatched(&self, roster: &[RosterKey]) -> Unmatched {
        let (excluded, mut wanted): (Vec<_>, Vec<_>) =
            self.filter.unmatched(roster).into_iter().partition(|message| message.starts_with("--exclude"));
        wanted.extend(self.unmatched_scopes(roster));
        Unmatched { excluded, wanted }
    }

    /// Scopes of overrides that no account of a whole roster is in, as messages, once each.
    fn unmatched_scopes(&self, roster: &[RosterKey]) -> BTreeSet<String> {
        let accounts: Vec<_> = roster.iter().map(RosterKey::as_account).collect();
        self.scopes
            .iter()
            .filter(|scope| !accounts.iter().any(|account| scope.contains(account)))
            .map(|scope| {
                format!(
                    "[[override]] {scope}: no account of the roster is in it{}; if that is intended, set allow-unmatched = \
                     true there",
                    nearest_scope(scope, roster)
                )
            })
            .collect()
    }

    /// The tables that the collectors fill, in order; of a table in parts, the parts.
    pub fn tables(&self) -> Vec<&'static TableSchema> {
        self.collectors.iter().flat_map(|collector| collector.fills().iter().copied()).collect()
    }
}
