//! Moments: the W3C profile of ISO 8601, or seconds since 1970, compared to the millisecond.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_Date>
//! <https://www.w3.org/TR/NOTE-datetime>

use super::converted::Converted;

const DAY: i64 = 86_400_000;

/// Milliseconds since 1970.
pub(super) fn read(text: &str) -> Converted<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        // Four digits may be a year, thirteen and more milliseconds: nothing says which.
        return match (digits.len(), text.parse::<i64>()) {
            (4 | 13.., _) | (_, Err(_)) => Converted::Undocumented,
            (_, Ok(seconds)) => Converted::To(seconds * 1000),
        };
    }
    let mut reader = Reader { rest: text };
    match reader.moment() {
        Some(moment) if reader.rest.is_empty() => moment,
        _ => Converted::Not,
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn take(&mut self, character: char) -> bool {
        let rest = self.rest.strip_prefix(character);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn number(&mut self, digits: usize) -> Option<i64> {
        let (number, rest) = self.rest.split_at_checked(digits)?;
        let number = number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.parse().ok())??;
        self.rest = rest;
        Some(number)
    }

    /// `None`: no moment. Undocumented: one whose time zone is not fixed, or in a leap second.
    fn moment(&mut self) -> Option<Converted<i64>> {
        let year = self.number(4)?;
        self.take('-').then_some(())?;
        let month = self.number(2).filter(|month| (1..=12).contains(month))?;
        let day = if self.take('-') { self.number(2)? } else { 1 };
        if !(1..=days_of(year, month)).contains(&day) {
            return None;
        }
        let date = days_since_1970(year, month, day) * DAY;
        if self.rest.is_empty() {
            // The profile gives a date no time zone; readers take it for UTC.
            return Some(Converted::To(date));
        }
        self.take('T').then_some(())?;
        let hour = self.number(2).filter(|hour| *hour < 24)?;
        self.take(':').then_some(())?;
        let minute = self.number(2).filter(|minute| *minute < 60)?;
        let second = if self.take(':') { self.number(2).filter(|second| *second <= 60)? } else { 0 };
        let fraction = if self.take('.') { self.fraction()? } else { 0 };
        let time = date + ((hour * 60 + minute) * 60 + second) * 1000 + fraction;
        if self.rest.is_empty() || second == 60 {
            self.offset();
            return Some(Converted::Undocumented);
        }
        Some(Converted::To(time - self.offset()? * 60_000))
    }

    /// Milliseconds; what is finer is cut off.
    fn fraction(&mut self) -> Option<i64> {
        let length = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.rest.split_at_checked(length).filter(|(digits, _)| !digits.is_empty())?;
        self.rest = rest;
        let digits: String = digits.chars().chain("00".chars()).take(3).collect();
        digits.parse().ok()
    }

    /// Minutes east of Greenwich.
    fn offset(&mut self) -> Option<i64> {
        if self.take('Z') {
            return Some(0);
        }
        let sign = if self.take('+') {
            1
        } else if self.take('-') {
            -1
        } else {
            return None;
        };
        let hours = self.number(2).filter(|hours| *hours < 24)?;
        self.take(':').then_some(())?;
        let minutes = self.number(2).filter(|minutes| *minutes < 60)?;
        Some(sign * (hours * 60 + minutes))
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(is_leap(year)),
        _ => 31,
    }
}

fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let before = year - 1;
    let leap_days = before / 4 - before / 100 + before / 400 - (1969 / 4 - 1969 / 100 + 1969 / 400);
    let months: i64 = (1..month).map(|month| days_of(year, month)).sum();
    (year - 1970) * 365 + leap_days + months + day - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_have_millisecond_precision() {
        assert_eq!(read("2020-04-01T00:00:00.001Z"), Converted::To(1_585_699_200_001));
        assert_eq!(read("2020-04-01T00:00:00.0019999Z"), Converted::To(1_585_699_200_001));
        assert_eq!(read("2020-04-01T00:00:00.5Z"), Converted::To(1_585_699_200_500));
    }

    #[test]
    fn dates_are_w3c_profile_or_epoch_seconds() {
        for (text, wanted) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01", 0),
            ("2000-02-29T12:30Z", 951_827_400_000),
            ("2024-12-31T23:59:59Z", 1_735_689_599_000),
            ("2024-12-31T23:59:59+01:30", 1_735_684_199_000),
            ("2024-12-31T23:59:59-00:30", 1_735_691_399_000),
            ("1969-12-31T23:59:59Z", -1000),
            ("2020-04", 1_585_699_200_000),
            ("1585699200", 1_585_699_200_000),
            ("0", 0),
            ("-1", -1000),
        ] {
            assert_eq!(read(text), Converted::To(wanted), "{text}");
        }
    }

    #[test]
    fn other_text_is_no_date() {
        for text in [
            "",
            "x",
            "2020-13-01",
            "2020-02-30",
            "2021-02-29",
            "1900-02-29",
            "2020-04-01T",
            "2020-04-01T24:00Z",
            "2020-04-01T00:60Z",
            "2020-04-01T00:00:00.Z",
            "2020-04-01T00:00:00Zx",
            "2020-04-01 00:00:00Z",
            "2020-+4-01",
            "2020-4-1",
            "20200401T000000Z",
            "+5",
            "éé",
        ] {
            assert_eq!(read(text), Converted::Not, "{text}");
        }
        for text in ["2020", "1585699200000", "2020-04-01T00:00:00", "2016-12-31T23:59:60Z"] {
            assert_eq!(read(text), Converted::Undocumented, "{text}");
        }
    }
}
