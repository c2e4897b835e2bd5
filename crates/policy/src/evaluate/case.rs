//! The decision procedure, written once for bare values and for formulas.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>

use super::exemptions;
use super::logic::Logic;
use crate::answer::{Citation, Layer, Term};
use crate::layers::{Attached, Guardrails, Layers};
use crate::request::{PrincipalKind, Request, ResourceKind};
use crate::statement::{Effect, Naming, Part, Place, Statement, View};
use crate::truth::Truth;

/// A request with the layers that bind it.
pub(super) struct Case<'a> {
    pub(super) request: &'a Request,
    pub(super) layers: Layers<'a>,
    /// The service of the request is on the list of services that RCPs bind.
    supported: bool,
    needs_no_permission: bool,
}

/// The policies of one layer.
#[derive(Clone, Copy)]
pub(super) struct Group<'a> {
    pub(super) layer: Layer,
    pub(super) policies: &'a [Attached],
}

impl<'a> Case<'a> {
    pub(super) fn new(request: &'a Request, layers: &Layers<'a>) -> Self {
        let mut layers = *layers;
        if !exemptions::service_control_binds(request) {
            layers.service_control = Guardrails::NoOrganization;
        }
        if !exemptions::resource_control_binds(request) {
            layers.resource_control = Guardrails::NoOrganization;
        }
        if exemptions::is_past_the_bucket_policy(request) {
            layers.resource = &[];
        }
        let supported =
            layers.resource_control.levels().is_some() && exemptions::has_resource_control(request.service());
        Self { request, layers, supported, needs_no_permission: exemptions::needs_no_permission(request) }
    }

    /// Everything that must be so for the request to be allowed.
    pub(super) fn outcome<L: Logic>(&self) -> L {
        let outcome = self.undenied::<L>();
        if outcome.is_false() || self.needs_no_permission {
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

    /// What must be so on the resource's side.
    pub(super) fn resource_side<L: Logic>(&self) -> L {
        let outcome = self.undenied::<L>();
        if outcome.is_false() { outcome } else { outcome.and(self.resource_grants(Naming::AtAll)) }
    }

    /// Layers in the order in which a denial is reported.
    pub(super) fn groups(&self) -> impl Iterator<Item = Group<'a>> {
        let levels = |guardrails: Guardrails<'a>, layer: fn(usize) -> Layer| {
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

    pub(super) fn boundary_group(&self) -> Group<'a> {
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
    pub(super) fn spared_by<L: Logic>(
        &self,
        layer: Layer,
        attached: &Attached,
        index: usize,
        statement: &Statement,
    ) -> L {
        let view = self.view(layer, Naming::AtAll);
        let mut spared = L::of(false);
        if self.needs_no_permission {
            spared = L::open(Truth::Unknown, || term(layer, attached, index, Part::Reach, false, view));
        }
        for part in statement.parts() {
            match statement.judge(part, self.request, view) {
                Truth::True => {}
                Truth::False => return L::of(true),
                open => {
                    let term = || term(layer, attached, index, part, false, view);
                    spared = spared.or(L::open(open, term));
                }
            }
        }
        spared
    }

    /// Every part of a statement that allows matches.
    pub(super) fn granted_by<L: Logic>(
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
                    let term = || term(layer, attached, index, part, true, view);
                    granted = granted.and(L::open(open, term));
                }
            }
        }
        granted
    }

    /// At least one statement of a group allows.
    pub(super) fn allowed_by<L: Logic>(&self, group: Group<'a>, naming: Naming) -> L {
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

    /// The endpoint's policy allows, if the request goes through one.
    fn endpoint<L: Logic>(&self) -> L {
        if self.layers.endpoint.is_none() {
            return L::of(true);
        }
        self.allowed_by(self.endpoint_group(), Naming::AtAll)
    }

    /// The resource's policy allows, naming the principal in such a way.
    pub(super) fn resource_grants<L: Logic>(&self, naming: Naming) -> L {
        self.allowed_by(Group { layer: Layer::Resource, policies: self.layers.resource }, naming)
    }

    /// A policy grants: which one may, depends on who asks and for what.
    pub(super) fn core_grant<L: Logic>(&self) -> L {
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

    /// What the identity's policies allow. A root user has none and is allowed everything.
    pub(super) fn identity<L: Logic>(&self) -> L {
        match self.request.principal().kind() {
            PrincipalKind::Root => L::of(true),
            _ => self.allowed_by(self.identity_group(), Naming::AtAll),
        }
    }

    fn identity_within_limits<L: Logic>(&self) -> L {
        let identity: L = self.identity();
        if identity.is_false() { identity } else { identity.and(self.limits()) }
    }

    /// Boundary and session policy allow. A session of `GetFederationToken` without a session policy has no permissions,
    /// but what a resource's policy grants to the very session.
    /// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html>
    fn limits<L: Logic>(&self) -> L {
        let powerless =
            self.request.principal().kind() == PrincipalKind::FederatedUser && self.layers.session.is_none();
        let mut outcome = L::of(!powerless);
        if self.layers.boundary.is_some() {
            outcome = outcome.and(self.allowed_by(self.boundary_group(), Naming::AtAll));
        }
        if self.layers.session.is_some() && !outcome.is_false() {
            outcome = outcome.and(self.allowed_by(self.session_group(), Naming::AtAll));
        }
        outcome
    }
}

fn term(layer: Layer, attached: &Attached, index: usize, part: Part, must_hold: bool, view: View) -> Term {
    Term { citation: Citation { layer, attached: attached.clone(), index }, part, must_hold, view }
}
