//! Where an identity leads: the roles that it may assume, those that they may assume, and so on until nothing is added.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining>

use std::collections::HashMap;

use super::rules::RULES;
use crate::layers::{Attached, Layers};
use crate::request::Principal;
use crate::statement::{Effect, PrincipalEntry, Statement};
use crate::truth::Truth;

/// A user or a role by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Member {
    Role(usize),
    User(usize),
}

/// Users, or roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    User,
    Role,
}

impl Kind {
    pub(super) fn at(self, place: usize) -> Member {
        match self {
            Self::User => Member::User(place),
            Self::Role => Member::Role(place),
        }
    }
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
    pub(super) fn new(trust_policies: impl Iterator<Item = &'a [Attached]>) -> Self {
        let mut admitting = Self::default();
        for (index, trust) in trust_policies.enumerate() {
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
    pub(super) fn may_admit(&self, principal: &Principal, layers: &Layers<'_>) -> Vec<usize> {
        let may_assume = || layers.identity.iter().any(|attached| RULES.may_assume(attached));
        let account = principal.account().filter(|_| may_assume());
        let mut roles: Vec<usize> = self.others.clone();
        roles.extend(self.by_arn.get(principal.name()).into_iter().flatten());
        roles.extend(account.and_then(|account| self.by_account.get(account)).into_iter().flatten());
        roles.sort_unstable();
        roles.dedup();
        roles
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
