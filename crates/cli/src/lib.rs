//! The command line as a library, so that any distribution is a full CLI:
//!
//! ```no_run
//! fn main() -> std::process::ExitCode {
//!     orgsweep_cli::main(vec![/* acme::pack(), … */])
//! }
//! ```

mod command_line;
mod commands;
mod distribution;
pub mod exit;
mod options;
mod resolve;
mod stopping;
mod terminal;
mod verdict;

use std::ffi::OsString;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use clap::FromArgMatches as _;
use orgsweep_model::text::printable;

use crate::command_line::{Arguments, Command};
use crate::commands::config::ConfigCommand;
pub use crate::distribution::{Distribution, LeftOut};
use crate::exit::{Exit, Failure};
use crate::options::LogFormat;
use crate::terminal::{log_event, print, tell_line};

/// Runs the program with these packs linked in, or with a whole [`Distribution`]. Never panics on bad input.
pub fn main(distribution: impl Into<Distribution>) -> ExitCode {
    ExitCode::from(main_with(distribution, std::env::args_os()))
}

/// The same with a command line of one's own, the program's name first; gives the exit code back ([`exit`]).
pub fn main_with(distribution: impl Into<Distribution>, command_line: impl Iterator<Item = OsString>) -> u8 {
    let command_line: Vec<OsString> = command_line.collect();
    let asks_for_json = asks_for_json(&command_line);
    let parsed = command_line::definition()
        .try_get_matches_from(command_line)
        .and_then(|matches| Arguments::from_arg_matches(&matches));
    let exit = match parsed {
        Ok(arguments) => run(distribution.into(), arguments),
        Err(error) => unparsed(&error, asks_for_json),
    };
    exit.code()
}

/// Help, the version, or wrong usage. clap's own code for wrong usage is 2, which means something else here.
fn unparsed(error: &clap::Error, as_json: bool) -> Exit {
    if !error.use_stderr() {
        let _ = error.print();
        return Exit::Complete;
    }
    if as_json {
        let text = error.render().to_string();
        return ended(Failure::new(text.strip_prefix("error: ").unwrap_or(&text).trim()), true);
    }
    let _ = error.print();
    Exit::Failed
}

fn run(distribution: Distribution, arguments: Arguments) -> Exit {
    let as_json = arguments.command.log_format() == Some(LogFormat::Json);
    let quiet = arguments.command.is_quiet();
    std::panic::set_hook(Box::new(move |panic| {
        // A check or a collector that panics is a row of the result; this is for the developer who mends it.
        let message = format!("internal error: {panic}");
        if as_json {
            log_event::warning("internal_error", &message);
        } else if !quiet {
            tell_line(&printable(&message));
        }
    }));
    if !arguments.command.stops_by_itself() {
        stopping::end_by_signal(move || ended(Failure::stopped("stopped"), as_json));
    }
    guarded(|| dispatch(distribution, arguments)).unwrap_or_else(|failure| ended(failure, as_json))
}

/// A panic of the command itself ends it as any other failure does, and not with Rust's 101.
fn guarded(command: impl FnOnce() -> Result<Exit, Failure>) -> Result<Exit, Failure> {
    std::panic::catch_unwind(AssertUnwindSafe(command))
        .unwrap_or_else(|_| Err(Failure::new("internal error: this is a bug, please report it")))
}

/// Reports why there is no result.
fn ended(failure: Failure, as_json: bool) -> Exit {
    let exit = failure.exit;
    if as_json {
        log_event::ended(failure);
    } else {
        let lines: Vec<String> = failure.message.lines().map(|line| printable(line).into_owned()).collect();
        tell_line(&format!("error: {}", lines.join("\n")));
    }
    exit
}

/// Whether the log is for a program, as far as can be seen of a command line that is wrong.
fn asks_for_json(command_line: &[OsString]) -> bool {
    let is = |word: Option<&OsString>, text: &str| word.is_some_and(|word| word == text);
    let mut words = command_line.iter().enumerate();
    words.any(|(place, word)| {
        word == "--log-format=json" || (word == "--log-format" && is(command_line.get(place + 1), "json"))
    })
}

fn dispatch(distribution: Distribution, arguments: Arguments) -> Result<Exit, Failure> {
    let Distribution { packs, left_out } = distribution;
    let registry = resolve::registry(packs)?;
    match arguments.command {
        Command::Demo(arguments) => in_runtime(commands::demo::demo(&registry, arguments, left_out)),
        Command::Scan(arguments) => in_runtime(commands::scan::scan(&registry, *arguments)),
        Command::Check(arguments) => commands::check::check(&registry, *arguments),
        Command::Doctor(arguments) => in_runtime(commands::doctor::doctor(&registry, *arguments)),
        Command::Policy(arguments) => commands::policy::policy(&registry, *arguments),
        Command::Explain(arguments) => commands::explain::explain(&arguments),
        Command::Simulate(arguments) => in_runtime(commands::simulate::simulate(*arguments)),
        Command::Checks { command } => commands::checks::checks(&registry, command),
        Command::Config { command: ConfigCommand::Schema } => print(&commands::config::schema(&registry)),
        Command::Discover(arguments) => in_runtime(commands::discover::discover(&registry, arguments)),
        Command::Finalize(arguments) => commands::finalize::finalize(&registry, *arguments),
        Command::Ddl(arguments) => print(&commands::ddl::ddl(&registry, &arguments)?),
        Command::Tables => print(&commands::tables::dictionary(&registry)),
        Command::LogSchema => print(log_event::SCHEMA),
        Command::Completions(arguments) => {
            print(&commands::manuals::completions(&arguments, command_line::definition()))
        }
        Command::Man(arguments) => commands::manuals::man(&arguments, command_line::definition()),
    }
}

fn in_runtime(command: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("starting the runtime: {error}")))?;
    let result = runtime.block_on(command);
    // Whatever still waits for AWS is given up: the result is already decided.
    runtime.shutdown_background();
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_panics_could_not_be_done() {
        let failure = guarded(|| panic!("a bug")).unwrap_err();
        assert_eq!(failure.exit, Exit::Failed);
        assert!(failure.message.contains("please report it"));
        assert_eq!(guarded(|| Ok(Exit::Found)).unwrap(), Exit::Found);
    }
}
