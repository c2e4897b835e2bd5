//! The name of a scan: a ULID, which sorts by start time. <https://github.com/ulid/spec>

use std::fmt;
use std::str::FromStr;

use orgsweep_model::{Timestamp, time};

/// Crockford's base 32.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// 48 bits of milliseconds and 80 bits of entropy, as 26 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ScanId(String);

impl ScanId {
    /// The id of a scan that started at `time`.
    pub fn new(time: Timestamp, entropy: [u8; 10]) -> Self {
        let milliseconds = time.as_millisecond().max(0) as u128 & ((1 << 48) - 1);
        let random = entropy.iter().fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
        let number = milliseconds << 80 | random;
        let text = (0..26).rev().map(|digit| char::from(DIGITS[(number >> (digit * 5) & 31) as usize]));
        Self(text.collect())
    }

    /// The 26 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// When the scan started.
    pub fn moment(&self) -> Timestamp {
        let milliseconds = self.0.bytes().take(10).fold(0_i64, |number, byte| {
            let digit = DIGITS.iter().position(|known| *known == byte).unwrap_or(0);
            number << 5 | digit as i64
        });
        Timestamp::from_millisecond(milliseconds).unwrap_or_default()
    }

    /// The UTC day on which the scan started: the partition key.
    pub fn scan_date(&self) -> String {
        time::utc_date(self.moment())
    }
}

impl fmt::Display for ScanId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

impl FromStr for ScanId {
    type Err = String;

    /// In whatever case: <https://github.com/ulid/spec#crockfords-base32>.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let given = text;
        let text = text.to_ascii_uppercase();
        let valid = text.len() == 26
            && text.bytes().all(|byte| DIGITS.contains(&byte))
            // The first character holds three bits of the 130.
            && text.as_bytes()[0] <= b'7';
        if valid {
            Ok(Self(text))
        } else {
            Err(format!(
                "{given:?} is not a scan ID: expected 26 digits and letters, such as 01ARYZ6S41TSV4RRFFQ69G5FAV"
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spec_example_and_the_way_back() {
        let time = Timestamp::from_millisecond(1_469_918_176_385).unwrap();
        let id = ScanId::new(time, [0xff; 10]);
        assert_eq!(id.as_str(), "01ARYZ6S41ZZZZZZZZZZZZZZZZ");
        assert_eq!(id.scan_date(), "2016-07-30");
        assert_eq!(id.as_str().parse::<ScanId>().unwrap(), id);
        assert_eq!(id.as_str().to_lowercase().parse::<ScanId>().unwrap(), id);
    }

    #[test]
    fn ids_sort_by_time() {
        let early = ScanId::new(Timestamp::from_millisecond(1000).unwrap(), [0xff; 10]);
        let late = ScanId::new(Timestamp::from_millisecond(1001).unwrap(), [0; 10]);
        assert!(early < late);
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in ["", "../../etc", "01ARYZ6S41ZZZZZZZZZZZZZZZI", "8ZZZZZZZZZZZZZZZZZZZZZZZZZ"] {
            assert!(text.parse::<ScanId>().is_err(), "{text}");
        }
    }
}
