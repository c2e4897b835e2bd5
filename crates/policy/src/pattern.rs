//! Wildcards: `*` is any run of characters, newlines too; `?` is one UTF-16 code unit.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>
//!
//! Compiled once. Matching allocates nothing; its time is bounded by the product of the two lengths, whatever the wildcards. A
//! pattern with variables is expanded again for each match.

use crate::context::Context;
use crate::truth::Truth;
use crate::variable::{self, Piece, Value, Variable};

/// A name that no policy names, for the place of a wildcard.
pub(crate) const MADE_UP: &str = "any-7c1f0d52";

/// A compiled pattern.
#[derive(Clone, Debug)]
pub(crate) enum Pattern {
    /// Nothing but `*`.
    Everything,
    /// No wildcard.
    Literal(Box<str>),
    /// Text, and `*` behind it.
    Prefix(Box<str>),
    /// Text, and what begins with the first wildcard.
    Glob(Box<str>, Box<[Token]>),
    /// With variables.
    Template(Box<[Token]>),
}

/// One step of a pattern.
#[derive(Clone, Debug)]
pub(crate) enum Token {
    /// This UTF-16 code unit.
    Unit(u16),
    /// `?`.
    One,
    /// `*`.
    Run,
    Variable(Box<Variable>),
}

/// How to read a text as a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    /// `*` and `?` are wildcards.
    pub(crate) wildcards: bool,
    /// `${…}` are variables: only in documents of version 2012-10-17.
    pub(crate) variables: bool,
}

impl Pattern {
    /// Wildcards, no variables.
    pub(crate) fn wild(text: &str) -> Self {
        match text.find(['*', '?']) {
            None => Self::literal(text),
            Some(first) if first > 0 && first + 1 == text.len() && text.ends_with('*') => {
                Self::Prefix(text.trim_end_matches('*').into())
            }
            Some(_) => Self::from_tokens(tokens_of(text, true)),
        }
    }

    /// The tokens of a text with wildcards and without variables.
    pub(crate) fn tokens(text: &str) -> Vec<Token> {
        tokens_of(text, true)
    }

    /// No wildcards, no variables.
    pub(crate) fn literal(text: &str) -> Self {
        Self::Literal(text.into())
    }

    /// `None`: something begins like a variable and is none.
    pub(crate) fn read(text: &str, reading: Reading) -> Option<Self> {
        if !reading.variables || !text.contains("${") {
            return Some(if reading.wildcards { Self::wild(text) } else { Self::literal(text) });
        }
        Some(Self::from_tokens(template(text, reading.wildcards)?))
    }

    pub(crate) fn from_tokens(mut tokens: Vec<Token>) -> Self {
        if tokens.iter().any(|token| matches!(token, Token::Variable(_))) {
            return Self::Template(tokens.into());
        }
        tokens.dedup_by(|second, first| matches!((first, second), (Token::Run, Token::Run)));
        let literal = tokens.iter().take_while(|token| matches!(token, Token::Unit(_))).count();
        let rest = tokens.split_off(literal);
        let units = tokens.iter().filter_map(Token::unit);
        let text: String =
            char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
        match (text.is_empty(), rest.as_slice()) {
            (_, []) => Self::Literal(text.into()),
            (true, [Token::Run]) => Self::Everything,
            (false, [Token::Run]) => Self::Prefix(text.into()),
            _ => Self::Glob(text.into(), rest.into()),
        }
    }

    /// The text that everything it matches begins with.
    pub(crate) fn literal_start(&self) -> &str {
        match self {
            Self::Literal(text) | Self::Prefix(text) | Self::Glob(text, _) => text,
            Self::Everything | Self::Template(_) => "",
        }
    }

    /// A text that it matches, with a filler in the place of each `*`. `None`: it has a variable.
    pub(crate) fn sample(&self, filler: &str) -> Option<String> {
        Some(match self {
            Self::Everything => filler.to_owned(),
            Self::Literal(text) => text.to_string(),
            Self::Prefix(text) => format!("{text}{filler}"),
            Self::Glob(text, tokens) => {
                let mut units: Vec<u16> = text.encode_utf16().collect();
                for token in tokens {
                    match token {
                        Token::Unit(unit) => units.push(*unit),
                        Token::One => units.push(u16::from(b'x')),
                        Token::Run => units.extend(filler.encode_utf16()),
                        Token::Variable(_) => return None,
                    }
                }
                String::from_utf16(&units).ok()?
            }
            Self::Template(_) => return None,
        })
    }

    /// Whether it matches a text, if it has no variables; with variables it matches none.
    pub(crate) fn is_match(&self, text: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Literal(literal) => **literal == *text,
            Self::Prefix(prefix) => text.starts_with(&**prefix),
            Self::Glob(prefix, tokens) => {
                text.strip_prefix(&**prefix).is_some_and(|rest| run_over(tokens, rest))
            }
            Self::Template(_) => false,
        }
    }

    /// Whether it matches a text in a request.
    pub(crate) fn matches(&self, text: &str, context: &Context) -> Truth {
        match self {
            Self::Template(tokens) => match expand(tokens, context) {
                Some((tokens, certain)) if run_over(&tokens, text) => certain,
                None | Some(_) => Truth::False,
            },
            plain => Truth::of(plain.is_match(text)),
        }
    }
}

/// The tokens of a text that may hold variables. `None`: see [`Pattern::read`].
pub(crate) fn template(text: &str, wildcards: bool) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    for piece in variable::pieces(text)? {
        match piece {
            Piece::Plain(text) => tokens.extend(tokens_of(text, wildcards)),
            Piece::Character(character) => tokens.push(Token::Unit(character as u16)),
            Piece::Variable(variable) => tokens.push(Token::Variable(Box::new(variable))),
        }
    }
    Some(tokens)
}

impl Token {
    pub(crate) fn unit(&self) -> Option<u16> {
        if let Self::Unit(unit) = self { Some(*unit) } else { None }
    }
}

fn tokens_of(text: &str, wildcards: bool) -> Vec<Token> {
    let token = |unit| match u8::try_from(unit) {
        Ok(b'*') if wildcards => Token::Run,
        Ok(b'?') if wildcards => Token::One,
        _ => Token::Unit(unit),
    };
    text.encode_utf16().map(token).collect()
}

/// Puts values in the place of variables. `None`: one has no value, and so the whole matches nothing.
///
/// Where a value is not fixed, any text stands in for it; the second part of the result says what a match is worth.
pub(crate) fn expand(tokens: &[Token], context: &Context) -> Option<(Vec<Token>, Truth)> {
    let mut expanded = Vec::with_capacity(tokens.len());
    let mut certain = Truth::True;
    for token in tokens {
        let Token::Variable(variable) = token else {
            expanded.push(token.clone());
            continue;
        };
        match variable.value(context) {
            Value::Text(text) => expanded.extend(text.encode_utf16().map(Token::Unit)),
            Value::Nothing => return None,
            Value::Depends => {
                expanded.push(Token::Run);
                certain = certain.and_in_one(Truth::Depends);
            }
            Value::NotKnown => {
                expanded.push(Token::Run);
                certain = Truth::Unknown;
            }
        }
    }
    Some((expanded, certain))
}

/// Whether tokens without variables match a whole text.
pub(crate) fn run_over(tokens: &[Token], text: &str) -> bool {
    if text.is_ascii() { run(tokens, text.bytes().map(u16::from)) } else { run(tokens, text.encode_utf16()) }
}

/// Goes through the text once, and on a mismatch back to the last `*` only: what an earlier one took is never
/// reconsidered, since the later one can take the same.
fn run<Text: Iterator<Item = u16> + Clone>(tokens: &[Token], mut text: Text) -> bool {
    let mut at = 0;
    let mut last_run: Option<(usize, Text)> = None;
    loop {
        let fits = match tokens.get(at) {
            Some(Token::Run) => {
                at += 1;
                if at == tokens.len() {
                    return true;
                }
                last_run = Some((at, text.clone()));
                continue;
            }
            None => match text.next() {
                None => return true,
                Some(_) => false,
            },
            Some(token) => match (text.next(), token) {
                // A longer run leaves even less text for the tokens that remain.
                (None, _) => return false,
                (Some(unit), Token::Unit(wanted)) => unit == *wanted,
                (Some(_), Token::One) => true,
                (Some(_), _) => false,
            },
        };
        if fits {
            at += 1;
            continue;
        }
        let Some((behind, from)) = &mut last_run else { return false };
        // The mismatch lies at or behind it, so that there is a unit to skip.
        from.next();
        text = from.clone();
        at = *behind;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Key;

    fn wild(pattern: &str, text: &str) -> bool {
        Pattern::wild(pattern).is_match(text)
    }

    #[test]
    fn wildcards_match_as_the_definition_says() {
        // The definition, as slow as it is obvious.
        fn slow(pattern: &[u16], text: &[u16]) -> bool {
            match pattern.split_first() {
                None => text.is_empty(),
                Some((42, rest)) => (0..=text.len()).any(|taken| slow(rest, &text[taken..])),
                Some((unit, rest)) => {
                    !text.is_empty() && (*unit == 63 || *unit == text[0]) && slow(rest, &text[1..])
                }
            }
        }
        let mut texts = vec![String::new()];
        for length in 0..5 {
            let longest: Vec<_> =
                texts.iter().filter(|text| text.chars().count() == length).cloned().collect();
            for text in longest {
                texts.extend(["a", "b", "*", "?"].map(|character| format!("{text}{character}")));
            }
        }
        let subjects: Vec<_> = texts.iter().filter(|text| !text.contains(['*', '?'])).collect();
        for pattern in &texts {
            for subject in &subjects {
                let units = |text: &str| text.encode_utf16().collect::<Vec<_>>();
                assert_eq!(
                    wild(pattern, subject),
                    slow(&units(pattern), &units(subject)),
                    "{pattern} {subject}"
                );
            }
        }
    }

    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>
    #[test]
    fn question_mark_counts_one_utf16_code_unit() {
        assert!(wild("a?c", "aéc"));
        assert!(!wild("a?c", "a😀c"));
        assert!(wild("a??c", "a😀c"));
        assert!(wild("?*", "😀") && wild("*?", "😀") && wild("??", "😀"));
        assert!(wild("é*😀", "é/x😀") && !wild("é*😀", "é/x😁"));
    }

    #[test]
    fn asterisk_crosses_newlines_slashes_and_colons() {
        assert!(wild("a*b", "a\n/:b"));
        assert!(wild("a?b", "a\nb"));
    }

    #[test]
    fn many_wildcards_do_not_explode() {
        let text = "a".repeat(2000);
        assert!(!wild(&format!("{}b", "a*".repeat(1000)), &text));
        assert!(!wild(&format!("{}b", "*?".repeat(500)), &text));
        assert!(wild(&"*a".repeat(1000), &text));
    }

    #[test]
    fn shapes_take_the_short_ways() {
        assert!(matches!(Pattern::wild("***"), Pattern::Everything));
        assert!(matches!(Pattern::wild("a"), Pattern::Literal(_)));
        assert!(matches!(Pattern::wild("a**"), Pattern::Prefix(_)));
        assert!(matches!(Pattern::wild("a*b"), Pattern::Glob(..)));
    }

    fn with_variables(pattern: &str, text: &str) -> Truth {
        let context = Context::complete().with("name", "a*?").with_list("list", &["a"]);
        let context = context.with_state("ip", Key::Environment).with_state("tag", Key::NotKnown);
        Pattern::read(pattern, Reading { wildcards: true, variables: true }).unwrap().matches(text, &context)
    }

    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
    #[test]
    fn substituted_text_is_literal() {
        assert_eq!(with_variables("x/${name}", "x/a*?"), Truth::True);
        assert_eq!(with_variables("x/${name}", "x/abc"), Truth::False);
        assert_eq!(with_variables("x/${name}*", "x/a*?y"), Truth::True);
        assert_eq!(with_variables("${*}${?}${$}", "*?$"), Truth::True);
        assert_eq!(with_variables("${*}", "x"), Truth::False);
    }

    #[test]
    fn unresolvable_variable_matches_nothing() {
        for pattern in ["${gone}", "${gone}*", "*${list}*", "${list, 'a'}"] {
            assert_eq!(with_variables(pattern, "a"), Truth::False, "{pattern}");
        }
        assert_eq!(with_variables("${gone, 'a'}", "a"), Truth::True);
    }

    #[test]
    fn variable_of_unfixed_value_depends_only_where_the_rest_fits() {
        assert_eq!(with_variables("x/${ip}/y", "x/1/y"), Truth::Depends);
        assert_eq!(with_variables("x/${ip}/y", "z/1/y"), Truth::False);
        assert_eq!(with_variables("x/${tag}", "x/1"), Truth::Unknown);
        assert_eq!(with_variables("${ip}${tag}", "x"), Truth::Unknown);
        assert_eq!(with_variables("${ip}${gone}", "x"), Truth::False);
    }
}
