//! Moments and ages. UTC, millisecond resolution, no time zone, as the lake stores them.

pub use jiff::Timestamp;

/// Whole days from `earlier` to `later`; negative when `earlier` lies in the future.
pub fn days_between(earlier: Timestamp, later: Timestamp) -> i64 {
    later.duration_since(earlier).as_secs().div_euclid(86_400)
}

/// Whether more than `days` whole days lie between `moment` and `now`.
///
/// The one rule of every threshold: the columns that hold ages ([`days_between`]) are compared in SQL as checks compare
/// here. So a key of 90 days and 23 hours is 90 days old, in a table and for a limit of 90 days.
pub fn older_than_days(moment: Timestamp, now: Timestamp, days: u32) -> bool {
    days_between(moment, now) > i64::from(days)
}

/// The same moment cut to whole milliseconds: what a stored row gives back.
pub fn to_milliseconds(moment: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(moment.as_millisecond()).unwrap_or(moment)
}

/// `2026-11-24`: the UTC day, as the lake's partition key writes it.
pub fn utc_date(moment: Timestamp) -> String {
    let mut text = moment.to_string();
    text.truncate(10);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_boundary_day_is_not_older() {
        let now = moment("2026-11-24T12:00:00Z");
        assert!(!older_than_days(moment("2026-08-26T12:00:00Z"), now, 90));
        assert!(!older_than_days(moment("2026-08-26T12:00:01Z"), now, 90));
        assert!(!older_than_days(moment("2026-08-25T12:00:01Z"), now, 90));
        assert!(older_than_days(moment("2026-08-25T12:00:00Z"), now, 90));
    }

    /// What a check flags and what `WHERE age_days > 90` finds are the same, to the second.
    #[test]
    fn a_threshold_and_a_column_agree_at_every_boundary() {
        let now = moment("2026-11-24T12:00:00Z");
        for days in [0, 1, 45, 90, 365] {
            for seconds in [-86_401, -86_400, -1, 0, 1, 86_399, 86_400, 86_401] {
                let made = now - jiff::SignedDuration::from_secs(i64::from(days) * 86_400 + seconds);
                let by_column = days_between(made, now) > i64::from(days);
                assert_eq!(older_than_days(made, now, days), by_column, "{days} days and {seconds} s");
                assert_eq!(by_column, seconds >= 86_400, "{days} days and {seconds} s");
            }
        }
    }

    #[test]
    fn days_are_whole_and_signed() {
        let now = moment("2026-11-24T12:00:00Z");
        assert_eq!(days_between(moment("2026-11-23T12:00:01Z"), now), 0);
        assert_eq!(days_between(moment("2026-11-23T12:00:00Z"), now), 1);
        assert_eq!(days_between(moment("2026-11-24T12:00:01Z"), now), -1);
    }

    #[test]
    fn the_day_is_utc() {
        assert_eq!(utc_date(moment("2026-11-24T23:59:59.999Z")), "2026-11-24");
    }
}
