//! `orgsweep config schema`: a JSON Schema of `orgsweep.toml`, so that editors complete and check it. The keys are the flags of
//! `scan`, which the same structs read, and the settings of the checks that are registered.

use std::any::TypeId;
use std::collections::BTreeMap;

use clap::builder::ValueParser;
use clap::{Arg, ArgAction, Args as _, Subcommand};
use orgsweep_model::registry::Registry;
use orgsweep_model::{AccountId, DynCheck, Severity};
use serde_json::Value as Json;

use crate::options::ScanOptions;
use crate::resolve::config::CHOICES;
use crate::terminal::json;
use crate::terminal::json::schema::{Kind, Others, Schema};

/// `orgsweep config …`.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print the JSON Schema of the configuration file, for editors: name it in the file's first line,
    /// `#:schema ./orgsweep.schema.json`.
    Schema,
}

/// The keys of an `[[override]]`, besides the settings of checks.
const OVERRIDE: [(&str, &str); 5] = [
    ("ou", "The organizational unit that this is for: id (ou-…) or path (/Root/Workloads)."),
    ("account", "The account that this is for."),
    ("role-name", "Roles to assume there, tried in order."),
    ("external-id", "External ID to pass there."),
    ("allow-unmatched", "Accept that no account is in this unit, or that the account is not listed."),
];

/// The schema as text.
pub fn schema(registry: &Registry) -> String {
    let mut properties = options();
    let checks = checks(registry);
    properties.insert("checks".to_owned(), checks.clone());
    properties.insert("override".to_owned(), Schema::list_of(overrides(checks)));
    let schema = Schema {
        dialect: Some("https://json-schema.org/draft/2020-12/schema"),
        title: Some("orgsweep.toml"),
        ..Schema::object(properties)
            .described("The options of `scan`, settings of checks, and where they differ.")
    };
    json::lines(&schema) + "\n"
}

/// The options of `scan`, by their keys.
fn options() -> BTreeMap<String, Schema> {
    let command = ScanOptions::augment_args(clap::Command::new("scan"));
    let keys = command.get_arguments().filter_map(|argument| Some((argument.get_long()?, argument)));
    keys.map(|(key, argument)| (key.to_owned(), option(key, argument))).collect()
}

/// One option: its type, its help, and its default where it is a value.
fn option(key: &str, argument: &Arg) -> Schema {
    let description = argument.get_help().map(ToString::to_string).unwrap_or_default();
    let mut schema = match argument.get_action() {
        ArgAction::SetTrue => Schema::of(Kind::Boolean),
        ArgAction::Append => list(value(argument), CHOICES.contains(&key)),
        _ => value(argument),
    };
    let default = description.rsplit_once("[default: ").and_then(|(_, rest)| rest.strip_suffix(']'));
    if let Some(default) = default {
        let is_text = schema.kind == Some(Kind::String);
        let number = default.parse::<u64>().ok().filter(|_| !is_text);
        if let Some(number) = number {
            schema.default = Some(number.into());
        } else if is_text && !default.contains([' ', ',']) {
            schema.default = Some(default.into());
        }
    }
    schema.described(description)
}

/// One value of an option.
fn value(argument: &Arg) -> Schema {
    let names: Vec<String> =
        argument.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    if !names.is_empty() {
        return Schema::one_of_names(names);
    }
    let parser: &ValueParser = argument.get_value_parser();
    let is = |kind: TypeId| parser.type_id() == kind;
    if is(TypeId::of::<Severity>()) {
        Schema::one_of_names(Severity::ALL.map(|severity| severity.as_str().to_owned()).to_vec())
    } else if is(TypeId::of::<AccountId>()) {
        account()
    } else if is(TypeId::of::<u32>()) {
        Schema { minimum: Some(0), maximum: Some(u32::MAX), ..Schema::of(Kind::Integer) }
    } else if is(TypeId::of::<usize>()) {
        Schema { minimum: Some(0), ..Schema::of(Kind::Integer) }
    } else if is(TypeId::of::<f64>()) {
        Schema::of(Kind::Number)
    } else {
        Schema::of(Kind::String)
    }
}

fn account() -> Schema {
    Schema { pattern: Some("^[0-9]{12}$"), ..Schema::of(Kind::String) }
}

/// A list, or one value in its place.
fn list(value: Schema, is_choice: bool) -> Schema {
    let many = Schema { min_items: is_choice.then_some(1), ..Schema::list_of(value.clone()) };
    Schema { any_of: vec![value, many], ..Schema::default() }
}

fn checks(registry: &Registry) -> Schema {
    let mut checks = BTreeMap::new();
    for registered in registry.checks() {
        let metadata = registered.check.metadata();
        let settings = metadata
            .settings
            .iter()
            .map(|setting| (setting.name.to_string(), setting_of(&*registered.check, setting)))
            .collect();
        let schema = Schema::object(settings);
        for former in metadata.former.iter() {
            let now = format!("Is {} now. {}", metadata.id, metadata.title);
            checks.insert(former.to_string(), Schema { deprecated: true, ..schema.clone() }.described(now));
        }
        checks.insert(metadata.id.to_string(), schema.described(metadata.title.as_ref()));
    }
    Schema::object(checks).described("Settings of checks, by id.")
}

/// One setting of a check: its type, its documentation, its default.
fn setting_of(check: &dyn DynCheck, setting: &orgsweep_model::SettingMetadata) -> Schema {
    let default = check.settings()[setting.name.as_ref()].clone();
    let texts = Schema::of(Kind::String);
    let schema = match &default {
        Json::Bool(_) => Schema::of(Kind::Boolean),
        Json::Number(number) if number.is_f64() => Schema::of(Kind::Number),
        Json::Number(_) if setting.kind.starts_with('u') => {
            Schema { minimum: Some(0), ..Schema::of(Kind::Integer) }
        }
        Json::Number(_) => Schema::of(Kind::Integer),
        Json::Array(_) => Schema::list_of(texts),
        Json::Object(_) => {
            let each = Some(Others::Each(Box::new(texts)));
            Schema { additional_properties: each, ..Schema::of(Kind::Object) }
        }
        // Without names it is any text.
        _ => Schema::one_of_names(variants(check, &setting.name)),
    };
    let lines: Vec<&str> = setting.doc.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    Schema { default: Some(default), ..schema.described(lines.join(" ")) }
}

/// The names that a setting takes: those that the check lists where it refuses another.
fn variants(check: &dyn DynCheck, setting: &str) -> Vec<String> {
    let none = Json::Object([(setting.to_owned(), Json::from(""))].into_iter().collect());
    let Err(message) = check.with_settings(&none) else { return Vec::new() };
    let listed = message.split_once("expected").map_or("", |(_, rest)| rest);
    listed.split('`').skip(1).step_by(2).map(ToOwned::to_owned).collect()
}

fn overrides(checks: Schema) -> Schema {
    let mut properties: BTreeMap<String, Schema> = OVERRIDE
        .iter()
        .map(|(key, description)| {
            let schema = match *key {
                "account" => account(),
                "role-name" => list(Schema::of(Kind::String), false),
                "allow-unmatched" => Schema { default: Some(false.into()), ..Schema::of(Kind::Boolean) },
                _ => Schema::of(Kind::String),
            };
            ((*key).to_owned(), schema.described(*description))
        })
        .collect();
    properties.insert("checks".to_owned(), checks);
    let one = |key| Schema { required: vec![key], ..Schema::default() };
    Schema { one_of: vec![one("ou"), one("account")], ..Schema::object(properties) }
        .described("What differs in one organizational unit or account; of several the last one wins.")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde::de::DeserializeOwned;
    use serde_json::json;

    use super::*;
    use crate::resolve::config::Override;

    /// The keys that a struct reads, as it lists them where it refuses another.
    fn keys_of<T: DeserializeOwned>() -> BTreeSet<String> {
        let message = serde_json::from_value::<T>(json!({"no such key": 1})).err().unwrap().to_string();
        message.split('`').skip(3).step_by(2).map(ToOwned::to_owned).collect()
    }

    #[test]
    fn the_schema_has_the_keys_that_are_read_and_no_other() {
        let options: BTreeSet<String> = options().into_keys().collect();
        assert_eq!(options, ScanOptions::keys().into_iter().collect());
        let overrides: BTreeSet<String> =
            OVERRIDE.iter().map(|(key, _)| *key).chain(["checks"]).map(ToOwned::to_owned).collect();
        assert_eq!(overrides, keys_of::<Override>());
    }

    #[test]
    fn types_and_defaults_are_those_of_the_options() {
        let options = serde_json::to_value(options()).unwrap();
        for (key, pointer, wanted) in [
            ("concurrency", "/type", json!("integer")),
            ("concurrency", "/default", json!(64)),
            ("max-rate", "/type", json!("number")),
            ("single-account", "/type", json!("boolean")),
            ("account", "/anyOf/1/items/pattern", json!("^[0-9]{12}$")),
            ("account", "/anyOf/1/minItems", json!(1)),
            ("exclude-account", "/anyOf/1/minItems", Json::Null),
            ("fail-on", "/enum/4", json!("critical")),
            ("color", "/enum", json!(["auto", "always", "never"])),
            ("attempt-timeout", "/default", json!("60s")),
            ("out", "/type", json!("string")),
        ] {
            let found = options[key].pointer(pointer).cloned().unwrap_or_default();
            assert_eq!(found, wanted, "{key} {pointer}: {}", options[key]);
        }
        assert!(options["ou"]["description"].as_str().unwrap().contains("organizational units"));
    }
}
