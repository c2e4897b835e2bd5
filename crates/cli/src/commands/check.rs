//! `orgsweep check`: today's checks over a stored scan, without AWS.

use std::path::PathBuf;

use clap::Args;
use orgsweep_lake::ScanSelector;
use orgsweep_model::registry::Registry;
use orgsweep_scan::{Checking, RunOutcome};

use crate::exit::{Exit, Failure};
use crate::options::ScanOptions;
use crate::options::checks::CheckOptions;
use crate::options::output::OutputOptions;
use crate::options::values;
use crate::resolve;
use crate::resolve::Config;
use crate::terminal::program;
use crate::terminal::{Reporter, Shown};

/// Ages count to another moment than in a scan.
const NOW: &str = "The moment that ages count to, instead of the one of the stored scan: 2026-11-24T12:00:00Z, or a day \
                   (midnight UTC)";

/// `orgsweep check`: which stored scan, and which checks.
#[derive(Debug, Args)]
#[command(mut_arg("now", |argument| argument.help(NOW).long_help(NOW)))]
// Nothing is collected, and nothing could be stopped before its end.
#[command(mut_arg("publish_partial", |argument| argument.hide(true)))]
#[command(mut_arg("collect", |argument| argument.hide(true)))]
pub struct CheckArguments {
    /// The scan whose facts are checked: an ID, or `latest`.
    // The other readers call it --scan.
    #[arg(long, alias = "scan", value_parser = values::scan, value_name = "SCAN_ID")]
    pub from: ScanSelector,
    /// Options from a file; a flag wins over the file.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    pub checks: CheckOptions,
    #[command(flatten)]
    pub output: OutputOptions,
}

/// Runs checks over a stored scan, and publishes what they find as a new scan.
pub fn check(registry: &Registry, arguments: CheckArguments) -> Result<Exit, Failure> {
    let config = Config::read_or_default(arguments.config.as_deref())?;
    let CheckArguments { from, checks, output, .. } = arguments;
    let flags = ScanOptions { checks, output, ..ScanOptions::default() };
    let resolve::Prepared { scan, options, .. } = resolve::prepare(registry, flags, config)?;
    let (out, program) = (scan.out.clone(), program::command());
    let shown = Shown { options: &options, out: &out, program: &program, is_demo: false };
    let mut reporter = Reporter::without_accounts(shown);
    let checking = Checking { registry, options: scan, from, now: options.output.now };
    let published = orgsweep_scan::check(checking, &mut |event| reporter.report(event));
    let outcome = published.map(|published| RunOutcome::Published(Box::new(published)));
    Ok(reporter.end(outcome)?.verdict.exit)
}
