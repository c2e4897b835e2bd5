//! What a rule may be aimed at: its targets among what the inventory knows.

use std::rc::Rc;
use std::sync::Arc;

use super::attempts::Asker;
use super::foreign::Site;
use super::map::Trusting;
use super::rules::{Alternative, Bind, Effect, Fact, Need, RULES, Rule};
use crate::layers::{Attached, Layers};
use crate::policy::Policy;
use crate::truth::Truth;

const ROLES: &str = "the roles of the account";
const USERS: &str = "the users of the account";

/// What one way of a rule is aimed at.
#[derive(Clone, Debug, Default)]
pub(super) struct Aim<'m> {
    /// Place among the roles.
    pub(super) role: Option<usize>,
    /// Place among the users.
    pub(super) user: Option<usize>,
    /// ARN of a group.
    pub(super) group: Option<&'m str>,
    /// What the group that is joined brings.
    pub(super) joined: &'m [Attached],
    /// ARN of a policy, or name of an inline one.
    pub(super) policy: Option<&'m str>,
    /// ARN of a provider.
    pub(super) provider: Option<&'m str>,
    /// What the role reads and the actor writes.
    pub(super) object: Option<Rc<str>>,
    /// Place among the services, and whether the role trusts it.
    pub(super) service: Option<(usize, Truth)>,
    /// Place among the identity policies of what becomes of one.
    pub(super) change: Option<Change<'m>>,
    /// What the inventory does not say.
    pub(super) missing: Vec<&'static str>,
}

/// An identity policy that is put into another version, or taken away.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change<'m> {
    pub(super) index: usize,
    pub(super) version: Option<(&'m Arc<str>, &'m Arc<Policy>)>,
}

impl Aim<'_> {
    fn missing(what: &'static str) -> Self {
        Self { missing: vec![what], ..Self::default() }
    }

    /// Whether whom it would be aimed at is not known.
    pub(super) fn lacks_target(&self) -> bool {
        self.missing.iter().any(|what| [ROLES, USERS].contains(what))
    }

    pub(super) fn is_at_same(&self, other: &Self) -> bool {
        (self.role, self.user, self.policy) == (other.role, other.user, other.policy)
    }
}

/// Everything that an alternative of a rule may be aimed at.
pub(super) fn aims<'m>(
    asker: &Asker<'m>,
    rule: &Rule,
    alternative: &Alternative,
    site: Site<'_>,
) -> Vec<Aim<'m>> {
    let needs = &alternative.needs[..];
    let has = |bind| needs.iter().any(|need| need.bind == bind);
    let aims = if !rule.trust.is_empty() {
        trusting(asker, rule, alternative.makes_profile, site)
    } else if has(Bind::Provider) {
        providers(asker, rule, needs)
    } else if has(Bind::TargetRole) {
        roles(asker, rule)
    } else if has(Bind::TargetUser) {
        users(asker)
    } else if has(Bind::TargetGroup) {
        other_groups(asker)
    } else if has(Bind::OwnGroup) {
        own_groups(asker)
    } else {
        vec![Aim::default()]
    };
    let by_policy = has(Bind::OwnPolicy) || has(Bind::TargetPolicy);
    match rule.effect {
        Effect::Version => aims.into_iter().flat_map(|aim| versions(asker, aim)).collect(),
        Effect::NoPolicy => aims.into_iter().flat_map(|aim| removable(asker, &aim, needs)).collect(),
        _ if has(Bind::ReadByTarget) => aims.into_iter().filter_map(|aim| written(asker, aim)).collect(),
        _ if by_policy => aims.into_iter().flat_map(|aim| of_policies(asker, &aim)).collect(),
        _ => aims,
    }
}

/// Roles of an account that trust a service, which carries them or to which they are passed.
fn trusting<'m>(asker: &Asker<'m>, rule: &Rule, makes_profile: bool, site: Site<'_>) -> Vec<Aim<'m>> {
    let mut aims = Vec::new();
    for service in &rule.trust {
        if asker.map.inventory.roles.is_none() {
            let service = Some((*service, Truth::True));
            aims.push(Aim { service, ..Aim::missing(ROLES) });
        }
        for Trusting { role: index, trust, .. } in asker.map.trusting.get(*service).into_iter().flatten() {
            let Some(trusting) = asker.map.roles.get(*index) else { continue };
            if trusting.place.account != site.place.account || asker.is_actor(trusting.facts.arn) {
                continue;
            }
            let missing = match trusting.facts.instance_profile {
                Some(has) if rule.instance_profile && has == makes_profile => continue,
                None if rule.instance_profile && makes_profile => Vec::new(),
                None if rule.instance_profile => vec!["whether the role has an instance profile"],
                _ => Vec::new(),
            };
            aims.push(Aim {
                role: Some(*index),
                service: Some((*service, *trust)),
                missing,
                ..Aim::default()
            });
        }
    }
    // A role that trusts two of the services is one target.
    aims.sort_by_key(|aim| (aim.role, std::cmp::Reverse(aim.service.map(|(_, trust)| trust))));
    aims.dedup_by_key(|aim| (aim.role, aim.role.is_none().then_some(aim.service)));
    aims
}

/// With an object that the role reads and the actor writes, if there may be one.
fn written<'m>(asker: &Asker<'m>, aim: Aim<'m>) -> Option<Aim<'m>> {
    let object = asker.written_for(aim.role?)?;
    Some(Aim { object: Some(object), ..aim })
}

fn roles<'m>(asker: &Asker<'m>, rule: &Rule) -> Vec<Aim<'m>> {
    if asker.map.inventory.roles.is_none() {
        return vec![Aim::missing(ROLES)];
    }
    let roles = asker.map.roles.iter().enumerate();
    let others = roles.filter(|(_, role)| rule.has(Fact::SelfOrAssumed) || !asker.is_actor(role.facts.arn));
    others.map(|(index, _)| Aim { role: Some(index), ..Aim::default() }).collect()
}

fn users<'m>(asker: &Asker<'m>) -> Vec<Aim<'m>> {
    if asker.map.inventory.users.is_none() {
        return vec![Aim::missing(USERS)];
    }
    let others = asker.map.users.iter().enumerate().filter(|(_, user)| !asker.is_actor(user.facts.arn));
    others.map(|(index, _)| Aim { user: Some(index), ..Aim::default() }).collect()
}

fn other_groups<'m>(asker: &Asker<'m>) -> Vec<Aim<'m>> {
    let Some(groups) = asker.map.inventory.groups else {
        return vec![Aim::missing("the groups of the account")];
    };
    let own = asker.actor.groups.unwrap_or_default();
    let others = groups.iter().filter(|group| !own.contains(&group.arn));
    others.map(|group| Aim { group: Some(group.arn), joined: group.identity, ..Aim::default() }).collect()
}

fn own_groups<'m>(asker: &Asker<'m>) -> Vec<Aim<'m>> {
    let Some(groups) = asker.actor.groups else {
        return vec![Aim::missing("the groups that the user is in")];
    };
    groups.iter().map(|group| Aim { group: Some(group), ..Aim::default() }).collect()
}

/// Roles with the providers that their trust policies name. Of those that a rule would create, only such as do not exist.
fn providers<'m>(asker: &Asker<'m>, rule: &Rule, needs: &[Need]) -> Vec<Aim<'m>> {
    if asker.map.inventory.roles.is_none() {
        return vec![Aim::missing(ROLES)];
    }
    let action = needs.first().and_then(|need| RULES.lower.get(need.action));
    let kind = if action.is_some_and(|action| action.contains("saml")) {
        ":saml-provider/"
    } else {
        ":oidc-provider/"
    };
    let mut aims = Vec::new();
    for (index, role) in asker.map.roles.iter().enumerate() {
        if role.place.account != asker.place.account {
            continue;
        }
        for provider in role.providers.iter().filter(|name| name.contains(kind)) {
            let missing = match asker.map.inventory.providers {
                Some(known) if known.contains(provider) == rule.has(Fact::Dangling) => continue,
                Some(_) => Vec::new(),
                None => vec!["the identity providers of the account"],
            };
            aims.push(Aim { role: Some(index), provider: Some(provider), missing, ..Aim::default() });
        }
    }
    aims
}

/// Every customer-managed policy of whom it is aimed at.
fn of_policies<'m>(asker: &Asker<'m>, aim: &Aim<'m>) -> Vec<Aim<'m>> {
    if aim.lacks_target() {
        return vec![aim.clone()];
    }
    let managed = managed(asker.subject(aim), asker.place.account);
    managed.map(|(_, attached)| Aim { policy: Some(&attached.name), ..aim.clone() }).collect()
}

/// Every stored version of those policies that is not in force.
fn versions<'m>(asker: &Asker<'m>, aim: Aim<'m>) -> Vec<Aim<'m>> {
    if !aim.missing.is_empty() {
        return vec![aim];
    }
    let mut aims = Vec::new();
    for (index, attached) in managed(asker.subject(&aim), asker.place.account) {
        let facts = asker.map.policies.get(&*attached.name);
        let aim = Aim { policy: Some(&attached.name), ..aim.clone() };
        match facts.and_then(|facts| Some((facts, facts.versions?))) {
            None => aims.push(Aim { missing: vec!["the stored versions of the policy"], ..aim }),
            Some((facts, versions)) => {
                let others = versions.iter().filter(|(name, _)| **name != *facts.default_version);
                aims.extend(others.map(|(name, policy)| Aim {
                    change: Some(Change { index, version: Some((name, policy)) }),
                    ..aim.clone()
                }));
            }
        }
    }
    aims
}

fn managed<'m>(layers: Layers<'m>, account: &str) -> impl Iterator<Item = (usize, &'m Attached)> {
    let of_account = format!(":iam::{account}:policy/");
    let identity = layers.identity.iter().enumerate();
    identity.filter(move |(_, attached)| attached.name.contains(&of_account))
}

/// Policies of whom it is aimed at, not through a group, that may deny and that the action takes away.
fn removable<'m>(asker: &Asker<'m>, aim: &Aim<'m>, needs: &[Need]) -> Vec<Aim<'m>> {
    if !aim.missing.is_empty() {
        return vec![aim.clone()];
    }
    let action = needs.first().and_then(|need| RULES.lower.get(need.action));
    let detaches = action.is_some_and(|action| action.contains(":detach"));
    let policies = asker.subject(aim).identity.iter().enumerate().filter(|(_, attached)| {
        attached.group.is_none()
            && attached.policy.may_deny()
            && attached.name.starts_with("arn:") == detaches
    });
    let changed = policies.map(|(index, attached)| Aim {
        policy: Some(&attached.name),
        change: Some(Change { index, version: None }),
        ..aim.clone()
    });
    changed.collect()
}
