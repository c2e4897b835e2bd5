//! `orgsweep ddl`: views and table definitions, printed from the schema.

use clap::{Args, ValueEnum};
use orgsweep_lake::{Engine, Lake, LakeError, Latest, ScanSelector};
use orgsweep_model::registry::Registry;

use crate::exit::Failure;
use crate::options::LakeOptions;
use crate::resolve;

/// What `--scan` decides here.
const SCAN: &str = "The scan that the views <table>_latest show: its ID, or `latest`";

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
#[command(mut_arg("scan", |argument| argument.help(SCAN)))]
pub struct DdlArguments {
    /// Whose dialect.
    #[arg(long, value_enum)]
    pub engine: EngineArgument,
    #[command(flatten)]
    pub lake: LakeOptions,
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
    let out = resolve::lake::directory(&arguments.lake)?;
    let lake = Lake::open(&out).map_err(failed)?;
    let shown = shown(&lake, &arguments.lake.scan).map_err(failed)?;
    let first = lake.first_scan_date().map_err(failed)?;
    if arguments.location.is_none() && engine == Engine::Duckdb && first.is_none() {
        return Err(Failure::new(format!(
            "--out {}: no scan was published there; name the folder of a scan, such as orgsweep-demo, or say with \
             --location where the engine finds the tables",
            out.display()
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
        None => out.display().to_string(),
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
    Ok(orgsweep_lake::ddl(engine, &location, &tables, shown.as_ref(), first.as_deref()))
}

/// The scan that the views `*_latest` show; `None`: none is there yet. Views of a scan that is not there, or of a file that is
/// gone, would be empty.
fn shown(lake: &Lake, selector: &ScanSelector) -> Result<Option<Latest>, LakeError> {
    let latest = lake.latest()?;
    if *selector == ScanSelector::Latest && latest.is_none() {
        return Ok(None);
    }
    let scan = lake.scan(selector)?;
    scan.is_complete()?;
    Ok(match selector {
        ScanSelector::Latest => latest,
        ScanSelector::Id(id) => Some(Latest { scan_id: id.to_string(), scan_date: id.scan_date() }),
    })
}

fn is_in_s3(location: &str) -> bool {
    location.strip_prefix("s3://").is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
}
