//! Which checks run.

use clap::Args;
use orgsweep_model::Severity;
use serde::Deserialize;

use crate::options::layered::options;
use crate::options::values;

options! {
    /// Which checks run.
    #[derive(Clone, Debug, Default, Args, Deserialize)]
    #[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
    pub struct CheckOptions {
        /// Only these checks; `*` and `?` are wildcards, as in 'iam-root-*'.
        #[arg(long, value_delimiter = ',', value_name = "ID", help_heading = "Checks")]
        #[serde(deserialize_with = "values::list")]
        pub check: Vec<String>,
        /// Not these checks; takes wildcards too and wins over --check.
        #[arg(long, value_delimiter = ',', value_name = "ID", help_heading = "Checks")]
        #[serde(deserialize_with = "values::list")]
        pub exclude_check: Vec<String>,
        /// Also the checks in preview, which otherwise run only when --check names them.
        #[arg(long, help_heading = "Checks")]
        pub preview: bool,
        /// Only checks of this severity or above.
        #[arg(long, help_heading = "Checks")]
        pub severity: Option<Severity>,
        /// Only checks mapped to this framework, such as cis or cis:3.0.
        #[arg(long, value_name = "NAME", help_heading = "Checks")]
        pub framework: Option<String>,
        /// Collect these tables too, though no enabled check reads them; `all` for every table.
        #[arg(long, value_delimiter = ',', value_name = "TABLE", help_heading = "Checks")]
        #[serde(deserialize_with = "values::list")]
        pub collect: Vec<String>,
    }
}
