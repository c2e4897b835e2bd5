//! Values that people write, read alike on the command line and in the configuration file.

use std::fmt;
use std::marker::PhantomData;
use std::num::{IntErrorKind, ParseIntError};
use std::str::FromStr;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use orgsweep_lake::ScanSelector;
use orgsweep_model::Timestamp;
use serde::de::value::StrDeserializer;
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use serde::{Deserialize as Derived, Serialize};

/// A length of time as people write it: `90s`, `14m`, `1h 30m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Derived)]
#[serde(try_from = "String", into = "String")]
pub struct Span(pub Duration);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let span: Option<SignedDuration> = text.parse().ok();
        match span.and_then(|span| Duration::try_from(span).ok()) {
            Some(span) if span.is_zero() => {
                Err(format!("{text:?} is no time at all: expected a length such as 90s, 14m or 1h30m"))
            }
            Some(span) => Ok(Self(span)),
            _ => Err(format!("{text:?} is not a length of time: expected one such as 90s, 14m or 1h30m")),
        }
    }
}

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        format!("{}ms", span.0.as_millis())
    }
}

/// A whole number.
pub fn whole<T: FromStr<Err = ParseIntError>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: ParseIntError| match error.kind() {
        IntErrorKind::PosOverflow => format!("{text} is too large"),
        _ => "expected a whole number, 0 or more".to_owned(),
    })
}

/// A whole number within bounds, both included.
pub fn between<T: TryFrom<u64>>(
    least: u64,
    most: u64,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static {
    move |text| {
        let number = text.parse().ok().filter(|number| (least..=most).contains(number));
        let number = number.and_then(|number| T::try_from(number).ok());
        number.ok_or_else(|| format!("expected a whole number from {least} to {most}"))
    }
}

/// A number that may have a fraction.
pub fn number(text: &str) -> Result<f64, String> {
    text.parse().map_err(|_| "expected a number, such as 5 or 0.5".to_owned())
}

/// A stored scan.
pub fn scan(text: &str) -> Result<ScanSelector, String> {
    text.parse().map_err(|message: String| format!("{message}, or latest"))
}

/// A moment, or a day: its midnight in UTC.
pub fn moment(text: &str) -> Result<Timestamp, String> {
    let day = || text.parse::<Date>().ok().filter(|_| text.len() == 10);
    let midnight = || Some(day()?.to_zoned(TimeZone::UTC).ok()?.timestamp());
    text.parse().ok().or_else(midnight).ok_or_else(|| {
        format!("{text:?} is not a moment: expected one such as 2026-11-24T12:00:00Z, or a day such as 2026-11-24 (midnight UTC)")
    })
}

/// The same in a file, as a string or as TOML writes moments.
pub fn optional_moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let value = toml::Value::deserialize(deserializer)?;
    let text = match &value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Datetime(moment) => moment.to_string(),
        other => return Err(Error::custom(format!("expected a moment, not {other}"))),
    };
    moment(&text).map(Some).map_err(Error::custom)
}

/// A list, or one value in its place.
pub fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_any(List(PhantomData))
}

struct List<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
    type Value = Vec<T>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a text, or a list of texts")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        T::deserialize(StrDeserializer::new(text)).map(|value| vec![value])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = elements.next_element()? {
            values.push(value);
        }
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_refused_in_words() {
        assert_eq!(whole::<u32>("12"), Ok(12));
        assert_eq!(whole::<u32>("4294967296").unwrap_err(), "4294967296 is too large");
        for text in ["many", "", "-1", "1.5", "1_000"] {
            assert_eq!(whole::<u32>(text).unwrap_err(), "expected a whole number, 0 or more", "{text}");
        }
        let port = between::<u16>(0, 65_535);
        assert_eq!(port("65535"), Ok(65_535));
        for text in ["65536", "-1", "x"] {
            assert_eq!(port(text).unwrap_err(), "expected a whole number from 0 to 65535", "{text}");
        }
        assert_eq!(number("0.5"), Ok(0.5));
        assert_eq!(number("half").unwrap_err(), "expected a number, such as 5 or 0.5");
    }

    #[test]
    fn a_day_is_its_midnight_in_utc() {
        let midnight = "2026-11-24T00:00:00Z";
        assert_eq!(moment("2026-11-24").unwrap().to_string(), midnight);
        assert_eq!(moment(midnight).unwrap().to_string(), midnight);
        assert_eq!(moment("2026-11-24T01:00:00+01:00").unwrap().to_string(), midnight);
        for text in
            ["yesterday", "2026-11-31", "2026-11", "24.11.2026", "20261124", "", "2026-11-24T25:00:00Z"]
        {
            let message = moment(text).unwrap_err();
            assert!(
                message.contains("is not a moment: expected one such as 2026-11-24T12:00:00Z"),
                "{message}"
            );
        }
    }
}
