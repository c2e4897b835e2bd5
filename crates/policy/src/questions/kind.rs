//! What an action may be about, by the resource types that the catalogue lists for it.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>:
//! "If you specify a resource that is not valid for the action, any request to use that action fails, and the statement's
//! Effect does not apply."
//!
//! An action that is not listed is newer, and may be about anything. Where several types are marked as required, the page
//! says that the caller needs them all; but the lists mark so too what is a choice (`dynamodb:TagResource`: a table or a
//! stream). So what is granted on each of them is granted, what is granted on none is not, and what lies between is not
//! known.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use crate::catalogue::{Action, Catalogue};

/// One character of a pattern of ARNs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Glyph {
    Plain(char),
    /// `?`.
    One,
    /// `*`.
    Run,
    /// A run without `/`.
    Name,
}

impl Glyph {
    fn is_run(self) -> bool {
        matches!(self, Self::Run | Self::Name)
    }

    /// As part of a run.
    fn may_be_in(self, run: Self) -> bool {
        run != Self::Name || self != Self::Plain('/')
    }

    fn meets(self, other: Self) -> bool {
        self == other || self == Self::One || other == Self::One
    }
}

/// Names in the place of wildcards: one for each segment of an ARN, and one for where that does not fit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names<'a> {
    pub(super) partition: &'a str,
    pub(super) region: &'a str,
    pub(super) account: &'a str,
    pub(super) other: &'a str,
}

/// A resource type.
#[derive(Clone, Debug)]
pub(super) struct Kind {
    pub(super) name: &'static str,
    /// One of these, each in its segments.
    arns: Vec<[Vec<Glyph>; SEGMENTS]>,
}

/// What an action is about.
#[derive(Clone, Debug)]
pub(super) struct Kinds {
    /// Of each of these it takes one resource.
    pub(super) groups: Vec<Group>,
    /// What it may take besides.
    pub(super) besides: Vec<Kind>,
}

/// Resource types of which any does.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) kinds: Vec<Kind>,
    /// It may be about nothing in particular, which is written `*`.
    pub(super) or_nothing: bool,
}

const SEGMENTS: usize = 6;

/// What was read, by the addresses of the names of actions. Those of the catalogue, at most.
static KNOWN: LazyLock<RwLock<HashMap<usize, Arc<Kinds>, ahash::RandomState>>> =
    LazyLock::new(RwLock::default);

impl Kinds {
    /// Those of an action; `None` if it is not listed. Policies of thousands of principals name the same actions, so those of
    /// each are read once: the catalogue never changes.
    pub(super) fn of(action: &str) -> Option<Arc<Self>> {
        let listed = Catalogue::get().action(action)?;
        // Names are parts of one text that is never given back: each action has its own address.
        let address = listed.name().as_ptr().addr();
        if let Some(known) = KNOWN.read().unwrap_or_else(PoisonError::into_inner).get(&address) {
            return Some(known.clone());
        }
        let found = Arc::new(Self::read(listed));
        KNOWN.write().unwrap_or_else(PoisonError::into_inner).insert(address, found.clone());
        Some(found)
    }

    fn read(listed: Action<'static>) -> Self {
        let mut required = Vec::new();
        let mut optional = Vec::new();
        let mut kinds: Vec<_> = listed.resource_types().collect();
        // The usual ones first: an object before one behind an access point.
        kinds.sort_by_key(|kind| kind.arn.len());
        for kind in kinds {
            let into = if kind.required { &mut required } else { &mut optional };
            into.push(Kind::read(kind.name, kind.arn));
        }
        if required.is_empty() {
            let groups = vec![Group { kinds: optional, or_nothing: true }];
            return Self { groups, besides: Vec::new() };
        }
        // AWS's own resources stand beside those of accounts: nothing takes one of each.
        let groups = if required.iter().any(Kind::is_of_aws) {
            vec![Group { kinds: required, or_nothing: false }]
        } else {
            required.into_iter().map(|kind| Group { kinds: vec![kind], or_nothing: false }).collect()
        };
        Self { groups, besides: optional }
    }

    /// Whether no type is listed.
    pub(super) fn are_none(&self) -> bool {
        self.besides.is_empty() && self.groups.iter().all(|group| group.kinds.is_empty())
    }

    /// Whether a resource is of one of the types.
    pub(super) fn have(&self, resource: &str) -> bool {
        self.groups.iter().any(|group| group.has(resource))
            || self.besides.iter().any(|kind| kind.has(resource))
    }
}

impl Group {
    pub(super) fn has(&self, resource: &str) -> bool {
        (resource == "*" && self.or_nothing) || self.kinds.iter().any(|kind| kind.has(resource))
    }

    /// Whether it is the same choice.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.or_nothing == other.or_nothing
            && self.kinds.len() == other.kinds.len()
            && self.kinds.iter().zip(&other.kinds).all(|(one, two)| one.arns == two.arns)
    }
}

impl Kind {
    fn read(name: &'static str, arn: &str) -> Self {
        Self { name, arns: arn.split(", ").filter_map(|one| segmented(&placeholders(one))).collect() }
    }

    /// All of its resources, as a pattern.
    pub(super) fn pattern(&self, partition: &str) -> String {
        let text = |(place, segment): (usize, &Vec<Glyph>)| -> String {
            let glyph = |glyph: &Glyph| match glyph {
                Glyph::Plain(character) => Some(*character),
                Glyph::Run | Glyph::Name => Some('*'),
                Glyph::One => None,
            };
            if place == 1 { partition.to_owned() } else { segment.iter().filter_map(glyph).collect() }
        };
        let first = self.arns.first().into_iter().flatten();
        first.enumerate().map(text).collect::<Vec<_>>().join(":")
    }

    fn is_of_aws(&self) -> bool {
        let of_aws = [Glyph::Plain('a'), Glyph::Plain('w'), Glyph::Plain('s')];
        self.arns.iter().any(|[.., account, _]| *account == of_aws)
    }

    fn has(&self, resource: &str) -> bool {
        let literal: Vec<Glyph> = resource.chars().map(Glyph::Plain).collect();
        let Some(segments) = segmented(&literal) else { return false };
        self.arns
            .iter()
            .any(|arn| arn.iter().zip(&segments).all(|(kind, text)| meet(kind, text, "").is_some()))
    }

    /// A resource of this type in a pattern, if there is any.
    pub(super) fn within(&self, pattern: &[Glyph], names: Names<'_>) -> Option<String> {
        let plain: Vec<Glyph> = "arn:".chars().map(Glyph::Plain).collect();
        if !pattern.starts_with(&plain) {
            // What such a pattern matches is not documented, but nothing that it does not, run over the whole.
            let open: Vec<Glyph> = pattern.iter().copied().chain([Glyph::Run]).collect();
            let whole = |arn: &[Vec<Glyph>; SEGMENTS]| arn.join(&Glyph::Plain(':'));
            return self.arns.iter().find_map(|arn| meet(&whole(arn), &open, names.other));
        }
        let mut given: Vec<&[Glyph]> =
            pattern.splitn(SEGMENTS, |glyph| *glyph == Glyph::Plain(':')).collect();
        given.resize(SEGMENTS, &[Glyph::Run]);
        self.arns.iter().find_map(|arn| {
            let usual = ["arn", names.partition, "", names.region, names.account, ""];
            let parts =
                arn.iter().zip(&given).zip(usual).enumerate().map(|(place, ((kind, given), usual))| {
                    match (usual.is_empty(), takes(kind, usual) && takes(given, usual)) {
                        (false, true) => Some(usual.to_owned()),
                        // No principal reaches into another partition.
                        (false, false) if place == 1 => None,
                        _ => meet(kind, given, names.other),
                    }
                });
            Some(parts.collect::<Option<Vec<_>>>()?.join(":"))
        })
    }
}

/// In six segments; `None`: there are fewer.
fn segmented(glyphs: &[Glyph]) -> Option<[Vec<Glyph>; SEGMENTS]> {
    let segments = glyphs.splitn(SEGMENTS, |glyph| *glyph == Glyph::Plain(':'));
    segments.map(<[Glyph]>::to_vec).collect::<Vec<_>>().try_into().ok()
}

/// The ARN of a type, such as `arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}`.
fn placeholders(arn: &str) -> Vec<Glyph> {
    let mut glyphs = Vec::new();
    let mut rest = arn;
    while let Some((plain, behind)) = rest.split_once("${") {
        let (name, after) = behind.split_once('}').unwrap_or((behind, ""));
        glyphs.extend(plain.chars().map(wild));
        match name {
            // Without one it is of another type.
            "Region" | "Account" | "AccountId" => glyphs.extend([Glyph::One, Glyph::Run]),
            // What lies behind a bucket's name is an object's. Of most other names it is not said that they have no slash.
            "BucketName" => glyphs.push(Glyph::Name),
            _ => glyphs.push(Glyph::Run),
        }
        rest = after;
    }
    glyphs.extend(rest.chars().map(wild));
    glyphs
}

/// A character of a pattern without variables.
pub(super) fn wild(character: char) -> Glyph {
    match character {
        '*' => Glyph::Run,
        '?' => Glyph::One,
        plain => Glyph::Plain(plain),
    }
}

/// Whether a pattern matches a text.
fn takes(pattern: &[Glyph], text: &str) -> bool {
    match pattern {
        [Glyph::Run] => true,
        [Glyph::One, Glyph::Run] => !text.is_empty(),
        _ if is_plain(pattern) => pattern.iter().copied().eq(text.chars().map(Glyph::Plain)),
        _ => {
            let literal: Vec<Glyph> = text.chars().map(Glyph::Plain).collect();
            meet(pattern, &literal, "").is_some()
        }
    }
}

fn is_plain(pattern: &[Glyph]) -> bool {
    pattern.iter().all(|glyph| matches!(glyph, Glyph::Plain(_)))
}

/// A text that two patterns match, with a name where both have a run and a letter where both have `?`.
pub(super) fn meet(one: &[Glyph], two: &[Glyph], name: &str) -> Option<String> {
    match (one, two) {
        _ if is_plain(one) && is_plain(two) => return (one == two).then(|| with_names(one, name)),
        // Everything.
        ([Glyph::Run], glyphs) | (glyphs, [Glyph::Run]) => return Some(with_names(glyphs, name)),
        // A name, and everything that begins so.
        ([start @ .., Glyph::Run], text) | (text, [start @ .., Glyph::Run])
            if is_plain(start) && is_plain(text) =>
        {
            return text.starts_with(start).then(|| with_names(text, name));
        }
        _ => {}
    }
    let width = two.len() + 1;
    // Whether what is left of the one and of the other have a text in common.
    let mut common = vec![false; (one.len() + 1) * width];
    let steps = |at: usize, beside: usize| -> [Option<(usize, usize)>; 2] {
        match (one.get(at), two.get(beside)) {
            (Some(first), Some(second)) if first.is_run() && second.is_run() => {
                [Some((at + 1, beside)), Some((at, beside + 1))]
            }
            (Some(run), second) if run.is_run() => {
                let on = second.filter(|second| second.may_be_in(*run)).map(|_| (at, beside + 1));
                [on, Some((at + 1, beside))]
            }
            (first, Some(run)) if run.is_run() => {
                let on = first.filter(|first| first.may_be_in(*run)).map(|_| (at + 1, beside));
                [on, Some((at, beside + 1))]
            }
            (Some(first), Some(second)) if first.meets(*second) => [Some((at + 1, beside + 1)), None],
            _ => [None, None],
        }
    };
    let is_common =
        |common: &[bool], (at, beside): (usize, usize)| common.get(at * width + beside) == Some(&true);
    for at in (0..=one.len()).rev() {
        for beside in (0..=two.len()).rev() {
            let is_end = at == one.len() && beside == two.len();
            let leads = steps(at, beside).into_iter().flatten().any(|next| is_common(&common, next));
            if let Some(place) = common.get_mut(at * width + beside) {
                *place = is_end || leads;
            }
        }
    }
    let mut text = String::new();
    let mut here = (0, 0);
    while let Some(next) = steps(here.0, here.1).into_iter().flatten().find(|next| is_common(&common, *next))
    {
        let first = one.get(here.0).filter(|_| next.0 > here.0).copied();
        let second = two.get(here.1).filter(|_| next.1 > here.1).copied();
        match (one.get(here.0), two.get(here.1)) {
            (Some(first), Some(second)) if first.is_run() && second.is_run() => text.push_str(name),
            _ => text.extend(single(first, second)),
        }
        here = next;
    }
    is_common(&common, (0, 0)).then_some(text)
}

/// A text that a pattern matches, with a name for each run.
fn with_names(glyphs: &[Glyph], name: &str) -> String {
    let mut text = String::new();
    for glyph in glyphs {
        match glyph {
            Glyph::Run | Glyph::Name => text.push_str(name),
            other => text.extend(single(Some(*other), None)),
        }
    }
    text
}

/// The character that two glyphs, or the one of them that is no run, stand for.
fn single(first: Option<Glyph>, second: Option<Glyph>) -> Option<char> {
    let singles = || [first, second].into_iter().flatten().filter(|glyph| !glyph.is_run());
    let plain =
        singles().find_map(|glyph| if let Glyph::Plain(character) = glyph { Some(character) } else { None });
    plain.or_else(|| singles().next().map(|_| 'x'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glyphs(pattern: &str) -> Vec<Glyph> {
        pattern.chars().map(wild).collect()
    }

    #[test]
    fn patterns_meet_in_a_text_that_both_match() {
        for (one, two, wanted) in [
            ("data*", "*/*", Some("data+/+")),
            ("*", "role/*", Some("role/+")),
            ("dev-*", "*-logs", Some("dev-+-logs")),
            ("*a", "*ba", Some("+ba")),
            ("*:*", "function:*", Some("function:+:+")),
            ("a?c", "ab?", Some("abc")),
            ("a?", "a?", Some("ax")),
            ("", "*", Some("")),
            ("a", "b", None),
            ("role/*", "user/*", None),
            ("abc", "ab", None),
            ("*x", "*y", None),
        ] {
            assert_eq!(meet(&glyphs(one), &glyphs(two), "+").as_deref(), wanted, "{one} {two}");
        }
    }

    const NAMES: Names<'static> =
        Names { partition: "aws", region: "us-east-1", account: "111122223333", other: "+" };

    /// The first of the types of the action that has something of the pattern.
    fn within(action: &str, pattern: &str) -> Option<String> {
        let kinds = Kinds::of(action).unwrap();
        let groups = kinds.groups.iter().flat_map(|group| &group.kinds);
        groups.chain(&kinds.besides).find_map(|kind| kind.within(&glyphs(pattern), NAMES))
    }

    /// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html>
    #[test]
    fn a_pattern_is_narrowed_to_the_types_of_the_action() {
        for (action, pattern, wanted) in [
            ("s3:ListBucket", "arn:aws:s3:::b", Some("arn:aws:s3:::b")),
            ("s3:ListBucket", "arn:aws:s3:::b*", Some("arn:aws:s3:::b+")),
            ("s3:ListBucket", "arn:aws:s3:::b/*", None),
            ("s3:DeleteBucket", "arn:aws:s3", Some("arn:aws:s3:::+")),
            ("iam:GetRole", "arn:aws:iam::*", Some("arn:aws:iam::111122223333:role/+")),
            ("iam:GetRole", "arn:aws:iam::*:user/*", None),
            ("iam:GetRole", "arn:aws:iam::4444*:role/a", Some("arn:aws:iam::4444+:role/a")),
            ("iam:GetRole", "arn:aws-cn:iam::*:role/a", None),
            ("iam:GetRole", "*role/a", Some("arn:+:iam::x+:role/+role/a+")),
            (
                "lambda:InvokeFunction",
                "arn:*:lambda:*:*:*:dev-?",
                Some("arn:aws:lambda:us-east-1:111122223333:function:+:dev-x"),
            ),
            ("iam:ListUsers", "arn:aws:iam::*:user/*", None),
        ] {
            assert_eq!(within(action, pattern).as_deref(), wanted, "{action} {pattern}");
        }
    }

    #[test]
    fn types_that_are_required_stand_apart_and_what_is_awss_own_is_a_choice() {
        let names = |action: &str| -> Vec<Vec<&str>> {
            let kinds = Kinds::of(action).unwrap();
            kinds.groups.iter().map(|group| group.kinds.iter().map(|kind| kind.name).collect()).collect()
        };
        assert_eq!(names("iam:PassRole"), [["role"]]);
        assert!(names("ec2:RunInstances").contains(&vec!["subnet"]));
        assert!(!names("ec2:RunInstances").contains(&vec!["volume"]));
        assert_eq!(names("bedrock-agentcore:InvokeCodeInterpreter").len(), 1);
        assert_eq!(names("iam:ListUsers"), [[""; 0]]);
        assert!(Kinds::of("iam:ListUsers").unwrap().have("*"));
        assert!(!Kinds::of("iam:GetUser").unwrap().have("*"));
        assert!(Kinds::of("iam:NoSuchAction").is_none());
    }
}
