//! What a way is worth: what is gained by it, measured against what the actor may do already.

use std::rc::Rc;

use super::aims::Aim;
use super::ask::Asker;
use super::gain::{self, Power, Powers};
use super::rules::{Effect, Rule};
use super::sample::Place;
use super::{Actor, Gain};
use crate::answer::{Decision, Doubt};
use crate::context::Context;
use crate::evaluate::{decide, evaluate};
use crate::layers::{Attached, Layers};
use crate::request::Request;
use crate::truth::Truth;

/// What comes of a way.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    Nothing,
    Gained(Gain),
    NotTold(Vec<Doubt>),
}

/// Whose powers are measured: by `AdministratorAccess` or as they are, place among the roles, place among the users.
pub(super) type Measured = (bool, Option<usize>, Option<usize>);

/// What the actor may do, by number.
pub(super) type Now = Vec<Option<Truth>>;

impl<'m> Asker<'m> {
    /// What is gained by a way.
    pub(super) fn gain(&self, rule: &Rule, aim: &Aim<'m>) -> Rc<Outcome> {
        let by_administrator = rule.effect == Effect::Administrator;
        let target_role = aim.role.and_then(|index| self.map.roles.get(index));
        let user = aim.user.and_then(|index| self.map.users.get(index));
        let target = target_role.map(|role| (&role.target, &role.facts.layers));
        let target = target.or_else(|| user.map(|user| (&user.target, &user.facts.layers)));
        let numbers = &self.map.numbers;
        let not_known = || Rc::new(Outcome::Gained(Gain::NotKnown));
        match rule.effect {
            Effect::NotTold => not_known(),
            Effect::Target | Effect::Administrator => {
                let key = (by_administrator, aim.role, aim.user);
                if let Some(known) = self.gains.borrow().get(&key) {
                    return known.clone();
                }
                let outcome = match target {
                    Some((target, layers)) if by_administrator => {
                        self.compare(target.powers_of_administrator(layers, numbers), None)
                    }
                    Some((target, layers)) => self.compare(target.powers(layers, numbers), None),
                    None if by_administrator && !aim.lacks_target() => {
                        let Actor { principal, context, layers, .. } = self.actor;
                        self.compare(
                            &gain::powers_of_administrator(principal, context, layers, numbers),
                            None,
                        )
                    }
                    None => return not_known(),
                };
                let outcome = Rc::new(outcome);
                self.gains.borrow_mut().insert(key, outcome.clone());
                outcome
            }
            Effect::Group if aim.group.is_none() => not_known(),
            Effect::Group => {
                let layers = &self.actor.layers;
                let identity: Vec<Attached> = layers.identity.iter().chain(aim.joined).cloned().collect();
                let layers = Layers { identity: &identity, ..*layers };
                let Actor { principal, context, .. } = self.actor;
                Rc::new(self.compare(&gain::powers(principal, context, &layers, numbers), None))
            }
            Effect::NoBoundary | Effect::Version | Effect::NoPolicy => Rc::new(self.changed(rule, aim)),
        }
    }

    /// What is gained when a policy of the target, or of the actor itself, is changed or taken away.
    fn changed(&self, rule: &Rule, aim: &Aim<'m>) -> Outcome {
        let before = self.subject(aim);
        let target_role = aim.role.and_then(|index| self.map.roles.get(index));
        let other = target_role.filter(|role| !self.is_actor(role.facts.arn));
        let context = Context::auditor();
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
        let powers = gain::powers_without(principal, context, &after, without, &self.map.numbers);
        if powers.administrator
            && other.is_some_and(|role| role.target.powers(&before, &self.map.numbers).administrator)
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
        for Power { request, truth, number } in &powers.requests {
            let now = self.now(request, *number);
            let was =
                before.map_or(Truth::False, |before| decide(request, &self.willing.beside(request, before)));
            let lifted = before.is_some() && now == Truth::Depends && *truth == Truth::True;
            if was == Truth::Unknown || now == Truth::Unknown {
                in_doubt.get_or_insert(request);
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
        let as_actor = in_doubt.map(|request| self.as_actor(request));
        let now =
            |request: &Request| evaluate(request, &self.willing.beside(request, &self.actor.layers)).decision;
        match as_actor.as_ref().map(now) {
            Some(Decision::Unknown(doubts)) => Outcome::NotTold(doubts),
            _ => Outcome::Nothing,
        }
    }

    /// How a target's request would come out for the actor. Many targets have the same policies.
    fn now(&self, request: &Request, number: usize) -> Truth {
        if let Some(Some(truth)) = self.now.borrow().get(number) {
            return *truth;
        }
        let as_actor = self.as_actor(request);
        let truth = decide(&as_actor, &self.willing.beside(&as_actor, &self.actor.layers));
        let mut known = self.now.borrow_mut();
        if known.len() <= number {
            known.resize(number + 1, None);
        }
        if let Some(place) = known.get_mut(number) {
            *place = Some(truth);
        }
        truth
    }

    /// A target's request as the actor would make it.
    fn as_actor(&self, request: &Request) -> Request {
        let own = self.start.instead(request.action(), request.resource());
        let owner = request.principal().account().filter(|account| *account != self.place.account);
        match owner {
            Some(owner) if Place::of(request.resource()).account.is_empty() => own.owned_by(owner),
            _ => own,
        }
    }
}
