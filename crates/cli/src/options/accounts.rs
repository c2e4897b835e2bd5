//! Which accounts are scanned.

use std::path::PathBuf;

use clap::Args;
use orgsweep_model::AccountId;
use serde::Deserialize;

use crate::options::layered::options;
use crate::options::values;

options! {
    /// Which accounts are scanned.
    #[derive(Clone, Debug, Default, Args, Deserialize)]
    #[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
    pub struct AccountOptions {
        /// Only accounts in these organizational units and below: id (ou-…) or path (/Root/Workloads).
        #[arg(long, value_delimiter = ',', value_name = "UNIT", help_heading = "Accounts")]
        #[serde(deserialize_with = "values::list")]
        pub ou: Vec<String>,
        /// Not the accounts in these units and below; wins over every inclusion.
        #[arg(long, value_delimiter = ',', value_name = "UNIT", help_heading = "Accounts")]
        #[serde(deserialize_with = "values::list")]
        pub exclude_ou: Vec<String>,
        /// Only these accounts (and those of --ou).
        #[arg(long, value_delimiter = ',', value_name = "ID", help_heading = "Accounts")]
        #[serde(deserialize_with = "values::list")]
        pub account: Vec<AccountId>,
        /// Not these accounts; wins over every inclusion.
        #[arg(long, value_delimiter = ',', value_name = "ID", help_heading = "Accounts")]
        #[serde(deserialize_with = "values::list")]
        pub exclude_account: Vec<AccountId>,
        /// Only accounts that carry this tag; repeatable, all must match.
        #[arg(long, value_name = "KEY=VALUE", help_heading = "Accounts")]
        #[serde(deserialize_with = "values::list")]
        pub tag: Vec<String>,
        /// Read account IDs from a file, one per line, optionally followed by a comma and a name.
        #[arg(long, value_name = "FILE", conflicts_with = "single_account", help_heading = "Accounts")]
        pub accounts_file: Option<PathBuf>,
        /// Only the caller's own account, without Organizations and without a role.
        #[arg(long, help_heading = "Accounts")]
        pub single_account: bool,
    }
}
