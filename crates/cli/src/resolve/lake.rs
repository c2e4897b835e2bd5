//! Where a stored scan is read.

use std::path::PathBuf;

use crate::exit::Failure;
use crate::options::LakeOptions;
use crate::resolve::{Config, DEFAULT_OUT};

/// The directory with the results: the flag's, else the configuration file's, else the one that scans write to by default.
pub fn directory(options: &LakeOptions) -> Result<PathBuf, Failure> {
    let config = Config::read_or_default(options.config.as_deref())?;
    let given = options.out.clone().or(config.options.output.out);
    Ok(given.unwrap_or_else(|| PathBuf::from(DEFAULT_OUT)))
}
