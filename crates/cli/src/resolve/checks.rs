//! Which checks run, with which settings: problems are gathered, so that one run shows them all.

use std::collections::{BTreeMap, BTreeSet};

use orgsweep_model::nearest::unknown;
use orgsweep_model::registry::Registry;
use orgsweep_model::selection::{CheckSet, Scope};
use serde_json::Value as Json;

use crate::options::ScanOptions;
use crate::resolve::without_type_words;
use crate::terminal::program;

/// The chosen checks with their settings; problems are gathered, so that one run shows them all.
pub fn check_set(
    registry: &Registry,
    options: &ScanOptions,
    settings: &BTreeMap<String, Json>,
    overrides: &[(Scope, BTreeMap<String, Json>)],
    problems: &mut Vec<String>,
) -> Option<CheckSet> {
    let ids: Vec<&str> = registry.checks().iter().map(orgsweep_model::registry::Registered::id).collect();
    let mut verify = |place: &str, id: &String| {
        if !ids.contains(&id.as_str()) {
            problems.push(unknown(place, "check", id, &ids));
        }
    };
    options.checks.check.iter().for_each(|id| verify("--check", id));
    options.checks.exclude_check.iter().for_each(|id| verify("--exclude-check", id));
    for id in settings.keys() {
        verify("configuration, [checks]", id);
    }
    for (scope, changes) in overrides {
        for id in changes.keys() {
            verify(&format!("configuration, [[override]] {scope},"), id);
        }
    }
    if let Some(framework) = &options.checks.framework {
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

    let nothing = Json::Object(serde_json::Map::new());
    let mut checks = CheckSet::new();
    for registered in registry.checks() {
        let metadata = registered.check.metadata();
        let id = metadata.id.to_string();
        let is_named = options.checks.check.contains(&id);
        let chosen = (options.checks.check.is_empty() || is_named)
            && metadata.status.runs(is_named, options.checks.preview)
            && !options.checks.exclude_check.contains(&id)
            && options.checks.severity.is_none_or(|least| metadata.severity >= least)
            && options
                .checks
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
