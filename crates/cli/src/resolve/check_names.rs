//! Ids that checks had before, in `--check`, `--exclude-check` and the configuration file: turned into those that they have
//! now, and a word about each. Nothing later has to know them.

use std::collections::BTreeMap;

use orgsweep_model::check::CheckMetadata;
use orgsweep_model::registry::Registry;
use orgsweep_model::{CheckStatus, DynCheck};
use serde_json::Value as Json;

use crate::exit::Failure;
use crate::options::ScanOptions;
use crate::resolve::Config;

/// Puts present ids in the place of former ones. What comes back is worth a warning each: former ids, and checks that are named
/// although they never run.
pub fn update(
    registry: &Registry,
    options: &mut ScanOptions,
    config: &mut Config,
) -> Result<Vec<String>, Failure> {
    let mut names = Names { registry, warnings: Vec::new(), problems: Vec::new() };
    names.update_list("--check", &mut options.checks.check);
    names.update_list("--exclude-check", &mut options.checks.exclude_check);
    names.update_keys("configuration, [checks]", &mut config.checks);
    for (scope, changes) in &mut config.overrides {
        names.update_keys(&format!("configuration, [[override]] {scope},"), changes);
    }
    if names.problems.is_empty() { Ok(names.warnings) } else { Err(Failure::new(names.problems.join("\n"))) }
}

/// `iam-new (formerly iam-old)`, where a check was found by an id that it had before.
pub fn renamed(wanted: &str, check: &dyn DynCheck) -> Option<String> {
    (check.id() != wanted).then(|| format!("check {wanted} is now called {}", check.id()))
}

/// The message for a choice that names a check that never runs.
pub fn retired(metadata: &CheckMetadata) -> Option<String> {
    let id = &metadata.id;
    match &metadata.status {
        CheckStatus::Retired { replaced_by: Some(other) } => {
            Some(format!("check {id} is retired and never runs; {other} replaces it"))
        }
        CheckStatus::Retired { replaced_by: None } => {
            Some(format!("check {id} is retired and never runs; no other check replaces it"))
        }
        CheckStatus::Stable | CheckStatus::Preview => None,
    }
}

struct Names<'r> {
    registry: &'r Registry,
    warnings: Vec<String>,
    problems: Vec<String>,
}

impl Names<'_> {
    /// The id that a check has now; a name that no check has or had stays as it is.
    fn present(&mut self, place: &str, name: &str) -> String {
        let Some(registered) = self.registry.named(name) else {
            return name.to_owned();
        };
        let messages = [renamed(name, &*registered.check), retired(registered.check.metadata())];
        self.warnings.extend(messages.into_iter().flatten().map(|message| format!("{place}: {message}")));
        registered.id().to_owned()
    }

    fn update_list(&mut self, place: &str, names: &mut Vec<String>) {
        let mut present: Vec<String> = Vec::new();
        for name in std::mem::take(names) {
            let name = self.present(place, &name);
            if !present.contains(&name) {
                present.push(name);
            }
        }
        *names = present;
    }

    fn update_keys(&mut self, place: &str, settings: &mut BTreeMap<String, Json>) {
        let mut present: BTreeMap<String, (String, Json)> = BTreeMap::new();
        for (name, value) in std::mem::take(settings) {
            let id = self.present(place, &name);
            if let Some((other, _)) = present.get(&id) {
                self.problems.push(format!(
                    "{place}: {other} and {name} are the same check, now called {id}: keep only {id}"
                ));
            }
            present.insert(id, (name, value));
        }
        *settings = present.into_iter().map(|(id, (_, value))| (id, value)).collect();
    }
}
