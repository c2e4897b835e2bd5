//! Why a question cannot be answered. The command line prints the message as it is.

use std::path::PathBuf;

use orgsweep_lake::LakeError;

/// Why a question cannot be answered.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// The question is invalid, or asks about something that the scan does not have. The message names the argument.
    #[error("{0}")]
    Invalid(String),
    /// The lake could not be read.
    #[error("--out {}: {source}", root.display())]
    Lake {
        /// The lake.
        root: PathBuf,
        /// Why.
        source: LakeError,
    },
    /// The scan is older than a table that is needed.
    #[error("the scan has no table {table}: the version that wrote it did not store that table; scan again")]
    NotStored {
        /// The table.
        table: &'static str,
    },
    /// The scan's own row is not there.
    #[error("the scan record is missing")]
    NoRecord,
}
