//! One resource that stands for all of a pattern.

use crate::catalogue::{Action, Catalogue};
use crate::context::Context;
use crate::document::Texts;
use crate::pattern::Pattern;
use crate::request::Principal;
use crate::statement::Resources;
use crate::truth::Truth;
use crate::variable::{Piece, Value, pieces};

/// A name that no policy names, so that only a pattern reaches it; and none that begins with a letter or a digit.
pub(super) const NOBODY: &str = "+any-7c1f0d52";

/// Whose request the resource is for.
pub(super) struct Setting<'a> {
    pub(super) principal: &'a Principal,
    pub(super) action: &'a str,
    pub(super) context: &'a Context,
}

impl Setting<'_> {
    fn partition(&self) -> &str {
        self.principal.name().split(':').nth(1).unwrap_or("aws")
    }

    fn service(&self) -> &str {
        self.action.split(':').next().unwrap_or_default()
    }

    fn account(&self) -> &str {
        self.principal.account().unwrap_or(NOBODY)
    }
}

/// The ARN of a resource type, such as `arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}`, as a pattern.
pub(super) fn pattern_of_type(arn: &str, partition: &str) -> String {
    let filled = filled(arn, |name| if name == "Partition" { partition } else { "*" });
    if filled.is_empty() { "*".to_owned() } else { filled }
}

/// A text with its placeholders replaced.
fn filled<'a>(arn: &str, value: impl Fn(&str) -> &'a str) -> String {
    let mut text = String::new();
    let mut rest = arn;
    while let Some((plain, behind)) = rest.split_once("${") {
        let (name, after) = behind.split_once('}').unwrap_or((behind, ""));
        text.push_str(plain);
        text.push_str(value(name));
        rest = after;
    }
    text.push_str(rest);
    text
}

/// A resource that a pattern names and that no narrower pattern does: of the action's own resource types if the pattern has
/// any of them in it, of the principal's account if the pattern leaves it open. A variable whose value is not fixed is a name
/// like any other: evaluation tells what hangs on it.
pub(super) fn resource(pattern: &str, variables: bool, setting: &Setting<'_>) -> String {
    if pattern.bytes().all(|byte| byte == b'*') {
        return "*".to_owned();
    }
    let texts = Texts { single: true, texts: vec![pattern.to_owned()] };
    let named = Resources::compile(&texts, false, variables);
    let action = Catalogue::get().action(setting.action);
    let mut kinds: Vec<_> = action.iter().flat_map(Action::resource_types).collect();
    // The usual ones first: an object before one behind an access point.
    kinds.sort_by_key(|kind| (!kind.required, kind.arn.len()));
    let typical = kinds.iter().map(|kind| {
        filled(kind.arn, |name| match name {
            "Partition" => setting.partition(),
            "Account" => setting.account(),
            _ => NOBODY,
        })
    });
    let mut fitting = typical.filter(|resource| named.contain(resource, setting.context) == Truth::True);
    fitting.next().unwrap_or_else(|| made_up(pattern, variables, setting))
}

/// One character of a pattern.
#[derive(Clone, Copy, PartialEq)]
enum Glyph {
    Plain(char),
    Wild(char),
}

fn made_up(pattern: &str, variables: bool, setting: &Setting<'_>) -> String {
    let glyphs = glyphs(pattern, variables, setting);
    let segments: Vec<&[Glyph]> = glyphs.splitn(6, |glyph| *glyph == Glyph::Plain(':')).collect();
    if segments.first().is_none_or(|first| text(first) != "arn") {
        return text(&glyphs);
    }
    let usual = ["arn", setting.partition(), setting.service(), NOBODY, setting.account(), NOBODY];
    let made = usual.iter().enumerate().map(|(place, usual)| match segments.get(place) {
        None => (*usual).to_owned(),
        Some(segment) if place < 5 && is_open(segment, usual) => (*usual).to_owned(),
        Some(segment) => text(segment),
    });
    made.collect::<Vec<_>>().join(":")
}

/// Whether a segment has a wildcard and takes in a value.
fn is_open(segment: &[Glyph], value: &str) -> bool {
    let wild = segment.iter().any(|glyph| matches!(glyph, Glyph::Wild(_)));
    let pattern: String =
        segment.iter().map(|(Glyph::Plain(character) | Glyph::Wild(character))| character).collect();
    wild && Pattern::wild(&pattern).is_match(value)
}

/// With a made-up name for each `*`, and a letter for each `?`.
fn text(glyphs: &[Glyph]) -> String {
    let mut text = String::new();
    for glyph in glyphs {
        match glyph {
            Glyph::Plain(character) => text.push(*character),
            Glyph::Wild('*') => text.push_str(NOBODY),
            Glyph::Wild(_) => text.push('x'),
        }
    }
    text
}

fn glyphs(pattern: &str, variables: bool, setting: &Setting<'_>) -> Vec<Glyph> {
    let wild = |text: &str| -> Vec<Glyph> {
        let glyph = |character| match character {
            '*' | '?' => Glyph::Wild(character),
            _ => Glyph::Plain(character),
        };
        text.chars().map(glyph).collect()
    };
    // Literal text where there are no variables, or what only begins like one.
    let Some(pieces) = pieces(pattern).filter(|_| variables) else { return wild(pattern) };
    let mut glyphs = Vec::new();
    for piece in &pieces {
        match piece {
            Piece::Plain(text) => glyphs.extend(wild(text)),
            Piece::Character(character) => glyphs.push(Glyph::Plain(*character)),
            Piece::Variable(variable) => {
                let value = match variable.value(setting.context) {
                    Value::Text(value) => value,
                    Value::Nothing | Value::Depends | Value::NotKnown => NOBODY,
                };
                glyphs.extend(value.chars().map(Glyph::Plain));
            }
        }
    }
    glyphs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Key;

    fn sampled(action: &str, pattern: &str) -> String {
        let ann = Principal::iam("arn:aws-cn:iam::111122223333:user/ann").unwrap();
        let context =
            Context::complete().with("aws:username", "ann").with_state("aws:userid", Key::Environment);
        resource(pattern, true, &Setting { principal: &ann, action, context: &context })
    }

    #[test]
    fn a_resource_of_the_actions_types_where_the_pattern_has_one() {
        let object = format!("arn:aws-cn:s3:::{NOBODY}/{NOBODY}");
        for pattern in ["arn:aws-cn:s3:::*", "arn:*:s3:*", "arn:*", "arn:aws-cn:s3:::*/*"] {
            assert_eq!(sampled("s3:GetObject", pattern), object, "{pattern}");
        }
        assert_eq!(sampled("iam:GetRole", "arn:*"), format!("arn:aws-cn:iam::111122223333:role/{NOBODY}"));
        assert_eq!(sampled("iam:GetRole", "*"), "*");
    }

    #[test]
    fn names_for_wildcards_and_values_for_variables() {
        for (pattern, wanted) in [
            ("arn:aws-cn:s3:::b/*", "arn:aws-cn:s3:::b/+any-7c1f0d52"),
            ("arn:aws-cn:iam::*:role/app-?-*", "arn:aws-cn:iam::111122223333:role/app-x-+any-7c1f0d52"),
            ("arn:aws-cn:iam::2222*:role/a", "arn:aws-cn:iam::2222+any-7c1f0d52:role/a"),
            ("arn:aws-cn:iam::444455556666:role/a", "arn:aws-cn:iam::444455556666:role/a"),
            ("arn:aws-cn:s3:::b/${aws:username}/${*}", "arn:aws-cn:s3:::b/ann/*"),
            ("arn:aws-cn:s3:::b/${aws:userid}", "arn:aws-cn:s3:::b/+any-7c1f0d52"),
            ("arn:aws-cn:s3:::b/${absent, 'default'}", "arn:aws-cn:s3:::b/default"),
            ("arn:aws-cn:s3:::b/${broken", "arn:aws-cn:s3:::b/${broken"),
            ("no arn *", "no arn +any-7c1f0d52"),
        ] {
            assert_eq!(sampled("iam:PassRole", pattern), wanted, "{pattern}");
        }
    }

    #[test]
    fn types_as_patterns() {
        let role = "arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}";
        assert_eq!(pattern_of_type(role, "aws"), "arn:aws:iam::*:role/*");
        assert_eq!(pattern_of_type("", "aws"), "*");
        assert_eq!(pattern_of_type("open${", "aws"), "open*");
    }
}
