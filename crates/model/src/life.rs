//! The life of a check: preview, stable, retired; and the ids that it had before.

use std::borrow::Cow;

/// Whether a check runs by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CheckStatus {
    /// It runs.
    #[default]
    Stable,
    /// It runs only where it is named, or where previews are wanted.
    Preview,
    /// It never runs. It is registered so that its id stays taken and a configuration that names it hears why.
    Retired {
        /// The check that does its work now.
        replaced_by: Option<Cow<'static, str>>,
    },
}

impl CheckStatus {
    /// `stable`, `preview`, `retired`.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Stable => "stable",
            Self::Preview => "preview",
            Self::Retired { .. } => "retired",
        }
    }

    /// Whether a check runs, if its id was named and if it was not, and if previews are wanted.
    pub const fn runs(&self, is_named: bool, with_previews: bool) -> bool {
        match self {
            Self::Stable => true,
            Self::Preview => is_named || with_previews,
            Self::Retired { .. } => false,
        }
    }

    /// Whether it never runs.
    pub const fn is_retired(&self) -> bool {
        matches!(self, Self::Retired { .. })
    }
}

/// `status: preview()` of `check!`.
pub const fn preview() -> CheckStatus {
    CheckStatus::Preview
}

/// `status: retired()` of `check!`: nothing does its work now.
pub const fn retired() -> CheckStatus {
    CheckStatus::Retired { replaced_by: None }
}

/// `status: replaced_by("iam-other-check")` of `check!`.
pub const fn replaced_by(id: &'static str) -> CheckStatus {
    CheckStatus::Retired { replaced_by: Some(Cow::Borrowed(id)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_decides_whether_a_check_runs() {
        // Not named, named, not named but with previews.
        for (status, wanted) in [
            (CheckStatus::Stable, [true, true, true]),
            (preview(), [false, true, true]),
            (retired(), [false, false, false]),
            (replaced_by("x"), [false, false, false]),
        ] {
            let runs = [status.runs(false, false), status.runs(true, false), status.runs(false, true)];
            assert_eq!(runs, wanted, "{status:?}");
        }
    }
}
