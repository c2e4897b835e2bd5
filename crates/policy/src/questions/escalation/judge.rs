//! Whether a rule holds: its facts, its requests and its gain, put together.

use std::rc::Rc;
use std::sync::Arc;

use super::aims::{Aim, aims};
use super::anywhere::Anywhere;
use super::ask::{Asker, Call, Meets};
use super::rules::{Bind, Effect, Need, RULES, Rule, TrustedService};
use super::worth::Outcome;
use super::{
    Actor, Escalation, EscalationMap, EscalationStep, EscalationVerdict, EscalationWay, Escalations, Gain,
};
use crate::questions::{Administrator, administrator};
use crate::request::PrincipalKind;
use crate::truth::Truth;

/// A way that holds or may, before its requests are asked for their reasons.
struct Found<'m> {
    verdict: EscalationVerdict,
    aim: Aim<'m>,
    calls: Vec<Rc<Call>>,
    lacking: Vec<String>,
    gain: Rc<Outcome>,
}

pub(super) fn escalations(map: &EscalationMap<'_>, actor: &Actor<'_>) -> Escalations {
    if matches!(administrator(actor.principal, actor.context.clone(), &actor.layers), Administrator::Yes) {
        return Escalations::AlreadyAdministrator;
    }
    let asker = Asker::new(map, actor);
    Escalations::Rules(RULES.rules.iter().filter_map(|rule| asker.rule(rule)).collect())
}

impl<'m> Asker<'m> {
    fn rule(&self, rule: &'static Rule) -> Option<Escalation> {
        let open_to_actor = match self.actor.principal.kind() {
            PrincipalKind::User => rule.user,
            PrincipalKind::Role => rule.role,
            _ => false,
        };
        if !open_to_actor {
            return None;
        }
        let mut found: Vec<Found<'m>> = Vec::new();
        let several = rule.alternatives.len() > 1;
        for needs in &rule.alternatives {
            if needs.iter().any(|need| !self.may(need.action)) {
                continue;
            }
            // What is bound to nothing is the same for every target.
            let Some(anywhere) = self.all_anywhere(needs) else { continue };
            for aim in aims(self, rule, needs) {
                let Some(way) = self.way(rule, needs, aim, &anywhere) else { continue };
                // Of alternatives that come to the same, the first of the best is told.
                let same = found.iter_mut().find(|other| several && other.aim.is_at_same(&way.aim));
                match same {
                    Some(other) if way.verdict > other.verdict => *other = way,
                    Some(_) => {}
                    None => found.push(way),
                }
            }
        }
        let count = found.len();
        found.sort_by_key(|found| std::cmp::Reverse(found.verdict));
        found.truncate(Escalation::MOST_WAYS);
        let ways: Vec<EscalationWay> = found.into_iter().map(|found| self.tell(rule, found)).collect();
        let verdict = ways.first()?.verdict;
        Some(Escalation { rule: &rule.id, verdict, ways, count })
    }

    /// The requests that are bound to nothing, service by service; `None` if one is denied.
    fn all_anywhere(&self, needs: &[Need]) -> Option<Anywhere> {
        let service = |action: usize| RULES.lower.get(action).and_then(|action| action.split(':').next());
        let free: Vec<usize> =
            needs.iter().filter(|need| need.bind == Bind::Somewhere).map(|need| need.action).collect();
        let mut all = Anywhere::default();
        let mut done = Vec::new();
        for action in &free {
            let of = service(*action);
            if done.contains(&of) {
                continue;
            }
            done.push(of);
            let together: Vec<usize> = free.iter().copied().filter(|other| service(*other) == of).collect();
            let found = self.anywhere(&together)?;
            all.calls.extend(found.calls);
            all.lacking.extend(found.lacking);
        }
        Some(all)
    }

    fn way(&self, rule: &Rule, needs: &[Need], mut aim: Aim<'m>, anywhere: &Anywhere) -> Option<Found<'m>> {
        let mut calls = Vec::new();
        let mut lacking = anywhere.lacking.clone();
        for fact in &rule.facts {
            if !self.fact(rule, *fact, &mut aim, &mut calls) {
                return None;
            }
        }
        for need in needs.iter().filter(|need| need.bind != Bind::Somewhere) {
            let Some(call) = self.at(rule, need.action, need.bind, &aim) else {
                let anywhere = self.anywhere(&[need.action])?;
                lacking.extend(anywhere.lacking);
                calls.extend(anywhere.calls);
                continue;
            };
            if call.truth == Truth::False {
                return None;
            }
            let rewrites = call.request.action() == "iam:UpdateAssumeRolePolicy";
            calls.push(call);
            if let (true, Some(role)) = (rewrites, self.target(&aim)) {
                calls.push(match aim.role {
                    Some(index) => self.rewritten(index, role),
                    None => Rc::new(self.call(&self.start, "sts:AssumeRole", role, Meets::Rewritten(None))),
                });
            }
        }
        if calls.iter().any(|call| call.truth == Truth::False) {
            return None;
        }
        let gain = self.gain(rule, &aim);
        let is_told = match &*gain {
            Outcome::Nothing => return None,
            Outcome::Gained(_) => true,
            Outcome::NotTold(doubts) => doubts.is_empty(),
        };
        calls.extend(anywhere.calls.iter().cloned());
        calls.extend(self.visit(&aim));
        let truth = calls.iter().map(|call| call.truth).min().filter(|truth| *truth != Truth::False)?;
        let verdict = match truth {
            Truth::Unknown => EscalationVerdict::Unknown,
            _ if !is_told => EscalationVerdict::Unknown,
            _ if !aim.missing.is_empty() || !lacking.is_empty() => EscalationVerdict::Potential,
            Truth::Depends => rule.at_most.min(EscalationVerdict::Conditional),
            _ => rule.at_most,
        };
        Some(Found { verdict, aim, calls, lacking, gain })
    }

    /// The role is taken on by the service, or by whom the provider vouches for.
    fn visit(&self, aim: &Aim<'m>) -> Option<Rc<Call>> {
        let index = aim.role?;
        let role = self.map.roles.get(index)?;
        if let Some((service, truth)) = aim.service {
            return self.visited(index, service, truth);
        }
        let service = TrustedService { name: aim.provider?.to_owned(), federated: true };
        let mut request = role.visit(&service);
        if service.name.contains(":saml-provider/") {
            request = request.instead("sts:AssumeRoleWithSAML", role.facts.arn);
        }
        let truth = role.admits(&request);
        Some(Rc::new(Call::new(request, Meets::Visitor(index, None), truth)))
    }

    /// Whose permissions are gained, if it is another.
    fn target(&self, aim: &Aim<'m>) -> Option<&'m str> {
        let role = aim.role.and_then(|index| self.map.roles.get(index)).map(|role| role.facts.arn);
        let user = || aim.user.and_then(|index| self.map.users.get(index)).map(|user| user.facts.arn);
        role.or_else(user)
    }

    /// A way with the reasons of its requests.
    fn tell(&self, rule: &Rule, found: Found<'m>) -> EscalationWay {
        let Found { verdict, aim, calls, lacking, gain } = found;
        let (gain, mut doubts) = match &*gain {
            Outcome::Gained(gain) => (gain.clone(), Vec::new()),
            Outcome::NotTold(doubts) => (Gain::NotKnown, doubts.clone()),
            Outcome::Nothing => (Gain::NotKnown, Vec::new()),
        };
        let steps: Vec<Arc<EscalationStep>> = calls.iter().map(|call| self.step(call)).collect();
        doubts.extend(steps.iter().flat_map(|step| step.doubts.iter().cloned()));
        let own = || aim.missing.is_empty().then(|| self.actor.principal.name());
        let is_own = !matches!(rule.effect, Effect::Target | Effect::NotTold);
        let joined = aim.group.filter(|_| rule.effect == Effect::Group);
        let target = self.target(&aim).or(joined).or_else(|| own().filter(|_| is_own));
        EscalationWay {
            verdict,
            target: target.map(str::to_owned),
            through: aim
                .policy
                .or(aim.provider)
                .or(aim.group.filter(|_| joined.is_none()))
                .map(str::to_owned),
            version: aim.change.and_then(|change| change.version).map(|(name, _)| name.clone()),
            steps,
            provisos: rule.proviso.iter().cloned().collect(),
            missing: aim.missing.iter().map(|what| (*what).to_owned()).chain(lacking).collect(),
            doubts,
            gain,
        }
    }
}
