//! `orgsweep checks show`: one check, from the code itself.

use std::fmt::Write as _;

use orgsweep_model::registry::{ROSTER, Registry};
use orgsweep_model::{CheckMetadata, CheckStatus, DynCheck};

use crate::exit::Failure;
use crate::options::ScanOptions;
use crate::resolve::check_names;

/// Who is in the organization, and in which state, the caller asks; no role in an account needs it.
pub const ROSTER_ACTIONS: &[&str] = &["organizations:ListAccounts"];

/// Whether a check looks at the roster.
pub fn reads_roster(check: &dyn DynCheck) -> bool {
    check.dependencies().iter().any(|dependency| dependency.table.name == ROSTER)
}

/// Everything about one check.
pub fn show(registry: &Registry, id: &str) -> Result<String, Failure> {
    let Some(registered) = registry.named(id) else {
        let known: Vec<&str> =
            registry.checks().iter().map(orgsweep_model::registry::Registered::id).collect();
        return Err(Failure::new(orgsweep_model::nearest::unknown("checks show", "check", id, &known)));
    };
    let check = &*registered.check;
    let metadata = check.metadata();
    if let Some(message) = check_names::renamed(id, check) {
        crate::terminal::warn(&ScanOptions::default(), "check_renamed_or_retired", &message);
    }
    let mut text = String::new();
    let _ = writeln!(text, "{}\n{}\n", metadata.id, metadata.title);
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "{name:<11} {value}");
    };
    line("severity", metadata.severity.as_str());
    match &metadata.status {
        CheckStatus::Stable => {}
        CheckStatus::Preview => line("status", "preview: runs only with --preview or when --check names it"),
        CheckStatus::Retired { replaced_by: None } => line("status", "retired: never runs"),
        CheckStatus::Retired { replaced_by: Some(other) } => {
            line("status", &format!("retired: never runs; {other} replaces it"));
        }
    }
    if !metadata.former.is_empty() {
        line("former ids", &metadata.former.join(", "));
    }
    line("about", &metadata.resource_type);
    line("pack", &format!("{} (since {}, version {})", registered.pack, metadata.since, metadata.version));
    let tables: Vec<String> = check
        .dependencies()
        .iter()
        .map(|dependency| {
            let name = dependency.table.name;
            match (dependency.required, dependency.replaceable) {
                (true, _) => name.to_owned(),
                (false, true) => format!("{name} (one of these is enough)"),
                (false, false) => format!("{name} (may be missing)"),
            }
        })
        .collect();
    line("tables", &tables.join(", "));
    let mut actions = registry.actions_for(check).join(", ");
    if reads_roster(check) {
        let separator = if actions.is_empty() { "" } else { ", " };
        let _ =
            write!(actions, "{separator}{} (the caller, not the account's role)", ROSTER_ACTIONS.join(", "));
    }
    line("actions", &actions);
    let optional = registry.optional_actions_for(check);
    if !optional.is_empty() {
        line(
            "optional",
            &format!("{} (with --key-ids: names the keys that are flagged)", optional.join(", ")),
        );
    }
    line("source", &metadata.file);

    settings(check, &mut text);
    let _ = writeln!(text, "\n{}\n", metadata.manual_page());
    references(metadata, &mut text);
    Ok(text)
}

fn settings(check: &dyn DynCheck, text: &mut String) {
    let (metadata, values) = (check.metadata(), check.settings());
    if !metadata.settings.is_empty() {
        let _ = writeln!(text, "\nSettings, under [checks.{}]:", metadata.id);
        for setting in metadata.settings.iter() {
            let _ =
                writeln!(text, "  {} = {}   ({})", setting.name, values[setting.name.as_ref()], setting.kind);
            for line in setting.doc.lines() {
                let _ = writeln!(text, "      {}", line.trim());
            }
        }
    }
}

/// Controls that the check answers, and pages of AWS that it rests on.
fn references(metadata: &CheckMetadata, text: &mut String) {
    let mut frameworks: Vec<(String, Vec<&str>)> = Vec::new();
    for control in metadata.controls.iter() {
        let name = format!("{} {}", control.framework, control.version).trim().to_owned();
        match frameworks.iter_mut().find(|(known, _)| *known == name) {
            Some((_, ids)) => ids.push(control.id.as_ref()),
            None => frameworks.push((name, vec![control.id.as_ref()])),
        }
    }
    if !frameworks.is_empty() {
        let _ = writeln!(text, "## Controls");
        for (name, ids) in frameworks {
            let _ = writeln!(text, "- {name}: {}", ids.join(", "));
        }
        text.push('\n');
    }
    let _ = writeln!(text, "## Pages");
    for page in metadata.pages.iter() {
        let _ = writeln!(text, "- {page}");
    }
}
