//! iam:GetAccountAuthorizationDetails: users, roles, groups, policies, in that order, in pages.

use crate::account::{Account, AccountState, Attached, Group, Inline, Policy, Role, User, iso};
use crate::managed;
use crate::parameters::{Parameters, page_of, truncation};
use crate::wire::Refusal;
use crate::xml::{Xml, escape};

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

/// Answers with the inside of the result element; `boundaries_apart`: without policies that are boundaries and nothing else.
pub fn handle(
    account: &Account,
    content: &AccountState,
    parameters: &Parameters,
    boundaries_apart: bool,
) -> Result<String, Refusal> {
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
        let is_shown = |policy: &&Policy| {
            let arn = account.arn("policy", &policy.name);
            !boundaries_apart || is_attached(content, &arn) || !is_boundary(content, &arn)
        };
        entities.extend(content.policies.iter().filter(is_shown).map(Entity::Policy));
    }
    if wanted("AWSManagedPolicy") {
        let used =
            |(name, _, _): &&(&str, u32, &str)| is_attached(content, &managed::arn(&account.partition, name));
        entities.extend(managed::POLICIES.iter().filter(used).map(Entity::Managed));
    }
    let (page, next) = page_of(parameters, &format!("details|{}", filters.join("+")), &entities)?;

    let mut xml = Xml::default();
    // The elements come in this order, whatever the order of the entities.
    let writer = Writer { account, content };
    xml.list("UserDetailList", page.iter().filter_map(Entity::user), |xml, one| writer.user(xml, one));
    xml.list("GroupDetailList", page.iter().filter_map(Entity::group), |xml, one| writer.group(xml, one));
    xml.list("RoleDetailList", page.iter().filter_map(Entity::role), |xml, one| writer.role(xml, one));
    let policies = page.iter().filter(|one| matches!(one, Entity::Policy(_) | Entity::Managed(_)));
    xml.list("Policies", policies, |xml, one| match one {
        Entity::Policy(one) => writer.policy(xml, one),
        Entity::Managed(one) => writer.aws_managed(xml, one),
        Entity::User(_) | Entity::Role(_) | Entity::Group(_) => {}
    });
    Ok(xml.text + &truncation(next))
}

impl<'a> Entity<'a> {
    fn user(&self) -> Option<&'a User> {
        if let Self::User(one) = self { Some(one) } else { None }
    }

    fn group(&self) -> Option<&'a Group> {
        if let Self::Group(one) = self { Some(one) } else { None }
    }

    fn role(&self) -> Option<&'a Role> {
        if let Self::Role(one) = self { Some(one) } else { None }
    }
}

/// Whether somebody is limited by a policy.
pub fn is_boundary(content: &AccountState, arn: &str) -> bool {
    boundaries(content, arn) > 0
}

/// How many are.
fn boundaries(content: &AccountState, arn: &str) -> usize {
    let users = content.users.iter().map(|user| &user.boundary);
    let roles = content.roles.iter().map(|role| &role.boundary);
    users.chain(roles).filter(|boundary| boundary.as_deref() == Some(arn)).count()
}

/// Whether somebody has a policy.
pub fn is_attached(content: &AccountState, arn: &str) -> bool {
    let users = content.users.iter().flat_map(|user| &user.attached);
    let roles = content.roles.iter().flat_map(|role| &role.attached);
    let groups = content.groups.iter().flat_map(|group| &group.attached);
    users.chain(roles).chain(groups).any(|attached| attached.arn == arn)
}

fn attached(xml: &mut Xml, policies: &[Attached]) {
    xml.list("AttachedManagedPolicies", policies, |xml, policy| {
        xml.element("PolicyName", &policy.name);
        xml.element("PolicyArn", &policy.arn);
    });
}

fn inline(xml: &mut Xml, name: &str, policies: &[Inline]) {
    xml.list(name, policies, |xml, policy| {
        xml.element("PolicyName", &policy.name);
        xml.document("PolicyDocument", &policy.document);
    });
}

fn boundary(xml: &mut Xml, arn: Option<&String>) {
    if let Some(arn) = arn {
        xml.wrap("PermissionsBoundary", |xml| {
            xml.element("PermissionsBoundaryType", "Policy");
            xml.element("PermissionsBoundaryArn", arn);
        });
    }
}

fn tags(xml: &mut Xml, tags: &[(String, String)]) {
    xml.list("Tags", tags, |xml, (key, value)| {
        xml.element("Key", key);
        xml.element("Value", value);
    });
}

/// Writes what is in one account.
struct Writer<'a> {
    account: &'a Account,
    content: &'a AccountState,
}

impl Writer<'_> {
    fn user(&self, xml: &mut Xml, user: &User) {
        xml.element("Path", &user.path);
        xml.element("UserName", &user.name);
        xml.element("UserId", &user.id);
        xml.element("Arn", &user.arn(self.account));
        xml.element("CreateDate", &iso(user.created));
        inline(xml, "UserPolicyList", &user.inline);
        xml.list("GroupList", &user.groups, |xml, name| xml.text.push_str(&escape(name)));
        attached(xml, &user.attached);
        boundary(xml, user.boundary.as_ref());
        tags(xml, &user.tags);
    }

    /// Without MaxSessionDuration, as AWS.
    fn role(&self, xml: &mut Xml, role: &Role) {
        xml.element("Path", &role.path);
        xml.element("RoleName", &role.name);
        xml.element("RoleId", &role.id);
        xml.element("Arn", &role.arn(self.account));
        xml.element("CreateDate", &iso(role.created));
        xml.document("AssumeRolePolicyDocument", &role.trust);
        xml.wrap("InstanceProfileList", |_| {});
        inline(xml, "RolePolicyList", &role.inline);
        attached(xml, &role.attached);
        boundary(xml, role.boundary.as_ref());
        tags(xml, &role.tags);
        xml.wrap("RoleLastUsed", |xml| {
            if let Some(moment) = role.last_used {
                xml.element("LastUsedDate", &iso(moment));
                xml.element("Region", "us-east-1");
            }
        });
    }

    fn group(&self, xml: &mut Xml, group: &Group) {
        xml.element("Path", "/");
        xml.element("GroupName", &group.name);
        xml.element("GroupId", &group.id);
        xml.element("Arn", &self.account.arn("group", &group.name));
        xml.element("CreateDate", &iso(group.created));
        inline(xml, "GroupPolicyList", &group.inline);
        attached(xml, &group.attached);
    }

    fn policy(&self, xml: &mut Xml, policy: &Policy) {
        let arn = self.account.arn("policy", &policy.name);
        let last = policy.versions.len();
        described(
            xml,
            &Described {
                name: &policy.name,
                id: &policy.id,
                attachments: usize::from(is_attached(self.content, &arn)),
                boundaries: boundaries(self.content, &arn),
                arn,
                default: last,
                created: policy.created,
            },
        );
        xml.list("PolicyVersionList", policy.versions.iter().enumerate().rev(), |xml, (index, document)| {
            version(xml, index + 1, document, index + 1 == last, policy.created);
        });
    }

    fn aws_managed(&self, xml: &mut Xml, (name, versions, document): &(&str, u32, &str)) {
        let created = 1_423_000_000;
        let last = *versions as usize;
        described(
            xml,
            &Described {
                name: name.rsplit('/').next().unwrap_or(name),
                id: "ANPAEXAMPLE000000000",
                arn: managed::arn(&self.account.partition, name),
                default: last,
                attachments: 1,
                boundaries: 0,
                created,
            },
        );
        xml.list("PolicyVersionList", (last.saturating_sub(3) + 1..=last).rev(), |xml, number| {
            version(xml, number, document, number == last, created);
        });
    }
}

/// What is said of a policy before its versions.
struct Described<'a> {
    name: &'a str,
    id: &'a str,
    arn: String,
    default: usize,
    attachments: usize,
    boundaries: usize,
    created: i64,
}

fn described(xml: &mut Xml, policy: &Described<'_>) {
    xml.element("PolicyName", policy.name);
    xml.element("PolicyId", policy.id);
    xml.element("Arn", &policy.arn);
    xml.element("Path", "/");
    xml.element("DefaultVersionId", &format!("v{}", policy.default));
    xml.element("AttachmentCount", &policy.attachments.to_string());
    xml.element("PermissionsBoundaryUsageCount", &policy.boundaries.to_string());
    xml.element("IsAttachable", "true");
    xml.element("CreateDate", &iso(policy.created));
    xml.element("UpdateDate", &iso(policy.created));
}

fn version(xml: &mut Xml, number: usize, document: &str, default: bool, created: i64) {
    xml.document("Document", document);
    xml.element("VersionId", &format!("v{number}"));
    xml.element("IsDefaultVersion", &default.to_string());
    xml.element("CreateDate", &iso(created));
}
