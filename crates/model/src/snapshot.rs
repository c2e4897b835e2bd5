//! Tables as JSON: what `discover` reads of the organization for the shards of a scan.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use crate::facts::Document;
use crate::gap::{Gap, Reason};
use crate::table::{CellError, ColumnType, Rows, TableSchema, Value};
use crate::tables::Tables;
use crate::time::Timestamp;

/// One table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableSnapshot {
    /// Its name.
    pub table: String,
    /// When the facts were established.
    pub observed_at: Timestamp,
    /// Why it could not be read; `None`: it was.
    pub gap: Option<Gap>,
    /// Its rows, by column.
    pub rows: Vec<Map<String, Json>>,
}

/// Tables, with the texts that they name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TablesSnapshot {
    /// In order of their names.
    pub tables: Vec<TableSnapshot>,
    /// By hexadecimal SHA-256.
    pub documents: BTreeMap<String, String>,
}

impl TablesSnapshot {
    /// Of these tables, as far as they were read or lost.
    pub fn of(tables: &Tables, schemas: &[&'static TableSchema]) -> Self {
        let mut all: Vec<TableSnapshot> = schemas
            .iter()
            .filter_map(|schema| {
                let observed_at = tables.observed_at(schema.name)?;
                let rows = tables.rows(schema.name);
                Some(TableSnapshot {
                    table: schema.name.to_owned(),
                    observed_at,
                    gap: tables.gap(schema.name).cloned(),
                    rows: rows
                        .map(|rows| (0..rows.len()).map(|row| by_column(&*rows, row)).collect())
                        .unwrap_or_default(),
                })
            })
            .collect();
        all.sort_by(|left, right| left.table.cmp(&right.table));
        let documents = tables.rows_of::<Document>().iter();
        let documents = documents
            .map(|text| (text.document_sha256.to_string(), text.document_json.to_string()))
            .collect();
        Self { tables: all, documents }
    }

    /// The tables again. One that is wanted and not here is a gap.
    pub fn tables(&self, wanted: &[&'static TableSchema], now: Timestamp) -> Result<Tables, CellError> {
        let mut tables = Tables::new();
        for schema in wanted {
            let Some(found) = self.tables.iter().find(|found| found.table == schema.name) else {
                let gap =
                    Gap::new(Reason::NotCollected).because("the roster does not have it; run discover again");
                tables.insert_gap(schema.name, gap, now);
                continue;
            };
            match (&found.gap, schema.build) {
                (None, Some(build)) => {
                    let mut value = |row: usize, column| cell(schema, &found.rows[row], column);
                    tables.insert_rows(build.rows(found.rows.len(), &mut value)?, found.observed_at);
                }
                (Some(gap), _) => tables.insert_gap(schema.name, gap.clone(), found.observed_at),
                (None, None) => {}
            }
        }
        if let Some(observed_at) = self.tables.iter().map(|table| table.observed_at).min() {
            let documents = self.documents.iter().map(|(name, text)| Document {
                document_sha256: Arc::from(name.as_str()),
                document_json: Arc::from(text.as_str()),
            });
            tables.insert(documents.collect(), observed_at);
        }
        Ok(tables)
    }
}

fn by_column(rows: &dyn Rows, row: usize) -> Map<String, Json> {
    let mut columns = rows.schema().columns.iter();
    let mut object = Map::new();
    rows.visit(row, &mut |value| {
        let Some(column) = columns.next() else { return };
        let value = match value {
            Value::Null => Json::Null,
            Value::Text(text) => json!(text),
            Value::Int(number) => json!(number),
            Value::Big(number) => json!(number),
            Value::Double(number) => json!(number),
            Value::Bool(truth) => json!(truth),
            Value::Time(moment) => json!(moment),
        };
        object.insert(column.name.to_owned(), value);
    });
    object
}

/// A value of a column; one of another type is null, which the row refuses unless it may be.
fn cell<'r>(schema: &TableSchema, row: &'r Map<String, Json>, column: &str) -> Value<'r> {
    let kind = schema.position(column).map(|position| schema.columns[position].kind);
    let value = row.get(column).unwrap_or(&Json::Null);
    let found = match kind {
        Some(ColumnType::Text) => value.as_str().map(Value::Text),
        Some(ColumnType::Int) => value.as_i64().and_then(|number| number.try_into().ok()).map(Value::Int),
        Some(ColumnType::Big) => value.as_i64().map(Value::Big),
        Some(ColumnType::Double) => value.as_f64().map(Value::Double),
        Some(ColumnType::Bool) => value.as_bool().map(Value::Bool),
        Some(ColumnType::Time) => value.as_str().and_then(|text| text.parse().ok()).map(Value::Time),
        None => None,
    };
    found.unwrap_or(Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Row as _;
    use crate::facts::OrganizationPolicy;

    crate::table! {
        /// One of every type.
        pub struct Everything in "everything" per organization sorted by [] {
            /// Text.
            text: String,
            /// Missing.
            missing: Option<String>,
            /// 32 bits.
            int: i32,
            /// 64 bits.
            big: i64,
            /// Floating point.
            double: f64,
            /// Truth.
            truth: bool,
            /// A moment.
            moment: Timestamp,
        }
    }

    #[test]
    fn tables_come_back_from_json_as_they_were_and_a_table_that_is_not_there_is_a_gap() {
        let now: Timestamp = "2026-11-30T12:00:00.123Z".parse().unwrap();
        let row = Everything {
            text: "\u{1F512} \"quoted\"".to_owned(),
            missing: None,
            int: -7,
            big: i64::MIN,
            double: 0.1,
            truth: true,
            moment: now,
        };
        let mut tables = Tables::new();
        tables.insert(vec![row.clone()], now);
        let gap = Gap::new(Reason::Denied).during("organizations:ListPolicies");
        tables.insert_gap(OrganizationPolicy::SCHEMA.name, gap.clone(), now);
        tables.insert(vec![Document::of("{}")], now);
        let schemas = [Everything::SCHEMA, OrganizationPolicy::SCHEMA];
        let text = serde_json::to_string(&TablesSnapshot::of(&tables, &schemas)).unwrap();
        let read: TablesSnapshot = serde_json::from_str(&text).unwrap();
        let again = read.tables(&schemas, now).unwrap();
        assert_eq!(again.get::<Everything>().unwrap(), [row]);
        assert_eq!(again.gap(OrganizationPolicy::SCHEMA.name), Some(&gap));
        assert_eq!(again.rows_of::<Document>(), [Document::of("{}")]);
        assert_eq!(again.observed_at(Everything::SCHEMA.name), Some(now));

        let nothing = TablesSnapshot::default().tables(&schemas, now).unwrap();
        assert_eq!(nothing.gap(Everything::SCHEMA.name).unwrap().reason, Reason::NotCollected);
        let wrong = text.replace("\"int\":-7", "\"int\":\"seven\"");
        let wrong: TablesSnapshot = serde_json::from_str(&wrong).unwrap();
        assert_eq!(wrong.tables(&schemas, now).err().unwrap().column, "int");
    }
}
