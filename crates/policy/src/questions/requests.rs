//! Requests that a statement is about: an action and a resource with something in the place of each wildcard.

use std::collections::HashSet;

use super::kind::{Glyph, Group, Kinds, Names};
use super::sample::glyphs;
use crate::arn::Arn;
use crate::context::Context;
use crate::layers::{Attached, Guardrails, Layers};
use crate::pattern::MADE_UP;
use crate::policy::{Policy, Version};
use crate::request::Principal;
use crate::statement::{Effect, Statement};

/// Requests taken from a principal's policies, at most.
pub(super) const POWERS: usize = 512;
/// Patterns that are looked at in pairs, at most.
const PAIRED: usize = 128;
/// Requests taken from one statement, at most.
const OF_ONE: usize = 48;

/// Where a sampled request takes place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) partition: &'a str,
    pub(super) account: &'a str,
}

impl<'a> Place<'a> {
    pub(super) fn of(arn: &'a str) -> Self {
        Arn::read(arn).map_or(Self { partition: "aws", account: "" }, |arn| Self {
            partition: arn.partition,
            account: arn.account,
        })
    }

    /// A resource of an action's service, of which nothing but the service is said.
    fn anything(self, action: &str) -> String {
        let service = action.split_once(':').map_or(MADE_UP, |(service, _)| service);
        let region = if matches!(service, "iam" | "sts" | "organizations") { "" } else { "us-east-1" };
        format!("arn:{}:{service}:{region}:{}:{MADE_UP}", self.partition, self.account)
    }

    fn resources(self, statement: &Statement, context: &Context) -> Vec<String> {
        statement.sample_resources(self.partition, self.account, context)
    }

    fn names(self) -> Names<'a> {
        Names { partition: self.partition, region: "us-east-1", account: self.account, other: MADE_UP }
    }

    /// Where an action is worth evaluating that a statement has on everything: one resource of each type, or one of
    /// which nothing but the service is said if the action is not listed.
    pub(super) fn typical(self, action: &str) -> Vec<String> {
        let Some(kinds) = Kinds::of(action) else { return vec![self.anything(action)] };
        kinds.groups.iter().flat_map(|group| self.of_group(group)).collect()
    }

    pub(super) fn of_group(self, group: &Group) -> Vec<String> {
        let everything =
            [Glyph::Plain('a'), Glyph::Plain('r'), Glyph::Plain('n'), Glyph::Plain(':'), Glyph::Run];
        let of_kinds = group.kinds.iter().filter_map(|kind| kind.within(&everything, self.names()));
        of_kinds.chain(group.or_nothing.then(|| "*".to_owned())).collect()
    }
}

/// What a statement that may have an action names of what the action is about.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) allows: bool,
    /// Place among what the action takes together.
    pub(super) group: usize,
    pub(super) resource: Box<str>,
}

/// Every policy that limits or allows what a principal does.
pub(super) fn policies<'a>(layers: &Layers<'a>) -> Vec<&'a Attached> {
    let mut policies: Vec<&Attached> = layers.identity.iter().collect();
    policies.extend(layers.boundary);
    policies.extend(layers.session.unwrap_or_default());
    if let Guardrails::InForce(levels) = layers.service_control {
        policies.extend(levels.iter().flat_map(|level| &level.policies));
    }
    policies
}

/// Requests that the Allows of these policies are about.
pub(super) fn powers<'a>(
    policies: impl IntoIterator<Item = &'a Attached>,
    place: Place<'_>,
    context: &Context,
) -> Vec<(String, String)> {
    let mut powers = Vec::new();
    for (attached, index, _) in statements(policies) {
        powers.extend(powers_of(&attached.policy, index, place, context));
        if powers.len() >= POWERS {
            break;
        }
    }
    powers
}

/// Requests that a statement is about, if it is an Allow.
pub(super) fn powers_of(
    policy: &Policy,
    index: usize,
    place: Place<'_>,
    context: &Context,
) -> Vec<(String, String)> {
    let Some(statement) = policy.statements().get(index).filter(|one| one.effect() == Effect::Allow) else {
        return Vec::new();
    };
    let mut named: Option<Vec<Vec<Glyph>>> = None;
    let mut resources: Option<Vec<String>> = None;
    let pairs = statement.sample_actions().into_iter().flat_map(|action| {
        let resources: Vec<String> = match Kinds::of(&action) {
            Some(kinds) => {
                let named = named.get_or_insert_with(|| patterns(policy, index, context).collect());
                if named.is_empty() || kinds.are_none() {
                    place.typical(&action)
                } else {
                    met(&kinds, named, place)
                }
            }
            None => {
                let named = resources.get_or_insert_with(|| place.resources(statement, context));
                if named.is_empty() { vec![place.anything(&action)] } else { named.clone() }
            }
        };
        resources.into_iter().map(move |resource| (action.clone(), resource))
    });
    pairs.take(OF_ONE).collect()
}

/// Whether what a statement names is the same for every caller: it has no variables.
pub(super) fn is_fixed(policy: &Policy, index: usize) -> bool {
    !policy.resource_texts(index).iter().any(|text| text.contains("${"))
}

/// Where patterns meet what an action is about.
fn met(kinds: &Kinds, named: &[Vec<Glyph>], place: Place<'_>) -> Vec<String> {
    let groups = kinds.groups.iter();
    groups.flat_map(|group| named.iter().flat_map(|pattern| within(group, pattern, place))).collect()
}

fn within<'a>(group: &'a Group, pattern: &'a [Glyph], place: Place<'a>) -> impl Iterator<Item = String> {
    group.kinds.iter().filter_map(move |kind| kind.within(pattern, place.names()))
}

/// What a statement names, but for `*` alone, with the values of its variables.
fn patterns<'a>(
    policy: &'a Policy,
    index: usize,
    context: &'a Context,
) -> impl Iterator<Item = Vec<Glyph>> + use<'a> {
    let variables = policy.version() == Version::V2012;
    let texts = policy.resource_texts(index).iter();
    let telling = texts.filter(|text| text.bytes().any(|byte| byte != b'*'));
    telling.map(move |text| glyphs(text, variables, context, MADE_UP))
}

/// Requests that a policy which may deny keeps back from what the others allow: every action that it or they name, on
/// every resource that it or they name, and on any.
pub(super) fn held_back<'a>(
    policies: impl IntoIterator<Item = &'a Attached>,
    place: Place<'_>,
    context: &Context,
) -> Vec<(String, String)> {
    let statements: Vec<&Statement> = statements(policies).map(|(.., statement)| statement).collect();
    let mut actions: Vec<String> = statements.iter().flat_map(|one| one.sample_actions()).collect();
    let mut resources: Vec<String> =
        statements.iter().flat_map(|one| place.resources(one, context)).collect();
    for names in [&mut actions, &mut resources] {
        names.sort_unstable();
        names.dedup();
    }
    let pairs = actions.iter().flat_map(|action| {
        let kinds = Kinds::of(action);
        let fits = move |resource: &&String| kinds.as_ref().is_none_or(|kinds| kinds.have(resource));
        let named = resources.iter().filter(fits).cloned();
        place.typical(action).into_iter().chain(named).map(move |resource| (action.clone(), resource))
    });
    pairs.take(POWERS).collect()
}

/// Resources on which a listed action (in lower case) is worth evaluating, for each of what it takes together.
pub(super) fn places<'a>(
    policies: impl IntoIterator<Item = &'a Attached>,
    action: &str,
    kinds: &Kinds,
    place: Place<'_>,
    context: &Context,
) -> Vec<Vec<Box<str>>> {
    let mut places = Places::default();
    for attached in policies {
        places.add(&named(&attached.policy, action, kinds, place, context).0);
    }
    let groups = kinds.groups.iter().enumerate();
    groups.map(|(number, group)| places.of_group(number, group, &place.of_group(group))).collect()
}

/// What the statements of a policy that may have a listed action name of what it is about, and whether that is the same
/// for every caller.
pub(super) fn named(
    policy: &Policy,
    action: &str,
    kinds: &Kinds,
    place: Place<'_>,
    context: &Context,
) -> (Vec<Named>, bool) {
    let mut all = Vec::new();
    let mut all_fixed = true;
    for (index, statement) in policy.statements().iter().enumerate() {
        if !statement.may_have_action(action) {
            continue;
        }
        all_fixed &= is_fixed(policy, index);
        let allows = statement.effect() == Effect::Allow;
        for pattern in patterns(policy, index, context) {
            for (group, of) in kinds.groups.iter().enumerate() {
                let named = within(of, &pattern, place).map(Into::into);
                all.extend(named.map(|resource| Named { allows, group, resource }));
            }
        }
    }
    (all, all_fixed)
}

/// What policies name of what an action is about.
#[derive(Debug, Default)]
pub(super) struct Places {
    allowed: Vec<(usize, Box<str>)>,
    denied: Vec<(usize, Box<str>)>,
}

impl Places {
    pub(super) fn add(&mut self, named: &[Named]) {
        for Named { allows, group, resource } in named {
            let into = if *allows { &mut self.allowed } else { &mut self.denied };
            into.push((*group, resource.clone()));
        }
    }

    /// Where the policies decide otherwise than elsewhere, and any of each type.
    pub(super) fn of_group(&self, number: usize, group: &Group, typical: &[String]) -> Vec<Box<str>> {
        let of = |named: &[(usize, Box<str>)]| -> Vec<Box<str>> {
            let own = named.iter().filter(|(group, _)| *group == number);
            own.map(|(_, resource)| resource.clone()).collect()
        };
        let (allowed, denied) = (of(&self.allowed), of(&self.denied));
        // What is denied on something may be denied without anything in particular too.
        let typical = typical.iter().filter(|resource| **resource != "*" || denied.is_empty());
        let mut places: Vec<Box<str>> = typical.map(|resource| resource.as_str().into()).collect();
        let made = denied.iter().filter_map(|name| sibling(name)).chain(all_met(&allowed));
        // They may be of another type.
        places.extend(made.filter(|resource| group.has(resource)).map(Into::into));
        places.extend(allowed);
        places.extend(denied);
        places.truncate(POWERS);
        if places.len() > 1 {
            let mut seen = HashSet::new();
            let is_new: Vec<bool> = places.iter().map(|place| seen.insert(&**place)).collect();
            let mut is_new = is_new.into_iter();
            places.retain(|_| is_new.next() == Some(true));
        }
        places
    }
}

/// Resources on which actions of one resource type are worth evaluating: see [`places`].
pub(super) fn places_of(
    actions: &[&str],
    principal: &Principal,
    context: &Context,
    layers: &Layers<'_>,
) -> Vec<String> {
    let place = Place::of(principal.name());
    let of = |action: &&str| -> Vec<String> {
        let Some(kinds) = Kinds::of(action) else { return Vec::new() };
        let lower = action.to_ascii_lowercase();
        let places = places(policies(layers), &lower, &kinds, place, context);
        places.into_iter().flatten().map(String::from).collect()
    };
    let mut places: Vec<String> = actions.iter().flat_map(of).collect();
    places.extend(all_met(&places));
    places.sort_unstable();
    places.dedup();
    places
}

/// The same of an action that is not listed: beside what the statements name, any resource of the service; if some of the
/// service are denied, any of the same type instead.
pub(super) fn of_any_kind<'a>(
    policies: impl IntoIterator<Item = &'a Attached>,
    action: &str,
    place: Place<'_>,
    context: &Context,
) -> Vec<String> {
    let (mut allowed, mut denied) = (Vec::new(), Vec::new());
    let service = action.split(':').next();
    let is_own = |name: &String| name.split(':').nth(2).is_some_and(|of| Some(of) == service);
    for (.., statement) in statements(policies) {
        if !statement.may_have_action(action) {
            continue;
        }
        let named = place.resources(statement, context).into_iter();
        if statement.effect() == Effect::Allow {
            allowed.extend(named);
        } else {
            denied.extend(named.filter(is_own));
        }
    }
    let mut places = if denied.is_empty() {
        vec![place.anything(action), "*".to_owned()]
    } else {
        denied.iter().filter_map(|name| sibling(name)).collect()
    };
    let met = all_met(&allowed);
    places.extend(allowed);
    places.extend(met);
    places.extend(denied);
    places.truncate(POWERS);
    places
}

pub(super) fn all_met<T: AsRef<str>>(names: &[T]) -> Vec<String> {
    let names = || names.iter().take(PAIRED).map(AsRef::as_ref);
    names().flat_map(|one| names().filter_map(|two| meet(one, two))).take(OF_ONE).collect()
}

/// What two patterns may both match, of each of which this is a sample: the longer start and the longer end.
pub(super) fn meet(one: &str, two: &str) -> Option<String> {
    let (start, _) = one.split_once(MADE_UP)?;
    let (other_start, _) = two.split_once(MADE_UP)?;
    let (_, end) = two.rsplit_once(MADE_UP)?;
    let (_, other_end) = one.rsplit_once(MADE_UP)?;
    let fits = start.len() > other_start.len() && start.starts_with(other_start);
    (fits && end.len() > other_end.len() && end.ends_with(other_end))
        .then(|| format!("{start}{MADE_UP}{end}"))
}

/// A resource of the same type with a made-up name.
fn sibling(arn: &str) -> Option<String> {
    let (fifth_colon, _) = arn.match_indices(':').nth(4)?;
    let (start, resource) = arn.split_at_checked(fifth_colon + 1)?;
    let end = resource.find(['/', ':']).map_or(0, |end| end + 1);
    Some(format!("{start}{}{MADE_UP}", resource.get(..end)?))
}

/// Every statement, with the policy that it stands in and its place there.
fn statements<'a>(
    policies: impl IntoIterator<Item = &'a Attached>,
) -> impl Iterator<Item = (&'a Attached, usize, &'a Statement)> {
    policies.into_iter().flat_map(|attached| {
        let statements = attached.policy.statements().iter().enumerate();
        statements.map(move |(index, statement)| (attached, index, statement))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::policy::Policy;

    const HOME: Place<'static> = Place { partition: "aws", account: "111122223333" };

    fn attached(statements: &str) -> [Attached; 1] {
        let policy =
            Policy::parse(&format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)).unwrap();
        [Attached::new("p", Arc::new(policy))]
    }

    #[test]
    fn powers_have_made_up_names_for_wildcards() {
        let context = Context::auditor().with("aws:username", "ann");
        for (statement, wanted) in [
            (
                r#"{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::b/?*"}"#,
                ("s3:getany-7c1f0d52", "arn:aws:s3:::b/xany-7c1f0d52"),
            ),
            (
                r#"{"Effect":"Allow","Action":"lambda:X","Resource":"arn:*:lambda:*:*:function:dev-*"}"#,
                ("lambda:x", "arn:aws:lambda:us-east-1:111122223333:function:dev-any-7c1f0d52"),
            ),
            (
                r#"{"Effect":"Allow","NotAction":"s3:*","Resource":"*"}"#,
                ("any-7c1f0d52:any-7c1f0d52", "arn:aws:any-7c1f0d52:us-east-1:111122223333:any-7c1f0d52"),
            ),
            (
                r#"{"Effect":"Allow","Action":"s3:X","Resource":"arn:aws:s3:::${aws:username}-${aws:PrincipalTag/t}"}"#,
                ("s3:x", "arn:aws:s3:::ann-any-7c1f0d52"),
            ),
        ] {
            let (action, resource) = wanted;
            assert_eq!(
                powers(&attached(statement), HOME, &context),
                [(action.to_owned(), resource.to_owned())]
            );
        }
        let deny = attached(r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#);
        assert!(powers(&deny, HOME, &context).is_empty());
    }

    #[test]
    fn where_some_of_a_type_are_denied_another_of_the_type_is_asked_for() {
        let policies = attached(
            r#"{"Effect":"Allow","Action":"*","Resource":"*"},
               {"Effect":"Deny","Action":"*","Resource":"arn:aws:s3:::secret"},
               {"Effect":"Deny","Action":"lambda:*","Resource":"arn:aws:lambda:*:*:function:prod"}"#,
        );
        assert_eq!(
            asked(&policies, "lambda:createfunction"),
            [
                "arn:aws:lambda:us-east-1:111122223333:function:any-7c1f0d52",
                "arn:aws:lambda:us-east-1:111122223333:function:prod"
            ]
        );
        assert_eq!(
            asked(&policies, "glue:createjob"),
            ["arn:aws:glue:us-east-1:111122223333:job/any-7c1f0d52"]
        );
        assert_eq!(asked(&policies, "glue:createdevendpoint"), ["*"]);
        assert_eq!(asked(&policies, "glue:newer"), ["arn:aws:glue:us-east-1:111122223333:any-7c1f0d52", "*"]);
    }

    fn asked(policies: &[Attached], action: &str) -> Vec<String> {
        let context = Context::auditor();
        match Kinds::of(action) {
            Some(kinds) => {
                let places = places(policies, action, &kinds, HOME, &context).concat();
                places.into_iter().map(String::from).collect()
            }
            None => of_any_kind(policies, action, HOME, &context),
        }
    }

    #[test]
    fn patterns_that_meet_are_asked_for_where_they_meet() {
        let policies = attached(
            r#"{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::dev-*"},
               {"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::*-logs"}"#,
        );
        let asked = asked(&policies, "s3:listbucket");
        assert!(asked.iter().any(|name| name == "arn:aws:s3:::dev-any-7c1f0d52-logs"), "{asked:?}");
    }
}
