//! Makes the organization up: its tree of units, its accounts, its guardrails, and what is planted to go wrong.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::account::{Account, AuditRole};
use crate::generate::{guardrails, hostile};
use crate::options::Options;
use crate::random::Random;
use crate::world::{AUDIT_ACCOUNT, Planted, PlantedKind, Unit, World};

/// What the broken audit role may not do.
const BROKEN: &[&str] = &["iam:GenerateCredentialReport", "iam:GetCredentialReport", "iam:ListRoles"];

/// Makes it up.
pub fn world(mut options: Options) -> World {
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
    let mut world =
        World { options, organization_id, units, accounts, guardrails, planted: Vec::new(), by_id };
    plant(&mut world, &mut random);
    world
}

/// The management account always works: without it there is no organization to list.
fn plant(world: &mut World, random: &mut Random) {
    let count = world.accounts.len();
    let share = |given: Option<usize>, one_in: usize| {
        given.unwrap_or(if count < 8 { 0 } else { (count / one_in).max(1) })
    };
    let suspended = share(world.options.suspended, 60);
    let refusing = share(world.options.refusing, 30);
    let broken = share(world.options.broken, 60);
    // Without the audit account there is no chain.
    let is_free = |index: &usize| !(world.options.chain && *index == AUDIT_ACCOUNT);
    let mut left: Vec<usize> = (1..count).filter(is_free).collect();
    let mut take = |wanted: usize| -> Vec<usize> {
        (0..wanted.min(left.len()))
            .map(|_| left.swap_remove(random.below(left.len() as u64) as usize))
            .collect()
    };
    let suspended_unit = world.units.iter().position(|unit| unit.name == "Suspended").unwrap_or(0);
    for index in take(suspended) {
        world.accounts[index].state = "SUSPENDED";
        world.accounts[index].unit = suspended_unit;
        record(world, index, PlantedKind::NotActive);
    }
    for (number, index) in take(refusing).into_iter().enumerate() {
        let missing = number % 2 == 0;
        world.accounts[index].role = if missing { AuditRole::Missing } else { AuditRole::Untrusting };
        record(world, index, if missing { PlantedKind::RoleMissing } else { PlantedKind::RoleUntrusting });
    }
    for index in take(broken) {
        world.accounts[index].role = AuditRole::Broken(BROKEN);
        record(world, index, PlantedKind::RoleBroken(BROKEN));
    }
}

fn record(world: &mut World, index: usize, kind: PlantedKind) {
    world.planted.push(Planted { account_id: world.accounts[index].id.clone(), kind });
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

    fn organization(seed: u64, accounts: usize) -> World {
        let now = "2026-06-01T00:00:00Z".parse().unwrap();
        world(Options { accounts, seed, now, ..Options::default() })
    }

    #[test]
    fn the_planted_accounts_are_few_and_never_the_management_account() {
        for (accounts, wanted) in [(3, 0), (60, 4), (600, 40)] {
            let world = organization(7, accounts);
            assert_eq!(world.planted.len(), wanted, "{accounts}");
            let management = &world.management().id;
            assert!(world.planted.iter().all(|planted| planted.account_id != *management));
            let ids: BTreeSet<&str> = world.accounts.iter().map(|account| account.id.as_str()).collect();
            assert_eq!(ids.len(), accounts);
        }
    }

    #[test]
    fn paths_lead_from_the_organization_to_the_unit() {
        let world = organization(7, 3);
        let payments = world.units.iter().position(|unit| unit.name == "Payments").unwrap();
        let path = world.path(payments);
        assert!(path.starts_with(&format!("{}/r-", world.organization_id)) && path.ends_with('/'), "{path}");
        assert_eq!(path.matches("/ou-").count(), 3, "{path}");
    }
}
