//! What a run tells on the way: as a line for a person, or as an event of the log.

use orgsweep_sweep::Totals;
use serde_json::{Value as Json, json};

use crate::exit::{self, Failure};
use crate::options::{LogFormat, ScanOptions};
use crate::terminal::log_event::{self, Level};
use crate::terminal::tell_line;

/// What a command came to, in the way it was told to speak.
pub fn say(
    options: &ScanOptions,
    event: &str,
    fields: &Json,
    text: impl FnOnce() -> String,
) -> Result<(), Failure> {
    if options.output.quiet {
    } else if is_json(options) {
        log_event::write(Level::Info, event, fields.clone());
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
pub fn tell_crashes(totals: &Totals, options: &ScanOptions) {
    if is_json(options) {
        for (check, accounts) in &totals.check_failures {
            log_event::write(
                Level::Warning,
                "check_crashed",
                json!({"check_id": check, "accounts": accounts}),
            );
        }
    }
}

/// Writes to standard output. A reader that has gone away (`| head`) is not an error.
pub fn print(text: &str) -> Result<u8, Failure> {
    use std::io::Write as _;
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::new(format!("standard output: {error}")))
        }
        _ => Ok(exit::COMPLETE),
    }
}
