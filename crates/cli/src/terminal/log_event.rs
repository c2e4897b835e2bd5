//! `--log-format json`: what a line of it is. `log-schema.json` beside `Cargo.toml` is the contract, printed by
//! `orgsweep log-schema`; a test holds real output against it.
//!
//! Every change that is worth an alert is one event with its own name, reported once: no program has to read a
//! message to know what happened.

use std::sync::OnceLock;

use orgsweep_model::Timestamp;
use orgsweep_model::records::ScanState;
use orgsweep_sweep::{Event, Totals};

use crate::exit::{Exit, Failure};
use crate::terminal::json;
use crate::terminal::json::v1::Version;
pub use crate::terminal::json::v1::log::Level;
use crate::terminal::json::v1::log::{
    Account, AccountKept, BySeverity, ByState, Ended, Fields, Line, Listed, Message, Stopping, WARNINGS,
};
use crate::terminal::tell_line;

/// The JSON Schema of a line.
pub const SCHEMA: &str = include_str!("../../log-schema.json");

/// The scan that this process is about, once it has a name.
static SCAN_ID: OnceLock<String> = OnceLock::new();

/// From now on every line names the scan.
pub fn is_about(scan_id: &str) {
    // A process runs one scan; the first name stays.
    let _ = SCAN_ID.set(scan_id.to_owned());
}

/// A line on standard error about an event with specific fields.
pub fn write(level: Level, fields: &Fields) {
    named(level, fields.event().unwrap_or_default(), fields);
}

/// A line about an event that has a message and nothing else.
pub fn message(level: Level, event: &str, message: &str) {
    named(level, event, &Fields::Message(Message { message: message.to_owned() }));
}

/// A warning.
pub fn warning(event: &str, text: &str) {
    debug_assert!(WARNINGS.contains(&event), "{event} is not in the schema of the log");
    message(Level::Warning, event, text);
}

/// The last line of a command that has no result.
pub fn ended(failure: Failure) {
    let Failure { message, exit } = failure;
    let (level, event) = match exit {
        Exit::Stopped => (Level::Warning, "interrupted"),
        Exit::Incomplete => (Level::Warning, "deadline_reached"),
        _ => (Level::Error, "error"),
    };
    named(level, event, &Fields::Ended(Ended { message, exit_code: exit.code() }));
}

fn named(level: Level, event: &str, fields: &Fields) {
    let scan_id = SCAN_ID.get().map(String::as_str);
    let time = Timestamp::now().to_string();
    tell_line(&json::line(&Line { time, level, scan_id, event, fields, schema_version: Version }));
}

/// Writes the line of an event of a scan that is at least at this level.
pub fn of_scan(event: &Event, least: Level) {
    let (level, fields) = match event {
        Event::Listed { done: false, .. } => return,
        Event::Warning { name, message } => return warning(name, message),
        Event::Listed { accounts, to_scan, done: true } => {
            (Level::Info, Fields::Listed(Listed { accounts: *accounts, accounts_to_scan: *to_scan }))
        }
        Event::Finished { line, .. } => {
            let level = if line.is_lost() { Level::Warning } else { Level::Info };
            let account = Account {
                account_id: line.id.to_string(),
                account_name: line.name.clone(),
                ou_path: line.ou_path.clone(),
                scan_state: line.scan_state.as_str(),
                reason_code: line.reason_code.clone(),
                reason: line.headline.clone(),
                failed: BySeverity::of(line.failed),
            };
            (level, Fields::Account(account))
        }
        Event::Kept(account) => {
            (Level::Warning, Fields::AccountKept(AccountKept { account_id: account.to_string() }))
        }
        Event::Stopping(in_flight) => {
            (Level::Warning, Fields::Stopping(Stopping { accounts_in_progress: *in_flight }))
        }
    };
    if level >= least {
        write(level, &fields);
    }
}

/// Accounts by what became of them.
pub fn by_state(totals: &Totals) -> ByState {
    let left_out = totals.accounts.iter().filter(|account| account.is_left_out()).count();
    ByState {
        listed: totals.accounts.len(),
        scanned: totals.count(ScanState::Scanned),
        partial: totals.count(ScanState::Partial),
        not_scanned: totals.count(ScanState::NotScanned) - left_out,
        left_out,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_has_every_warning() {
        let schema: serde_json::Value = serde_json::from_str(SCHEMA).unwrap();
        let events = schema["oneOf"].as_array().unwrap().iter();
        let listed: Vec<&serde_json::Value> =
            events.filter_map(|event| event["properties"]["event"]["enum"].as_array()).flatten().collect();
        assert_eq!(listed, WARNINGS);
    }
}
