//! Condition keys that follow from the principal, action and resource.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>

use std::sync::{Arc, OnceLock};

use super::principal::{Principal, PrincipalKind};
use super::{endpoints, services};
use crate::arn::Arn;
use crate::context::{Context, Key, OF_ROLE_SESSIONS};

/// What does not follow from the action and the resource, and what follows from those that are asked for again and again:
/// put together once, however many requests are made.
#[derive(Debug)]
pub(super) struct Base {
    context: Arc<Context>,
    /// In the region of global services.
    global: OnceLock<Arc<Context>>,
    /// On resources of the principal's own account.
    own: OnceLock<Arc<Context>>,
    /// Both.
    own_global: OnceLock<Arc<Context>>,
}

impl Base {
    pub(super) fn new(context: Context) -> Self {
        Self {
            context: Arc::new(context),
            global: OnceLock::new(),
            own: OnceLock::new(),
            own_global: OnceLock::new(),
        }
    }

    pub(super) fn context(&self) -> &Context {
        &self.context
    }

    /// The context of a request on a resource of this account, to a service of this region.
    pub(super) fn of(
        &self,
        principal: &Principal,
        account: Option<&str>,
        region: Option<&'static str>,
    ) -> Arc<Context> {
        let of_target = || of_target(&self.context, account, region);
        let kept = match (account, region) {
            (None, None) => return Arc::clone(&self.context),
            (None, Some(_)) => return Arc::clone(self.global.get_or_init(|| Arc::new(of_target()))),
            (Some(_), _) if principal.account() != account => return Arc::new(of_target()),
            (Some(_), None) => &self.own,
            (Some(_), Some(_)) => &self.own_global,
        };
        Arc::clone(kept.get_or_init(|| Arc::new(in_ones_own_organization(of_target()))))
    }
}

/// Exist only where a service calls by its own name, for one of its resources.
const OF_SERVICES: &[&str] = &["aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths"];

/// Exist only where temporary credentials of IAM principals are used, and never for identities of providers.
const OF_MULTI_FACTOR: &[&str] = &["aws:multifactorauthpresent", "aws:multifactorauthage"];

/// Exists only in sessions of AssumeRoot, which are none of a user's, a role's or the root user's own.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-assumedroot>
const OF_ASSUMED_ROOT: &[&str] = &["aws:assumedroot"];

/// What follows from the principal is added, unless the context says something of the key.
pub(super) fn of_principal(context: Context, principal: &Principal) -> Context {
    use PrincipalKind::{Anonymous, Federated, FederatedUser, Role, Root, Service, User};
    let kind = principal.kind();
    let mut context = context.with_room(8);
    // Of a provider's user, and of these keys of a service, AWS does not document the values.
    if !matches!(kind, Federated | Service) {
        let arn = match kind {
            FederatedUser => principal.session_arn(),
            Anonymous => None,
            _ => Some(principal.name()),
        };
        let account = if kind == Anonymous { Some("anonymous") } else { principal.account() };
        let principal_type = match kind {
            Root => "Account",
            User => "User",
            Role => "AssumedRole",
            FederatedUser => "FederatedUser",
            _ => "Anonymous",
        };
        context = with_value(context, ("aws:principalarn", "aws:PrincipalArn"), arn);
        context = with_value(context, ("aws:principalaccount", "aws:PrincipalAccount"), account);
        context = with_value(context, ("aws:principaltype", "aws:PrincipalType"), Some(principal_type));
    }
    context = with_value(context, ("aws:username", "aws:username"), principal.user_name());
    if let Some(id) = user_id(principal) {
        context = with_value(context, ("aws:userid", "aws:userid"), Some(&id));
    }
    // A provider's user signs nothing, and is not anonymous either.
    if kind != Federated {
        let by_service = match kind {
            Anonymous => None,
            Service => Some("true"),
            _ => Some("false"),
        };
        context = with_value(context, ("aws:principalisawsservice", "aws:PrincipalIsAWSService"), by_service);
    }
    let service = (kind == Service).then(|| principal.name());
    context = with_value(context, ("aws:principalservicename", "aws:PrincipalServiceName"), service);
    if matches!(kind, Service | Anonymous) {
        context = context.without_unless_said(&[
            "aws:principalorgid",
            "aws:principalorgpaths",
            "aws:tokenissuetime",
        ]);
    }
    if kind != Service {
        context = context.without_unless_said(OF_SERVICES);
    }
    if matches!(kind, Service | Anonymous | Federated) {
        context = context.without_unless_said(OF_MULTI_FACTOR);
    }
    context = context.without_unless_said(OF_ASSUMED_ROOT);
    if kind != Role {
        context = context.without_unless_said(OF_ROLE_SESSIONS);
    }
    if kind == Service {
        context = services::brought_by(principal.name(), context);
    }
    // Only users, roles and sessions have tags, and those that a service brings.
    if matches!(kind, Service | Anonymous | Root) {
        context = context.with_family_unless_said("aws:PrincipalTag/", Key::Absent);
    }
    // Temporary credentials have it; whether a user, or a root user, has opened a session is not known.
    match kind {
        Role | FederatedUser => {
            context.with_state_unless_said(("aws:tokenissuetime", "aws:TokenIssueTime"), Key::Present)
        }
        _ => context,
    }
}

/// Those of users and roles do not follow from their names.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable>
fn user_id(principal: &Principal) -> Option<String> {
    match principal.kind() {
        PrincipalKind::Anonymous => Some("anonymous".to_owned()),
        PrincipalKind::Root => principal.account().map(str::to_owned),
        PrincipalKind::FederatedUser => {
            let (_, name) = principal.session_arn()?.rsplit_once(":federated-user/")?;
            Some(format!("{}:{name}", principal.account()?))
        }
        PrincipalKind::User | PrincipalKind::Role | PrincipalKind::Service | PrincipalKind::Federated => None,
    }
}

/// The region of every request to a service with a single endpoint. `iam:PassRole` is no request: it is asked for by the service
/// to which the role is passed, wherever that is called.
pub(super) fn region(action_lower: &str, resource: &str, principal: &Principal) -> Option<&'static str> {
    let (service, _) = action_lower.split_once(':')?;
    let regions = endpoints::of(service)?;
    if action_lower == "iam:passrole" || endpoints::is_regional(action_lower) {
        return None;
    }
    let partition = |arn| Arn::read(arn).map(|arn| arn.partition);
    let partition = partition(resource).or_else(|| partition(principal.name()))?;
    regions.iter().find(|(of, _)| *of == partition).map(|(_, region)| *region)
}

/// What follows from the resource and the service.
fn of_target(context: &Context, account: Option<&str>, region: Option<&str>) -> Context {
    let mut context = context.clone();
    if account.is_some() {
        context = with_value(context, ("aws:resourceaccount", "aws:ResourceAccount"), account);
    }
    if region.is_some() {
        context = with_value(context, ("aws:requestedregion", "aws:RequestedRegion"), region);
    }
    context
}

/// A resource of the principal's own account is in the principal's organization.
fn in_ones_own_organization(mut context: Context) -> Context {
    for (own, resource) in [
        ("aws:principalorgid", ("aws:resourceorgid", "aws:ResourceOrgID")),
        ("aws:principalorgpaths", ("aws:resourceorgpaths", "aws:ResourceOrgPaths")),
    ] {
        if let Some(state @ Key::Known { .. }) = context.named(own).cloned() {
            context = context.with_state_unless_said(resource, state);
        }
    }
    context
}

/// None of these keys is a list.
fn with_value(context: Context, key: (&'static str, &'static str), value: Option<&str>) -> Context {
    let state =
        value.map_or(Key::Absent, |value| Key::Known { values: [value.into()].into(), multivalued: false });
    context.with_state_unless_said(key, state)
}

#[cfg(test)]
#[path = "derived_tests.rs"]
mod tests;
