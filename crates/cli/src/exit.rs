//! How a command ends. One set of codes for all commands; of those that apply, the highest of 0 to 3 wins.

use std::fmt;

/// How a command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// The work is done and whole, or the question is answered.
    Complete,
    /// What was to be found out was found, and it is bad: a finding at or above `--fail-on`, or damage that the command looks for.
    Found,
    /// The answer lacks something: an account, a table, a fact, or the time until `--deadline`.
    Incomplete,
    /// There is no answer: wrong usage, no access, or files that cannot be read or written.
    Failed,
    /// A signal came first.
    Stopped,
}

impl Exit {
    /// All of them, in order.
    pub const ALL: [Self; 5] = [Self::Complete, Self::Found, Self::Incomplete, Self::Failed, Self::Stopped];

    /// What the process ends with.
    pub const fn code(self) -> u8 {
        match self {
            Self::Complete => 0,
            Self::Found => 1,
            Self::Incomplete => 2,
            Self::Failed => 3,
            // What a shell makes of Ctrl-C: 128 and the number of the signal. It stands for SIGTERM too, so that
            // schedulers have one code to look for.
            Self::Stopped => 130,
        }
    }

    /// The meaning, as help and README print it.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Complete => "complete, or answered",
            Self::Found => "a requested gate failed (--fail-on), or damage was found",
            Self::Incomplete => "the answer is incomplete",
            Self::Failed => "could not be done, wrong usage included; nothing was published",
            Self::Stopped => "stopped by a signal (Ctrl-C, SIGTERM)",
        }
    }
}

impl fmt::Display for Exit {
    /// The number.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.code(), formatter)
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

/// The table of codes, for the end of the program's help.
pub fn table() -> String {
    let lines = Exit::ALL.map(|exit| format!("  {exit:<5}{}\n", exit.meaning()));
    format!("Exit codes of every command:\n{}Of 0 to 3, the highest that applies.", lines.concat())
}

/// What a command that could not do its work says: one message that names the thing and the way out.
#[derive(Debug)]
pub struct Failure {
    /// For people.
    pub message: String,
    /// How the process ends.
    pub exit: Exit,
}

impl Failure {
    /// It could not be done.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), exit: Exit::Failed }
    }

    /// The time was over first.
    pub fn incomplete(message: impl Into<String>) -> Self {
        Self { message: message.into(), exit: Exit::Incomplete }
    }

    /// A signal came first.
    pub fn stopped(message: impl Into<String>) -> Self {
        Self { message: message.into(), exit: Exit::Stopped }
    }
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::new(message)
    }
}
