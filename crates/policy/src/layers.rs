//! The policies that apply to a request, layer by layer.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>

use std::fmt;
use std::sync::Arc;

use crate::policy::Policy;

/// A policy and its origin. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Attached {
    /// ARN of a managed policy, name of an inline one, ARN of the resource.
    pub name: Arc<str>,
    /// The version of a managed policy, such as `v3`.
    pub version: Option<Arc<str>>,
    /// The group through which it is attached to the user.
    pub group: Option<Arc<str>>,
    /// The document.
    pub policy: Arc<Policy>,
}

impl Attached {
    /// A policy of this name.
    pub fn new(name: &str, policy: Arc<Policy>) -> Self {
        Self { name: name.into(), version: None, group: None, policy }
    }

    /// A placeholder for a policy, or a whole layer, that could not be read: everything that depends on it is unknown.
    pub fn unreadable(name: &str, reason: &str) -> Self {
        Self::new(name, Arc::new(Policy::unreadable(reason)))
    }

    /// In this version.
    #[must_use]
    pub fn in_version(mut self, version: &str) -> Self {
        self.version = Some(version.into());
        self
    }

    /// Through this group.
    #[must_use]
    pub fn through_group(mut self, group: &str) -> Self {
        self.group = Some(group.into());
        self
    }
}

impl fmt::Display for Attached {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.name)?;
        if let Some(version) = &self.version {
            write!(out, " {version}")?;
        }
        if let Some(group) = &self.group {
            write!(out, " through group {group}")?;
        }
        Ok(())
    }
}

/// The organization's policies of one type at one level of the tree.
#[derive(Clone, Debug)]
pub struct Level {
    /// ID of the root, OU or account.
    pub id: Arc<str>,
    /// The policies attached there.
    pub policies: Vec<Attached>,
}

/// The organization's policies of one type on the path from the root to an account.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html>
#[derive(Clone, Copy, Debug, Default)]
pub enum Guardrails<'a> {
    /// From the root through every OU to the account: the policies attached to each level.
    InForce(&'a [Level]),
    /// The policy type is not enabled in the root.
    NotEnabled,
    /// The account is the management account, to which they never apply.
    ManagementAccount,
    /// The account is not in an organization, or in a different one.
    #[default]
    NoOrganization,
}

impl<'a> Guardrails<'a> {
    pub(crate) fn levels(self) -> Option<&'a [Level]> {
        match self {
            Self::InForce(levels) => Some(levels),
            Self::NotEnabled | Self::ManagementAccount | Self::NoOrganization => None,
        }
    }
}

/// All policies that apply to a request. A default (empty) layer does not exist; a policy that exists but could not be read is
/// [`Attached::unreadable`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Layers<'a> {
    /// SCPs of the principal's account.
    pub service_control: Guardrails<'a>,
    /// RCPs of the resource's account; of the principal's account if the action has no resource.
    pub resource_control: Guardrails<'a>,
    /// The resource's policy: bucket policy, key policy, trust policy of a role.
    pub resource: &'a [Attached],
    /// Identity policies: inline and attached, including those of a user's groups.
    pub identity: &'a [Attached],
    /// The permissions boundary.
    pub boundary: Option<&'a Attached>,
    /// Session policies, if the session has any.
    pub session: Option<&'a [Attached]>,
    /// The policy of the VPC endpoint that the request passes through, if any.
    pub endpoint: Option<&'a Attached>,
}
