//! Configurations at random: what is printed for each lets its scan do everything, and nothing of it is refused.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use super::enforced::{Configuration, Deployed, ESTATE, Entered, Special, role_arn, with_one_less};

/// How many configurations, where no variable says otherwise: `ORGSWEEP_DEPLOYMENTS=400`.
const USUAL: u64 = 40;

/// Numbers that follow from a seed (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn percent(&mut self, share: usize) -> bool {
        self.below(100) < share
    }

    fn pick<T: Clone>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())].clone()
    }

    /// Some of the items, one at least, each once, in any order.
    fn some<T: Clone>(&mut self, items: &[T], most: usize) -> Vec<T> {
        let mut left = items.to_vec();
        let wanted = 1 + self.below(most);
        (0..wanted).map(|_| left.swap_remove(self.below(left.len()))).collect()
    }
}

const NAMES: [&str; 5] = ["orgsweep/OrgsweepAudit", "team/Reader", "AuditTwo", "a/b/Deep+er", "Plain.One@x"];
const IDS: [&str; 3] = ["shared-id", "other/id=2", "third:id@x"];

/// Options of a configuration: each in the file, or as a flag, or as a flag that wins over the file.
struct Places {
    file: String,
    flags: Vec<String>,
}

impl Places {
    fn put(&mut self, random: &mut Random, name: &str, values: &[String], decoy: &str) {
        let place = random.below(3);
        if place != 0 {
            // One option takes a list or comes again and again.
            let repeated = name == "session-tag";
            let given = if repeated { values.to_vec() } else { vec![values.join(",")] };
            for value in given {
                self.flags.extend([format!("--{name}"), value]);
            }
        }
        if place != 1 {
            let text = if place == 2 { vec![decoy.to_owned()] } else { values.to_vec() };
            let is_list = ["role-name", "role-chain", "session-tag"].contains(&name);
            let text: Vec<String> = text.iter().map(|value| format!("'{value}'")).collect();
            let value = if is_list { format!("[{}]", text.join(", ")) } else { text[0].clone() };
            self.file.push_str(&format!("{name} = {value}\n"));
        }
    }
}

/// A role's name as a configuration may write it.
fn written(random: &mut Random, partition: &str, name: &str) -> String {
    match random.below(4) {
        0 => format!("arn:{{partition}}:iam::{{account_id}}:role/{name}"),
        1 => format!("arn:{partition}:iam::{{account_id}}:role/{name}"),
        2 => format!("/{name}"),
        _ => name.to_owned(),
    }
}

fn owned(names: Vec<&str>) -> Vec<String> {
    names.into_iter().map(str::to_owned).collect()
}

#[expect(clippy::too_many_lines, reason = "every choice of a drawn configuration")]
fn drawn(seed: u64) -> Configuration {
    let random = &mut Random(seed);
    let partition = random.pick(&["aws", "aws", "aws", "aws-cn", "aws-us-gov"]);
    let mut places = Places { file: String::new(), flags: Vec::new() };
    let entered = match random.below(10) {
        0 => Entered::CallerOnly,
        1 | 2 => Entered::File(random.some(&[0, 1, 2, 3, 4, 5, 6, 7], 5)),
        _ => Entered::All,
    };
    match &entered {
        Entered::All => {}
        Entered::File(_) => places.file.push_str("accounts-file = '{DIR}/accounts.txt'\n"),
        Entered::CallerOnly => places.file.push_str("single-account = true\n"),
    }

    let roles = if random.percent(80) { owned(random.some(&NAMES, 3)) } else { vec![NAMES[0].to_owned()] };
    if roles.len() > 1 || roles[0] != NAMES[0] {
        let text: Vec<String> = roles.iter().map(|name| written(random, partition, name)).collect();
        places.put(random, "role-name", &text, "decoy/Role");
    }
    let mut chain: Vec<String> = Vec::new();
    if random.percent(60) {
        for _ in 0..=random.below(3) {
            let name = random.pick(&["hub/Way", "Second", "Second", NAMES[0], NAMES[2]]);
            chain.push(role_arn(partition, random.below(8), name));
        }
        if chain.len() == 2 && random.percent(20) {
            chain.push(chain[0].clone());
        }
        let decoy = role_arn(partition, 1, "Decoy");
        places.put(random, "role-chain", &chain, &decoy);
    }
    let discovery = random.percent(50).then(|| {
        // Only the management account lists.
        let own = format!(":{}:", ESTATE.accounts[0]);
        let on_the_way = chain.iter().find(|arn| arn.contains(&own)).cloned();
        let name = random.pick(&["Lister", "x/Lister", NAMES[0]]);
        on_the_way.unwrap_or_else(|| role_arn(partition, 0, name))
    });
    if let Some(role) = &discovery {
        let decoy = role_arn(partition, 0, "Decoy");
        places.put(random, "discovery-role", std::slice::from_ref(role), &decoy);
    }
    let external_id = random.percent(50).then(|| random.pick(&IDS));
    if let Some(id) = external_id {
        places.put(random, "external-id", &[id.to_owned()], "decoy-id");
    }
    if random.percent(40) {
        let tags = random.some(&["team=audit", "ticket=4711", "a=b c"], 3);
        places.put(random, "session-tag", &owned(tags), "decoy=1");
    }
    if random.percent(40) {
        places.put(random, "source-identity", &["ann@example.com".to_owned()], "bob");
    }
    if random.percent(40) {
        let seconds = random.pick(&["900", "3600", "7200", "43200"]);
        places.file.push_str(&format!("session-duration = {seconds}\n"));
    }
    places.file.push_str(random.pick(&[
        "check = ['iam-password-policy-length']\n",
        "check = ['iam-password-policy-length']\n",
        "check = ['iam-group-empty']\n",
        "check = ['iam-root-mfa-missing', 'iam-group-empty']\n",
        "check = ['iam-password-policy-length']\ncollect = ['policies']\n",
        "severity = 'critical'\n",
        "key-ids = 2\ncheck = ['iam-user-initial-access-key']\n",
    ]));

    // Filters change whom a scan enters, and no document.
    let mut chosen: BTreeSet<usize> = (0..8).collect();
    if entered == Entered::All && random.percent(30) {
        if random.percent(50) {
            places.file.push_str("tag = ['env=prod']\n");
            chosen = BTreeSet::from([6]);
        } else {
            places.file.push_str("exclude-ou = ['/Root/Security']\n");
            chosen.retain(|account| ![1, 2].contains(account));
        }
    }

    let mut specials: Vec<Special> = Vec::new();
    let units = &ESTATE.units;
    for _ in 0..random.below(4) {
        let place = match &entered {
            Entered::CallerOnly => break,
            // Without Organizations there are no units.
            Entered::File(accounts) => vec![random.pick(accounts)],
            Entered::All => (1..8).collect(),
        };
        let one = random.pick(&place);
        let (scope, holds_for): (String, Vec<usize>) = match (&entered, random.below(6)) {
            (Entered::All, 0) => ("/Root/Security".to_owned(), vec![1, 2]),
            (Entered::All, 1) => ("/Root/Workloads".to_owned(), vec![4, 5, 6]),
            (Entered::All, 2) => (units["Workloads"].clone(), vec![4, 5, 6]),
            (Entered::All, 3) => (units["Dev"].clone(), vec![4]),
            (Entered::All, 4) => ("/Root".to_owned(), (0..8).collect()),
            _ => (ESTATE.accounts[one].clone(), vec![one]),
        };
        let roles = if random.percent(70) { owned(random.some(&NAMES, 2)) } else { Vec::new() };
        let own_id = (roles.is_empty() || random.percent(50)).then(|| random.pick(&IDS).to_owned());
        let key = if scope.starts_with(['/', 'o']) { "ou" } else { "account" };
        places.file.push_str(&format!("[[override]]\n{key} = '{scope}'\n"));
        if !roles.is_empty() {
            let text: Vec<String> =
                roles.iter().map(|name| format!("'{}'", written(random, partition, name))).collect();
            places.file.push_str(&format!("role-name = [{}]\n", text.join(", ")));
        }
        if let Some(id) = &own_id {
            places.file.push_str(&format!("external-id = '{id}'\n"));
        }
        // The later one of the same scope is the one that counts.
        specials.retain(|special| special.scope != scope);
        specials.push(Special { scope, holds_for, roles });
    }
    let there = (0..8).map(|_| random.below(6)).collect();
    let Places { file, flags } = places;
    Configuration { partition, file, flags, entered, chosen, roles, specials, chain, discovery, there }
}

#[test]
fn no_call_of_a_scan_is_refused_that_has_what_was_printed_for_it() {
    let count = std::env::var("ORGSWEEP_DEPLOYMENTS").map_or(USUAL, |text| text.parse().unwrap());
    // A scan waits most of its time, for credential reports.
    let next = AtomicU64::new(1);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed > count {
                        return;
                    }
                    hold(seed);
                }
            });
        }
    });
}

fn hold(seed: u64) {
    let configuration = drawn(seed);
    let deployed = configuration.printed();
    let outcome = configuration.scan(&deployed);
    assert!(outcome.is_clean(), "seed {seed}: {outcome:#?}\n{configuration:#?}\n{deployed:#?}");
    let expected = configuration.expected(&deployed);
    assert_eq!(outcome.used, expected, "seed {seed}: {configuration:#?}\n{deployed:#?}");
    // The simulator means it: without one statement of the caller's, something is refused.
    let less = with_one_less(&deployed);
    let of_the_hub: Vec<_> = less.into_iter().filter(|(what, _)| what.starts_with("hub")).collect();
    let (what, less) = Random(seed).pick(&of_the_hub);
    let outcome = configuration.scan(&less);
    let idle = if what.contains("ReadOwnAccount") {
        !expected.contains_key(&0)
    } else {
        // The role that lists has the name of an audit role, which may be assumed already: in the caller's organization.
        what.contains("AssumeDiscoveryRole") && is_an_audit_role(&configuration, &deployed)
    };
    assert!(idle || !outcome.is_clean(), "seed {seed}, without {what}: {configuration:#?}");
}

/// Whether the role that lists is among those that the caller may assume as audit roles.
fn is_an_audit_role(configuration: &Configuration, deployed: &Deployed) -> bool {
    let Some((_, name)) = configuration.discovery.as_ref().and_then(|arn| arn.split_once(":role/")) else {
        return false;
    };
    let everywhere = format!("arn:{}:iam::*:role/{name}", configuration.partition);
    let statements = deployed.hub["Statement"].as_array().unwrap();
    statements.iter().any(|statement| {
        let resources = &statement["Resource"];
        resources == &everywhere
            || resources.as_array().is_some_and(|all| all.iter().any(|one| one == &everywhere))
    })
}

/// What the drawn configurations have in them, so that none of it goes untried.
#[test]
fn the_usual_configurations_have_everything() {
    let all: Vec<Configuration> = (1..=USUAL).map(drawn).collect();
    let some = |what: &str, has: &dyn Fn(&Configuration) -> bool| {
        let count = all.iter().filter(|one| has(one)).count();
        assert!(count >= 2, "{what}: {count}");
    };
    some("fallbacks", &|one| one.roles.len() > 1);
    some("overrides", &|one| !one.specials.is_empty());
    some("several overrides", &|one| one.specials.len() > 1);
    some("a chain", &|one| one.chain.len() == 1);
    some("a chain of three", &|one| one.chain.len() == 3);
    some("a role that lists", &|one| one.discovery.is_some() && one.entered == Entered::All);
    some("a role for both", &|one| one.discovery.as_ref().is_some_and(|role| one.chain.contains(role)));
    some("another partition", &|one| one.partition != "aws");
    some("a file of accounts", &|one| matches!(one.entered, Entered::File(_)));
    some("the caller alone", &|one| one.entered == Entered::CallerOnly);
    for option in ["external-id", "session-tag", "source-identity", "session-duration"] {
        some(option, &|one| one.file.contains(option) || one.flags.iter().any(|flag| flag.ends_with(option)));
    }
    some("flags over the file", &|one| one.file.contains("decoy"));
}
