//! Whether this machine's clock is right.

use std::fmt;

/// From so many seconds a clock is worth a word.
const CLOCK_OFF: u64 = 60;
/// AWS refuses signatures that are more than five minutes old or early; the SDK makes up for it, but the ends of sessions
/// and the ages in findings follow the clock. <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html>
const CLOCK_WRONG: u64 = 300;

/// The local clock against AWS's, seconds ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockVerdict {
    /// Near enough.
    Right(i64),
    /// Worth setting.
    Off(i64),
    /// Sessions and ages cannot be trusted.
    Wrong(i64),
    /// AWS did not say.
    Unknown,
}

impl ClockVerdict {
    /// Of the seconds by which the local clock is ahead.
    pub fn of(ahead: Option<i64>) -> Self {
        match ahead {
            None => Self::Unknown,
            Some(seconds) if seconds.unsigned_abs() > CLOCK_WRONG => Self::Wrong(seconds),
            Some(seconds) if seconds.unsigned_abs() > CLOCK_OFF => Self::Off(seconds),
            Some(seconds) => Self::Right(seconds),
        }
    }

    /// As a word for programs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Right(_) => "right",
            Self::Off(_) => "off",
            Self::Wrong(_) => "wrong",
            Self::Unknown => "unknown",
        }
    }

    /// Ahead of AWS's.
    pub const fn seconds(self) -> Option<i64> {
        match self {
            Self::Right(seconds) | Self::Off(seconds) | Self::Wrong(seconds) => Some(seconds),
            Self::Unknown => None,
        }
    }
}

impl fmt::Display for ClockVerdict {
    /// `wrong: 400 s ahead of AWS`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.seconds() {
            None => formatter.write_str("unknown: AWS's answer has no date"),
            Some(0) => write!(formatter, "{}: the same as AWS's", self.word()),
            Some(seconds) => {
                let side = if seconds > 0 { "ahead of" } else { "behind" };
                write!(formatter, "{}: {} s {side} AWS's", self.word(), seconds.unsigned_abs())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_is_worth_a_word_and_five_are_wrong() {
        for (ahead, wanted, words) in [
            (0, ClockVerdict::Right(0), "right: the same as AWS's"),
            (-60, ClockVerdict::Right(-60), "right: 60 s behind AWS's"),
            (61, ClockVerdict::Off(61), "off: 61 s ahead of AWS's"),
            (-300, ClockVerdict::Off(-300), "off: 300 s behind AWS's"),
            (301, ClockVerdict::Wrong(301), "wrong: 301 s ahead of AWS's"),
        ] {
            let verdict = ClockVerdict::of(Some(ahead));
            assert_eq!(verdict, wanted);
            assert_eq!(verdict.to_string(), words);
        }
        assert_eq!(ClockVerdict::of(None), ClockVerdict::Unknown);
    }
}
