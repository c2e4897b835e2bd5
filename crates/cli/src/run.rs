//! One run, from an open source to published tables: what the demo, a scan, one that goes on and one that retries share.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use orgsweep_lake::{LakeError, Place, ScanHeader, ScanId, ScanWriter};
use orgsweep_model::records::{ApiCallRecord, ScanRecord, ScanState, ScanStatus};
use orgsweep_model::registry::Registry;
use orgsweep_model::{Organization, Rows, Timestamp, Usage};
use orgsweep_sweep::{AccountTally, Early, Ended, Event, ScanError, Source, Stop, Totals};
use serde_json::json;
use tokio::time::Instant;

use crate::arguments::ScanOptions;
use crate::exit::{self, Failure};
use crate::guardrails::{self, Guardrails, Reading};
use crate::kept;
use crate::live::tell_line;
use crate::log_event::{self, Level};
use crate::messages::{is_json, tell_crashes};
pub use crate::messages::{say, warn};
use crate::prepare::Prepared;
use crate::program;
use crate::progress::Progress;
use crate::retry::Earlier;
use crate::scan::totals_of;
use crate::shard::Shard;
use crate::sink::{LakeSink, keep};
use crate::stopping;
use crate::summary::{self, Facts};
use crate::terminal::Layout;
use crate::verdict::Verdict;

/// Grows when columns are added to a table.
const SCHEMA_VERSION: i32 = 4;
/// How long a publisher waits for another.
const LOCK_PATIENCE: Duration = Duration::from_mins(2);

/// Where finished accounts go, and what an earlier process or scan left.
pub struct Begun {
    writer: ScanWriter,
    header: ScanHeader,
    shard: Option<Shard>,
    earlier: Option<Earlier>,
    /// What else lies in the lake, worth a word.
    note: Option<String>,
}

impl Begun {
    /// Tells the plan what need not be scanned.
    pub fn of(
        writer: ScanWriter,
        header: ScanHeader,
        shard: Option<Shard>,
        earlier: Option<Earlier>,
        prepared: &mut Prepared,
    ) -> Self {
        prepared.plan.done = writer.finished().collect();
        if let Some(earlier) = &earlier {
            earlier.tell(&mut prepared.plan);
        }
        Self { writer, header, shard, earlier, note: None }
    }

    /// Says at the start that scans were left unfinished here.
    #[must_use]
    pub fn beside(mut self, unfinished: &[ScanHeader], out: &Path) -> Self {
        let names: Vec<&str> = unfinished.iter().map(|header| header.scan_id.as_str()).collect();
        if let Some(first) = names.first() {
            self.note = Some(format!(
                "unfinished in {}: {}; --resume {first} would go on, and deleting its folder in staging forgets it",
                out.display(),
                names.join(", ")
            ));
        }
        self
    }
}

/// One run.
pub struct Run<'a> {
    /// What is linked in.
    pub registry: &'a Registry,
    /// Accounts and sessions.
    pub source: Arc<dyn Source>,
    /// What will be done.
    pub prepared: Prepared,
    /// Where it goes.
    pub begun: Begun,
    /// The lake's root.
    pub out: &'a Path,
    /// For the commands that the summary suggests.
    pub program: &'a str,
    /// How it is ended before its end.
    pub stop: Stop,
    /// Of the made-up organization.
    pub is_demo: bool,
}

/// What a run came to.
pub struct RunOutcome {
    /// How `scan` ends.
    pub verdict: Verdict,
    /// The sums.
    pub totals: Totals,
}

impl Run<'_> {
    /// Scans, publishes and reports.
    pub async fn go(self) -> Result<RunOutcome, Failure> {
        let options = &self.prepared.options;
        let mut progress = Progress::new(
            options.quiet,
            options.log_format.unwrap_or_default(),
            self.prepared.plan.concurrency,
        );
        let outcome = self.go_on(&mut progress).await;
        match &outcome {
            Ok(_) => progress.finish(),
            // No summary names what was lost.
            Err(_) => progress.tell_losses(),
        }
        outcome
    }

    async fn go_on(self, progress: &mut Progress) -> Result<RunOutcome, Failure> {
        let Self { registry, source, prepared, begun, out, program, stop, is_demo } = self;
        let Begun { mut writer, header, shard, earlier, note } = begun;
        let watch = Instant::now();
        let refused = |error: LakeError| Failure::new(format!("--out {}: {error}", out.display()));
        let (mut totals, _) = totals_of(&writer)?;
        let resumed = totals.accounts.len();
        let earlier_usage = writer.earlier_usage();
        let describing =
            async { source.organization().await.map_err(|error| Failure::new(error.to_string())) };
        let organization = stopping::or_interrupted(&stop, describing).await?;
        let whose = format!("{} {}", organization.id, organization.management_account_id);
        if !writer.belongs_to(&whose).map_err(refused)? {
            return Err(Failure::new(format!(
                "scan {} was begun in another organization than {}: give the same credentials, or scan anew",
                header.scan_id, organization.id
            )));
        }
        writer.keep_usage(&source.usage()).map_err(refused)?;
        if let Some(earlier) = &earlier {
            earlier.same_organization(&organization.id)?;
            earlier.take_over_facts(&mut writer, &prepared.plan).map_err(refused)?;
            writer.copy_documents_from(&earlier.scan_id);
        }

        log_event::is_about(&header.scan_id);
        let options = &prepared.options;
        if is_json(options) && !options.quiet {
            let fields = json!({
                "checks": prepared.plan.checks.len(),
                "accounts_resumed": resumed,
                "retried_scan_id": header.retried_scan_id,
                "shard": shard.map(|shard| shard.index),
                "shards": shard.map(|shard| shard.count),
            });
            log_event::write(Level::Info, "scan_started", fields);
        } else if resumed > 0 && !options.quiet {
            tell_line(&format!("resuming: {resumed} accounts are already finished"));
        }
        if let Some(message) = note {
            progress.tell(&Event::Warning { name: "unfinished_scans", message });
        }
        let plan = Arc::new(prepared.plan);
        let prepared = Prepared { plan: orgsweep_sweep::Plan::clone(&plan), ..prepared };
        let reading = Reading::begin(&source, &plan, shard.is_some());
        let mut sink = LakeSink { writer, usage: source.usage() };
        let mut tell = |event: Event| progress.tell(&event);
        let ran =
            orgsweep_sweep::run(Arc::clone(&source), Arc::clone(&plan), &mut sink, stop.clone(), &mut tell)
                .await;
        progress.finish();
        let LakeSink { mut writer, usage } = sink;
        let was_stopped = !ran.as_ref().is_ok_and(|ended| ended.early.is_none());
        let told_to = &prepared.options;
        let waiting = || {
            let message = "all accounts are done; service and resource control policies are still being read";
            if told_to.quiet {
            } else if is_json(told_to) {
                log_event::write(
                    Level::Info,
                    "waiting_for_organization_policies",
                    json!({"message": message}),
                );
            } else {
                tell_line(message);
            }
        };
        let guardrails = reading.end(&stop, was_stopped, waiting).await;
        totals.organization_gaps.extend(guardrails::lost(&guardrails));
        let counted = writer.keep_usage(&usage).map_err(refused);
        let ended = match ran {
            Ok(ended) => ended,
            Err(ScanError::Cancelled) => {
                return Err(kept::stopped(exit::INTERRUPTED, &writer, &header, shard, out));
            }
            Err(ScanError::Deadline) => {
                return Err(kept::stopped(exit::INCOMPLETE, &writer, &header, shard, out));
            }
            Err(error) => return Err(kept::failed(&error, &writer, &header, out)),
        };
        // Only now: how to go on after what ended the run matters more.
        counted?;
        let Ended { totals: scanned, organization, early, roster_is_whole, unfinished, taken } = ended;
        totals.join(scanned);
        if let Some(early) = early {
            let code = match early {
                Early::Interrupted => exit::INTERRUPTED,
                Early::Deadline => exit::INCOMPLETE,
            };
            if !(prepared.options.publish_partial && roster_is_whole) || shard.is_some() {
                // Whoever goes on begins these accounts anew; what was asked for them was asked.
                unfinished.iter().filter_map(|one| one.usage.as_deref()).for_each(|asked| usage.join(asked));
                writer.keep_usage(&usage).map_err(refused)?;
                return Err(kept::stopped(code, &writer, &header, shard, out));
            }
            // What an earlier scan has of an account is more than nothing: it stays.
            let (kept, lost): (Vec<_>, Vec<_>) = unfinished
                .into_iter()
                .partition(|one| one.refusal.is_none() && plan.retained.contains_key(&one.account.id));
            for account in lost {
                let rows = account.rows(&plan, &organization);
                let tally = AccountTally::of(&rows);
                keep(&mut writer, Place::Unfinished, rows, &tally).map_err(Failure::new)?;
                totals.add(tally);
            }
            if let Some(earlier) = &earlier {
                let kept = kept.into_iter().map(|one| (one.account.id, one.usage)).collect();
                earlier
                    .take_over(&mut writer, Place::Unfinished, &plan, &kept, &mut totals)
                    .map_err(refused)?;
            }
        }
        if let Some(shard) = shard {
            return tell_shard(shard, totals, &prepared.options);
        }
        if let Some(earlier) = &earlier {
            earlier.take_over(&mut writer, Place::Finished, &plan, &taken, &mut totals).map_err(refused)?;
        }
        let shared = earlier_usage;
        shared.join(&usage);
        let scan_id: ScanId = header.scan_id.parse().map_err(Failure::new)?;
        let publication = Publication {
            registry,
            prepared: &prepared,
            organization: &organization,
            started_at: prepared.plan.clock.began(scan_id.moment()),
            scan_id: &scan_id,
            out,
            program,
            shards: None,
            retried_scan_id: header.retried_scan_id,
            is_partial: early.is_some(),
            is_demo,
            seconds: Some(watch.elapsed()),
            shared: &shared,
            guardrails,
            deadline: stop.deadline.map(|moment| moment + stop.grace),
        };
        let gently = stop.gently.clone();
        // A Ctrl-C that came before is what led here; a new one ends the wait for another publisher.
        let was_stopped = gently.is_cancelled();
        let verdict = publication.publish(writer, &totals, &mut |waited| {
            waited < LOCK_PATIENCE && (was_stopped || !gently.is_cancelled()) && !stop.now.is_cancelled()
        })?;
        Ok(RunOutcome { verdict, totals })
    }
}

fn tell_shard(shard: Shard, totals: Totals, options: &ScanOptions) -> Result<RunOutcome, Failure> {
    let verdict = Verdict::of(&totals, options, false);
    let fields = json!({
        "shard": shard.index,
        "shards": shard.count,
        "accounts": log_event::by_state(&totals),
        "exit_code": verdict.code,
        "exit_reasons": verdict.reasons,
    });
    tell_crashes(&totals, options);
    say(options, "shard_finished", &fields, || {
        format!(
            "Shard {}/{}: {}\nPublished by `{} finalize` once all shards are done.\n",
            shard.index,
            shard.count,
            summary::coverage_line(&totals),
            program::name()
        )
    })?;
    Ok(RunOutcome { verdict, totals })
}

/// A scan's last step: rows of the scan itself, the commit, the screen, the exit code.
pub struct Publication<'a> {
    /// What is linked in.
    pub registry: &'a Registry,
    /// What was done.
    pub prepared: &'a Prepared,
    /// The organization.
    pub organization: &'a Organization,
    /// The scan's name.
    pub scan_id: &'a ScanId,
    /// When it began.
    pub started_at: Timestamp,
    /// The lake's root.
    pub out: &'a Path,
    /// For the commands that the summary suggests.
    pub program: &'a str,
    /// How many processes took part, if several.
    pub shards: Option<i32>,
    /// The scan whose rows were taken over.
    pub retried_scan_id: Option<String>,
    /// Ended early.
    pub is_partial: bool,
    /// The demo: it ends with another code, and nothing of it is worth a second attempt.
    pub is_demo: bool,
    /// How long it took, where one process did it all.
    pub seconds: Option<Duration>,
    /// What was asked of AWS for the organization as a whole.
    pub shared: &'a Usage,
    /// Service and resource control policies.
    pub guardrails: Guardrails,
    /// Another publisher is not waited for beyond this moment.
    pub deadline: Option<Instant>,
}

impl Publication<'_> {
    /// Publishes and tells. Once the scan is in the lake, nothing makes it a failure any more.
    pub fn publish(
        mut self,
        mut writer: ScanWriter,
        totals: &Totals,
        patience: &mut dyn FnMut(Duration) -> bool,
    ) -> Result<Verdict, Failure> {
        let refused = |error: LakeError| Failure::new(format!("--out {}: {error}", self.out.display()));
        let previous_scan_id = orgsweep_lake::latest_scan_id(self.out).map_err(refused)?;
        let shared = self.shared.total();
        let mut calls = totals.calls;
        calls.add(&shared);
        let plan = &self.prepared.plan;
        let record = ScanRecord {
            org_id: self.organization.id.clone(),
            management_account_id: self.organization.management_account_id,
            started_at: self.started_at,
            finished_at: plan.clock.now(),
            status: if self.is_partial { ScanStatus::Partial } else { ScanStatus::Complete },
            previous_scan_id,
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            schema_version: SCHEMA_VERSION,
            config_sha256: self.prepared.config_sha256.clone(),
            accounts_in_scope: totals.accounts.len() as i32,
            accounts_scanned: totals.count(ScanState::Scanned) as i32,
            accounts_partial: totals.count(ScanState::Partial) as i32,
            accounts_not_scanned: totals.count(ScanState::NotScanned) as i32,
            api_calls: calls.calls as i64,
            throttles: calls.throttles as i64,
            session_policy: self.prepared.access.session_policy.clone(),
            duration_ms: self.seconds.map_or_else(
                || plan.clock.now().as_millisecond() - self.started_at.as_millisecond(),
                |seconds| seconds.as_millis() as i64,
            ),
            api_attempts: Some(calls.attempts as i64),
            api_errors: Some(calls.errors as i64),
            response_bytes: Some(calls.response_bytes as i64),
            retried_scan_id: self.retried_scan_id.clone(),
            shards: self.shards,
            organization_gaps: (!totals.organization_gaps.is_empty())
                .then(|| totals.organization_gaps.join("; ")),
        };
        let (checks, controls) = orgsweep_sweep::rows::catalog(self.registry, &plan.checks);
        let mut whole: Vec<Arc<dyn Rows>> =
            vec![Arc::new(checks), Arc::new(controls), Arc::new(ApiCallRecord::of(None, self.shared))];
        let management = self.organization.management_account_id;
        let guardrails = self.guardrails.take();
        let unknown = guardrails.as_ref().and_then(|read| read.as_ref().err().map(ToString::to_string));
        whole.extend(guardrails::rows(guardrails, management, plan.clock.now(), &mut writer));
        let coverage = json!({
            "accounts_in_scope": record.accounts_in_scope,
            "accounts_scanned": record.accounts_scanned,
            "accounts_partial": record.accounts_partial,
            "accounts_not_scanned": record.accounts_not_scanned,
            "enabled_checks": plan.checks.len(),
            "coverage_rows": totals.coverage_rows,
            "findings": totals.finding_rows,
            "organization_gaps": totals.organization_gaps,
        });
        let options = &self.prepared.options;
        let verdict = Verdict::of(totals, options, self.is_partial);
        let mut told = options.quiet;
        let mut wait = |waited: Duration| {
            if !told && waited > Duration::from_secs(1) {
                told = true;
                let message = "another orgsweep is publishing to this output directory; waiting for it";
                warn(options, "waiting_for_publisher", message);
            }
            patience(waited) && self.deadline.is_none_or(|moment| Instant::now() < moment)
        };
        let published = match writer.publish(&whole, record, &coverage, &mut wait) {
            Err(LakeError::Locked { .. }) if self.deadline.is_some_and(|moment| Instant::now() >= moment) => {
                return Err(self.deadline_came());
            }
            published => published.map_err(refused)?,
        };
        for warning in &published.warnings {
            warn(options, "published_with_warning", warning);
        }
        if let Some(gap) = unknown {
            let message = format!("service and resource control policies are unknown: {gap}");
            warn(options, "organization_policies_unknown", &message);
        }
        if let Err(failure) = self.report(totals, shared.calls, &verdict) {
            warn(options, "summary_not_printed", &format!("the scan is published; {}", failure.message));
        }
        Ok(verdict)
    }

    fn deadline_came(&self) -> Failure {
        let way_out = if self.shards.is_some() {
            "run finalize again".to_owned()
        } else {
            format!("--resume {} --out {} goes on with it", self.scan_id, summary::quoted(self.out))
        };
        let message = format!(
            "the deadline came while another orgsweep was publishing into this lake; nothing was published, and all that \
             was finished is kept: {way_out}"
        );
        Failure { message, code: exit::INCOMPLETE }
    }

    fn report(&self, totals: &Totals, shared_calls: u64, verdict: &Verdict) -> Result<(), Failure> {
        let options = &self.prepared.options;
        tell_crashes(totals, options);
        if options.quiet {
            return Ok(());
        }
        if is_json(options) {
            let mut calls = totals.calls;
            calls.add(&self.shared.total());
            let level = if verdict.code == exit::INCOMPLETE { Level::Warning } else { Level::Info };
            let fields = json!({
                "status": if self.is_partial { ScanStatus::Partial } else { ScanStatus::Complete },
                "out": self.out,
                "organization_gaps": totals.organization_gaps,
                "accounts": log_event::by_state(totals),
                "failed": log_event::by_severity(&totals.failed),
                "passed": totals.passed,
                "unknown": totals.unknown_rows,
                "api_calls": calls.calls,
                "api_attempts": calls.attempts,
                "throttles": calls.throttles,
                "response_bytes": calls.response_bytes,
                "exit_code": verdict.code,
                "exit_reasons": verdict.reasons,
            });
            log_event::write(level, "published", fields);
            return Ok(());
        }
        let facts = Facts {
            scan_id: self.scan_id.as_str(),
            organization: &self.organization.id,
            seconds: self.seconds.map(|seconds| seconds.as_secs_f64()),
            shared_calls,
            out: self.out,
            program: self.program,
            verdict,
            roles: &options.role_name,
            is_demo: self.is_demo,
        };
        let layout = Layout::of_output(options.color.unwrap_or_default());
        crate::print(&summary::render(totals, &facts, layout)).map(|_| ())
    }
}
