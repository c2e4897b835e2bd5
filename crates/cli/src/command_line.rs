//! The command line: all commands, under the name that the program was started by.

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::commands::check::CheckArguments;
use crate::commands::checks::ChecksCommand;
use crate::commands::config::ConfigCommand;
use crate::commands::ddl::DdlArguments;
use crate::commands::demo::DemoArguments;
use crate::commands::discover::DiscoverArguments;
use crate::commands::doctor::DoctorArguments;
use crate::commands::explain::ExplainArguments;
use crate::commands::finalize::FinalizeArguments;
use crate::commands::manuals::{CompletionsArguments, ManArguments};
use crate::commands::policy::PolicyArguments;
use crate::commands::scan::ScanArguments;
use crate::commands::simulate::SimulateArguments;
use crate::exit;
use crate::options::LogFormat;
use crate::terminal::program;

/// Audits the identities of a whole AWS organization and writes the results as Parquet.
#[derive(Debug, Parser)]
#[command(name = "orgsweep", version, max_term_width = 110)]
#[command(after_help = exit::table())]
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
    /// Run the checks over a stored scan, without AWS.
    Check(Box<CheckArguments>),
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
    Simulate(Box<SimulateArguments>),
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
    /// The requested format of the log, if there is one.
    pub fn log_format(&self) -> Option<LogFormat> {
        match self {
            Self::Demo(arguments) => Some(arguments.log_format),
            Self::Scan(arguments) => arguments.options.output.log_format,
            Self::Check(arguments) => arguments.output.log_format,
            Self::Finalize(arguments) => arguments.options.output.log_format,
            _ => None,
        }
    }

    /// Whether it handles Ctrl-C and SIGTERM: the scan that it runs, or the server that it is, is ended in good order.
    pub fn stops_by_itself(&self) -> bool {
        matches!(
            self,
            Self::Demo(_) | Self::Scan(_) | Self::Doctor(_) | Self::Simulate(_) | Self::Discover(_)
        )
    }

    /// Whether it prints nothing.
    pub fn is_quiet(&self) -> bool {
        match self {
            Self::Demo(arguments) => arguments.quiet,
            Self::Scan(arguments) => arguments.options.output.quiet,
            Self::Check(arguments) => arguments.output.quiet,
            Self::Finalize(arguments) => arguments.options.output.quiet,
            _ => false,
        }
    }
}

/// The command line under the name that the program was started by: the commands that help shows can be typed.
pub fn definition() -> clap::Command {
    named(Arguments::command(), &program::name())
}

fn named(mut command: clap::Command, program: &str) -> clap::Command {
    let names: Vec<String> = command.get_subcommands().map(|inner| inner.get_name().to_owned()).collect();
    for name in names {
        command = command.mut_subcommand(name, |inner| named(inner, program));
    }
    match command.get_after_help().map(|text| text.ansi().to_string().replace("{program}", program)) {
        Some(text) => command.after_help(text),
        None => command,
    }
}
