//! Everything that commands print for programs, one module a version: structs of plain texts and numbers, so that no change of
//! a type elsewhere changes what is printed. What they are filled with stands with the commands.

pub mod schema;
pub mod v1;

use orgsweep_model::text::printable_json;
use serde::Serialize;

/// One line, in which nothing can steer a terminal.
pub fn line(value: &impl Serialize) -> String {
    // Structs of texts and numbers always become JSON.
    printable_json(&serde_json::to_string(value).unwrap_or_default())
}

/// The same over several lines.
pub fn lines(value: &impl Serialize) -> String {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.lines().map(printable_json).collect::<Vec<_>>().join("\n")
}
