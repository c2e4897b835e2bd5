//! `orgsweep checks`: the registered checks.

mod list;
mod show;

use clap::Subcommand;
use orgsweep_model::registry::Registry;

use self::list::ListArguments;
use crate::exit::{Exit, Failure};
use crate::terminal::print;

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

/// Prints checks.
pub fn checks(registry: &Registry, command: ChecksCommand) -> Result<Exit, Failure> {
    match command {
        ChecksCommand::List(arguments) => print(&list::list(registry, &arguments)?),
        ChecksCommand::Show { id } => print(&show::show(registry, &id)?),
    }
}
