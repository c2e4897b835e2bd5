//! The command line as a library, so that any distribution is a full CLI:
//!
//! ```no_run
//! fn main() -> std::process::ExitCode {
//!     orgsweep_cli::main(vec![/* acme::pack(), … */])
//! }
//! ```

mod command_line;
mod commands;
pub mod exit;
mod options;
mod resolve;
mod stopping;
mod terminal;
mod verdict;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::FromArgMatches as _;
use orgsweep_model::Pack;
use orgsweep_model::text::printable;

use crate::command_line::{Arguments, Command};
use crate::commands::config::ConfigCommand;
use crate::exit::Failure;
use crate::options::LogFormat;
use crate::terminal::log_event::Level;
use crate::terminal::{log_event, print, tell_line};

/// Runs the program with these packs linked in. Never panics on bad input.
pub fn main(packs: Vec<Pack>) -> ExitCode {
    ExitCode::from(main_with(packs, std::env::args_os()))
}

/// The same with a command line of one's own, the program's name first; gives the exit code back ([`exit`]).
pub fn main_with(packs: Vec<Pack>, command_line: impl Iterator<Item = OsString>) -> u8 {
    let command_line: Vec<OsString> = command_line.collect();
    let asks_for_json = asks_for_json(&command_line);
    let parsed = command_line::definition()
        .try_get_matches_from(command_line)
        .and_then(|matches| Arguments::from_arg_matches(&matches));
    let arguments = match parsed {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are not failures; clap's own code for usage errors is 2, which means something
            // else here.
            let code = if error.use_stderr() { exit::FAILED } else { exit::COMPLETE };
            if asks_for_json && error.use_stderr() {
                let told = error.render().to_string();
                let message = told.strip_prefix("error: ").unwrap_or(&told).trim();
                log_event::write(
                    Level::Error,
                    "error",
                    serde_json::json!({"message": message, "exit_code": code}),
                );
            } else {
                let _ = error.print();
            }
            return code;
        }
    };
    let as_json = arguments.command.log_format() == Some(LogFormat::Json);
    let quiet = arguments.command.is_quiet();
    std::panic::set_hook(Box::new(move |panic| {
        // A check or a collector that panics is a row of the result; this is for whoever wants to mend it.
        let message = format!("internal error: {panic}");
        if as_json {
            log_event::warning("internal_error", &message);
        } else if !quiet {
            tell_line(&printable(&message));
        }
    }));
    match dispatch(packs, arguments) {
        Ok(code) => code,
        Err(failure) if as_json => {
            let fields = serde_json::json!({"message": failure.message, "exit_code": failure.code});
            let (level, event) = match failure.code {
                exit::INTERRUPTED => (Level::Warning, "interrupted"),
                exit::INCOMPLETE => (Level::Warning, "deadline_reached"),
                _ => (Level::Error, "error"),
            };
            log_event::write(level, event, fields);
            failure.code
        }
        Err(failure) => {
            let lines: Vec<String> =
                failure.message.lines().map(|line| printable(line).into_owned()).collect();
            tell_line(&format!("error: {}", lines.join("\n")));
            failure.code
        }
    }
}

/// Whether the log is for a program, as far as can be seen of a command line that is wrong.
fn asks_for_json(command_line: &[OsString]) -> bool {
    let is = |word: Option<&OsString>, text: &str| word.is_some_and(|word| word == text);
    let mut words = command_line.iter().enumerate();
    words.any(|(place, word)| {
        word == "--log-format=json" || (word == "--log-format" && is(command_line.get(place + 1), "json"))
    })
}

fn dispatch(packs: Vec<Pack>, arguments: Arguments) -> Result<u8, Failure> {
    let registry = resolve::registry(packs)?;
    match arguments.command {
        Command::Demo(arguments) => in_runtime(commands::demo::demo(&registry, arguments)),
        Command::Scan(arguments) => in_runtime(commands::scan::scan(&registry, *arguments)),
        Command::Check(arguments) => commands::check::check(&registry, *arguments),
        Command::Doctor(arguments) => in_runtime(commands::doctor::doctor(&registry, *arguments)),
        Command::Policy(arguments) => commands::policy::policy(&registry, *arguments),
        Command::Explain(arguments) => commands::explain::explain(&arguments),
        Command::Simulate(arguments) => in_runtime(commands::simulate::simulate(arguments)),
        Command::Checks { command } => commands::checks::checks(&registry, command),
        Command::Config { command: ConfigCommand::Schema } => print(&commands::config::schema(&registry)),
        Command::Discover(arguments) => in_runtime(commands::discover::discover(arguments)),
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

fn in_runtime(command: impl Future<Output = Result<u8, Failure>>) -> Result<u8, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("starting the runtime: {error}")))?;
    let result = runtime.block_on(command);
    // Whatever still waits for AWS is given up: the result is already decided.
    runtime.shutdown_background();
    result
}
