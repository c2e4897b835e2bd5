//! The names of condition operators.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

use std::cmp::Ordering;

/// An operator taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Operator {
    pub(super) quantifier: Quantifier,
    pub(super) kind: Kind,
    pub(super) negated: bool,
    pub(super) if_exists: bool,
}

/// How many of a request's values must match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quantifier {
    /// The one value that there is.
    One,
    /// `ForAllValues:`.
    All,
    /// `ForAnyValue:`.
    Any,
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    TextIgnoringCase,
    TextPattern,
    Number(Comparison),
    Date(Comparison),
    Bool,
    Binary,
    Address,
    Arn,
    Null,
}

impl Kind {
    /// Whether AWS says that a policy variable may stand in a value.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-wheretouse>
    pub(super) fn takes_variables(self) -> bool {
        matches!(self, Self::Text | Self::TextIgnoringCase | Self::TextPattern | Self::Arn)
    }
}

/// How two things of an order are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    /// Whether the request's value, so ordered towards the policy's, satisfies it.
    pub(super) fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

impl Operator {
    /// `None`: not a name that AWS documents.
    pub(super) fn read(name: &str) -> Option<Self> {
        let (quantifier, name) = match name.split_once(':') {
            None => (Quantifier::One, name),
            Some(("ForAllValues", name)) => (Quantifier::All, name),
            Some(("ForAnyValue", name)) => (Quantifier::Any, name),
            Some(_) => return None,
        };
        let (name, if_exists) = match name.strip_suffix("IfExists") {
            Some(name) => (name, true),
            None => (name, false),
        };
        let (kind, negated) = kind(name)?;
        let plain = quantifier == Quantifier::One && !if_exists;
        (plain || kind != Kind::Null).then_some(Self { quantifier, kind, negated, if_exists })
    }
}

fn kind(name: &str) -> Option<(Kind, bool)> {
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual};
    Some(match name {
        "StringEquals" => (Kind::Text, false),
        "StringNotEquals" => (Kind::Text, true),
        "StringEqualsIgnoreCase" => (Kind::TextIgnoringCase, false),
        "StringNotEqualsIgnoreCase" => (Kind::TextIgnoringCase, true),
        "StringLike" => (Kind::TextPattern, false),
        "StringNotLike" => (Kind::TextPattern, true),
        "NumericEquals" => (Kind::Number(Equal), false),
        "NumericNotEquals" => (Kind::Number(Equal), true),
        "NumericLessThan" => (Kind::Number(Less), false),
        "NumericLessThanEquals" => (Kind::Number(LessOrEqual), false),
        "NumericGreaterThan" => (Kind::Number(Greater), false),
        "NumericGreaterThanEquals" => (Kind::Number(GreaterOrEqual), false),
        "DateEquals" => (Kind::Date(Equal), false),
        "DateNotEquals" => (Kind::Date(Equal), true),
        "DateLessThan" => (Kind::Date(Less), false),
        "DateLessThanEquals" => (Kind::Date(LessOrEqual), false),
        "DateGreaterThan" => (Kind::Date(Greater), false),
        "DateGreaterThanEquals" => (Kind::Date(GreaterOrEqual), false),
        "Bool" => (Kind::Bool, false),
        "BinaryEquals" => (Kind::Binary, false),
        "IpAddress" => (Kind::Address, false),
        "NotIpAddress" => (Kind::Address, true),
        "ArnEquals" | "ArnLike" => (Kind::Arn, false),
        "ArnNotEquals" | "ArnNotLike" => (Kind::Arn, true),
        "Null" => (Kind::Null, false),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_quantifier_and_if_exists() {
        let operator = Operator::read("ForAnyValue:StringNotLikeIfExists").unwrap();
        assert_eq!((operator.quantifier, operator.kind), (Quantifier::Any, Kind::TextPattern));
        assert!(operator.negated && operator.if_exists);
        assert_eq!(
            Operator::read("ForAllValues:Bool").map(|operator| operator.quantifier),
            Some(Quantifier::All)
        );
        assert_eq!(Operator::read("Null").map(|operator| operator.kind), Some(Kind::Null));
    }

    #[test]
    fn unheard_of_names_are_none() {
        for name in [
            "",
            "stringequals",
            "StringEqual",
            "IfExists",
            "NullIfExists",
            "ForAnyValue:Null",
            "ForSomeValues:Bool",
            "ForAllValues:",
            "forAllValues:StringLike",
            "StringEqualsIfExistsIfExists",
            "NotBool",
        ] {
            assert_eq!(Operator::read(name), None, "{name}");
        }
    }
}
