//! The organization's policies that hold for an account, from the root through every unit to the account itself.

use orgsweep_model::facts::OrganizationPolicy;
use orgsweep_model::{AccountId, Organization, Row as _};
use orgsweep_policy::{Attached, Guardrails, Level};

use crate::facts::Facts;

/// The id of the one level that stands for all, where it is not known what holds.
pub const UNKNOWN: &str = "?";

/// Policies of one type.
pub enum Guard {
    /// They hold, or it is not known what does.
    Levels(Vec<Level>),
    /// None holds, for this reason.
    None(Absence),
}

/// Why none holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    /// The policy type is not enabled.
    NotEnabled,
    /// The management account is not bound.
    Management,
    /// An account of somebody else, a service, a provider.
    Outside,
    /// Left out on request.
    LeftOut,
}

/// The two types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Service,
    Resource,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Service => "SERVICE_CONTROL_POLICY",
            Self::Resource => "RESOURCE_CONTROL_POLICY",
        }
    }

    /// For a person.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Service => "service control policies",
            Self::Resource => "resource control policies",
        }
    }
}

impl Guard {
    /// What holds for an account, or for somebody who has none.
    pub fn of(facts: &Facts, kind: Kind, account: Option<AccountId>, is_left_out: bool) -> Self {
        let unknown = |reason: &str| Self::unknown(kind, reason);
        if is_left_out {
            return Self::None(Absence::LeftOut);
        }
        let Some(account) = account else {
            return Self::None(Absence::Outside);
        };
        if facts.scan.org_id == Organization::NONE {
            return unknown(
                "the scan did not ask Organizations; --without-organization-policies answers as if there were none",
            );
        }
        let Some(row) = facts.accounts.get(&account) else {
            return Self::None(Absence::Outside);
        };
        let management = facts.scan.management_account_id;
        if account == management {
            return Self::None(Absence::Management);
        }
        if let Some(reason) = facts.lost(management, &[OrganizationPolicy::SCHEMA.name]) {
            return unknown(&reason);
        }
        let mine = || facts.organization.iter().filter(|policy| policy.policy_type == kind.word());
        // While a type is enabled, every root, unit and account has at least one policy of it attached.
        if !mine().any(|policy| policy.is_everywhere || policy.target_id.is_some()) {
            return Self::None(Absence::NotEnabled);
        }
        let Some(units) = &row.ou_ids else {
            return unknown(&format!("it is not known which units {account} is in"));
        };
        let level = |id: &str| Level {
            id: id.into(),
            policies: mine()
                .filter(|policy| policy.is_everywhere || policy.target_id.as_deref() == Some(id))
                .map(|policy| facts.of_organization(policy))
                .collect(),
        };
        Self::Levels(units.split('/').chain([account.as_str()]).map(level).collect())
    }

    /// It is not known what holds.
    pub fn unknown(kind: Kind, reason: &str) -> Self {
        let policies = vec![Attached::unreadable(kind.plural(), reason)];
        Self::Levels(vec![Level { id: UNKNOWN.into(), policies }])
    }

    /// For the engine.
    pub fn in_force(&self) -> Guardrails<'_> {
        match self {
            Self::Levels(levels) => Guardrails::InForce(levels),
            Self::None(Absence::NotEnabled) => Guardrails::NotEnabled,
            Self::None(Absence::Management) => Guardrails::ManagementAccount,
            Self::None(Absence::Outside | Absence::LeftOut) => Guardrails::NoOrganization,
        }
    }
}

impl Absence {
    /// For a person.
    pub fn words(self) -> &'static str {
        match self {
            Self::NotEnabled => "none: the policy type is not enabled",
            Self::Management => "none: they do not bind the management account",
            Self::Outside => "none of this organization",
            Self::LeftOut => "left out",
        }
    }
}
