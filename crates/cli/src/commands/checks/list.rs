//! `orgsweep checks list`: the registered checks, all or those that match, for people and for programs.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::Args;
use orgsweep_model::nearest::unknown;
use orgsweep_model::registry::{Registered, Registry};
use orgsweep_model::{CheckStatus, Severity};

use super::show::{ROSTER_ACTIONS, reads_roster};
use crate::exit::Failure;
use crate::options::PrintFormat;
use crate::resolve::checks::unknown_framework;
use crate::terminal::json::{self, v1};
use crate::terminal::program;
use crate::terminal::{ColorWhen, Layout, columns, fitted, wrap};

/// `orgsweep checks list`. Filters add up: a check must match all of them.
#[derive(Debug, Args)]
pub struct ListArguments {
    /// Words that must all occur in the check's ID, title or manual page.
    #[arg(value_name = "TEXT")]
    pub text: Vec<String>,
    /// Only checks of this pack.
    #[arg(long, value_name = "NAME")]
    pub pack: Option<String>,
    /// Only checks of this severity or above.
    #[arg(long)]
    pub severity: Option<Severity>,
    /// Only checks mapped to this framework, such as cis or cis:3.0.
    #[arg(long, value_name = "NAME")]
    pub framework: Option<String>,
    /// Output format.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    pub format: PrintFormat,
    /// The same as --format json.
    #[arg(long, hide = true, conflicts_with = "format")]
    pub json: bool,
}

/// The checks that match, in the requested format.
pub fn list(registry: &Registry, arguments: &ListArguments) -> Result<String, Failure> {
    let matching = matching(registry, arguments)?;
    if arguments.json || arguments.format == PrintFormat::Json {
        return Ok(as_json(registry, &matching));
    }
    Ok(as_text(&matching, registry.checks().len(), Layout::of_output(ColorWhen::Auto)))
}

fn matching<'r>(registry: &'r Registry, arguments: &ListArguments) -> Result<Vec<&'r Registered>, Failure> {
    let checks = registry.checks();
    if let Some(pack) = &arguments.pack {
        let known: Vec<&str> = checks.iter().map(|registered| registered.pack).collect();
        if !known.contains(&pack.as_str()) {
            return Err(Failure::new(unknown("--pack", "pack", pack, &known)));
        }
    }
    let answers = |registered: &Registered, wanted: &str| {
        registered.check.metadata().controls.iter().any(|control| control.matches(wanted))
    };
    if let Some(framework) = &arguments.framework
        && !checks.iter().any(|registered| answers(registered, framework))
    {
        return Err(Failure::new(unknown_framework(registry, framework)));
    }
    let words: Vec<String> = arguments.text.iter().map(|word| word.to_lowercase()).collect();
    let holds_words = |registered: &Registered| {
        let metadata = registered.check.metadata();
        let text = format!("{} {} {}", metadata.id, metadata.title, metadata.manual_page()).to_lowercase();
        words.iter().all(|word| text.contains(word.as_str()))
    };
    Ok(checks
        .iter()
        .filter(|registered| {
            arguments.pack.as_deref().is_none_or(|pack| registered.pack == pack)
                && arguments.severity.is_none_or(|least| registered.check.metadata().severity >= least)
                && arguments.framework.as_deref().is_none_or(|wanted| answers(registered, wanted))
                && holds_words(registered)
        })
        .collect())
}

fn as_text(matching: &[&Registered], all: usize, layout: Layout) -> String {
    let mut text = String::new();
    let widest = |of: fn(&Registered) -> Cow<'_, str>| {
        matching.iter().map(|registered| columns(&of(registered))).max().unwrap_or(0)
    };
    let (id, pack) =
        (widest(|registered| registered.id().into()), widest(|registered| registered.pack.into()));
    let title = widest(titled);
    // Where a line has no place for everything, the title has one of its own.
    let is_narrow = id + 2 + 13 + 2 + pack + 2 + title > layout.prose;
    for registered in matching {
        let metadata = registered.check.metadata();
        let severity = layout.paint(
            crate::terminal::severity_style(metadata.severity),
            &fitted(metadata.severity.as_str(), 13),
        );
        let _ = write!(text, "{}  {severity}  {}", fitted(&metadata.id, id), fitted(registered.pack, pack));
        if is_narrow {
            text.truncate(text.trim_end().len());
            for line in wrap(titled(registered).split(' '), layout.width - 4) {
                let _ = write!(text, "\n    {line}");
            }
        } else {
            let _ = write!(text, "  {}", titled(registered));
        }
        text.push('\n');
    }
    let count = matching.len();
    let of_all = if count == all { format!("{all} checks") } else { format!("{count} of {all} checks") };
    let blank = if count == 0 { "" } else { "\n" };
    let _ = writeln!(text, "{blank}{of_all}; `{} checks show ID` describes one", program::name());
    text
}

/// The title, and the status where it is not what one expects.
fn titled(registered: &Registered) -> Cow<'_, str> {
    let metadata = registered.check.metadata();
    match metadata.status {
        CheckStatus::Stable => metadata.title.as_ref().into(),
        _ => format!("{} ({})", metadata.title, metadata.status.as_str()).into(),
    }
}

fn as_json(registry: &Registry, matching: &[&Registered]) -> String {
    let all: Vec<v1::checks::Check> =
        matching.iter().map(|registered| described(registry, registered)).collect();
    json::lines(&all) + "\n"
}

fn described(registry: &Registry, registered: &Registered) -> v1::checks::Check {
    let (check, metadata) = (&*registered.check, registered.check.metadata());
    let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    v1::checks::Check {
        schema_version: v1::Version,
        id: metadata.id.to_string(),
        title: metadata.title.to_string(),
        severity: metadata.severity.as_str(),
        status: metadata.status.as_str(),
        former_ids: metadata.former.iter().map(ToString::to_string).collect(),
        pack: registered.pack.to_owned(),
        version: metadata.version,
        since: metadata.since.to_string(),
        resource_type: metadata.resource_type.to_string(),
        settings: match check.settings() {
            serde_json::Value::Object(settings) => settings.into_iter().collect(),
            _ => BTreeMap::new(),
        },
        tables: check.dependencies().iter().map(|dependency| dependency.table.name.to_owned()).collect(),
        actions: owned(&registry.actions_for(check)),
        optional_actions: owned(&registry.optional_actions_for(check)),
        caller_actions: owned(if reads_roster(check) { ROSTER_ACTIONS } else { &[] }),
        controls: metadata.controls.iter().map(v1::checks::Control::from).collect(),
        pages: metadata.pages.iter().map(ToString::to_string).collect(),
    }
}
