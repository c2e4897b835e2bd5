//! `orgsweep scan`, and the part of it that the demo shares: run, publish, summarize, decide the exit code.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use orgsweep_aws::{AwsSource, Connection, RoleTemplate, Roster, SourceOptions};
use orgsweep_lake::{ScanId, ScanWriter};
use orgsweep_model::records::{ScanRecord, ScanState, ScanStatus};
use orgsweep_model::registry::Registry;
use orgsweep_model::{Organization, Rows, Timestamp};
use orgsweep_sweep::{AccountRows, Event, ScanError, Sink, Source, Totals};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::arguments::{LogFormat, ScanArguments, ScanOptions};
use crate::config::Config;
use crate::exit::{self, Failure};
use crate::plan_screen;
use crate::prepare::{self, Prepared};
use crate::progress::Progress;
use crate::summary::{self, Facts};

/// The role that the shipped templates make.
pub const DEFAULT_ROLE: &str = "orgsweep/OrgsweepAudit";
/// Where the tables go unless told otherwise.
pub const DEFAULT_OUT: &str = "orgsweep-out";
/// Grows when columns are added to a table.
const SCHEMA_VERSION: i32 = 1;

/// Scans the organization of the caller's credentials.
pub async fn scan(registry: &Registry, arguments: ScanArguments) -> Result<u8, Failure> {
    let config = match &arguments.config {
        Some(path) => Config::read(path)?,
        None => Config::default(),
    };
    let prepared = prepare::prepare(registry, arguments.options, config)?;
    let options = &prepared.options;
    let session_policy = session_policy(&prepared)?;
    let source_options = source_options(&prepared, session_policy.clone())?;
    let out = options.out.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_OUT));

    let connection = Connection::load(options.profile.as_deref(), options.region.as_deref()).await;
    let source = AwsSource::connect(connection, source_options)
        .await
        .map_err(|error| Failure::new(error.to_string()))?;
    let source: Arc<dyn Source> = Arc::new(source);
    if arguments.plan {
        return plan_screen::print(source, &prepared, session_policy.as_deref()).await;
    }
    let scan_id = ScanId::new(prepared.plan.now, random_entropy());
    let program = program();
    let outcome =
        Run { registry, source, prepared: &prepared, session_policy, scan_id, out: &out, program: &program }
            .go()
            .await?;
    Ok(outcome.code)
}

/// One run, from an open source to published tables.
pub struct Run<'a> {
    /// What is linked in.
    pub registry: &'a Registry,
    /// Accounts and sessions.
    pub source: Arc<dyn Source>,
    /// What will be done.
    pub prepared: &'a Prepared,
    /// What limits every assumed role.
    pub session_policy: Option<String>,
    /// The scan's name.
    pub scan_id: ScanId,
    /// The lake's root.
    pub out: &'a Path,
    /// For the commands that the summary suggests.
    pub program: &'a str,
}

/// What a run came to.
pub struct RunOutcome {
    /// The exit code of `scan`.
    pub code: u8,
    /// The sums.
    pub totals: Totals,
}

impl Run<'_> {
    /// Scans, publishes and tells.
    pub async fn go(self) -> Result<RunOutcome, Failure> {
        let plan = Arc::clone(&self.prepared.plan);
        let options = &self.prepared.options;
        let log_format = options.log_format.unwrap_or_default();
        let started_at = plan.now;
        let watch = Instant::now();

        let tables = orgsweep_lake::all_tables(self.registry.stored_tables());
        let refused =
            |error: orgsweep_lake::LakeError| Failure::new(format!("--out {}: {error}", self.out.display()));
        let writer = ScanWriter::create(self.out, &self.scan_id, tables).map_err(refused)?;
        let previous_scan_id = orgsweep_lake::latest_scan_id(self.out).map_err(refused)?;
        let mut sink = LakeSink { writer, worst: BTreeMap::new() };

        let cancel = CancellationToken::new();
        let interrupts = tokio::spawn(interrupts(cancel.clone()));
        let mut progress = Progress::new(options.quiet, log_format);
        let mut tell = |event: Event| progress.tell(&event);
        let ran = orgsweep_sweep::run(
            Arc::clone(&self.source),
            Arc::clone(&plan),
            &mut sink,
            cancel.clone(),
            &mut tell,
        )
        .await;
        progress.finish();
        let (totals, organization) = match ran {
            Ok(done) => done,
            Err(ScanError::Cancelled) => return Err(Failure::interrupted()),
            Err(error) => return Err(Failure::new(error.to_string())),
        };
        if cancel.is_cancelled() {
            return Err(Failure::interrupted());
        }

        let shared = self.source.usage();
        let worst_check = sink.worst_check();
        let record = ScanRecord {
            org_id: organization.id.clone(),
            management_account_id: organization.management_account_id,
            started_at,
            finished_at: plan.clock.now(),
            status: ScanStatus::Complete,
            previous_scan_id,
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            schema_version: SCHEMA_VERSION,
            config_sha256: self.prepared.config_sha256.clone(),
            accounts_in_scope: totals.accounts.len() as i32,
            accounts_scanned: totals.count(ScanState::Scanned) as i32,
            accounts_partial: totals.count(ScanState::Partial) as i32,
            accounts_not_scanned: totals.count(ScanState::NotScanned) as i32,
            api_calls: (totals.api_calls + shared.calls()) as i64,
            throttles: (totals.throttles + shared.throttles()) as i64,
            session_policy: self.session_policy.clone(),
            duration_ms: watch.elapsed().as_millis() as i64,
        };
        let (checks, controls) = orgsweep_sweep::rows::catalog(self.registry, &plan.checks);
        let whole: Vec<Arc<dyn Rows>> = vec![Arc::new(checks), Arc::new(controls)];
        let coverage = json!({
            "accounts_in_scope": record.accounts_in_scope,
            "accounts_scanned": record.accounts_scanned,
            "accounts_partial": record.accounts_partial,
            "accounts_not_scanned": record.accounts_not_scanned,
            "enabled_checks": plan.checks.len(),
            "coverage_rows": totals.coverage_rows,
            "findings": totals.finding_rows,
        });
        sink.writer.publish(&whole, record, &coverage).map_err(refused)?;
        interrupts.abort();

        let code = exit_code(&totals, options);
        self.tell_summary(&totals, &organization, watch, shared.calls(), worst_check.as_deref(), code)?;
        Ok(RunOutcome { code, totals })
    }

    #[expect(clippy::print_stderr, reason = "events are told on standard error")]
    fn tell_summary(
        &self,
        totals: &Totals,
        organization: &Organization,
        watch: Instant,
        shared_calls: u64,
        worst_check: Option<&str>,
        code: u8,
    ) -> Result<(), Failure> {
        let options = &self.prepared.options;
        if options.quiet {
            return Ok(());
        }
        let scan_id = self.scan_id.to_string();
        if options.log_format == Some(LogFormat::Json) {
            eprintln!(
                "{}",
                json!({
                    "event": "published",
                    "scan_id": scan_id,
                    "out": self.out,
                    "coverage": summary::coverage_line(totals),
                    "failed": totals.failed,
                    "api_calls": totals.api_calls + shared_calls,
                    "exit_code": code,
                })
            );
            return Ok(());
        }
        let facts = Facts {
            scan_id: &scan_id,
            organization: &organization.id,
            seconds: watch.elapsed().as_secs_f64(),
            shared_calls,
            out: self.out,
            program: self.program,
            worst_check,
        };
        crate::print(&summary::render(totals, &facts)).map(|_| ())
    }
}

/// The highest code that applies.
pub fn exit_code(totals: &Totals, options: &ScanOptions) -> u8 {
    let enough = totals.check_failures.is_empty()
        && match options.min_coverage {
            None => totals.is_complete(),
            Some(percent) => totals.covered_percent() >= percent,
        };
    if !enough {
        exit::INCOMPLETE
    } else if options.fail_on.is_some_and(|least| totals.worst().is_some_and(|worst| worst >= least)) {
        exit::FINDINGS
    } else {
        exit::COMPLETE
    }
}

/// Spools accounts as they finish and remembers which check failed most.
struct LakeSink {
    writer: ScanWriter,
    /// Check → FAIL rows weighted by severity.
    worst: BTreeMap<String, u64>,
}

impl Sink for LakeSink {
    fn take(&mut self, rows: AccountRows) -> Result<(), String> {
        use orgsweep_model::Status;
        for finding in rows.findings.iter().filter(|finding| finding.status == Status::Fail) {
            *self.worst.entry(finding.check_id.clone()).or_default() += finding.severity_rank.pow(2) as u64;
        }
        let account = rows.record.account_id;
        let mut batches: Vec<Arc<dyn Rows>> = vec![
            Arc::new(vec![rows.record]),
            Arc::new(rows.coverage),
            Arc::new(rows.table_reads),
            Arc::new(rows.findings),
        ];
        batches.extend(rows.facts);
        self.writer.spool(account, &batches).map_err(|error| error.to_string())
    }
}

impl LakeSink {
    fn worst_check(&self) -> Option<String> {
        self.worst.iter().max_by_key(|(_, weight)| **weight).map(|(check, _)| check.clone())
    }
}

/// How the options get at accounts.
pub fn source_options(prepared: &Prepared, session_policy: Option<String>) -> Result<SourceOptions, Failure> {
    let options = &prepared.options;
    Ok(SourceOptions {
        roster: roster(options)?,
        roles: roles(options)?,
        external_id: options.external_id.clone(),
        session_duration: options.session_duration,
        session_policy,
        with_tags: prepared.plan.filter.needs_tags(),
        clock: prepared.plan.clock,
    })
}

fn roster(options: &ScanOptions) -> Result<Roster, Failure> {
    if options.single_account {
        return Ok(Roster::CallerOnly);
    }
    match &options.accounts_file {
        Some(path) => Ok(Roster::File(prepare::read_accounts_file(path)?)),
        None => Ok(Roster::Organization),
    }
}

fn roles(options: &ScanOptions) -> Result<Vec<RoleTemplate>, Failure> {
    let names =
        if options.role_name.is_empty() { vec![DEFAULT_ROLE.to_owned()] } else { options.role_name.clone() };
    names
        .iter()
        .map(|name| {
            RoleTemplate::parse(name)
                .map_err(|message| Failure::new(format!("--role-name {name:?}: {message}")))
        })
        .collect()
}

/// What every assumed role is limited to: the calls of the enabled checks.
pub fn session_policy(prepared: &Prepared) -> Result<Option<String>, Failure> {
    if prepared.options.no_session_policy {
        return Ok(None);
    }
    orgsweep_aws::session_policy(&prepared.plan.actions()).map(Some).map_err(Failure::new)
}

/// Ctrl-C or SIGTERM once: stop cleanly. Twice: stop now.
async fn interrupts(cancel: CancellationToken) {
    interrupt().await;
    cancel.cancel();
    interrupt().await;
    std::process::exit(i32::from(exit::INTERRUPTED));
}

async fn interrupt() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

/// 80 bits that no other scan has: the standard library's per-process random keys.
fn random_entropy() -> [u8; 10] {
    let mut entropy = [0; 10];
    for half in entropy.chunks_mut(8) {
        let mut hasher = RandomState::new().build_hasher();
        hasher.write_u128(Timestamp::now().as_nanosecond() as u128);
        hasher.write_u32(std::process::id());
        half.copy_from_slice(&hasher.finish().to_be_bytes()[..half.len()]);
    }
    entropy
}

/// How the user started us, for the commands that the summary suggests.
pub fn program() -> String {
    if std::env::var_os("CARGO").is_some() {
        return "cargo run --release --".to_owned();
    }
    let name = std::env::args_os().next().map(PathBuf::from);
    let name = name.as_deref().and_then(Path::file_name).and_then(|name| name.to_str());
    name.unwrap_or("orgsweep").to_owned()
}
