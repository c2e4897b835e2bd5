//! Values that a person writes, read alike on the command line and in the configuration file.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use orgsweep_model::Timestamp;
use serde::de::value::StrDeserializer;
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use serde::{Deserialize as Derived, Serialize};

/// A length of time as a person writes it: `90s`, `14m`, `1h 30m`.
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
