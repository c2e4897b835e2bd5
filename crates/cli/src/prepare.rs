//! From options to a plan: everything that can be wrong is found here, before the first call to AWS.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use orgsweep_aws::{Access, RoleTemplate};
use orgsweep_explain::nearest::unknown;
use orgsweep_model::collector::Clock;
use orgsweep_model::finding_id::sha256_hex;
use orgsweep_model::registry::{ROSTER, Registry};
use orgsweep_model::selection::{CheckSet, Scope};
use orgsweep_model::{Account, AccountId, Pack};
use orgsweep_scan::{AccessChoice, AccountsFrom, Decisions};
use orgsweep_sweep::{Filter, Plan};
use serde_json::{Value as Json, json};

use crate::access::{access, concurrency, key_value};
use crate::arguments::ScanOptions;
use crate::config::{Config, unit_name};
use crate::exit::Failure;
use crate::program;
use crate::{check_choice, check_names};

/// The standard collectors and the given packs.
pub fn registry(packs: Vec<Pack>) -> Result<Registry, Failure> {
    Registry::new(packs, orgsweep_aws::collectors())
        .map_err(|message| Failure::new(format!("this distribution is put together wrongly: {message}")))
}

/// Where the tables go unless another place is given.
pub const DEFAULT_OUT: &str = "orgsweep-out";

/// Options as they hold, and what they come to.
pub struct Prepared {
    /// What the scan needs.
    pub scan: orgsweep_scan::Options,
    /// How accounts are entered.
    pub access: Access,
    /// Options of the flags and the file.
    pub options: ScanOptions,
}

/// Puts flags over file, and turns both into a plan.
pub fn prepare(registry: &Registry, flags: ScanOptions, config: Config) -> Result<Prepared, Failure> {
    let clock =
        flags.now.or(config.options.now).map_or_else(Clock::wall, |now| Clock::wall().counting_to(now));
    prepare_with(registry, flags, config, clock)
}

/// The same with a clock of one's own.
pub fn prepare_with(
    registry: &Registry,
    flags: ScanOptions,
    mut config: Config,
    clock: Clock,
) -> Result<Prepared, Failure> {
    let mut options = flags.or(std::mem::take(&mut config.options));
    for warning in check_names::update(registry, &mut options, &mut config)? {
        crate::messages::warn(&options, "check_renamed_or_retired", &warning);
    }
    check_choice::expand(registry, &mut options)?;
    contradictions(&options)?;
    let mut problems = Vec::new();
    let checks = match check_set(registry, &options, &config.checks, &config.overrides, &mut problems) {
        Some(checks) if problems.is_empty() => Arc::new(checks),
        _ => return Err(Failure::new(problems.join("\n"))),
    };
    if let Some(percent) = options.min_coverage
        && !(0.0..=100.0).contains(&percent)
    {
        return Err(Failure::new(format!("--min-coverage {percent}: expected a percentage from 0 to 100")));
    }
    if options.concurrency == Some(0) {
        return Err(Failure::new("--concurrency 0: expected at least one account in flight"));
    }
    if let Some(seconds) = options.session_duration
        && !(900..=43_200).contains(&seconds)
    {
        return Err(Failure::new(format!(
            "--session-duration {seconds}: expected seconds from 900 (15 minutes) to 43200 (12 hours)"
        )));
    }
    let filter = filter(&options)?;
    let also = also_collect(registry, &options.collect)?;
    let (concurrency, _) = concurrency(&options, 1)?;
    let mut plan = Plan::new(registry, checks, &also, filter, concurrency, clock);
    plan.scopes.clone_from(&config.scopes);
    plan.most_details = options.key_ids.unwrap_or(0) as usize;
    let session_policy = session_policy(&options, &plan)?;
    let access = access(&options, &config.access, session_policy)?;
    let decisions = Decisions {
        overrides: config.overrides,
        report_max_age: options.report_max_age.map(|age| age.0),
        accounts: accounts_from(&options),
        access: access_choice(&options, &access),
    };
    let out = options.out.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_OUT));
    let mut scan = orgsweep_scan::Options::new(plan, &decisions, out, access.session_policy.clone());
    scan.publish_partial = options.publish_partial;
    Ok(Prepared { scan, access, options })
}

fn accounts_from(options: &ScanOptions) -> AccountsFrom {
    match &options.accounts_file {
        _ if options.single_account => AccountsFrom::CallerOnly,
        Some(path) => AccountsFrom::File(path.clone()),
        None => AccountsFrom::Organization,
    }
}

/// What of the way into the accounts decides what can be read. External ids are secrets to some, and stay out.
fn access_choice(options: &ScanOptions, access: &Access) -> AccessChoice {
    let names = |roles: &[RoleTemplate]| roles.iter().map(ToString::to_string).collect::<Vec<_>>();
    let overrides = access.overrides.iter();
    AccessChoice {
        region: options.region.clone(),
        roles: names(&access.roles),
        roles_in: overrides.map(|(scope, special)| (format!("{scope:?}"), names(&special.roles))).collect(),
        chain: access.chain.clone(),
        discovery_role: access.discovery_role.clone(),
        session_duration: access.session_duration,
        is_limited: access.session_policy.is_some(),
        source_identity: access.source_identity.clone(),
        session_tags: access.session_tags.clone(),
    }
}

/// What every assumed role is limited to: the calls of the enabled checks.
fn session_policy(options: &ScanOptions, plan: &Plan) -> Result<Option<String>, Failure> {
    if options.no_session_policy {
        return Ok(None);
    }
    orgsweep_aws::session_policy(&plan.actions()).map(Some).map_err(Failure::new)
}

/// Options that cannot hold together, wherever they were given.
fn contradictions(options: &ScanOptions) -> Result<(), Failure> {
    if options.single_account && options.accounts_file.is_some() {
        return Err(Failure::new("--accounts-file and --single-account exclude each other: choose one"));
    }
    let needs_organization = [
        ("--ou", !options.ou.is_empty()),
        ("--exclude-ou", !options.exclude_ou.is_empty()),
        ("--tag", !options.tag.is_empty()),
    ];
    let without = if options.single_account { "--single-account" } else { "--accounts-file" };
    if (options.single_account || options.accounts_file.is_some())
        && let Some((flag, _)) = needs_organization.iter().find(|(_, given)| *given)
    {
        return Err(Failure::new(format!(
            "{flag} asks for what only Organizations knows, and with {without} it is not asked: choose accounts with \
                 --account and --exclude-account"
        )));
    }
    Ok(())
}

fn filter(options: &ScanOptions) -> Result<Filter, Failure> {
    for (flag, units) in [("--ou", &options.ou), ("--exclude-ou", &options.exclude_ou)] {
        for unit in units {
            unit_name(unit.clone()).map_err(|message| format!("{flag} {message}"))?;
        }
    }
    let mut tags = BTreeMap::new();
    for tag in &options.tag {
        let (key, value) = key_value("--tag", tag)?;
        if let Some(other) = tags.insert(key.clone(), value.clone())
            && other != value
        {
            return Err(Failure::new(format!(
                "--tag {key}: no account carries both {other:?} and {value:?}; all tags that are given must match"
            )));
        }
    }
    Ok(Filter {
        units: options.ou.clone(),
        excluded_units: options.exclude_ou.clone(),
        accounts: options.account.iter().copied().collect(),
        excluded_accounts: options.exclude_account.iter().copied().collect(),
        tags,
        sample: None,
    })
}

fn also_collect(registry: &Registry, names: &[String]) -> Result<BTreeSet<&'static str>, Failure> {
    let mut wanted = BTreeSet::new();
    for name in names {
        if name == "all" {
            wanted.extend(registry.collectors().iter().flat_map(|one| one.fills()).map(|table| table.name));
        } else if let Some(sources) = registry.sources_of(name) {
            wanted.extend(sources);
        } else {
            return Err(Failure::new(unknown("--collect", "table", name, &registry.collectable())));
        }
    }
    Ok(wanted)
}

/// The chosen checks with their settings; problems are gathered, so that one run shows them all.
fn check_set(
    registry: &Registry,
    options: &ScanOptions,
    settings: &BTreeMap<String, Json>,
    overrides: &[(Scope, BTreeMap<String, Json>)],
    problems: &mut Vec<String>,
) -> Option<CheckSet> {
    let ids: Vec<&str> = registry.checks().iter().map(|registered| registered.id()).collect();
    let mut verify = |place: &str, id: &String| {
        if !ids.contains(&id.as_str()) {
            problems.push(unknown(place, "check", id, &ids));
        }
    };
    options.check.iter().for_each(|id| verify("--check", id));
    options.exclude_check.iter().for_each(|id| verify("--exclude-check", id));
    for id in settings.keys() {
        verify("configuration, [checks]", id);
    }
    for (_, changes) in overrides {
        for id in changes.keys() {
            verify("configuration, [[override]]", id);
        }
    }
    if let Some(framework) = &options.framework {
        let answered = |wanted: &str| {
            registry.checks().iter().any(|registered| {
                registered.check.metadata().controls.iter().any(|control| control.matches(wanted))
            })
        };
        if !answered(framework) {
            problems.push(unknown_framework(registry, framework));
        }
    }
    if !problems.is_empty() {
        return None;
    }

    let nothing = json!({});
    let mut checks = CheckSet::new();
    for registered in registry.checks() {
        let metadata = registered.check.metadata();
        let id = metadata.id.to_string();
        let is_named = options.check.contains(&id);
        let chosen = (options.check.is_empty() || is_named)
            && metadata.status.runs(is_named, options.preview)
            && !options.exclude_check.contains(&id)
            && options.severity.is_none_or(|least| metadata.severity >= least)
            && options
                .framework
                .as_ref()
                .is_none_or(|wanted| metadata.controls.iter().any(|control| control.matches(wanted)));
        if metadata.status.is_retired() {
            continue;
        }
        // Settings are validated for every check that the file names, chosen or not.
        let mine: Vec<(Scope, Json)> = overrides
            .iter()
            .filter_map(|(scope, changes)| Some((scope.clone(), changes.get(&id)?.clone())))
            .collect();
        let mut whole = CheckSet::new();
        let target = if chosen { &mut checks } else { &mut whole };
        if let Err(message) = target.enable(&*registered.check, settings.get(&id).unwrap_or(&nothing), &mine)
        {
            problems.push(format!("settings of {id}: {}", without_type_words(&message)));
        }
    }
    if problems.is_empty() && checks.is_empty() {
        problems.push(
            format!(
                "no check is left: --check, --exclude-check, --severity and --framework together choose none; see `{} checks \
                 list`",
                program::name()
            ),
        );
    }
    Some(checks)
}

/// `expected a whole number, not string "many"` for what a parser says about types.
pub fn without_type_words(message: &str) -> String {
    let split = message.split_once("invalid type: ").or_else(|| message.split_once("invalid value: "));
    let Some((place, rest)) = split else {
        return message.to_owned();
    };
    let Some((found, expected)) = rest.split_once(", expected ") else {
        return message.to_owned();
    };
    let (expected, more) = expected.split_once('\n').unwrap_or((expected, ""));
    let expected = match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, 0 or more",
        "i32" | "i64" => "a whole number",
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a string" => "a text",
        "any valid TOML value" => "a number of at most 64 bits",
        other => other,
    };
    let found = match found.strip_suffix(" as i128").unwrap_or(found) {
        "sequence" => "a list",
        "map" => "a table",
        other => other,
    };
    let more = if more.is_empty() { String::new() } else { format!(" {}", more.trim()) };
    format!("{place}expected {expected}, not {found}{more}")
}

/// A framework that no check is mapped to.
pub fn unknown_framework(registry: &Registry, wanted: &str) -> String {
    let known: BTreeSet<String> = registry
        .checks()
        .iter()
        .flat_map(|registered| registered.check.metadata().controls.iter())
        .map(|control| match control.version.as_ref() {
            "" => control.framework.to_string(),
            version => format!("{}:{version}", control.framework),
        })
        .collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    format!("--framework {wanted:?}: no check answers it; known: {}", known.join(", "))
}

/// Accounts from a file: an id a line, a name behind a comma; `#` begins a comment.
pub fn read_accounts_file(path: &Path) -> Result<Vec<Account>, Failure> {
    let place = |message: String| Failure::new(format!("--accounts-file {}: {message}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| place(error.to_string()))?;
    parse_accounts(&text).map_err(place)
}

/// Names what is in such a file, in whatever order it is.
pub fn digest_of(accounts: &[Account]) -> String {
    let by_id: BTreeMap<&AccountId, &Option<String>> =
        accounts.iter().map(|account| (&account.id, &account.name)).collect();
    sha256_hex(json!(Vec::from_iter(by_id)).to_string().as_bytes())
}

fn parse_accounts(text: &str) -> Result<Vec<Account>, String> {
    let mut accounts: Vec<Account> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim_start_matches('\u{feff}');
        // A name may hold a #, an id cannot: there it begins a comment.
        let (id, name) = line.split_once(',').unwrap_or((line, ""));
        let (id, name) = id.split_once('#').map_or((id, name), |(id, _)| (id, ""));
        if id.trim().is_empty() {
            continue;
        }
        let id: AccountId = id.trim().parse().map_err(|message| format!("line {}: {message}", number + 1))?;
        if accounts.iter().any(|account| account.id == id) {
            return Err(format!("line {}: account {id} is listed twice", number + 1));
        }
        let mut account = Account::new(id);
        account.name = Some(name.trim().to_owned()).filter(|name| !name.is_empty());
        accounts.push(account);
    }
    if accounts.is_empty() {
        return Err("no account in it: expected a 12-digit id a line".to_owned());
    }
    Ok(accounts)
}

/// Whether a table comes from the roster rather than from a collector.
pub fn is_from_roster(table: &str) -> bool {
    table == ROSTER
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_accounts_file() {
        let accounts =
            parse_accounts("# ours, and theirs\n111122223333, payments, prod\n\n 222233334444 # dev, x\n333344445555, Team #1")
                .unwrap();
        assert_eq!(accounts.len(), 3);
        assert_eq!(accounts[2].name.as_deref(), Some("Team #1"));
        assert_eq!(accounts[0].name.as_deref(), Some("payments, prod"));
        assert_eq!(accounts[1].name, None);
    }

    #[test]
    fn mistakes_in_an_accounts_file_are_named() {
        for (text, wanted) in [
            ("111122223333\n1234\n", "line 2"),
            ("111122223333\n111122223333\n", "listed twice"),
            ("# nothing\n", "no account"),
        ] {
            let message = parse_accounts(text).unwrap_err();
            assert!(message.contains(wanted), "{message}");
        }
    }
}
