//! What a scan needs, decided before it begins, and the digest of what of that decides its results.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use orgsweep_lake::Lake;
use orgsweep_model::finding_id::sha256_hex;
use orgsweep_model::selection::Scope;
use orgsweep_model::{AccountId, Timestamp};
use orgsweep_sweep::{Filter, Plan};
use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::error::Error;

/// What a scan needs.
#[derive(Clone)]
pub struct Options {
    /// What will be done.
    pub plan: Plan,
    /// The lake's root.
    pub out: PathBuf,
    /// A scan that is stopped before its end is published all the same.
    pub publish_partial: bool,
    /// What every assumed role is limited to; for the record.
    pub session_policy: Option<String>,
    /// See [`Options::config_sha256`].
    config_sha256: String,
}

/// What decides the results of a scan and is not in its plan.
#[derive(Clone, Debug, Default)]
pub struct Decisions {
    /// Where settings of checks differ, in the order in which they hold.
    pub overrides: Vec<(Scope, BTreeMap<String, Json>)>,
    /// A credential report that is older is not used.
    pub report_max_age: Option<Duration>,
    /// Where the accounts come from.
    pub accounts: AccountsFrom,
    /// How accounts are entered.
    pub access: AccessChoice,
}

/// Where the accounts come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountsFrom {
    /// From Organizations, or from a roster of it.
    #[default]
    Organization,
    /// From a file; what is in it is another digest.
    File(PathBuf),
    /// Only the caller's own account.
    CallerOnly,
}

/// How accounts are entered, as far as it decides what can be read. Secrets are not part of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AccessChoice {
    /// Region of the STS endpoint.
    pub region: Option<String>,
    /// Roles to assume, in order.
    pub roles: Vec<String>,
    /// Other roles in a unit or an account, in the order in which they hold.
    pub roles_in: Vec<(String, Vec<String>)>,
    /// Roles between the caller and the members.
    pub chain: Vec<String>,
    /// The role for the calls to Organizations.
    pub discovery_role: Option<String>,
    /// Length of a session in seconds.
    pub session_duration: Option<u32>,
    /// Whether sessions are limited to the calls of the checks.
    pub is_limited: bool,
    /// Source identity of the sessions.
    pub source_identity: Option<String>,
    /// Tags of the sessions.
    pub session_tags: Vec<(String, String)>,
}

/// Everything that decides the results of a scan: what is not in here may differ between two attempts at the same scan.
#[derive(Serialize)]
struct Configuration<'a> {
    checks: BTreeMap<&'a str, Json>,
    overrides: Vec<(String, &'a BTreeMap<String, Json>)>,
    tables: Vec<&'static str>,
    details: usize,
    report_max_age_seconds: Option<u64>,
    accounts: &'a AccountsFrom,
    units: &'a [String],
    excluded_units: &'a [String],
    chosen_accounts: &'a BTreeSet<AccountId>,
    excluded_accounts: &'a BTreeSet<AccountId>,
    tags: &'a BTreeMap<String, String>,
    access: &'a AccessChoice,
}

impl Options {
    /// The options of a scan, with the digest of what decides its results.
    pub fn new(plan: Plan, decisions: &Decisions, out: PathBuf, session_policy: Option<String>) -> Self {
        let config_sha256 = Configuration::of(&plan, decisions).digest();
        Self { plan, out, publish_partial: false, session_policy, config_sha256 }
    }

    /// The lake that the scan is published into.
    pub fn lake(&self) -> Result<Lake, Error> {
        Lake::open(&self.out).map_err(Error::lake(&self.out))
    }

    /// Names everything that decides the results: two scans with the same digest, accounts and facts give the same rows. Where
    /// the tables go, how fast AWS is asked and how progress is shown are not in it.
    pub fn config_sha256(&self) -> &str {
        &self.config_sha256
    }

    /// Ages count to this moment, whatever the clock says: a scan goes on with the moment that it began with.
    pub fn count_ages_to(&mut self, now: Timestamp) {
        self.plan.now = now;
        self.plan.clock = self.plan.clock.counting_to(now);
    }
}

impl<'a> Configuration<'a> {
    /// Everything is named here, so that whoever adds an option decides whether it is hashed.
    fn of(plan: &'a Plan, decisions: &'a Decisions) -> Self {
        let Plan {
            checks,
            collectors,
            filter,
            most_details,
            // Whether an override may match nothing decides whether a scan is done, and not what comes of it.
            scopes: _,
            // The moment is compared by itself, and what an earlier attempt left is no choice.
            now: _,
            clock: _,
            // Which tables there are follows from the program, and its version is compared by itself.
            stored: _,
            organization_collectors: _,
            computed: _,
            shared: _,
            concurrency: _,
            done: _,
            taken: _,
            had: _,
            is_a_shard: _,
        } = plan;
        let Filter { units, excluded_units, accounts: chosen_accounts, excluded_accounts, tags, sample: _ } =
            filter;
        let Decisions { overrides, report_max_age, accounts, access } = decisions;
        Self {
            checks: checks.checks().map(|check| (check.id(), check.settings())).collect(),
            overrides: overrides.iter().map(|(scope, changes)| (format!("{scope:?}"), changes)).collect(),
            tables: collectors.iter().flat_map(|one| one.fills().iter().map(|table| table.name)).collect(),
            details: *most_details,
            report_max_age_seconds: report_max_age.map(|age| age.as_secs()),
            accounts,
            units,
            excluded_units,
            chosen_accounts,
            excluded_accounts,
            tags,
            access,
        }
    }

    fn digest(&self) -> String {
        sha256_hex(json!(self).to_string().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use orgsweep_model::collector::Clock;
    use orgsweep_model::registry::Registry;
    use orgsweep_model::selection::CheckSet;

    use super::*;

    fn plan() -> Plan {
        let registry = Registry::new(Vec::new(), Vec::new()).unwrap();
        let checks = Arc::new(CheckSet::new());
        Plan::new(&registry, checks, &BTreeSet::new(), Filter::default(), 4, Clock::wall())
    }

    fn digest(change: impl FnOnce(&mut Plan, &mut Decisions)) -> String {
        let (mut plan, mut decisions) = (plan(), Decisions::default());
        change(&mut plan, &mut decisions);
        Options::new(plan, &decisions, PathBuf::from("lake"), None).config_sha256().to_owned()
    }

    #[test]
    fn what_decides_results_is_hashed() {
        let account: AccountId = "111122223333".parse().unwrap();
        let tag = || ("team".to_owned(), "a".to_owned());
        let unchanged = digest(|_, _| {});
        let changed = [
            digest(|plan, _| plan.most_details = 3),
            digest(|plan, _| plan.filter.units.push("ou-1".to_owned())),
            digest(|plan, _| plan.filter.excluded_units.push("ou-1".to_owned())),
            digest(|plan, _| plan.filter.accounts.extend([account])),
            digest(|plan, _| plan.filter.excluded_accounts.extend([account])),
            digest(|plan, _| plan.filter.tags.extend([tag()])),
            digest(|_, decisions| decisions.overrides.push((Scope::Account(account), BTreeMap::new()))),
            digest(|_, decisions| decisions.report_max_age = Some(Duration::from_secs(60))),
            digest(|_, decisions| decisions.accounts = AccountsFrom::CallerOnly),
            digest(|_, decisions| decisions.accounts = AccountsFrom::File(PathBuf::from("a"))),
            digest(|_, decisions| decisions.accounts = AccountsFrom::File(PathBuf::from("b"))),
            digest(|_, decisions| decisions.access.region = Some("eu-west-1".to_owned())),
            digest(|_, decisions| decisions.access.roles.push("Audit".to_owned())),
            digest(|_, decisions| decisions.access.roles_in.push(("ou-1".to_owned(), Vec::new()))),
            digest(|_, decisions| decisions.access.chain.push("arn:aws:iam::1:role/Hub".to_owned())),
            digest(|_, decisions| decisions.access.discovery_role = Some("Org".to_owned())),
            digest(|_, decisions| decisions.access.session_duration = Some(900)),
            digest(|_, decisions| decisions.access.is_limited = true),
            digest(|_, decisions| decisions.access.source_identity = Some("me".to_owned())),
            digest(|_, decisions| decisions.access.session_tags.push(tag())),
        ];
        let distinct: BTreeSet<&String> = changed.iter().chain([&unchanged]).collect();
        assert_eq!(distinct.len(), changed.len() + 1);
    }

    #[test]
    fn what_a_second_attempt_may_change_is_not() {
        let unchanged = digest(|_, _| {});
        assert_eq!(digest(|plan, _| plan.concurrency = 99), unchanged);
        assert_eq!(digest(|plan, _| plan.is_a_shard = true), unchanged);
        assert_eq!(digest(|plan, _| plan.scopes.push(Scope::Unit("ou-1".to_owned()))), unchanged);
        let moment = "2026-11-24T12:00:00Z".parse().unwrap();
        assert_eq!(digest(|plan, _| plan.now = moment), unchanged);
    }
}
