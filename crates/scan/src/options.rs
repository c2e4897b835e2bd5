//! What a scan needs, decided before it begins, and the digest of what of that decides its results.

use std::path::PathBuf;

use orgsweep_lake::Lake;
use orgsweep_model::Timestamp;
use orgsweep_model::finding_id::sha256_hex;
use orgsweep_sweep::Plan;
use serde_json::Value as Json;

use crate::configuration::{Decisions, configuration};
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
    /// Everything that decides the results, as it is stored.
    configuration: Json,
}

impl Options {
    /// The options of a scan, with the digest of what decides its results.
    pub fn new(plan: Plan, decisions: &Decisions, out: PathBuf, session_policy: Option<String>) -> Self {
        let configuration = configuration(&plan, decisions);
        let config_sha256 = sha256_hex(configuration.to_string().as_bytes());
        Self { plan, out, publish_partial: false, session_policy, config_sha256, configuration }
    }

    /// The lake that the scan is published into.
    pub fn lake(&self) -> Result<Lake, Error> {
        Lake::open(&self.out).map_err(Error::lake(&self.out))
    }

    /// A digest of everything that determines the results: two scans with the same digest, accounts and facts give the same
    /// rows. Output folder, request rates and progress output are not included.
    pub fn config_sha256(&self) -> &str {
        &self.config_sha256
    }

    /// What the digest is of.
    pub fn configuration(&self) -> &Json {
        &self.configuration
    }

    /// The time for which ages are computed, regardless of the clock: a resumed scan keeps the time of its start.
    pub fn count_ages_to(&mut self, now: Timestamp) {
        self.plan.now = now;
        self.plan.clock = self.plan.clock.counting_to(now);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::sync::Arc;
    use std::time::Duration;

    use orgsweep_model::AccountId;
    use orgsweep_model::collector::Clock;
    use orgsweep_model::registry::Registry;
    use orgsweep_model::selection::{CheckSet, Scope};
    use orgsweep_sweep::Filter;

    use super::*;
    use crate::configuration::AccountsFrom;

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
