//! Which roles are privileged: administrators, and those who can become one by themselves.

use std::collections::HashMap;

use orgsweep_model::facts::{Policy, Role};
use orgsweep_policy::{
    Actor, Administrator, Attached, Context, Escalation, EscalationMap, EscalationVerdict, EscalationWay,
    Gain, Inventory, Layers, PolicyFacts, Principal, RequestFacts, RoleFacts, StoredVersion, TagFacts,
    UserFacts, administrator, administrator_among, may_lead_to_administrator,
};

use crate::account::{Account, Owned};

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
    let mut judged = HashMap::new();
    let mut open = Vec::new();
    for role in candidates {
        let arn = role.role_arn.as_str();
        let principal = match Principal::iam(arn) {
            Ok(principal) => principal,
            Err(error) => {
                judged.insert(arn, not_told(&error));
                continue;
            }
        };
        let owned = account.role(role);
        let context = context(role, &principal, &owned.layers(), account, requests);
        let candidate = Candidate { principal, context, owned };
        match candidate.administrator(all, account) {
            Administrator::Yes => {
                judged.insert(arn, Privilege::Administrator);
            }
            // An administrator under a condition is UNKNOWN already. To ask for its ways is a thousand decisions.
            Administrator::No { .. } if leads_on(role, &candidate, all, account) => {
                open.push((arn, candidate))
            }
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
struct Candidate {
    principal: Principal,
    context: Context,
    owned: Owned,
}

impl Candidate {
    fn administrator(&self, all: &[Role], account: &Account<'_>) -> Administrator {
        let layers = self.owned.layers();
        let answer = administrator(&self.principal, self.context.clone(), &layers);
        if !matches!(answer, Administrator::Yes | Administrator::If(_)) {
            return answer;
        }
        // Of which names there are, it only depends whether somebody can be made.
        let users = account.others.0.unwrap_or_default().iter().map(|user| user.user_arn.as_str());
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
    let requests = RequestFacts {
        tags: account.tags_of(&role.role_arn),
        trust: layers.resource,
        unique_id: Some(&role.role_id),
        ..requests
    };
    requests.keys(principal).over(Context::auditor())
}

/// Whether there can be a way at all: cheap.
fn leads_on(role: &Role, candidate: &Candidate, all: &[Role], account: &Account<'_>) -> bool {
    may_lead_to_administrator(candidate.owned.layers().identity) || is_named(role, all, account)
}

/// Whether the trust policy of another role may let in a role by its name: then it needs no policy of its own. A trust policy
/// with escapes in it may name anybody.
fn is_named(role: &Role, all: &[Role], account: &Account<'_>) -> bool {
    let session = format!(":assumed-role/{}/", role.role_name);
    let names = |trust: &str| {
        let may_be_anyone = ["\"*\"", "NotPrincipal", "\\"].iter().any(|one| trust.contains(one));
        may_be_anyone || trust.contains(&role.role_arn) || trust.contains(&session)
    };
    all.iter().any(|other| other.role_arn != role.role_arn && names(account.trust_policy(other)))
}

fn beside_others<'a>(
    open: Vec<(&'a str, Candidate)>,
    all: &'a [Role],
    account: &Account<'a>,
    requests: RequestFacts<'_>,
) -> Vec<(&'a str, Privilege)> {
    let owned_roles: Vec<(&Role, Owned)> = all.iter().map(|role| (role, account.role(role))).collect();
    let roles: Vec<RoleFacts<'_>> = owned_roles
        .iter()
        .map(|(role, owned)| RoleFacts {
            arn: &role.role_arn,
            layers: owned.layers(),
            instance_profile: None,
        })
        .collect();
    let read = account.others.0.ok();
    let owned_users: Option<Vec<_>> =
        read.map(|users| users.iter().map(|user| (user, account.user(user))).collect());
    let users: Option<Vec<UserFacts<'_>>> = owned_users.as_ref().map(|users| {
        let facts = users.iter().map(|(user, owned)| UserFacts {
            arn: &user.user_arn,
            layers: owned.layers(),
            access_keys: None,
            inactive_access_keys: None,
            password: None,
        });
        facts.collect()
    });
    let users_arns = users.iter().flatten().map(|user| user.arn);
    let arns = roles.iter().map(|role| role.arn).chain(users_arns);
    let tags: Vec<TagFacts<'_>> =
        arns.filter_map(|arn| Some(TagFacts { arn, tags: account.tags_of(arn)? })).collect();
    let may_set = |candidate: &Candidate| may_set_versions(candidate.owned.layers().identity);
    let wanted = open.iter().any(|(_, candidate)| may_set(candidate)).then(|| account.policies());
    let versions: Vec<(&Policy, Vec<StoredVersion>)> =
        wanted.into_iter().flatten().map(|policy| (policy, account.versions(policy))).collect();
    let policies: Vec<PolicyFacts<'_>> = versions
        .iter()
        .map(|(policy, versions)| PolicyFacts {
            arn: policy.policy_arn.as_deref().unwrap_or_default(),
            default_version: policy.version_id.as_deref().unwrap_or_default(),
            versions: Some(versions),
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
    let judge = |(arn, candidate): (&'a str, Candidate)| {
        let Candidate { principal, context, owned } = &candidate;
        let layers = owned.layers();
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
            not_told(&doubts.first().map(ToString::to_string).unwrap_or_default())
        }
    }
}

fn not_told(why: &dyn std::fmt::Display) -> Privilege {
    Privilege::NotKnown(format!("whether the role is privileged cannot be told: {why}"))
}

/// `iam:PutRolePolicy on arn:…`, with whose rights that gives.
fn steps(way: &EscalationWay) -> String {
    let own = way.steps.iter().filter(|step| step.by.is_none()).chain(&way.chain);
    let told: Vec<String> = own.map(|step| format!("{} on {}", step.action, step.resource)).collect();
    told.join(", then ")
}

/// Why it is not known whether a way leads to an administrator.
fn doubtful(rule: &str, way: &EscalationWay) -> String {
    let steps = steps(way);
    let untold = |why: &dyn std::fmt::Display| {
        format!("whether the role can become an administrator by {steps} ({rule}) cannot be told: {why}")
    };
    let residual = way.steps.iter().chain(&way.chain).find_map(|step| step.residual.as_ref());
    match (way.doubts.first(), &way.missing[..], residual.or(way.gain_if.first())) {
        (Some(doubt), ..) => untold(doubt),
        (None, [], Some(residual)) => {
            format!("the role can become an administrator by {steps} ({rule}) if this holds: {residual}")
        }
        (None, missing, _) => untold(&format!("not known: {}", missing.join(", "))),
    }
}
