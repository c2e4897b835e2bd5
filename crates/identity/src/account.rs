//! The principals of an account with the policies that bind them: their own, those of their groups, and the permissions boundary.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html>

use std::sync::{Arc, LazyLock, OnceLock};

use orgsweep_model::facts::{
    Group, GroupMember, Policy, PolicyAttachment, PolicyKind, Principal, PrincipalKind, PrincipalTag, Role,
    User,
};
use orgsweep_policy::{Attached, Layers, Policy as Compiled, StoredVersion};

use crate::documents::Documents;
use crate::rows::Rows;
use crate::sorted::{equal, sorted};
use crate::trusts::{Trust, Trusts};

/// What AWS's policy AdministratorAccess says, and always will: it is known where its document was not read.
/// <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AdministratorAccess.html>
static ADMINISTRATOR_ACCESS: LazyLock<Arc<Compiled>> = LazyLock::new(|| {
    let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let parsed = Compiled::parse(text);
    Arc::new(parsed.unwrap_or_else(|error| Compiled::unreadable(&error.to_string())))
});

/// A user, group or role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its ARN.
    pub arn: String,
    /// What it is.
    pub kind: PrincipalKind,
    /// Its name without path.
    pub name: String,
    /// The permissions boundary, if any.
    pub boundary_arn: Option<String>,
}

impl Member {
    fn group_name(&self) -> Option<&str> {
        (self.kind == PrincipalKind::Group).then_some(&*self.name)
    }
}

impl From<&User> for Member {
    fn from(user: &User) -> Self {
        Self {
            arn: user.user_arn.clone(),
            kind: PrincipalKind::User,
            name: user.user_name.clone(),
            boundary_arn: user.permissions_boundary_arn.clone(),
        }
    }
}

impl From<&Group> for Member {
    fn from(group: &Group) -> Self {
        Self {
            arn: group.group_arn.clone(),
            kind: PrincipalKind::Group,
            name: group.group_name.clone(),
            boundary_arn: None,
        }
    }
}

impl From<&Role> for Member {
    fn from(role: &Role) -> Self {
        Self {
            arn: role.role_arn.clone(),
            kind: PrincipalKind::Role,
            name: role.role_name.clone(),
            boundary_arn: role.permissions_boundary_arn.clone(),
        }
    }
}

impl From<&Principal> for Member {
    fn from(principal: &Principal) -> Self {
        Self {
            arn: principal.principal_arn.clone(),
            kind: principal.principal_kind,
            name: principal.name.clone(),
            boundary_arn: principal.permissions_boundary_arn.clone(),
        }
    }
}

/// What was read of an account. A reason is a sentence without a full stop: why something could not be read.
#[derive(Debug, Default)]
pub struct IdentityFacts {
    /// Users, groups and roles.
    pub members: Vec<Member>,
    /// Inline, trust and managed policies, with all versions.
    pub policies: Rows<Policy>,
    /// Managed policies and boundaries of users, groups and roles.
    pub attachments: Rows<PolicyAttachment>,
    /// Which users are in which groups.
    pub group_members: Rows<GroupMember>,
    /// Tags of users and roles; `None`: they could not be read.
    pub tags: Option<Rows<PrincipalTag>>,
    /// The texts.
    pub documents: Documents,
    /// Why the groups of users are not known.
    pub groups_lost: Option<String>,
    /// Why AWS-managed policies may be missing.
    pub aws_managed_lost: Option<String>,
    /// Why customer-managed policies may be missing.
    pub managed_lost: Option<String>,
}

/// The principals of an account, each with its policies. They are assembled on first use.
#[derive(Debug)]
pub struct Identities {
    facts: IdentityFacts,
    identities: Vec<Identity>,
    /// Places in `identities`, by ARN.
    by_arn: Vec<usize>,
    /// Places in `identities` of groups, by name: that is what memberships say.
    groups: Vec<usize>,
    /// Places in `facts.policies` of inline policies, by owner; in the order of the table for each.
    inline: Vec<usize>,
    trusts: Trusts,
    /// Places in `facts.policies` of managed policies, by ARN.
    managed: Vec<usize>,
    /// Places in `facts.attachments` of what is attached rather than a boundary, by principal.
    attached: Vec<usize>,
    /// Places in `facts.group_members`, by user.
    memberships: Vec<usize>,
    /// Places in `facts.tags`, by principal.
    tags: Vec<usize>,
    /// Managed policies as they were put together, side by side with `managed`: many principals have the same.
    put_together: Vec<OnceLock<Attached>>,
}

#[derive(Debug)]
struct Identity {
    member: Member,
    binding: OnceLock<Binding>,
}

/// The policies that bind a principal.
#[derive(Clone, Debug, Default)]
pub struct Binding {
    /// Inline and attached policies; of a user, those of its groups too.
    pub identity: Vec<Attached>,
    /// The permissions boundary.
    pub boundary: Option<Attached>,
    /// The trust policy of a role.
    pub trust: Vec<Attached>,
}

impl Binding {
    /// What the principal meets when it acts, with its trust policy as that of the resource.
    pub fn layers(&self) -> Layers<'_> {
        Layers {
            identity: &self.identity,
            boundary: self.boundary.as_ref(),
            resource: &self.trust,
            ..Layers::default()
        }
    }
}

/// A customer-managed policy with the versions that AWS keeps of it.
#[derive(Debug)]
pub struct StoredPolicy<'a> {
    /// Its ARN.
    pub arn: &'a str,
    /// The version in force.
    pub default_version: &'a str,
    /// All versions, the one in force first.
    pub versions: Vec<StoredVersion>,
}

impl Identities {
    /// Of these facts.
    pub fn new(mut facts: IdentityFacts) -> Self {
        let members = std::mem::take(&mut facts.members);
        let identities: Vec<Identity> =
            members.into_iter().map(|member| Identity { member, binding: OnceLock::new() }).collect();
        let policies = facts.policies.as_slice();
        let tags = facts.tags.as_ref().map_or(&[][..], Rows::as_slice);
        let managed = sorted(policies, |policy| policy.policy_arn.as_deref());
        Self {
            by_arn: sorted(&identities, |one| Some(&*one.member.arn)),
            groups: sorted(&identities, |one| one.member.group_name()),
            inline: sorted(policies, inline_in),
            trusts: Trusts::new(facts.policies.clone(), facts.documents.clone()),
            tags: sorted(tags, |tag| Some(&*tag.principal_arn)),
            attached: sorted(facts.attachments.as_slice(), |one| {
                (!one.as_boundary).then_some(&*one.principal_arn)
            }),
            memberships: sorted(facts.group_members.as_slice(), |one| Some(&*one.user_arn)),
            put_together: managed.iter().map(|_| OnceLock::new()).collect(),
            managed,
            identities,
            facts,
        }
    }

    /// Every user, group and role.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.identities.iter().map(|one| &one.member)
    }

    /// A user, group or role by its ARN.
    pub fn member(&self, arn: &str) -> Option<&Member> {
        self.identity(arn).map(|one| &one.member)
    }

    /// The policies that bind a user, group or role; `None`: it is not among those that were read.
    pub fn binding(&self, arn: &str) -> Option<&Binding> {
        let identity = self.identity(arn)?;
        Some(identity.binding.get_or_init(|| self.put_together(&identity.member)))
    }

    /// The trust policies of the roles.
    pub fn trusts(&self) -> &Trusts {
        &self.trusts
    }

    /// All tags of a user or role, if they are known.
    pub fn tags_of(&self, arn: &str) -> Option<Vec<(&str, &str)>> {
        let rows = self.facts.tags.as_ref()?.as_slice();
        let own = equal(&self.tags, |place| Some(&*rows[place].principal_arn), arn);
        Some(own.map(|at| &rows[self.tags[at]]).map(|tag| (&*tag.tag_key, &*tag.tag_value)).collect())
    }

    /// The policies as they were read.
    pub fn policies(&self) -> &[Policy] {
        self.facts.policies.as_slice()
    }

    /// A managed policy in the version that is in force, as principals of `partition` have it attached.
    pub fn managed(&self, arn: &str, partition: &str) -> Attached {
        let policies = self.policies();
        let places = equal(&self.managed, |place| policies[place].policy_arn.as_deref(), arn);
        let in_force = places.clone().find(|at| policies[self.managed[*at]].is_default);
        if let Some(at) = in_force {
            let policy = &policies[self.managed[at]];
            return self.put_together[at].get_or_init(|| self.in_force(arn, policy)).clone();
        }
        let is_of_aws = arn.split(':').nth(4) == Some("aws");
        if *arn == format!("arn:{partition}:iam::aws:policy/AdministratorAccess") {
            return Attached::new(arn, Arc::clone(&ADMINISTRATOR_ACCESS));
        }
        let lost = if is_of_aws { &self.facts.aws_managed_lost } else { &self.facts.managed_lost };
        Attached::unreadable(arn, lost.as_deref().unwrap_or("policy document was not collected"))
    }

    /// The customer-managed policies with their versions.
    pub fn stored_policies(&self) -> Vec<StoredPolicy<'_>> {
        let policies = self.policies();
        let own = |place: &&usize| policies[**place].policy_kind == PolicyKind::Managed;
        let mut stored: Vec<StoredPolicy<'_>> = Vec::new();
        for policy in self.managed.iter().filter(own).map(|place| &policies[*place]) {
            let (Some(arn), Some(version)) = (policy.policy_arn.as_deref(), policy.version_id.as_deref())
            else {
                continue;
            };
            let compiled =
                policy.document_sha256.as_deref().and_then(|name| self.facts.documents.policy(name));
            let Some(compiled) = compiled else { continue };
            if stored.last().is_none_or(|last| last.arn != arn) {
                stored.push(StoredPolicy { arn, default_version: "", versions: Vec::new() });
            }
            let Some(last) = stored.last_mut() else { continue };
            if policy.is_default {
                last.default_version = version;
                last.versions.insert(0, (version.into(), compiled));
            } else {
                last.versions.push((version.into(), compiled));
            }
        }
        stored.retain(|policy| !policy.default_version.is_empty());
        stored
    }

    fn identity(&self, arn: &str) -> Option<&Identity> {
        let mut found = equal(&self.by_arn, |place| Some(&*self.identities[place].member.arn), arn);
        found.next().map(|at| &self.identities[self.by_arn[at]])
    }

    fn put_together(&self, member: &Member) -> Binding {
        let mut identity = self.own(&member.arn);
        if member.kind == PrincipalKind::User {
            self.add_groups(&member.arn, &mut identity);
        }
        let partition = partition(&member.arn);
        Binding {
            identity,
            boundary: member.boundary_arn.as_deref().map(|arn| self.managed(arn, partition)),
            trust: self.trusts.of(&member.arn).iter().map(Trust::attached).collect(),
        }
    }

    /// The inline and attached policies of a user, group or role.
    fn own(&self, arn: &str) -> Vec<Attached> {
        let policies = self.policies();
        let inline = equal(&self.inline, |place| inline_in(&policies[place]), arn);
        let inline = inline.map(|at| &policies[self.inline[at]]);
        let inline = inline.map(|policy| self.compiled(&policy.policy_name, policy));
        let attachments = self.facts.attachments.as_slice();
        let attached = equal(&self.attached, |place| Some(&*attachments[place].principal_arn), arn);
        let attached = attached.map(|at| &attachments[self.attached[at]].policy_arn);
        inline.chain(attached.map(|policy_arn| self.managed(policy_arn, partition(arn)))).collect()
    }

    /// The policies that a user has through its groups.
    fn add_groups(&self, user_arn: &str, identity: &mut Vec<Attached>) {
        if let Some(reason) = &self.facts.groups_lost {
            identity.push(Attached::unreadable("the user's groups", reason));
            return;
        }
        let rows = self.facts.group_members.as_slice();
        for at in equal(&self.memberships, |place| Some(&*rows[place].user_arn), user_arn) {
            let name = rows[self.memberships[at]].group_name.as_str();
            let mut groups = equal(&self.groups, |place| self.identities[place].member.group_name(), name);
            match groups.next() {
                Some(at) => {
                    let group = &self.identities[self.groups[at]].member;
                    let through = self.own(&group.arn).into_iter();
                    identity.extend(through.map(|policy| policy.through_group(name)));
                }
                None => identity.push(Attached::unreadable(
                    name,
                    "the group was not listed: created or deleted during the scan",
                )),
            }
        }
    }

    fn in_force(&self, arn: &str, policy: &Policy) -> Attached {
        let attached = match &policy.document_sha256 {
            None => {
                Attached::unreadable(arn, "AWS has withdrawn the policy and no longer returns its document")
            }
            Some(_) => self.compiled(arn, policy),
        };
        match &policy.version_id {
            Some(version) => attached.in_version(version),
            None => attached,
        }
    }

    fn compiled(&self, name: &str, policy: &Policy) -> Attached {
        self.facts.documents.attached(name, policy.document_sha256.as_deref())
    }
}

fn inline_in(policy: &Policy) -> Option<&str> {
    policy.attached_to_arn.as_deref().filter(|_| policy.policy_kind == PolicyKind::Inline)
}

fn partition(arn: &str) -> &str {
    arn.split(':').nth(1).unwrap_or_default()
}

#[cfg(test)]
#[path = "account_tests.rs"]
mod tests;
