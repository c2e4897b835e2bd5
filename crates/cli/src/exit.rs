//! Exit codes. The highest that applies of 0 to 3 wins.

/// The scan is complete, and nothing reached `--fail-on`.
pub const COMPLETE: u8 = 0;
/// A finding is at or above `--fail-on`.
pub const FINDINGS: u8 = 1;
/// Coverage is incomplete: an active account or a table was lost, or a check failed itself.
pub const INCOMPLETE: u8 = 2;
/// The scan could not be done; usage errors included. Nothing was published.
pub const FAILED: u8 = 3;
/// Stopped by Ctrl-C. Nothing was published.
pub const INTERRUPTED: u8 = 130;

/// What a command that could not do its work says: one message that names the thing and the way out.
#[derive(Debug)]
pub struct Failure {
    /// For a person.
    pub message: String,
    /// The process ends with this.
    pub code: u8,
}

impl Failure {
    /// A failure of the ordinary kind.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: FAILED }
    }

    /// Stopped by the user.
    pub fn interrupted() -> Self {
        Self { message: "stopped; nothing was published".to_owned(), code: INTERRUPTED }
    }
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::new(message)
    }
}
