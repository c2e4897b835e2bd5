//! `orgsweep scan`: what is to be done, and which way: a new scan, a resumed one, one that retries, one shard.

mod estimate;
mod plan;

use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use orgsweep_aws::Roster;
use orgsweep_lake::{Lake, ScanSelector};
use orgsweep_model::registry::Registry;
use orgsweep_scan::{Attempt, RosterFile, Run, Shard, Started, begin, or_interrupted};
use orgsweep_sweep::{Source, Stop};
use tokio::time::Instant;

use crate::exit::{Exit, Failure};
use crate::options::PrintFormat;
use crate::options::ScanOptions;
use crate::options::values;
use crate::resolve::Config;
use crate::resolve::Prepared;
use crate::resolve::access;
use crate::resolve::{
    self,
    accounts_file::digest_of,
    source::{connect, roster},
};
use crate::stopping;
use crate::terminal::program;
use crate::terminal::warn;
use crate::terminal::{Reporter, Shown};

/// Where a batch job's index is, in order: AWS Batch array jobs, Kubernetes indexed jobs. Both begin at 0.
const INDEX_VARIABLES: [&str; 2] = ["AWS_BATCH_JOB_ARRAY_INDEX", "JOB_COMPLETION_INDEX"];

/// `orgsweep scan`: flags that the configuration file does not hold, and the options that it does.
#[derive(Debug, Args)]
pub struct ScanArguments {
    /// Options from a file; a flag wins over the file.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print the accounts, tables, IAM actions, estimated calls and time of a whole scan, without scanning.
    #[arg(long, conflicts_with_all = ["resume", "retry_incomplete"])]
    pub plan: bool,
    /// Output format of --plan.
    #[arg(long, value_enum, value_name = "FORMAT", requires = "plan", default_value_t)]
    pub format: PrintFormat,
    /// Resume an interrupted scan. Without SCAN_ID, resume the only unfinished one.
    #[arg(
        long,
        value_name = "SCAN_ID",
        num_args = 0..=1,
        default_missing_value = "",
        help_heading = "Resume and retry"
    )]
    pub resume: Option<String>,
    /// Rescan the accounts an earlier scan could not read completely, and reuse its other results.
    /// SCAN_ID may be `latest`.
    #[arg(
        long,
        value_name = "SCAN_ID",
        value_parser = values::scan,
        conflicts_with = "resume",
        help_heading = "Resume and retry"
    )]
    pub retry_incomplete: Option<ScanSelector>,
    /// The organization from a file that `discover` wrote: no call to Organizations is made.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["accounts_file", "single_account"], help_heading = "Shards")]
    pub roster: Option<PathBuf>,
    /// One shard of the roster: `0/4` is the first of four; `4` alone takes the index from AWS_BATCH_JOB_ARRAY_INDEX or
    /// JOB_COMPLETION_INDEX. `finalize` publishes all of them.
    #[arg(
        long,
        value_name = "I/N",
        requires = "roster",
        conflicts_with_all = ["resume", "retry_incomplete"],
        help_heading = "Shards"
    )]
    pub shard: Option<String>,
    #[command(flatten)]
    pub options: ScanOptions,
}

/// Scans the organization of the caller's credentials.
pub async fn scan(registry: &Registry, arguments: ScanArguments) -> Result<Exit, Failure> {
    let start = Instant::now();
    let stop = stopping::listen();
    let config = Config::read_or_default(arguments.config.as_deref())?;
    let mut prepared = resolve::prepare(registry, arguments.options.clone(), config)?;
    let stop = stopping::with_deadline(stop, start, prepared.options.pace.deadline.map(|span| span.0));
    let mut file = arguments.roster.as_deref().map(RosterFile::read).transpose()?;
    let shard = arguments.shard.as_deref().map(shard_of).transpose()?;
    let shards = shard.map_or(1, |shard| shard.count);
    let (concurrency, too_many) = access::concurrency(&prepared.options.pace, shards)?;
    prepared.scan.plan.concurrency = concurrency;
    prepared.scan.plan.is_a_shard = shard.is_some();
    if let Some(wanted) = too_many {
        let message = format!("--concurrency {wanted} exceeds what --max-rate allows; using {concurrency}");
        warn(&prepared.options, "concurrency_reduced", &message);
    }
    if let Some(file) = &mut file {
        only_the_roster(&prepared.options)?;
        file.name_units();
        // A run over the whole roster warns of what it leaves out in vain itself.
        file.fits(&prepared.scan.plan, &mut |name| {
            if shard.is_some() {
                warn(&prepared.options, "filter_matches_nothing", &name);
            }
        })?;
    }
    let attempt = attempt(&arguments, file.as_ref(), shard, &prepared.scan.out);
    let digest = file.as_ref().map(|file| file.digest().to_owned());
    let roster = roster(&prepared.options, file, shard)?;
    let digest = digest.or_else(|| match &roster {
        Roster::File(accounts) => Some(digest_of(accounts)),
        _ => None,
    });

    // The folder is tried before AWS is.
    let started =
        if arguments.plan { None } else { Some(begin(registry, attempt?, digest, &mut prepared.scan)?) };
    let source = or_interrupted(&stop, connect(&prepared, roster, shards)).await?;
    let Some(started) = started else {
        let printing = plan::print(source, &prepared, arguments.format, shards);
        return or_interrupted(&stop, printing).await;
    };
    go(registry, source, prepared, started, stop).await
}

async fn go(
    registry: &Registry,
    source: Arc<dyn Source>,
    prepared: Prepared,
    started: Started,
    stop: Stop,
) -> Result<Exit, Failure> {
    let Prepared { scan, options, .. } = prepared;
    let (out, program) = (scan.out.clone(), program::command());
    let shown = Shown { options: &options, out: &out, program: &program, is_demo: false };
    let mut reporter = Reporter::new(shown, scan.plan.concurrency);
    let run = Run { registry, source, options: scan, started, stop };
    let outcome = run.go(&mut |event| reporter.report(event)).await;
    Ok(reporter.end(outcome)?.verdict.exit)
}

/// Which attempt the flags ask for.
fn attempt(
    arguments: &ScanArguments,
    file: Option<&RosterFile>,
    shard: Option<Shard>,
    out: &Path,
) -> Result<Attempt, Failure> {
    if let (Some(shard), Some(file)) = (shard, file) {
        return Ok(Attempt::Shard(shard, file.scan_id.clone(), file.now));
    }
    if let Some(wanted) = &arguments.resume {
        return Ok(Attempt::Resume(Some(wanted.clone()).filter(|id| !id.is_empty())));
    }
    match &arguments.retry_incomplete {
        None => Ok(Attempt::New),
        Some(ScanSelector::Id(id)) => Ok(Attempt::Retry(id.clone())),
        Some(ScanSelector::Latest) => {
            let scan = Lake::open(out).and_then(|lake| lake.scan(&ScanSelector::Latest));
            let scan = scan.map_err(|error| Failure::new(format!("--retry-incomplete latest: {error}")))?;
            Ok(Attempt::Retry(scan.id().clone()))
        }
    }
}

/// `0/4`, or `4` with the index from the environment.
fn shard_of(text: &str) -> Result<Shard, Failure> {
    shard_with(text, |name| std::env::var(name).ok())
}

fn shard_with(text: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Shard, Failure> {
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
        let why = format!("{place}{index} is beyond the last of {count}, for the first shard is 0");
        return Err(wrong(&why));
    }
    Ok(Shard { index, count })
}

/// A roster says which accounts there are; the configuration file may say otherwise, where flags cannot.
fn only_the_roster(options: &ScanOptions) -> Result<(), Failure> {
    let others = [
        ("single-account", options.accounts.single_account),
        ("accounts-file", options.accounts.accounts_file.is_some()),
    ];
    match others.iter().find(|(_, given)| *given) {
        Some((other, _)) => Err(Failure::new(format!(
            "--roster and {other} exclude each other: each says which accounts there are; remove one, in the \
             configuration file too"
        ))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_comes_from_the_flag_or_from_the_batch_job() {
        let none = |_: &str| None;
        assert_eq!(shard_with("1/4", none).unwrap(), Shard { index: 1, count: 4 });
        let batch = |name: &str| (name == "AWS_BATCH_JOB_ARRAY_INDEX").then(|| "3".to_owned());
        assert_eq!(shard_with("4", batch).unwrap(), Shard { index: 3, count: 4 });
        let job = |name: &str| (name == "JOB_COMPLETION_INDEX").then(|| "0".to_owned());
        assert_eq!(shard_with("4", job).unwrap(), Shard { index: 0, count: 4 });
        for (text, wanted) in
            [("4", "none of"), ("4/4", "first shard is 0"), ("a/4", "no number"), ("0/", "no number")]
        {
            let message = shard_with(text, none).unwrap_err().message;
            assert!(message.contains(wanted), "{text}: {message}");
        }
    }
}
