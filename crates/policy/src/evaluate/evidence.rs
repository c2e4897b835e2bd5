//! Why: the layer that denies, and the statements that speak for an outcome.

use super::case::{Case, Group};
use super::logic::Formula;
use crate::answer::{Answer, Citation, Decision, Denial, Layer, Step};
use crate::request::{PrincipalKind, ResourceKind};
use crate::statement::{Effect, Naming};
use crate::truth::Truth;

impl<'a> Case<'a> {
    /// The answer that an outcome is, with its formula where it is open.
    pub(super) fn answer(&self, outcome: Truth, formula: impl FnOnce() -> Formula) -> Answer {
        let decision = match outcome {
            Truth::True => Decision::Allowed,
            Truth::False => Decision::Denied(self.denial()),
            Truth::Depends => Decision::AllowedIf(formula().residual()),
            Truth::Unknown => {
                let doubts = formula().doubts().into_iter();
                Decision::Unknown(doubts.map(|term| term.into_doubt(self.request)).collect())
            }
        };
        Answer { evidence: self.evidence(outcome, &decision), decision }
    }

    /// What each layer says.
    pub(super) fn trace(&self) -> Vec<Step> {
        let in_force = |group: &Group<'a>| match group.layer {
            Layer::Boundary => self.layers.boundary.is_some(),
            Layer::Session => self.layers.session.is_some(),
            Layer::Endpoint => self.layers.endpoint.is_some(),
            _ => true,
        };
        self.groups().filter(in_force).map(|group| self.step(group)).collect()
    }

    fn step(&self, group: Group<'a>) -> Step {
        let mut statements = Vec::new();
        let mut denies = Truth::False;
        for attached in group.policies {
            for (index, statement) in attached.policy.statements().iter().enumerate() {
                let applies = if statement.effect() == Effect::Allow {
                    self.granted_by::<Truth>(group.layer, Naming::AtAll, attached, index, statement)
                } else {
                    let applies = self.spared_by::<Truth>(group.layer, attached, index, statement).negated();
                    denies = denies.max(applies);
                    applies
                };
                if applies != Truth::False {
                    let citation = Citation { layer: group.layer, attached: attached.clone(), index };
                    statements.push((citation, applies));
                }
            }
        }
        Step { layer: group.layer, allows: self.allowed_by(group, Naming::AtAll), denies, statements }
    }

    /// Which step denies a request that is denied.
    pub(super) fn denial(&self) -> Denial {
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
    pub(super) fn evidence(&self, outcome: Truth, decision: &Decision) -> Vec<Citation> {
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
