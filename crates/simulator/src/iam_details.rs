//! iam:GetAccountAuthorizationDetails: users, roles, groups, policies, in that order, in pages.

use crate::account::{AccountState, Attached, Group, Inline, Policy, Role, User, iso};
use crate::managed;
use crate::parameters::{Parameters, page_of, truncation};
use crate::wire::{Refusal, element, list, percent_encode, wrap};
use crate::world::Account;

/// The words of `Filter`, case-sensitive.
const FILTERS: [&str; 5] = ["User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"];

/// One thing on a page.
enum Entity<'a> {
    User(&'a User),
    Role(&'a Role),
    Group(&'a Group),
    Policy(&'a Policy),
    Managed(&'static (&'static str, u32, &'static str)),
}

/// Answers with the inside of the result element.
pub fn handle(account: &Account, content: &AccountState, parameters: &Parameters) -> Result<String, Refusal> {
    let filters = parameters.list("Filter");
    if let Some(unknown) = filters.iter().find(|filter| !FILTERS.contains(filter)) {
        return Err(Refusal::validation(format!(
            "1 validation error detected: Value '[{unknown}]' at 'filter' failed to satisfy constraint: Member must \
             satisfy enum value set: [User, Role, Group, LocalManagedPolicy, AWSManagedPolicy]"
        )));
    }
    let wanted = |kind: &str| filters.is_empty() || filters.contains(&kind);
    let mut entities = Vec::new();
    if wanted("User") {
        entities.extend(content.users.iter().map(Entity::User));
    }
    if wanted("Role") {
        entities.extend(content.roles.iter().map(Entity::Role));
    }
    if wanted("Group") {
        entities.extend(content.groups.iter().map(Entity::Group));
    }
    if wanted("LocalManagedPolicy") {
        entities.extend(content.policies.iter().map(Entity::Policy));
    }
    if wanted("AWSManagedPolicy") {
        let used =
            |(name, _, _): &&(&str, u32, &str)| is_attached(content, &managed::arn(&account.partition, name));
        entities.extend(managed::POLICIES.iter().filter(used).map(Entity::Managed));
    }
    let (page, next) = page_of(parameters, &format!("details|{}", filters.join("+")), &entities)?;

    let (mut users, mut roles, mut groups, mut policies) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for entity in page {
        match entity {
            Entity::User(one) => users.push(user(account, one)),
            Entity::Role(one) => roles.push(role(account, one)),
            Entity::Group(one) => groups.push(group(account, one)),
            Entity::Policy(one) => policies.push(policy(account, content, one)),
            Entity::Managed(one) => policies.push(aws_managed(account, one)),
        }
    }
    Ok(list("UserDetailList", users)
        + &list("GroupDetailList", groups)
        + &list("RoleDetailList", roles)
        + &list("Policies", policies)
        + &truncation(next))
}

fn is_attached(content: &AccountState, arn: &str) -> bool {
    let users = content.users.iter().flat_map(|user| &user.attached);
    let roles = content.roles.iter().flat_map(|role| &role.attached);
    let groups = content.groups.iter().flat_map(|group| &group.attached);
    users.chain(roles).chain(groups).any(|attached| attached.arn == arn)
}

fn attached(policies: &[Attached]) -> String {
    list(
        "AttachedManagedPolicies",
        policies
            .iter()
            .map(|policy| element("PolicyName", &policy.name) + &element("PolicyArn", &policy.arn)),
    )
}

fn inline(name: &str, policies: &[Inline]) -> String {
    list(
        name,
        policies.iter().map(|policy| {
            element("PolicyName", &policy.name)
                + &element("PolicyDocument", &percent_encode(&policy.document))
        }),
    )
}

fn boundary(arn: Option<&String>) -> String {
    arn.map_or_else(String::new, |arn| {
        let inner = element("PermissionsBoundaryType", "Policy") + &element("PermissionsBoundaryArn", arn);
        wrap("PermissionsBoundary", &inner)
    })
}

fn tags(tags: &[(String, String)]) -> String {
    list("Tags", tags.iter().map(|(key, value)| element("Key", key) + &element("Value", value)))
}

fn user(account: &Account, user: &User) -> String {
    element("Path", &user.path)
        + &element("UserName", &user.name)
        + &element("UserId", &user.id)
        + &element("Arn", &user.arn(account))
        + &element("CreateDate", &iso(user.created))
        + &inline("UserPolicyList", &user.inline)
        + &list("GroupList", user.groups.iter().cloned())
        + &attached(&user.attached)
        + &boundary(user.boundary.as_ref())
        + &tags(&user.tags)
}

/// Without MaxSessionDuration, as AWS.
fn role(account: &Account, role: &Role) -> String {
    let last_used = role.last_used.map_or_else(String::new, |moment| {
        element("LastUsedDate", &iso(moment)) + &element("Region", "us-east-1")
    });
    element("Path", &role.path)
        + &element("RoleName", &role.name)
        + &element("RoleId", &role.id)
        + &element("Arn", &role.arn(account))
        + &element("CreateDate", &iso(role.created))
        + &element("AssumeRolePolicyDocument", &percent_encode(&role.trust))
        + &list("InstanceProfileList", [])
        + &inline("RolePolicyList", &role.inline)
        + &attached(&role.attached)
        + &boundary(role.boundary.as_ref())
        + &tags(&role.tags)
        + &wrap("RoleLastUsed", &last_used)
}

fn group(account: &Account, group: &Group) -> String {
    element("Path", "/")
        + &element("GroupName", &group.name)
        + &element("GroupId", &group.id)
        + &element("Arn", &account.arn("group", &group.name))
        + &element("CreateDate", &iso(group.created))
        + &inline("GroupPolicyList", &group.inline)
        + &attached(&group.attached)
}

fn policy(account: &Account, content: &AccountState, policy: &Policy) -> String {
    let arn = account.arn("policy", &policy.name);
    let used = usize::from(is_attached(content, &arn));
    let edges = content.users.iter().filter(|user| user.boundary.as_ref() == Some(&arn)).count();
    let last = policy.versions.len();
    let versions = policy
        .versions
        .iter()
        .enumerate()
        .rev()
        .map(|(index, document)| version(index + 1, document, index + 1 == last, policy.created));
    described(&policy.name, &policy.id, &arn, "/", last, used, edges, policy.created)
        + &list("PolicyVersionList", versions)
}

fn aws_managed(account: &Account, (name, versions, document): &(&str, u32, &str)) -> String {
    let created = 1_423_000_000;
    let last = *versions as usize;
    let kept = (last.saturating_sub(3) + 1..=last)
        .rev()
        .map(|number| version(number, document, number == last, created));
    let short = name.rsplit('/').next().unwrap_or(name);
    described(
        short,
        "ANPAEXAMPLE000000000",
        &managed::arn(&account.partition, name),
        "/",
        last,
        1,
        0,
        created,
    ) + &list("PolicyVersionList", kept)
}

#[expect(clippy::too_many_arguments, reason = "one element each, in the order of the answer")]
fn described(
    name: &str,
    id: &str,
    arn: &str,
    path: &str,
    default: usize,
    attachments: usize,
    boundaries: usize,
    created: i64,
) -> String {
    element("PolicyName", name)
        + &element("PolicyId", id)
        + &element("Arn", arn)
        + &element("Path", path)
        + &element("DefaultVersionId", &format!("v{default}"))
        + &element("AttachmentCount", &attachments.to_string())
        + &element("PermissionsBoundaryUsageCount", &boundaries.to_string())
        + &element("IsAttachable", "true")
        + &element("CreateDate", &iso(created))
        + &element("UpdateDate", &iso(created))
}

fn version(number: usize, document: &str, default: bool, created: i64) -> String {
    element("Document", &percent_encode(document))
        + &element("VersionId", &format!("v{number}"))
        + &element("IsDefaultVersion", &default.to_string())
        + &element("CreateDate", &iso(created))
}
