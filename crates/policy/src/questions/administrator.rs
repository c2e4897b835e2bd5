//! Whether a principal is effectively an administrator, however it became one.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_job-functions.html>

use std::cell::{Cell, OnceCell};
use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

use super::requests::places_of;
use super::sample::NOBODY;
use crate::action_set::{ActionList, ActionSet};
use crate::answer::{Decision, Denial, Doubt, Residual};
use crate::arn::Arn;
use crate::context::{Context, Key};
use crate::evaluate::{decide, evaluate};
use crate::layers::{Attached, Layers};
use crate::policy::Policy;
use crate::request::{Principal, PrincipalKind, Request};
use crate::truth::Truth;

/// Whether a principal is effectively an administrator.
#[derive(Clone, Debug)]
pub enum Administrator {
    /// It can obtain every permission of its account at any time.
    Yes,
    /// It can if all of these hold, one for each open action.
    If(Vec<Residual>),
    /// It cannot in any way; this is the first denied action of the first way.
    No {
        /// The first action that is denied.
        action: &'static str,
        /// How.
        denial: Denial,
    },
    /// Not known.
    Unknown(Vec<Doubt>),
}

/// An action, and what it is asked about: the kind of identity.
type Need = (&'static str, &'static str);

/// In each of these ways a user is had: its permissions are set, or its credentials.
const USERS: [&[Need]; 7] = [
    &[("iam:AttachUserPolicy", "user")],
    &[("iam:PutUserPolicy", "user")],
    &[("iam:AddUserToGroup", "group"), ("iam:AttachGroupPolicy", "group")],
    &[("iam:AddUserToGroup", "group"), ("iam:PutGroupPolicy", "group")],
    &[("iam:CreateAccessKey", "user")],
    &[("iam:CreateLoginProfile", "user")],
    &[("iam:UpdateLoginProfile", "user")],
];

/// In each of these a role is had. A trust policy that names the principal lets it in, unless something denies.
const ROLES: [&[Need]; 3] = [
    &[("iam:AttachRolePolicy", "role")],
    &[("iam:PutRolePolicy", "role")],
    &[("iam:UpdateAssumeRolePolicy", "role"), (ASSUME, "role")],
];

/// In each of these an identity is made that may do everything.
const NEW: [&[Need]; 6] = [
    &[("iam:CreateRole", "role"), ("iam:AttachRolePolicy", "role"), (ASSUME, "role")],
    &[("iam:CreateRole", "role"), ("iam:PutRolePolicy", "role"), (ASSUME, "role")],
    &[("iam:CreateUser", "user"), ("iam:AttachUserPolicy", "user"), ("iam:CreateAccessKey", "user")],
    &[("iam:CreateUser", "user"), ("iam:PutUserPolicy", "user"), ("iam:CreateAccessKey", "user")],
    &[("iam:CreateUser", "user"), ("iam:AttachUserPolicy", "user"), ("iam:CreateLoginProfile", "user")],
    &[("iam:CreateUser", "user"), ("iam:PutUserPolicy", "user"), ("iam:CreateLoginProfile", "user")],
];

const ASSUME: &str = "sts:AssumeRole";

/// Determines whether a principal is effectively an administrator: whether it can obtain every permission of its account at any
/// time, regardless of other identities. This is the case
///
/// - if it may, for any user and any role (tested with arbitrary names), perform actions that give it their permissions or give
///   them any permission:
///
///   | of | one of |
///   |---|---|
///   | users | `iam:AttachUserPolicy`; `iam:PutUserPolicy`; `iam:AddUserToGroup` with `iam:AttachGroupPolicy` or `iam:PutGroupPolicy`; `iam:CreateAccessKey`; `iam:CreateLoginProfile`; `iam:UpdateLoginProfile` |
///   | roles | `iam:AttachRolePolicy`; `iam:PutRolePolicy`; `iam:UpdateAssumeRolePolicy`, unless `sts:AssumeRole` is denied |
///
/// - or if it may create an administrator, under any name that the policies permit: `iam:CreateRole` with
///   `iam:AttachRolePolicy` or `iam:PutRolePolicy`, unless `sts:AssumeRole` is denied; `iam:CreateUser` with
///   `iam:AttachUserPolicy` or `iam:PutUserPolicy`, and `iam:CreateAccessKey` or `iam:CreateLoginProfile`.
///
/// `*` on `*`, `iam:*`, a list of actions, NotAction forms, through groups or several policies, are all equivalent. Boundaries,
/// SCPs and Deny statements are applied; but if they leave one way open, the principal is an administrator, so a guardrail
/// against a single action does not change that. The attached policy is `AdministratorAccess`, or `IAMFullAccess`, with which
/// everything else can be obtained, on identities without a permissions boundary: a principal that may only [manage identities
/// within
/// one](https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html#access_policies_boundaries-delegate)
/// is not an administrator. The layer `resource` is ignored. What an administrator can do immediately may be less than
/// everything, as with `iam:*`.
///
/// Ways that need a certain identity, policy or workload are escalation, not administration: see
/// [`escalations`](crate::escalations).
///
/// ```
/// use orgsweep_policy::{Administrator, Attached, Context, Layers, Policy, Principal, administrator};
/// use std::sync::Arc;
///
/// let policy = Policy::parse(
///     r#"{"Statement": [{"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"},
///                       {"Effect": "Deny", "Action": "iam:CreateAccessKey", "Resource": "*"}]}"#,
/// )?;
/// let identity = [Attached::new("AlmostEverything", Arc::new(policy))];
/// let layers = Layers { identity: &identity, ..Layers::default() };
/// let ann = Principal::iam("arn:aws:iam::111122223333:user/ann")?;
/// assert!(matches!(administrator(&ann, Context::auditor(), &layers), Administrator::Yes));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn administrator(principal: &Principal, context: Context, layers: &Layers<'_>) -> Administrator {
    administrator_beside(principal, context, layers, &|_| false)
}

/// The same where these users and roles exist, by their ARNs: see [`EscalationMap::administrator`](crate::EscalationMap::administrator).
pub fn administrator_among<'a>(
    principal: &Principal,
    context: Context,
    layers: &Layers<'_>,
    identities: impl Iterator<Item = &'a str>,
) -> Administrator {
    // Most are none by their policies alone.
    let (identities, taken) = (Cell::new(Some(identities)), OnceCell::new());
    let find =
        || identities.take().into_iter().flatten().filter_map(unique_name).collect::<HashSet<String>>();
    let is_taken = |arn: &str| unique_name(arn).is_some_and(|name| taken.get_or_init(find).contains(&name));
    administrator_beside(principal, context, layers, &is_taken)
}

/// The same where it is known which identities exist, by their ARNs: none of their names is created again, whatever its path and
/// case. Who may make, and give permissions to, just one that exists and trusts another principal has nothing by it.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>
pub(super) fn administrator_beside(
    principal: &Principal,
    context: Context,
    layers: &Layers<'_>,
    is_taken: &dyn Fn(&str) -> bool,
) -> Administrator {
    let question = Question::new(principal, context, layers, is_taken);
    question.administrator_if(question.answer())
}

/// The same without the reasons, which cost more than the answer.
pub(super) fn standing_beside(
    principal: &Principal,
    context: &Context,
    layers: &Layers<'_>,
    is_taken: &dyn Fn(&str) -> bool,
) -> Standing {
    if principal.kind() != PrincipalKind::Root && !may_be_administrator(layers.identity) {
        return Standing::Other;
    }
    let question = Question::new(principal, context.clone(), layers, is_taken);
    match question.answer() {
        (Truth::True, _) => Standing::Administrator,
        (Truth::False, _) => Standing::Other,
        open => match question.administrator_if(open) {
            Administrator::Yes => Standing::Administrator,
            Administrator::If(residuals) => Standing::If(residuals),
            Administrator::No { .. } | Administrator::Unknown(_) => Standing::Other,
        },
    }
}

/// What is the same of two identities of which AWS does not let both exist: account, kind, and name without path and case.
pub(super) fn unique_name(arn: &str) -> Option<String> {
    let arn = Arn::read(arn)?;
    let (kind, named) = arn.resource.split_once('/')?;
    let name = named.rsplit('/').next()?;
    Some(format!("{}:{kind}/{}", arn.account, name.to_lowercase()))
}

/// Whether a user or role can have the path and name of an ARN.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html>
fn can_exist(arn: &str) -> bool {
    let Some((_, named)) = Arn::read(arn).and_then(|arn| arn.resource.split_once('/')) else { return false };
    let (path, name) = named.rsplit_once('/').unwrap_or(("", named));
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    (1..=64).contains(&name.len())
        && name.bytes().all(is_of_name)
        && path.len() <= 510
        && path.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The policies of AWS's that make an administrator: who may do everything in IAM gives itself the rest.
/// <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/IAMFullAccess.html>
pub(super) fn making_administrators(partition: &str) -> [String; 2] {
    ["AdministratorAccess", "IAMFullAccess"].map(|name| format!("arn:{partition}:iam::aws:policy/{name}"))
}

/// A trust policy in which the principal has named itself.
static TRUSTING: LazyLock<Option<Attached>> = LazyLock::new(|| {
    let text = r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}}"#;
    Policy::parse(text).ok().map(|policy| Attached::new("the role's trust policy", Arc::new(policy)))
});

/// The actions of all ways but [`ASSUME`], in lower case.
static ACTIONS: LazyLock<ActionList> = LazyLock::new(|| {
    let needs = USERS.iter().chain(&ROLES).chain(&NEW).flat_map(|way| way.iter());
    let mut actions: Vec<String> = needs
        .filter(|(action, _)| *action != ASSUME)
        .map(|(action, _)| action.to_ascii_lowercase())
        .collect();
    actions.sort_unstable();
    actions.dedup();
    ActionList::new(actions)
});

/// What identity policies may allow at least of those who are asked about: the actions of each way.
static WAYS: LazyLock<[Vec<ActionSet>; 3]> = LazyLock::new(|| {
    let set = |way: &&[Need]| {
        ActionSet::of(ACTIONS.all(), |action| way.iter().any(|need| need.0.eq_ignore_ascii_case(action)))
    };
    [&USERS[..], &ROLES, &NEW].map(|ways| ways.iter().map(set).collect())
});

/// Whether it is worth asking [`administrator`] of a user or role with these identity policies: whether they may allow everything
/// that some way takes, on whatever. Cheap; where it is not so, the answer is [`Administrator::No`].
pub fn may_be_administrator(identity: &[Attached]) -> bool {
    let allowed = allowed_by(identity);
    let [users, roles, new] = WAYS.each_ref().map(|ways| ways.iter().any(|way| allowed.has_all(way)));
    (users && roles) || new
}

/// Which of the actions some identity policy may allow on anything.
fn allowed_by(identity: &[Attached]) -> ActionSet {
    let mut allowed = ActionSet::none(ACTIONS.len());
    for attached in identity {
        allowed.add(attached.policy.of_administrators(&ACTIONS));
    }
    allowed
}

/// Whether a principal is an administrator, without the reasons why it is none.
#[derive(Clone, Debug)]
pub(super) enum Standing {
    Administrator,
    /// If all of these hold.
    If(Vec<Residual>),
    /// It is none, or it is not known.
    Other,
}

struct Question<'a> {
    /// Which of the actions some identity policy may allow on anything.
    allowed: ActionSet,
    start: Request,
    attaching: OnceCell<[Request; 2]>,
    layers: Layers<'a>,
    partition: &'a str,
    account: &'a str,
    is_taken: &'a dyn Fn(&str) -> bool,
}

/// What must all be allowed.
type Asked = Vec<(Need, String)>;

impl<'a> Question<'a> {
    fn new(
        principal: &'a Principal,
        context: Context,
        layers: &Layers<'a>,
        is_taken: &'a dyn Fn(&str) -> bool,
    ) -> Self {
        let partition = principal.name().split(':').nth(1).unwrap_or("aws");
        // Identities without a boundary.
        let context = context.with_state("iam:PermissionsBoundary", Key::Absent);
        let context = context.with_state("iam:PolicyARN", Key::Absent);
        let account = principal.account().unwrap_or_default();
        let start = Request::new(principal.clone(), "", "*", context).owned_by(account);
        // What is asked about has no policy of its own.
        Self {
            allowed: allowed_by(layers.identity),
            start,
            attaching: OnceCell::new(),
            layers: Layers { resource: &[], ..*layers },
            partition,
            account,
            is_taken,
        }
    }

    /// How the best of all ways comes out, and what it takes.
    fn answer(&self) -> (Truth, Asked) {
        let every = |ways: &[&[Need]]| {
            let named = |way: &&[Need]| self.named(way, NOBODY);
            match self.best(ways.iter().filter(|way| self.may(way)).map(named)) {
                // The first shows why not.
                (Truth::False, _) => (Truth::False, ways.first().map(named).unwrap_or_default()),
                best => best,
            }
        };
        let (of_users, users) = every(&USERS);
        let (of_roles, roles) =
            if of_users == Truth::False { (Truth::False, Asked::new()) } else { every(&ROLES) };
        let mut best = (of_users.min(of_roles), [users, roles].concat());
        if best.0 != Truth::True {
            let new = self.best(NEW.iter().flat_map(|way| self.anywhere(way)));
            if new.0 > best.0 {
                best = new;
            }
        }
        best
    }

    /// The one of some ways that comes out best.
    fn best(&self, ways: impl Iterator<Item = Asked>) -> (Truth, Asked) {
        let mut best: Option<(Truth, Asked)> = None;
        for way in ways {
            let mut truths = way.iter().map(|(need, resource)| self.decide(*need, resource));
            // One that is denied ends it.
            let truth = truths
                .try_fold(Truth::True, |least, truth| (truth != Truth::False).then_some(least.min(truth)));
            let truth = truth.unwrap_or(Truth::False);
            if best.as_ref().is_none_or(|(known, _)| truth > *known) {
                best = Some((truth, way));
            }
            if truth == Truth::True {
                break;
            }
        }
        best.unwrap_or((Truth::False, Asked::new()))
    }

    fn named(&self, way: &[Need], name: &str) -> Asked {
        let arn = |kind: &str| format!("arn:{}:iam::{}:{kind}/{name}", self.partition, self.account);
        way.iter().map(|need| (*need, arn(need.1))).collect()
    }

    /// A way for each name that the policies leave open for what is made.
    fn anywhere(&self, way: &[Need]) -> Vec<Asked> {
        if !self.may(way) {
            return Vec::new();
        }
        let actions: Vec<&str> =
            way.iter().map(|(action, _)| *action).filter(|action| *action != ASSUME).collect();
        let places = places_of(&actions, self.start.principal(), self.start.context(), &self.layers);
        let own = unique_name(self.start.principal().name());
        let is_free = |place: &str| unique_name(place) != own && !(self.is_taken)(place);
        let new = places.into_iter().filter(|place| can_exist(place) && is_free(place));
        new.map(|place| way.iter().map(|need| (*need, place.clone())).collect()).collect()
    }

    /// Whether an identity policy may allow each action of a way on anything.
    fn may(&self, way: &[Need]) -> bool {
        let allowed = |(action, _): &Need| {
            let place = || ACTIONS.all().iter().position(|known| known.eq_ignore_ascii_case(action));
            *action == ASSUME || place().is_some_and(|place| self.allowed.has(place))
        };
        self.start.principal().kind() == PrincipalKind::Root || way.iter().all(allowed)
    }

    /// The request, and how it comes out: of the policies that may be attached, with the one that comes out best.
    fn request(&self, (action, _): Need, resource: &str) -> (Request, Layers<'_>, Truth) {
        let trust = TRUSTING.as_slice();
        let layers = if action == ASSUME { Layers { resource: trust, ..self.layers } } else { self.layers };
        let ask = |base: &Request| {
            let request = base.instead(action, resource);
            let truth = decide(&request, &layers);
            (request, layers, truth)
        };
        let bases = if action.starts_with("iam:Attach") {
            self.attaching()
        } else {
            std::slice::from_ref(&self.start)
        };
        let (first, others) = bases.split_first().unwrap_or((&self.start, &[]));
        let mut best = ask(first);
        for base in others {
            if best.2 != Truth::True {
                let next = ask(base);
                best = if next.2 > best.2 { next } else { best };
            }
        }
        best
    }

    /// The attaching of each policy that makes an administrator.
    fn attaching(&self) -> &[Request] {
        self.attaching.get_or_init(|| {
            making_administrators(self.partition).map(|arn| {
                let known = Key::Known { values: [arn.into()].into(), multivalued: false };
                self.start.clone().with_key("iam:PolicyARN", known)
            })
        })
    }

    fn decide(&self, need: Need, resource: &str) -> Truth {
        self.request(need, resource).2
    }

    fn administrator_if(&self, (truth, asked): (Truth, Asked)) -> Administrator {
        if truth == Truth::True {
            return Administrator::Yes;
        }
        let (mut residuals, mut doubts) = (Vec::new(), Vec::new());
        for (need, resource) in asked {
            let (request, layers, _) = self.request(need, &resource);
            match evaluate(&request, &layers).decision {
                Decision::Allowed => {}
                Decision::Denied(denial) => return Administrator::No { action: need.0, denial },
                Decision::AllowedIf(residual) => residuals.push(residual),
                Decision::Unknown(more) => doubts.extend(more),
            }
        }
        if doubts.is_empty() { Administrator::If(residuals) } else { Administrator::Unknown(doubts) }
    }
}

#[cfg(test)]
#[path = "administrator_tests.rs"]
mod tests;
