//! `orgsweep finalize`: the shards of a scan, published as one.

use orgsweep_model::records::ScanStatus;
use orgsweep_model::registry::Registry;
use orgsweep_scan::{Finalized, Finalizing, RosterFile, RunOutcome};
use serde_json::json;
use tokio::time::Instant;

use crate::arguments::FinalizeArguments;
use crate::config::Config;
use crate::exit::Failure;
use crate::log_event;
use crate::messages::say;
use crate::prepare;
use crate::program;
use crate::scan_report::{Reporter, Shown};
use crate::verdict::Verdict;

/// Publishes the shards of a scan as one.
pub fn finalize(registry: &Registry, arguments: FinalizeArguments) -> Result<u8, Failure> {
    let began = Instant::now();
    let config = Config::read_or_default(arguments.config.as_deref())?;
    let prepare::Prepared { mut scan, options, .. } = prepare::prepare(registry, arguments.options, config)?;
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
        deadline: options.deadline.map(|span| began + span.0),
    };
    let finalized = orgsweep_scan::finalize(finalizing, &mut |event| reporter.report(event));
    let outcome = match finalized {
        Ok(Finalized::AlreadyPublished { scan_id, status, totals }) => {
            let code = Verdict::of(&totals, &options, status != ScanStatus::Complete).code;
            let fields = json!({"status": status, "exit_code": code});
            say(&options, "already_published", &fields, || {
                format!("Scan {scan_id} is already published ({status}); nothing was done\n")
            })?;
            return Ok(code);
        }
        Ok(Finalized::Published(published)) => Ok(RunOutcome::Published(published)),
        Err(error) => Err(error),
    };
    Ok(reporter.end(outcome)?.verdict.code)
}
