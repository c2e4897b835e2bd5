//! What identity policies name for an action.

use std::borrow::Cow;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;

use crate::arn::ArnPattern;
use crate::context::Context;
use crate::layers::Attached;
use crate::statement::{Effect, Statement};
use crate::truth::Truth;

/// A pattern of a policy, or what comes of it for a caller where it has variables.
#[derive(Clone, Debug)]
pub(super) enum NamedPattern<'p> {
    OfPolicy(&'p ArnPattern),
    OfCaller(Arc<ArnPattern>),
}

impl<'p> NamedPattern<'p> {
    fn of(pattern: Cow<'p, ArnPattern>) -> Self {
        match pattern {
            Cow::Borrowed(pattern) => Self::OfPolicy(pattern),
            Cow::Owned(pattern) => Self::OfCaller(Arc::new(pattern)),
        }
    }

    pub(super) fn into_owned(self) -> NamedPattern<'static> {
        match self {
            Self::OfPolicy(pattern) => NamedPattern::OfCaller(Arc::new(pattern.clone())),
            Self::OfCaller(pattern) => NamedPattern::OfCaller(pattern),
        }
    }
}

impl Deref for NamedPattern<'_> {
    type Target = ArnPattern;

    fn deref(&self) -> &ArnPattern {
        match self {
            Self::OfPolicy(pattern) => pattern,
            Self::OfCaller(pattern) => pattern,
        }
    }
}

/// `None`: anything.
pub(super) type Patterns<'p> = Option<&'p [NamedPattern<'p>]>;

/// What a statement names for a caller. `None`: it may be anything.
pub(super) fn of_statement<'a>(
    statement: &'a Statement,
    context: &Context,
) -> Option<Rc<[NamedPattern<'a>]>> {
    Some(statement.resources_of_caller(context)?.into_iter().map(NamedPattern::of).collect())
}

/// Patterns of which one matches whatever identity policies may allow an action (in lower case) on, by what their statements
/// [name](of_statement). `None`: it may be anything.
pub(super) fn may_be_named<'a>(
    identity: impl Iterator<Item = &'a Attached>,
    lower: &str,
    of_statement: impl Fn(&'a Statement) -> Option<Rc<[NamedPattern<'a>]>>,
) -> Option<Box<[NamedPattern<'a>]>> {
    let mut patterns = Vec::new();
    for statement in identity.flat_map(|attached| attached.policy.statements()) {
        if statement.effect() != Effect::Deny && statement.may_have_action(lower) {
            patterns.extend_from_slice(&of_statement(statement)?);
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
