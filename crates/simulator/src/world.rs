//! The organization: units, accounts, and what was planted to go wrong.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::account::AccountState;
use crate::cache::Cache;
use crate::generate;
use crate::generate::hostile;
use crate::generate::roles;
use crate::guardrails::{self, Guardrail};
use crate::options::Options;
use crate::random::Random;
use crate::session::HUB_USER;

/// A unit of the tree.
#[derive(Clone, Debug)]
pub struct Unit {
    pub id: String,
    pub name: String,
    /// Index of the unit above; the root has none.
    pub parent: Option<usize>,
}

/// One account.
pub struct Account {
    pub id: String,
    /// As in its ARNs.
    pub partition: Arc<str>,
    pub name: String,
    pub state: &'static str,
    /// Index of its unit.
    pub unit: usize,
    pub joined: i64,
    pub tags: Vec<(String, String)>,
    /// How the audit role stands.
    pub role: AuditRole,
    /// Among the accounts.
    index: usize,
}

impl Account {
    /// Its place among the accounts; the management account is 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// The ARN of something of IAM's in it.
    pub fn arn(&self, kind: &str, name: &str) -> String {
        format!("arn:{}:iam::{}:{kind}/{name}", self.partition, self.id)
    }

    /// The ARN of its root user, which in a trust policy stands for all of it.
    pub fn root_arn(&self) -> String {
        format!("arn:{}:iam::{}:root", self.partition, self.id)
    }
}

/// How the audit role stands in an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditRole {
    Good,
    Missing,
    Untrusting,
    /// These actions are not in its policy.
    Broken(&'static [&'static str]),
}

/// What was made to go wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planted {
    /// The account.
    pub account_id: String,
    /// How.
    pub kind: PlantedKind,
}

/// How an account was made to go wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlantedKind {
    /// Suspended: a scan leaves it out.
    NotActive,
    /// There is no audit role.
    RoleMissing,
    /// The audit role trusts somebody else.
    RoleUntrusting,
    /// The audit role may not call these actions.
    RoleBroken(&'static [&'static str]),
}

/// Where the hub role of a chain is.
const AUDIT_ACCOUNT: usize = 2;

/// What the broken audit role may not do.
const BROKEN: &[&str] = &["iam:GenerateCredentialReport", "iam:GetCredentialReport", "iam:ListRoles"];

/// Everything that was made up.
pub struct World {
    pub options: Options,
    pub organization_id: String,
    pub units: Vec<Unit>,
    /// The management account first.
    pub accounts: Vec<Account>,
    pub guardrails: Vec<Guardrail>,
    pub planted: Vec<Planted>,
    /// Index by account id.
    by_id: HashMap<String, usize>,
    contents: Cache,
}

impl World {
    /// Makes it up.
    pub fn new(mut options: Options) -> Self {
        if options.chain {
            options.accounts = options.accounts.max(AUDIT_ACCOUNT + 1);
        }
        let mut random = Random::new(options.seed, "organization");
        let organization_id = format!("o-{}", random.word(10));
        let mut units = units(&mut random, options.hostile_names);
        let accounts = accounts(&options, &units, &mut random);
        let by_id = accounts.iter().enumerate().map(|(index, account)| (account.id.clone(), index)).collect();
        let guardrails = guardrails::make(&options, &organization_id, &units);
        for unit in &mut units {
            if let Some(name) = options.unit_names.get(&unit.name) {
                unit.name.clone_from(name);
            }
        }
        let mut world = Self {
            options,
            organization_id,
            units,
            accounts,
            guardrails,
            planted: Vec::new(),
            by_id,
            contents: Cache::default(),
        };
        world.plant(&mut random);
        world
    }

    /// The first account.
    pub fn management(&self) -> &Account {
        &self.accounts[0]
    }

    /// An account by id.
    pub fn account(&self, id: &str) -> Option<&Account> {
        self.by_id.get(id).map(|index| &self.accounts[*index])
    }

    /// Another active account.
    pub fn another<'a>(&'a self, id: &'a str) -> &'a str {
        let place = self.by_id.get(id).copied().unwrap_or_default();
        let (before, after) = self.accounts.split_at(place);
        let mut others = after.iter().skip(1).chain(before).filter(|account| account.state == "ACTIVE");
        others.next().map_or(id, |account| account.id.as_str())
    }

    /// The hub user's ARN.
    pub fn hub_user_arn(&self) -> String {
        self.management().arn("user", HUB_USER)
    }

    /// The account with the hub role, if the audit roles are reached through one.
    pub fn audit_account(&self) -> Option<&Account> {
        self.options.chain.then(|| &self.accounts[AUDIT_ACCOUNT])
    }

    /// The role in between, if there is one.
    pub fn hub_role_arn(&self) -> Option<String> {
        self.audit_account().map(|account| account.arn("role", roles::HUB_ROLE))
    }

    /// Whether an account may list the organization: the management account, and the audit account of a chain, which
    /// is a delegated administrator.
    pub fn may_list(&self, account: &str) -> bool {
        self.management().id == account || self.audit_account().is_some_and(|audit| audit.id == account)
    }

    /// An account's identities, made when they are asked for.
    pub fn content(&self, account: &Account) -> Arc<AccountState> {
        self.contents.get_or_make(account.index, || generate::account::account(self, account))
    }

    /// `o-…/r-…/ou-…/` down to a unit.
    pub fn path(&self, unit: usize) -> String {
        let mut ids = Vec::new();
        let mut at = Some(unit);
        while let Some(index) = at {
            ids.push(self.units[index].id.as_str());
            at = self.units[index].parent;
        }
        ids.push(&self.organization_id);
        ids.reverse();
        ids.join("/") + "/"
    }

    /// The management account always works: without it there is no organization to list.
    fn plant(&mut self, random: &mut Random) {
        let count = self.accounts.len();
        let share = |given: Option<usize>, one_in: usize| {
            given.unwrap_or(if count < 8 { 0 } else { (count / one_in).max(1) })
        };
        let suspended = share(self.options.suspended, 60);
        let refusing = share(self.options.refusing, 30);
        let broken = share(self.options.broken, 60);
        // Without the audit account there is no chain.
        let is_free = |index: &usize| !(self.options.chain && *index == AUDIT_ACCOUNT);
        let mut left: Vec<usize> = (1..count).filter(is_free).collect();
        let mut take = |wanted: usize| -> Vec<usize> {
            (0..wanted.min(left.len()))
                .map(|_| left.swap_remove(random.below(left.len() as u64) as usize))
                .collect()
        };
        let suspended_unit = self.units.iter().position(|unit| unit.name == "Suspended").unwrap_or(0);
        for index in take(suspended) {
            self.accounts[index].state = "SUSPENDED";
            self.accounts[index].unit = suspended_unit;
            self.record(index, PlantedKind::NotActive);
        }
        for (number, index) in take(refusing).into_iter().enumerate() {
            let missing = number % 2 == 0;
            self.accounts[index].role = if missing { AuditRole::Missing } else { AuditRole::Untrusting };
            self.record(index, if missing { PlantedKind::RoleMissing } else { PlantedKind::RoleUntrusting });
        }
        for index in take(broken) {
            self.accounts[index].role = AuditRole::Broken(BROKEN);
            self.record(index, PlantedKind::RoleBroken(BROKEN));
        }
    }

    fn record(&mut self, index: usize, kind: PlantedKind) {
        self.planted.push(Planted { account_id: self.accounts[index].id.clone(), kind });
    }
}

fn units(random: &mut Random, hostile: bool) -> Vec<Unit> {
    let root = format!("r-{}", random.word(4));
    let suffix = root[2..].to_owned();
    let mut units = vec![Unit { id: root, name: "Root".to_owned(), parent: None }];
    let mut add = |name: &str, parent: usize| {
        let id = format!("ou-{suffix}-{}", random.word(8));
        units.push(Unit { id, name: name.to_owned(), parent: Some(parent) });
        units.len() - 1
    };
    for name in ["Infrastructure", "Security", "Sandbox", "Suspended"] {
        add(name, 0);
    }
    let workloads = add("Workloads", 0);
    for name in ["Dev", "Staging", "Prod"] {
        let stage = add(name, workloads);
        if name == "Prod" {
            add("Payments", stage);
        }
    }
    if hostile {
        for name in hostile::NAMES {
            add(name, 0);
        }
    }
    units
}

fn accounts(options: &Options, units: &[Unit], random: &mut Random) -> Vec<Account> {
    const SYSTEMS: [&str; 14] = [
        "payments",
        "checkout",
        "search",
        "catalog",
        "billing",
        "identity",
        "mobile",
        "reporting",
        "ledger",
        "shipping",
        "pricing",
        "risk",
        "media",
        "partner",
    ];
    let unit = |name: &str| units.iter().position(|unit| unit.name == name).unwrap_or(0);
    let now = options.now.as_second();
    let partition: Arc<str> = Arc::from(options.partition.as_str());
    let mut used = BTreeSet::new();
    let mut accounts = Vec::with_capacity(options.accounts);
    for index in 0..options.accounts {
        let id = loop {
            let id = format!("{:012}", 100_000_000_000 + random.below(899_999_999_999));
            if used.insert(id.clone()) {
                break id;
            }
        };
        let system = SYSTEMS[(index / 4) % SYSTEMS.len()];
        let (mut name, mut place) = match index {
            0 => ("management".to_owned(), 0),
            1 => ("log-archive".to_owned(), unit("Security")),
            2 => ("audit".to_owned(), unit("Security")),
            3 => ("network".to_owned(), unit("Infrastructure")),
            _ => match index % 4 {
                0 => (format!("{system}-dev"), unit("Dev")),
                1 => (format!("{system}-staging"), unit("Staging")),
                2 if system == "payments" || system == "billing" => {
                    (format!("{system}-prod"), unit("Payments"))
                }
                2 => (format!("{system}-prod"), unit("Prod")),
                _ => (format!("sandbox-{}", random.word(5)), unit("Sandbox")),
            },
        };
        if index >= 60 {
            name = format!("{name}-{}", index / 56);
        }
        let mut tags = vec![("owner".to_owned(), format!("team-{system}"))];
        if name.contains("prod") {
            tags.push(("env".to_owned(), "prod".to_owned()));
        }
        if options.hostile_names && index > 0 {
            let text = hostile::NAMES[index % hostile::NAMES.len()];
            name = format!("{name} {text}");
            place = units.len() - 1 - index % hostile::NAMES.len();
            tags.push(("note".to_owned(), text.to_owned()));
            tags.push((text.to_owned(), "key".to_owned()));
        }
        accounts.push(Account {
            id,
            partition: Arc::clone(&partition),
            name,
            state: "ACTIVE",
            unit: place,
            joined: now - random.between(200, 2000) * 86_400,
            tags,
            role: AuditRole::Good,
            index,
        });
    }
    accounts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iam::report;

    fn world(seed: u64, accounts: usize) -> World {
        let now = "2026-06-01T00:00:00Z".parse().unwrap();
        World::new(Options { accounts, seed, now, ..Options::default() })
    }

    fn everything(world: &World) -> String {
        // In reverse, to show that the order of asking does not matter.
        let texts = world.accounts.iter().rev().map(|account| {
            let content = world.content(account);
            format!("{} {} {:?} {}", account.id, account.name, content, report::csv(account, &content, None))
        });
        texts.collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_organization() {
        let first = world(7, 20);
        for account in &first.accounts {
            first.content(account);
        }
        assert_eq!(everything(&first), everything(&world(7, 20)));
        assert_ne!(everything(&first), everything(&world(8, 20)));
    }

    #[test]
    fn the_planted_accounts_are_few_and_never_the_management_account() {
        for (accounts, wanted) in [(3, 0), (60, 4), (600, 40)] {
            let world = world(7, accounts);
            assert_eq!(world.planted.len(), wanted, "{accounts}");
            let management = &world.management().id;
            assert!(world.planted.iter().all(|planted| planted.account_id != *management));
            let ids: BTreeSet<&str> = world.accounts.iter().map(|account| account.id.as_str()).collect();
            assert_eq!(ids.len(), accounts);
        }
    }

    #[test]
    fn few_accounts_are_held_and_what_was_dropped_comes_again_the_same() {
        let world = world(7, 600);
        let first = format!("{:?}", world.content(&world.accounts[0]));
        for account in &world.accounts {
            world.content(account);
        }
        assert_eq!(world.contents.len(), 256);
        assert_eq!(format!("{:?}", world.content(&world.accounts[0])), first);
    }

    #[test]
    fn paths_lead_from_the_organization_to_the_unit() {
        let world = world(7, 3);
        let payments = world.units.iter().position(|unit| unit.name == "Payments").unwrap();
        let path = world.path(payments);
        assert!(path.starts_with(&format!("{}/r-", world.organization_id)) && path.ends_with('/'), "{path}");
        assert_eq!(path.matches("/ou-").count(), 3, "{path}");
    }
}
