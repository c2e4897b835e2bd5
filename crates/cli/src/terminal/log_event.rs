//! `--log-format json`: what a line of it is. `log-schema.json` beside `Cargo.toml` is the contract, printed by
//! `orgsweep log-schema`; a test holds real output against it.
//!
//! Every change that somebody could want to be told of is one event with a name of its own, said once: nobody has to read a
//! message to know what happened.

use std::sync::OnceLock;

use orgsweep_model::records::ScanState;
use orgsweep_model::text::printable_json;
use orgsweep_model::{Severity, Timestamp};
use orgsweep_sweep::{Event, Totals};
use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::terminal::tell_line;

/// The JSON Schema of a line.
pub const SCHEMA: &str = include_str!("../../log-schema.json");
/// Grows when a name or a meaning changes; what is only added leaves it as it is.
const VERSION: u32 = 1;

/// The scan that this process is about, once it has a name.
static SCAN_ID: OnceLock<String> = OnceLock::new();

/// From now on every line names the scan.
pub fn is_about(scan_id: &str) {
    // A process runs one scan; the first name stays.
    let _ = SCAN_ID.set(scan_id.to_owned());
}

/// How much somebody should care.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As it should be.
    Info,
    /// Something is missing from the result, or may be.
    Warning,
    /// The command could not do its work.
    Error,
}

#[derive(Serialize)]
struct Line<'a> {
    time: Timestamp,
    level: Level,
    scan_id: Option<&'a str>,
    event: &'a str,
    #[serde(flatten)]
    fields: Json,
    schema_version: u32,
}

/// A line on standard error, in which nothing can steer a terminal. `fields` is an object.
pub fn write(level: Level, event: &str, fields: Json) {
    let scan_id = SCAN_ID.get().map(String::as_str);
    let line = Line { time: Timestamp::now(), level, scan_id, event, fields, schema_version: VERSION };
    // A struct of texts and numbers always becomes JSON.
    let text = serde_json::to_string(&line).unwrap_or_default();
    tell_line(&printable_json(&text));
}

/// A warning.
pub fn warning(event: &str, message: &str) {
    write(Level::Warning, event, json!({"message": message}));
}

/// The line of an event of a scan; `None`: nobody has to know.
pub fn of_scan(event: &Event) -> Option<(Level, &'static str, Json)> {
    Some(match event {
        Event::Listed { done: false, .. } => return None,
        Event::Listed { accounts, to_scan, done: true } => {
            (Level::Info, "listed", json!({"accounts": accounts, "accounts_to_scan": to_scan}))
        }
        Event::Finished { line, .. } => {
            let level = if line.is_lost() { Level::Warning } else { Level::Info };
            let fields = json!({
                "account_id": line.id,
                "account_name": line.name,
                "ou_path": line.ou_path,
                "scan_state": line.scan_state,
                "reason_code": line.reason_code,
                "reason": line.headline,
                "failed": by_severity(&line.failed),
            });
            (level, "account", fields)
        }
        Event::Kept(account) => (Level::Warning, "account_kept", json!({"account_id": account})),
        Event::Warning { name, message } => (Level::Warning, name, json!({"message": message})),
        Event::Stopping(in_flight) => {
            (Level::Warning, "stopping", json!({"accounts_in_progress": in_flight}))
        }
    })
}

/// Counts under the names of their severities.
pub fn by_severity(counts: &[u64; 5]) -> Json {
    Severity::ALL.iter().zip(counts).map(|(severity, count)| (severity.to_string(), json!(count))).collect()
}

/// Accounts under the names of what became of them.
pub fn by_state(totals: &Totals) -> Json {
    let left_out = totals.accounts.iter().filter(|account| account.is_left_out()).count();
    json!({
        "listed": totals.accounts.len(),
        "scanned": totals.count(ScanState::Scanned),
        "partial": totals.count(ScanState::Partial),
        "not_scanned": totals.count(ScanState::NotScanned) - left_out,
        "left_out": left_out,
    })
}
