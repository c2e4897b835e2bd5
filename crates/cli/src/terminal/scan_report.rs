//! What a scan reports while it runs and when it ends: its events and its result, as lines for people or as the log.

use std::path::Path;

use orgsweep_model::Row as _;
use orgsweep_model::facts::OrganizationPolicy;
use orgsweep_model::records::ScanStatus;
use orgsweep_scan::{Beginning, Error, Event, Published, RunOutcome, Shard};
use orgsweep_sweep::Totals;

use crate::exit::{Exit, Failure};
use crate::options::ScanOptions;
use crate::terminal::Layout;
use crate::terminal::Progress;
use crate::terminal::coverage::coverage_line;
use crate::terminal::json::v1::{self, log::BySeverity, log::Fields, log::ScanStarted, log::ShardFinished};
use crate::terminal::log_event::{self, Level};
use crate::terminal::program;
use crate::terminal::summary::{self, Facts};
use crate::terminal::tell_line;
use crate::terminal::{is_json, report_crashes, say, warn};
use crate::verdict::Verdict;

/// Turns the events of a scan, and its end, into text.
pub struct Reporter<'a> {
    shown: Shown<'a>,
    /// Of the accounts; `None`: none is entered.
    progress: Option<Progress>,
}

/// How a scan is shown.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    /// How much of it, and in which form.
    pub options: &'a ScanOptions,
    /// Where the tables are.
    pub out: &'a Path,
    /// For the commands that the summary suggests.
    pub program: &'a str,
    /// Of the demo: nothing of it is worth a second attempt.
    pub is_demo: bool,
}

impl<'a> Reporter<'a> {
    /// Of a scan that enters so many accounts at a time.
    pub fn new(shown: Shown<'a>, concurrency: usize) -> Self {
        let Shown { options, .. } = shown;
        let progress =
            Progress::new(options.output.quiet, options.output.log_format.unwrap_or_default(), concurrency);
        Self { shown, progress: Some(progress) }
    }

    /// Of a scan whose accounts are finished.
    pub fn without_accounts(shown: Shown<'a>) -> Self {
        Self { shown, progress: None }
    }

    /// Reports one event.
    pub fn report(&mut self, event: Event) {
        let Shown { options, out, .. } = self.shown;
        match event {
            Event::Started(beginning) => self.started(&beginning),
            Event::UnfinishedScans(names) => {
                let first = names.first().map(String::as_str).unwrap_or_default();
                let message = format!(
                    "unfinished in {}: {}; resume with --resume {first}, or discard one by deleting its folder in staging",
                    out.display(),
                    names.join(", ")
                );
                warn(options, "unfinished_scans", &message);
            }
            Event::Accounts(event) => {
                if let Some(progress) = &mut self.progress {
                    progress.report(&event);
                }
            }
            Event::AccountsEnded => {
                if let Some(progress) = &mut self.progress {
                    progress.finish();
                }
            }
            Event::WaitingForOrganization => {
                let message =
                    "all accounts are done; service and resource control policies are still being read";
                if options.output.quiet {
                } else if is_json(options) {
                    log_event::message(Level::Info, "waiting_for_organization_policies", message);
                } else {
                    tell_line(message);
                }
            }
            Event::WaitingForPublisher => {
                if !options.output.quiet {
                    let message = "another orgsweep is publishing to this output directory; waiting for it";
                    warn(options, "waiting_for_publisher", message);
                }
            }
            Event::PublishedWithWarning(warning) => warn(options, "published_with_warning", &warning),
            Event::OrganizationTableUnknown(table, gap) if table == OrganizationPolicy::SCHEMA.name => {
                let message = format!("service and resource control policies are unknown: {gap}");
                warn(options, "organization_policies_unknown", &message);
            }
            Event::OrganizationTableUnknown(table, gap) => {
                let message = format!("the organization's table {table} is unknown: {gap}");
                warn(options, "organization_table_unknown", &message);
            }
            Event::FilterMatchesNothing(name) => warn(options, "filter_matches_nothing", &name),
        }
    }

    fn started(&self, beginning: &Beginning) {
        log_event::is_about(&beginning.scan_id);
        if self.shown.options.output.quiet {
        } else if is_json(self.shown.options) {
            let started = ScanStarted {
                checks: beginning.checks,
                accounts_resumed: beginning.resumed,
                retried_scan_id: beginning.retried_scan_id.clone(),
                shard: beginning.shard.map(|shard| shard.index),
                shards: beginning.shard.map(|shard| shard.count),
            };
            log_event::write(Level::Info, &Fields::ScanStarted(started));
        } else if beginning.resumed > 0 {
            tell_line(&format!("resuming: {} accounts are already finished", beginning.resumed));
        }
    }

    /// Shows what a scan came to, or gives back why it was not done.
    pub fn end(mut self, outcome: Result<RunOutcome, Error>) -> Result<ScanEnd, Failure> {
        match outcome {
            Ok(RunOutcome::Published(published)) => {
                let is_partial = published.status != ScanStatus::Complete;
                let verdict = Verdict::of(&published.totals, self.shown.options, is_partial);
                self.shown.published(&published, &verdict);
                Ok(ScanEnd { verdict, totals: published.totals })
            }
            Ok(RunOutcome::Shard(shard, totals)) => Ok(self.shown.shard(shard, *totals)),
            Err(error) => {
                // No summary names what was lost.
                if let Some(progress) = &mut self.progress {
                    progress.report_losses();
                }
                Err(error.into())
            }
        }
    }
}

/// What a scan came to.
pub struct ScanEnd {
    /// How `scan` ends.
    pub verdict: Verdict,
    /// The sums.
    pub totals: Totals,
}

impl Shown<'_> {
    fn shard(&self, shard: Shard, totals: Totals) -> ScanEnd {
        let verdict = Verdict::of(&totals, self.options, false);
        let fields = Fields::ShardFinished(ShardFinished {
            shard: shard.index,
            shards: shard.count,
            accounts: log_event::by_state(&totals),
            exit_code: verdict.exit.code(),
            exit_reasons: verdict.reasons.clone(),
        });
        report_crashes(&totals, self.options);
        let printed = say(self.options, &fields, || {
            format!(
                "Shard {}/{}: {}\nPublished by `{} finalize` once all shards are done.\n",
                shard.index,
                shard.count,
                coverage_line(&totals),
                program::name()
            )
        });
        if let Err(failure) = printed {
            warn(self.options, "summary_not_printed", &format!("the shard is finished; {}", failure.message));
        }
        ScanEnd { verdict, totals }
    }

    /// The last screen. The scan is in the lake: what cannot be printed is a warning.
    fn published(&self, published: &Published, verdict: &Verdict) {
        let Self { options, .. } = self;
        report_crashes(&published.totals, options);
        let printed = if options.output.quiet {
            Ok(())
        } else if is_json(options) {
            self.logged(published, verdict);
            Ok(())
        } else {
            self.printed(published, verdict)
        };
        if let Err(failure) = printed {
            warn(options, "summary_not_printed", &format!("the scan is published; {}", failure.message));
        }
    }

    fn logged(&self, published: &Published, verdict: &Verdict) {
        let totals = &published.totals;
        let mut calls = totals.calls;
        calls.add(&published.shared);
        let level = if verdict.exit == Exit::Incomplete { Level::Warning } else { Level::Info };
        let fields = v1::log::Published {
            status: published.status.as_str(),
            out: self.out.display().to_string(),
            organization_gaps: totals.organization_gaps.clone(),
            accounts: log_event::by_state(totals),
            failed: BySeverity::of(totals.failed),
            passed: totals.passed,
            unknown: totals.unknown_rows,
            api_calls: calls.calls,
            api_attempts: calls.attempts,
            throttles: calls.throttles,
            response_bytes: calls.response_bytes,
            exit_code: verdict.exit.code(),
            exit_reasons: verdict.reasons.clone(),
        };
        log_event::write(level, &Fields::Published(fields));
    }

    fn printed(&self, published: &Published, verdict: &Verdict) -> Result<(), Failure> {
        let facts = Facts {
            scan_id: published.scan_id.as_str(),
            organization: &published.organization.id,
            seconds: published.seconds.map(|seconds| seconds.as_secs_f64()),
            shared_calls: published.shared.calls,
            out: self.out,
            program: self.program,
            verdict,
            roles: &self.options.access.role_name,
            is_demo: self.is_demo,
        };
        let layout = Layout::of_output(self.options.output.color.unwrap_or_default());
        crate::terminal::print(&summary::render(&published.totals, &facts, layout)).map(|_| ())
    }
}
