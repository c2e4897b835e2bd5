//! `orgsweep finalize`: the shards of a scan, published as one.

use clap::Args;
use orgsweep_model::records::ScanStatus;
use orgsweep_model::registry::Registry;
use orgsweep_scan::{Finalized, Finalizing, RosterFile, RunOutcome};
use std::path::PathBuf;
use tokio::time::Instant;

use crate::exit::{Exit, Failure};
use crate::options::ScanOptions;
use crate::resolve;
use crate::resolve::Config;
use crate::terminal::json::v1::log::{AlreadyPublished, Fields};
use crate::terminal::log_event;
use crate::terminal::program;
use crate::terminal::say;
use crate::terminal::{Reporter, Shown};
use crate::verdict::Verdict;

/// Options of the shards that change nothing in `finalize`: it makes no call to AWS, and the roster says which accounts
/// there are and to which moment ages count. They are accepted, so that the shards' own command line works.
const ONLY_FOR_SHARDS: [&str; 13] = [
    "profile",
    "region",
    "external_id",
    "accounts_file",
    "single_account",
    "concurrency",
    "requests",
    "max_rate",
    "unlimited",
    "attempt_timeout",
    "attempts",
    "report_timeout",
    "now",
];

/// `orgsweep finalize`: the options of the shards, and where they are.
#[derive(Debug, Args)]
#[command(mut_args(|argument| {
    let hidden = ONLY_FOR_SHARDS.contains(&argument.get_id().as_str());
    argument.hide(hidden)
}))]
pub struct FinalizeArguments {
    /// The roster that the shards were given.
    #[arg(long, value_name = "FILE")]
    pub roster: PathBuf,
    /// Options from a file; a flag wins over the file.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    pub options: ScanOptions,
}

/// Publishes the shards of a scan as one.
pub fn finalize(registry: &Registry, arguments: FinalizeArguments) -> Result<Exit, Failure> {
    let began = Instant::now();
    let config = Config::read_or_default(arguments.config.as_deref())?;
    let resolve::Prepared { mut scan, options, .. } = resolve::prepare(registry, arguments.options, config)?;
    let roster = RosterFile::read(&arguments.roster)?;
    scan.count_ages_to(roster.now);
    log_event::is_about(roster.scan_id.as_str());
    let (out, program) = (scan.out.clone(), program::command());
    let shown = Shown { options: &options, out: &out, program: &program, is_demo: false };
    let mut reporter = Reporter::without_accounts(shown);
    let finalizing = Finalizing {
        registry,
        options: scan,
        roster,
        path: arguments.roster,
        deadline: options.pace.deadline.map(|span| began + span.0),
    };
    let finalized = orgsweep_scan::finalize(finalizing, &mut |event| reporter.report(event));
    let outcome = match finalized {
        Ok(Finalized::AlreadyPublished { scan_id, status, totals }) => {
            let exit = Verdict::of(&totals, &options, status != ScanStatus::Complete).exit;
            let fields = AlreadyPublished { status: status.as_str(), exit_code: exit.code() };
            say(&options, &Fields::AlreadyPublished(fields), || {
                format!("Scan {scan_id} is already published ({status}); nothing was done\n")
            })?;
            return Ok(exit);
        }
        Ok(Finalized::Published(published)) => Ok(RunOutcome::Published(published)),
        Err(error) => Err(error),
    };
    Ok(reporter.end(outcome)?.verdict.exit)
}
