//! `orgsweep demo`: the simulator on loopback, and the same scan as ever.

use clap::Args;
use orgsweep_model::Severity;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use orgsweep_aws::{AwsSource, Connection, Pace, Roster, SourceOptions};
use orgsweep_lake::ScanId;
use orgsweep_model::Timestamp;
use orgsweep_model::collector::Clock;
use orgsweep_model::registry::Registry;
use orgsweep_scan::Run;
use orgsweep_simulator::{Options, PlantedKind, Running};
use orgsweep_sweep::{Source, Totals};
use sha2::{Digest, Sha256};

use crate::distribution::LeftOut;
use crate::exit::{Exit, Failure};
use crate::options::checks::CheckOptions;
use crate::options::output::OutputOptions;
use crate::options::pace::PaceOptions;
use crate::options::values;
use crate::options::{LogFormat, ScanOptions, WorldArguments};
use crate::resolve::Config;
use crate::terminal::ColorWhen;
use crate::terminal::program;
use crate::terminal::{Layout, words, wrap};
use crate::terminal::{Reporter, Shown};
use crate::{resolve, stopping};

/// `orgsweep demo`.
#[derive(Debug, Args)]
pub struct DemoArguments {
    #[command(flatten)]
    pub world: WorldArguments,
    /// The moment of the scan; the made-up dates follow it. [default: now]
    #[arg(long, value_name = "TIME", value_parser = values::moment)]
    pub now: Option<Timestamp>,
    /// Output directory.
    #[arg(long, value_name = "DIR", default_value = "orgsweep-demo")]
    pub out: PathBuf,
    /// Check settings from a file.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Only these checks; `*` and `?` are wildcards.
    #[arg(long, value_delimiter = ',', value_name = "ID")]
    pub check: Vec<String>,
    /// Collect these tables too, though no enabled check reads them; `all` for every table.
    #[arg(long, value_delimiter = ',', value_name = "TABLE")]
    pub collect: Vec<String>,
    /// Accounts in flight.
    #[arg(long, value_parser = values::whole::<usize>, value_name = "N", default_value_t = 64)]
    pub concurrency: usize,
    /// As in `scan`: decides the code that the demo prints.
    #[arg(long, value_name = "SEVERITY")]
    pub fail_on: Option<Severity>,
    /// Milliseconds that the simulator waits before every answer.
    #[arg(long, value_parser = values::whole::<u64>, value_name = "MS", default_value_t = 0)]
    pub latency: u64,
    /// Print no progress and no summary.
    #[arg(long, short)]
    pub quiet: bool,
    /// Progress output format.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    pub log_format: LogFormat,
    /// Colors in the summary.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t)]
    pub color: ColorWhen,
}

/// Scans the made-up organization. Ends with 0 when the accounts lost are exactly the ones that were planted.
pub async fn demo(
    registry: &Registry,
    arguments: DemoArguments,
    left_out: Option<LeftOut>,
) -> Result<Exit, Failure> {
    let now = arguments.now.unwrap_or_else(|| Clock::wall().now());
    let config = Config::read_or_default(arguments.config.as_deref())?;
    let flags = ScanOptions {
        checks: CheckOptions {
            check: arguments.check,
            collect: arguments.collect,
            ..CheckOptions::default()
        },
        // No production shares this quota.
        pace: PaceOptions {
            concurrency: Some(arguments.concurrency),
            unlimited: true,
            ..PaceOptions::default()
        },
        output: OutputOptions {
            fail_on: arguments.fail_on,
            now: Some(now),
            quiet: arguments.quiet,
            log_format: Some(arguments.log_format),
            color: Some(arguments.color),
            ..OutputOptions::default()
        },
        ..ScanOptions::default()
    };
    // Only what concerns checks is taken from the file: the organization is made up.
    let config = Config { options: ScanOptions::default(), ..config };
    let stop = stopping::listen();
    let resolve::Prepared { mut scan, access, options } =
        resolve::prepare_with(registry, flags, config, Clock::fixed(now))?;
    scan.out.clone_from(&arguments.out);
    let actions = scan.plan.actions();
    let scan_id = ScanId::new(now, derived_entropy(&arguments.world, now, scan.config_sha256()));
    let started = orgsweep_scan::create(registry, &scan_id, &mut scan)?;

    let running = start(&arguments.world, now, arguments.latency, 0).await?;
    let pace = Pace::unlimited(orgsweep_aws::DEFAULT_REQUESTS);
    let (key_id, secret) = (running.access_key_id(), running.secret_access_key());
    let connection = Connection::fixed(&running.endpoint(), key_id, secret, None, pace);
    let source = AwsSource::connect(
        connection,
        SourceOptions {
            roster: Roster::Organization,
            access,
            with_tags: false,
            organization_actions: scan.plan.organization_actions(),
            clock: scan.plan.clock,
        },
    )
    .await
    .map_err(|error| Failure::new(error.to_string()))?;
    let source: Arc<dyn Source> = Arc::new(source);
    let program = program::command();
    let shown = Shown { options: &options, out: &arguments.out, program: &program, is_demo: true };
    let mut reporter = Reporter::new(shown, scan.plan.concurrency);
    let run = Run { registry, source, options: scan, started, stop };
    let outcome = run.go(&mut |event| reporter.report(event)).await;
    let outcome = reporter.end(outcome)?;
    let surprises = surprises(&running, &outcome.totals, &actions);
    if !arguments.quiet && arguments.log_format == LogFormat::Text {
        let how = if surprises.is_empty() { "exactly those" } else { "not those" };
        let sentence = format!(
            "The made-up organization lost {} accounts, {how} that were planted. `{} scan` would have ended with \
             {}.",
            outcome.totals.lost().len(),
            program::name(),
            outcome.verdict.sentence()
        );
        let columns = Layout::of_output(arguments.color).prose;
        for sentence in [Some(sentence), left_out.map(LeftOut::sentence)].into_iter().flatten() {
            let lines = wrap(words(&sentence), columns);
            crate::terminal::print(&format!("\n{}\n", lines.join("\n")))?;
        }
    }
    if surprises.is_empty() {
        return Ok(Exit::Complete);
    }
    // The scan is published; that it found what was planted is what the demo is for.
    let message = format!("the demo did not come out as planted:\n  {}", surprises.join("\n  "));
    Err(Failure { message, exit: Exit::Found })
}

/// Starts the simulator.
pub async fn start(
    world: &WorldArguments,
    now: Timestamp,
    latency: u64,
    port: u16,
) -> Result<Running, Failure> {
    let options = Options {
        accounts: world.accounts as usize,
        seed: world.seed,
        now,
        latency: Duration::from_millis(latency),
        ..Options::default()
    };
    orgsweep_simulator::start(options, port)
        .await
        .map_err(|error| Failure::new(format!("starting the simulator on 127.0.0.1: {error}")))
}

/// The same seed, moment and configuration give the same scan id, and so the same bytes.
fn derived_entropy(world: &WorldArguments, now: Timestamp, config_sha256: &str) -> [u8; 10] {
    let text = format!("{} {} {now} {config_sha256}", world.seed, world.accounts);
    let digest = Sha256::digest(text.as_bytes());
    let mut entropy = [0; 10];
    entropy.copy_from_slice(&digest[..10]);
    entropy
}

/// Every account that came out otherwise than planted. A broken role is a loss only if something that it may not do
/// was requested.
fn surprises(running: &Running, totals: &Totals, actions: &[&str]) -> Vec<String> {
    let is_lost = |kind: &PlantedKind| match kind {
        PlantedKind::NotActive => false,
        PlantedKind::RoleMissing | PlantedKind::RoleUntrusting => true,
        PlantedKind::RoleBroken(denied) => denied.iter().any(|action| actions.contains(action)),
    };
    let expected_lost: BTreeSet<&str> = running
        .planted()
        .iter()
        .filter(|planted| is_lost(&planted.kind))
        .map(|planted| planted.account_id.as_str())
        .collect();
    let mut surprises = Vec::new();
    for line in &totals.accounts {
        let id = line.id.as_str();
        match (expected_lost.contains(id), line.is_lost()) {
            (true, false) => surprises.push(format!("{id} was planted as lost and was scanned")),
            (false, true) => {
                surprises.push(format!("{id} was lost: {}", line.headline.as_deref().unwrap_or("no reason")));
            }
            _ => {}
        }
    }
    if totals.accounts.len() != running.accounts().len() {
        surprises.push(format!(
            "{} accounts were made and {} were listed",
            running.accounts().len(),
            totals.accounts.len()
        ));
    }
    surprises
}
