//! Who may assume a role, under which conditions, and whether anything guards against an outsider.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_terms-and-concepts.html>
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html>

use super::escalation::takes_passed_roles;
use super::guard::{Caller, is_guard, is_guarded, names_tenants_session};
use super::never_sent::{NeverSent, never_sent};
use super::sample::NOBODY;
use super::tenant;
use crate::answer::{Citation, Decision, Denial, Doubt, Layer, Residual};
use crate::arn::Arn;
use crate::condition::Condition;
use crate::context::{Context, Key};
use crate::evaluate::evaluate_resource_side;
use crate::layers::{Attached, Guardrails, Layers};
use crate::request::{Principal, Request};
use crate::statement::{Effect, PrincipalEntry, Statement};
use crate::truth::Truth;

/// What is known of the organization.
#[derive(Clone, Copy)]
pub struct Organization<'a> {
    /// Its id, such as `o-a1b2c3d4e5`.
    pub id: &'a str,
    /// Whether an account belongs to it.
    pub has_account: &'a dyn Fn(&str) -> bool,
}

/// One way into a role: an entry of a statement of its trust policy, and the action that it opens.
#[derive(Clone, Debug)]
pub struct Door {
    /// The statement's place in the policy, from 0.
    pub statement: usize,
    /// Whom it names; `None` where `NotPrincipal` leaves everyone else.
    pub entry: Option<PrincipalEntry>,
    /// `sts:AssumeRole`, `sts:AssumeRoleWithSAML` or `sts:AssumeRoleWithWebIdentity`.
    pub action: &'static str,
    /// What the role's side says to someone whom the entry names, about whom no more is known: its whole trust policy, and
    /// the RCPs of its account. Whether the other side allows is another question.
    pub decision: Decision,
    /// What it says to someone from outside; `None` where the entry names no principal outside.
    pub outsider: Option<Outsider>,
    /// Mistakes: conditions of the statement, and of those of the trust policy that deny, on keys that AWS never sends to STS.
    pub never_sent: Vec<NeverSent>,
}

/// How a door stands to someone from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outsider {
    /// No principal from outside gets in.
    Shut,
    /// Only past a condition that shows who asks, from where or on whose behalf.
    Guarded,
    /// Only past the session name by which the customers of an issuer that they share are distinguished: nothing keeps one of
    /// them from using the name of another.
    WeaklyGuarded,
    /// Not known.
    Unknown,
    /// Nothing keeps an outsider away.
    Open,
}

const ACTIONS: [&str; 3] = ["sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"];

/// An account that does not exist, and an organization.
const ELSEWHERE: &str = "000000000000";
const OTHER_ORGANIZATION: &str = "o-0000000000";

/// The ways into a role, one for each entry of each statement of its trust policy that allows, and each action that the
/// statement has and the entry may use.
///
/// A door that stands open to a service is shut to outsiders where roles are passed to that service, since
/// [no principal passes a role of another account](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html); of
/// other services it is not known whether they can be put up to it from outside.
///
/// Without an organization every account but the role's own is outside, and of none it is known whether it is in one.
///
/// ```
/// use orgsweep_policy::{Attached, Guardrails, Outsider, Policy, doors};
/// use std::sync::Arc;
///
/// let trust = Policy::parse(
///     r#"{"Statement": {"Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": "sts:AssumeRole",
///         "Condition": {"StringEquals": {"sts:ExternalId": "f3a9c1"}}}}"#,
/// )?;
/// let trust = Attached::new("trust", Arc::new(trust));
/// let doors = doors("arn:aws:iam::111122223333:role/vendor", &trust, Guardrails::NoOrganization, None);
/// assert_eq!(doors[0].outsider, Some(Outsider::Guarded));
/// # Ok::<(), orgsweep_policy::ParseError>(())
/// ```
pub fn doors(
    role_arn: &str,
    trust: &Attached,
    resource_control: Guardrails<'_>,
    organization: Option<&Organization<'_>>,
) -> Vec<Door> {
    let resource = std::slice::from_ref(trust);
    let layers = Layers { resource_control, resource, ..Layers::default() };
    let house = House { role_arn, layers, organization };
    let mut doors = Vec::new();
    for (index, statement) in trust.policy.statements().iter().enumerate() {
        if statement.effect() == Effect::Deny {
            continue;
        }
        let everyone_else = [None];
        let entries: Vec<Option<&PrincipalEntry>> = match statement.principals() {
            Some(principals) if !principals.is_negated() => principals.entries().iter().map(Some).collect(),
            _ => everyone_else.into(),
        };
        for entry in entries {
            doors.extend(ACTIONS.iter().filter_map(|action| house.door(index, statement, entry, action)));
        }
    }
    doors
}

struct House<'a> {
    role_arn: &'a str,
    layers: Layers<'a>,
    organization: Option<&'a Organization<'a>>,
}

impl House<'_> {
    fn door(
        &self,
        index: usize,
        statement: &Statement,
        entry: Option<&PrincipalEntry>,
        action: &'static str,
    ) -> Option<Door> {
        if !is_used_by(entry, action) {
            return None;
        }
        let never_sent = || {
            let all = self.layers.resource.iter().flat_map(|trust| never_sent(&trust.policy, action));
            all.filter(|one| one.statement == index || one.effect == Effect::Deny).collect()
        };
        let door = |decision, outsider| Door {
            statement: index,
            entry: entry.cloned(),
            action,
            decision,
            outsider,
            never_sent: never_sent(),
        };
        let visitor = self.visitor(entry, action);
        let Some((principal, context)) =
            visitor.map(|(principal, context)| (principal, self.at_home(context)))
        else {
            // Whom the entry means is not known, or no principal any more.
            return Some(match entry {
                Some(PrincipalEntry::Deleted(_)) => door(
                    Decision::Denied(Denial::ByDesign("the principal was deleted")),
                    Some(Outsider::Shut),
                ),
                _ => door(Decision::Unknown(self.doubt(index)), Some(Outsider::Unknown)),
            });
        };
        let request = Request::new(principal.clone(), action, self.role_arn, context.clone());
        if statement.judge_action_of(&request) == Truth::False {
            return None;
        }
        let decision = evaluate_resource_side(&request, &self.layers).decision;
        let outside = self.is_outside(entry);
        let outsider = outside.then(|| {
            let worst = strangers(&context).map(|context| {
                let request = Request::new(principal.clone(), action, self.role_arn, context);
                standing(&evaluate_resource_side(&request, &self.layers).decision, entry)
            });
            let worst = worst.into_iter().max().unwrap_or(Outsider::Unknown);
            match entry {
                Some(PrincipalEntry::Service(name)) if worst == Outsider::Open => of_service(name),
                _ => worst,
            }
        });
        Some(door(decision, outsider))
    }

    /// Someone whom the entry names, and what is known about them, if there can be anyone.
    fn visitor(&self, entry: Option<&PrincipalEntry>, action: &str) -> Option<(Principal, Context)> {
        let partition = Arn::read(self.role_arn).map_or("aws", |arn| arn.partition);
        let someone_in = |account: &str| {
            let context = Context::stranger()
                .with_state("aws:PrincipalArn", Key::Environment)
                .with_state("aws:PrincipalType", Key::Environment)
                .with_state("aws:username", Key::Environment)
                .with_state("aws:TokenIssueTime", Key::Environment);
            let principal = Principal::iam(&format!("arn:{partition}:iam::{account}:role/{NOBODY}")).ok()?;
            Some((principal, self.with_organization(context, account)))
        };
        match entry {
            None | Some(PrincipalEntry::Everyone) if action == "sts:AssumeRole" => {
                let (principal, context) = someone_in(ELSEWHERE)?;
                Some((principal, context.with_state("aws:PrincipalAccount", Key::Environment)))
            }
            None | Some(PrincipalEntry::Everyone) => {
                let provider = format!("arn:{partition}:iam::{ELSEWHERE}:provider/{NOBODY}");
                Some((Principal::federated(&provider), Context::stranger()))
            }
            Some(PrincipalEntry::Account(account)) => someone_in(account),
            Some(PrincipalEntry::Arn(arn)) => {
                let (principal, context) = named(arn)?;
                let context = self.with_organization(context, principal.account().unwrap_or_default());
                Some((principal, context))
            }
            Some(PrincipalEntry::Service(name)) => Some((Principal::service(name), Context::stranger())),
            Some(PrincipalEntry::Federated(name)) => Some((Principal::federated(name), Context::stranger())),
            Some(
                PrincipalEntry::Deleted(_) | PrincipalEntry::CanonicalUser(_) | PrincipalEntry::Unheard(..),
            ) => None,
        }
    }

    fn with_organization(&self, context: Context, account: &str) -> Context {
        match self.organization {
            Some(organization) if (organization.has_account)(account) => {
                context.with("aws:PrincipalOrgID", organization.id)
            }
            _ => context,
        }
    }

    /// With the role's own organization, to which the caller's may be compared.
    fn at_home(&self, context: Context) -> Context {
        let account = Arn::read(self.role_arn).map_or("", |arn| arn.account);
        match self.organization {
            Some(organization) if (organization.has_account)(account) => {
                context.with("aws:ResourceOrgID", organization.id)
            }
            _ => context,
        }
    }

    fn is_outside(&self, entry: Option<&PrincipalEntry>) -> bool {
        let inside = |account: &str| {
            Arn::read(self.role_arn).is_some_and(|arn| arn.account == account)
                || self.organization.is_some_and(|organization| (organization.has_account)(account))
        };
        match entry {
            Some(PrincipalEntry::Account(account)) => !inside(account),
            Some(PrincipalEntry::Arn(arn)) => Arn::read(arn).is_none_or(|arn| !inside(arn.account)),
            _ => true,
        }
    }

    fn doubt(&self, index: usize) -> Vec<Doubt> {
        let attached = self.layers.resource.first();
        let citation =
            attached.map(|attached| Citation { layer: Layer::Resource, attached: attached.clone(), index });
        let reason = "which principals it matches is not documented".to_owned();
        citation.into_iter().map(|citation| Doubt { citation, reason: reason.clone() }).collect()
    }
}

/// How an unguarded door stands that is open to a service. A role that is passed to the service can be passed by no principal from
/// outside: [a role is passed within its account](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html).
/// Of other services no list says whether they can be
/// [put up to it](https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html) from another account.
fn of_service(name: &str) -> Outsider {
    match name {
        ACCOUNT_ACCESS => Outsider::Open,
        _ if takes_passed_roles(name) => Outsider::Shut,
        _ => Outsider::Unknown,
    }
}

/// Account access manager lets people of other accounts in; a role says for which account and which application.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/aam-prepare-roles.html>
const ACCOUNT_ACCESS: &str = "account-access.amazonaws.com";

/// It asks for any holder of a certificate.
/// <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html>
const ROLES_ANYWHERE: &str = "rolesanywhere.amazonaws.com";

/// Whether someone of the kind of an entry comes by an action.
fn is_used_by(entry: Option<&PrincipalEntry>, action: &str) -> bool {
    match entry {
        None | Some(PrincipalEntry::Everyone) => true,
        Some(PrincipalEntry::Federated(name)) if name.contains(":saml-provider/") => {
            action == "sts:AssumeRoleWithSAML"
        }
        Some(PrincipalEntry::Federated(_)) => action == "sts:AssumeRoleWithWebIdentity",
        Some(_) => action == "sts:AssumeRole",
    }
}

/// The user, role, session or federated user of an ARN, as far as an ARN shows. There are no patterns of principals.
fn named(arn: &str) -> Option<(Principal, Context)> {
    if arn.contains(['*', '?']) {
        return None;
    }
    if let Ok(principal) = Principal::iam(arn) {
        return Some((principal, Context::stranger()));
    }
    let parts = Arn::read(arn).filter(|parts| parts.service == "sts")?;
    let (kind, names) = parts.resource.split_once('/')?;
    let iam =
        |kind: &str, name: &str| format!("arn:{}:iam::{}:{kind}/{name}", parts.partition, parts.account);
    match (kind, names.split_once('/')) {
        ("assumed-role", Some((role, session))) => {
            let role = Principal::iam(&iam("role", role)).ok()?;
            // The role may have a path, which the ARN of its session does not show.
            let context = Context::stranger().with_state("aws:PrincipalArn", Key::Environment);
            Some((role.in_session(session), context))
        }
        ("federated-user", None) => {
            let principal = Principal::federated_user(&iam("user", NOBODY), names).ok()?;
            Some((principal, Context::stranger()))
        }
        _ => None,
    }
}

/// The two kinds of strangers: in no organization, and in another one.
fn strangers(context: &Context) -> [Context; 2] {
    let alone = context
        .clone()
        .with_state("aws:PrincipalOrgID", Key::Absent)
        .with_state("aws:PrincipalOrgPaths", Key::Absent);
    let other = context
        .clone()
        .with("aws:PrincipalOrgID", OTHER_ORGANIZATION)
        .with("aws:PrincipalOrgPaths", "o-0000000000/r-0000/");
    [alone, other]
}

/// How a door stands by what is decided for a stranger whom an entry names.
fn standing(decision: &Decision, entry: Option<&PrincipalEntry>) -> Outsider {
    match decision {
        Decision::Denied(_) => Outsider::Shut,
        Decision::AllowedIf(residual) => guarded(residual, entry),
        Decision::Unknown(_) => Outsider::Unknown,
        Decision::Allowed => Outsider::Open,
    }
}

/// How a door stands that opens under a condition.
fn guarded(residual: &Residual, entry: Option<&PrincipalEntry>) -> Outsider {
    let caller = caller(entry);
    let guards = |condition: &Condition, must_hold| is_guard(condition, must_hold, caller);
    let by_name = |condition: &Condition, must_hold| {
        guards(condition, must_hold) || names_tenants_session(condition, must_hold)
    };
    let needs_all_of: &[&str] = match entry {
        Some(PrincipalEntry::Service(name)) if &**name == ACCOUNT_ACCESS => {
            &["aws:SourceAccount", "aws:SourceArn"]
        }
        _ => &[],
    };
    let has = |key: &&str| {
        let of_key = |condition: &Condition, must_hold| {
            condition.key().eq_ignore_ascii_case(key) && guards(condition, must_hold)
        };
        is_guarded(residual, &of_key)
    };
    if is_guarded(residual, &guards) && needs_all_of.iter().all(has) {
        return Outsider::Guarded;
    }
    match entry {
        Some(PrincipalEntry::Federated(name)) if tenant::is_told_by_session_name(issuer(name)) => {
            if is_guarded(residual, &by_name) {
                Outsider::WeaklyGuarded
            } else {
                Outsider::Open
            }
        }
        _ => Outsider::Open,
    }
}

/// Whom a guard of a door must keep away.
fn caller(entry: Option<&PrincipalEntry>) -> Caller {
    match entry {
        Some(PrincipalEntry::Account(_) | PrincipalEntry::Arn(_)) => Caller::ForeignAccount,
        Some(PrincipalEntry::Service(name)) if &**name == ROLES_ANYWHERE => Caller::RolesAnywhere,
        Some(PrincipalEntry::Service(_)) => Caller::Service,
        Some(PrincipalEntry::Federated(_)) => Caller::ProviderUser,
        _ => Caller::Anyone,
    }
}

/// The issuer of tokens of a provider.
fn issuer(provider: &str) -> &str {
    provider.split_once(":oidc-provider/").map_or(provider, |(_, issuer)| issuer)
}

#[cfg(test)]
#[path = "trust_tests.rs"]
mod tests;
