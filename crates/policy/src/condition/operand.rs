//! One value of a condition, compiled, and how a request's value is compared to it.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

use super::address::{Address, Range};
use super::converted::Converted;
use super::operator::{Comparison, Kind};
use super::{base64, date, number};
use crate::arn::{ArnPattern, segment_count};
use crate::context::Context;
use crate::pattern::{Pattern, Reading, Token, expand, template};
use crate::truth::Truth;

/// A value of a condition.
#[derive(Clone, Debug)]
pub(super) enum Operand {
    /// Text, or a pattern of texts.
    Text(Pattern),
    /// In lower case.
    Lower(Box<str>),
    /// With variables; compared in lower case once they are known.
    LowerTemplate(Box<[Token]>),
    Number(Box<str>, Comparison),
    Date(i64, Comparison),
    Bool(bool),
    Binary(Box<str>),
    Address(Range),
    Arn(ArnPattern),
    /// It does not convert to what the operator compares: equal to nothing, before and behind nothing.
    Incomparable,
    /// AWS does not say what a comparison to it gives.
    Undocumented,
}

impl Operand {
    pub(super) fn read(kind: Kind, text: &str, variables: bool) -> Self {
        let pattern = |wildcards| {
            Pattern::read(text, Reading { wildcards, variables }).map_or(Self::Undocumented, Self::Text)
        };
        match kind {
            Kind::Text => pattern(false),
            Kind::TextPattern => pattern(true),
            Kind::TextIgnoringCase if variables && text.contains("${") => {
                template(text, false).map_or(Self::Undocumented, |tokens| Self::LowerTemplate(tokens.into()))
            }
            Kind::TextIgnoringCase => Self::Lower(text.to_lowercase().into()),
            Kind::Number(comparison) => match number::compare(text, "0") {
                Converted::To(_) => Self::Number(text.into(), comparison),
                Converted::Not => Self::Incomparable,
                Converted::Undocumented => Self::Undocumented,
            },
            Kind::Date(comparison) => match date::read(text) {
                Converted::To(moment) => Self::Date(moment, comparison),
                Converted::Not => Self::Incomparable,
                Converted::Undocumented => Self::Undocumented,
            },
            // One page says that a Boolean may be a variable, another that it may not.
            Kind::Bool if variables && text.contains("${") => Self::Undocumented,
            Kind::Bool | Kind::Null => Self::Bool(is_true(text)),
            Kind::Binary if base64::is_canonical(text) => Self::Binary(text.into()),
            Kind::Binary => Self::Undocumented,
            Kind::Address => match Range::read(text) {
                Converted::To(range) => Self::Address(range),
                _ => Self::Undocumented,
            },
            Kind::Arn => arn(text, variables),
        }
    }

    /// Whether a request's value matches, before any negation.
    pub(super) fn matches(&self, value: &str, context: &Context) -> Truth {
        match self {
            Self::Text(pattern) => pattern.matches(value, context),
            Self::Lower(lower) => Truth::of(equals_lower(lower, value)),
            Self::LowerTemplate(tokens) => match expand(tokens, context) {
                None => Truth::False,
                Some((tokens, Truth::True)) => {
                    let units: Vec<u16> = tokens.iter().filter_map(Token::unit).collect();
                    Truth::of(equals_lower(&String::from_utf16_lossy(&units).to_lowercase(), value))
                }
                Some((_, uncertain)) => uncertain,
            },
            Self::Number(wanted, comparison) => match number::compare(value, wanted) {
                Converted::To(ordering) => Truth::of(comparison.holds(ordering)),
                Converted::Not => Truth::False,
                Converted::Undocumented => Truth::Unknown,
            },
            Self::Date(wanted, comparison) => match date::read(value) {
                Converted::To(moment) => Truth::of(comparison.holds(moment.cmp(wanted))),
                Converted::Not => Truth::False,
                Converted::Undocumented => Truth::Unknown,
            },
            Self::Bool(wanted) => Truth::of(is_true(value) == *wanted),
            Self::Binary(wanted) if base64::is_canonical(value) => Truth::of(**wanted == *value),
            Self::Binary(_) | Self::Undocumented => Truth::Unknown,
            Self::Address(range) => {
                Truth::of(Address::read(value).is_some_and(|value| range.contains(value)))
            }
            Self::Arn(pattern) => pattern.matches(value, context),
            Self::Incomparable => Truth::False,
        }
    }
}

/// Only `true`, in any case, is true.
fn is_true(text: &str) -> bool {
    text.eq_ignore_ascii_case("true")
}

/// Compares as Unicode lower-cases: a final sigma, the Kelvin sign and the capital sharp s included.
fn equals_lower(lower: &str, value: &str) -> bool {
    if value.is_ascii() { lower.eq_ignore_ascii_case(value) } else { lower == value.to_lowercase() }
}

fn arn(text: &str, variables: bool) -> Operand {
    if let Some(pattern) = ArnPattern::plain(text) {
        return Operand::Arn(pattern);
    }
    let tokens = if variables { template(text, true) } else { Some(Pattern::tokens(text)) };
    match tokens {
        // A pattern of fewer than six segments is completed in a Resource; here AWS does not say.
        Some(tokens)
            if segment_count(&tokens) == 6
                || tokens.iter().any(|token| matches!(token, Token::Variable(_))) =>
        {
            Operand::Arn(ArnPattern::of(tokens))
        }
        _ => Operand::Undocumented,
    }
}
