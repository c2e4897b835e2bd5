//! Which stored scan is read, and where it is.

use std::path::PathBuf;

use clap::Args;
use orgsweep_lake::ScanSelector;

use crate::options::values;

/// Which stored scan is read, and where it is. The commands that read one share them.
#[derive(Clone, Debug, Args)]
pub struct LakeOptions {
    /// The directory with the results. [default: orgsweep-out]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// The stored scan to read: its ID, or `latest`.
    // The name that it had first still works.
    #[arg(long, alias = "from", value_name = "SCAN_ID", value_parser = values::scan, default_value_t = ScanSelector::Latest)]
    pub scan: ScanSelector,
    /// Configuration file of the scan: where --out is not given, its `out` is read.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}
