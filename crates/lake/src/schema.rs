//! From a table's column list to Arrow, and the list of all stored tables.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use orgsweep_model::facts::TABLES;
use orgsweep_model::finding_id::sha256_hex;
use orgsweep_model::records::{
    ApiCallRecord, CheckControlRecord, CheckRecord, CoverageRecord, FindingRecord, ScanAccountRecord,
    ScanRecord, TableRead,
};
use orgsweep_model::{ColumnType, Row, TableSchema};

/// The column that every file begins with.
pub const SCAN_ID: &str = "scan_id";
/// The table whose row commits a scan.
pub const SCANS: &str = ScanRecord::SCHEMA.name;

/// The facts that the standard distribution stores.
pub fn built_in_facts() -> Vec<&'static TableSchema> {
    TABLES.iter().copied().filter(|table| table.is_stored).collect()
}

/// Every stored table: the scan's own records, then facts.
pub fn all_tables(facts: &[&'static TableSchema]) -> Vec<&'static TableSchema> {
    let records = [
        ScanRecord::SCHEMA,
        ScanAccountRecord::SCHEMA,
        CoverageRecord::SCHEMA,
        TableRead::SCHEMA,
        ApiCallRecord::SCHEMA,
        FindingRecord::SCHEMA,
        CheckRecord::SCHEMA,
        CheckControlRecord::SCHEMA,
    ];
    records.into_iter().chain(facts.iter().copied()).collect()
}

/// The Arrow schema of a table's files: `scan_id`, then the table's columns. The partition key is never in a file:
/// DataFusion refuses a duplicate field.
pub fn arrow_schema(table: &TableSchema) -> SchemaRef {
    let mut fields = vec![field(SCAN_ID, ColumnType::Text, false, 1)];
    for (index, column) in table.columns.iter().enumerate() {
        fields.push(field(column.name, column.kind, column.nullable, index + 2));
    }
    Arc::new(Schema::new(fields))
}

fn field(name: &str, kind: ColumnType, nullable: bool, id: usize) -> Field {
    // Field ids let Iceberg adopt the files later.
    let metadata = HashMap::from([("PARQUET:field_id".to_owned(), id.to_string())]);
    Field::new(name, data_type(kind), nullable).with_metadata(metadata)
}

/// Times are UTC without a zone: the only form on which five engines agree.
pub fn data_type(kind: ColumnType) -> DataType {
    match kind {
        ColumnType::Text => DataType::Utf8,
        ColumnType::Int => DataType::Int32,
        ColumnType::Big => DataType::Int64,
        ColumnType::Double => DataType::Float64,
        ColumnType::Bool => DataType::Boolean,
        ColumnType::Time => DataType::Timestamp(TimeUnit::Millisecond, None),
    }
}

/// The name of a type in the data dictionary, which is also Athena's.
pub fn type_word(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Text => "string",
        ColumnType::Int => "int",
        ColumnType::Big => "bigint",
        ColumnType::Double => "double",
        ColumnType::Bool => "boolean",
        ColumnType::Time => "timestamp",
    }
}

/// One line a column, in stored order: the committed text that only ever grows.
pub fn schema_text(tables: &[&TableSchema]) -> String {
    let mut text = String::new();
    for table in tables {
        let mut line = |id: usize, name: &str, kind: ColumnType, nullable: bool| {
            let null = if nullable { "null" } else { "not null" };
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{}.{name} {} {null} {id}", table.name, type_word(kind));
        };
        line(1, SCAN_ID, ColumnType::Text, false);
        for (index, column) in table.columns.iter().enumerate() {
            line(index + 2, column.name, column.kind, column.nullable);
        }
    }
    text
}

/// What a manifest says about a table's schema.
pub fn fingerprint(table: &TableSchema) -> String {
    sha256_hex(schema_text(&[table]).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_schema_only_grows() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schema.txt");
        let now = schema_text(&all_tables(&built_in_facts()));
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        for line in committed.lines() {
            assert!(
                now.lines().any(|current| current == line),
                "the column {line:?} was changed or removed; stored columns only grow"
            );
        }
        if std::env::var_os("ORGSWEEP_BLESS").is_some() {
            std::fs::write(path, &now).unwrap();
            return;
        }
        assert_eq!(now, committed, "new columns: `ORGSWEEP_BLESS=1 cargo test -p orgsweep-lake schema`");
    }

    #[test]
    fn names_are_safe_in_every_engine() {
        let reserved =
            ["partition", "user", "percent", "rows", "start", "end", "range", "none", "values", "date"];
        for table in all_tables(&built_in_facts()) {
            for name in table.columns.iter().map(|column| column.name).chain([table.name]) {
                assert!(
                    name.bytes()
                        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
                );
                assert!(!reserved.contains(&name), "{}.{name} is reserved in Athena", table.name);
            }
            for sort in table.sort {
                assert!(table.position(sort).is_some(), "{} sorts by {sort}, which it has not", table.name);
            }
        }
    }
}
