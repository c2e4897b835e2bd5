//! Everything that a distribution links in, checked once at the start.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::check::DynCheck;
use crate::collector::Collector;
use crate::pack::Pack;
use crate::records::{
    ApiCallRecord, CheckControlRecord, CheckRecord, CoverageRecord, FindingRecord, ScanAccountRecord,
    ScanRecord, TableRead,
};
use crate::table::{Row as _, TableSchema};

/// A check and the pack that it came with.
pub struct Registered {
    /// The pack's name.
    pub pack: &'static str,
    /// With default settings.
    pub check: Box<dyn DynCheck>,
}

impl Registered {
    /// The check's id.
    pub fn id(&self) -> &str {
        self.check.id()
    }
}

/// All checks, collectors and stored tables of a distribution.
pub struct Registry {
    checks: Vec<Registered>,
    collectors: Vec<Arc<dyn Collector>>,
    stored: Vec<&'static TableSchema>,
}

impl Registry {
    /// Puts the packs together with the built-in collectors. An id registered twice, or a check that reads a
    /// table which nobody fills, is an error in the distribution and is named.
    pub fn new(
        packs: Vec<Pack>,
        collectors: Vec<Arc<dyn Collector>>,
        stored: &[&'static TableSchema],
    ) -> Result<Self, String> {
        let mut registry = Self { checks: Vec::new(), collectors, stored: stored.to_vec() };
        let mut origin: BTreeMap<String, &str> = BTreeMap::new();
        for pack in packs {
            registry.collectors.extend(pack.collectors);
            registry.stored.extend(pack.tables);
            for check in pack.checks {
                let id = check.id();
                if let Some(first) = origin.insert(id.to_owned(), pack.name) {
                    return Err(format!(
                        "check {id} is registered by pack {first} and again by pack {}",
                        pack.name
                    ));
                }
                registry.checks.push(Registered { pack: pack.name, check });
            }
        }
        let mut names = BTreeSet::new();
        for table in &registry.stored {
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
            if table.name.is_empty() || !table.name.bytes().all(plain) {
                return Err(format!("table {:?}: a name is made of a-z, 0-9 and _", table.name));
            }
            if RECORDS.contains(&table.name) || !names.insert(table.name) {
                return Err(format!(
                    "table {} is stored by orgsweep itself: choose another name",
                    table.name
                ));
            }
        }
        let mut filled: BTreeSet<&str> = BTreeSet::from([ROSTER]);
        for collector in &registry.collectors {
            for table in collector.fills() {
                if !filled.insert(table.name) {
                    return Err(format!("table {} is filled by two collectors", table.name));
                }
            }
        }
        for registered in &registry.checks {
            for dependency in registered.check.dependencies() {
                if !filled.contains(dependency.table.name) {
                    return Err(format!(
                        "check {} reads table {}, which no collector fills",
                        registered.id(),
                        dependency.table.name
                    ));
                }
            }
        }
        registry.checks.sort_by(|left, right| left.id().cmp(right.id()));
        Ok(registry)
    }

    /// All checks, sorted by id.
    pub fn checks(&self) -> &[Registered] {
        &self.checks
    }

    /// All collectors, in the order in which they run.
    pub fn collectors(&self) -> &[Arc<dyn Collector>] {
        &self.collectors
    }

    /// The fact tables that the lake stores.
    pub fn stored_tables(&self) -> &[&'static TableSchema] {
        &self.stored
    }

    /// A check by id.
    pub fn check(&self, id: &str) -> Option<&Registered> {
        self.checks.iter().find(|registered| registered.id() == id)
    }

    /// The collectors that fill the named tables, in running order, with the gates that they look at.
    pub fn collectors_for(&self, tables: &BTreeSet<&str>) -> Vec<Arc<dyn Collector>> {
        let mut wanted: BTreeSet<&str> = tables.clone();
        // A gate's own collector is wanted too; gates do not have gates, so one round is enough.
        for collector in &self.collectors {
            if collector.fills().iter().any(|table| tables.contains(table.name)) {
                wanted.extend(collector.needs().gates.iter().map(|gate| gate.name));
            }
        }
        self.collectors
            .iter()
            .filter(|collector| collector.fills().iter().any(|table| wanted.contains(table.name)))
            .cloned()
            .collect()
    }

    /// The IAM actions that the tables of a check need, sorted.
    pub fn actions_for(&self, check: &dyn DynCheck) -> Vec<&'static str> {
        let tables: BTreeSet<&str> =
            check.dependencies().iter().map(|dependency| dependency.table.name).collect();
        actions(&self.collectors_for(&tables))
    }

    /// The IAM actions that only say more of what a check flags, sorted: a scan asks for them only where it wants details.
    pub fn optional_actions_for(&self, check: &dyn DynCheck) -> Vec<&'static str> {
        let tables: BTreeSet<&str> =
            check.dependencies().iter().map(|dependency| dependency.table.name).collect();
        let collectors = self.collectors_for(&tables);
        let details = collectors.iter().filter_map(|collector| collector.details());
        let filled = details.filter(|details| details.are_of(check));
        filled
            .flat_map(|details| details.actions.iter().copied())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect()
    }
}

/// The union of what collectors need, sorted.
pub fn actions(collectors: &[Arc<dyn Collector>]) -> Vec<&'static str> {
    let all: BTreeSet<&'static str> =
        collectors.iter().flat_map(|collector| collector.needs().actions.iter().copied()).collect();
    all.into_iter().collect()
}

/// What a scan writes about itself: no pack's table may have such a name.
const RECORDS: [&str; 8] = [
    ScanRecord::SCHEMA.name,
    ScanAccountRecord::SCHEMA.name,
    CoverageRecord::SCHEMA.name,
    TableRead::SCHEMA.name,
    ApiCallRecord::SCHEMA.name,
    FindingRecord::SCHEMA.name,
    CheckRecord::SCHEMA.name,
    CheckControlRecord::SCHEMA.name,
];

/// The table that comes from the roster and needs no collector.
pub const ROSTER: &str = "roster";
