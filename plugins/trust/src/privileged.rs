//! Which roles are privileged: administrators, and those who can become one by themselves.

use std::collections::HashMap;

use orgsweep_identity::{Binding, StoredPolicy};
use orgsweep_model::facts::Role;
use orgsweep_policy::{
    Actor, Administrator, Attached, Context, Escalation, EscalationMap, EscalationVerdict, EscalationWay,
    Gain, Inventory, Layers, PolicyFacts, Principal, RequestFacts, RoleFacts, TagFacts, UserFacts,
    administrator, administrator_among, may_be_administrator, may_lead_to_administrator,
};

use crate::account::Account;

/// Whether a role is privileged.
pub(crate) enum Privilege {
    No,
    /// It is an administrator.
    Administrator,
    /// It can become one, by this rule of escalation and in these steps.
    CanBecomeOne {
        rule: &'static str,
        steps: String,
    },
    /// It may be, and why that is not known.
    NotKnown(String),
}

/// Judges some roles of an account, by their ARNs. Only where one of them may be more than its own policies say are the
/// policies of the others looked at.
pub(crate) fn privileges<'a>(
    candidates: &[&'a Role],
    all: &'a [Role],
    account: &Account<'a>,
) -> HashMap<&'a str, Privilege> {
    let places = account.places();
    let requests = account.requests(&places);
    let named = account.trusts.named();
    let mut judged = HashMap::new();
    let mut open = Vec::new();
    for role in candidates {
        let arn = role.role_arn.as_str();
        let principal = match Principal::iam(arn) {
            Ok(principal) => principal,
            Err(error) => {
                judged.insert(arn, undetermined(&error));
                continue;
            }
        };
        let Some(binding) = account.identities.binding(arn) else {
            judged.insert(arn, undetermined(&"its policies were not read"));
            continue;
        };
        let identity = binding.layers().identity;
        // Most roles can neither be one nor become one, whatever is known of their requests.
        let leads_on = may_lead_to_administrator(identity) || named.may_have(arn, &role.role_name);
        if !leads_on && !may_be_administrator(identity) {
            judged.insert(arn, Privilege::No);
            continue;
        }
        let context = context(role, &principal, &binding.layers(), account, requests);
        let candidate = Candidate { principal, context, binding };
        match candidate.administrator(all, account) {
            Administrator::Yes => {
                judged.insert(arn, Privilege::Administrator);
            }
            // An administrator under a condition is UNKNOWN already. To ask for its ways is a thousand decisions.
            Administrator::No { .. } if leads_on => open.push((arn, candidate)),
            answer => {
                judged.insert(arn, by_itself(&answer));
            }
        }
    }
    if !open.is_empty() {
        judged.extend(beside_others(open, all, account, requests));
    }
    judged
}

/// A role that may be privileged.
struct Candidate<'a> {
    principal: Principal,
    context: Context,
    binding: &'a Binding,
}

impl Candidate<'_> {
    fn administrator(&self, all: &[Role], account: &Account<'_>) -> Administrator {
        let layers = self.binding.layers();
        let answer = administrator(&self.principal, self.context.clone(), &layers);
        if !matches!(answer, Administrator::Yes | Administrator::If(_)) {
            return answer;
        }
        // Of which names there are, it only depends whether somebody can be made.
        let users = account.users.unwrap_or_default().iter().map(|user| user.user_arn.as_str());
        let names = all.iter().map(|role| role.role_arn.as_str()).chain(users);
        administrator_among(&self.principal, self.context.clone(), &layers, names)
    }
}

/// What is known of the requests of a role.
fn context(
    role: &Role,
    principal: &Principal,
    layers: &Layers<'_>,
    account: &Account<'_>,
    requests: RequestFacts<'_>,
) -> Context {
    let tags = account.identities.tags_of(&role.role_arn);
    let requests = RequestFacts {
        tags: tags.as_deref(),
        trust: layers.resource,
        unique_id: Some(&role.role_id),
        ..requests
    };
    requests.keys(principal).over(Context::auditor())
}

fn beside_others<'a>(
    open: Vec<(&'a str, Candidate<'a>)>,
    all: &'a [Role],
    account: &Account<'a>,
    requests: RequestFacts<'_>,
) -> Vec<(&'a str, Privilege)> {
    let identities = account.identities;
    let layers = |arn: &str| Some(identities.binding(arn)?.layers());
    let roles = all.iter().filter_map(|role| {
        Some(RoleFacts { arn: &role.role_arn, layers: layers(&role.role_arn)?, instance_profile: None })
    });
    let roles: Vec<RoleFacts<'_>> = roles.collect();
    let users: Option<Vec<UserFacts<'_>>> = account.users.ok().map(|users| {
        let facts = users.iter().filter_map(|user| {
            Some(UserFacts {
                arn: &user.user_arn,
                layers: layers(&user.user_arn)?,
                access_keys: None,
                inactive_access_keys: None,
                password: None,
            })
        });
        facts.collect()
    });
    let arns = roles.iter().map(|role| role.arn).chain(users.iter().flatten().map(|user| user.arn));
    let known: Vec<(&str, Vec<(&str, &str)>)> =
        arns.filter_map(|arn| Some((arn, identities.tags_of(arn)?))).collect();
    let tags: Vec<TagFacts<'_>> = known.iter().map(|(arn, tags)| TagFacts { arn, tags }).collect();
    let may_set = |candidate: &Candidate<'_>| may_set_versions(candidate.binding.layers().identity);
    let is_needed = open.iter().any(|(_, candidate)| may_set(candidate));
    let stored: Vec<StoredPolicy<'_>> = if is_needed { identities.stored_policies() } else { Vec::new() };
    let policies: Vec<PolicyFacts<'_>> = stored
        .iter()
        .map(|policy| PolicyFacts {
            arn: policy.arn,
            default_version: policy.default_version,
            versions: Some(&policy.versions),
        })
        .collect();
    let map = EscalationMap::new(&Inventory {
        roles: Some(&roles),
        users: users.as_deref(),
        // No role is in a group.
        groups: Some(&[]),
        policies: Some(&policies),
        providers: None,
        tags: Some(&tags),
        management_account: account.is_management(),
        requests,
    });
    let judge = |(arn, candidate): (&'a str, Candidate<'a>)| {
        let Candidate { principal, context, binding } = &candidate;
        let layers = binding.layers();
        let actor = Actor { principal, context: context.clone(), layers, groups: Some(&[]) };
        (arn, by_way(map.way_to_administrator(&actor)))
    };
    open.into_iter().map(judge).collect()
}

/// Only then are documents worth reading that are not in force.
fn may_set_versions(identity: &[Attached]) -> bool {
    identity.iter().any(|attached| attached.policy.may_allow_action("iam:SetDefaultPolicyVersion"))
}

/// What comes of the surest way.
fn by_way(way: Option<Escalation>) -> Privilege {
    let Some(Escalation { rule, ways, .. }) = way else { return Privilege::No };
    match ways.first() {
        None => Privilege::No,
        Some(way) if way.gain == Gain::Administrator && way.verdict == EscalationVerdict::Yes => {
            Privilege::CanBecomeOne { rule, steps: steps(way) }
        }
        Some(way) => Privilege::NotKnown(doubtful(rule, way)),
    }
}

/// What the role's own policies say.
fn by_itself(answer: &Administrator) -> Privilege {
    match answer {
        Administrator::Yes => Privilege::Administrator,
        Administrator::No { .. } => Privilege::No,
        Administrator::If(residuals) => {
            let first = residuals.first().map(ToString::to_string).unwrap_or_default();
            Privilege::NotKnown(format!("the role is privileged if this holds: {first}"))
        }
        Administrator::Unknown(doubts) => {
            undetermined(&doubts.first().map(ToString::to_string).unwrap_or_default())
        }
    }
}

fn undetermined(why: &dyn std::fmt::Display) -> Privilege {
    Privilege::NotKnown(format!("whether the role is privileged cannot be determined: {why}"))
}

/// `iam:PutRolePolicy on arn:…`, with whose rights that gives.
fn steps(way: &EscalationWay) -> String {
    let own = way.steps.iter().filter(|step| step.by.is_none()).chain(&way.chain);
    let steps: Vec<String> = own.map(|step| format!("{} on {}", step.action, step.resource)).collect();
    steps.join(", then ")
}

/// Why it is not known whether a way leads to an administrator.
fn doubtful(rule: &str, way: &EscalationWay) -> String {
    let steps = steps(way);
    let undetermined = |why: &dyn std::fmt::Display| {
        format!(
            "whether the role can become an administrator by {steps} ({rule}) cannot be determined: {why}"
        )
    };
    let residual = way.steps.iter().chain(&way.chain).find_map(|step| step.residual.as_ref());
    match (way.doubts.first(), &way.missing[..], residual.or(way.gain_if.first())) {
        (Some(doubt), ..) => undetermined(doubt),
        (None, [], Some(residual)) => {
            format!("the role can become an administrator by {steps} ({rule}) if this holds: {residual}")
        }
        (None, missing, _) => undetermined(&format!("not known: {}", missing.join(", "))),
    }
}
