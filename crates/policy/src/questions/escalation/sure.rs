//! What an identity is allowed for sure, by a look at what its policies say: nothing is evaluated.

use crate::context::Context;
use crate::layers::{Attached, Layers};
use crate::request::{Principal, PrincipalKind};
use crate::statement::{Effect, Statement};

/// Allows of an identity that hang on nothing but what an action (in lower case) is about, if nothing stands against them: no
/// statement of any layer may deny the action, and every layer that limits allows it everywhere. For what nothing but policies
/// of the account [decides on](super::samples::is_plain).
pub(super) fn allowing<'a>(principal: &Principal, layers: &Layers<'a>, lower: &str) -> Vec<&'a Statement> {
    let allowing = || statements(layers.identity).filter(|one| one.surely_allows(lower));
    let is_any = is_bound(principal) && allowing().next().is_some() && !may_be_limited(layers, lower);
    if is_any { allowing().collect() } else { Vec::new() }
}

/// Whether one of these Allows has a resource.
pub(super) fn has(allowing: &[&Statement], resource: &str, context: &Context) -> bool {
    allowing.iter().any(|statement| statement.surely_has(resource, context))
}

/// Whether one of the Allows [that hang on nothing](allowing) has a resource, asked once.
pub(super) fn allows(
    principal: &Principal,
    layers: &Layers<'_>,
    lower: &str,
    resource: &str,
    context: &Context,
) -> bool {
    is_bound(principal)
        && statements(layers.identity)
            .any(|one| one.surely_allows(lower) && one.surely_has(resource, context))
        && !may_be_limited(layers, lower)
}

/// Whether identity policies decide on what it may do.
fn is_bound(principal: &Principal) -> bool {
    matches!(principal.kind(), PrincipalKind::User | PrincipalKind::Role)
}

fn may_be_limited(layers: &Layers<'_>, lower: &str) -> bool {
    let Layers { identity, boundary, session, service_control, resource_control, .. } = *layers;
    let boundary = boundary.map(std::slice::from_ref);
    let levels = service_control.levels();
    let guards = levels.unwrap_or_default().iter().map(|level| &level.policies[..]);
    let mut limits = boundary.into_iter().chain(session).chain(guards);
    let is_limit = |policies: &[Attached]| {
        may_be_denied(policies, lower) || !statements(policies).any(|one| one.surely_allows_everywhere(lower))
    };
    let mut controls = resource_control.levels().unwrap_or_default().iter();
    layers.endpoint.is_some()
        || levels.is_some_and(<[_]>::is_empty)
        || may_be_denied(identity, lower)
        || limits.any(is_limit)
        || controls.any(|level| may_be_denied(&level.policies, lower))
}

fn may_be_denied(policies: &[Attached], lower: &str) -> bool {
    let denying = policies.iter().filter(|attached| attached.policy.may_deny());
    let mut statements = denying.flat_map(|attached| attached.policy.statements());
    statements.any(|one| one.effect() != Effect::Allow && one.may_have_action(lower))
}

fn statements(policies: &[Attached]) -> impl Iterator<Item = &Statement> {
    policies.iter().flat_map(|attached| attached.policy.statements())
}
