//! Lengths of time as people read them.

use std::time::Duration;

/// `16s`, `2m 05s`, `1h 02m`.
pub fn exact(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

/// An estimate, rounded up to what it is worth: `10s`, `2m`, `1h 05m`.
pub fn about(duration: Duration) -> String {
    let seconds = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    match seconds {
        0..=60 => match seconds.div_ceil(5).max(1) * 5 {
            60 => "1m".to_owned(),
            seconds => format!("{seconds}s"),
        },
        61..3600 => match seconds.div_ceil(60) {
            60 => "1h".to_owned(),
            minutes => format!("{minutes}m"),
        },
        _ => {
            let minutes = seconds.div_ceil(300) * 5;
            if minutes.is_multiple_of(60) {
                format!("{}h", minutes / 60)
            } else {
                format!("{}h {:02}m", minutes / 60, minutes % 60)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_and_an_estimate() {
        for (seconds, clock, estimate) in [
            (0, "0s", "5s"),
            (16, "16s", "20s"),
            (58, "58s", "1m"),
            (60, "1m 00s", "1m"),
            (61, "1m 01s", "2m"),
            (125, "2m 05s", "3m"),
            (3599, "59m 59s", "1h"),
            (3600, "1h 00m", "1h"),
            (3720, "1h 02m", "1h 05m"),
        ] {
            let duration = Duration::from_secs(seconds);
            assert_eq!((exact(duration).as_str(), about(duration).as_str()), (clock, estimate), "{seconds}");
        }
    }
}
