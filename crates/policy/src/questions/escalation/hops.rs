//! The roles that an identity may assume, those that they may assume, and so on until nothing is added.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};

use super::chain::{Hop, Member, Reached};
use super::map::{EscalationMap, Subject};
use crate::context::Context;
use crate::evaluate::decide;
use crate::layers::Layers;
use crate::request::{Principal, Request};
use crate::truth::Truth;

impl EscalationMap<'_> {
    pub(super) fn member(&self, member: Member) -> Option<(&Subject, &Layers<'_>)> {
        match member {
            Member::Role(index) => self.roles.get(index).map(|role| (role.subject(), &role.facts.layers)),
            Member::User(index) => self.users.get(index).map(|user| (user.subject(), &user.facts.layers)),
        }
    }

    /// The roles that someone with these policies may assume.
    pub(super) fn hops(&self, principal: &Principal, context: &Context, layers: &Layers<'_>) -> Vec<Hop> {
        let admitting = self.admitting.may_admit(principal, layers);
        if admitting.is_empty() {
            return Vec::new();
        }
        let start = Request::new(principal.clone(), "", "*", context.clone());
        let start = start.owned_by(principal.account().unwrap_or_default());
        let hop = |index: usize| {
            let role = self.roles.get(index).filter(|role| role.facts.arn != principal.name())?;
            let truth = decide(&start.instead("sts:AssumeRole", role.facts.arn), &role.assumed_by(layers));
            (truth != Truth::False).then_some(Hop { role: index, truth })
        };
        admitting.into_iter().filter_map(hop).collect()
    }

    fn hops_of(&self, member: Member) -> &[Hop] {
        let Some((subject, layers)) = self.member(member) else { return &[] };
        subject.hops.get_or_init(|| match &subject.principal {
            Some(principal) => self.hops(principal, &subject.context, layers),
            None => Vec::new(),
        })
    }

    /// The roles to which a user or a role leads.
    pub(super) fn reached_by(&self, member: Member) -> &[Reached] {
        let Some((subject, _)) = self.member(member) else { return &[] };
        let itself = if let Member::Role(index) = member { Some(index) } else { None };
        subject.reached.get_or_init(|| self.reach(self.hops_of(member), itself))
    }

    /// The roles to which these hops lead: every role once, the surest first, and of those that are as sure the nearest.
    pub(super) fn reach(&self, first: &[Hop], itself: Option<usize>) -> Vec<Reached> {
        let mut reached: Vec<Reached> = Vec::new();
        let mut seen: HashSet<usize> = itself.into_iter().collect();
        let mut waiting = BinaryHeap::new();
        let near = |hop: &Hop| (hop.truth, Reverse((1_usize, hop.role)), None);
        waiting.extend(first.iter().map(near));
        while let Some((truth, Reverse((length, role)), from)) = waiting.pop() {
            if !seen.insert(role) {
                continue;
            }
            let place = reached.len();
            reached.push(Reached { role, truth, from });
            let further = self.hops_of(Member::Role(role)).iter().filter(|hop| !seen.contains(&hop.role));
            let further = further
                .map(|hop| (hop.truth.min(truth), Reverse((length + 1, hop.role)), Some(place)))
                .collect::<Vec<_>>();
            waiting.extend(further);
        }
        reached
    }
}
