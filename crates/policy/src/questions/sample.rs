//! One resource that stands for all of a pattern.

use super::kind::{Glyph, Kind, Names, meet, wild};
use crate::context::Context;
use crate::request::Principal;
use crate::variable::{Piece, Value, pieces};

/// A name that no policy names, so that only a pattern reaches it; and none that begins with a letter or a digit.
pub(super) const NOBODY: &str = "+any-7c1f0d52";

/// Whose request the resource is for.
pub(super) struct Setting<'a> {
    pub(super) principal: &'a Principal,
    pub(super) action: &'a str,
    pub(super) context: &'a Context,
}

/// A pattern in which there may be resources, taken apart for a request.
pub(super) struct Wanted<'a> {
    glyphs: Vec<Glyph>,
    setting: &'a Setting<'a>,
}

impl<'a> Wanted<'a> {
    /// A variable whose value is not fixed is a name like any other: evaluation shows what hangs on it.
    pub(super) fn read(pattern: &str, variables: bool, setting: &'a Setting<'a>) -> Self {
        Self { glyphs: glyphs(pattern, variables, setting.context, NOBODY), setting }
    }

    /// A resource of a type that the pattern names and that no narrower pattern does, of the principal's account if the
    /// pattern leaves it open. `None`: there is none of the type in it.
    pub(super) fn of_kind(&self, kind: &Kind) -> Option<String> {
        kind.within(&self.glyphs, names(self.setting.principal))
    }

    /// The same, of no type.
    pub(super) fn of_any_kind(&self) -> String {
        made_up(&self.glyphs, self.setting)
    }
}

/// For the wildcards of an ARN.
pub(super) fn names(principal: &Principal) -> Names<'_> {
    let partition = principal.name().split(':').nth(1).unwrap_or("aws");
    Names { partition, region: NOBODY, account: principal.account().unwrap_or(NOBODY), other: NOBODY }
}

fn made_up(glyphs: &[Glyph], setting: &Setting<'_>) -> String {
    let segments: Vec<&[Glyph]> = glyphs.splitn(6, |glyph| *glyph == Glyph::Plain(':')).collect();
    if segments.first().is_none_or(|first| text(first) != "arn") {
        return text(glyphs);
    }
    let Names { partition, region, account, other } = names(setting.principal);
    let service = setting.action.split(':').next().unwrap_or_default();
    let usual = ["arn", partition, service, region, account, other];
    let made = usual.iter().enumerate().map(|(place, usual)| match segments.get(place) {
        None => (*usual).to_owned(),
        Some(segment) if place < 5 && is_open(segment, usual) => (*usual).to_owned(),
        Some(segment) => text(segment),
    });
    made.collect::<Vec<_>>().join(":")
}

/// Whether a segment has a wildcard and takes in a value.
fn is_open(segment: &[Glyph], value: &str) -> bool {
    let literal: Vec<Glyph> = value.chars().map(Glyph::Plain).collect();
    segment.iter().any(|glyph| !matches!(glyph, Glyph::Plain(_))) && meet(segment, &literal, "").is_some()
}

/// With a made-up name for each `*`, and a letter for each `?`.
fn text(glyphs: &[Glyph]) -> String {
    let mut text = String::new();
    for glyph in glyphs {
        match glyph {
            Glyph::Plain(character) => text.push(*character),
            Glyph::One => text.push('x'),
            Glyph::Run | Glyph::Name => text.push_str(NOBODY),
        }
    }
    text
}

/// A pattern with the values of its variables, and a name for those that have none or an open one.
pub(super) fn glyphs(pattern: &str, variables: bool, context: &Context, name: &str) -> Vec<Glyph> {
    let plain = |text: &str| -> Vec<Glyph> { text.chars().map(wild).collect() };
    // Literal text where there are no variables, or what only begins like one.
    let Some(pieces) = pieces(pattern).filter(|_| variables) else { return plain(pattern) };
    let mut glyphs = Vec::new();
    for piece in &pieces {
        match piece {
            Piece::Plain(text) => glyphs.extend(plain(text)),
            Piece::Character(character) => glyphs.push(Glyph::Plain(*character)),
            Piece::Variable(variable) => {
                let value = match variable.value(context) {
                    Value::Text(value) => value,
                    Value::Nothing | Value::Depends | Value::NotKnown => name,
                };
                glyphs.extend(value.chars().map(Glyph::Plain));
            }
        }
    }
    glyphs
}

#[cfg(test)]
mod tests {
    use super::super::kind::Kinds;
    use super::*;
    use crate::context::Key;

    fn sampled(action: &str, pattern: &str) -> String {
        let ann = Principal::iam("arn:aws-cn:iam::111122223333:user/ann").unwrap();
        let context =
            Context::complete().with("aws:username", "ann").with_state("aws:userid", Key::Environment);
        let setting = Setting { principal: &ann, action, context: &context };
        let wanted = Wanted::read(pattern, true, &setting);
        let kinds = Kinds::of(action).map(|kinds| kinds.groups.clone()).unwrap_or_default();
        let mut kinds = kinds.iter().flat_map(|group| &group.kinds);
        kinds.find_map(|kind| wanted.of_kind(kind)).unwrap_or_else(|| wanted.of_any_kind())
    }

    #[test]
    fn a_resource_of_the_actions_types_where_the_pattern_has_one() {
        let object = format!("arn:aws-cn:s3:::{NOBODY}/{NOBODY}");
        assert_eq!(sampled("s3:GetObject", "arn:aws-cn:s3:::*"), object);
        assert_eq!(sampled("s3:GetObject", "arn:aws-cn:s3:::*/*"), format!("{object}/{NOBODY}"));
        let key = format!("arn:aws-cn:s3:::data{NOBODY}/{NOBODY}");
        assert_eq!(sampled("s3:GetObject", "arn:aws-cn:s3:::data*"), key);
        assert_eq!(sampled("iam:GetRole", "arn:*"), format!("arn:aws-cn:iam::111122223333:role/{NOBODY}"));
        let role = "arn:aws-cn:iam::111122223333:role/ann";
        assert_eq!(sampled("iam:GetRole", "arn:aws-cn:iam::*:role/${aws:username}"), role);
    }

    #[test]
    fn names_for_wildcards_and_values_for_variables() {
        for (pattern, wanted) in [
            ("arn:aws-cn:s3:::b/*", "arn:aws-cn:s3:::b/+any-7c1f0d52"),
            ("arn:aws-cn:new::*:thing/app-?-*", "arn:aws-cn:new::111122223333:thing/app-x-+any-7c1f0d52"),
            ("arn:aws-cn:new::2222*:thing/a", "arn:aws-cn:new::2222+any-7c1f0d52:thing/a"),
            ("arn:aws-cn:new::444455556666:thing/a", "arn:aws-cn:new::444455556666:thing/a"),
            ("arn:aws-cn:s3:::b/${aws:username}/${*}", "arn:aws-cn:s3:::b/ann/*"),
            ("arn:aws-cn:s3:::b/${aws:userid}", "arn:aws-cn:s3:::b/+any-7c1f0d52"),
            ("arn:aws-cn:s3:::b/${absent, 'default'}", "arn:aws-cn:s3:::b/default"),
            ("arn:aws-cn:s3:::b/${broken", "arn:aws-cn:s3:::b/${broken"),
            ("arn:*", "arn:aws-cn:new:+any-7c1f0d52:111122223333:+any-7c1f0d52"),
            ("no arn *", "no arn +any-7c1f0d52"),
        ] {
            assert_eq!(sampled("new:Thing", pattern), wanted, "{pattern}");
        }
    }
}
