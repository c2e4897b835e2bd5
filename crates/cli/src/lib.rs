//! The command line as a library, so that any distribution is a full CLI:
//!
//! ```no_run
//! fn main() -> std::process::ExitCode {
//!     orgsweep_cli::main(vec![/* acme::pack(), … */])
//! }
//! ```

mod access;
mod arguments;
mod check_choice;
mod check_list;
mod check_names;
mod checks;
mod commands;
mod config;
mod ddl;
mod demo;
mod doctor;
mod durations;
pub mod exit;
mod live;
mod log_event;
mod manuals;
mod messages;
mod plan_estimate;
mod plan_screen;
mod policy;
mod prepare;
mod program;
mod progress;
mod scan_failure;
mod scan_report;
mod screen;
mod simulate;
mod stopping;
mod summary;
mod terminal;
mod values;
mod verdict;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::FromArgMatches as _;
use orgsweep_model::Pack;
use orgsweep_model::text::printable;

use crate::arguments::{Arguments, ChecksCommand, Command, LogFormat};
use crate::commands::config::ConfigCommand;
use crate::exit::Failure;
use crate::log_event::Level;

/// Runs the program with these packs linked in. Never panics on bad input.
pub fn main(packs: Vec<Pack>) -> ExitCode {
    ExitCode::from(main_with(packs, std::env::args_os()))
}

/// The same with a command line of one's own, the program's name first; gives the exit code back ([`exit`]).
pub fn main_with(packs: Vec<Pack>, command_line: impl Iterator<Item = OsString>) -> u8 {
    let command_line: Vec<OsString> = command_line.collect();
    let asks_for_json = asks_for_json(&command_line);
    let parsed = manuals::command_line()
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
            live::tell_line(&printable(&message));
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
            live::tell_line(&format!("error: {}", lines.join("\n")));
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
    let registry = prepare::registry(packs)?;
    match arguments.command {
        Command::Demo(arguments) => in_runtime(demo::demo(&registry, arguments)),
        Command::Scan(arguments) => in_runtime(commands::scan::scan(&registry, *arguments)),
        Command::Doctor(arguments) => in_runtime(doctor::doctor(&registry, *arguments)),
        Command::Policy(arguments) => policy::policy(&registry, *arguments),
        Command::Explain(arguments) => commands::explain::explain(&arguments),
        Command::Simulate(arguments) => in_runtime(simulate::simulate(arguments)),
        Command::Checks { command: ChecksCommand::List(arguments) } => {
            print(&check_list::list(&registry, &arguments)?)
        }
        Command::Checks { command: ChecksCommand::Show { id } } => print(&checks::show(&registry, &id)?),
        Command::Config { command: ConfigCommand::Schema } => print(&commands::config::schema(&registry)),
        Command::Discover(arguments) => in_runtime(commands::discover::discover(arguments)),
        Command::Finalize(arguments) => commands::finalize::finalize(&registry, *arguments),
        Command::Ddl(arguments) => print(&ddl::ddl(&registry, &arguments)?),
        Command::Tables => print(&commands::tables::dictionary(&registry)),
        Command::LogSchema => print(log_event::SCHEMA),
        Command::Completions(arguments) => print(&manuals::completions(&arguments)),
        Command::Man(arguments) => manuals::man(&arguments),
    }
}

/// Writes to standard output. A reader that has gone away (`| head`) is not an error.
pub(crate) fn print(text: &str) -> Result<u8, Failure> {
    use std::io::Write as _;
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::new(format!("standard output: {error}")))
        }
        _ => Ok(exit::COMPLETE),
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
