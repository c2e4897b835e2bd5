//! What a rule may be aimed at: its targets among what the inventory knows.

use super::actor::Evaluator;
use std::sync::Arc;

use super::chain::Kind;
use super::foreign::Site;
use super::map::Carried;
use super::rules::{Alternative, Bind, Effect, Fact, Need, RULES, Rule};
use crate::layers::{Attached, Layers};
use crate::policy::Policy;
use crate::truth::Truth;

const ROLES: &str = "the roles of the account";
const USERS: &str = "the users of the account";

/// What one way of a rule is aimed at.
#[derive(Clone, Debug, Default)]
pub(super) struct Target<'m> {
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
    pub(super) object: Option<Arc<str>>,
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

impl Target<'_> {
    fn missing(what: &'static str) -> Self {
        Self { missing: vec![what], ..Self::default() }
    }

    /// Whether whom it would be aimed at is not known.
    pub(super) fn lacks_target(&self) -> bool {
        self.missing.iter().any(|what| [ROLES, USERS].contains(what))
    }
}

/// Everything that an alternative of a rule may be aimed at.
pub(super) fn targets<'m>(
    evaluator: &Evaluator<'m>,
    rule: &Rule,
    alternative: &Alternative,
    site: Site<'_>,
) -> Vec<Target<'m>> {
    let needs = &alternative.needs[..];
    let has = |bind| needs.iter().any(|need| need.bind == bind);
    let targets = if !rule.trust.is_empty() {
        trusting(evaluator, rule, alternative, site)
    } else if has(Bind::Provider) {
        providers(evaluator, rule, needs)
    } else if has(Bind::TargetRole) {
        roles(evaluator, rule, needs)
    } else if has(Bind::TargetUser) {
        users(evaluator, needs)
    } else if has(Bind::TargetGroup) {
        other_groups(evaluator)
    } else if has(Bind::OwnGroup) {
        own_groups(evaluator)
    } else {
        vec![Target::default()]
    };
    let by_policy = has(Bind::OwnPolicy) || has(Bind::TargetPolicy);
    match rule.effect {
        Effect::Version => targets.into_iter().flat_map(|target| versions(evaluator, target)).collect(),
        Effect::NoPolicy => {
            targets.into_iter().flat_map(|target| removable(evaluator, &target, needs)).collect()
        }
        _ if has(Bind::ReadByTarget) => {
            targets.into_iter().filter_map(|target| written(evaluator, target)).collect()
        }
        _ if by_policy => targets.into_iter().flat_map(|target| of_policies(evaluator, &target)).collect(),
        _ => targets,
    }
}

/// Roles of an account that trust a service, which carries them or to which they are passed.
fn trusting<'m>(
    evaluator: &Evaluator<'m>,
    wanted: &Rule,
    alternative: &Alternative,
    site: Site<'_>,
) -> Vec<Target<'m>> {
    if evaluator.map.inventory.roles.is_none() {
        let target =
            |service: &usize| Target { service: Some((*service, Truth::True)), ..Target::missing(ROLES) };
        return wanted.trust.iter().map(target).collect();
    }
    let makes_profile = alternative.makes_profile;
    let reach = evaluator.reach(&alternative.needs, Kind::Role);
    let is_reached = |role: usize| reach.as_ref().is_none_or(|reach| reach.binary_search(&role).is_ok());
    let target = |carried: &Carried| {
        let Carried { role: index, service, trust } = *carried;
        let role = evaluator.map.roles.get(index).filter(|_| is_reached(index))?;
        if role.place.account != site.place.account || evaluator.is_actor(role.facts.arn) {
            return None;
        }
        let missing = match role.facts.instance_profile {
            Some(has) if wanted.instance_profile && has == makes_profile => return None,
            None if wanted.instance_profile && !makes_profile => {
                vec!["whether the role has an instance profile"]
            }
            _ => Vec::new(),
        };
        Some(Target { role: Some(index), service: Some((service, trust)), missing, ..Target::default() })
    };
    evaluator.map.carried(wanted).iter().filter_map(target).collect()
}

/// With an object that the role reads and the actor writes, if there may be one.
fn written<'m>(evaluator: &Evaluator<'m>, target: Target<'m>) -> Option<Target<'m>> {
    let object = evaluator.written_for(target.role?)?;
    Some(Target { object: Some(object), ..target })
}

fn roles<'m>(evaluator: &Evaluator<'m>, rule: &Rule, needs: &[Need]) -> Vec<Target<'m>> {
    if evaluator.map.inventory.roles.is_none() {
        return vec![Target::missing(ROLES)];
    }
    let target = |place: usize| {
        let arn = evaluator.map.roles.get(place)?.facts.arn;
        let is_other = rule.has(Fact::SelfOrAssumed) || !evaluator.is_actor(arn);
        is_other.then(|| Target { role: Some(place), ..Target::default() })
    };
    match evaluator.reach(needs, Kind::Role) {
        Some(reach) => reach.iter().filter_map(|place| target(*place)).collect(),
        None => (0..evaluator.map.roles.len()).filter_map(target).collect(),
    }
}

fn users<'m>(evaluator: &Evaluator<'m>, needs: &[Need]) -> Vec<Target<'m>> {
    if evaluator.map.inventory.users.is_none() {
        return vec![Target::missing(USERS)];
    }
    let target = |place: usize| {
        let user = evaluator.map.users.get(place)?;
        let is_other = !evaluator.is_actor(user.facts.arn);
        is_other.then(|| Target { user: Some(place), ..Target::default() })
    };
    match evaluator.reach(needs, Kind::User) {
        Some(reach) => reach.iter().filter_map(|place| target(*place)).collect(),
        None => (0..evaluator.map.users.len()).filter_map(target).collect(),
    }
}

fn other_groups<'m>(evaluator: &Evaluator<'m>) -> Vec<Target<'m>> {
    let Some(groups) = evaluator.map.inventory.groups else {
        return vec![Target::missing("the groups of the account")];
    };
    let own = evaluator.actor.groups.unwrap_or_default();
    let others = groups.iter().filter(|group| !own.contains(&group.arn));
    others
        .map(|group| Target { group: Some(group.arn), joined: group.identity, ..Target::default() })
        .collect()
}

fn own_groups<'m>(evaluator: &Evaluator<'m>) -> Vec<Target<'m>> {
    let Some(groups) = evaluator.actor.groups else {
        return vec![Target::missing("the groups that the user is in")];
    };
    groups.iter().map(|group| Target { group: Some(group), ..Target::default() }).collect()
}

/// Roles with the providers that their trust policies name. Of those that a rule would create, only such as do not exist.
fn providers<'m>(evaluator: &Evaluator<'m>, rule: &Rule, needs: &[Need]) -> Vec<Target<'m>> {
    if evaluator.map.inventory.roles.is_none() {
        return vec![Target::missing(ROLES)];
    }
    let reach = evaluator.reach(needs, Kind::Role);
    let action = needs.first().and_then(|need| RULES.lower.get(need.action));
    let kind = if action.is_some_and(|action| action.contains("saml")) {
        ":saml-provider/"
    } else {
        ":oidc-provider/"
    };
    let mut targets = Vec::new();
    for (index, role) in evaluator.map.roles.iter().enumerate() {
        let is_reached = reach.as_ref().is_none_or(|reach| reach.binary_search(&index).is_ok());
        if role.place.account != evaluator.place.account || !is_reached {
            continue;
        }
        for provider in role.providers.iter().filter(|name| name.contains(kind)) {
            let missing = match evaluator.map.inventory.providers {
                Some(known) if known.contains(provider) == rule.has(Fact::Dangling) => continue,
                Some(_) => Vec::new(),
                None => vec!["the identity providers of the account"],
            };
            targets.push(Target {
                role: Some(index),
                provider: Some(provider),
                missing,
                ..Target::default()
            });
        }
    }
    targets
}

/// Every customer-managed policy of whom it is aimed at.
fn of_policies<'m>(evaluator: &Evaluator<'m>, target: &Target<'m>) -> Vec<Target<'m>> {
    if target.lacks_target() {
        return vec![target.clone()];
    }
    let managed = managed(evaluator.layers_of(target), evaluator.place.account);
    managed.map(|(_, attached)| Target { policy: Some(&attached.name), ..target.clone() }).collect()
}

/// Every stored version of those policies that is not in force.
fn versions<'m>(evaluator: &Evaluator<'m>, target: Target<'m>) -> Vec<Target<'m>> {
    if !target.missing.is_empty() {
        return vec![target];
    }
    let mut targets = Vec::new();
    for (index, attached) in managed(evaluator.layers_of(&target), evaluator.place.account) {
        let facts = evaluator.map.policies.get(&*attached.name);
        let target = Target { policy: Some(&attached.name), ..target.clone() };
        match facts.and_then(|facts| Some((facts, facts.versions?))) {
            None => targets.push(Target { missing: vec!["the stored versions of the policy"], ..target }),
            Some((facts, versions)) => {
                let others = versions.iter().filter(|(name, _)| **name != *facts.default_version);
                targets.extend(others.map(|(name, policy)| Target {
                    change: Some(Change { index, version: Some((name, policy)) }),
                    ..target.clone()
                }));
            }
        }
    }
    targets
}

fn managed<'m>(layers: Layers<'m>, account: &str) -> impl Iterator<Item = (usize, &'m Attached)> {
    let of_account = format!(":iam::{account}:policy/");
    let identity = layers.identity.iter().enumerate();
    identity.filter(move |(_, attached)| attached.name.contains(&of_account))
}

/// Policies of whom it is aimed at, not through a group, that may deny and that the action takes away.
fn removable<'m>(evaluator: &Evaluator<'m>, target: &Target<'m>, needs: &[Need]) -> Vec<Target<'m>> {
    if !target.missing.is_empty() {
        return vec![target.clone()];
    }
    let action = needs.first().and_then(|need| RULES.lower.get(need.action));
    let detaches = action.is_some_and(|action| action.contains(":detach"));
    let policies = evaluator.layers_of(target).identity.iter().enumerate().filter(|(_, attached)| {
        attached.group.is_none()
            && attached.policy.may_deny()
            && attached.name.starts_with("arn:") == detaches
    });
    let changed = policies.map(|(index, attached)| Target {
        policy: Some(&attached.name),
        change: Some(Change { index, version: None }),
        ..target.clone()
    });
    changed.collect()
}
