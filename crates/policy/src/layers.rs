//! The policies that a request meets, layer by layer.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>

use std::fmt;
use std::sync::Arc;

use crate::policy::Policy;

/// A policy with where it comes from. Cloning it is cheap.
#[derive(Clone, Debug)]
pub struct Attached {
    /// ARN of a managed policy, name of an inline one, ARN of the resource.
    pub name: Arc<str>,
    /// The version of a managed policy, such as `v3`.
    pub version: Option<Arc<str>>,
    /// The group through which a user has it.
    pub group: Option<Arc<str>>,
    /// The document.
    pub policy: Arc<Policy>,
}

impl Attached {
    /// A policy of this name.
    pub fn new(name: &str, policy: Arc<Policy>) -> Self {
        Self { name: name.into(), version: None, group: None, policy }
    }

    /// The stand-in for a policy, or a whole layer, that could not be read: what hangs on it is unknown.
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

/// The organization's policies of one type at one place of the tree.
#[derive(Clone, Debug)]
pub struct Level {
    /// Id of the root, the unit or the account.
    pub id: Arc<str>,
    /// The policies attached there.
    pub policies: Vec<Attached>,
}

/// The organization's policies of one type on the way from the root to an account.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html>
#[derive(Clone, Copy, Debug, Default)]
pub enum Guardrails<'a> {
    /// From the root through every unit to the account, each level with what is attached to it.
    InForce(&'a [Level]),
    /// The policy type is not enabled in the root.
    NotEnabled,
    /// The account is the management account, which they never bind.
    ManagementAccount,
    /// The account is not in an organization, or in one that this is not about.
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

/// All policies that a request meets. What is left at its default does not exist; what exists and could not be read is
/// [`Attached::unreadable`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Layers<'a> {
    /// SCPs of the principal's account.
    pub service_control: Guardrails<'a>,
    /// RCPs of the resource's account; of the principal's own, where the action names no resource.
    pub resource_control: Guardrails<'a>,
    /// The resource's own policy: bucket policy, key policy, trust policy of a role.
    pub resource: &'a [Attached],
    /// Identity policies: inline and attached, a user's groups' too.
    pub identity: &'a [Attached],
    /// The permissions boundary.
    pub boundary: Option<&'a Attached>,
    /// Session policies, if the session was opened with any.
    pub session: Option<&'a [Attached]>,
    /// The policy of the VPC endpoint through which the request goes, if it goes through one.
    pub endpoint: Option<&'a Attached>,
}
