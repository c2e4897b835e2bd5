//! The command line. Every option of `scan` is also a key of the configuration file, by the same name.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use orgsweep_model::{AccountId, Severity, Timestamp};
use serde::{Deserialize, Serialize};

use crate::check_list::ListArguments;
use crate::commands::config::ConfigCommand;
use crate::commands::explain::ExplainArguments;
use crate::demo::DemoArguments;
use crate::doctor::DoctorArguments;
use crate::manuals::{CompletionsArguments, ManArguments};
use crate::policy::PolicyArguments;
use crate::simulate::SimulateArguments;
use crate::terminal::ColorWhen;
use crate::values::{self, Span};

/// Audits the identities of a whole AWS organization and writes the results as Parquet.
#[derive(Debug, Parser)]
#[command(name = "orgsweep", version, max_term_width = 110)]
#[command(after_help = "Exit codes: 0 complete, 1 findings at or above --fail-on, 2 coverage incomplete, \
                        3 could not be done, 130 interrupted. The highest of 0 to 3 that applies wins.")]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Scan a made-up organization on this machine: no AWS account needed.
    Demo(DemoArguments),
    /// Scan the organization that the caller's credentials belong to.
    Scan(Box<ScanArguments>),
    /// Verify access before scanning: which accounts and checks would be UNKNOWN, and why.
    Doctor(Box<DoctorArguments>),
    /// Print the policies that give orgsweep its access, from what the checks need.
    Policy(Box<PolicyArguments>),
    /// Explain whether a principal may perform an action, using a stored scan.
    Explain(Box<ExplainArguments>),
    /// List and describe checks.
    Checks {
        #[command(subcommand)]
        command: ChecksCommand,
    },
    /// Help with the configuration file.
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Serve the made-up organization to any AWS client, until stopped.
    Simulate(SimulateArguments),
    /// Write the organization's roster to a file, for shards.
    Discover(DiscoverArguments),
    /// Publish the shards of a scan as one.
    Finalize(Box<FinalizeArguments>),
    /// Print views and table definitions for a SQL engine.
    Ddl(DdlArguments),
    /// Describe the tables and their columns, as Markdown.
    Tables,
    /// Print the JSON Schema of the lines that --log-format json writes.
    LogSchema,
    /// Print the completion script of a shell.
    Completions(CompletionsArguments),
    /// Print a manual page, or write all of them to a folder.
    Man(ManArguments),
}

impl Command {
    /// How the command was told to speak, if it was.
    pub fn log_format(&self) -> Option<LogFormat> {
        match self {
            Self::Demo(arguments) => Some(arguments.log_format),
            Self::Scan(arguments) => arguments.options.log_format,
            Self::Finalize(arguments) => arguments.options.log_format,
            _ => None,
        }
    }

    /// Whether it was told to be quiet.
    pub fn is_quiet(&self) -> bool {
        match self {
            Self::Demo(arguments) => arguments.quiet,
            Self::Scan(arguments) => arguments.options.quiet,
            Self::Finalize(arguments) => arguments.options.quiet,
            _ => false,
        }
    }
}

/// `orgsweep checks …`.
#[derive(Debug, Subcommand)]
pub enum ChecksCommand {
    /// List checks, all of them or those that match.
    List(ListArguments),
    /// Print the manual page, settings, tables, IAM actions and controls of one check.
    Show {
        /// The check.
        id: String,
    },
}

/// What a command prints on standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum PrintFormat {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// Progress output format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One moving line on a terminal, plain lines elsewhere.
    #[default]
    Text,
    /// One JSON object per line on standard error; `log-schema` prints the schema.
    Json,
}

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
    #[arg(long, value_name = "SCAN_ID", conflicts_with = "resume", help_heading = "Resume and retry")]
    pub retry_incomplete: Option<String>,
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

/// `orgsweep discover`.
#[derive(Debug, Args)]
pub struct DiscoverArguments {
    /// File to write the roster to.
    #[arg(long, value_name = "FILE")]
    pub roster: PathBuf,
    /// Profile of the AWS configuration files.
    #[arg(long)]
    pub profile: Option<String>,
    /// Region of the STS endpoint.
    #[arg(long)]
    pub region: Option<String>,
    /// Role for the calls to Organizations.
    #[arg(long, value_name = "ARN")]
    pub discovery_role: Option<String>,
    /// External id that the role's trust policy asks for.
    #[arg(long)]
    pub external_id: Option<String>,
    /// Read account tags too: one call per account.
    #[arg(long)]
    pub tags: bool,
    /// Disable client-side rate limiting (simulator only).
    #[arg(long)]
    pub unlimited: bool,
}

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

/// The options of a scan: flags here, keys of `orgsweep.toml` by the same names.
#[derive(Clone, Debug, Default, Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ScanOptions {
    /// Profile of the AWS configuration files.
    #[arg(long, help_heading = "Access")]
    pub profile: Option<String>,
    /// Region of the STS endpoint and of the configuration.
    #[arg(long, help_heading = "Access")]
    pub region: Option<String>,
    /// Role to assume in each account: a name with path, or an ARN with {partition} and {account_id}. Several are
    /// tried in order. [default: orgsweep/OrgsweepAudit]
    #[arg(long, value_delimiter = ',', value_name = "ROLE", help_heading = "Access")]
    #[serde(deserialize_with = "values::list")]
    pub role_name: Vec<String>,
    /// External id that the role's trust policy asks for.
    #[arg(long, help_heading = "Access")]
    pub external_id: Option<String>,
    /// Session length in seconds, 900 to 43200. [default: what AWS gives, 3600]
    #[arg(long, value_parser = values::whole::<u32>, value_name = "SECONDS", help_heading = "Access")]
    pub session_duration: Option<u32>,
    /// Assume roles without the session policy that limits them to the calls of the enabled checks.
    #[arg(long, help_heading = "Access")]
    pub no_session_policy: bool,

    /// Roles to assume on the way to the members, in order: the caller assumes the first, the last one the members' roles.
    #[arg(long, value_delimiter = ',', value_name = "ARN", help_heading = "Access")]
    #[serde(deserialize_with = "values::list")]
    pub role_chain: Vec<String>,
    /// Role for the calls to Organizations, where the caller itself may not make them.
    #[arg(long, value_name = "ARN", help_heading = "Access")]
    pub discovery_role: Option<String>,
    /// Source identity of every session. Needs sts:SetSourceIdentity on both sides.
    #[arg(long, value_name = "NAME", help_heading = "Access")]
    pub source_identity: Option<String>,
    /// Tag of every session; repeatable. Needs sts:TagSession on both sides.
    #[arg(long, value_name = "KEY=VALUE", help_heading = "Access")]
    #[serde(deserialize_with = "values::list")]
    pub session_tag: Vec<String>,

    /// Only accounts in these organizational units and below: id (ou-…) or path (/Root/Workloads).
    #[arg(long, value_delimiter = ',', value_name = "UNIT", help_heading = "Accounts")]
    #[serde(deserialize_with = "values::list")]
    pub ou: Vec<String>,
    /// Not the accounts in these units and below; wins over every inclusion.
    #[arg(long, value_delimiter = ',', value_name = "UNIT", help_heading = "Accounts")]
    #[serde(deserialize_with = "values::list")]
    pub exclude_ou: Vec<String>,
    /// Only these accounts (and those of --ou).
    #[arg(long, value_delimiter = ',', value_name = "ID", help_heading = "Accounts")]
    #[serde(deserialize_with = "values::list")]
    pub account: Vec<AccountId>,
    /// Not these accounts; wins over every inclusion.
    #[arg(long, value_delimiter = ',', value_name = "ID", help_heading = "Accounts")]
    #[serde(deserialize_with = "values::list")]
    pub exclude_account: Vec<AccountId>,
    /// Only accounts that carry this tag; repeatable, all must match.
    #[arg(long, value_name = "KEY=VALUE", help_heading = "Accounts")]
    #[serde(deserialize_with = "values::list")]
    pub tag: Vec<String>,
    /// Read account IDs from a file, one per line, optionally followed by a comma and a name.
    #[arg(long, value_name = "FILE", conflicts_with = "single_account", help_heading = "Accounts")]
    pub accounts_file: Option<PathBuf>,
    /// Only the caller's own account, without Organizations and without a role.
    #[arg(long, help_heading = "Accounts")]
    pub single_account: bool,

    /// Only these checks; `*` and `?` are wildcards, as in 'iam-root-*'.
    #[arg(long, value_delimiter = ',', value_name = "ID", help_heading = "Checks")]
    #[serde(deserialize_with = "values::list")]
    pub check: Vec<String>,
    /// Not these checks; takes wildcards too and wins over --check.
    #[arg(long, value_delimiter = ',', value_name = "ID", help_heading = "Checks")]
    #[serde(deserialize_with = "values::list")]
    pub exclude_check: Vec<String>,
    /// Also the checks in preview, which otherwise run only when --check names them.
    #[arg(long, help_heading = "Checks")]
    pub preview: bool,
    /// Only checks of this severity or above.
    #[arg(long, help_heading = "Checks")]
    pub severity: Option<Severity>,
    /// Only checks mapped to this framework, such as cis or cis:3.0.
    #[arg(long, value_name = "NAME", help_heading = "Checks")]
    pub framework: Option<String>,
    /// Collect these tables too, though no enabled check reads them; `all` for every table.
    #[arg(long, value_delimiter = ',', value_name = "TABLE", help_heading = "Checks")]
    #[serde(deserialize_with = "values::list")]
    pub collect: Vec<String>,

    /// Accounts in flight, as far as --max-rate can feed them. [default: 64]
    #[arg(long, value_parser = values::whole::<usize>, value_name = "N", help_heading = "Run")]
    pub concurrency: Option<usize>,
    /// Requests in flight. [default: 32]
    #[arg(long, value_parser = values::whole::<usize>, value_name = "N", help_heading = "Run")]
    pub requests: Option<usize>,
    /// IAM requests a second at most: AWS counts them against the account that assumes the roles, and production shares
    /// that quota. [default: 50]
    #[arg(long, value_parser = values::number, value_name = "N", help_heading = "Run")]
    pub max_rate: Option<f64>,
    /// Disable client-side rate limiting (simulator only).
    #[arg(long, help_heading = "Run")]
    pub unlimited: bool,
    /// How long one attempt of a call may take, such as 30s. [default: 60s]
    #[arg(long, value_name = "TIME", help_heading = "Run")]
    pub attempt_timeout: Option<Span>,
    /// Attempts of one call, 1 to 20. [default: 8]
    #[arg(long, value_parser = values::whole::<u32>, value_name = "N", help_heading = "Run")]
    pub attempts: Option<u32>,
    /// How long a credential report that AWS is still making is waited for. [default: 60s]
    #[arg(long, value_name = "TIME", help_heading = "Run")]
    pub report_timeout: Option<Span>,
    /// A credential report that is older is not used: what rests on it is UNKNOWN. AWS makes a new one after four hours, but where
    /// the role may not ask for one, the last one is read, however old. [default: any age, with a note]
    #[arg(long, value_name = "TIME", help_heading = "Run")]
    // See `color`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report_max_age: Option<Span>,
    /// Read the IDs of flagged access keys with iam:ListAccessKeys, one call a user, for at most N users an account, the
    /// gravest first. [default: 0: none, so that an account costs as many calls however many users it has]
    #[arg(long, value_parser = values::whole::<u32>, value_name = "N", help_heading = "Run")]
    pub key_ids: Option<u32>,
    /// Stop in time for a runner's limit, such as 14m, and keep what is done for --resume.
    #[arg(long, value_name = "TIME", help_heading = "Run")]
    pub deadline: Option<Span>,
    /// When the scan is stopped before its end, publish it all the same, marked PARTIAL; it does not become the latest.
    #[arg(long, help_heading = "Run")]
    pub publish_partial: bool,
    /// Output directory. [default: orgsweep-out]
    #[arg(long, value_name = "DIR", help_heading = "Run")]
    pub out: Option<PathBuf>,
    /// End with 1 when a finding is at or above this severity.
    #[arg(long, value_name = "SEVERITY", help_heading = "Run")]
    pub fail_on: Option<Severity>,
    /// Percentage of the chosen accounts that must be fully scanned for the exit code not to be 2. Organization policies or
    /// unit names that could not be read are 2 all the same. [default: 100]
    #[arg(long, value_parser = values::number, value_name = "PERCENT", help_heading = "Run")]
    pub min_coverage: Option<f64>,
    /// The moment that ages count to, instead of now: 2026-11-24T12:00:00Z, or a day (midnight UTC). The scan itself is dated by the clock.
    #[arg(long, value_name = "TIME", value_parser = values::moment, help_heading = "Run")]
    #[serde(deserialize_with = "values::optional_moment")]
    pub now: Option<Timestamp>,
    /// Print no progress and no summary; warnings and errors are still printed.
    #[arg(long, short, help_heading = "Run")]
    pub quiet: bool,
    /// Progress output format.
    #[arg(long, value_enum, value_name = "FORMAT", help_heading = "Run")]
    pub log_format: Option<LogFormat>,
    /// Colors in the summary. [default: auto, which obeys NO_COLOR and CLICOLOR_FORCE]
    #[arg(long, value_enum, value_name = "WHEN", hide_possible_values = true, help_heading = "Run")]
    // The digest of a configuration is of what is written: that of one without colors stays what it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color: Option<ColorWhen>,
}

impl ScanOptions {
    /// These options where they are given, `other`'s where they are not.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        fn list<T>(first: Vec<T>, second: Vec<T>) -> Vec<T> {
            if first.is_empty() { second } else { first }
        }
        Self {
            profile: self.profile.or(other.profile),
            region: self.region.or(other.region),
            role_name: list(self.role_name, other.role_name),
            external_id: self.external_id.or(other.external_id),
            session_duration: self.session_duration.or(other.session_duration),
            no_session_policy: self.no_session_policy || other.no_session_policy,
            role_chain: list(self.role_chain, other.role_chain),
            discovery_role: self.discovery_role.or(other.discovery_role),
            source_identity: self.source_identity.or(other.source_identity),
            session_tag: list(self.session_tag, other.session_tag),
            ou: list(self.ou, other.ou),
            exclude_ou: list(self.exclude_ou, other.exclude_ou),
            account: list(self.account, other.account),
            exclude_account: list(self.exclude_account, other.exclude_account),
            tag: list(self.tag, other.tag),
            accounts_file: self.accounts_file.or(other.accounts_file),
            single_account: self.single_account || other.single_account,
            check: list(self.check, other.check),
            exclude_check: list(self.exclude_check, other.exclude_check),
            preview: self.preview || other.preview,
            severity: self.severity.or(other.severity),
            framework: self.framework.or(other.framework),
            collect: list(self.collect, other.collect),
            concurrency: self.concurrency.or(other.concurrency),
            requests: self.requests.or(other.requests),
            max_rate: self.max_rate.or(other.max_rate),
            unlimited: self.unlimited || other.unlimited,
            attempt_timeout: self.attempt_timeout.or(other.attempt_timeout),
            attempts: self.attempts.or(other.attempts),
            report_timeout: self.report_timeout.or(other.report_timeout),
            report_max_age: self.report_max_age.or(other.report_max_age),
            key_ids: self.key_ids.or(other.key_ids),
            deadline: self.deadline.or(other.deadline),
            publish_partial: self.publish_partial || other.publish_partial,
            out: self.out.or(other.out),
            fail_on: self.fail_on.or(other.fail_on),
            min_coverage: self.min_coverage.or(other.min_coverage),
            now: self.now.or(other.now),
            quiet: self.quiet || other.quiet,
            log_format: self.log_format.or(other.log_format),
            color: self.color.or(other.color),
        }
    }
}

/// The organization that the simulator makes up.
#[derive(Clone, Debug, Args)]
pub struct WorldArguments {
    /// Number of accounts.
    #[arg(long, default_value_t = 60, value_parser = values::between::<u32>(1, 50_000))]
    pub accounts: u32,
    /// Random seed for the generated organization.
    #[arg(long, value_parser = values::whole::<u64>, default_value_t = 7)]
    pub seed: u64,
}

/// A SQL engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EngineArgument {
    /// Views over the Parquet files.
    Duckdb,
    /// External tables and views.
    Athena,
}

/// `orgsweep ddl`.
#[derive(Debug, Args)]
pub struct DdlArguments {
    /// Whose dialect.
    #[arg(long, value_enum)]
    pub engine: EngineArgument,
    /// The folder with the results: says which scan is the latest.
    #[arg(long, value_name = "DIR", default_value = "orgsweep-out")]
    pub out: PathBuf,
    /// Where the engine finds the tables, if not in that folder: `s3://bucket/prefix` for Athena.
    #[arg(long, value_name = "URL")]
    pub location: Option<String>,
}
