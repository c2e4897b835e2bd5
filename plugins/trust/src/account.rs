//! An account's policies, for the policy engine: what every user and role has, and what is known of their requests.

use std::cell::RefCell;
use std::collections::HashMap;

use orgsweep_model::facts::{
    AwsManagedPolicies, BoundaryPolicies, Document, Group, GroupMember, OwnPolicies, Policy,
    PolicyAttachment, PolicyKind, PrincipalTag, Role, User,
};
use orgsweep_model::{Context, Gap, Organization, Within};
use orgsweep_policy::{AccountFacts, Attached, Layers, Policy as Compiled, RequestFacts, StoredVersion};

/// Policies. Everything but documents that only some identities have must have been read.
pub(crate) type Documents<'a> = (
    &'a [PolicyAttachment],
    Within<'a, OwnPolicies>,
    Result<Within<'a, AwsManagedPolicies>, &'a Gap>,
    Result<Within<'a, BoundaryPolicies>, &'a Gap>,
    &'a [Document],
);

/// What those who are judged may reach besides roles.
pub(crate) type Others<'a> = (
    Result<&'a [User], &'a Gap>,
    Result<&'a [Group], &'a Gap>,
    Result<&'a [GroupMember], &'a Gap>,
    Result<&'a [PrincipalTag], &'a Gap>,
);

/// What AWS's policy of this name says, and always will: it is known where its document was not read.
pub(crate) const EVERYTHING: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// The tables of an account, by whom their rows belong to.
pub(crate) struct Account<'a> {
    context: &'a Context<'a>,
    documents: &'a Documents<'a>,
    pub(crate) others: &'a Others<'a>,
    /// Inline and trust policies, by whose they are.
    inline: HashMap<&'a str, Vec<&'a Policy>>,
    texts: HashMap<&'a str, &'a str>,
    attached: HashMap<&'a str, Vec<&'a str>>,
    /// Managed policies that were looked up, by ARN: many identities have the same.
    managed: RefCell<HashMap<&'a str, Attached>>,
    tags: Option<HashMap<&'a str, Vec<(&'a str, &'a str)>>>,
    moment: String,
    id: String,
    units: Option<String>,
}

/// The policies of one user or role.
#[derive(Debug, Default)]
pub(crate) struct Owned {
    identity: Vec<Attached>,
    boundary: Option<Attached>,
    /// Of a role.
    trust: Vec<Attached>,
}

impl Owned {
    /// What the identity meets when it acts, with its trust policy as that of the resource.
    pub(crate) fn layers(&self) -> Layers<'_> {
        Layers {
            identity: &self.identity,
            boundary: self.boundary.as_ref(),
            resource: &self.trust,
            ..Layers::default()
        }
    }
}

impl<'a> Account<'a> {
    pub(crate) fn of(documents: &'a Documents<'a>, others: &'a Others<'a>, context: &'a Context<'a>) -> Self {
        let (attachments, policies, _, _, texts) = *documents;
        let mut inline: HashMap<&str, Vec<&Policy>> = HashMap::new();
        for policy in policies.rows {
            if let Some(owner) = &policy.attached_to_arn {
                inline.entry(owner).or_default().push(policy);
            }
        }
        let texts = texts.iter().map(|text| (&*text.document_sha256, &*text.document_json)).collect();
        let mut attached: HashMap<&str, Vec<&str>> = HashMap::new();
        for attachment in attachments.iter().filter(|attachment| !attachment.as_boundary) {
            attached.entry(&attachment.principal_arn).or_default().push(&attachment.policy_arn);
        }
        let tags = others.3.ok().map(|rows| {
            let mut tags: HashMap<&str, Vec<(&str, &str)>> = HashMap::new();
            for tag in rows {
                tags.entry(&tag.principal_arn).or_default().push((&tag.tag_key, &tag.tag_value));
            }
            tags
        });
        let units = &context.account.ou_ids;
        Self {
            context,
            documents,
            others,
            inline,
            texts,
            attached,
            managed: RefCell::default(),
            tags,
            moment: context.now.to_string(),
            id: context.account.id.to_string(),
            units: (!units.is_empty()).then(|| units.join("/")),
        }
    }

    /// The account's place in its organization. Nothing, where Organizations was not asked.
    pub(crate) fn places(&self) -> Vec<AccountFacts<'_>> {
        let organization = self.context.organization.id.as_str();
        let place = AccountFacts { id: &self.id, organization, units: self.units.as_deref() };
        if organization == Organization::NONE { Vec::new() } else { vec![place] }
    }

    /// What is known of every request of its principals.
    pub(crate) fn requests<'s>(&'s self, places: &'s [AccountFacts<'s>]) -> RequestFacts<'s> {
        RequestFacts { moment: Some(&self.moment), accounts: places, ..RequestFacts::default() }
    }

    /// Whether it is the management account, if that is known.
    pub(crate) fn is_management(&self) -> Option<bool> {
        let asked = self.context.organization.id != Organization::NONE;
        asked.then(|| self.context.organization.management_account_id == self.context.account.id)
    }

    /// All tags of a user or role, if they are known.
    pub(crate) fn tags_of(&self, arn: &str) -> Option<&[(&'a str, &'a str)]> {
        self.tags.as_ref().map(|tags| tags.get(arn).map_or(&[][..], Vec::as_slice))
    }

    pub(crate) fn role(&self, role: &'a Role) -> Owned {
        Owned {
            identity: self.identity(&role.role_arn),
            boundary: role.permissions_boundary_arn.as_deref().map(|arn| self.managed(arn)),
            trust: vec![Attached::new(&role.role_arn, Compiled::compiled(self.trust_policy(role)))],
        }
    }

    /// A user with the policies of its groups.
    pub(crate) fn user(&self, user: &'a User) -> Owned {
        let mut identity = self.identity(&user.user_arn);
        let (_, groups, members, ..) = *self.others;
        let lost =
            |gap: &Gap| Attached::unreadable("the user's groups", &format!("they could not be read: {gap}"));
        match (groups, members) {
            (Err(gap), _) | (_, Err(gap)) => identity.push(lost(gap)),
            (Ok(groups), Ok(members)) => {
                for member in members.iter().filter(|member| member.user_arn == user.user_arn) {
                    let group = groups.iter().find(|group| group.group_name == member.group_name);
                    let through = match group {
                        Some(group) => self.identity(&group.group_arn),
                        None => vec![Attached::unreadable(
                            &member.group_name,
                            "the group was not listed: made or deleted during the scan",
                        )],
                    };
                    identity
                        .extend(through.into_iter().map(|policy| policy.through_group(&member.group_name)));
                }
            }
        }
        let boundary = user.permissions_boundary_arn.as_deref().map(|arn| self.managed(arn));
        Owned { identity, boundary, trust: Vec::new() }
    }

    /// The inline and attached policies of a user, group or role.
    fn identity(&self, arn: &'a str) -> Vec<Attached> {
        let own = self.inline.get(arn).into_iter().flatten();
        let own = own.filter(|policy| policy.policy_kind == PolicyKind::Inline);
        let own = own.map(|policy| Attached::new(&policy.policy_name, Compiled::compiled(self.text(policy))));
        let attached = self.attached.get(arn).into_iter().flatten().map(|policy| self.managed(policy));
        own.chain(attached).collect()
    }

    /// The text of a policy; empty: AWS has withdrawn it.
    fn text(&self, policy: &Policy) -> &'a str {
        let name = policy.document_sha256.as_deref();
        name.and_then(|name| self.texts.get(name)).copied().unwrap_or_default()
    }

    /// The text of a role's trust policy.
    pub(crate) fn trust_policy(&self, role: &Role) -> &'a str {
        let mut own = self.inline.get(role.role_arn.as_str()).into_iter().flatten();
        own.find(|policy| policy.policy_kind == PolicyKind::Trust).map_or("", |policy| self.text(policy))
    }

    /// The customer-managed policies with the version in force.
    pub(crate) fn policies(&self) -> impl Iterator<Item = &'a Policy> {
        let own = self.documents.1.rows.iter();
        own.filter(|policy| policy.policy_kind == PolicyKind::Managed && policy.is_default)
    }

    /// The stored versions of a customer-managed policy, the one in force included.
    pub(crate) fn versions(&self, policy: &Policy) -> Vec<StoredVersion> {
        let same = self.documents.1.rows.iter().filter(|version| version.policy_arn == policy.policy_arn);
        same.map(|version| {
            let id = version.version_id.as_deref().unwrap_or_default();
            (id.into(), Compiled::compiled(self.text(version)))
        })
        .collect()
    }

    fn managed(&self, arn: &'a str) -> Attached {
        if let Some(known) = self.managed.borrow().get(arn) {
            return known.clone();
        }
        let found = self.find_managed(arn);
        self.managed.borrow_mut().insert(arn, found.clone());
        found
    }

    /// A managed policy by its ARN, readable or not.
    fn find_managed(&self, arn: &str) -> Attached {
        if *arn == format!("arn:{}:iam::aws:policy/AdministratorAccess", self.context.organization.partition)
        {
            return Attached::new(arn, Compiled::compiled(EVERYTHING));
        }
        let (_, own, aws_managed, boundaries, _) = *self.documents;
        let mut in_force = own.rows.iter().filter(|policy| policy.is_default);
        let found = in_force.find(|policy| policy.policy_arn.as_deref() == Some(arn));
        let is_of_aws = arn.split(':').nth(4) == Some("aws");
        if let Some(policy) = found
            && policy.document_sha256.is_some()
        {
            let version = policy.version_id.as_deref().unwrap_or_default();
            return Attached::new(arn, Compiled::compiled(self.text(policy))).in_version(version);
        }
        if found.is_some() {
            return Attached::unreadable(arn, "AWS has withdrawn the policy");
        }
        match if is_of_aws { aws_managed.err() } else { boundaries.err() } {
            Some(gap) => Attached::unreadable(arn, &format!("its document could not be read: {gap}")),
            None => Attached::unreadable(arn, "its document was not read"),
        }
    }
}
