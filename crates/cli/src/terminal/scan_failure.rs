//! Why a scan was not done, as text: what the scan says, the option that it is about, and the way out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use orgsweep_scan::{Error, Interruption, RosterDifference, Shard, UnfinishedShards};
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
            Interruption::Deadline => {
                Self::incomplete("the deadline came before the scan could begin; nothing was published")
            }
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
            Error::OtherVersion { .. }
            | Error::OtherConfiguration { .. }
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

/// Stopped by a person or by the deadline.
fn stopped(why: StopReason, kept: usize, scan_id: &str, shard: Option<Shard>, root: &Path) -> Failure {
    let (exit, why) = match why {
        StopReason::Interrupted => (Exit::Stopped, "stopped"),
        StopReason::Deadline => (Exit::Incomplete, "the deadline came"),
    };
    let message = match (shard, kept) {
        (_, 0) => format!("{why}; nothing was published"),
        (Some(shard), _) => format!(
            "{why}; {kept} accounts of shard {}/{} are kept: run it again to go on",
            shard.index, shard.count
        ),
        (None, _) => format!(
            "{why}; nothing was published; {kept} finished accounts are kept\n  Go on with the same options and --resume \
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
        // Only the same options go on with a scan, and with them it would end here again.
        ScanError::Unmatched(_) | ScanError::NothingToScan { .. } => format!(
            "{error}\n  The organization has changed since scan {scan_id} began: scan anew without --resume, and delete the \
             {kept} finished accounts in {}",
            quoted_path(folder)
        ),
        _ => format!(
            "{error}\n  {kept} finished accounts are kept: --resume {scan_id} --out {} goes on with them",
            quoted_path(root)
        ),
    }
}

fn deadline_while_publishing(scan_id: &str, root: &Path, of_shards: bool) -> Failure {
    let way_out = if of_shards {
        "run finalize again".to_owned()
    } else {
        format!("--resume {scan_id} --out {} goes on with it", quoted_path(root))
    };
    let message = format!(
        "the deadline came while another orgsweep was publishing into this lake; nothing was published, and all that was \
         finished is kept: {way_out}"
    );
    Failure::incomplete(message)
}

fn other_roster(scan_id: &str, difference: RosterDifference) -> String {
    match difference {
        RosterDifference::WasListed => {
            format!(
                "scan {scan_id} was begun with the accounts that Organizations lists: leave --roster away"
            )
        }
        RosterDifference::WasFile => {
            format!("scan {scan_id} was begun with --roster: give the same file, or scan anew")
        }
        RosterDifference::OtherFile => format!(
            "scan {scan_id} was begun with other accounts in the file of --roster or --accounts-file: give the file as it \
             was, or scan anew"
        ),
    }
}

fn several_divisions(folders: &BTreeMap<u32, Vec<(PathBuf, usize)>>) -> String {
    let counts: Vec<String> = folders.keys().map(u32::to_string).collect();
    let line =
        |(folder, finished): &(PathBuf, usize)| format!("    {} ({finished} accounts)", folder.display());
    let listed: Vec<String> = folders.values().flatten().map(line).collect();
    format!(
        "shards of {} were given for the same roster, and nothing can be put together from both:\n{}\n  Delete the folders \
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
        "{} accounts of {} are not finished: {named}\n  Shards begun: {}.\n  {way_out}",
        missing.len(),
        roster.display(),
        begun.join(", ")
    )
}
