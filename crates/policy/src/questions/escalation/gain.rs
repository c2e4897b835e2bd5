//! What is gained by a way, measured against what the actor may do already.

use super::actor::Evaluator;
use super::attempt::Attempt;
use super::gained::{Gained, Gains, Outcome, strongest};
use super::targets::Target;
use std::sync::Arc;

use super::chain::{Member, Reached, path};
use super::foreign::{OF_ANOTHER_ACCOUNT, may_have_policies};
use super::inventory::Actor;
use super::map::Role;
use super::powers::{self, EVERYTHING, Power, Powers};
use super::rules::{Effect, Rule};
use super::samples::Sample;
use super::strength::{self};
use crate::answer::Decision;
use crate::context::Context;
use crate::evaluate::{decide, evaluate};
use crate::layers::{Attached, Layers};
use crate::questions::requests::Place;
use crate::request::{Principal, Request, ResourceKind};
use crate::truth::Truth;

/// Those who begin a chain, where they are not as the inventory has them: what they may do after the step.
struct Changed<'c> {
    principal: &'c Principal,
    context: &'c Context,
    layers: Layers<'c>,
}

fn not_known() -> Gains {
    vec![Gained::not_known()].into()
}

impl<'m> Evaluator<'m> {
    /// What is gained by a way: the strongest that is sure, and what is stronger and less sure. Empty: nothing.
    pub(super) fn gain(&self, rule: &Rule, target: &Target<'m>) -> Gains {
        let by_administrator = rule.effect == Effect::Administrator;
        let member = target.role.map(Member::Role).or(target.user.map(Member::User));
        let Actor { principal, context, layers, .. } = self.actor;
        let numbers = &self.map.numbers;
        match rule.effect {
            Effect::NotTold => not_known(),
            Effect::Within => match member.and_then(|member| self.map.member(member)) {
                Some((subject, layers)) => {
                    strongest(self.more(&subject.powers_within(layers, &rule.within, numbers), layers, None))
                }
                None => not_known(),
            },
            Effect::Executed => self.executed(target),
            Effect::Target | Effect::Administrator => {
                let key = (by_administrator, member);
                if let Some(known) = self.memo.gains.borrow().get(&key) {
                    return known.clone();
                }
                let found = match member.and_then(|member| Some((member, self.map.member(member)?))) {
                    _ if by_administrator && self.abroad => self.abroad_as_administrator(member),
                    Some((_, (subject, layers))) if by_administrator => strongest(self.compare(
                        subject.powers_of_administrator(layers, numbers),
                        layers,
                        None,
                    )),
                    Some((member, (subject, layers))) => {
                        // Within its own account an administrator has nothing to gain.
                        let own = match member {
                            Member::Role(index) if !self.abroad || self.is_abroad(index) => {
                                self.of_role(index)
                            }
                            _ if self.abroad => Gains::default(),
                            _ => strongest(self.compare(subject.powers(layers, numbers), layers, None)),
                        };
                        let first = |role| self.hop_of(member, role);
                        self.with_chains(own, self.map.reached_by(member), first)
                    }
                    None if by_administrator && !target.lacks_target() => {
                        let powers = powers::powers_of_administrator(principal, context, layers, numbers);
                        strongest(self.compare(&powers, layers, None))
                    }
                    None => return not_known(),
                };
                self.memo.gains.borrow_mut().insert(key, found.clone());
                found
            }
            Effect::Group if target.group.is_none() => not_known(),
            Effect::Group => {
                let identity: Vec<Attached> = layers.identity.iter().chain(target.joined).cloned().collect();
                let layers = Layers { identity: &identity, ..*layers };
                let own = self.compare(&powers::powers(principal, context, &layers, numbers), &layers, None);
                self.with_chains_of(own, &Changed { principal, context, layers })
            }
            Effect::NoBoundary | Effect::Version | Effect::NoPolicy => self.changed(rule, target),
        }
    }

    /// Whether the tags of a role's sessions are open and the actor, who assumes it, may not set them. That takes a permission of
    /// its own, and so do the tags that a chain passes on.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_permissions-required>
    pub(super) fn may_not_tag_sessions_of(&self, index: usize) -> bool {
        self.map.roles.get(index).is_some_and(|role| {
            let request = self.start.instead("sts:TagSession", role.facts.arn);
            role.tags_are_open && decide(&request, &role.assumed_by(&self.actor.layers)) == Truth::False
        })
    }

    /// What is gained by assuming the role at this place, with the tags that it has itself.
    pub(super) fn gain_untagged(&self, index: usize) -> Gains {
        let Some((subject, layers)) = self.map.untagged(index) else { return Gains::default() };
        let Some(principal) = &subject.principal else { return Gains::default() };
        let own = if self.abroad && !self.is_abroad(index) {
            Vec::new()
        } else {
            self.compare(subject.powers(layers, &self.map.numbers), layers, None)
        };
        self.with_chains_of(own, &Changed { principal, context: &subject.context, layers: *layers })
    }

    /// Where the target, or the actor, leads once it may do everything within its limits.
    fn abroad_as_administrator(&self, member: Option<Member>) -> Gains {
        let (principal, context, layers) = match member.and_then(|member| self.map.member(member)) {
            Some((subject, layers)) => (subject.principal.as_ref(), &subject.context, layers),
            None => (Some(self.actor.principal), &self.actor.context, &self.actor.layers),
        };
        let Some(principal) = principal else { return Gains::default() };
        let identity: Vec<Attached> = layers.identity.iter().chain(EVERYTHING.as_ref()).cloned().collect();
        let layers = Layers { identity: &identity, ..*layers };
        self.with_chains_of(Vec::new(), &Changed { principal, context, layers })
    }

    /// What is gained from the roles that the target may assume, without what it may do itself.
    fn executed(&self, target: &Target<'m>) -> Gains {
        let Some(role) = target.role else { return not_known() };
        let member = Member::Role(role);
        // They are in the list before those to which they lead.
        let hops: Vec<Reached> =
            self.map.reached_by(member).iter().filter(|one| one.from.is_none()).copied().collect();
        let found = self.with_chains(Gains::default(), &hops, |role| self.hop_of(member, role));
        let mut statements =
            self.layers_of(target).identity.iter().flat_map(|attached| attached.policy.statements());
        let may_elsewhere = statements.any(|one| {
            one.effect() != crate::statement::Effect::Deny && one.may_have_action("sts:assumerole")
        });
        if found.is_empty() && may_elsewhere { not_known() } else { found }
    }

    /// What is gained when a policy of the target, or of the actor itself, is changed or taken away.
    fn changed(&self, rule: &Rule, target: &Target<'m>) -> Gains {
        let before = self.layers_of(target);
        let target_role = target.role.and_then(|index| self.map.roles.get(index));
        let other = target_role.filter(|role| !self.is_actor(role.facts.arn));
        let subject = other.map(Role::subject);
        let subject = subject.and_then(|subject| Some((subject.principal.as_ref()?, &subject.context)));
        let (principal, context) = subject.unwrap_or((self.actor.principal, &self.actor.context));
        let mut identity = before.identity.to_vec();
        let (after, without) = if rule.effect == Effect::NoBoundary {
            let Some(boundary) = before.boundary else {
                let known = target.missing.is_empty();
                return if known { Gains::default() } else { not_known() };
            };
            (Layers { boundary: None, ..before }, boundary)
        } else {
            let Some(change) = target.change else { return not_known() };
            let Some(old) = before.identity.get(change.index) else { return Gains::default() };
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
        let powers = powers::powers_without(principal, context, &after, without, &self.map.numbers);
        if powers.administrator
            && other.is_some_and(|role| role.subject().powers(&before, &self.map.numbers).administrator)
        {
            return Gains::default();
        }
        let own = self.compare(&powers, &after, Some(&before));
        self.with_chains_of(own, &Changed { principal, context, layers: after })
    }

    /// Whether there is something among these powers that the actor has not: the strongest that is sure, and what is stronger
    /// if something holds. `before`: what the one whose powers they are had, where that was changed; only what it had not
    /// counts.
    fn compare(&self, powers: &Powers, layers: &Layers<'_>, before: Option<&Layers<'_>>) -> Vec<Gained> {
        if powers.administrator {
            return vec![Gained::new(Outcome::Administrator, strength::ADMINISTRATOR)];
        }
        let mut all = self.more(powers, layers, before);
        if !powers.administrator_if.is_empty() && before.is_none() {
            let residuals = powers.administrator_if.clone();
            all.push(Gained { residuals, ..Gained::new(Outcome::Administrator, strength::ADMINISTRATOR) });
        }
        all
    }

    /// The strongest of it that hangs on no condition, and what is stronger and hangs on one.
    fn more(&self, powers: &Powers, layers: &Layers<'_>, before: Option<&Layers<'_>>) -> Vec<Gained> {
        let mut in_doubt = None;
        let mut conditional = None;
        for possible in powers.possible() {
            let current = self.current(powers.account(), &possible.sample);
            // What the actor may do anyway is no gain, whether the target may do it or not.
            if before.is_none() && matches!(current, Truth::True | Truth::Depends) {
                continue;
            }
            let Some(Power { truth, residual }) = powers.power(possible, layers) else { continue };
            if residual.is_some() && conditional.is_some() {
                continue;
            }
            let was = before
                .and_then(|before| Some((before, powers.request(possible)?)))
                .map_or(Truth::False, |(before, request)| {
                    decide(&request, &self.owner.beside(&request, before))
                });
            let lifted = before.is_some() && current == Truth::Depends && *truth == Truth::True;
            if was == Truth::Unknown || current == Truth::Unknown {
                in_doubt.get_or_insert(&possible.sample);
            } else if was < *truth && (current == Truth::False || lifted) {
                let gained = Gained::new(Outcome::More(possible.sample.clone()), possible.sample.strength);
                let Some(residual) = residual else {
                    return conditional.into_iter().chain([gained]).collect();
                };
                conditional = Some(Gained { residuals: vec![(**residual).clone()], ..gained });
            }
        }
        if let Some(conditional) = conditional {
            return vec![conditional];
        }
        let not_told =
            |doubts: Vec<_>| vec![Gained::new(Outcome::NotTold(doubts.into()), strength::NOT_KNOWN)];
        let doubts = powers.doubts(layers);
        if !doubts.is_empty() {
            return not_told(doubts.to_vec());
        }
        let as_actor = in_doubt.map(|sample: &Arc<Sample>| {
            let account = Some(powers.account()).filter(|account| !account.is_empty());
            self.as_actor(account.unwrap_or(self.place.account), &sample.action, &sample.resource)
        });
        match as_actor.as_ref().map(|request| evaluate(request, &self.current_layers(request)).decision) {
            Some(Decision::Unknown(doubts)) => not_told(doubts),
            _ => Vec::new(),
        }
    }

    fn with_chains_of(&self, own: Vec<Gained>, changed: &Changed<'_>) -> Gains {
        let Changed { principal, context, layers } = changed;
        let hops = self.map.hops(principal, context, layers);
        let reached = self.map.reach(&hops, None);
        self.with_chains(strongest(own), &reached, |role| {
            self.hop_of_changed(principal, context, layers, role)
        })
    }

    /// With what is gained from the roles to which the target leads. `first`: the first hop, to the role at this place.
    fn with_chains(
        &self,
        own: Gains,
        reached: &[Reached],
        first: impl Fn(usize) -> Option<Arc<Attempt>>,
    ) -> Gains {
        if reached.is_empty() {
            return own;
        }
        let mut own = own.to_vec();
        for (place, one) in reached.iter().enumerate() {
            let most = !self.abroad
                && own
                    .iter()
                    .any(|gained| gained.strength == strength::ADMINISTRATOR && gained.truth() >= one.truth);
            if most {
                break;
            }
            if !self.is_news(*one) || (self.abroad && !self.is_abroad(one.role)) {
                continue;
            }
            for gained in self.of_role(one.role).iter() {
                let reached = Gained { truth: one.truth, end: Some(place), ..gained.clone() };
                if !own.iter().any(|known| reached.yields_to(known)) {
                    own.push(reached);
                }
            }
        }
        let mut kept = strongest(own).to_vec();
        for gained in &mut kept {
            let Some(place) = gained.end else { continue };
            let roles = path(reached, place);
            gained.end = roles.last().copied();
            let mut hops = roles.iter().zip(roles.iter().skip(1));
            let start = roles.first().and_then(|role| first(*role));
            gained.chain = start
                .into_iter()
                .chain(hops.by_ref().filter_map(|(by, role)| self.hop_of(Member::Role(*by), *role)))
                .collect();
        }
        kept.into()
    }

    /// Whether the actor, who is not this role, does not get there as surely without any step but to assume it.
    fn is_news(&self, reached: Reached) -> bool {
        let role = self.map.roles.get(reached.role);
        let direct = self.own_hops().iter().find(|hop| hop.role == reached.role);
        role.is_some()
            && !self.is_at(Member::Role(reached.role))
            && direct.is_none_or(|hop| hop.truth < reached.truth)
    }

    /// What the actor gains with the permissions of a role, without what that leads to.
    fn of_role(&self, index: usize) -> Gains {
        if let Some(known) = self.memo.gains_of_roles.borrow().get(&index) {
            return known.clone();
        }
        let role = self.map.roles.get(index);
        let gained = match role {
            Some(role) => strongest(self.compare(
                role.subject().powers(&role.facts.layers, &self.map.numbers),
                &role.facts.layers,
                None,
            )),
            None => Gains::default(),
        };
        self.memo.gains_of_roles.borrow_mut().insert(index, gained.clone());
        gained
    }

    /// How what a target of this account might do would come out for the actor. Many targets have the same policies.
    fn current(&self, account: &str, sample: &Sample) -> Truth {
        let number = self.map.numbers.of(account, sample);
        if let Some(Some(truth)) = self.memo.current.borrow().get(number) {
            return *truth;
        }
        // A look at what the actor's policies name may be enough.
        let glance = if account == self.place.account { self.at_a_glance(sample) } else { None };
        let truth = glance.unwrap_or_else(|| {
            let as_actor = self.as_actor(account, &sample.action, &sample.resource);
            decide(&as_actor, &self.current_layers(&as_actor))
        });
        let mut known = self.memo.current.borrow_mut();
        if known.len() <= number {
            known.resize(number + 1, None);
        }
        if let Some(place) = known.get_mut(number) {
            *place = Some(truth);
        }
        truth
    }

    /// The policies that a target's request meets when the actor makes it. What another account's resource lets in is not
    /// known.
    fn current_layers<'l>(&'l self, request: &Request) -> Layers<'l> {
        let is_ordinary = request.resource_kind() == ResourceKind::Ordinary;
        if is_ordinary && !request.within_one_account() && may_have_policies(request.service()) {
            return Layers { resource: OF_ANOTHER_ACCOUNT.as_slice(), ..self.actor.layers };
        }
        self.owner.beside(request, &self.actor.layers)
    }

    /// What a target of this account might do, as the actor would ask for it.
    fn as_actor(&self, account: &str, action: &str, resource: &str) -> Request {
        let own = self.sampled().instead(action, resource);
        if account != self.place.account && Place::of(resource).account.is_empty() {
            own.owned_by(account)
        } else {
            own
        }
    }
}
