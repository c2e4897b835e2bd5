//! Amazon Resource Names: six segments, `arn:partition:service:region:account:resource`.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns>

use std::borrow::Cow;

use crate::context::Context;
use crate::pattern::{MADE_UP, Pattern, Token, expand, run_over};
use crate::truth::Truth;

const SEGMENTS: usize = 6;

/// An ARN taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arn<'a> {
    pub(crate) partition: &'a str,
    pub(crate) service: &'a str,
    pub(crate) region: &'a str,
    pub(crate) account: &'a str,
    pub(crate) resource: &'a str,
}

impl<'a> Arn<'a> {
    pub(crate) fn read(text: &'a str) -> Option<Self> {
        let [arn, partition, service, region, account, resource] = segments(text)?;
        (arn == "arn").then_some(Self { partition, service, region, account, resource })
    }
}

/// The six segments; colons in the last one are part of it.
fn segments(text: &str) -> Option<[&str; SEGMENTS]> {
    let mut segments = [""; SEGMENTS];
    let [first @ .., last] = &mut segments;
    let mut rest = text;
    for segment in first {
        // Most are a few bytes long: a plain loop is faster than a search that reads many at a time.
        let end = rest.bytes().position(|byte| byte == b':')?;
        *segment = rest.get(..end)?;
        rest = rest.get(end + 1..)?;
    }
    *last = rest;
    Some(segments)
}

/// Whether a text ends as these patterns, one a segment, do where their end has no wildcard.
fn ends_so(patterns: &[Pattern], text: &str) -> bool {
    match patterns.get(SEGMENTS - 1) {
        Some(Pattern::Literal(end)) => text.ends_with(&**end),
        _ => true,
    }
}

/// What a pattern is for one caller.
#[derive(Debug)]
pub(crate) enum OfCaller<'a> {
    /// It matches nothing: a variable has no value.
    Nothing,
    Pattern(Cow<'a, ArnPattern>),
}

/// A pattern of ARNs whose first five segments each match by themselves.
#[derive(Clone, Debug)]
pub(crate) enum ArnPattern {
    /// No wildcard stands before the fifth colon, so that the text as a whole may be matched.
    Whole(Pattern),
    /// A pattern a segment.
    Segments(Box<[Pattern]>),
    /// With a variable: put together, then taken apart, for each match.
    Template(Box<[Token]>),
}

impl ArnPattern {
    /// `tokens` must have at least five colons, but see [`ArnPattern::completed`].
    pub(crate) fn of(tokens: Vec<Token>) -> Self {
        if tokens.iter().any(|token| matches!(token, Token::Variable(_))) {
            return Self::Template(tokens.into());
        }
        let mut parts = split(&tokens);
        let plain = |part: &&[Token]| part.iter().all(|token| matches!(token, Token::Unit(_)));
        if parts.iter().take(SEGMENTS - 1).all(plain) {
            return Self::Whole(Pattern::from_tokens(tokens));
        }
        Self::Segments(parts.drain(..).map(|part| Pattern::from_tokens(part.to_vec())).collect())
    }

    /// A pattern with no wildcard before its fifth colon, and no variable: most are, and need no tokens.
    pub(crate) fn plain(text: &str) -> Option<Self> {
        let (fifth_colon, _) = text.match_indices(':').nth(SEGMENTS - 2)?;
        let is_plain = !text.contains("${") && !text.get(..fifth_colon)?.contains(['*', '?']);
        is_plain.then(|| Self::Whole(Pattern::wild(text)))
    }

    /// An ARN of fewer than six segments is completed with `*`.
    pub(crate) fn completed(mut tokens: Vec<Token>) -> Self {
        for _ in split(&tokens).len()..SEGMENTS {
            tokens.extend([Token::Unit(u16::from(b':')), Token::Run]);
        }
        Self::of(tokens)
    }

    /// An ARN that it matches, with a made-up name in the place of each wildcard, and of each variable whose value is not
    /// fixed. `None`: a variable has no value, so that it matches nothing.
    pub(crate) fn sample(&self, partition: &str, account: &str, context: &Context) -> Option<String> {
        match self {
            Self::Whole(pattern) => pattern.sample(MADE_UP),
            Self::Segments(patterns) => {
                let fillers = ["arn", partition, MADE_UP, "us-east-1", account, MADE_UP];
                let parts = patterns.iter().zip(fillers).map(|(pattern, filler)| {
                    if pattern.is_match(filler) { Some(filler.to_owned()) } else { pattern.sample(MADE_UP) }
                });
                Some(parts.collect::<Option<Vec<_>>>()?.join(":"))
            }
            Self::Template(tokens) => {
                let (tokens, _) = expand(tokens, context)?;
                Self::of(tokens).sample(partition, account, context)
            }
        }
    }

    /// Whether it may match an ARN that begins so: with five segments, and the beginning of the sixth.
    pub(crate) fn may_begin_with(&self, start: &str) -> bool {
        let fit = |literal: &str, start: &str| literal.starts_with(start) || start.starts_with(literal);
        match self {
            Self::Whole(pattern) => fit(pattern.literal_start(), start),
            Self::Segments(patterns) => segments(start).is_some_and(|segments| {
                let [first @ .., last] = segments;
                let of_last = patterns.last().is_some_and(|pattern| fit(pattern.literal_start(), last));
                of_last && patterns.iter().zip(first).all(|(pattern, segment)| pattern.is_match(segment))
            }),
            Self::Template(_) => true,
        }
    }

    /// Whether it may match an ARN of a service, in a partition and an account, whatever its Region and resource.
    pub(crate) fn may_be_of(&self, partition: &str, service: &str, account: &str) -> bool {
        let wanted = ["arn", partition, service, "", account];
        let fits = |place: usize, is_match: &dyn Fn(&str) -> bool| {
            place == 3 || wanted.get(place).is_some_and(|segment| is_match(segment))
        };
        match self {
            Self::Whole(pattern) => {
                let mut literal =
                    pattern.literal_start().splitn(SEGMENTS, ':').take(SEGMENTS - 1).enumerate();
                literal.all(|(place, segment)| fits(place, &|wanted| wanted == segment))
            }
            Self::Segments(patterns) => {
                let mut first = patterns.iter().take(SEGMENTS - 1).enumerate();
                first.all(|(place, pattern)| fits(place, &|wanted| pattern.is_match(wanted)))
            }
            Self::Template(tokens) => {
                let mut first = split(tokens).into_iter().take(SEGMENTS - 1).enumerate();
                first.all(|(place, part)| fits(place, &|wanted| run_over(part, wanted)))
            }
        }
    }

    /// Whether all of its variables have the same values in every request of a caller.
    pub(crate) fn follows_from_the_caller(&self) -> bool {
        let follows = |token: &Token| match token {
            Token::Variable(variable) => variable.follows_from_the_caller(),
            _ => true,
        };
        if let Self::Template(tokens) = self { tokens.iter().all(follows) } else { true }
    }

    /// The same with values in the place of variables, where all of them follow from the caller, so that no request of it has
    /// others. `None`: some variable has no value that is fixed so, or what comes of it is not certain.
    pub(crate) fn of_caller(&self, context: &Context) -> Option<OfCaller<'_>> {
        let Self::Template(tokens) = self else { return Some(OfCaller::Pattern(Cow::Borrowed(self))) };
        if !self.follows_from_the_caller() {
            return None;
        }
        match expand(tokens, context) {
            None => Some(OfCaller::Nothing),
            Some((tokens, Truth::True)) => Some(OfCaller::Pattern(Cow::Owned(Self::of(tokens)))),
            Some(_) => None,
        }
    }

    /// What everything that it matches begins with.
    fn start(&self) -> &str {
        match self {
            Self::Whole(pattern) => pattern.literal_start(),
            Self::Segments(_) | Self::Template(_) => "",
        }
    }

    /// Whether there may be an ARN that both match.
    pub(crate) fn may_meet(&self, other: &Self) -> bool {
        let (one, two) = (self.start(), other.start());
        one.starts_with(two) || two.starts_with(one)
    }

    /// The sixth segment of whatever it matches, if that is always the same.
    pub(crate) fn only_resource(&self) -> Option<&str> {
        match self {
            Self::Whole(Pattern::Literal(text)) => segments(text).map(|[.., last]| last),
            Self::Segments(patterns) => match patterns.last() {
                Some(Pattern::Literal(text)) if patterns.len() == SEGMENTS => Some(text),
                _ => None,
            },
            Self::Whole(_) | Self::Template(_) => None,
        }
    }

    /// Whether it matches an ARN in a request.
    pub(crate) fn matches(&self, text: &str, context: &Context) -> Truth {
        match self {
            Self::Whole(pattern) => Truth::of(pattern.is_match(text)),
            // Most names are others: that is seen before the text is taken apart.
            Self::Segments(patterns) => Truth::of(
                ends_so(patterns, text)
                    && segments(text).is_some_and(|segments| {
                        patterns.iter().zip(segments).all(|(pattern, segment)| pattern.is_match(segment))
                    }),
            ),
            Self::Template(tokens) => match expand(tokens, context) {
                Some((tokens, Truth::True)) => Truth::of(segments(text).is_some_and(|segments| {
                    let parts = split(&tokens);
                    parts.len() == SEGMENTS
                        && parts.iter().zip(segments).all(|(part, text)| run_over(part, text))
                })),
                // What is not fixed may hold colons: the text as a whole decides what is out of the question.
                Some((tokens, certain)) if run_over(&tokens, text) => certain,
                None | Some(_) => Truth::False,
            },
        }
    }
}

/// Six parts at most, at the first five colons.
fn split(tokens: &[Token]) -> Vec<&[Token]> {
    tokens.splitn(SEGMENTS, |token| matches!(token, Token::Unit(58))).collect()
}

/// How many segments a pattern has.
pub(crate) fn segment_count(tokens: &[Token]) -> usize {
    split(tokens).len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::template;

    fn matches(pattern: &str, text: &str) -> Truth {
        let context = Context::complete().with("role", "arn:aws:iam::1:role/a").with("name", "x");
        ArnPattern::of(template(pattern, true).unwrap()).matches(text, &context)
    }

    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN>
    #[test]
    fn wildcard_stays_inside_its_segment() {
        let text = "arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt";
        assert_eq!(matches("arn:aws:someservice:*:111122223333:finance/*", text), Truth::False);
        assert_eq!(matches("arn:aws:someservice:*:9*:store/*:finance/*", text), Truth::True);
        assert_eq!(matches("a?n:*:*:*:*:*", text), Truth::True);
        assert_eq!(matches("arn:aws:*:::a", "arn:aws:s3:::a:b"), Truth::False);
        assert_eq!(matches("arn:aws:*:::a", "no arn"), Truth::False);
    }

    #[test]
    fn variable_may_hold_a_whole_arn() {
        assert_eq!(matches("${role}", "arn:aws:iam::1:role/a"), Truth::True);
        assert_eq!(matches("arn:*:iam::1:role/${name}", "arn:aws:iam::1:role/x"), Truth::True);
        assert_eq!(matches("arn:*:iam::1:role/${name}", "arn:aws:x:iam::1:role/x"), Truth::False);
        assert_eq!(matches("${role}:*", "arn:aws:iam::1:role/a"), Truth::False);
    }

    #[test]
    fn arn_is_read_by_its_first_five_colons() {
        let arn = Arn::read("arn:aws:logs:eu-west-1:1:log-group:x:*").unwrap();
        assert_eq!((arn.service, arn.account, arn.resource), ("logs", "1", "log-group:x:*"));
        assert_eq!(Arn::read("arn:aws:iam::1"), None);
        assert_eq!(Arn::read("x:aws:iam::1:root"), None);
    }
}
