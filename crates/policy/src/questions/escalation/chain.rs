//! Where an identity leads: the roles that it may assume, those that they may assume, and so on until nothing is added.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining>

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use super::map::{EscalationMap, Role, Subject};
use crate::context::Context;
use crate::evaluate::decide;
use crate::layers::Layers;
use crate::request::{Principal, Request};
use crate::statement::{Effect, PrincipalEntry, Statement};
use crate::truth::Truth;

const ASSUME: &str = "sts:assumerole";

/// A user or a role by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Member {
    Role(usize),
    User(usize),
}

/// A role that may be assumed, by its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hop {
    pub(super) role: usize,
    pub(super) truth: Truth,
}

/// A role that is reached, by the surest and then the shortest chain.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reached {
    pub(super) role: usize,
    /// The least sure of the hops.
    pub(super) truth: Truth,
    /// Place among the reached of the role that assumes it; `None`: the first identity does.
    pub(super) from: Option<usize>,
}

/// Roles by whom their trust policies may admit.
#[derive(Debug, Default)]
pub(super) struct Admitting<'a> {
    by_arn: HashMap<&'a str, Vec<usize>>,
    by_account: HashMap<&'a str, Vec<usize>>,
    /// Everyone, everyone but some, or sessions.
    others: Vec<usize>,
}

impl<'a> Admitting<'a> {
    pub(super) fn new(roles: &[Role<'a>]) -> Self {
        let mut admitting = Self::default();
        for (index, role) in roles.iter().enumerate() {
            let trust: &'a [_] = role.facts.layers.resource;
            for statement in trust.iter().flat_map(|attached| attached.policy.statements()) {
                if statement.effect() != Effect::Deny {
                    admitting.add(index, statement);
                }
            }
        }
        for roles in admitting.by_arn.values_mut().chain(admitting.by_account.values_mut()) {
            roles.dedup();
        }
        admitting.others.dedup();
        admitting
    }

    fn add(&mut self, role: usize, statement: &'a Statement) {
        let Some(principals) = statement.principals().filter(|principals| !principals.is_negated()) else {
            self.others.push(role);
            return;
        };
        for entry in principals.entries() {
            match entry {
                PrincipalEntry::Account(id) => self.by_account.entry(id).or_default().push(role),
                PrincipalEntry::Arn(arn) if !arn.contains(":sts:") => {
                    self.by_arn.entry(arn).or_default().push(role);
                }
                PrincipalEntry::Everyone | PrincipalEntry::Arn(_) | PrincipalEntry::Unheard(..) => {
                    self.others.push(role);
                }
                _ => {}
            }
        }
    }

    /// Roles whose trust policies may admit someone; those that leave it to the account, only if its policies may allow it.
    fn may_admit(&self, principal: &Principal, layers: &Layers<'_>) -> Vec<usize> {
        let mut statements = layers.identity.iter().flat_map(|attached| attached.policy.statements());
        let may_assume = statements.any(|one| one.effect() != Effect::Deny && one.may_have_action(ASSUME));
        let account = principal.account().filter(|_| may_assume);
        let mut roles: Vec<usize> = self.others.clone();
        roles.extend(self.by_arn.get(principal.name()).into_iter().flatten());
        roles.extend(account.and_then(|account| self.by_account.get(account)).into_iter().flatten());
        roles.sort_unstable();
        roles.dedup();
        roles
    }
}

impl EscalationMap<'_> {
    pub(super) fn member(&self, member: Member) -> Option<(&Subject, &Layers<'_>)> {
        match member {
            Member::Role(index) => self.roles.get(index).map(|role| (&role.subject, &role.facts.layers)),
            Member::User(index) => self.users.get(index).map(|user| (&user.subject, &user.facts.layers)),
        }
    }

    /// The roles that someone with these policies may assume.
    pub(super) fn hops(&self, principal: &Principal, context: &Context, layers: &Layers<'_>) -> Vec<Hop> {
        let start = Request::new(principal.clone(), "", "*", context.clone());
        let start = start.owned_by(principal.account().unwrap_or_default());
        let hop = |index: usize| {
            let role = self.roles.get(index).filter(|role| role.facts.arn != principal.name())?;
            let truth = decide(&start.instead("sts:AssumeRole", role.facts.arn), &role.assumed_by(layers));
            (truth != Truth::False).then_some(Hop { role: index, truth })
        };
        self.admitting.may_admit(principal, layers).into_iter().filter_map(hop).collect()
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

/// The roles of a chain in the order in which they are assumed, the last of them at this place among the reached.
pub(super) fn path(reached: &[Reached], last: usize) -> Vec<usize> {
    let mut roles = Vec::new();
    let mut place = Some(last);
    while let Some(one) = place.and_then(|place| reached.get(place)) {
        roles.push(one.role);
        place = one.from;
    }
    roles.reverse();
    roles
}
