//! What identity policies name for an action.

use std::borrow::Cow;

use crate::arn::ArnPattern;
use crate::context::Context;
use crate::layers::Attached;
use crate::statement::Effect;
use crate::truth::Truth;

/// Patterns, those without variables as the policies have them. `None`: anything.
pub(super) type Patterns<'p> = Option<&'p [Cow<'p, ArnPattern>]>;

/// Patterns of which one matches whatever identity policies may allow an action (in lower case) on. `None`: it may be anything.
pub(super) fn may_be_named<'a>(
    identity: &'a [Attached],
    lower: &str,
    context: &Context,
) -> Option<Box<[Cow<'a, ArnPattern>]>> {
    let mut patterns = Vec::new();
    for statement in identity.iter().flat_map(|attached| attached.policy.statements()) {
        if statement.effect() != Effect::Deny && statement.may_have_action(lower) {
            patterns.extend(statement.resources_of_caller(context)?);
        }
    }
    Some(patterns.into())
}

/// Whether there may be a resource that one of these and one of those match.
pub(super) fn may_meet(some: Patterns<'_>, others: Patterns<'_>) -> bool {
    let (Some(some), Some(others)) = (some, others) else { return true };
    some.iter().any(|one| others.iter().any(|other| one.may_meet(other)))
}

/// Whether one of these matches a resource.
pub(super) fn may_have(patterns: Patterns<'_>, resource: &str, context: &Context) -> bool {
    patterns.is_none_or(|all| all.iter().any(|pattern| pattern.matches(resource, context) != Truth::False))
}
