//! `orgsweep ddl`: views and table definitions, printed from the schema.

use clap::{Args, ValueEnum};
use orgsweep_lake::{Engine, Lake, LakeError, ScanSelector};
use orgsweep_model::registry::Registry;
use std::path::PathBuf;

use crate::exit::Failure;

/// A SQL engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EngineArgument {
    /// Views over the Parquet files.
    Duckdb,
    /// External tables and views.
    Athena,
}

/// `orgsweep ddl`.
#[derive(Debug, Args)]
pub struct DdlArguments {
    /// Whose dialect.
    #[arg(long, value_enum)]
    pub engine: EngineArgument,
    /// The folder with the results: says which scan is the latest.
    #[arg(long, value_name = "DIR", default_value = "orgsweep-out")]
    pub out: PathBuf,
    /// Where the engine finds the tables, if not in that folder: `s3://bucket/prefix` for Athena.
    #[arg(long, value_name = "URL")]
    pub location: Option<String>,
}

/// The text for one engine.
pub fn ddl(registry: &Registry, arguments: &DdlArguments) -> Result<String, Failure> {
    let engine = match arguments.engine {
        EngineArgument::Duckdb => Engine::Duckdb,
        EngineArgument::Athena => Engine::Athena,
    };
    let tables = orgsweep_lake::all_tables(registry.stored_tables());
    let failed = |error: LakeError| Failure::new(error.to_string());
    let lake = Lake::open(&arguments.out).map_err(failed)?;
    let latest = lake.latest().map_err(failed)?;
    if latest.is_some() {
        // Views of a scan that is not there, or of a file that is gone, would be empty.
        lake.scan(&ScanSelector::Latest).and_then(|scan| scan.is_complete()).map_err(failed)?;
    }
    let first = lake.first_scan_date().map_err(failed)?;
    if arguments.location.is_none() && engine == Engine::Duckdb && first.is_none() {
        return Err(Failure::new(format!(
            "--out {}: no scan was published there; name the folder of a scan, such as orgsweep-demo, or say with \
             --location where the engine finds the tables",
            arguments.out.display()
        )));
    }
    let location = match &arguments.location {
        Some(location) if location.trim_end_matches('/').is_empty() => {
            return Err(Failure::new(format!(
                "--location {location:?}: expected where the engine finds the tables, such as s3://bucket/prefix"
            )));
        }
        Some(location) => location.clone(),
        None if engine == Engine::Athena => {
            return Err(Failure::new(
                "ddl --engine athena: Athena reads from S3; say where with --location s3://bucket/prefix",
            ));
        }
        None => arguments.out.display().to_string(),
    };
    if engine == Engine::Athena && !is_in_s3(&location) {
        return Err(Failure::new(format!(
            "--location {location:?}: Athena reads from S3; expected a bucket and a prefix, such as s3://bucket/prefix"
        )));
    }
    if engine == Engine::Duckdb && orgsweep_lake::is_a_pattern(&location) {
        return Err(Failure::new(format!(
            "{location:?}: DuckDB takes * ? [ ] in a path for a pattern; move or link the folder to a plain name"
        )));
    }
    Ok(orgsweep_lake::ddl(engine, &location, &tables, latest.as_ref(), first.as_deref()))
}

fn is_in_s3(location: &str) -> bool {
    location.strip_prefix("s3://").is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
}
