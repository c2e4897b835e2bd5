//! The decision: explicit denies, SCPs, RCPs, the core grant, boundary, session policy, both sides of an account border.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>
//!
//! | step | rule |
//! |---|---|
//! | special cases | `sts:GetCallerIdentity` is always allowed; a root user cannot assume a role |
//! | explicit deny | a Deny that applies, in any layer, ends it |
//! | SCPs | at every level from the root to the account at least one SCP allows |
//! | RCPs | only their denies matter |
//! | core grant | table below |
//! | boundary, session policy | a grant by identity must be allowed by both |
//!
//! | case | granted when |
//! |---|---|
//! | one account, ordinary service | the resource's policy names the principal, or an identity policy allows |
//! | one account, role trust or KMS key | the resource's policy names the principal, or names the account and an identity policy allows |
//! | two accounts | the resource's policy names the principal or its account, and an identity policy allows |
//! | service, provider, anonymous | the resource's policy allows |
//! | root user | as if an identity policy allowed everything |
//!
//! "Names the principal" by the very ARN of the user or the session, or as everyone, also gets past boundary and session
//! policy within one account; by the ARN of the session's role or the federated session's user, it does not.

mod exemptions;
mod logic;
#[cfg(test)]
mod tests;

use crate::answer::{Answer, Citation, Decision, Denial, Layer, Term};
use crate::layers::{Attached, Layers};
use crate::request::{PrincipalKind, Request, ResourceKind};
use crate::statement::{Effect, Naming, Place, Statement, View};
use crate::truth::Truth;
use exemptions::Special;
use logic::{Formula, Logic};

/// Whether a request is allowed, without the reasons: `True` is allowed, `Depends` allowed if, `False` denied. It allocates
/// nothing, unless a policy variable or text outside ASCII must be compared.
///
/// ```
/// use orgsweep_policy::{Attached, Context, Layers, Policy, Principal, Request, Truth, decide};
/// use std::sync::Arc;
///
/// let policy = Policy::parse(r#"{"Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}}"#)?;
/// let identity = [Attached::new("readers", Arc::new(policy))];
/// let layers = Layers { identity: &identity, ..Layers::default() };
/// let ann = Principal::iam("arn:aws:iam::111122223333:user/ann")?;
/// let request = Request::new(ann, "s3:GetObject", "arn:aws:s3:::bucket/key", Context::auditor());
/// assert_eq!(decide(&request, &layers), Truth::True);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn decide(request: &Request, layers: &Layers<'_>) -> Truth {
    match exemptions::special(request) {
        Some(Special::Allowed) => Truth::True,
        Some(Special::Denied(_)) => Truth::False,
        None => Case::new(request, layers).outcome(),
    }
}

/// Whether a request is allowed, with the statements that decide.
///
/// ```
/// use orgsweep_policy::{Attached, Context, Decision, Layers, Policy, Principal, Request, evaluate};
/// use std::sync::Arc;
///
/// let policy = Policy::parse(
///     r#"{"Statement": [
///         {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
///         {"Effect": "Deny", "Action": "s3:*", "Resource": "*",
///          "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}}]}"#,
/// )?;
/// let identity = [Attached::new("storage", Arc::new(policy))];
/// let layers = Layers { identity: &identity, ..Layers::default() };
/// let ann = Principal::iam("arn:aws:iam::111122223333:user/ann")?;
/// let request = Request::new(ann, "s3:GetObject", "arn:aws:s3:::bucket/key", Context::auditor());
/// let answer = evaluate(&request, &layers);
/// let Decision::AllowedIf(residual) = &answer.decision else { panic!() };
/// assert_eq!(residual.to_string(), "not Bool aws:MultiFactorAuthPresent [\"false\"]");
/// assert_eq!(answer.evidence.len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn evaluate(request: &Request, layers: &Layers<'_>) -> Answer {
    match exemptions::special(request) {
        Some(Special::Allowed) => return Answer { decision: Decision::Allowed, evidence: Vec::new() },
        Some(Special::Denied(denial)) => {
            return Answer { decision: Decision::Denied(denial), evidence: Vec::new() };
        }
        None => {}
    }
    let case = Case::new(request, layers);
    let truth: Truth = case.outcome();
    let decision = match truth {
        Truth::True => Decision::Allowed,
        Truth::False => Decision::Denied(case.denial()),
        Truth::Depends => Decision::AllowedIf(case.outcome::<Formula>().residual()),
        Truth::Unknown => {
            let doubts = case.outcome::<Formula>().doubts().into_iter();
            Decision::Unknown(doubts.map(|term| term.into_doubt(request)).collect())
        }
    };
    Answer { evidence: case.evidence(truth, &decision), decision }
}

/// A request with the layers that bind it.
struct Case<'a> {
    request: &'a Request,
    layers: Layers<'a>,
    /// The service of the request is on the list of services that RCPs bind.
    supported: bool,
}

/// The policies of one layer.
#[derive(Clone, Copy)]
struct Group<'a> {
    layer: Layer,
    policies: &'a [Attached],
}

impl<'a> Case<'a> {
    fn new(request: &'a Request, layers: &Layers<'a>) -> Self {
        let mut layers = *layers;
        if !exemptions::service_control_binds(request) {
            layers.service_control = crate::layers::Guardrails::NoOrganization;
        }
        if !exemptions::resource_control_binds(request) {
            layers.resource_control = crate::layers::Guardrails::NoOrganization;
        }
        let supported =
            layers.resource_control.levels().is_some() && exemptions::has_resource_control(request.service());
        Self { request, layers, supported }
    }

    /// Everything that must be so for the request to be allowed.
    fn outcome<L: Logic>(&self) -> L {
        let outcome = self.undenied::<L>();
        if outcome.is_false() {
            return outcome;
        }
        let outcome = outcome.and(self.service_control());
        if outcome.is_false() {
            return outcome;
        }
        let outcome = outcome.and(self.core_grant());
        if outcome.is_false() {
            return outcome;
        }
        outcome.and(self.endpoint())
    }

    /// Layers in the order in which a denial is told.
    fn groups(&self) -> impl Iterator<Item = Group<'a>> {
        let levels = |guardrails: crate::layers::Guardrails<'a>, layer: fn(usize) -> Layer| {
            let levels = guardrails.levels().unwrap_or_default().iter().enumerate();
            levels.map(move |(number, level)| Group { layer: layer(number), policies: &level.policies })
        };
        levels(self.layers.service_control, Layer::ServiceControl)
            .chain(levels(self.layers.resource_control, Layer::ResourceControl))
            .chain([
                Group { layer: Layer::Resource, policies: self.layers.resource },
                self.identity_group(),
                self.boundary_group(),
                self.session_group(),
                self.endpoint_group(),
            ])
    }

    fn identity_group(&self) -> Group<'a> {
        Group { layer: Layer::Identity, policies: self.layers.identity }
    }

    fn boundary_group(&self) -> Group<'a> {
        let policies = self.layers.boundary.map_or(&[][..], std::slice::from_ref);
        Group { layer: Layer::Boundary, policies }
    }

    fn session_group(&self) -> Group<'a> {
        Group { layer: Layer::Session, policies: self.layers.session.unwrap_or_default() }
    }

    fn endpoint_group(&self) -> Group<'a> {
        let policies = self.layers.endpoint.map_or(&[][..], std::slice::from_ref);
        Group { layer: Layer::Endpoint, policies }
    }

    fn view(&self, layer: Layer, naming: Naming) -> View {
        let place = match layer {
            Layer::ResourceControl(_) => Place::ResourceControl { supported: self.supported },
            Layer::Resource => Place::Resource,
            Layer::Endpoint => Place::Endpoint,
            _ => Place::Identity,
        };
        View { place, naming, has_boundary: self.layers.boundary.is_some() }
    }

    /// No statement denies.
    fn undenied<L: Logic>(&self) -> L {
        let mut outcome = L::of(true);
        for group in self.groups() {
            for attached in group.policies.iter().filter(|attached| attached.policy.may_deny()) {
                for (index, statement) in attached.policy.statements().iter().enumerate() {
                    if statement.effect() == Effect::Allow {
                        continue;
                    }
                    let spared = self.spared_by::<L>(group.layer, attached, index, statement);
                    if spared.is_false() {
                        return spared;
                    }
                    outcome = outcome.and(spared);
                }
            }
        }
        outcome
    }

    /// At least one part of a statement that denies does not match.
    fn spared_by<L: Logic>(
        &self,
        layer: Layer,
        attached: &Attached,
        index: usize,
        statement: &Statement,
    ) -> L {
        let view = self.view(layer, Naming::AtAll);
        let mut spared = L::of(false);
        for part in statement.parts() {
            match statement.judge(part, self.request, view) {
                Truth::True => {}
                Truth::False => return L::of(true),
                open => {
                    let citation = || Citation { layer, attached: attached.clone(), index };
                    spared = spared.or(L::open(open, || Term {
                        citation: citation(),
                        part,
                        must_hold: false,
                        view,
                    }));
                }
            }
        }
        spared
    }

    /// Every part of a statement that allows matches.
    fn granted_by<L: Logic>(
        &self,
        layer: Layer,
        naming: Naming,
        attached: &Attached,
        index: usize,
        statement: &Statement,
    ) -> L {
        let view = self.view(layer, naming);
        let mut granted = L::of(true);
        for part in statement.parts() {
            match statement.judge(part, self.request, view) {
                Truth::True => {}
                Truth::False => return L::of(false),
                open => {
                    let citation = || Citation { layer, attached: attached.clone(), index };
                    granted = granted.and(L::open(open, || Term {
                        citation: citation(),
                        part,
                        must_hold: true,
                        view,
                    }));
                }
            }
        }
        granted
    }

    /// At least one statement of a group allows.
    fn allowed_by<L: Logic>(&self, group: Group<'a>, naming: Naming) -> L {
        let mut outcome = L::of(false);
        for attached in group.policies.iter().filter(|attached| attached.policy.may_allow()) {
            for (index, statement) in attached.policy.statements().iter().enumerate() {
                if statement.effect() == Effect::Deny {
                    continue;
                }
                outcome = outcome.or(self.granted_by(group.layer, naming, attached, index, statement));
                if outcome.is_true() {
                    return outcome;
                }
            }
        }
        outcome
    }

    /// At every level at least one SCP allows.
    fn service_control<L: Logic>(&self) -> L {
        let Some(levels) = self.layers.service_control.levels() else { return L::of(true) };
        let mut outcome = L::of(!levels.is_empty());
        for (number, level) in levels.iter().enumerate() {
            let group = Group { layer: Layer::ServiceControl(number), policies: &level.policies };
            outcome = outcome.and(self.allowed_by(group, Naming::AtAll));
            if outcome.is_false() {
                break;
            }
        }
        outcome
    }

    fn endpoint<L: Logic>(&self) -> L {
        if self.layers.endpoint.is_none() {
            return L::of(true);
        }
        self.allowed_by(self.endpoint_group(), Naming::AtAll)
    }

    fn resource_grants<L: Logic>(&self, naming: Naming) -> L {
        self.allowed_by(Group { layer: Layer::Resource, policies: self.layers.resource }, naming)
    }

    fn core_grant<L: Logic>(&self) -> L {
        let principal = self.request.principal();
        match principal.kind() {
            PrincipalKind::Service | PrincipalKind::Federated | PrincipalKind::Anonymous => {
                return self.resource_grants(Naming::AtAll);
            }
            _ => {}
        }
        if !self.request.within_one_account() {
            let granted: L = self.resource_grants(Naming::AtAll);
            return if granted.is_false() { granted } else { granted.and(self.identity_within_limits()) };
        }
        let must_name = self.request.resource_kind() != ResourceKind::Ordinary;
        if principal.kind() == PrincipalKind::Root && !must_name {
            return L::of(true);
        }
        let alone: L = self.resource_grants(Naming::Alone);
        if alone.is_true() {
            return alone;
        }
        let mut by_identity: L = self.identity();
        if must_name && !by_identity.is_false() {
            by_identity = by_identity.and(self.resource_grants(Naming::Account));
        }
        let limited = by_identity.or(self.resource_grants(Naming::Limited));
        if limited.is_false() { alone } else { alone.or(limited.and(self.limits())) }
    }

    /// What the identity's policies allow. A root user has none and is allowed everything; a session of
    /// `GetFederationToken` without a session policy has no permissions of its own.
    /// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html>
    fn identity<L: Logic>(&self) -> L {
        match self.request.principal().kind() {
            PrincipalKind::Root => L::of(true),
            PrincipalKind::FederatedUser if self.layers.session.is_none() => L::of(false),
            _ => self.allowed_by(self.identity_group(), Naming::AtAll),
        }
    }

    fn identity_within_limits<L: Logic>(&self) -> L {
        let identity: L = self.identity();
        if identity.is_false() { identity } else { identity.and(self.limits()) }
    }

    /// Boundary and session policy allow.
    fn limits<L: Logic>(&self) -> L {
        let mut outcome = L::of(true);
        if self.layers.boundary.is_some() {
            outcome = outcome.and(self.allowed_by(self.boundary_group(), Naming::AtAll));
        }
        if self.layers.session.is_some() && !outcome.is_false() {
            outcome = outcome.and(self.allowed_by(self.session_group(), Naming::AtAll));
        }
        outcome
    }

    /// Which step denies a request that is denied.
    fn denial(&self) -> Denial {
        for group in self.groups() {
            if self.denies(group) {
                return Denial::Explicit(group.layer);
            }
        }
        let levels = self.layers.service_control.levels();
        for (number, level) in levels.unwrap_or_default().iter().enumerate() {
            let group = Group { layer: Layer::ServiceControl(number), policies: &level.policies };
            if self.allowed_by::<Truth>(group, Naming::AtAll) == Truth::False {
                return Denial::Implicit(group.layer);
            }
        }
        if levels.is_some_and(<[_]>::is_empty) {
            return Denial::Implicit(Layer::ServiceControl(0));
        }
        if self.core_grant::<Truth>() != Truth::False {
            return Denial::Implicit(Layer::Endpoint);
        }
        Denial::Implicit(self.missing_grant())
    }

    /// Which layer does not allow, though it would have to.
    fn missing_grant(&self) -> Layer {
        let kind = self.request.principal().kind();
        let resource_must_match = !self.request.within_one_account()
            || self.request.resource_kind() != ResourceKind::Ordinary
            || matches!(kind, PrincipalKind::Service | PrincipalKind::Federated | PrincipalKind::Anonymous);
        let named_in_resource = self.resource_grants::<Truth>(Naming::AtAll);
        if resource_must_match && named_in_resource == Truth::False {
            return Layer::Resource;
        }
        let limited_grant = self.request.within_one_account()
            && self.resource_grants::<Truth>(Naming::Limited) != Truth::False;
        if self.identity::<Truth>() == Truth::False && !limited_grant {
            return Layer::Identity;
        }
        if self.layers.boundary.is_some()
            && self.allowed_by::<Truth>(self.boundary_group(), Naming::AtAll) == Truth::False
        {
            return Layer::Boundary;
        }
        Layer::Session
    }

    fn denies(&self, group: Group<'a>) -> bool {
        group.policies.iter().any(|attached| {
            let mut statements = attached.policy.statements().iter().enumerate();
            statements.any(|(index, statement)| {
                statement.effect() == Effect::Deny
                    && self.spared_by::<Truth>(group.layer, attached, index, statement) == Truth::False
            })
        })
    }

    /// The statements that speak for an outcome.
    fn evidence(&self, outcome: Truth, decision: &Decision) -> Vec<Citation> {
        let explicit = matches!(decision, Decision::Denied(Denial::Explicit(_)));
        let mut evidence = Vec::new();
        for group in self.groups() {
            for attached in group.policies {
                for (index, statement) in attached.policy.statements().iter().enumerate() {
                    let spared = || self.spared_by::<Truth>(group.layer, attached, index, statement);
                    let granted =
                        || self.granted_by::<Truth>(group.layer, Naming::AtAll, attached, index, statement);
                    let may_deny = statement.effect() != Effect::Allow;
                    let may_allow = statement.effect() != Effect::Deny;
                    let cited = match outcome {
                        Truth::False => explicit && may_deny && spared() == Truth::False,
                        Truth::True => may_allow && granted() == Truth::True,
                        Truth::Unknown | Truth::Depends => {
                            may_deny && spared() != Truth::True || may_allow && granted() != Truth::False
                        }
                    };
                    if cited {
                        evidence.push(Citation { layer: group.layer, attached: attached.clone(), index });
                    }
                }
            }
        }
        // An RCP's Allow is never needed.
        evidence.retain(|citation| {
            let allows = citation.statement().is_some_and(|statement| statement.effect() == Effect::Allow);
            !(allows && matches!(citation.layer, Layer::ResourceControl(_)))
        });
        evidence
    }
}
