//! What is known of an account, for the rules of escalation to be bound to.

use std::sync::Arc;

use crate::context::{Context, RequestFacts};
use crate::layers::{Attached, Layers};
use crate::policy::Policy;
use crate::request::Principal;

/// Who might escalate.
#[derive(Clone, Debug)]
pub struct Actor<'a> {
    /// The user or role.
    pub principal: &'a Principal,
    /// What is known of its requests.
    pub context: Context,
    /// The policies that apply to it, as for [`administrator`](crate::administrator): the RCPs are those of its account, and
    /// `resource` is ignored.
    pub layers: Layers<'a>,
    /// ARNs of the groups that it is in; `None` where that is not known.
    pub groups: Option<&'a [&'a str]>,
}

/// A role that may be gained.
#[derive(Clone, Copy, Debug)]
pub struct RoleFacts<'a> {
    /// Its ARN.
    pub arn: &'a str,
    /// What it meets when it acts. `resource` is its trust policy, and the RCPs are those of its account.
    pub layers: Layers<'a>,
    /// Whether it has an instance profile, if that is known.
    pub instance_profile: Option<bool>,
}

/// A user that may be gained.
#[derive(Clone, Copy, Debug)]
pub struct UserFacts<'a> {
    /// Its ARN.
    pub arn: &'a str,
    /// What it meets when it acts.
    pub layers: Layers<'a>,
    /// How many access keys it has, if that is known. Two is the most.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
    pub access_keys: Option<u8>,
    /// How many of them are inactive, if that is known.
    pub inactive_access_keys: Option<u8>,
    /// Whether it has a console password, if that is known.
    pub password: Option<bool>,
}

/// A group that may be joined.
#[derive(Clone, Copy, Debug)]
pub struct GroupFacts<'a> {
    /// Its ARN.
    pub arn: &'a str,
    /// Its policies.
    pub identity: &'a [Attached],
}

/// The name of a version, such as `v2`, and its document.
pub type StoredVersion = (Arc<str>, Arc<Policy>);

/// A customer-managed policy with its versions.
#[derive(Clone, Copy, Debug)]
pub struct PolicyFacts<'a> {
    /// Its ARN.
    pub arn: &'a str,
    /// The version in force, such as `v3`.
    pub default_version: &'a str,
    /// All stored versions; `None` where they are not known.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-versioning.html>
    pub versions: Option<&'a [StoredVersion]>,
}

/// The tags of a user, a role, a customer-managed policy or another resource.
#[derive(Clone, Copy, Debug)]
pub struct TagFacts<'a> {
    /// Its ARN.
    pub arn: &'a str,
    /// Names and values of all of its tags.
    pub tags: &'a [(&'a str, &'a str)],
}

/// What is known about an account. `None` is unknown: what depends on it is potential, never absent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Inventory<'a> {
    /// Its roles, and those of other accounts: such as may be assumed from it, and such as a workload carries that may be acted
    /// on from it.
    pub roles: Option<&'a [RoleFacts<'a>]>,
    /// Its users.
    pub users: Option<&'a [UserFacts<'a>]>,
    /// Its groups.
    pub groups: Option<&'a [GroupFacts<'a>]>,
    /// Its customer-managed policies.
    pub policies: Option<&'a [PolicyFacts<'a>]>,
    /// ARNs of its SAML and OIDC providers.
    pub providers: Option<&'a [&'a str]>,
    /// The tags of whatever they are known of, one without any as well. Of what is not listed they are not known.
    pub tags: Option<&'a [TagFacts<'a>]>,
    /// Whether it is the management account of its organization.
    pub management_account: Option<bool>,
    /// What is known of every request: the moment, and which organization accounts are in. Whose tags are known is in `tags`.
    pub requests: RequestFacts<'a>,
}
