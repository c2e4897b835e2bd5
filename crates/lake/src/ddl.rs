//! Views and table definitions, from the same column lists as the files.

use std::fmt::Write as _;

use orgsweep_model::TableSchema;

use crate::manifest::Latest;
use crate::schema::{SCAN_ID, SCANS, type_word};

/// A SQL engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Views over the files.
    Duckdb,
    /// External tables with partition projection, and views.
    Athena,
}

/// Athena's database.
const DATABASE: &str = "orgsweep";

/// The first day of history where no lake says otherwise: before any scan.
const BEFORE_ALL: &str = "2026-01-01";

/// The text for one engine. `location` is the lake's root as the engine sees it; `latest` makes `*_latest` views with
/// literals, which every engine prunes by; `first` is the day of the earliest scan.
pub fn ddl(
    engine: Engine,
    location: &str,
    tables: &[&TableSchema],
    latest: Option<&Latest>,
    first: Option<&str>,
) -> String {
    let location = location.trim_end_matches('/');
    let mut text = String::new();
    // Writing to a String cannot fail; the results are dropped on purpose throughout.
    match engine {
        Engine::Duckdb => {
            let _ = writeln!(
                text,
                "-- orgsweep for DuckDB; print again after each scan to move *_latest forward."
            );
        }
        Engine::Athena => {
            let _ = writeln!(text, "-- orgsweep for Athena; one statement at a time.");
            let _ = writeln!(text, "CREATE DATABASE IF NOT EXISTS {DATABASE};");
        }
    }
    for table in tables {
        match engine {
            Engine::Duckdb => duckdb_table(&mut text, location, table.name),
            Engine::Athena => athena_table(&mut text, location, table, first),
        }
    }
    for table in tables {
        views(&mut text, engine, table.name, latest);
    }
    last_known(&mut text, engine);
    text
}

fn prefix(engine: Engine) -> String {
    match engine {
        Engine::Duckdb => String::new(),
        Engine::Athena => format!("{DATABASE}."),
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Hive's way, which is Athena's for tables: a doubled quote would be two texts.
fn hive_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// Whether DuckDB would read a path as a pattern; it knows no way of writing these characters plainly.
pub fn is_a_pattern(location: &str) -> bool {
    location.contains(['*', '?', '[', ']'])
}

/// A column comment that no client stumbles over: no quotes, no statement ends, nothing but ASCII, at most the 255
/// characters that Glue keeps.
fn comment(doc: &str) -> String {
    let plain = first_sentence(doc).replace('…', "...").replace('×', "x").replace(';', ",");
    plain.chars().filter(|character| character.is_ascii() && *character != '\'').take(255).collect()
}

fn duckdb_table(text: &mut String, location: &str, table: &str) {
    let glob = quoted(&format!("{location}/v1/{table}/*/*.parquet"));
    // Without the two options a new column is lost and scan_date becomes a DATE, which it is nowhere else.
    let _ = writeln!(
        text,
        "\nCREATE OR REPLACE VIEW {table}_all AS SELECT * FROM read_parquet({glob},\n  hive_partitioning = true, \
         hive_types_autocast = false, union_by_name = true);"
    );
}

fn athena_table(text: &mut String, location: &str, table: &TableSchema, first: Option<&str>) {
    let name = table.name;
    let _ = writeln!(text, "\nCREATE EXTERNAL TABLE IF NOT EXISTS {DATABASE}.{name}_all (");
    let _ = write!(text, "  {SCAN_ID} string COMMENT 'The scan that wrote the row'");
    for column in table.columns {
        let _ = write!(text, ",\n  {} {}", column.name, type_word(column.kind));
        let comment = comment(column.doc);
        if !comment.is_empty() {
            let _ = write!(text, " COMMENT {}", hive_quoted(&comment));
        }
    }
    // Outside the range Athena returns no rows and no error: the first day must not lie after the first scan.
    let first = first.unwrap_or(BEFORE_ALL);
    let _ = writeln!(
        text,
        "\n)\nPARTITIONED BY (scan_date string)\nROW FORMAT SERDE \
         'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe'\nSTORED AS INPUTFORMAT \
         'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat'\nOUTPUTFORMAT \
         'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat'\nLOCATION {}\nTBLPROPERTIES (\n  \
         'parquet.compression'='ZSTD',\n  'projection.enabled'='true',\n  'projection.scan_date.type'='date',\n  \
         'projection.scan_date.format'='yyyy-MM-dd',\n  'projection.scan_date.range'='{first},NOW+1DAYS',\n  \
         'projection.scan_date.interval'='1',\n  'projection.scan_date.interval.unit'='DAYS'\n);",
        hive_quoted(&format!("{location}/v1/{name}/"))
    );
}

/// The doc comment's first sentence on one line, without Markdown's marks.
fn first_sentence(doc: &str) -> String {
    let line = doc.lines().map(str::trim).collect::<Vec<_>>().join(" ").replace('`', "");
    let line = line.trim();
    let end = line.find(". ").unwrap_or(line.len());
    line[..end].trim_end_matches('.').to_owned()
}

/// History shows committed scans only; `*_latest` shows the last one.
fn views(text: &mut String, engine: Engine, table: &str, latest: Option<&Latest>) {
    let at = prefix(engine);
    let gate = if table == SCANS {
        String::new()
    } else {
        format!(" WHERE {SCAN_ID} IN (SELECT {SCAN_ID} FROM {at}{SCANS}_all)")
    };
    let _ = writeln!(text, "\nCREATE OR REPLACE VIEW {at}{table} AS SELECT * FROM {at}{table}_all{gate};");
    let newest = match latest {
        Some(latest) => {
            format!("scan_date = {} AND {SCAN_ID} = {}", quoted(&latest.scan_date), quoted(&latest.scan_id))
        }
        // Before the first scan: whatever will be the newest committed one.
        None => format!("{SCAN_ID} = (SELECT max({SCAN_ID}) FROM {at}{SCANS}_all WHERE status = 'COMPLETE')"),
    };
    let _ = writeln!(
        text,
        "CREATE OR REPLACE VIEW {at}{table}_latest AS SELECT * FROM {at}{table}_all WHERE {newest};"
    );
}

/// Per account, the last scan that entered it whole; accounts that left the organization drop out.
fn last_known(text: &mut String, engine: Engine) {
    let at = prefix(engine);
    let _ = writeln!(
        text,
        "\nCREATE OR REPLACE VIEW {at}findings_last_known AS SELECT f.* FROM {at}findings f JOIN (\n  SELECT \
         account_id, max({SCAN_ID}) AS {SCAN_ID} FROM {at}scan_accounts WHERE scan_state = 'SCANNED' GROUP BY \
         account_id) s\n  ON f.account_id = s.account_id AND f.{SCAN_ID} = s.{SCAN_ID}\n  WHERE f.account_id IN \
         (SELECT account_id FROM {at}scan_accounts_latest);"
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{all_tables, built_in_facts};

    #[test]
    fn every_table_and_column_is_in_the_text() {
        let tables = all_tables(&built_in_facts());
        let latest =
            Latest { scan_id: "01ARYZ6S41ZZZZZZZZZZZZZZZZ".to_owned(), scan_date: "2016-07-30".to_owned() };
        let athena = ddl(Engine::Athena, "s3://bucket/it's/", &tables, Some(&latest), Some("2016-01-02"));
        let duckdb = ddl(Engine::Duckdb, "it's", &tables, None, None);
        for table in tables {
            assert!(duckdb.contains(&format!("VIEW {}_all ", table.name)));
            assert!(athena.contains(&format!("orgsweep.{}_all (", table.name)));
            for column in table.columns {
                assert!(athena.contains(&format!("\n  {} ", column.name)), "{}.{}", table.name, column.name);
            }
        }
        assert!(athena.contains(r"'s3://bucket/it\'s/v1/findings/'"));
        assert!(athena.contains("'projection.scan_date.range'='2016-01-02,NOW+1DAYS'"));
        assert!(duckdb.contains("'it''s/v1/findings/*/*.parquet'"));
    }

    #[test]
    fn comments_are_one_plain_sentence() {
        assert_eq!(first_sentence(" The `State`. Or\n `Status`.\n"), "The State");
        assert_eq!(first_sentence(""), "");
        assert_eq!(comment(" orgsweep's; `a` × b…\n"), "orgsweeps, a x b...");
    }
}
