//! How bad a finding is: five levels, ordered.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A finding's severity, from least to most severe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing to mend at once.
    Informational,
    /// Hygiene.
    Low,
    /// Weakens a control.
    Medium,
    /// One more mistake and an attacker is in.
    High,
    /// An attacker needs nothing else.
    Critical,
}

impl Severity {
    /// All levels, least severe first.
    pub const ALL: [Self; 5] = [Self::Informational, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The stored word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Informational => "informational",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// 1 (informational) to 5 (critical), for `ORDER BY` and scores.
    pub const fn rank(self) -> i32 {
        match self {
            Self::Informational => 1,
            Self::Low => 2,
            Self::Medium => 3,
            Self::High => 4,
            Self::Critical => 5,
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl FromStr for Severity {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let lower = text.to_ascii_lowercase();
        Self::ALL
            .into_iter()
            .find(|severity| {
                severity.as_str() == lower || (lower == "info" && *severity == Self::Informational)
            })
            .ok_or_else(|| {
                format!("unknown severity {text:?}: expected informational, low, medium, high or critical")
            })
    }
}
