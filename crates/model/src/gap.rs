//! What could not be read, and why. A gap is data, not an error: it turns checks UNKNOWN, never PASS.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::table::text_enum;

text_enum! {
    /// Why something was not read. The stored word is the lake's `reason_code`.
    pub enum Reason {
        /// AWS denied the call because a permission is missing.
        Denied = "DENIED",
        /// A service control policy denied the call, according to AWS's message.
        DeniedByScp = "DENIED_BY_SCP",
        /// The audit role does not exist in the account or does not trust the caller; AWS does not say which.
        RoleMissingOrUntrusted = "ROLE_MISSING_OR_UNTRUSTED",
        /// Still throttled after the last attempt.
        ThrottledOut = "THROTTLED_OUT",
        /// No response in time.
        TimedOut = "TIMED_OUT",
        /// The connection failed.
        Network = "NETWORK",
        /// An internal error of AWS, or any other error; or the caller's credentials expired.
        ServiceError = "SERVICE_ERROR",
        /// The account is suspended, closed or not yet activated.
        AccountNotActive = "ACCOUNT_NOT_ACTIVE",
        /// The credential report was still being generated when the wait ended.
        ReportNotReady = "REPORT_NOT_READY",
        /// The credential report is older than the caller allows.
        ReportTooOld = "REPORT_TOO_OLD",
        /// The response could not be understood.
        MalformedAnswer = "MALFORMED_ANSWER",
        /// The Region's STS is not enabled for the account.
        RegionDisabled = "REGION_DISABLED",
        /// The scan was stopped before.
        Cancelled = "CANCELLED",
        /// The account was excluded intentionally.
        Excluded = "EXCLUDED",
        /// The rule does not apply here.
        NotApplicable = "NOT_APPLICABLE",
        /// A stored scan that is checked again did not collect it.
        NotCollected = "NOT_COLLECTED",
        /// The check crashed: a bug, reported with its message.
        CheckFailed = "CHECK_FAILED",
        /// All data was read, but the rule cannot decide.
        Undecided = "UNDECIDED",
    }
}

/// Prefix of the message of a gap that is not caused by the account: the caller's credentials could not be obtained.
pub const CALLERS_OWN: &str = "could not obtain the caller's credentials";
/// The same for a role in the role chain between the caller and the accounts.
pub const IN_CHAIN: &str = "a role in the chain could not be assumed again";

/// One thing that could not be read: why, by which call, in AWS's own words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The class.
    pub reason: Reason,
    /// The call that failed, as `service:Action`.
    pub api: Option<String>,
    /// AWS's error code.
    pub code: Option<String>,
    /// AWS's message, bounded and without credentials.
    pub message: Option<String>,
    /// How many attempts were made.
    pub attempts: u32,
}

impl Gap {
    /// A gap with nothing but its class.
    pub const fn new(reason: Reason) -> Self {
        Self { reason, api: None, code: None, message: None, attempts: 0 }
    }

    /// The same gap, naming the call.
    #[must_use]
    pub fn during(mut self, api: &str) -> Self {
        self.api = Some(api.to_owned());
        self
    }

    /// The same gap with a message; bounded, and credentials struck out.
    #[must_use]
    pub fn because(mut self, message: &str) -> Self {
        self.message = Some(crate::text::scrubbed(message));
        self
    }

    /// Whether the gap is intended or follows from the state of the account, so that the scan is still complete.
    pub const fn is_expected(&self) -> bool {
        matches!(self.reason, Reason::Excluded | Reason::AccountNotActive | Reason::NotApplicable)
    }
}

impl Gap {
    /// Without AWS's message: `DENIED at iam:ListRoles (AccessDenied)`. If all accounts fail for the same external cause, the
    /// cause is included.
    pub fn headline(&self) -> String {
        let message = self.message.as_deref().unwrap_or_default();
        match [CALLERS_OWN, IN_CHAIN].iter().find(|cause| message.starts_with(**cause)) {
            Some(cause) => format!("{}: {cause}", self.place()),
            None => self.place(),
        }
    }

    fn place(&self) -> String {
        let mut text = self.reason.as_str().to_owned();
        if let Some(api) = &self.api {
            text.push_str(&format!(" at {api}"));
        }
        if let Some(code) = &self.code {
            text.push_str(&format!(" ({code})"));
        }
        text
    }
}

impl fmt::Display for Gap {
    /// One line: `DENIED at iam:ListRoles (AccessDenied): message`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.place())?;
        if let Some(message) = &self.message {
            write!(formatter, ": {message}")?;
        }
        Ok(())
    }
}
