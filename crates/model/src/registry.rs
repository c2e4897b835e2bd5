//! Everything that a distribution links in, checked once at the start.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::check::{CheckMetadata, DynCheck};
use crate::collector::Collector;
use crate::computed::{DynComputed, computed};
use crate::dependency::Dependency;
use crate::facts::{self, Principal};
use crate::pack::Pack;
use crate::records::{
    ApiCallRecord, CheckControlRecord, CheckRecord, CoverageRecord, FindingRecord, ScanAccountRecord,
    ScanRecord, TableRead,
};
use crate::table::{Grain, Row as _, TableSchema};

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
    computed: Vec<Arc<dyn DynComputed>>,
    stored: Vec<&'static TableSchema>,
}

impl Registry {
    /// Combines the packs with the built-in collectors. An ID that is registered twice, or a check that reads a table that no
    /// collector fills, is an error in the distribution; the message names it.
    pub fn new(packs: Vec<Pack>, collectors: Vec<Arc<dyn Collector>>) -> Result<Self, String> {
        let stored = facts::TABLES.iter().copied().filter(|table| table.is_stored).collect();
        let mut registry = Self { checks: Vec::new(), collectors, computed: Vec::new(), stored };
        let mut brought: Vec<Arc<dyn DynComputed>> = Vec::new();
        let mut claims: BTreeMap<String, Claim> = BTreeMap::new();
        for pack in packs {
            registry.collectors.extend(pack.collectors);
            registry.stored.extend(pack.tables.into_iter().filter(|table| table.is_stored));
            registry.stored.extend(pack.computed.iter().map(|table| table.schema()));
            brought.extend(pack.computed.into_iter().map(Arc::from));
            for check in pack.checks {
                let metadata = check.metadata();
                if metadata.former.contains(&metadata.id) {
                    return Err(format!("check {} lists its current ID among its former IDs", metadata.id));
                }
                for id in std::iter::once(&metadata.id).chain(metadata.former.iter()) {
                    let own = Claim { id: metadata.id.to_string(), pack: pack.name };
                    if let Some(other) = claims.insert(id.to_string(), own) {
                        return Err(taken(id, metadata, pack.name, &other));
                    }
                }
                registry.checks.push(Registered { pack: pack.name, check });
            }
        }
        let mut names = BTreeSet::new();
        for table in &registry.stored {
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
            if table.name.is_empty() || !table.name.bytes().all(plain) {
                return Err(format!("table {:?}: a name may contain only a-z, 0-9 and _", table.name));
            }
            if RECORDS.contains(&table.name) || !names.insert(table.name) {
                return Err(format!("table {} is a built-in table: choose another name", table.name));
            }
        }
        // What is collected is stored, named by its pack or not: it can be judged again.
        for table in registry.collectors.iter().flat_map(|collector| collector.fills()) {
            let is_known = registry.stored.iter().any(|known| known.sources().any(|source| source == *table));
            if table.is_stored && !is_known {
                registry.stored.push(table);
            }
        }
        let mut filled: BTreeSet<&str> = BTreeSet::from([ROSTER]);
        for collector in &registry.collectors {
            let read = collector.fills().iter().chain(collector.needs().gates);
            if let Some(other) = read.copied().find(|table| table.grain != collector.grain()) {
                return Err(format!(
                    "collector {} runs once for each {}, and table {} is not of that kind: write another collector for it",
                    collector.name(),
                    if collector.grain() == Grain::Organization { "organization" } else { "account" },
                    other.name
                ));
            }
            for table in collector.fills() {
                if !filled.insert(table.name) {
                    return Err(format!("table {} is filled by two collectors", table.name));
                }
            }
        }
        registry.computed.extend(built_in_computed(&filled));
        registry.computed.extend(brought);
        // In order: a computed table may read those before it.
        for table in &registry.computed {
            refuse_unfilled(&filled, "table", table.schema().name, &table.dependencies())?;
            let is_about_accounts = Grain::of(&table.dependencies()) == Grain::Account;
            if table.schema().grain == Grain::Organization && is_about_accounts {
                return Err(format!(
                    "table {} is computed once for the organization and reads tables of accounts: declare it per account",
                    table.schema().name
                ));
            }
            if !filled.insert(table.schema().name) {
                return Err(format!("table {} is filled twice", table.schema().name));
            }
        }
        for registered in &registry.checks {
            let id = registered.id();
            refuse_unfilled(&filled, "check", id, &registered.check.dependencies())?;
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

    /// The computed tables, each after those that it reads.
    pub fn computed(&self) -> &[Arc<dyn DynComputed>] {
        &self.computed
    }

    /// A table that can be collected, by name: one that a collector fills, a part of one, or one that is computed; with what
    /// has to be collected for it. One that is computed is named itself, too.
    pub fn sources_of(&self, name: &str) -> Option<Vec<&'static str>> {
        let collected = |name: &str| {
            let tables = self.collectors.iter().flat_map(|collector| collector.fills());
            tables.map(|table| table.name).find(|table| *table == name).map(|name| vec![name])
        };
        let whole = || {
            let table = self.stored.iter().find(|table| table.name == name && !table.parts.is_empty())?;
            Some(table.sources().map(|source| source.name).collect())
        };
        let computed = || {
            let table = self.computed.iter().find(|table| table.schema().name == name)?;
            let inputs = table.dependencies().into_iter().map(|dependency| dependency.table.name);
            Some(inputs.chain([table.schema().name]).collect())
        };
        collected(name).or_else(whole).or_else(computed)
    }

    /// The names that [`sources_of`](Self::sources_of) knows, sorted.
    pub fn collectable(&self) -> Vec<&'static str> {
        let collected =
            self.collectors.iter().flat_map(|collector| collector.fills()).map(|table| table.name);
        let whole = self.stored.iter().filter(|table| !table.parts.is_empty()).map(|table| table.name);
        let computed = self.computed.iter().map(|table| table.schema().name);
        let mut all: Vec<&str> = collected.chain(whole).chain(computed).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The fact tables that the lake stores.
    pub fn stored_tables(&self) -> &[&'static TableSchema] {
        &self.stored
    }

    /// A check by id.
    pub fn check(&self, id: &str) -> Option<&Registered> {
        self.checks.iter().find(|registered| registered.id() == id)
    }

    /// A check by the id that it has, or by one that it had.
    pub fn named(&self, id: &str) -> Option<&Registered> {
        let had =
            |registered: &&Registered| registered.check.metadata().former.iter().any(|former| former == id);
        self.check(id).or_else(|| self.checks.iter().find(had))
    }

    /// The collectors that fill the named tables, in running order, with the gates that they look at.
    pub fn collectors_for(&self, tables: &BTreeSet<&str>) -> Vec<Arc<dyn Collector>> {
        let mut tables: BTreeSet<&str> = tables.clone();
        for table in self.computed.iter().rev() {
            if tables.contains(table.schema().name) {
                tables.extend(table.dependencies().iter().map(|dependency| dependency.table.name));
            }
        }
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

/// The computed tables that come with orgsweep: those whose inputs are all collected. A distribution that collects less does
/// without them, and a check that reads one is refused there.
fn built_in_computed(filled: &BTreeSet<&str>) -> Vec<Arc<dyn DynComputed>> {
    let all: Vec<Arc<dyn DynComputed>> = vec![Arc::from(computed::<Principal>())];
    let is_collected = |dependency: &Dependency| filled.contains(dependency.table.name);
    all.into_iter().filter(|table| table.dependencies().iter().all(is_collected)).collect()
}

/// Refuses what reads a table that nobody fills.
fn refuse_unfilled(
    filled: &BTreeSet<&str>,
    kind: &str,
    name: &str,
    dependencies: &[Dependency],
) -> Result<(), String> {
    let is_filled = |table: &TableSchema| table.grain == Grain::Text || filled.contains(table.name);
    let transient = dependencies.iter().find(|one| one.table.build.is_some() && !one.table.is_stored);
    if let Some(lost) = transient {
        return Err(format!(
            "{kind} {name} reads table {}, which is transient: a stored scan could not be checked again",
            lost.table.name
        ));
    }
    match dependencies.iter().find(|dependency| !is_filled(dependency.table)) {
        Some(lost) => Err(format!("{kind} {name} reads table {}, which no collector fills", lost.table.name)),
        None => Ok(()),
    }
}

/// Which check has an id, or had it.
struct Claim {
    id: String,
    pack: &'static str,
}

/// Why an id cannot be had twice.
fn taken(id: &str, metadata: &CheckMetadata, pack: &str, other: &Claim) -> String {
    let role = |check: &str| if check == id { "the ID" } else { "a former ID" };
    if id == metadata.id && id == other.id {
        return format!("check {id} is registered by pack {} and again by pack {pack}", other.pack);
    }
    format!(
        "{id} is {} of check {} (pack {}) and {} of check {} (pack {pack}): an ID belongs to one check permanently",
        role(&other.id),
        other.id,
        other.pack,
        role(&metadata.id),
        metadata.id
    )
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collector::{Needs, Session};
    use crate::computed::Computed;
    use crate::facts::{OrganizationPolicy, RosterEntry, User};
    use crate::tables::Tables;
    use crate::{Check, Context, Gap, Report, Severity, check};

    macro_rules! checks {
        ($($name:ident $id:literal [$($former:literal),*]);* $(;)?) => {$(
            check! {
                /// Nothing.
                pub $name {
                    id: $id,
                    title: "Nothing",
                    severity: Severity::Low,
                    version: 1,
                    since: "0.1.0",
                    former: [$($former),*],
                    resource: "AWS::::Account",
                    controls: [soc2(["CC6.1"])],
                    pages: [],
                    settings: {},
                }
            }

            crate::manual! { $name }

            impl Check for $name {
                type Reads<'a> = &'a [RosterEntry];

                fn evaluate(&self, _: Self::Reads<'_>, _: &Context<'_>, _: &mut Report) {}
            }
        )*};
    }

    checks! {
        New "x-new" ["x-old", "x-older"];
        Old "x-old" [];
        Heir "x-heir" ["x-older"];
        Circle "x-circle" ["x-circle"];
        Again "x-new" [];
        Apart "x-apart" ["x-before"];
    }

    fn registry(checks: Vec<Box<dyn DynCheck>>) -> Result<Registry, String> {
        let pack = Pack { name: "house", checks, ..Pack::default() };
        Registry::new(vec![pack], vec![])
    }

    #[test]
    fn an_id_belongs_to_one_check_for_ever() {
        for (other, wanted) in [
            (Box::new(Old::default()) as Box<dyn DynCheck>, "x-old is a former ID of check x-new"),
            (Box::new(Heir::default()), "x-older is a former ID of check x-new"),
            (Box::new(Circle::default()), "check x-circle lists its current ID"),
            (Box::new(Again::default()), "check x-new is registered by pack house and again"),
        ] {
            let message = registry(vec![Box::new(New::default()), other]).err().unwrap();
            assert!(message.starts_with(wanted), "{message}");
        }
        let message = registry(vec![Box::new(Old::default()), Box::new(New::default())]).err().unwrap();
        assert!(message.contains("is the ID of check x-old"), "{message}");
    }

    #[test]
    fn a_check_is_found_by_every_id_that_it_had() {
        let registry = registry(vec![Box::new(New::default()), Box::new(Apart::default())]).unwrap();
        for (name, wanted) in [
            ("x-new", Some("x-new")),
            ("x-old", Some("x-new")),
            ("x-older", Some("x-new")),
            ("x-before", Some("x-apart")),
            ("x-ol", None),
        ] {
            assert_eq!(registry.named(name).map(Registered::id), wanted, "{name}");
        }
        assert!(registry.check("x-old").is_none());
        assert_eq!(registry.check("x-new").unwrap().check.metadata().first_id(), "x-old");
    }

    crate::table! {
        /// How many users there are.
        pub struct Count in "user_counts" per account sorted by [] {
            /// As many.
            users: i32,
        }
    }

    impl Computed for Count {
        type Reads<'a> = &'a [User];

        fn compute(users: Self::Reads<'_>, _: &Context<'_>) -> Result<Vec<Self>, Gap> {
            Ok(vec![Self { users: users.len() as i32 }])
        }
    }

    #[test]
    fn a_computed_table_of_a_pack_needs_its_inputs_and_the_built_in_ones_do_without() {
        assert!(registry(vec![]).unwrap().computed().is_empty());
        let pack = Pack { name: "house", computed: vec![computed::<Count>()], ..Pack::default() };
        let message = Registry::new(vec![pack], vec![]).err().unwrap();
        assert_eq!(message, "table user_counts reads table users, which no collector fills");
    }

    struct Filler(&'static [&'static TableSchema]);

    #[async_trait::async_trait]
    impl Collector for Filler {
        fn name(&self) -> &'static str {
            "filler"
        }

        fn needs(&self) -> Needs {
            Needs { actions: &[], calls_per_account: 0, calls_per_scan: 0, gates: &[] }
        }

        fn fills(&self) -> &'static [&'static TableSchema] {
            self.0
        }

        async fn collect(&self, _: &Session, _: &mut Tables) {}
    }

    crate::table! {
        /// How many users there are in all.
        pub struct Sum in "user_sums" per organization sorted by [] {
            /// As many.
            users: i32,
        }
    }

    impl Computed for Sum {
        type Reads<'a> = (&'a [OrganizationPolicy], &'a [User]);

        fn compute(_: Self::Reads<'_>, _: &Context<'_>) -> Result<Vec<Self>, Gap> {
            Ok(Vec::new())
        }
    }

    #[test]
    fn a_collector_is_of_one_grain_and_what_is_computed_once_reads_no_account() {
        let both: &[&TableSchema] = &[User::SCHEMA, OrganizationPolicy::SCHEMA];
        let message = Registry::new(Vec::new(), vec![Arc::new(Filler(both))]).err().unwrap();
        assert!(message.starts_with("collector filler runs once for each account"), "{message}");
        let pack = Pack { name: "house", computed: vec![computed::<Sum>()], ..Pack::default() };
        let collectors: Vec<Arc<dyn Collector>> =
            vec![Arc::new(Filler(&[User::SCHEMA])), Arc::new(Filler(&[OrganizationPolicy::SCHEMA]))];
        let message = Registry::new(vec![pack], collectors).err().unwrap();
        assert!(message.starts_with("table user_sums is computed once for the organization"), "{message}");
    }
}
