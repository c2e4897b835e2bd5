//! One shard of a scan, and all of them together: which account belongs where, and `orgsweep finalize`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use orgsweep_lake::{LakeError, Place, ScanId, ScanSelector, ScanWriter, StartedShard};
use orgsweep_model::finding_id::sha256_hex;
use orgsweep_model::records::ScanRecord;
use orgsweep_model::registry::Registry;
use orgsweep_model::{Account, AccountId};
use orgsweep_sweep::filter::RosterKey;
use orgsweep_sweep::{AccountLine, AccountTally, ScanError, Totals, Unfinished, Unmatched};
use serde_json::json;
use tokio::time::Instant;

use crate::arguments::{FinalizeArguments, ScanOptions};
use crate::config::Config;
use crate::exit::Failure;
use crate::guardrails;
use crate::log_event;
use crate::prepare::{self, Prepared};
use crate::program;
use crate::retry::tallies;
use crate::roster_file::RosterFile;
use crate::run::{self, Publication};
use crate::scan::{has_tags, out, same_configuration, same_roster, totals_of};
use crate::sink;
use crate::verdict::Verdict;

/// Where a batch job's index is, in order: AWS Batch array jobs, Kubernetes indexed jobs. Both begin at 0.
const INDEX_VARIABLES: [&str; 2] = ["AWS_BATCH_JOB_ARRAY_INDEX", "JOB_COMPLETION_INDEX"];
/// Accounts that are named in a message; the rest is counted.
const MOST_NAMED: usize = 5;

/// One of `count`, the first is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which.
    pub index: u32,
    /// Of how many.
    pub count: u32,
}

impl Shard {
    /// `0/4`, or `4` with the index from the environment.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        Self::parse_with(text, |name| std::env::var(name).ok())
    }

    fn parse_with(text: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Self, Failure> {
        let wrong = |why: &str| {
            Failure::new(format!("--shard {text:?}: {why}: expected 0/4 for the first of four, up to 3/4"))
        };
        let (place, index, count) = match text.split_once('/') {
            Some((index, count)) => (String::new(), index.to_owned(), count),
            None => {
                let set = INDEX_VARIABLES.iter().find_map(|name| Some((*name, variable(name)?)));
                let (name, index) = set.ok_or_else(|| {
                    wrong(&format!("it names no index, and none of {} is set", INDEX_VARIABLES.join(", ")))
                })?;
                (format!("{name}="), index, text)
            }
        };
        let index: u32 = index.parse().map_err(|_| wrong(&format!("{place}{index:?} is no number")))?;
        let count: u32 = count.parse().map_err(|_| wrong(&format!("{count:?} is no number")))?;
        if index >= count {
            return Err(wrong(&format!(
                "{place}{index} is beyond the last of {count}, for the first shard is 0"
            )));
        }
        Ok(Self { index, count })
    }

    /// Whether an account belongs here: by a hash of its id, so that it stays where it is when others come and go.
    pub fn holds(self, account: AccountId) -> bool {
        let hash = sha256_hex(account.as_str().as_bytes());
        let number = u32::from_str_radix(&hash[..8], 16).unwrap_or_default();
        number % self.count == self.index
    }
}

/// Publishes the shards of a scan as one: every account of the roster has exactly one terminal status, or nothing is.
pub fn finalize(registry: &Registry, arguments: FinalizeArguments) -> Result<u8, Failure> {
    let began = Instant::now();
    let config = match &arguments.config {
        Some(path) => Config::read(path)?,
        None => Config::default(),
    };
    let mut prepared = prepare::prepare(registry, arguments.options, config)?;
    let mut file = RosterFile::read(&arguments.roster)?;
    prepared.count_ages_to(file.now);
    log_event::is_about(file.scan_id.as_str());
    let out = out(&prepared.options);
    if let Some(scan) = published(&out, &file.scan_id)? {
        let code = code_of(&out, &file.scan_id, &scan, &prepared.options)?;
        run::say(
            &prepared.options,
            "already_published",
            &json!({"status": scan.status, "exit_code": code}),
            || format!("Scan {} is already published ({}); nothing was done\n", file.scan_id, scan.status),
        )?;
        return Ok(code);
    }
    let refused = |error| Failure::new(format!("--out {}: {error}", out.display()));
    let tables = orgsweep_lake::all_tables(registry.stored_tables());
    let (mut writer, shards) = ScanWriter::gather(&out, &file.scan_id, tables).map_err(refused)?;
    let digest = file.digest();
    for StartedShard { header, .. } in &shards {
        same_configuration(&header.scan_id, &header.config_sha256, &header.tool_version, &prepared)?;
        same_roster(header, Some(&digest))?;
    }
    one_count(&shards)?;
    let shared = writer.earlier_usage();
    shared.join(&file.usage());
    file.name_units();
    let (mut totals, finished) = totals_of(&writer)?;
    let finished: BTreeSet<AccountId> = finished.into_iter().collect();
    let missing: Vec<&Account> =
        file.roster.accounts.iter().filter(|account| !finished.contains(&account.id)).collect();
    if !missing.is_empty() && (finished.is_empty() || !prepared.options.publish_partial) {
        return Err(unfinished_shards(&missing, finished.len(), &shards, &arguments.roster));
    }
    let foreign: Vec<&AccountId> =
        finished.iter().filter(|id| !file.roster.accounts.iter().any(|account| account.id == **id)).collect();
    if let Some(id) = foreign.first() {
        return Err(Failure::new(format!(
            "account {id} was scanned by a shard and is not in {}: was the roster replaced meanwhile?",
            arguments.roster.display()
        )));
    }
    let is_partial = !missing.is_empty();
    for account in missing {
        let refusal =
            prepared.plan.filter.refuses(account).or_else(|| orgsweep_sweep::filter::inactive(account));
        let lost = Unfinished { account: account.clone(), refusal, usage: None };
        let rows = lost.rows(&prepared.plan, &file.roster.organization);
        let tally = AccountTally::of(&rows);
        sink::keep(&mut writer, Place::Finished, rows, &tally).map_err(Failure::new)?;
        totals.add(tally);
    }
    has_tags(&prepared.options, &file)?;
    check_names(&prepared, &file, true)?;
    if totals.accounts.iter().all(AccountLine::is_left_out) {
        let listed = totals.accounts.len();
        return Err(Failure::new(ScanError::NothingToScan { listed }.to_string()));
    }
    let guardrails = guardrails::are_wanted(&prepared.plan).then(|| file.roster.stored_policies()).flatten();
    totals.organization_gaps.extend(guardrails::lost(&guardrails));
    let took_part = shards.iter().filter(|shard| shard.finished > 0).count();
    Publication {
        registry,
        prepared: &prepared,
        organization: &file.roster.organization,
        scan_id: &file.scan_id,
        started_at: file.scan_id.moment(),
        out: &out,
        program: &program::command(),
        shards: Some(took_part as i32),
        retried_scan_id: None,
        is_partial,
        is_demo: false,
        seconds: None,
        shared: &shared,
        guardrails,
        deadline: prepared.options.deadline.map(|span| began + span.0),
    }
    .publish(writer, &totals, &mut |_| true)
    .map(|verdict| verdict.code)
}

/// The scan's own row, if it is in the lake: a scheduler that runs `finalize` once more does no harm.
fn published(out: &Path, scan_id: &ScanId) -> Result<Option<ScanRecord>, Failure> {
    match orgsweep_lake::read::<ScanRecord>(out, &ScanSelector::Id(scan_id.clone())) {
        Ok(scans) => Ok(scans.into_iter().next()),
        Err(LakeError::NoSuchScan { .. }) => Ok(None),
        Err(error) => Err(Failure::new(format!("--out {}: {error}", out.display()))),
    }
}

/// How a published scan ended. What was lost stays lost however often a scheduler asks: repeating is no way from 2
/// to 0.
fn code_of(out: &Path, scan_id: &ScanId, scan: &ScanRecord, options: &ScanOptions) -> Result<u8, Failure> {
    let failed = |error: LakeError| Failure::new(format!("--out {}: {error}", out.display()));
    let mut totals = Totals::default();
    totals.organization_gaps.extend(scan.organization_gaps.clone());
    for tally in tallies(out, scan_id, &|_| true).map_err(failed)?.into_values() {
        totals.add(tally);
    }
    // The highest code that applies.
    Ok(Verdict::of(&totals, options, scan.status != orgsweep_model::records::ScanStatus::Complete).code)
}

/// Shards of two divisions of the roster overlap: an account would be there twice, or nowhere. What finished nothing is in
/// nobody's way.
fn one_count(shards: &[StartedShard]) -> Result<(), Failure> {
    let mut folders: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for shard in shards.iter().filter(|shard| shard.finished > 0) {
        let folder = format!("    {} ({} accounts)", shard.folder.display(), shard.finished);
        folders.entry(shard.count).or_default().push(folder);
    }
    if folders.len() < 2 {
        return Ok(());
    }
    let counts: Vec<String> = folders.keys().map(u32::to_string).collect();
    let listed: Vec<String> = folders.into_values().flatten().collect();
    Err(Failure::new(format!(
        "shards of {} were given for the same roster, and nothing can be put together from both:\n{}\n  Delete the folders \
         of all numbers but one, run what is missing of that one, and finalize again.",
        counts.join(" and of "),
        listed.join("\n")
    )))
}

/// A shard cannot tell a name that matches nothing from one that matches elsewhere: the file's roster is whole.
pub fn check_names(prepared: &Prepared, file: &RosterFile, warns: bool) -> Result<(), Failure> {
    let keys: Vec<_> = file.roster.accounts.iter().map(RosterKey::of).collect();
    let Unmatched { excluded, wanted } = prepared.plan.unmatched(&keys);
    for message in excluded.iter().filter(|_| warns) {
        run::warn(&prepared.options, "filter_matches_nothing", message);
    }
    if wanted.is_empty() { Ok(()) } else { Err(Failure::new(wanted.join("\n"))) }
}

fn unfinished_shards(
    missing: &[&Account],
    finished: usize,
    shards: &[StartedShard],
    roster: &Path,
) -> Failure {
    let mut ids: Vec<&str> = missing.iter().map(|account| account.id.as_str()).collect();
    ids.sort_unstable();
    let more = ids.len().saturating_sub(MOST_NAMED);
    let mut named = ids.iter().take(MOST_NAMED).copied().collect::<Vec<_>>().join(", ");
    if more > 0 {
        named.push_str(&format!(" and {more} more"));
    }
    let begun: Vec<_> = shards.iter().filter_map(|shard| shard.folder.file_name()?.to_str()).collect();
    let way_out = if finished == 0 {
        "No account is finished, so there is nothing to publish: run the shards again."
    } else {
        "Run the missing shards again (what they have done is kept), or publish without these accounts with \
         --publish-partial."
    };
    Failure::new(format!(
        "{} accounts of {} are not finished: {named}\n  Shards begun: {}.\n  {way_out}",
        missing.len(),
        roster.display(),
        begun.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_comes_from_the_flag_or_from_the_batch_job() {
        let none = |_: &str| None;
        assert_eq!(Shard::parse_with("1/4", none).unwrap(), Shard { index: 1, count: 4 });
        let batch = |name: &str| (name == "AWS_BATCH_JOB_ARRAY_INDEX").then(|| "3".to_owned());
        assert_eq!(Shard::parse_with("4", batch).unwrap(), Shard { index: 3, count: 4 });
        let job = |name: &str| (name == "JOB_COMPLETION_INDEX").then(|| "0".to_owned());
        assert_eq!(Shard::parse_with("4", job).unwrap(), Shard { index: 0, count: 4 });
        for (text, wanted) in
            [("4", "none of"), ("4/4", "first shard is 0"), ("a/4", "no number"), ("0/", "no number")]
        {
            let message = Shard::parse_with(text, none).unwrap_err().message;
            assert!(message.contains(wanted), "{text}: {message}");
        }
    }

    #[test]
    fn every_account_is_in_exactly_one_shard() {
        let mut sizes = [0; 3];
        for number in 0..3000_u64 {
            let account: AccountId = format!("{number:012}").parse().unwrap();
            let holders: Vec<u32> =
                (0..3).filter(|index| Shard { index: *index, count: 3 }.holds(account)).collect();
            assert_eq!(holders.len(), 1);
            sizes[holders[0] as usize] += 1;
        }
        assert!(sizes.iter().all(|size| (900..1100).contains(size)), "{sizes:?}");
    }
}
