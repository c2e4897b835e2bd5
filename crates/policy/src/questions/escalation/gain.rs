//! What is gained: something that the target may do, as it is or after the step, and the actor may not.

use std::sync::{Arc, LazyLock};

use super::rules::RULES;
use super::sample::{self, Place};
use crate::context::Context;
use crate::evaluate::decide;
use crate::layers::{Attached, Guardrails, Layers};
use crate::policy::Policy;
use crate::questions::{Administrator, administrator};
use crate::request::{Principal, Request};
use crate::statement::Effect;
use crate::truth::Truth;

/// What a principal may do, as far as its policies name it.
#[derive(Clone, Debug, Default)]
pub(super) struct Powers {
    pub(super) administrator: bool,
    /// Action and resource.
    pub(super) requests: Vec<(String, String)>,
    /// A policy could not be read, or says what is not documented.
    pub(super) doubtful: bool,
}

/// `AdministratorAccess`, as its document has been since it exists.
/// <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AdministratorAccess.html>
static EVERYTHING: LazyLock<Option<Attached>> = LazyLock::new(|| {
    let policy = Policy::parse(
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#,
    );
    policy.ok().map(|policy| Attached::new("arn:aws:iam::aws:policy/AdministratorAccess", Arc::new(policy)))
});

/// A trust policy that admits whoever rewrote it.
pub(super) static REWRITTEN: LazyLock<Option<Attached>> = LazyLock::new(|| {
    let policy = Policy::parse(
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}}"#,
    );
    policy.ok().map(|policy| Attached::new("the trust policy, rewritten", Arc::new(policy)))
});

/// What a principal may do with these layers.
pub(super) fn powers(principal: &Principal, context: &Context, layers: &Layers<'_>) -> Powers {
    among(principal, context, layers, sample::powers(layers.identity, Place::of(principal.name())))
}

/// What a principal may do once it may do everything within its limits.
pub(super) fn powers_of_administrator(
    principal: &Principal,
    context: &Context,
    layers: &Layers<'_>,
) -> Powers {
    let place = Place::of(principal.name());
    let identity: Vec<Attached> = layers.identity.iter().chain(EVERYTHING.as_ref()).cloned().collect();
    let layers = Layers { identity: &identity, ..*layers };
    let mut requests = Vec::new();
    if let Some(boundary) = layers.boundary {
        requests.extend(sample::powers(std::slice::from_ref(boundary), place));
    }
    if let Guardrails::InForce(levels) = layers.service_control {
        requests.extend(levels.iter().flat_map(|level| sample::powers(&level.policies, place)));
    }
    requests.extend(RULES.lower.iter().map(|action| (action.clone(), place.anything(action))));
    among(principal, context, &layers, requests)
}

fn among(
    principal: &Principal,
    context: &Context,
    layers: &Layers<'_>,
    mut requests: Vec<(String, String)>,
) -> Powers {
    let start = Request::new(principal.clone(), "", "*", context.clone());
    requests.retain(|(action, resource)| decide(&start.instead(action, resource), layers) >= Truth::Depends);
    let says_more = |attached: &Attached| {
        attached.policy.statements().iter().any(|statement| statement.effect() == Effect::Unknown)
    };
    Powers {
        administrator: matches!(administrator(principal, context.clone(), layers), Administrator::Yes),
        doubtful: layers.identity.iter().any(says_more) || layers.boundary.is_some_and(says_more),
        requests,
    }
}
