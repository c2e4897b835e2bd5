//! What the organization's policies do not bind, and what no policy decides.
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>

use std::sync::LazyLock;

use crate::answer::Denial;
use crate::arn::Arn;
use crate::catalogue::Catalogue;
use crate::request::{PrincipalKind, Request, ResourceKind, is_service_linked_role};

/// Services whose resources RCPs bind, sorted (September 2026). The list only keeps an RCP without a service's name from
/// reaching others: a name in an RCP that is newer than the list makes the answer unknown, never wrong.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html#rcp-supported-services>
static RESOURCE_CONTROL_SERVICES: LazyLock<Vec<&str>> =
    LazyLock::new(|| include_str!("../../data/resource-control-services.txt").lines().collect());

pub(super) fn has_resource_control(service: &str) -> bool {
    RESOURCE_CONTROL_SERVICES.binary_search(&service).is_ok()
}

/// SCPs bind the users, roles and root of the organization's accounts, but no service-linked role.
pub(super) fn service_control_binds(request: &Request) -> bool {
    let principal = request.principal();
    match principal.kind() {
        PrincipalKind::Root | PrincipalKind::User | PrincipalKind::FederatedUser => true,
        PrincipalKind::Role => !principal.is_service_linked(),
        PrincipalKind::Service | PrincipalKind::Federated | PrincipalKind::Anonymous => false,
    }
}

/// RCPs bind every caller, from outside too. They leave out service-linked roles as principals and as roles to be assumed,
/// keys that AWS manages, and `kms:RetireGrant`. Of an action that names no resource those of the caller's account decide.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html#rcp-effects-on-permissions>
pub(super) fn resource_control_binds(request: &Request) -> bool {
    let assumes_service_linked =
        request.resource_kind() == ResourceKind::RoleTrust && is_service_linked_role(request.resource());
    !(request.principal().is_service_linked()
        || assumes_service_linked
        || request.has_aws_managed_key()
        || request.action_lower() == "kms:retiregrant")
}

/// What AWS decides without looking at any policy.
pub(super) enum Special {
    Allowed,
    Denied(Denial),
}

/// Actions that change a managed policy.
const POLICY_CHANGES: [&str; 6] = [
    "iam:createpolicyversion",
    "iam:deletepolicy",
    "iam:deletepolicyversion",
    "iam:setdefaultpolicyversion",
    "iam:tagpolicy",
    "iam:untagpolicy",
];

/// Actions that change a role.
const ROLE_CHANGES: [&str; 9] = [
    "iam:attachrolepolicy",
    "iam:deleterole",
    "iam:deleterolepermissionsboundary",
    "iam:deleterolepolicy",
    "iam:detachrolepolicy",
    "iam:putrolepermissionsboundary",
    "iam:putrolepolicy",
    "iam:updateassumerolepolicy",
    "iam:updaterole",
];

/// Customers change neither AWS's managed policies nor the roles that AWS keeps for IAM Identity Center and for services;
/// the services themselves do.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html#aws-managed-policies>
/// <https://docs.aws.amazon.com/singlesignon/latest/userguide/using-service-linked-roles.html>
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html>
///
/// With `iam:UpdateRole` a customer changes the description of a service-linked role.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-service-linked-role.html>
fn changes_what_aws_manages(request: &Request) -> bool {
    let action = request.action_lower();
    if !(action.starts_with("iam:") && (POLICY_CHANGES.contains(&action) || ROLE_CHANGES.contains(&action))) {
        return false;
    }
    let principal = request.principal();
    if principal.is_service_linked() || principal.kind() == PrincipalKind::Service {
        return false;
    }
    Arn::read(request.resource()).is_some_and(|arn| {
        let linked = arn.resource.starts_with("role/aws-service-role/");
        let kept = arn.resource.starts_with("role/aws-reserved/") || (linked && action != "iam:updaterole");
        arn.account == "aws" || (kept && ROLE_CHANGES.contains(&action))
    })
}

pub(super) fn special(request: &Request) -> Option<Special> {
    let by_design = |reason| Some(Special::Denied(Denial::ByDesign(reason)));
    match request.action_lower().strip_prefix("sts:") {
        // "No permissions are required to perform this operation", and a Deny does not take it away.
        // <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>
        Some("getcalleridentity") => Some(Special::Allowed),
        Some(name) => cannot_call(request, name).and_then(by_design),
        None if changes_what_aws_manages(request) => {
            by_design("AWS manages this policy or role; customers cannot change it")
        }
        None => None,
    }
}

/// Why it is not known whether a call can be made at all, whatever policies allow: of an operation of STS that is newer than
/// AWS's list of actions it is not said whether a session of GetFederationToken can call it.
pub(super) fn is_newer_than_known(request: &Request) -> Option<&'static str> {
    let action = request.action_lower();
    let is_new = request.principal().kind() == PrincipalKind::FederatedUser
        && action.strip_prefix("sts:").is_some_and(|name| !OF_SESSIONS.contains(&name))
        && Catalogue::get().action_lower(action).is_none();
    is_new.then_some("it is newer than the list of actions, and a session of GetFederationToken can call few operations of STS")
}

/// Operations of STS that a session of GetFederationToken can call.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html>
const OF_SESSIONS: [&str; 3] = ["getcalleridentity", "getscopedcredentials", "getdelegatedaccesstoken"];

/// Why an operation of STS cannot be called by such a principal at all.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html>
fn cannot_call(request: &Request, name: &str) -> Option<&'static str> {
    use PrincipalKind::{Anonymous, Federated, FederatedUser, Role, Root, Service, User};
    match (name, request.principal().kind()) {
        (name, FederatedUser) if OF_SESSIONS.contains(&name) => None,
        (_, FederatedUser) if is_newer_than_known(request).is_some() => None,
        (_, FederatedUser) => Some(
            "a session of GetFederationToken can call only GetCallerIdentity, GetScopedCredentials and GetDelegatedAccessToken of STS",
        ),
        // <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
        ("assumerole", Root) => Some("a root user cannot assume a role"),
        // "You cannot use root user credentials to make this call."
        // <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoot.html>
        ("assumeroot", Root) => Some("a root user cannot call AssumeRoot"),
        ("assumerole", Federated | Anonymous) => {
            Some("AssumeRole requires AWS credentials; an identity provider's token is not sufficient")
        }
        ("assumerolewithsaml" | "assumerolewithwebidentity", Root | User | Role | Service | Anonymous) => {
            Some("only a user of the identity provider whose token is sent can call this operation")
        }
        ("getsessiontoken" | "getfederationtoken", Role | Service | Federated | Anonymous) => {
            Some("only IAM users and root users can call this operation")
        }
        _ => None,
    }
}

/// "No permissions are required for users to perform this operation", and "you cannot use policies to control
/// authentication operations". Nevertheless AWS's own policies spare it from a Deny: what one does to it is not known.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html>
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_aws_my-sec-creds-self-manage.html>
pub(crate) fn needs_no_permission(request: &Request) -> bool {
    request.action_lower() == "sts:getsessiontoken"
}

/// The root user of the account that owns a bucket reads and replaces its policy "even if their bucket policy explicitly
/// denies the root principal's access", and "can only be blocked by VPC endpoint policies and AWS Organizations policies".
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketPolicy.html>
pub(super) fn is_past_the_bucket_policy(request: &Request) -> bool {
    request.principal().kind() == PrincipalKind::Root
        && request.within_one_account()
        && matches!(
            request.action_lower(),
            "s3:getbucketpolicy" | "s3:putbucketpolicy" | "s3:deletebucketpolicy"
        )
}
