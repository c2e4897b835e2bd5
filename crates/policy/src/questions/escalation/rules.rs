//! The rules of escalation, as data: ids and permissions after pathfinding.cloud, and more of the kind.
//! <https://github.com/DataDog/pathfinding.cloud>

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use serde_json::{Map, Value as Json};

use super::found::EscalationVerdict;
use crate::action_set::{ActionList, ActionSet};
use crate::catalogue::Catalogue;
use crate::layers::Attached;
use crate::questions::kind::Kinds;
use crate::request::PrincipalKind;

/// What an action of a rule must be allowed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bind {
    /// The role that is gained.
    TargetRole,
    /// The user that is gained.
    TargetUser,
    /// A group that the actor is not in.
    TargetGroup,
    /// A customer-managed policy attached to the role that is gained.
    TargetPolicy,
    /// The actor itself, a user.
    OwnUser,
    /// The actor itself, a role.
    OwnRole,
    /// A group that the actor is in.
    OwnGroup,
    /// A customer-managed policy attached to the actor.
    OwnPolicy,
    /// A SAML or OIDC provider.
    Provider,
    /// An object of S3 that the role reads which is gained.
    ReadByTarget,
    /// Whatever it may be allowed on.
    Somewhere,
}

/// Whose permissions are gained, and what changes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Those of the target as they are.
    Target,
    /// Those of the target, or the actor, once it may do everything within its limits.
    Administrator,
    /// Those of the actor, and of the group that it joins.
    Group,
    /// Those of the target, or the actor, without its boundary.
    NoBoundary,
    /// Those of the actor with another version of the policy.
    Version,
    /// Those of the target, or the actor, without one of its policies.
    NoPolicy,
    /// Those of the target, as far as they are of these actions.
    Within,
    /// Those of a role that the target assumes, and not its own.
    Executed,
    /// Not known from policies.
    NotTold,
}

/// What else must be so, and can be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fact {
    FreeKey,
    FullKeys,
    InactiveKey,
    Password,
    NoPassword,
    /// The policy has room for one more version, or one may be deleted.
    SpareVersion,
    /// A role trusts the provider, which does not exist.
    Dangling,
    /// The actor is in the management account.
    Management,
    /// The role has the name of one that AWS makes in member accounts for the management account.
    OrganizationRole,
    TrustsOtherAccount,
    TrustsEveryone,
    /// The actor is the role, or may assume it.
    SelfOrAssumed,
    /// A role for the EMR service itself may be passed too.
    EmrServiceRole,
}

impl Fact {
    /// Whether it is known of the target, or the account, without a request of the actor.
    pub(super) fn is_of_the_target(self) -> bool {
        !matches!(self, Self::SpareVersion | Self::SelfOrAssumed | Self::EmrServiceRole | Self::Dangling)
    }
}

/// One action of an alternative.
#[derive(Clone, Copy, Debug)]
pub(super) struct Need {
    /// Its place in [`Rules::actions`].
    pub(super) action: usize,
    pub(super) bind: Bind,
}

/// Actions that come to the rule together.
#[derive(Debug)]
pub(super) struct Alternative {
    pub(super) needs: Vec<Need>,
    /// Those of its actions that only an identity policy of the actor allows: all but the assuming of a role, which a trust
    /// policy allows alone.
    pub(super) of_identity: ActionSet,
    /// What it comes to at most, and why.
    pub(super) at_most: EscalationVerdict,
    pub(super) proviso: Option<String>,
    /// An instance profile is made for the role, which has none.
    pub(super) makes_profile: bool,
}

#[derive(Debug)]
pub(super) struct Rule {
    pub(super) id: String,
    pub(super) user: bool,
    pub(super) role: bool,
    /// One of these, and of it all.
    pub(super) alternatives: Vec<Alternative>,
    pub(super) effect: Effect,
    /// The actions to which the gain is limited.
    pub(super) within: Vec<String>,
    /// Places in [`Rules::services`] of those of which the role must trust one.
    pub(super) trust: Vec<usize>,
    /// Its place in [`Rules::rules`].
    pub(super) place: usize,
    pub(super) instance_profile: bool,
    /// Place in [`Rules::services`] of what `iam:PassedToService` names, if it is not the service that the role trusts.
    pub(super) passed_to: Option<usize>,
    /// Which service `iam:PassedToService` names is not confirmed.
    pub(super) passed_to_unconfirmed: bool,
    /// Places in [`Rules::services`] of those of which a role trusts one if what the rule takes is in the account. `None`: the
    /// rule needs no such sign. Empty: there is none that could be known.
    pub(super) signs: Option<Vec<usize>>,
    pub(super) facts: Vec<Fact>,
}

impl Rule {
    /// Whether what it comes to can be an administrator by what policies say.
    pub(super) fn leads_to_administrator(&self) -> bool {
        let has_no_sign = self.signs.as_ref().is_some_and(Vec::is_empty);
        let is_of_policies = !matches!(self.effect, Effect::NotTold | Effect::Within);
        !has_no_sign && is_of_policies && self.alternatives.iter().any(|one| self.leads_by(one))
    }

    /// Whether an alternative needs nothing but what policies say. That there is a role which the target assumes is a proviso
    /// that they may settle.
    fn leads_by(&self, alternative: &Alternative) -> bool {
        self.effect == Effect::Executed || alternative.proviso.is_none()
    }

    pub(super) fn is_open_to(&self, kind: PrincipalKind) -> bool {
        match kind {
            PrincipalKind::User => self.user,
            PrincipalKind::Role => self.role,
            _ => false,
        }
    }

    pub(super) fn has(&self, fact: Fact) -> bool {
        self.facts.contains(&fact)
    }
}

/// What a trust policy may allow alone.
pub(super) const ASSUME: &str = "sts:assumerole";

#[derive(Debug, Default)]
pub(super) struct Rules {
    pub(super) rules: Vec<Rule>,
    /// Every action that a rule needs, once.
    pub(super) actions: Vec<String>,
    /// The same in lower case.
    pub(super) lower: Vec<String>,
    /// What they are about; `None` if the catalogue does not list the action.
    pub(super) kinds: Vec<Option<Arc<Kinds>>>,
    /// Whether their requests have the key `iam:PermissionsBoundary`.
    /// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html>
    pub(super) bounded: Vec<bool>,
    /// Every service, or provider, that a role must trust for a rule, once.
    pub(super) services: Vec<TrustedService>,
    /// The same, to be found by how they begin.
    pub(super) list: ActionList,
    /// The places of the actions in lower case.
    pub(super) places: HashMap<String, usize, ahash::RandomState>,
    /// The place of `s3:PutObject`.
    pub(super) write_object: Option<usize>,
    /// That of `sts:AssumeRole`.
    assume: Option<usize>,
    /// That of `iam:UpdateAssumeRolePolicy`.
    rewrite: Option<usize>,
}

impl Rules {
    /// Whether a role with these identity policies may take all steps of some rule that can lead to an administrator; but to be
    /// assumed by name, for which it needs no policy.
    pub(super) fn may_begin(&'static self, identity: &[Attached]) -> bool {
        let allowed = self.allowed_by(identity);
        let rules = self.rules.iter().filter(|rule| rule.role && rule.leads_to_administrator());
        let leading = |rule: &'static Rule| rule.alternatives.iter().filter(|one| rule.leads_by(one));
        let mut alternatives = rules.flat_map(leading);
        // Another step than the assuming of a role always takes a policy.
        alternatives.any(|one| {
            if one.needs.iter().all(|need| self.is_assuming(need)) {
                one.needs.iter().all(|need| allowed.has(need.action))
            } else {
                allowed.has_all(&one.of_identity)
            }
        })
    }

    /// Which of the actions some identity policy may allow, on whatever.
    pub(super) fn allowed_by(&self, identity: &[Attached]) -> ActionSet {
        let mut allowed = ActionSet::none(self.lower.len());
        for attached in identity {
            allowed.add(attached.policy.of_rules(&self.list));
        }
        allowed
    }

    /// Whether a policy may allow one of the actions, on whatever.
    pub(super) fn may_allow(&self, attached: &Attached, action: usize) -> bool {
        attached.policy.of_rules(&self.list).has(action)
    }

    /// Whether a policy may allow that roles are assumed.
    pub(super) fn may_assume(&self, attached: &Attached) -> bool {
        self.assume.is_some_and(|assume| self.may_allow(attached, assume))
    }

    pub(super) fn is_assuming(&self, need: &Need) -> bool {
        Some(need.action) == self.assume
    }

    /// Whether the actor writes itself into a trust policy, and then assumes the role.
    pub(super) fn is_rewriting(&self, need: &Need) -> bool {
        Some(need.action) == self.rewrite
    }

    /// Whether a rule passes a role to a service.
    pub(super) fn takes_passed_roles(&self, name: &str) -> bool {
        let passes = |rule: &&Rule| {
            let mut needs = rule.alternatives.iter().flat_map(|one| &one.needs);
            needs.any(|need| self.lower.get(need.action).is_some_and(|action| action == "iam:passrole"))
        };
        let services = self.rules.iter().filter(passes).flat_map(|rule| &rule.trust);
        let mut services = services.filter_map(|service| self.services.get(*service));
        services.any(|service| !service.federated && service.name == name)
    }
}

/// A service, or a provider of identities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TrustedService {
    pub(super) name: String,
    pub(super) federated: bool,
}

/// The rules that are compiled into the crate. A test holds that they can be read.
pub(super) static RULES: LazyLock<Rules> =
    LazyLock::new(|| read(include_str!("../../../data/escalation-rules.json")).unwrap_or_default());

/// Whether roles are passed to a service.
pub(in crate::questions) fn takes_passed_roles(service: &str) -> bool {
    RULES.takes_passed_roles(service.trim_end_matches(".cn"))
}

/// Reads the rules; an error names the rule and what is wrong with it.
pub(super) fn read(text: &str) -> Result<Rules, String> {
    let parsed: Json = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let mut rules = Rules::default();
    for (number, one) in parsed.as_array().ok_or("the rules are no list")?.iter().enumerate() {
        let members = one.as_object().ok_or_else(|| format!("rule {number} is no object"))?;
        let id = text_of(members, "id").map_err(|error| format!("rule {number}: {error}"))?;
        let rule = rule(id, members, &mut rules).map_err(|error| format!("{id}: {error}"))?;
        rules.rules.push(rule);
    }
    rules.lower = rules.actions.iter().map(|action| action.to_ascii_lowercase()).collect();
    for alternative in rules.rules.iter_mut().flat_map(|rule| &mut rule.alternatives) {
        alternative.of_identity = ActionSet::none(rules.lower.len());
        for need in &alternative.needs {
            if rules.lower.get(need.action).is_some_and(|action| action != ASSUME) {
                alternative.of_identity.insert(need.action);
            }
        }
    }
    rules.kinds = rules.actions.iter().map(|action| Kinds::of(action)).collect();
    let is_bounded = |action: &String| {
        let listed = Catalogue::get().action(action);
        listed.is_some_and(|listed| listed.condition_keys().any(|key| key.name == "iam:PermissionsBoundary"))
    };
    rules.list = ActionList::new(rules.lower.clone());
    rules.places = rules.lower.iter().cloned().zip(0..).collect();
    let place_of = |action: &str| rules.places.get(action).copied();
    rules.write_object = place_of("s3:putobject");
    rules.assume = place_of(ASSUME);
    rules.rewrite = place_of("iam:updateassumerolepolicy");
    rules.bounded = rules.actions.iter().map(is_bounded).collect();
    Ok(rules)
}

const MEMBERS: [&str; 15] = [
    "id",
    "form",
    "actors",
    "required",
    "effect",
    "within",
    "at_most",
    "trust",
    "federated",
    "instance_profile",
    "passed_to",
    "passed_to_unconfirmed",
    "facts",
    "signs",
    "proviso",
];

fn rule(id: &str, members: &Map<String, Json>, rules: &mut Rules) -> Result<Rule, String> {
    if let Some(unheard) = members.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
        return Err(format!("{unheard} is not known"));
    }
    let optional = |name: &str| members.contains_key(name);
    let at_most = verdict(text_of(members, "at_most")?)?;
    let proviso = optional("proviso").then(|| text_of(members, "proviso").map(str::to_owned)).transpose()?;
    let mut alternatives = Vec::new();
    for one in list(members, "required")? {
        alternatives.push(alternative(one, (at_most, proviso.as_deref()), &mut rules.actions)?);
    }
    if alternatives.is_empty() || alternatives.iter().any(|one| one.needs.is_empty()) {
        return Err("it needs nothing".to_owned());
    }
    let actors = texts(members, "actors")?;
    let is = |wanted: &str| {
        actors.iter().any(|actor| actor == wanted || actor == "any" || actor == "external-account")
    };
    let federated = optional("federated");
    let mut services = |names: Vec<String>| -> Vec<usize> {
        let services = names.into_iter().map(|name| TrustedService { name, federated });
        services.map(|service| place_of(&mut rules.services, service)).collect()
    };
    let trust = if optional("trust") { services(texts(members, "trust")?) } else { Vec::new() };
    let signs = if optional("signs") { Some(services(texts(members, "signs")?)) } else { None };
    let passed_to = if optional("passed_to") {
        services(vec![text_of(members, "passed_to")?.to_owned()]).first().copied()
    } else {
        None
    };
    Ok(Rule {
        id: id.to_owned(),
        user: is("user"),
        role: is("role"),
        alternatives,
        effect: effect(text_of(members, "effect")?)?,
        within: if optional("within") { texts(members, "within")? } else { Vec::new() },
        trust,
        place: rules.rules.len(),
        passed_to,
        signs,
        instance_profile: optional("instance_profile"),
        passed_to_unconfirmed: optional("passed_to_unconfirmed"),
        facts: if optional("facts") {
            texts(members, "facts")?.iter().map(|name| fact(name)).collect::<Result<_, _>>()?
        } else {
            Vec::new()
        },
    })
}

/// A list of actions, or an object of it and of what is not the same as of the rule.
fn alternative(
    one: &Json,
    (at_most, proviso): (EscalationVerdict, Option<&str>),
    actions: &mut Vec<String>,
) -> Result<Alternative, String> {
    let (members, needs) = match one {
        Json::Object(members) => (Some(members), list(members, "actions")?),
        other => (None, other.as_array().ok_or("an alternative is no list")?.as_slice()),
    };
    let known = ["actions", "at_most", "proviso", "makes_profile"];
    let mut names = members.into_iter().flat_map(Map::keys);
    if let Some(unheard) = names.find(|name| !known.contains(&name.as_str())) {
        return Err(format!("{unheard} is not known"));
    }
    let own = |name: &str| members.filter(|members| members.contains_key(name));
    Ok(Alternative {
        needs: needs.iter().map(|one| need(one, actions)).collect::<Result<_, _>>()?,
        at_most: own("at_most").map_or(Ok(at_most), |members| verdict(text_of(members, "at_most")?))?,
        proviso: match own("proviso") {
            Some(members) => Some(text_of(members, "proviso")?.to_owned()),
            None => proviso.map(str::to_owned),
        },
        of_identity: ActionSet::default(),
        makes_profile: own("makes_profile").is_some(),
    })
}

fn verdict(name: &str) -> Result<EscalationVerdict, String> {
    Ok(match name {
        "yes" => EscalationVerdict::Yes,
        "conditional" => EscalationVerdict::Conditional,
        "potential" => EscalationVerdict::Potential,
        other => return Err(format!("{other} is no verdict")),
    })
}

fn need(one: &Json, actions: &mut Vec<String>) -> Result<Need, String> {
    let pair = one.as_array().map(Vec::as_slice);
    let Some([Json::String(action), Json::String(bound)]) = pair else {
        return Err(format!("{one} is not an action with what it is bound to"));
    };
    if !action.contains(':') {
        return Err(format!("{action} is no action"));
    }
    Ok(Need { action: place_of(actions, action.clone()), bind: bind(bound)? })
}

/// Where it is in the list, in which it is put if it is not.
fn place_of<T: PartialEq>(list: &mut Vec<T>, wanted: T) -> usize {
    list.iter().position(|known| *known == wanted).unwrap_or_else(|| {
        list.push(wanted);
        list.len() - 1
    })
}

fn bind(name: &str) -> Result<Bind, String> {
    Ok(match name {
        "target_role" => Bind::TargetRole,
        "target_user" => Bind::TargetUser,
        "target_group" => Bind::TargetGroup,
        "target_policy" => Bind::TargetPolicy,
        "own_user" => Bind::OwnUser,
        "own_role" => Bind::OwnRole,
        "own_group" => Bind::OwnGroup,
        "own_policy" => Bind::OwnPolicy,
        "provider" => Bind::Provider,
        "read_by_target" => Bind::ReadByTarget,
        "new" | "carrier" | "support" | "identity_center" | "org" | "member_root" | "any" => Bind::Somewhere,
        other => return Err(format!("{other} is nothing to bind an action to")),
    })
}

fn effect(name: &str) -> Result<Effect, String> {
    Ok(match name {
        "target" => Effect::Target,
        "administrator" => Effect::Administrator,
        "group" => Effect::Group,
        "no_boundary" => Effect::NoBoundary,
        "version" => Effect::Version,
        "no_policy" => Effect::NoPolicy,
        "within" => Effect::Within,
        "executed" => Effect::Executed,
        "not_told" => Effect::NotTold,
        other => return Err(format!("{other} is no effect")),
    })
}

fn fact(name: &str) -> Result<Fact, String> {
    Ok(match name {
        "free_key" => Fact::FreeKey,
        "full_keys" => Fact::FullKeys,
        "inactive_key" => Fact::InactiveKey,
        "password" => Fact::Password,
        "no_password" => Fact::NoPassword,
        "spare_version" => Fact::SpareVersion,
        "dangling" => Fact::Dangling,
        "management" => Fact::Management,
        "organization_role" => Fact::OrganizationRole,
        "trusts_other_account" => Fact::TrustsOtherAccount,
        "trusts_everyone" => Fact::TrustsEveryone,
        "self_or_assumed" => Fact::SelfOrAssumed,
        "emr_service_role" => Fact::EmrServiceRole,
        other => return Err(format!("{other} is no fact")),
    })
}

fn text_of<'a>(members: &'a Map<String, Json>, name: &str) -> Result<&'a str, String> {
    members.get(name).and_then(Json::as_str).ok_or_else(|| format!("{name} is no text"))
}

fn list<'a>(members: &'a Map<String, Json>, name: &str) -> Result<&'a [Json], String> {
    members.get(name).and_then(Json::as_array).map(Vec::as_slice).ok_or_else(|| format!("{name} is no list"))
}

fn texts(members: &Map<String, Json>, name: &str) -> Result<Vec<String>, String> {
    let text =
        |one: &Json| one.as_str().map(str::to_owned).ok_or_else(|| format!("{name} is no list of texts"));
    list(members, name)?.iter().map(text).collect()
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
