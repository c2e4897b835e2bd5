//! `orgsweep tables`: the data dictionary, printed from the tables that this distribution stores.

use std::fmt::Write as _;

use orgsweep_model::registry::Registry;
use orgsweep_model::{ColumnType, TableSchema};

/// Every table with its columns, as Markdown.
pub fn dictionary(registry: &Registry) -> String {
    let tables = orgsweep_lake::all_tables(registry.stored_tables());
    let mut text = String::from(
        "# Tables\n\nEvery table begins with `scan_id`, the scan that a row belongs to. Times are UTC, to the millisecond. Columns are only \
         ever added, at the end.\n\n",
    );
    for table in &tables {
        let _ = writeln!(text, "- [{0}](#{0}): {1}", table.name, first_line(table.doc));
    }
    for table in &tables {
        describe(table, &mut text);
    }
    text
}

fn describe(table: &TableSchema, text: &mut String) {
    let _ = writeln!(text, "\n## {}\n", table.name);
    for line in table.doc.lines() {
        let _ = writeln!(text, "{}", line.trim());
    }
    if !table.sort.is_empty() {
        let _ = writeln!(text, "\nThe rows of an account are sorted by {}.", table.sort.join(", "));
    }
    text.push_str("\n| column | type | empty | meaning |\n|---|---|---|---|\n");
    for column in table.columns {
        let empty = if column.nullable { "yes" } else { "" };
        let meaning = column.doc.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|");
        let _ = writeln!(text, "| `{}` | {} | {empty} | {meaning} |", column.name, type_name(column.kind));
    }
}

fn first_line(doc: &str) -> &str {
    doc.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default()
}

/// A type, as SQL calls it.
const fn type_name(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Text => "text",
        ColumnType::Int => "integer",
        ColumnType::Big => "bigint",
        ColumnType::Double => "double",
        ColumnType::Bool => "boolean",
        ColumnType::Time => "timestamp",
    }
}
