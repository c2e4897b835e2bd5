//! `orgsweep doctor`: access is verified before a scan. The same run as a scan's over a sample of the accounts, reading all and
//! publishing nothing, so that what it finds is what a scan would find.

mod advice;
mod clock;
mod inspection;
mod json;
mod organization;
mod report;
mod sample;

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use orgsweep_aws::{AwsSource, ClockProbe, Connection};
use orgsweep_model::registry::Registry;
use orgsweep_model::{Account, Gap, Organization, Usage, async_trait};
use orgsweep_scan::or_interrupted;
use orgsweep_sweep::{Event, Listed, Opened, Plan, Source, SourceError, Stop};
use tokio::sync::mpsc;
use tokio::time::Instant;

use self::advice::Commands;
use self::clock::ClockVerdict;
use self::inspection::Doctor;
use self::report::Report;
use self::sample::Sample;
use crate::exit::{Exit, Failure};
use crate::options::{LogFormat, ScanOptions};
use crate::resolve::Config;
use crate::resolve::Prepared;
use crate::resolve::{self, access, source};
use crate::stopping;
use crate::terminal::Progress;
use crate::terminal::json::line;
use crate::terminal::program;
use crate::terminal::{ColorWhen, Layout};
use crate::terminal::{tell_line, warn};

/// Options of `scan` about its results: accepted, so that the same line works with another word, and not shown.
const WITHOUT_MEANING: [&str; 6] = ["out", "fail_on", "min_coverage", "publish_partial", "now", "color"];

/// `orgsweep doctor`: the options of `scan`, so that the same line works with another word.
#[derive(Debug, Args)]
#[command(mut_args(|argument| {
    let hidden = WITHOUT_MEANING.contains(&argument.get_id().as_str());
    let is_format = argument.get_id() == "log_format";
    let argument = argument.hide(hidden);
    if is_format { argument.help("Format of the report").hide_possible_values(true) } else { argument }
}))]
pub struct DoctorArguments {
    /// Options from a file; a flag wins over the file.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    pub options: ScanOptions,
    /// How many accounts to inspect, spread over the organizational units, or `all`. [default: 10; with --account: all
    /// of those]
    #[arg(long, value_name = "N", help_heading = "Accounts")]
    pub sample: Option<Sample>,
}

/// Inspects a sample of the accounts, and reports what a scan could not read.
pub async fn doctor(registry: &Registry, arguments: DoctorArguments) -> Result<Exit, Failure> {
    let began = Instant::now();
    let as_json = arguments.options.output.log_format == Some(LogFormat::Json);
    let quiet = arguments.options.output.quiet;
    let stop = stopping::listen();
    let reporting = report(registry, arguments, as_json || quiet, began, stop.clone());
    let report = match or_interrupted(&stop, reporting).await {
        Ok(report) => report,
        Err(failure) if as_json => {
            crate::terminal::print(&(line(&json::failed(&failure)) + "\n"))?;
            return Ok(failure.exit);
        }
        Err(failure) => return Err(failure),
    };
    if as_json {
        crate::terminal::print(&(line(&json::render(&report)) + "\n"))?;
    } else if !quiet {
        crate::terminal::print(&report.text(Layout::of_output(ColorWhen::Auto)))?;
    }
    Ok(report.exit())
}

async fn report(
    registry: &Registry,
    arguments: DoctorArguments,
    silent: bool,
    began: Instant,
    stop: Stop,
) -> Result<Report, Failure> {
    let config = Config::read_or_default(arguments.config.as_deref())?;
    let given = arguments.options.clone();
    let prepared = resolve::prepare(registry, arguments.options, config)?;
    let ends =
        stopping::with_deadline(stop.clone(), began, prepared.options.pace.deadline.map(|span| span.0));
    // Futures of whole commands are large.
    let inspecting = Box::pin(inspect(prepared, (arguments.config, given), arguments.sample, silent, stop));
    // Nothing is kept of an inspection that is not complete, so no time is set aside for accounts in flight.
    let Some(moment) = ends.deadline.map(|moment| moment + ends.grace) else {
        return inspecting.await;
    };
    tokio::time::timeout_at(moment, inspecting).await.unwrap_or_else(|_| {
        Err(Failure::incomplete(
            "the deadline was reached before every account was inspected: inspect fewer with --sample",
        ))
    })
}

/// `given`: the configuration file and the options of the command line.
async fn inspect(
    prepared: Prepared,
    given: (Option<PathBuf>, ScanOptions),
    sample: Option<Sample>,
    silent: bool,
    stop: Stop,
) -> Result<Report, Failure> {
    let source_options = source::source_options(&prepared, source::roster(&prepared.options, None, None)?);
    let session_policy = prepared.access.session_policy.clone();
    let Prepared { scan, options, .. } = prepared;
    let mut plan = scan.plan;

    let pace = access::pace(&options.pace, 1)?;
    let connection =
        Connection::load(options.access.profile.as_deref(), options.access.region.as_deref(), pace)
            .await
            .map_err(|error| Failure::new(error.to_string()))?;
    for warning in connection.warnings() {
        warn(&options, "credentials", warning);
    }
    let clock = connection.clock();
    let source =
        AwsSource::connect(connection, source_options).await.map_err(|error| refused(&error, &clock))?;
    let caller_arn = source.caller_arn().to_owned();
    let without_roster = |error: SourceError| {
        let program = program::command();
        Failure::new(format!("{error}\n  `{program} policy --for hub` prints what the caller needs."))
    };
    let organization = source.organization().await.map_err(without_roster)?;
    let names = source.unit_names().await;
    let about_organization = organization::look(&source, &plan, &organization).await;
    let source: Arc<dyn Source> = Arc::new(source);
    let accounts = list(&*source, names.as_ref().ok()).await.map_err(without_roster)?;

    let candidates: Vec<Account> = accounts
        .iter()
        .filter(|account| plan.filter.refuses(account).is_none() && account.state.is_scannable())
        .cloned()
        .collect();
    let only_accounts = !plan.filter.accounts.is_empty() && plan.filter.units.is_empty();
    let sample = sample.unwrap_or(if only_accounts { Sample::All } else { Sample::DEFAULT });
    plan.filter.sample = Some(sample::pick(&candidates, sample));

    // One call says whether the role may.
    plan.most_details = plan.most_details.min(1);
    let plan = Arc::new(plan);
    let listed = accounts.len();
    let source: Arc<dyn Source> = Arc::new(ListedAlready { source, accounts, names: names.clone() });
    let mut doctor = Doctor::new(Arc::clone(&plan), &organization, about_organization.facts);
    let warnings = run(&source, &plan, &mut doctor, silent, stop).await?;
    let (config, given) = given;
    let chained = !options.access.role_chain.is_empty();
    let commands =
        Commands::new(program::command(), config.as_deref(), &given, chained, &caller_arn, &organization);

    Ok(Report {
        caller_arn,
        organization,
        listed,
        candidates: candidates.len(),
        clock: ClockVerdict::of(clock.ahead_seconds()),
        names: names.map(|names| names.len()),
        policies: about_organization.policies,
        other_tables: about_organization.other_tables,
        warnings,
        session_policy,
        actions: plan.actions().len(),
        checks: plan.checks.len(),
        accounts: doctor.into_accounts(),
        commands,
    })
}

/// Enters the sample. Warnings that are not printed meanwhile are in the report.
async fn run(
    source: &Arc<dyn Source>,
    plan: &Arc<Plan>,
    doctor: &mut Doctor,
    silent: bool,
    stop: Stop,
) -> Result<Vec<String>, Failure> {
    // The table at the end shows everything; progress is for people at a terminal.
    let quiet = silent || !std::io::stderr().is_terminal();
    let mut progress = Progress::new(quiet, LogFormat::Text, plan.concurrency);
    let mut warnings = Vec::new();
    let mut on_event = |event: Event| match event {
        Event::Warning { message, .. } if silent => warnings.push(message),
        event => progress.report(&event),
    };
    let ran = orgsweep_sweep::run(Arc::clone(source), Arc::clone(plan), doctor, stop, &mut on_event).await;
    progress.finish();
    ran.map_err(|error| Failure::new(error.to_string()))?;
    for message in doctor.warnings() {
        if silent {
            warnings.push(message);
        } else {
            tell_line(&format!("warning: {}", orgsweep_model::text::printable(&message)));
        }
    }
    Ok(warnings)
}

/// A caller that AWS refuses may have nothing wrong but the clock.
fn refused(error: &SourceError, clock: &ClockProbe) -> Failure {
    let verdict = ClockVerdict::of(clock.ahead_seconds());
    let about_the_clock = match verdict {
        ClockVerdict::Right(_) | ClockVerdict::Unknown => String::new(),
        ClockVerdict::Off(_) | ClockVerdict::Wrong(_) => format!("\n  The clock is {verdict}: set it."),
    };
    Failure::new(format!("{error}{about_the_clock}"))
}

async fn list(
    source: &dyn Source,
    names: Option<&BTreeMap<String, String>>,
) -> Result<Vec<Account>, SourceError> {
    let mut accounts = Vec::new();
    let mut listing = source.accounts();
    while let Some(listed) = listing.recv().await {
        let Listed::Account(mut account) = listed? else {
            return Ok(accounts);
        };
        account.ou_path = names.and_then(|names| orgsweep_sweep::filter::path(&account, names));
        accounts.push(*account);
    }
    Err(SourceError::broken_off())
}

/// A source whose accounts are listed already, so that they are not listed twice.
struct ListedAlready {
    source: Arc<dyn Source>,
    accounts: Vec<Account>,
    names: Result<BTreeMap<String, String>, Gap>,
}

#[async_trait]
impl Source for ListedAlready {
    async fn organization(&self) -> Result<Organization, SourceError> {
        self.source.organization().await
    }

    fn accounts(&self) -> mpsc::Receiver<Result<Listed, SourceError>> {
        orgsweep_sweep::source::listing(self.accounts.clone())
    }

    async fn unit_names(&self) -> Result<BTreeMap<String, String>, Gap> {
        self.names.clone()
    }

    async fn open(&self, account: &Account, usage: Arc<Usage>) -> Result<Opened, Gap> {
        self.source.open(account, usage).await
    }

    fn needs_paths(&self) -> bool {
        self.source.needs_paths()
    }

    fn usage(&self) -> Arc<Usage> {
        self.source.usage()
    }
}
