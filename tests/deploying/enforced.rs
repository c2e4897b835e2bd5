//! A configuration, the documents that are printed for it, a world that has them and nothing else, and the scan.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use orgsweep_model::records::{ScanAccountRecord, ScanState};
use orgsweep_simulator::{GivenRole, Options};
use serde_json::{Value as Json, json};

use crate::entering::good;
use crate::support::{World, orgsweep, run};

/// Which accounts a scan enters. The first account is the caller's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entered {
    All,
    /// Those of a file, by index.
    File(Vec<usize>),
    CallerOnly,
}

/// One `[[override]]` about roles, and whom it holds for, by index.
#[derive(Clone, Debug)]
pub struct Special {
    pub scope: String,
    pub holds_for: Vec<usize>,
    pub roles: Vec<String>,
}

/// A configuration, and what it means: said by whoever wrote it down, never read from the program. Roles are names with paths.
#[derive(Clone, Debug)]
pub struct Configuration {
    pub partition: &'static str,
    /// `orgsweep.toml`; `{DIR}` is its folder.
    pub file: String,
    /// Of `policy` and of `scan`.
    pub flags: Vec<String>,
    pub entered: Entered,
    /// Accounts that the filters leave.
    pub chosen: BTreeSet<usize>,
    pub roles: Vec<String>,
    pub specials: Vec<Special>,
    /// ARNs.
    pub chain: Vec<String>,
    pub discovery: Option<String>,
    /// Of the roles that are tried in an account, which one there is, counted without end.
    pub there: Vec<usize>,
}

/// The organization that all configurations are for.
pub struct Estate {
    pub accounts: Vec<String>,
    pub organization: String,
    /// Ids of units by name.
    pub units: BTreeMap<String, String>,
}

/// How many accounts: one in every unit that overrides name.
const ACCOUNTS: usize = 8;

pub static ESTATE: LazyLock<Estate> = LazyLock::new(|| {
    let world = World::start(good(ACCOUNTS));
    let units = world.running.unit_names().into_iter().map(|(id, name)| (name, id)).collect();
    Estate {
        accounts: world.running.accounts().into_iter().map(|account| account.id).collect(),
        organization: world.running.organization_id().to_owned(),
        units,
    }
});

/// The ARN of a role in an account.
pub fn role_arn(partition: &str, account: usize, name: &str) -> String {
    format!("arn:{partition}:iam::{}:role/{name}", ESTATE.accounts[account])
}

/// A role as it was printed.
#[derive(Clone, Debug)]
pub struct Role {
    pub account: usize,
    pub name: String,
    pub trust: Json,
    pub policy: Json,
    seconds: u64,
}

/// Everything that was printed for a configuration.
#[derive(Clone, Debug)]
pub struct Deployed {
    pub hub: Json,
    /// The roles of the chain and for discovery.
    pub own: Vec<Role>,
    /// The audit roles.
    pub audit: Vec<Role>,
}

/// How a scan went.
#[derive(Debug)]
#[expect(dead_code, reason = "errors is for whoever reads why a test failed")]
pub struct Outcome {
    pub code: i32,
    pub errors: String,
    /// Calls that were refused and should not have been.
    pub refused: Vec<String>,
    /// The role that let the scan into each account, by index.
    pub used: BTreeMap<usize, String>,
}

impl Outcome {
    pub fn is_clean(&self) -> bool {
        self.code == 0 && self.refused.is_empty()
    }
}

impl Configuration {
    /// What holds in an account: its roles in order, and the scope that says so.
    fn tried(&self, account: usize) -> (&[String], Option<&Special>) {
        let special = self.specials.iter().rev().find(|special| special.holds_for.contains(&account));
        match special {
            Some(special) if !special.roles.is_empty() => (&special.roles, Some(special)),
            _ => (&self.roles, special),
        }
    }

    /// The members that a scan enters by a role.
    fn members(&self) -> Vec<usize> {
        let of: Vec<usize> = match &self.entered {
            Entered::All => (1..ACCOUNTS).collect(),
            Entered::File(accounts) => accounts.iter().copied().filter(|account| *account != 0).collect(),
            Entered::CallerOnly => Vec::new(),
        };
        of.into_iter().filter(|account| self.chosen.contains(account)).collect()
    }

    /// Prints every document and puts each where it belongs.
    pub fn printed(&self) -> Deployed {
        let folder = tempfile::tempdir().unwrap();
        let printer =
            Printer { configuration: self, arguments: self.write(folder.path()), seen: RefCell::default() };
        let (hub, _) = printer.print("hub", &[]);
        let mut own: Vec<Role> = Vec::new();
        let chain: &[String] = if self.entered == Entered::CallerOnly { &[] } else { &self.chain };
        let discovery = self.discovery.iter().filter(|_| self.entered == Entered::All);
        for (arn, kind) in
            chain.iter().map(|arn| (arn, "chain")).chain(discovery.map(|arn| (arn, "discovery")))
        {
            let parts: Vec<&str> = arn.splitn(6, ':').collect();
            let account = ESTATE.accounts.iter().position(|account| account == parts[4]).unwrap();
            let name = parts[5].strip_prefix("role/").unwrap().to_owned();
            if own.iter().any(|role| role.account == account && role.name == name) {
                continue;
            }
            let which: &[&str] = if kind == "chain" { &["--role", arn] } else { &[] };
            let (policy, _) = printer.print(kind, which);
            let (trust, seconds) = printer.print(&format!("{kind}-trust"), which);
            own.push(Role { account, name, trust, policy, seconds });
        }
        let mut audit = Vec::new();
        for account in self.members() {
            let (roles, special) = self.tried(account);
            let name = roles[self.there[account] % roles.len()].clone();
            if own.iter().any(|role| role.account == account && role.name == name) {
                continue;
            }
            let at = special.map_or_else(Vec::new, |special| vec!["--at", special.scope.as_str()]);
            let (policy, _) = printer.print("member", &[]);
            let (trust, seconds) = printer.print("trust", &at);
            audit.push(Role { account, name, trust, policy, seconds });
        }
        Deployed { hub, own, audit }
    }

    /// Scans a world that has these documents.
    pub fn scan(&self, deployed: &Deployed) -> Outcome {
        let recording = tempfile::NamedTempFile::new().unwrap();
        let roles: Vec<&Role> = deployed.own.iter().chain(&deployed.audit).collect();
        let nobody = json!({"Statement": [{
            "Effect": "Allow",
            "Principal": {"AWS": format!("arn:{}:iam::210987654321:root", self.partition)},
            "Action": "sts:AssumeRole",
        }]});
        let world = World::start(Options {
            partition: self.partition.to_owned(),
            hub_policy: Some(deployed.hub.to_string()),
            // The one that is made up lets nobody in.
            member_trust: Some(nobody.to_string()),
            given_roles: roles
                .iter()
                .map(|role| GivenRole {
                    account: ESTATE.accounts[role.account].clone(),
                    name: role.name.clone(),
                    trust: role.trust.to_string(),
                    policy: role.policy.to_string(),
                    session_seconds: role.seconds,
                    tags: Vec::new(),
                })
                .collect(),
            record: Some(recording.path().to_owned()),
            ..good(ACCOUNTS)
        });
        let arguments = self.write(world.file("orgsweep.toml").parent().unwrap());
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let said = run(&mut world.command(&arguments));
        let there: BTreeSet<String> =
            roles.iter().map(|role| role_arn(self.partition, role.account, &role.name)).collect();
        let refused = std::fs::read_to_string(recording.path()).unwrap();
        let refused =
            refused.lines().filter_map(|line| refusal(&serde_json::from_str(line).unwrap(), &there));
        let refused = refused.collect();
        let rows: Vec<ScanAccountRecord> = if said.code == 0 { world.rows() } else { Vec::new() };
        let used = rows
            .into_iter()
            .filter(|row| row.scan_state == ScanState::Scanned)
            .filter_map(|row| {
                let account = ESTATE.accounts.iter().position(|id| *id == row.account_id.as_str())?;
                Some((account, row.role_arn?))
            })
            .collect();
        Outcome { code: said.code, errors: said.errors, refused, used }
    }

    /// The roles that must let a scan in: the first that is there, of those that are tried.
    pub fn expected(&self, deployed: &Deployed) -> BTreeMap<usize, String> {
        let is_there = |account: usize, name: &String| {
            deployed
                .own
                .iter()
                .chain(&deployed.audit)
                .any(|role| role.account == account && role.name == *name)
        };
        let mut expected: BTreeMap<usize, String> = self
            .members()
            .into_iter()
            .map(|account| {
                let name = self.tried(account).0.iter().find(|name| is_there(account, name)).unwrap();
                (account, role_arn(self.partition, account, name))
            })
            .collect();
        let own_is_listed = match &self.entered {
            Entered::File(accounts) => accounts.contains(&0),
            Entered::All | Entered::CallerOnly => true,
        };
        if own_is_listed && self.chosen.contains(&0) {
            expected.insert(0, hub_user(self.partition));
        }
        expected
    }

    /// Writes the files down; the options that name them, and the flags.
    fn write(&self, folder: &std::path::Path) -> Vec<String> {
        let inside = folder.display().to_string();
        let config = folder.join("orgsweep.toml");
        std::fs::write(&config, self.file.replace("{DIR}", &inside)).unwrap();
        if let Entered::File(accounts) = &self.entered {
            let ids: Vec<&str> = accounts.iter().map(|account| ESTATE.accounts[*account].as_str()).collect();
            std::fs::write(folder.join("accounts.txt"), ids.join("\n")).unwrap();
        }
        let mut arguments = vec!["--config".to_owned(), config.display().to_string()];
        arguments.extend(self.flags.iter().map(|flag| flag.replace("{DIR}", &inside)));
        arguments
    }
}

fn hub_user(partition: &str) -> String {
    format!("arn:{partition}:iam::{}:user/orgsweep-hub", ESTATE.accounts[0])
}

/// A call that AWS would have refused for want of a right, or for a session that is too long. Roles that are not there are
/// refused too: that is why others are tried.
fn refusal(line: &Json, there: &BTreeSet<String>) -> Option<String> {
    let error = line["error"].as_str()?;
    if !["AccessDenied", "AccessDeniedException", "ValidationError"].contains(&error) {
        return None;
    }
    let action = line["action"].as_str().unwrap();
    let body = line["body"].as_str().unwrap();
    let role = body.split('&').find_map(|part| part.strip_prefix("RoleArn=")).unwrap_or_default();
    let role = role.replace("%3A", ":").replace("%2F", "/").replace("%40", "@");
    let is_a_try = action == "sts:AssumeRole" && error == "AccessDenied" && !there.contains(&role);
    (!is_a_try).then(|| format!("{error} {action} {role}"))
}

/// Runs `policy` once for each document.
struct Printer<'a> {
    configuration: &'a Configuration,
    arguments: Vec<String>,
    seen: RefCell<BTreeMap<Vec<String>, (Json, u64)>>,
}

impl Printer<'_> {
    /// A document, and the longest session that its role has to take.
    fn print(&self, kind: &str, more: &[&str]) -> (Json, u64) {
        let partition = self.configuration.partition;
        let hub = hub_user(partition);
        let mut arguments = vec!["policy", "--for", kind];
        arguments.extend(self.arguments.iter().map(String::as_str));
        arguments.extend(more);
        if kind != "member" && kind != "discovery" {
            arguments.extend(["--partition", partition]);
        }
        if kind.ends_with("trust") {
            if self.configuration.entered == Entered::All {
                arguments.extend(["--organization-id", ESTATE.organization.as_str()]);
            }
            if kind != "trust" || self.configuration.chain.is_empty() {
                arguments.extend(["--trusted-principal", hub.as_str()]);
            }
        }
        let key: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        if let Some(seen) = self.seen.borrow().get(&key) {
            return seen.clone();
        }
        let said = orgsweep(&arguments);
        assert_eq!(said.code, 0, "{arguments:?}: {}\n{:#?}", said.errors, self.configuration);
        let seconds = said
            .errors
            .lines()
            .find_map(|line| line.strip_prefix("note: sessions of ")?.split(' ').next()?.parse().ok())
            .unwrap_or(3600);
        let printed = (serde_json::from_str(&said.output).unwrap(), seconds);
        self.seen.borrow_mut().insert(key, printed.clone());
        printed
    }
}

/// Every document without one of its statements, one at a time, with what was taken away.
pub fn with_one_less(deployed: &Deployed) -> Vec<(String, Deployed)> {
    let mut all = Vec::new();
    let mut each = |what: String, document: &Json, put: &dyn Fn(&mut Deployed, Json)| {
        for (index, statement) in document["Statement"].as_array().unwrap().iter().enumerate() {
            let mut less = document.clone();
            less["Statement"].as_array_mut().unwrap().remove(index);
            let mut changed = deployed.clone();
            put(&mut changed, less);
            all.push((format!("{what}: {}", statement["Sid"].as_str().unwrap()), changed));
        }
    };
    each("hub".to_owned(), &deployed.hub, &|changed, less| changed.hub = less);
    for (index, role) in deployed.own.iter().enumerate() {
        each(format!("{} may", role.name), &role.policy, &|changed, less| changed.own[index].policy = less);
        each(format!("trust in {}", role.name), &role.trust, &|changed, less| {
            changed.own[index].trust = less;
        });
    }
    for (index, role) in deployed.audit.iter().enumerate() {
        let name = format!("{} in account {}", role.name, role.account);
        each(format!("{name} may"), &role.policy, &|changed, less| changed.audit[index].policy = less);
        each(format!("trust in {name}"), &role.trust, &|changed, less| changed.audit[index].trust = less);
    }
    all
}

/// A chain of two, a role that lists, a fallback, an override with an external id of its own: nothing is refused, and
/// without any one statement something is.
#[test]
fn every_statement_of_every_document_is_needed() {
    let first = role_arn("aws", 2, "hub/First");
    let second = role_arn("aws", 3, "Second");
    let lister = role_arn("aws", 0, "Lister");
    let own = ESTATE.accounts[7].as_str();
    let configuration = Configuration {
        partition: "aws",
        file: format!(
            "role-name = ['orgsweep/OrgsweepAudit', 'Fallback']\nrole-chain = ['{first}', '{second}']\n\
             discovery-role = '{lister}'\nexternal-id = 'shared-id'\nsession-tag = ['team=audit']\n\
             source-identity = 'ann@example.com'\nsession-duration = 7200\ncheck = ['iam-password-policy-length']\n\
             [[override]]\nou = '/Root/Workloads'\nrole-name = ['WorkloadAudit']\n\
             [[override]]\naccount = '{own}'\nrole-name = ['own/Audit', 'Fallback']\nexternal-id = 'own-id'\n"
        ),
        flags: Vec::new(),
        entered: Entered::All,
        chosen: (0..ACCOUNTS).collect(),
        roles: vec!["orgsweep/OrgsweepAudit".to_owned(), "Fallback".to_owned()],
        specials: vec![
            Special {
                scope: "/Root/Workloads".to_owned(),
                holds_for: vec![4, 5, 6],
                roles: vec!["WorkloadAudit".to_owned()],
            },
            Special {
                scope: own.to_owned(),
                holds_for: vec![7],
                roles: vec!["own/Audit".to_owned(), "Fallback".to_owned()],
            },
        ],
        chain: vec![first, second],
        discovery: Some(lister),
        // In one account only the fallback, in the last one too.
        there: vec![0, 0, 1, 0, 0, 0, 0, 1],
    };
    let deployed = configuration.printed();
    let outcome = configuration.scan(&deployed);
    assert!(outcome.is_clean(), "{outcome:#?}");
    assert_eq!(outcome.used, configuration.expected(&deployed));
    for (what, less) in with_one_less(&deployed) {
        // Of the accounts, one of each kind.
        if [1, 4, 5].into_iter().any(|account| what.contains(&format!("account {account}"))) {
            continue;
        }
        let outcome = configuration.scan(&less);
        assert!(!outcome.is_clean(), "without {what} nothing was refused");
        assert!(outcome.code != 0, "without {what}: {outcome:#?}");
    }
    // Nor is a session without its tags, its source identity or its external id let in.
    for (part, from) in
        [("sts:TagSession", "hub"), ("sts:SetSourceIdentity", "hub"), ("sts:TagSession", "trusts")]
    {
        let mut less = deployed.clone();
        let without = |document: &Json| -> Json {
            serde_json::from_str(&document.to_string().replace(&format!(",\"{part}\""), "")).unwrap()
        };
        if from == "hub" {
            less.hub = without(&less.hub);
        } else {
            less.audit.iter_mut().for_each(|role| role.trust = without(&role.trust));
        }
        assert!(!configuration.scan(&less).is_clean(), "{part} of {from}");
    }
    let mut swapped = deployed.clone();
    let own_trust = swapped.audit.iter().find(|role| role.account == 7).unwrap().trust.clone();
    swapped.audit.iter_mut().find(|role| role.account == 6).unwrap().trust = own_trust;
    assert!(!configuration.scan(&swapped).is_clean(), "an account took another's external id");
}

/// Whoever scans alone, or accounts of a file, needs no right to roles that the scan has no use for.
#[test]
fn no_role_is_assumed_that_has_no_use() {
    let world = World::start(good(4));
    let accounts = world.file("accounts");
    std::fs::write(&accounts, world.running.accounts()[1].id.clone()).unwrap();
    let accounts = accounts.display().to_string();
    let missing = role_arn("aws", 0, "Missing");
    let check = ["--check", "iam-password-policy-length", "--discovery-role", missing.as_str()];
    for (arguments, wanted) in [
        (&["--single-account", "--role-chain", missing.as_str()][..], 0),
        (&["--accounts-file", accounts.as_str()], 1),
    ] {
        let said = world.scan(&[&check[..], arguments].concat());
        assert_eq!(said.code, 0, "{arguments:?}: {}", said.errors);
        assert_eq!(world.running.sessions().len(), wanted, "{arguments:?}");
    }
    // Where it has, a role that is not there ends the scan.
    assert_eq!(world.scan(&check).code, 3);
}
