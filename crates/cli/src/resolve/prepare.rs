//! From options to a plan: everything that can be wrong is found here, before the first call to AWS.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use orgsweep_aws::{Access, RoleTemplate};
use orgsweep_model::Pack;
use orgsweep_model::collector::Clock;
use orgsweep_model::nearest::unknown;
use orgsweep_model::registry::Registry;
use orgsweep_scan::{AccessChoice, AccountsFrom, Decisions};
use orgsweep_sweep::{Filter, Plan};

use crate::exit::Failure;
use crate::options::{Layered as _, ScanOptions};
use crate::resolve::access::{access, concurrency, key_value};
use crate::resolve::checks::check_set;
use crate::resolve::config::{Config, unit_name};
use crate::resolve::{check_choice, check_names};

/// The standard collectors and the given packs.
pub fn registry(packs: Vec<Pack>) -> Result<Registry, Failure> {
    Registry::new(packs, orgsweep_aws::collectors())
        .map_err(|message| Failure::new(format!("invalid distribution: {message}")))
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
    let clock = flags
        .output
        .now
        .or(config.options.output.now)
        .map_or_else(Clock::wall, |now| Clock::wall().counting_to(now));
    prepare_with(registry, flags, config, clock)
}

/// The same with a clock of one's own.
pub fn prepare_with(
    registry: &Registry,
    flags: ScanOptions,
    mut config: Config,
    clock: Clock,
) -> Result<Prepared, Failure> {
    let mut options = flags.over(std::mem::take(&mut config.options));
    for warning in check_names::update(registry, &mut options, &mut config)? {
        crate::terminal::warn(&options, "check_renamed_or_retired", &warning);
    }
    check_choice::expand(registry, &mut options)?;
    contradictions(&options)?;
    let mut problems = Vec::new();
    let checks = match check_set(registry, &options, &config.checks, &config.overrides, &mut problems) {
        Some(checks) if problems.is_empty() => Arc::new(checks),
        _ => return Err(Failure::new(problems.join("\n"))),
    };
    if let Some(percent) = options.output.min_coverage
        && !(0.0..=100.0).contains(&percent)
    {
        return Err(Failure::new(format!("--min-coverage {percent}: expected a percentage from 0 to 100")));
    }
    if options.pace.concurrency == Some(0) {
        return Err(Failure::new("--concurrency 0: expected at least one account in flight"));
    }
    if let Some(seconds) = options.access.session_duration
        && !(900..=43_200).contains(&seconds)
    {
        return Err(Failure::new(format!(
            "--session-duration {seconds}: expected seconds from 900 (15 minutes) to 43200 (12 hours)"
        )));
    }
    let filter = filter(&options)?;
    let also = also_collect(registry, &options.checks.collect)?;
    let (concurrency, _) = concurrency(&options.pace, 1)?;
    let mut plan = Plan::new(registry, checks, &also, filter, concurrency, clock);
    plan.scopes.clone_from(&config.scopes);
    plan.most_details = options.pace.key_ids.unwrap_or(0) as usize;
    let session_policy = session_policy(&options, &plan)?;
    let access = access(&options.access, &config.access, session_policy)?;
    let decisions = Decisions {
        overrides: config.overrides,
        report_max_age: options.pace.report_max_age.map(|age| age.0),
        accounts: accounts_from(&options),
        access: access_choice(&options, &access),
    };
    let out = options.output.out.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_OUT));
    let mut scan = orgsweep_scan::Options::new(plan, &decisions, out, access.session_policy.clone());
    scan.publish_partial = options.output.publish_partial;
    Ok(Prepared { scan, access, options })
}

fn accounts_from(options: &ScanOptions) -> AccountsFrom {
    match &options.accounts.accounts_file {
        _ if options.accounts.single_account => AccountsFrom::CallerOnly,
        Some(path) => AccountsFrom::File(path.clone()),
        None => AccountsFrom::Organization,
    }
}

/// What of the way into the accounts decides what can be read. External ids are secrets to some, and stay out.
fn access_choice(options: &ScanOptions, access: &Access) -> AccessChoice {
    let names = |roles: &[RoleTemplate]| roles.iter().map(ToString::to_string).collect::<Vec<_>>();
    let overrides = access.overrides.iter();
    AccessChoice {
        region: options.access.region.clone(),
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
    if options.access.no_session_policy {
        return Ok(None);
    }
    orgsweep_aws::session_policy(&plan.actions()).map(Some).map_err(Failure::new)
}

/// Options that cannot hold together, wherever they were given.
fn contradictions(options: &ScanOptions) -> Result<(), Failure> {
    if options.accounts.single_account && options.accounts.accounts_file.is_some() {
        return Err(Failure::new("--accounts-file and --single-account exclude each other: choose one"));
    }
    let needs_organization = [
        ("--ou", !options.accounts.ou.is_empty()),
        ("--exclude-ou", !options.accounts.exclude_ou.is_empty()),
        ("--tag", !options.accounts.tag.is_empty()),
    ];
    let without = if options.accounts.single_account { "--single-account" } else { "--accounts-file" };
    if (options.accounts.single_account || options.accounts.accounts_file.is_some())
        && let Some((flag, _)) = needs_organization.iter().find(|(_, given)| *given)
    {
        return Err(Failure::new(format!(
            "{flag} requires AWS Organizations and cannot be used with {without}: choose accounts with \
                 --account and --exclude-account"
        )));
    }
    Ok(())
}

fn filter(options: &ScanOptions) -> Result<Filter, Failure> {
    for (flag, units) in [("--ou", &options.accounts.ou), ("--exclude-ou", &options.accounts.exclude_ou)] {
        for unit in units {
            unit_name(unit.clone()).map_err(|message| format!("{flag} {message}"))?;
        }
    }
    let mut tags = BTreeMap::new();
    for tag in &options.accounts.tag {
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
        units: options.accounts.ou.clone(),
        excluded_units: options.accounts.exclude_ou.clone(),
        accounts: options.accounts.account.iter().copied().collect(),
        excluded_accounts: options.accounts.exclude_account.iter().copied().collect(),
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

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use orgsweep_model::facts::RosterEntry;
    use orgsweep_model::{Check, Context, DynCheck, Report, Severity, check};

    use super::*;
    use crate::command_line::{Arguments, Command};

    check! {
        /// Grave.
        pub Grave {
            id: "x-grave",
            title: "Grave",
            severity: Severity::High,
            version: 1,
            since: "0.1.0",
            resource: "AWS::Organizations::Account",
            controls: [soc2(["CC8.1"])],
            pages: [],
            settings: {},
        }
    }

    check! {
        /// Slight.
        pub Slight {
            id: "x-slight",
            title: "Slight",
            severity: Severity::Low,
            version: 1,
            since: "0.1.0",
            resource: "AWS::Organizations::Account",
            controls: [],
            pages: [],
            settings: {},
        }
    }

    orgsweep_model::manual! { Grave }
    orgsweep_model::manual! { Slight }

    impl Check for Grave {
        type Reads<'a> = &'a [RosterEntry];

        fn evaluate(&self, _: Self::Reads<'_>, _: &Context<'_>, _: &mut Report) {}
    }

    impl Check for Slight {
        type Reads<'a> = &'a [RosterEntry];

        fn evaluate(&self, _: Self::Reads<'_>, _: &Context<'_>, _: &mut Report) {}
    }

    fn digest(arguments: &[&str]) -> String {
        let checks: Vec<Box<dyn DynCheck>> = vec![Box::new(Grave::default()), Box::new(Slight::default())];
        let pack =
            Pack { name: "x", checks, tables: Vec::new(), collectors: Vec::new(), computed: Vec::new() };
        let registry = registry(vec![pack]).unwrap();
        let Command::Scan(arguments) =
            Arguments::parse_from(["orgsweep", "scan"].iter().chain(arguments)).command
        else {
            panic!("not a scan");
        };
        let prepared = prepare(&registry, arguments.options, Config::default());
        prepared.map_err(|failure| failure.message).unwrap().scan.config_sha256().to_owned()
    }

    /// Every option is in one of these lists: two attempts at a scan may differ in those of the second.
    #[test]
    fn options_that_decide_results_are_in_the_digest_and_the_others_are_not() {
        const HUB: &str = "arn:aws:iam::111122223333:role/Hub";
        let deciding: [&[&str]; 21] = [
            &["--region", "eu-west-1"],
            &["--role-name", "Other"],
            &["--session-duration", "900"],
            &["--no-session-policy"],
            &["--role-chain", HUB],
            &["--discovery-role", HUB],
            &["--source-identity", "ann"],
            &["--session-tag", "team=a"],
            &["--ou", "ou-ab12-34567890"],
            &["--exclude-ou", "ou-ab12-34567890"],
            &["--account", "111122223333"],
            &["--exclude-account", "111122223333"],
            &["--tag", "team=a"],
            &["--accounts-file", "a.txt"],
            &["--accounts-file", "b.txt"],
            &["--single-account"],
            &["--check", "x-grave"],
            &["--exclude-check", "x-grave"],
            &["--collect", "all"],
            &["--report-max-age", "1h"],
            &["--key-ids", "3"],
        ];
        let free: [&[&str]; 18] = [
            &["--profile", "audit"],
            &["--external-id", "abcd"],
            &["--concurrency", "3"],
            &["--requests", "4"],
            &["--max-rate", "5"],
            &["--unlimited"],
            &["--attempt-timeout", "30s"],
            &["--attempts", "3"],
            &["--report-timeout", "10s"],
            &["--deadline", "5m"],
            &["--publish-partial"],
            &["--out", "lake"],
            &["--fail-on", "high"],
            &["--min-coverage", "50"],
            &["--now", "2026-01-01"],
            &["--quiet"],
            &["--log-format", "json"],
            &["--color", "never"],
        ];
        let plain = digest(&[]);
        for arguments in free {
            assert_eq!(digest(arguments), plain, "{arguments:?}");
        }
        // What chooses the same checks is the same scan.
        assert_eq!(digest(&["--severity", "high"]), digest(&["--check", "x-grave"]));
        assert_eq!(digest(&["--framework", "soc2"]), digest(&["--check", "x-grave"]));
        let mut seen = BTreeSet::from([plain]);
        for arguments in deciding {
            assert!(seen.insert(digest(arguments)), "{arguments:?}");
        }
        let chosen = ["--severity", "--framework", "--preview"];
        for key in ScanOptions::keys() {
            let flag = format!("--{key}");
            let is_listed = deciding.iter().chain(&free).any(|arguments| arguments[0] == flag);
            assert!(is_listed || chosen.contains(&&*flag), "{flag}: does it decide results?");
        }
    }
}
