//! How a command prints, and how it shows its progress.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// What a command prints on standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum PrintFormat {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// Progress output format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One moving line on a terminal, plain lines elsewhere.
    #[default]
    Text,
    /// One JSON object per line on standard error; `log-schema` prints the schema.
    Json,
}
