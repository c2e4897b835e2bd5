//! What decides the results of a scan: hashed, stored with it, and compared when another attempt adds to it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use orgsweep_model::AccountId;
use orgsweep_model::selection::Scope;
use orgsweep_sweep::{Filter, Plan};
use serde::Serialize;
use serde_json::{Map, Value as Json, json};

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
    organization_tables: Vec<&'static str>,
    computed_tables: Vec<&'static str>,
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

impl<'a> Configuration<'a> {
    /// Everything is named here, so that whoever adds an option decides whether it is hashed.
    fn of(plan: &'a Plan, decisions: &'a Decisions) -> Self {
        let Plan {
            checks,
            collectors,
            organization_collectors,
            computed,
            filter,
            most_details,
            // Whether an override may match nothing decides whether a scan is done, and not what comes of it.
            scopes: _,
            // The moment is compared by itself, and what an earlier attempt left is no choice.
            now: _,
            clock: _,
            // Which tables there are follows from the program, and its version is compared by itself.
            stored: _,
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
            organization_tables: organization_collectors
                .iter()
                .flat_map(|one| one.fills().iter().map(|table| table.name))
                .collect(),
            computed_tables: computed.iter().map(|one| one.schema().name).collect(),
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
}

/// Everything that decides the results of a scan, as JSON: what is not in it may differ between two attempts at the same scan.
pub fn configuration(plan: &Plan, decisions: &Decisions) -> Json {
    json!(Configuration::of(plan, decisions))
}

/// Where two configurations differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigurationDifference {
    /// Which part: `units`, `access.roles`, `checks.iam-a.days`.
    pub part: String,
    /// What the earlier attempt had, as JSON; null: nothing.
    pub earlier: String,
    /// What this one has.
    pub now: String,
}

/// Which part of a configuration another attempt may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MayChange {
    /// Nothing: its rows stand beside rows that were collected before.
    Nothing,
    /// How accounts are entered: what is collected again is collected as a whole.
    Access,
}

/// What is named part by part: a difference is in one check, one setting, one way of access.
const IN_PARTS: [&str; 2] = ["checks", "access"];

/// The first thing in which a configuration differs from an earlier attempt's, of what it may not change.
pub fn difference(earlier: &Json, now: &Json, may_change: MayChange) -> Option<ConfigurationDifference> {
    keys(earlier, now).into_iter().find_map(|part| {
        if part == "access" && may_change == MayChange::Access {
            return None;
        }
        within(part, &earlier[part], &now[part])
    })
}

/// The difference in a part, as small as it is named.
fn within(part: &str, earlier: &Json, now: &Json) -> Option<ConfigurationDifference> {
    let is_in_parts =
        IN_PARTS.iter().any(|name| part.split('.').next() == Some(name)) && part.matches('.').count() < 2;
    if is_in_parts && earlier.is_object() && now.is_object() {
        return keys(earlier, now)
            .into_iter()
            .find_map(|key| within(&format!("{part}.{key}"), &earlier[key], &now[key]));
    }
    let shown = |value: &Json| orgsweep_model::text::bounded(&value.to_string(), 200);
    let difference =
        || ConfigurationDifference { part: part.to_owned(), earlier: shown(earlier), now: shown(now) };
    (earlier != now).then(difference)
}

/// The keys of two objects, sorted.
fn keys<'j>(earlier: &'j Json, now: &'j Json) -> BTreeSet<&'j str> {
    let of = |value: &'j Json| value.as_object().into_iter().flat_map(Map::keys);
    of(earlier).chain(of(now)).map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configuration() -> Json {
        let access = json!(AccessChoice::default());
        json!({
            "checks": {"iam-a": {"days": 90}, "iam-b": {}},
            "overrides": [], "tables": ["users"], "details": 0, "report_max_age_seconds": null,
            "accounts": "organization", "units": [], "excluded_units": [], "chosen_accounts": [],
            "excluded_accounts": [], "tags": {}, "access": access,
        })
    }

    fn found(change: impl FnOnce(&mut Json), may_change: MayChange) -> Option<(String, String, String)> {
        let mut now = configuration();
        change(&mut now);
        let found = difference(&configuration(), &now, may_change)?;
        Some((found.part, found.earlier, found.now))
    }

    #[test]
    fn the_part_that_differs_is_named_with_both_values() {
        let nothing = MayChange::Nothing;
        let named = |part: &str, earlier: &str, now: &str| Some((part.into(), earlier.into(), now.into()));
        assert_eq!(found(|_| {}, nothing), None);
        assert_eq!(found(|now| now["units"] = json!(["ou-1"]), nothing), named("units", "[]", "[\"ou-1\"]"));
        let days = |now: &mut Json| now["checks"]["iam-a"]["days"] = json!(30);
        assert_eq!(found(days, nothing), named("checks.iam-a.days", "90", "30"));
        let without = |now: &mut Json| drop(now["checks"].as_object_mut().unwrap().remove("iam-b"));
        assert_eq!(found(without, nothing), named("checks.iam-b", "{}", "null"));
        let role = |now: &mut Json| now["access"]["roles"] = json!(["Audit"]);
        assert_eq!(found(role, nothing), named("access.roles", "[]", "[\"Audit\"]"));
        assert_eq!(found(role, MayChange::Access), None);
        let unknown = |now: &mut Json| now["later"] = json!(1);
        assert_eq!(found(unknown, MayChange::Access), named("later", "null", "1"));
    }
}
