//! Whether a rule holds: its facts, its requests and its gain, put together.

use super::aims::{Aim, aims};
use super::ask::{Asker, Call, Meets};
use super::gain::{self, Powers};
use super::rules::{Bind, Effect, Fact, Need, RULES, Rule};
use super::{Actor, Escalation, EscalationMap, EscalationStep, EscalationVerdict, EscalationWay, Escalations, Gain};
use crate::answer::{Decision, Doubt};
use crate::evaluate::{decide, evaluate};
use crate::layers::{Attached, Layers};
use crate::questions::{Administrator, administrator};
use crate::request::{PrincipalKind, Request};
use crate::truth::Truth;

/// What comes of a way.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    Nothing,
    Gained(Gain),
    NotTold(Vec<Doubt>),
}

/// A way that holds or may, before its requests are asked for their reasons.
struct Found<'m> {
    verdict: EscalationVerdict,
    aim: Aim<'m>,
    calls: Vec<Call>,
    gain: Gain,
    doubts: Vec<Doubt>,
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
        for needs in &rule.alternatives {
            if needs.iter().any(|need| !self.may(need.action)) {
                continue;
            }
            // What is bound to nothing is the same for every target.
            let Some(anywhere) = self.all_anywhere(needs) else { continue };
            for aim in aims(self, rule, needs) {
                let way = self.way(rule, needs, aim, &anywhere);
                found.extend(way);
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
    fn all_anywhere(&self, needs: &[Need]) -> Option<Vec<Call>> {
        let service = |action: usize| RULES.lower.get(action).and_then(|action| action.split(':').next());
        let free: Vec<usize> =
            needs.iter().filter(|need| need.bind == Bind::Somewhere).map(|need| need.action).collect();
        let mut calls = Vec::new();
        let mut done = Vec::new();
        for action in &free {
            let of = service(*action);
            if done.contains(&of) {
                continue;
            }
            done.push(of);
            let together: Vec<usize> = free.iter().copied().filter(|other| service(*other) == of).collect();
            let found = self.anywhere(&together);
            if found.is_empty() {
                return None;
            }
            calls.extend(found);
        }
        Some(calls)
    }

    fn way(&self, rule: &Rule, needs: &[Need], mut aim: Aim<'m>, anywhere: &[Call]) -> Option<Found<'m>> {
        let mut calls = Vec::new();
        for fact in &rule.facts {
            if !self.fact(rule, *fact, &mut aim, &mut calls) {
                return None;
            }
        }
        for need in needs.iter().filter(|need| need.bind != Bind::Somewhere) {
            let call = match self.at(rule, need.action, need.bind, &aim) {
                Some(call) => call,
                None => self.anywhere(&[need.action]).pop()?,
            };
            if call.truth == Truth::False {
                return None;
            }
            let rewrites = call.request.action() == "iam:UpdateAssumeRolePolicy";
            calls.push(call);
            if let (true, Some(role)) = (rewrites, self.target(&aim)) {
                calls.push(self.call(&self.start, "sts:AssumeRole", role, Meets::Rewritten(aim.role)));
            }
        }
        calls.extend(anywhere.iter().cloned());
        calls.extend(self.visit(&aim));
        let truth = calls.iter().map(|call| call.truth).min()?;
        if truth == Truth::False {
            return None;
        }
        let (gain, doubts) = match self.gain(rule, &aim) {
            Outcome::Nothing => return None,
            Outcome::Gained(gain) => (gain, Vec::new()),
            Outcome::NotTold(doubts) => (Gain::NotKnown, doubts),
        };
        let verdict = match truth {
            Truth::Unknown => EscalationVerdict::Unknown,
            _ if !doubts.is_empty() => EscalationVerdict::Unknown,
            _ if !aim.missing.is_empty() => EscalationVerdict::Potential,
            Truth::Depends => rule.at_most.min(EscalationVerdict::Conditional),
            _ => rule.at_most,
        };
        Some(Found { verdict, aim, calls, gain, doubts })
    }

    /// The role is taken on by the service, or by whom the provider vouches for.
    fn visit(&self, aim: &Aim<'m>) -> Option<Call> {
        let index = aim.role?;
        let role = self.map.roles.get(index)?;
        let meets = Meets::Visitor(index);
        if let Some((service, truth)) = aim.service {
            let request = role.visit(RULES.services.get(service)?);
            return Some(Call { request, meets, truth });
        }
        let service = super::rules::TrustedService { name: aim.provider?.to_owned(), federated: true };
        let mut request = role.visit(&service);
        if service.name.contains(":saml-provider/") {
            request = request.instead("sts:AssumeRoleWithSAML", role.facts.arn);
        }
        let truth = role.admits(&request);
        Some(Call { request, meets, truth })
    }

    /// Whether something is so that a rule wants, or may be; what is missing is noted, and what must be asked is asked.
    fn fact(&self, rule: &Rule, fact: Fact, aim: &mut Aim<'m>, calls: &mut Vec<Call>) -> bool {
        let user = aim.user.and_then(|index| self.map.users.get(index)).map(|user| user.facts);
        let role = aim.role.and_then(|index| self.map.roles.get(index));
        let mut known = |what: &'static str, is: Option<bool>| {
            if is.is_none() && !aim.missing.contains(&what) {
                aim.missing.push(what);
            }
            is.unwrap_or(true)
        };
        let keys = "how many access keys the user has";
        let password = "whether the user has a console password";
        match fact {
            Fact::FreeKey => known(keys, user.and_then(|user| user.access_keys).map(|keys| keys < 2)),
            Fact::FullKeys => known(keys, user.and_then(|user| user.access_keys).map(|keys| keys >= 2)),
            Fact::InactiveKey => known(
                "whether the user has an inactive access key",
                user.and_then(|user| user.inactive_access_keys).map(|keys| keys > 0),
            ),
            Fact::Password => known(password, user.and_then(|user| user.password)),
            Fact::NoPassword => known(password, user.and_then(|user| user.password).map(|has| !has)),
            Fact::Management => {
                known("whether it is the management account", self.map.inventory.management_account)
            }
            Fact::SpareVersion => {
                let policy = aim.policy.and_then(|arn| self.map.policies.get(arn));
                let versions = policy.and_then(|policy| policy.versions).map(<[_]>::len);
                known("how many versions the policy has", versions.map(|_| true));
                if let (Some(arn), Some(5..)) = (aim.policy, versions) {
                    calls.push(self.call(&self.start, "iam:DeletePolicyVersion", arn, Meets::Own));
                }
                true
            }
            Fact::OrganizationRole => role.is_none_or(|role| {
                let name = role.facts.arn.rsplit('/').next();
                role.place.account != self.place.account
                    && matches!(name, Some("OrganizationAccountAccessRole" | "AWSControlTowerExecution"))
            }),
            Fact::TrustsOtherAccount => role.is_none_or(|role| {
                role.place.account != self.place.account && role.accounts.contains(&self.place.account)
            }),
            Fact::TrustsEveryone => role.is_none_or(|role| role.everyone),
            Fact::SelfOrAssumed => {
                if let Some(role) = role.filter(|role| !(self.is_role() && self.is_actor(role.facts.arn))) {
                    let meets = Meets::Trust(aim.role);
                    calls.push(self.call(&self.start, "sts:AssumeRole", role.facts.arn, meets));
                }
                true
            }
            Fact::EmrServiceRole => role.is_none() || self.emr_service_role(rule, calls),
            // The aims are such.
            Fact::Dangling => true,
        }
    }

    /// A role for the EMR service itself is passed besides.
    fn emr_service_role(&self, rule: &Rule, calls: &mut Vec<Call>) -> bool {
        let emr = RULES.services.iter().position(|service| service.name == "elasticmapreduce.amazonaws.com");
        let Some(emr) = emr else { return false };
        let passing = self.passing(emr, rule.passed_to_unconfirmed);
        let passed = self.map.trusting.get(emr).into_iter().flatten().filter_map(|(index, trust)| {
            let role = self.map.roles.get(*index)?;
            let call = self.call(&passing, "iam:PassRole", role.facts.arn, Meets::Own);
            Some((call.truth.min(*trust), Call { truth: call.truth.min(*trust), ..call }))
        });
        let best = passed.max_by_key(|(truth, _)| *truth).map(|(_, call)| call);
        let found = best.as_ref().is_some_and(|call| call.truth != Truth::False);
        calls.extend(best);
        found
    }

    fn target(&self, aim: &Aim<'m>) -> Option<&'m str> {
        let role = aim.role.and_then(|index| self.map.roles.get(index)).map(|role| role.facts.arn);
        let user = || aim.user.and_then(|index| self.map.users.get(index)).map(|user| user.facts.arn);
        role.or_else(user)
    }

    /// What is gained by a way.
    fn gain(&self, rule: &Rule, aim: &Aim<'m>) -> Outcome {
        let by_administrator = rule.effect == Effect::Administrator;
        let role = aim.role.and_then(|index| self.map.roles.get(index));
        let user = aim.user.and_then(|index| self.map.users.get(index));
        let target = role.map(|role| (&role.target, &role.facts.layers));
        let target = target.or_else(|| user.map(|user| (&user.target, &user.facts.layers)));
        let not_known = Outcome::Gained(Gain::NotKnown);
        match rule.effect {
            Effect::NotTold => not_known,
            Effect::Target | Effect::Administrator => {
                let key = (by_administrator, aim.role, aim.user);
                if let Some(known) = self.gains.borrow().get(&key) {
                    return known.clone();
                }
                let outcome = match target {
                    Some((target, layers)) if by_administrator => {
                        self.compare(target.powers_of_administrator(layers), None)
                    }
                    Some((target, layers)) => self.compare(target.powers(layers), None),
                    None if by_administrator && !aim.missing.contains(&"the roles of the account") && !aim.missing.contains(&"the users of the account") => {
                        let Actor { principal, context, layers, .. } = self.actor;
                        self.compare(&gain::powers_of_administrator(principal, context, layers), None)
                    }
                    None => return not_known,
                };
                self.gains.borrow_mut().insert(key, outcome.clone());
                outcome
            }
            Effect::Group if aim.group.is_none() => not_known,
            Effect::Group => {
                let layers = &self.actor.layers;
                let identity: Vec<Attached> = layers.identity.iter().chain(aim.joined).cloned().collect();
                let layers = Layers { identity: &identity, ..*layers };
                self.compare(&gain::powers(self.actor.principal, &self.actor.context, &layers), None)
            }
            Effect::NoBoundary | Effect::Version | Effect::NoPolicy => self.changed(rule, aim),
        }
    }

    /// What is gained when a policy of the target, or of the actor itself, is changed or taken away.
    fn changed(&self, rule: &Rule, aim: &Aim<'m>) -> Outcome {
        let before = self.subject(aim);
        let role = aim.role.and_then(|index| self.map.roles.get(index));
        let other = role.filter(|role| !self.is_actor(role.facts.arn));
        let context = crate::context::Context::auditor();
        let (principal, context) = match other.map(|role| role.target.principal.as_ref()) {
            Some(Some(principal)) => (principal, &context),
            _ => (self.actor.principal, &self.actor.context),
        };
        let mut identity = before.identity.to_vec();
        let (after, without) = if rule.effect == Effect::NoBoundary {
            let Some(boundary) = before.boundary else {
                let known = aim.missing.is_empty();
                return if known { Outcome::Nothing } else { Outcome::Gained(Gain::NotKnown) };
            };
            (Layers { boundary: None, ..before }, boundary)
        } else {
            let Some(change) = aim.change else { return Outcome::Gained(Gain::NotKnown) };
            let Some(old) = before.identity.get(change.index) else { return Outcome::Nothing };
            match change.version {
                None => drop(identity.remove(change.index)),
                Some((name, policy)) => {
                    let new = Attached { version: Some(name.clone()), policy: policy.clone(), ..old.clone() };
                    if let Some(place) = identity.get_mut(change.index) {
                        *place = new;
                    }
                }
            }
            (Layers { identity: &identity, ..before }, old)
        };
        let powers = gain::powers_without(principal, context, &after, without);
        if powers.administrator
            && other.is_some_and(|role| role.target.powers(&before).administrator)
        {
            return Outcome::Nothing;
        }
        self.compare(&powers, Some(&before))
    }

    /// Whether there is something among these powers that the actor has not. `before`: what the one whose powers they are
    /// had, where that was changed; only what it had not counts.
    fn compare(&self, powers: &Powers, before: Option<&Layers<'_>>) -> Outcome {
        if powers.administrator {
            return Outcome::Gained(Gain::Administrator);
        }
        let mut in_doubt = None;
        for (request, truth) in &powers.requests {
            let own = self.as_actor(request);
            let now = decide(&own, &self.actor.layers);
            let was = before.map_or(Truth::False, |before| decide(request, before));
            let lifted = before.is_some() && now == Truth::Depends && *truth == Truth::True;
            if was == Truth::Unknown || now == Truth::Unknown {
                in_doubt.get_or_insert(own);
            } else if was < *truth && (now == Truth::False || lifted) {
                return Outcome::Gained(Gain::More {
                    action: request.action().to_owned(),
                    resource: request.resource().to_owned(),
                });
            }
        }
        if !powers.doubts.is_empty() {
            return Outcome::NotTold(powers.doubts.clone());
        }
        match in_doubt.map(|own| evaluate(&own, &self.actor.layers).decision) {
            Some(Decision::Unknown(doubts)) => Outcome::NotTold(doubts),
            _ => Outcome::Nothing,
        }
    }

    /// A target's request as the actor would make it.
    fn as_actor(&self, request: &Request) -> Request {
        let own = self.start.instead(request.action(), request.resource());
        let owner = request.principal().account().filter(|account| *account != self.place.account);
        let says = super::sample::Place::of(request.resource()).account;
        match owner {
            Some(owner) if says.is_empty() => own.owned_by(owner),
            _ => own,
        }
    }

    /// A way with the reasons of its requests.
    fn tell(&self, rule: &Rule, found: Found<'m>) -> EscalationWay {
        let Found { verdict, aim, calls, gain, mut doubts } = found;
        let mut steps = Vec::new();
        for call in &calls {
            let answer = self.answer(call);
            let mut residual = None;
            match answer.decision {
                Decision::AllowedIf(open) => residual = Some(open),
                Decision::Unknown(more) => doubts.extend(more),
                Decision::Allowed | Decision::Denied(_) => {}
            }
            let by = matches!(call.meets, Meets::Visitor(_)).then(|| call.request.principal().name().to_owned());
            steps.push(EscalationStep {
                by,
                action: call.request.action().to_owned(),
                resource: call.request.resource().to_owned(),
                residual,
                evidence: answer.evidence,
            });
        }
        let own = || aim.missing.is_empty().then(|| self.actor.principal.name());
        let is_own = !matches!(rule.effect, Effect::Target | Effect::NotTold);
        let joined = aim.group.filter(|_| rule.effect == Effect::Group);
        let target = self.target(&aim).or(joined).or_else(|| own().filter(|_| is_own));
        EscalationWay {
            verdict,
            target: target.map(str::to_owned),
            through: aim.policy.or(aim.provider).or(aim.group.filter(|_| joined.is_none())).map(str::to_owned),
            version: aim.change.and_then(|change| change.version).map(|(name, _)| name.clone()),
            steps,
            provisos: rule.proviso.iter().cloned().collect(),
            missing: aim.missing.iter().map(|what| (*what).to_owned()).collect(),
            doubts,
            gain,
        }
    }
}
