//! `orgsweep config schema`: a JSON Schema of `orgsweep.toml`, so that editors complete and check it. The keys are the flags of
//! `scan`, which the same structs read, and the settings of the checks that are registered.

use std::any::TypeId;

use clap::builder::ValueParser;
use clap::{Arg, ArgAction, Args as _, Subcommand};
use orgsweep_model::registry::Registry;
use orgsweep_model::{AccountId, DynCheck, Severity};
use serde_json::{Map, Value as Json, json};

use crate::options::ScanOptions;
use crate::resolve::config::CHOICES;

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
    properties.insert("override".to_owned(), json!({"type": "array", "items": overrides(&checks)}));
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "orgsweep.toml",
        "description": "The options of `scan`, settings of checks, and where they differ.",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    format!("{schema:#}\n")
}

/// The options of `scan`, by their keys.
fn options() -> Map<String, Json> {
    let command = ScanOptions::augment_args(clap::Command::new("scan"));
    let keys = command.get_arguments().filter_map(|argument| Some((argument.get_long()?, argument)));
    keys.map(|(key, argument)| (key.to_owned(), option(key, argument))).collect()
}

/// One option: its type, its help, and its default where it is a value.
fn option(key: &str, argument: &Arg) -> Json {
    let description = argument.get_help().map(ToString::to_string).unwrap_or_default();
    let mut schema = match argument.get_action() {
        ArgAction::SetTrue => json!({"type": "boolean"}),
        ArgAction::Append => list(&value(argument), CHOICES.contains(&key)),
        _ => value(argument),
    };
    let default = description.rsplit_once("[default: ").and_then(|(_, rest)| rest.strip_suffix(']'));
    if let Some(default) = default {
        let number = default.parse::<u64>().ok().filter(|_| schema["type"] != "string");
        if let Some(number) = number {
            schema["default"] = json!(number);
        } else if schema["type"] == "string" && !default.contains([' ', ',']) {
            schema["default"] = json!(default);
        }
    }
    schema["description"] = json!(description);
    schema
}

/// One value of an option.
fn value(argument: &Arg) -> Json {
    let names: Vec<String> =
        argument.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    if !names.is_empty() {
        return json!({"type": "string", "enum": names});
    }
    let parser: &ValueParser = argument.get_value_parser();
    let is = |kind: TypeId| parser.type_id() == kind;
    if is(TypeId::of::<Severity>()) {
        json!({"type": "string", "enum": Severity::ALL.map(Severity::as_str)})
    } else if is(TypeId::of::<AccountId>()) {
        account()
    } else if is(TypeId::of::<u32>()) {
        json!({"type": "integer", "minimum": 0, "maximum": u32::MAX})
    } else if is(TypeId::of::<usize>()) {
        json!({"type": "integer", "minimum": 0})
    } else if is(TypeId::of::<f64>()) {
        json!({"type": "number"})
    } else {
        json!({"type": "string"})
    }
}

fn account() -> Json {
    json!({"type": "string", "pattern": "^[0-9]{12}$"})
}

/// A list, or one value in its place.
fn list(value: &Json, is_choice: bool) -> Json {
    let mut many = json!({"type": "array", "items": value});
    if is_choice {
        many["minItems"] = json!(1);
    }
    json!({"anyOf": [value, many]})
}

fn checks(registry: &Registry) -> Json {
    let checks = registry.checks().iter().flat_map(|registered| {
        let metadata = registered.check.metadata();
        let settings: Map<String, Json> = metadata
            .settings
            .iter()
            .map(|setting| (setting.name.to_string(), setting_of(&*registered.check, setting)))
            .collect();
        let schema = json!({
            "type": "object",
            "description": metadata.title,
            "properties": settings,
            "additionalProperties": false,
        });
        let mut keys = vec![(metadata.id.to_string(), schema.clone())];
        for former in metadata.former.iter() {
            let mut schema = schema.clone();
            schema["description"] = json!(format!("Is {} now. {}", metadata.id, metadata.title));
            schema["deprecated"] = json!(true);
            keys.push((former.to_string(), schema));
        }
        keys
    });
    json!({
        "type": "object",
        "description": "Settings of checks, by id.",
        "properties": checks.collect::<Map<String, Json>>(),
        "additionalProperties": false,
    })
}

/// One setting of a check: its type, its documentation, its default.
fn setting_of(check: &dyn DynCheck, setting: &orgsweep_model::SettingMetadata) -> Json {
    let default = check.settings()[setting.name.as_ref()].clone();
    let texts = json!({"type": "string"});
    let mut schema = match &default {
        Json::Bool(_) => json!({"type": "boolean"}),
        Json::Number(number) if number.is_f64() => json!({"type": "number"}),
        Json::Number(_) if setting.kind.starts_with('u') => json!({"type": "integer", "minimum": 0}),
        Json::Number(_) => json!({"type": "integer"}),
        Json::Array(_) => json!({"type": "array", "items": texts}),
        Json::Object(_) => json!({"type": "object", "additionalProperties": texts}),
        _ => match variants(check, &setting.name) {
            names if names.is_empty() => texts,
            names => json!({"type": "string", "enum": names}),
        },
    };
    let lines: Vec<&str> = setting.doc.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    schema["description"] = json!(lines.join(" "));
    schema["default"] = default;
    schema
}

/// The names that a setting takes: those that the check lists where it refuses another.
fn variants(check: &dyn DynCheck, setting: &str) -> Vec<String> {
    let Err(message) = check.with_settings(&json!({setting: ""})) else { return Vec::new() };
    let listed = message.split_once("expected").map_or("", |(_, rest)| rest);
    listed.split('`').skip(1).step_by(2).map(ToOwned::to_owned).collect()
}

fn overrides(checks: &Json) -> Json {
    let mut properties: Map<String, Json> = OVERRIDE
        .iter()
        .map(|(key, description)| {
            let mut schema = match *key {
                "account" => account(),
                "role-name" => list(&json!({"type": "string"}), false),
                "allow-unmatched" => json!({"type": "boolean", "default": false}),
                _ => json!({"type": "string"}),
            };
            schema["description"] = json!(description);
            ((*key).to_owned(), schema)
        })
        .collect();
    properties.insert("checks".to_owned(), checks.clone());
    json!({
        "type": "object",
        "description": "What differs in one organizational unit or account; of several the last one wins.",
        "properties": properties,
        "additionalProperties": false,
        "oneOf": [{"required": ["ou"]}, {"required": ["account"]}],
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde::de::DeserializeOwned;

    use super::*;
    use crate::resolve::config::Override;

    /// The keys that a struct reads, as it lists them where it refuses another.
    fn keys_of<T: DeserializeOwned>() -> BTreeSet<String> {
        let message = serde_json::from_value::<T>(json!({"no such key": 1})).err().unwrap().to_string();
        message.split('`').skip(3).step_by(2).map(ToOwned::to_owned).collect()
    }

    #[test]
    fn the_schema_has_the_keys_that_are_read_and_no_other() {
        let options: BTreeSet<String> = options().into_iter().map(|(key, _)| key).collect();
        assert_eq!(options, ScanOptions::keys().into_iter().collect());
        let overrides: BTreeSet<String> =
            OVERRIDE.iter().map(|(key, _)| *key).chain(["checks"]).map(ToOwned::to_owned).collect();
        assert_eq!(overrides, keys_of::<Override>());
    }

    #[test]
    fn types_and_defaults_are_those_of_the_options() {
        let options = options();
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
