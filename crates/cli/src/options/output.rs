//! Where the results go, how the scan ends and what it shows.

use std::path::PathBuf;

use clap::Args;
use orgsweep_model::{Severity, Timestamp};
use serde::Deserialize;

use crate::options::formats::LogFormat;
use crate::options::layered::options;
use crate::options::values;
use crate::terminal::ColorWhen;

options! {
    /// Where the results go, how the scan ends and what it shows.
    #[derive(Clone, Debug, Default, Args, Deserialize)]
    #[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
    pub struct OutputOptions {
        /// When the scan is stopped before its end, publish it all the same, marked PARTIAL; it does not become the latest.
        #[arg(long, help_heading = "Run")]
        pub publish_partial: bool,
        /// Output directory. [default: orgsweep-out]
        #[arg(long, value_name = "DIR", help_heading = "Run")]
        pub out: Option<PathBuf>,
        /// End with 1 when a finding is at or above this severity.
        #[arg(long, value_name = "SEVERITY", help_heading = "Run")]
        pub fail_on: Option<Severity>,
        /// Percentage of the chosen accounts that must be fully scanned for the exit code not to be 2. Organization policies or
        /// unit names that could not be read are 2 all the same. [default: 100]
        #[arg(long, value_parser = values::number, value_name = "PERCENT", help_heading = "Run")]
        pub min_coverage: Option<f64>,
        /// The moment that ages count to, instead of now: 2026-11-24T12:00:00Z, or a day (midnight UTC). The scan itself is dated by the clock.
        #[arg(long, value_name = "TIME", value_parser = values::moment, help_heading = "Run")]
        #[serde(deserialize_with = "values::optional_moment")]
        pub now: Option<Timestamp>,
        /// Print no progress and no summary; warnings and errors are still printed.
        #[arg(long, short, help_heading = "Run")]
        pub quiet: bool,
        /// Progress output format.
        #[arg(long, value_enum, value_name = "FORMAT", help_heading = "Run")]
        pub log_format: Option<LogFormat>,
        /// Colors in the summary. [default: auto, which obeys NO_COLOR and CLICOLOR_FORCE]
        #[arg(long, value_enum, value_name = "WHEN", hide_possible_values = true, help_heading = "Run")]
        pub color: Option<ColorWhen>,
    }
}
