//! Moments and ages. UTC, millisecond resolution, no time zone, as the lake stores them.

pub use jiff::Timestamp;

/// Whole days from `earlier` to `later`; negative when `earlier` lies in the future.
pub fn days_between(earlier: Timestamp, later: Timestamp) -> i64 {
    later.duration_since(earlier).as_secs().div_euclid(86_400)
}

/// Whether `moment` lies more than `days` whole days before `now`: exactly `days` days is not older.
///
/// Compared to the second, so that the boundary is the moment itself and not midnight.
pub fn older_than_days(moment: Timestamp, now: Timestamp, days: u32) -> bool {
    now.duration_since(moment).as_secs() > i64::from(days) * 86_400
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
        assert!(older_than_days(moment("2026-08-26T11:59:59Z"), now, 90));
        assert!(!older_than_days(moment("2026-08-26T12:00:01Z"), now, 90));
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
