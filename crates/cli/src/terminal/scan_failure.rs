//! Why a scan was not done, as text: what the scan says, the option that it is about, and the way out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use orgsweep_scan::{
    ConfigurationDifference, Error, Interruption, RosterDifference, Shard, UnfinishedShards,
};
use orgsweep_sweep::{ScanError, StopReason};

use crate::exit::{Exit, Failure};
use crate::terminal::program;
use crate::terminal::words::quoted_path;

/// Accounts that are named in a message; the rest is counted.
const MOST_NAMED: usize = 5;

impl From<Interruption> for Failure {
    fn from(interruption: Interruption) -> Self {
        match interruption {
            Interruption::Stopped => Self::stopped("stopped; nothing was published"),
            Interruption::Deadline => Self::incomplete(
                "the deadline was reached before the scan could start; nothing was published",
            ),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::new(match &error {
            Error::Interrupted(interruption) => return (*interruption).into(),
            Error::Stopped { why, kept, scan_id, shard, root } => {
                return stopped(*why, *kept, scan_id, *shard, root);
            }
            Error::DeadlineWhilePublishing { scan_id, root, of_shards } => {
                return deadline_while_publishing(scan_id, root, *of_shards);
            }
            Error::Failed { error, kept, scan_id, folder, root } => {
                failed(error, *kept, scan_id, folder, root)
            }
            Error::Lake { .. } => format!("--out {error}"),
            Error::Damaged(_) => format!("--resume: {error} without --resume"),
            Error::NoSuchUnfinished { scan_id, .. } => format!("--resume {scan_id}: {error}"),
            Error::SeveralUnfinished { .. } => format!("--resume: {error}"),
            Error::NothingUnfinished { .. } => format!("--resume: {error}; scan without --resume"),
            Error::OtherRoster { scan_id, difference } => other_roster(scan_id, *difference),
            Error::Retried(_) | Error::RetriedOrganization { .. } => format!("--retry-incomplete: {error}"),
            Error::Roster { path, reading, .. } => {
                let way_out = if *reading {
                    let (program, path) = (program::name(), path.display());
                    format!("\n  Write one with `{program} discover --roster {path}`.")
                } else {
                    String::new()
                };
                format!("--roster {error}{way_out}")
            }
            Error::NoTags => {
                let program = program::name();
                format!("--tag: {error}; write it with `{program} discover --tags --roster …`")
            }
            Error::SeveralDivisions(folders) => several_divisions(folders),
            Error::Unfinished(shards) => unfinished(shards),
            Error::OtherConfiguration { scan_id, difference } => other_configuration(scan_id, difference),
            Error::OtherVersion { .. }
            | Error::NoRecord
            | Error::StoresTooLittle { .. }
            | Error::Texts(_)
            | Error::Journal { .. }
            | Error::FinishedTwice { .. }
            | Error::OtherOrganization { .. }
            | Error::Source(_)
            | Error::ListingBrokeOff
            | Error::UnitNames(_)
            | Error::Rows(_)
            | Error::ScanId(_)
            | Error::Unmatched(_)
            | Error::Foreign { .. }
            | Error::Nothing(_) => error.to_string(),
        })
    }
}

/// Stopped by a signal or by the deadline.
fn stopped(why: StopReason, kept: usize, scan_id: &str, shard: Option<Shard>, root: &Path) -> Failure {
    let (exit, why) = match why {
        StopReason::Interrupted => (Exit::Stopped, "stopped"),
        StopReason::Deadline => (Exit::Incomplete, "the deadline was reached"),
    };
    let message = match (shard, kept) {
        (_, 0) => format!("{why}; nothing was published"),
        (Some(shard), _) => format!(
            "{why}; {kept} accounts of shard {}/{} are kept: run it again to resume",
            shard.index, shard.count
        ),
        (None, _) => format!(
            "{why}; nothing was published; {kept} finished accounts are kept\n  Resume with the same options and --resume \
             {scan_id} --out {}",
            quoted_path(root)
        ),
    };
    Failure { message, exit }
}

/// Could not be done.
fn failed(error: &ScanError, kept: usize, scan_id: &str, folder: &Path, root: &Path) -> String {
    if kept == 0 {
        return error.to_string();
    }
    match error {
        // Only the same options resume a scan, and with them it would end here again.
        ScanError::Unmatched(_) | ScanError::NothingToScan { .. } => format!(
            "{error}\n  The organization has changed since scan {scan_id} started: start a new scan without --resume, and delete the \
             {kept} finished accounts in {}",
            quoted_path(folder)
        ),
        _ => format!(
            "{error}\n  {kept} finished accounts are kept: --resume {scan_id} --out {} resumes with them",
            quoted_path(root)
        ),
    }
}

fn deadline_while_publishing(scan_id: &str, root: &Path, of_shards: bool) -> Failure {
    let way_out = if of_shards {
        "run finalize again".to_owned()
    } else {
        format!("--resume {scan_id} --out {} resumes it", quoted_path(root))
    };
    let message = format!(
        "the deadline was reached while another orgsweep was publishing into this lake; nothing was published, and what \
         was finished is kept: {way_out}"
    );
    Failure::incomplete(message)
}

/// The options by the parts of a configuration that they decide.
const OPTIONS: [(&str, &str); 21] = [
    ("tables", "--collect"),
    ("organization_tables", "--collect (tables of the organization)"),
    ("computed_tables", "--collect (computed tables)"),
    ("details", "--key-ids"),
    ("report_max_age_seconds", "--report-max-age (seconds)"),
    ("accounts", "--accounts-file or --single-account"),
    ("units", "--ou"),
    ("excluded_units", "--exclude-ou"),
    ("chosen_accounts", "--account"),
    ("excluded_accounts", "--exclude-account"),
    ("tags", "--tag"),
    ("overrides", "[[override]] of the configuration file"),
    ("access.region", "--region"),
    ("access.roles", "--role-name"),
    ("access.roles_in", "role-name in [[override]]"),
    ("access.chain", "--role-chain"),
    ("access.discovery_role", "--discovery-role"),
    ("access.session_duration", "--session-duration"),
    ("access.is_limited", "the session policy (--no-session-policy)"),
    ("access.source_identity", "--source-identity"),
    ("access.session_tags", "--session-tag"),
];

/// What a user calls a part of a configuration.
fn option_of(part: &str) -> String {
    if let Some(check) = part.strip_prefix("checks.") {
        return match check.split_once('.') {
            Some((id, setting)) => format!("the setting {setting} in [checks.{id}]"),
            None => format!("check {check} with its settings"),
        };
    }
    let option = OPTIONS.iter().find(|(known, _)| *known == part);
    option.map_or(part, |(_, option)| option).to_owned()
}

fn other_configuration(scan_id: &str, difference: &ConfigurationDifference) -> String {
    let shown = |value: &str| if value == "null" { "not set".to_owned() } else { value.to_owned() };
    format!(
        "scan {scan_id} was started with other options: {} was {} and is {} now\n  Use the options that it was started \
         with, or start a new scan. A retry may change how accounts are entered, and nothing else.",
        option_of(&difference.part),
        shown(&difference.earlier),
        shown(&difference.now)
    )
}

fn other_roster(scan_id: &str, difference: RosterDifference) -> String {
    match difference {
        RosterDifference::WasListed => {
            format!("scan {scan_id} was started without --roster; remove the option")
        }
        RosterDifference::WasFile => {
            format!("scan {scan_id} was started with --roster: pass the same file, or start a new scan")
        }
        RosterDifference::OtherFile => format!(
            "scan {scan_id} was started with other accounts in the file of --roster or --accounts-file: pass the file as it \
             was, or start a new scan"
        ),
    }
}

fn several_divisions(folders: &BTreeMap<u32, Vec<(PathBuf, usize)>>) -> String {
    let counts: Vec<String> = folders.keys().map(u32::to_string).collect();
    let line =
        |(folder, finished): &(PathBuf, usize)| format!("    {} ({finished} accounts)", folder.display());
    let listed: Vec<String> = folders.values().flatten().map(line).collect();
    format!(
        "shards of {} exist for the same roster and cannot be combined:\n{}\n  Delete the folders \
         of all numbers but one, run what is missing of that one, and finalize again.",
        counts.join(" and of "),
        listed.join("\n")
    )
}

fn unfinished(shards: &UnfinishedShards) -> String {
    let UnfinishedShards { missing, finished, begun, roster } = shards;
    let more = missing.len().saturating_sub(MOST_NAMED);
    let named: Vec<&str> = missing.iter().take(MOST_NAMED).map(orgsweep_model::AccountId::as_str).collect();
    let mut named = named.join(", ");
    if more > 0 {
        named.push_str(&format!(" and {more} more"));
    }
    let way_out = if *finished == 0 {
        "No account is finished, so there is nothing to publish: run the shards again."
    } else {
        "Run the missing shards again (what they have done is kept), or publish without these accounts with \
         --publish-partial."
    };
    format!(
        "{} accounts of {} are not finished: {named}\n  Shards started: {}.\n  {way_out}",
        missing.len(),
        roster.display(),
        begun.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::PathBuf;
    use std::sync::Arc;

    use orgsweep_model::collector::Clock;
    use orgsweep_model::registry::Registry;
    use orgsweep_model::selection::CheckSet;
    use orgsweep_scan::{Decisions, Options};
    use orgsweep_sweep::{Filter, Plan};

    use super::*;

    #[test]
    fn every_part_of_a_configuration_has_the_name_of_its_option() {
        let registry = Registry::new(Vec::new(), Vec::new()).unwrap();
        let checks = Arc::new(CheckSet::new());
        let plan = Plan::new(&registry, checks, &BTreeSet::new(), Filter::default(), 4, Clock::wall());
        let options = Options::new(plan, &Decisions::default(), PathBuf::from("lake"), None);
        let configuration = options.configuration().as_object().unwrap();
        let access = configuration["access"].as_object().unwrap();
        let parts = configuration.keys().filter(|key| !["checks", "access"].contains(&key.as_str())).cloned();
        let parts: Vec<String> = parts.chain(access.keys().map(|key| format!("access.{key}"))).collect();
        assert_eq!(parts.len(), OPTIONS.len());
        for part in parts {
            assert_ne!(option_of(&part), part);
        }
        assert_eq!(option_of("checks.iam-a.days"), "the setting days in [checks.iam-a]");
    }
}
