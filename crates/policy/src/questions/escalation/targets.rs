//! What a rule may be aimed at: its targets among what the inventory knows.

use super::actor::Evaluator;
use std::sync::Arc;

use super::chain::{Kind, Member};
use super::foreign::Site;
use super::map::Carried;
use super::memo::Reach;
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

/// Targets one after another: an account may have hundreds, and few of them are kept.
pub(super) type Targets<'t, 'm> = Box<dyn Iterator<Item = Target<'m>> + 't>;

fn listed<'t, 'm: 't>(targets: Vec<Target<'m>>) -> Targets<'t, 'm> {
    Box::new(targets.into_iter())
}

/// Everything that an alternative of a rule may be aimed at.
pub(super) fn targets<'t, 'm>(
    evaluator: &'t Evaluator<'m>,
    rule: &'t Rule,
    alternative: &'t Alternative,
    site: Site<'t>,
) -> Targets<'t, 'm> {
    let needs = &alternative.needs[..];
    let has = |bind| needs.iter().any(|need| need.bind == bind);
    let targets: Targets<'t, 'm> = if !rule.trust.is_empty() {
        trusting(evaluator, rule, alternative, site)
    } else if has(Bind::Provider) {
        listed(providers(evaluator, rule, needs))
    } else if has(Bind::TargetRole) {
        roles(evaluator, rule, needs)
    } else if has(Bind::TargetUser) {
        users(evaluator, needs)
    } else if has(Bind::TargetGroup) {
        listed(other_groups(evaluator))
    } else if has(Bind::OwnGroup) {
        listed(own_groups(evaluator))
    } else {
        listed(vec![Target::default()])
    };
    let by_policy = has(Bind::OwnPolicy) || has(Bind::TargetPolicy);
    match rule.effect {
        Effect::Version => Box::new(targets.flat_map(|target| versions(evaluator, target))),
        Effect::NoPolicy => Box::new(targets.flat_map(move |target| removable(evaluator, &target, needs))),
        _ if has(Bind::ReadByTarget) => Box::new(targets.filter_map(|target| written(evaluator, target))),
        _ if by_policy => Box::new(targets.flat_map(|target| of_policies(evaluator, &target))),
        _ => targets,
    }
}

/// Roles of an account that trust a service, which carries them or to which they are passed.
fn trusting<'t, 'm>(
    evaluator: &'t Evaluator<'m>,
    wanted: &'t Rule,
    alternative: &Alternative,
    site: Site<'t>,
) -> Targets<'t, 'm> {
    if evaluator.map.inventory.roles.is_none() {
        let target =
            |service: &usize| Target { service: Some((*service, Truth::True)), ..Target::missing(ROLES) };
        return Box::new(wanted.trust.iter().map(target));
    }
    let makes_profile = alternative.makes_profile;
    let Some(account) = evaluator.map.number_of(site.place.account) else { return listed(Vec::new()) };
    let reach = evaluator.reach(&alternative.needs, Kind::Role);
    let is_reached = move |role: usize| reach.as_ref().is_none_or(|reach| reach.binary_search(&role).is_ok());
    let target = move |carried: &Carried| {
        let Carried { role: index, service, trust } = *carried;
        let role = evaluator.map.roles.get(index).filter(|_| is_reached(index))?;
        if role.account != account || evaluator.is_at(Member::Role(index)) {
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
    Box::new(evaluator.map.carried(wanted).iter().filter_map(target))
}

/// With an object that the role reads and the actor writes, if there may be one.
fn written<'m>(evaluator: &Evaluator<'m>, target: Target<'m>) -> Option<Target<'m>> {
    let object = evaluator.written_for(target.role?)?;
    Some(Target { object: Some(object), ..target })
}

fn roles<'t, 'm>(evaluator: &'t Evaluator<'m>, rule: &'t Rule, needs: &[Need]) -> Targets<'t, 'm> {
    if evaluator.map.inventory.roles.is_none() {
        return listed(vec![Target::missing(ROLES)]);
    }
    let is_itself_too = rule.has(Fact::SelfOrAssumed);
    let target = move |place: usize| {
        let is_other = is_itself_too || !evaluator.is_at(Member::Role(place));
        is_other.then(|| Target { role: Some(place), ..Target::default() })
    };
    Box::new(places(evaluator.reach(needs, Kind::Role), evaluator.map.roles.len()).filter_map(target))
}

/// Those within reach, among so many.
fn places(reach: Reach, count: usize) -> impl Iterator<Item = usize> {
    let within = reach.as_ref().map_or(count, |reach| reach.len());
    (0..within).filter_map(move |at| match &reach {
        Some(reach) => reach.get(at).copied(),
        None => Some(at),
    })
}

fn users<'t, 'm>(evaluator: &'t Evaluator<'m>, needs: &[Need]) -> Targets<'t, 'm> {
    if evaluator.map.inventory.users.is_none() {
        return listed(vec![Target::missing(USERS)]);
    }
    let target = move |place: usize| {
        let is_other = !evaluator.is_at(Member::User(place));
        is_other.then(|| Target { user: Some(place), ..Target::default() })
    };
    Box::new(places(evaluator.reach(needs, Kind::User), evaluator.map.users.len()).filter_map(target))
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
