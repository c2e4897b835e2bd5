//! The options of a scan: flags on the command line, keys of `orgsweep.toml` by the same names.

use clap::Args;

use crate::options::access::AccessOptions;
use crate::options::accounts::AccountOptions;
use crate::options::checks::CheckOptions;
use crate::options::layered::Layered;
use crate::options::output::OutputOptions;
use crate::options::pace::PaceOptions;

/// The options of a scan.
#[derive(Clone, Debug, Default, Args)]
pub struct ScanOptions {
    #[command(flatten)]
    pub access: AccessOptions,
    #[command(flatten)]
    pub accounts: AccountOptions,
    #[command(flatten)]
    pub checks: CheckOptions,
    #[command(flatten)]
    pub pace: PaceOptions,
    #[command(flatten)]
    pub output: OutputOptions,
}

impl Layered for ScanOptions {
    fn over(self, below: Self) -> Self {
        Self {
            access: self.access.over(below.access),
            accounts: self.accounts.over(below.accounts),
            checks: self.checks.over(below.checks),
            pace: self.pace.over(below.pace),
            output: self.output.over(below.output),
        }
    }
}

impl ScanOptions {
    /// The keys that a configuration file has for them, in order.
    pub fn keys() -> Vec<String> {
        let groups = [
            AccessOptions::FIELDS,
            AccountOptions::FIELDS,
            CheckOptions::FIELDS,
            PaceOptions::FIELDS,
            OutputOptions::FIELDS,
        ];
        groups.into_iter().flatten().map(|field| key(field)).collect()
    }

    /// Whether a key of a configuration file is one of these fields.
    pub fn is_one_of(name: &str, fields: &[&str]) -> bool {
        fields.iter().any(|field| key(field) == name)
    }
}

fn key(field: &str) -> String {
    field.replace('_', "-")
}
