//! What a run reports while it runs: as a line for people, or as an event of the log.

use orgsweep_sweep::Totals;

use crate::exit::{Exit, Failure};
use crate::options::{LogFormat, ScanOptions};
use crate::terminal::json::v1::log::{CheckCrashed, Fields};
use crate::terminal::log_event::{self, Level};
use crate::terminal::tell_line;

/// The result of a command, in the requested format.
pub fn say(options: &ScanOptions, fields: &Fields, text: impl FnOnce() -> String) -> Result<(), Failure> {
    if options.output.quiet {
    } else if is_json(options) {
        log_event::write(Level::Info, fields);
    } else {
        crate::terminal::print(&text())?;
    }
    Ok(())
}

/// Whether the log is for programs.
pub fn is_json(options: &ScanOptions) -> bool {
    options.output.log_format == Some(LogFormat::Json)
}

/// A warning on standard error; the name is for programs.
pub fn warn(options: &ScanOptions, name: &str, message: &str) {
    if is_json(options) {
        log_event::warning(name, message);
    } else {
        tell_line(&format!("warning: {}", orgsweep_model::text::printable(message)));
    }
}

/// Checks that crashed: on the screen they stand in the summary.
pub fn report_crashes(totals: &Totals, options: &ScanOptions) {
    if is_json(options) {
        for (check, accounts) in &totals.check_failures {
            let crashed = CheckCrashed { check_id: check.clone(), accounts: *accounts };
            log_event::write(Level::Warning, &Fields::CheckCrashed(crashed));
        }
    }
}

/// Writes to standard output. A reader that has gone away (`| head`) is not an error.
pub fn print(text: &str) -> Result<Exit, Failure> {
    use std::io::Write as _;
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::new(format!("standard output: {error}")))
        }
        _ => Ok(Exit::Complete),
    }
}
