//! Conditions: all of a statement's must hold, one of a key's values must match, and a negated operator asks that none does.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html>
//! The rules are in [`crate::reference::conditions`].

mod address;
mod base64;
mod converted;
mod date;
mod number;
mod operand;
mod operator;
mod session;
#[cfg(test)]
mod tests;

use std::fmt;

use crate::arn::Arn;
use crate::context::{Context, Key, is_in_every_request, is_multivalued, is_of_some_requests};
use crate::document::Comparison;
use crate::position::Position;
use crate::request::Request;
use crate::truth::Truth;
use crate::variable;
use converted::Converted;
use operand::Operand;
use operator::{Kind, Operator, Quantifier};

/// Whole seconds since 1970 of a moment, if it is one.
pub(crate) fn seconds_of(moment: &str) -> Option<i64> {
    match date::read(moment) {
        Converted::To(milliseconds) => Some(milliseconds.div_euclid(1000)),
        _ => None,
    }
}

/// One operator, key and list of values of a statement's `Condition`.
///
/// The key is compared with each value as the operator says: texts (`String…`), numbers (`Numeric…`), moments (`Date…`),
/// addresses (`…IpAddress`), ARNs (`Arn…`), `Bool`, `BinaryEquals`; `Null` asks whether there is a key. `…IfExists` also holds
/// without it; `ForAllValues:` and `ForAnyValue:` are for keys with several values. What each of them gives, also where a key
/// is missing, is in [`reference::conditions`](crate::reference::conditions).
#[derive(Clone, Debug)]
pub struct Condition {
    position: Position,
    operator: Box<str>,
    key: Box<str>,
    /// The key in lower case.
    lower: Box<str>,
    /// The key is declared as a list.
    multivalued: bool,
    /// AWS sends the key with some actions only.
    of_some_requests: bool,
    values: Box<[Box<str>]>,
    /// The keys of the variables in the values, as written.
    variables: Box<[Box<str>]>,
    test: Option<Test>,
}

#[derive(Clone, Debug)]
struct Test {
    operator: Operator,
    operands: Box<[Operand]>,
}

impl Condition {
    pub(crate) fn compile(operator: &str, comparison: &Comparison, variables: bool) -> Self {
        let values: Box<[Box<str>]> = comparison.values.iter().map(|value| value.text().into()).collect();
        // A list without values is accepted, and a variable in a key perhaps: AWS does not say what they mean.
        let documented = !values.is_empty() && !comparison.key.contains("${");
        let test = Operator::read(operator).filter(|_| documented).map(|operator| Test {
            operator,
            operands: values.iter().map(|text| Operand::read(operator.kind, text, variables)).collect(),
        });
        let lower: Box<str> = comparison.key.to_lowercase().into();
        let takes_variables =
            variables && test.as_ref().is_some_and(|test| test.operator.kind.takes_variables());
        let variables = values.iter().filter(|_| takes_variables).flat_map(|value| variable::keys(value));
        Self {
            position: comparison.position,
            operator: operator.into(),
            key: comparison.key.as_str().into(),
            multivalued: is_multivalued(&lower),
            of_some_requests: is_of_some_requests(&lower),
            lower,
            variables: variables.map(Into::into).collect(),
            values,
            test: test.filter(|test| test.operator.kind != Kind::Null || is_null_test(comparison)),
        }
    }

    /// Where its key stands in the document.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The operator as written, such as `ForAnyValue:StringLike`.
    pub fn operator(&self) -> &str {
        &self.operator
    }

    /// The key as written.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The keys that it looks at, as written: its own, and those of the variables in its values.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.key()).chain(self.variables.iter().map(|key| &**key))
    }

    /// Whether a value holds a variable.
    pub(crate) fn has_variables(&self) -> bool {
        !self.variables.is_empty()
    }

    /// The values as written, without quotation marks.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &str> {
        self.values.iter().map(|value| &**value)
    }

    /// Whether the operator is one that AWS documents, with values that it documents.
    pub fn is_understood(&self) -> bool {
        self.test.is_some()
    }

    /// What the condition gives in circumstances.
    pub fn holds(&self, context: &Context) -> Truth {
        self.compared(context.get_lower(&self.lower), context)
    }

    /// What it gives in a request, which never has a key of other actions.
    pub fn holds_in(&self, request: &Request) -> Truth {
        if self.of_some_requests && request.never_has(&self.lower) {
            return self.compared(&Key::Absent, request.context());
        }
        self.holds(request.context())
    }

    /// What it gives in a request that does not have its key.
    pub(crate) fn without_key(&self) -> Truth {
        self.compared(&Key::Absent, &Context::complete())
    }

    fn compared(&self, key: &Key, context: &Context) -> Truth {
        let Some(test) = &self.test else { return Truth::Unknown };
        if test.operator.kind == Kind::Null {
            return test.is_null(key, is_in_every_request(&self.lower));
        }
        if let Some(decided) = test.of_any_session(&self.lower, key, context) {
            return decided;
        }
        match key {
            _ if self.multivalued && test.operator.never_matches_a_list(key) => Truth::False,
            Key::Known { values, multivalued } => test.compare(values, *multivalued, context),
            Key::Absent => test.operator.without_key(),
            Key::CallerChosen | Key::Environment | Key::Present => Truth::Depends,
            Key::NotKnown => Truth::Unknown,
        }
    }

    /// What it asks of a key so that it holds, or so that it does not, and never of a request without the key.
    pub(crate) fn restricts(&self, must_hold: bool) -> Restriction {
        let Some(Test { operator, .. }) = &self.test else { return Restriction::None };
        let satisfied_without_key = match operator.without_key() {
            Truth::True => must_hold,
            Truth::False => !must_hold,
            _ => true,
        };
        match operator.kind {
            Kind::Null => Restriction::None,
            _ if satisfied_without_key => Restriction::None,
            Kind::Bool => {
                let asks = if must_hold { "true" } else { "false" };
                Restriction::Exactly(self.values.iter().all(|value| value.eq_ignore_ascii_case(asks)))
            }
            // It asks for one of its values only if it is positive and must hold, or the contrary.
            _ if operator.negated == must_hold => Restriction::None,
            Kind::Number(_) | Kind::Date(_) => Restriction::Order,
            Kind::TextPattern | Kind::Arn => Restriction::Pattern,
            Kind::Text | Kind::TextIgnoringCase | Kind::Binary | Kind::Address => Restriction::Value,
        }
    }

    /// Why the condition cannot be known in a request.
    pub(crate) fn doubt(&self, context: &Context) -> String {
        if !self.is_understood() {
            return format!("the meaning of {self} is not documented");
        }
        match context.get_lower(&self.lower) {
            Key::NotKnown => format!("the value of {} is unknown", self.key),
            _ => format!("the result of {self} is not documented, or depends on an unknown key"),
        }
    }
}

/// What a condition asks of its key's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Restriction {
    /// Nothing, or nothing of a request without the key.
    None,
    /// To be before or behind something.
    Order,
    /// To be one of its values.
    Value,
    /// To match one of its patterns.
    Pattern,
    /// To be true, or not to be false, if this is true.
    Exactly(bool),
}

impl fmt::Display for Condition {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {} {:?}", self.operator, self.key, self.values)
    }
}

fn is_null_test(comparison: &Comparison) -> bool {
    comparison.values.iter().all(|value| {
        let text = value.text();
        text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false")
    })
}

impl Operator {
    fn without_key(self) -> Truth {
        match self.quantifier {
            Quantifier::All => Truth::True,
            // With IfExists too, as was observed.
            Quantifier::Any => Truth::False,
            Quantifier::One => Truth::of(self.if_exists || self.negated),
        }
    }
}

impl Operator {
    /// Whether it is for single values, which no list matches, and gives false where the key is missing too, if it may be.
    fn never_matches_a_list(self, key: &Key) -> bool {
        let if_missing = self.without_key() == Truth::False;
        self.quantifier == Quantifier::One
            && match key {
                Key::Present => true,
                Key::CallerChosen | Key::Environment | Key::NotKnown => if_missing,
                Key::Known { .. } | Key::Absent => false,
            }
    }
}

impl Test {
    fn compare(&self, values: &[Box<str>], multivalued: bool, context: &Context) -> Truth {
        let each = || values.iter().map(|value| self.one(value, context));
        // "An empty data set (for example, an empty string)".
        let empty = values.iter().all(|value| value.is_empty());
        match self.operator.quantifier {
            // Negated and IfExists forms included.
            Quantifier::One if multivalued => Truth::False,
            Quantifier::One => each().next().unwrap_or(Truth::False),
            Quantifier::All if empty => Truth::True,
            Quantifier::Any if empty => Truth::False,
            Quantifier::Any => each().fold(Truth::False, Truth::or_in_one),
            Quantifier::All => each().fold(Truth::True, Truth::and_in_one),
        }
    }

    /// One value of the request against all values of the policy.
    fn one(&self, value: &str, context: &Context) -> Truth {
        let malformed = match self.operator.kind {
            Kind::Address => address::Address::read(value).is_none(),
            Kind::Arn => Arn::read(value).is_none(),
            _ => false,
        };
        if malformed {
            // Never matches, not even negated.
            return Truth::False;
        }
        let matched = self.operands.iter().map(|operand| operand.matches(value, context));
        let matched = matched.fold(Truth::False, Truth::or_in_one);
        if self.operator.negated { matched.negated() } else { matched }
    }

    fn is_null(&self, key: &Key, always_there: bool) -> Truth {
        let asks = |null| {
            self.operands.iter().any(|operand| matches!(operand, Operand::Bool(asked) if *asked == null))
        };
        match key {
            _ if asks(true) && asks(false) => Truth::True,
            Key::Absent => Truth::of(asks(true)),
            // A list without values exists; whether its value is null, AWS does not say.
            Key::Known { values, .. } if values.is_empty() => Truth::Unknown,
            Key::Known { .. } | Key::Present => Truth::of(asks(false)),
            _ if always_there => Truth::of(asks(false)),
            Key::CallerChosen | Key::Environment => Truth::Depends,
            Key::NotKnown => Truth::Unknown,
        }
    }
}
