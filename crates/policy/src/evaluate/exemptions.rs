//! What the organization's policies do not bind, and what no policy decides.
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>

use std::sync::LazyLock;

use crate::answer::Denial;
use crate::arn::Arn;
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

/// RCPs bind whoever asks, from outside too. They leave out service-linked roles as principals and as roles to be assumed,
/// keys that AWS manages, `kms:RetireGrant`, and actions that have no resource type.
pub(super) fn resource_control_binds(request: &Request) -> bool {
    let assumes_service_linked =
        request.resource_kind() == ResourceKind::RoleTrust && is_service_linked_role(request.resource());
    !(request.principal().is_service_linked()
        || assumes_service_linked
        || request.has_aws_managed_key()
        || request.action_lower() == "kms:retiregrant"
        || request.resource() == "*")
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
fn changes_what_aws_manages(request: &Request) -> bool {
    let principal = request.principal();
    if principal.is_service_linked() || principal.kind() == PrincipalKind::Service {
        return false;
    }
    let action = request.action_lower();
    if !(action.starts_with("iam:") && (POLICY_CHANGES.contains(&action) || ROLE_CHANGES.contains(&action))) {
        return false;
    }
    Arn::read(request.resource()).is_some_and(|arn| {
        let kept = arn.resource.starts_with("role/aws-reserved/")
            || arn.resource.starts_with("role/aws-service-role/");
        arn.account == "aws" || (kept && ROLE_CHANGES.contains(&action))
    })
}

pub(super) fn special(request: &Request) -> Option<Special> {
    match request.action_lower() {
        // "No permissions are required to perform this operation", and a Deny does not take it away.
        // <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>
        "sts:getcalleridentity" => Some(Special::Allowed),
        // <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
        "sts:assumerole" if request.principal().kind() == PrincipalKind::Root => {
            Some(Special::Denied(Denial::ByDesign("a root user cannot assume a role")))
        }
        _ if changes_what_aws_manages(request) => Some(Special::Denied(Denial::ByDesign(
            "AWS manages the policy or role, and customers cannot change it",
        ))),
        _ => None,
    }
}
