//! `orgsweep.toml`: the options of `scan`, settings of checks, and where they differ.

use std::collections::BTreeMap;
use std::path::Path;

use orgsweep_model::AccountId;
use orgsweep_model::selection::{Scope, names_of_path};
use serde::Deserialize;
use serde_json::Value as Json;

use crate::exit::Failure;
use crate::options::ScanOptions;
use crate::options::access::AccessOptions;
use crate::options::accounts::AccountOptions;
use crate::options::checks::CheckOptions;
use crate::options::output::OutputOptions;
use crate::options::pace::PaceOptions;
use crate::options::values;
use crate::resolve::wording::without_type_words;
use orgsweep_model::nearest::unknown;

/// A configuration file, read and checked for shape; check ids and settings are checked against the registry
/// later, before anything is scanned.
#[derive(Debug, Default)]
pub struct Config {
    /// The options of `scan`.
    pub options: ScanOptions,
    /// Settings by check id.
    pub checks: BTreeMap<String, Json>,
    /// In file order; the last that holds for an account wins.
    pub overrides: Vec<(Scope, BTreeMap<String, Json>)>,
    /// Where the way in differs, in file order.
    pub access: Vec<(Scope, OverriddenAccess)>,
    /// Of all overrides in which an account must be.
    pub scopes: Vec<Scope>,
}

/// How accounts are entered in a unit or an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OverriddenAccess {
    /// Roles to try; empty: as everywhere.
    pub role_name: Vec<String>,
    /// External id; `None`: as everywhere.
    pub external_id: Option<String>,
}

/// One `[[override]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Override {
    ou: Option<String>,
    account: Option<AccountId>,
    #[serde(default)]
    checks: BTreeMap<String, Json>,
    #[serde(default, deserialize_with = "values::list")]
    role_name: Vec<String>,
    external_id: Option<String>,
    #[serde(default)]
    allow_unmatched: bool,
}

impl Config {
    /// The file, if one was named.
    pub fn read_or_default(path: Option<&Path>) -> Result<Self, Failure> {
        path.map_or_else(|| Ok(Self::default()), Self::read)
    }

    /// Reads a file. Errors name the file, the place and what was expected.
    fn read(path: &Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Failure::new(format!("--config {}: {error}", path.display())))?;
        Self::parse(&text).map_err(|message| Failure::new(format!("--config {}: {message}", path.display())))
    }

    /// Parses the text of a file.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut table: toml::Table =
            text.parse().map_err(|error: toml::de::Error| without_type_words(&error.to_string()))?;
        // An empty list would choose everything, and reads as if it chose nothing.
        for key in CHOICES {
            if table.get(key).and_then(toml::Value::as_array).is_some_and(Vec::is_empty) {
                return Err(format!(
                    "{key}: the list is empty, which chooses nothing; leave the key away for all"
                ));
            }
        }
        let checks = match table.remove("checks") {
            None => BTreeMap::new(),
            Some(value) => deserialize("checks", value)?,
        };
        let overrides: Vec<Override> = match table.remove("override") {
            None => Vec::new(),
            Some(toml::Value::Table(_)) => {
                return Err(
                    "override: expected a list of tables: write [[override]], with two brackets".to_owned()
                );
            }
            Some(value) => deserialize("override", value)?,
        };
        let options = scan_options(table)?;
        let mut config = Self { options, checks, ..Self::default() };
        for entry in overrides {
            let scope = match (entry.ou, entry.account) {
                (Some(unit), None) => Scope::Unit(unit_name(unit)?),
                (None, Some(account)) => Scope::Account(account),
                _ => return Err("an [[override]] holds for exactly one of `ou` and `account`".to_owned()),
            };
            if !entry.allow_unmatched {
                config.scopes.push(scope.clone());
            }
            if !entry.checks.is_empty() {
                config.overrides.push((scope.clone(), entry.checks));
            }
            let access = OverriddenAccess { role_name: entry.role_name, external_id: entry.external_id };
            if access != OverriddenAccess::default() {
                config.access.push((scope, access));
            }
        }
        Ok(config)
    }
}

/// Keys of the file by which something is chosen.
pub const CHOICES: [&str; 9] =
    ["account", "ou", "tag", "check", "severity", "framework", "role-name", "role-chain", "collect"];

/// An organizational unit by id or by path.
pub fn unit_name(unit: String) -> Result<String, String> {
    if unit.starts_with("ou-") || unit.starts_with("r-") {
        return Ok(unit);
    }
    if unit.starts_with('/') {
        return match names_of_path(&unit) {
            Some(_) => Ok(unit),
            None => Err(format!(
                "{unit:?} is not a path of an organizational unit: expected one such as /Root/Workloads; a slash in a name \
                 is written \\/ and a backslash \\\\"
            )),
        };
    }
    Err(format!(
        "{unit:?} is not an organizational unit: expected an id (ou-ab12-34567890, r-ab12) or a path (/Root/Workloads)"
    ))
}

/// The options of a scan, group by group.
fn scan_options(mut table: toml::Table) -> Result<ScanOptions, String> {
    let options = ScanOptions {
        access: group(&mut table, AccessOptions::FIELDS)?,
        accounts: group(&mut table, AccountOptions::FIELDS)?,
        checks: group(&mut table, CheckOptions::FIELDS)?,
        pace: group(&mut table, PaceOptions::FIELDS)?,
        output: group(&mut table, OutputOptions::FIELDS)?,
    };
    match table.keys().next() {
        None => Ok(options),
        Some(key) => {
            let keys = ScanOptions::keys();
            let known: Vec<&str> = keys.iter().map(String::as_str).collect();
            Err(format!("{key}: {}", unknown("key", "key", key, &known)))
        }
    }
}

fn group<T: serde::de::DeserializeOwned>(table: &mut toml::Table, fields: &[&str]) -> Result<T, String> {
    let (own, others) =
        std::mem::take(table).into_iter().partition(|(key, _)| ScanOptions::is_one_of(key, fields));
    *table = others;
    deserialize("", toml::Value::Table(own))
}

fn deserialize<T: serde::de::DeserializeOwned>(section: &str, value: toml::Value) -> Result<T, String> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        let inner = inner.to_string();
        let inner = with_the_nearest(&without_type_words(inner.trim()));
        let inner = inner.as_str();
        match (section, path.as_str()) {
            ("", ".") => inner.to_owned(),
            ("", path) => format!("{path}: {inner}"),
            (section, ".") => format!("{section}: {inner}"),
            (section, path) => format!("{section}.{path}: {inner}"),
        }
    })
}

/// `unknown field `x`, expected one of …`: the one that was meant, where forty are known.
fn with_the_nearest(message: &str) -> String {
    let named = || {
        let (name, rest) = message.strip_prefix("unknown field `")?.split_once('`')?;
        let known: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
        (!known.is_empty()).then(|| unknown("key", "key", name, &known))
    };
    named().unwrap_or_else(|| message.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use orgsweep_model::Severity;

    #[test]
    fn options_settings_and_overrides() {
        let config = Config::parse(
            r#"
            role-name = ["audit/Reader"]
            fail-on = "high"
            account = ["111122223333"]

            [checks.iam-role-unused]
            days = 30

            [[override]]
            ou = "/Root/Sandbox"
            role-name = ["Other"]
            [override.checks.iam-role-unused]
            days = 365
            "#,
        )
        .unwrap();
        assert_eq!(config.options.access.role_name, ["audit/Reader"]);
        assert_eq!(config.options.output.fail_on, Some(Severity::High));
        assert_eq!(config.checks["iam-role-unused"]["days"], 30);
        assert_eq!(config.overrides[0].0, Scope::Unit("/Root/Sandbox".to_owned()));
        assert_eq!(config.access[0].1.role_name, ["Other"]);
    }

    #[test]
    fn one_value_stands_for_a_list_of_one() {
        let text = r#"
            ou = "/Root/X"
            exclude-ou = "/Root/Y, Z"
            account = "111122223333"
            role-name = "A"
            check = "iam-role-unused"
            now = 2026-11-24
            [[override]]
            ou = "/Root/X"
            role-name = "B"
        "#;
        let config = Config::parse(text).unwrap();
        let options = &config.options;
        assert_eq!(
            (&options.accounts.ou[..], &options.accounts.exclude_ou[..]),
            (&["/Root/X".to_owned()][..], &["/Root/Y, Z".to_owned()][..])
        );
        assert_eq!(
            (options.accounts.account.len(), &options.access.role_name[..]),
            (1, &["A".to_owned()][..])
        );
        assert_eq!(options.checks.check, ["iam-role-unused"]);
        assert_eq!(options.output.now.unwrap().to_string(), "2026-11-24T00:00:00Z");
        assert_eq!(config.access[0].1.role_name, ["B"]);
    }

    #[test]
    fn mistakes_are_named() {
        for (text, wanted) in [
            ("roel-name = 'x'", "roel-name"),
            ("fail-on = 'severe'", "fail-on"),
            ("account = ['12']", "12 digits"),
            ("[[override]]\nchecks = {}", "exactly one of"),
            ("[[override]]\nou = 'x'\naccuont = '1'\nchecks = {}", "accuont"),
            ("[[override]]\nou = 'Workloads'\n", "not an organizational unit"),
            ("deadline = 'soon'", "length of time"),
            ("deadline = '0s'", "no time at all"),
            ("ou = 7", "expected a text, or a list of texts"),
            ("account = '12'", "12 digits"),
            ("now = 'yesterday'", "is not a moment"),
            ("now = 7", "expected a moment"),
            ("concurrency = ", "TOML"),
        ] {
            let message = Config::parse(text).unwrap_err();
            assert!(message.contains(wanted), "{text}: {message}");
        }
    }
}
