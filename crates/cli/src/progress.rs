//! What a person or a log sees while a scan runs, on standard error.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};
use orgsweep_model::text::{printable, printable_json};
use orgsweep_sweep::{AccountLine, Event};
use serde_json::{Value as Json, json};

use crate::arguments::LogFormat;

/// Takes the events of a scan.
pub enum Progress {
    /// Nothing.
    Quiet,
    /// A bar that moves.
    Bar {
        /// The bar.
        bar: ProgressBar,
        /// Accounts lost so far.
        lost: u64,
    },
    /// A line for each tenth of the accounts and for each one lost.
    Lines {
        /// Accounts listed so far.
        listed: u64,
        /// Whether that is all.
        listed_all: bool,
        /// Accounts finished.
        finished: u64,
        /// Accounts lost so far.
        lost: u64,
        /// Tenths told.
        told: u64,
    },
    /// An object a line.
    Json,
}

impl Progress {
    /// The right one for the terminal and the flags.
    pub fn new(quiet: bool, format: LogFormat) -> Self {
        if quiet {
            Self::Quiet
        } else if format == LogFormat::Json {
            Self::Json
        } else if std::io::stderr().is_terminal() {
            let bar = ProgressBar::new(0);
            if let Ok(style) = ProgressStyle::with_template(
                "{spinner} {pos}/{len} accounts {wide_bar:.cyan/blue} {elapsed} left {eta} {msg}",
            ) {
                bar.set_style(style);
            }
            Self::Bar { bar, lost: 0 }
        } else {
            Self::Lines { listed: 0, listed_all: false, finished: 0, lost: 0, told: 0 }
        }
    }

    /// Tells one event.
    pub fn tell(&mut self, event: &Event) {
        match self {
            Self::Quiet => {
                if let Event::Warning(message) = event {
                    tell_line(&format!("warning: {}", printable(message)));
                }
            }
            Self::Json => tell_json(&as_json(event)),
            Self::Bar { bar, lost } => match event {
                Event::Listed { accounts, .. } => bar.set_length(*accounts as u64),
                Event::Finished(line) => {
                    if line.is_lost() {
                        *lost += 1;
                        bar.set_message(format!("{lost} lost"));
                        bar.println(lost_line(line));
                    }
                    bar.inc(1);
                }
                Event::Warning(message) => bar.println(format!("warning: {}", printable(message))),
                Event::Stopping(in_flight) => bar.println(stopping_line(*in_flight)),
            },
            Self::Lines { listed, listed_all, finished, lost, told } => match event {
                Event::Listed { accounts, done } => {
                    *listed = *accounts as u64;
                    *listed_all = *done;
                    if *done {
                        tell_line(&format!("{accounts} accounts listed"));
                    }
                }
                Event::Finished(line) => {
                    *finished += 1;
                    if line.is_lost() {
                        *lost += 1;
                        tell_line(&lost_line(line));
                    }
                    let tenth = *finished * 10 / (*listed).max(1);
                    if *listed_all && tenth > *told {
                        *told = tenth;
                        tell_line(&format!("{finished} of {listed} accounts finished, {lost} lost"));
                    }
                }
                Event::Warning(message) => tell_line(&format!("warning: {}", printable(message))),
                Event::Stopping(in_flight) => tell_line(&stopping_line(*in_flight)),
            },
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Self::Bar { bar, .. } = self {
            bar.finish_and_clear();
        }
    }
}

fn lost_line(line: &AccountLine) -> String {
    format!(
        "lost {} {}: {}",
        line.id,
        printable(line.name.as_deref().unwrap_or("-")),
        printable(line.headline.as_deref().unwrap_or("-"))
    )
}

/// An object on a line of standard error, in which nothing can steer a terminal.
pub fn tell_json(object: &Json) {
    tell_line(&printable_json(&object.to_string()));
}

/// A line on standard error. A reader that has gone away does not end a scan.
pub fn tell_line(line: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

fn stopping_line(in_flight: usize) -> String {
    format!("stopping: {in_flight} accounts in flight may finish; Ctrl-C again drops them")
}

fn as_json(event: &Event) -> Json {
    match event {
        Event::Stopping(in_flight) => json!({"event": "stopping", "in_flight": in_flight}),
        Event::Listed { accounts, done } => json!({"event": "listed", "accounts": accounts, "done": done}),
        Event::Warning(message) => json!({"event": "warning", "message": message}),
        Event::Finished(line) => json!({
            "event": "account",
            "account_id": line.id,
            "account_name": line.name,
            "scan_state": line.scan_state,
            "reason_code": line.reason_code,
            "reason": line.headline,
            "failed": line.failed.iter().sum::<u64>(),
        }),
    }
}
