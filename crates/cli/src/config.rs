//! `orgsweep.toml`: the options of `scan`, settings of checks, and where they differ.

use std::collections::BTreeMap;
use std::path::Path;

use orgsweep_model::AccountId;
use orgsweep_model::selection::Scope;
use serde::Deserialize;
use serde_json::Value as Json;

use crate::arguments::ScanOptions;
use crate::exit::Failure;

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
}

/// One `[[override]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Override {
    ou: Option<String>,
    account: Option<AccountId>,
    checks: BTreeMap<String, Json>,
}

impl Config {
    /// Reads a file. Errors name the file, the place and what was expected.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Failure::new(format!("--config {}: {error}", path.display())))?;
        Self::parse(&text).map_err(|message| Failure::new(format!("--config {}: {message}", path.display())))
    }

    /// Parses the text of a file.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut table: toml::Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
        let checks = match table.remove("checks") {
            None => BTreeMap::new(),
            Some(value) => deserialize("checks", value)?,
        };
        let overrides: Vec<Override> = match table.remove("override") {
            None => Vec::new(),
            Some(value) => deserialize("override", value)?,
        };
        let options = deserialize("", toml::Value::Table(table))?;
        let overrides = overrides
            .into_iter()
            .map(|entry| {
                let scope = match (entry.ou, entry.account) {
                    (Some(unit), None) => Scope::Unit(unit),
                    (None, Some(account)) => Scope::Account(account),
                    _ => return Err("an [[override]] holds for exactly one of `ou` and `account`".to_owned()),
                };
                Ok((scope, entry.checks))
            })
            .collect::<Result<_, String>>()?;
        Ok(Self { options, checks, overrides })
    }
}

fn deserialize<T: serde::de::DeserializeOwned>(section: &str, value: toml::Value) -> Result<T, String> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        let inner = inner.to_string();
        let inner = inner.trim();
        match (section, path.as_str()) {
            ("", ".") => inner.to_owned(),
            ("", path) => format!("{path}: {inner}"),
            (section, ".") => format!("{section}: {inner}"),
            (section, path) => format!("{section}.{path}: {inner}"),
        }
    })
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
            [override.checks.iam-role-unused]
            days = 365
            "#,
        )
        .unwrap();
        assert_eq!(config.options.role_name, ["audit/Reader"]);
        assert_eq!(config.options.fail_on, Some(Severity::High));
        assert_eq!(config.checks["iam-role-unused"]["days"], 30);
        assert_eq!(config.overrides[0].0, Scope::Unit("/Root/Sandbox".to_owned()));
    }

    #[test]
    fn mistakes_are_named() {
        for (text, wanted) in [
            ("roel-name = 'x'", "roel-name"),
            ("fail-on = 'severe'", "fail-on"),
            ("account = ['12']", "12 digits"),
            ("[[override]]\nchecks = {}", "exactly one of"),
            ("[[override]]\nou = 'x'\naccuont = '1'\nchecks = {}", "accuont"),
            ("concurrency = ", "TOML"),
        ] {
            let message = Config::parse(text).unwrap_err();
            assert!(message.contains(wanted), "{text}: {message}");
        }
    }
}
