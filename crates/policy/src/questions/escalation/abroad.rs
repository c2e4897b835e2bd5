//! What an administrator has still to gain: roles of other accounts.

use super::actor::Evaluator;
use super::targets::Target;
use super::way::{FoundWay, Ways};
use std::collections::HashSet;

use super::chain::Member;
use super::found::{Escalation, EscalationVerdict};
use super::inventory::Actor;
use super::map::EscalationMap;
use super::rules::{Effect, RULES, Rule};

/// The ways of an administrator into other accounts: to each role the shortest, by the first rule that is as sure as any.
pub(super) fn escalations(map: &EscalationMap<'_>, actor: &Actor<'_>) -> Vec<Escalation> {
    let mut evaluator = Evaluator::new(map, actor);
    evaluator.abroad = true;
    if !(0..map.roles.len()).any(|role| evaluator.is_abroad(role)) {
        return Vec::new();
    }
    let gains_identity = |rule: &&Rule| matches!(rule.effect, Effect::Target | Effect::Administrator);
    let rules = || RULES.rules.iter().filter(gains_identity);
    // To assume is less than to change something first.
    let assumes = |rule: &&Rule| {
        rule.alternatives.iter().any(|one| one.needs.iter().all(|need| RULES.is_assuming(need)))
    };
    let (first, rest): (Vec<&Rule>, Vec<&Rule>) = rules().partition(assumes);
    let mut told: HashSet<usize> = HashSet::new();
    let mut escalations = Vec::new();
    for rule in first.into_iter().chain(rest) {
        let mut found = evaluator.found(rule);
        found.retain(|way| way.end().is_some_and(|role| evaluator.is_abroad(role) && !told.contains(&role)));
        found.sort_by_key(FoundWay::hops);
        let mut ends = HashSet::new();
        found.retain(|way| way.end().is_some_and(|role| ends.insert(role)));
        let sure = found.iter().filter(|way| way.verdict() == EscalationVerdict::Yes);
        told.extend(sure.filter_map(FoundWay::end));
        escalations.extend(evaluator.told_of(rule, Ways::of(found)));
    }
    escalations
}

impl Evaluator<'_> {
    /// Whether a role is of another account than the actor.
    pub(super) fn is_abroad(&self, role: usize) -> bool {
        self.map.roles.get(role).is_some_and(|role| role.place.account != self.place.account)
    }

    /// Whether a way that is aimed so may lead into another account.
    pub(super) fn may_lead_abroad(&self, rule: &Rule, target: &Target<'_>) -> bool {
        let leads = |member| self.map.reached_by(member).iter().any(|one| self.is_abroad(one.role));
        match (target.role, target.user) {
            (Some(place), _) if self.is_abroad(place) => true,
            (Some(place), _) => leads(Member::Role(place)),
            (None, Some(user)) => leads(Member::User(user)),
            // The actor itself, with more permissions.
            (None, None) => rule.effect == Effect::Administrator,
        }
    }
}
