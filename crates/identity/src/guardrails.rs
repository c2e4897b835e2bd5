//! The organization's policies that apply to an account, from the root through every unit to the account itself.

use orgsweep_model::facts::OrganizationPolicy;
use orgsweep_model::{AccountId, Organization};
use orgsweep_policy::{Attached, Guardrails, Level};

use crate::documents::Documents;

/// The id of the one level that stands for all, where it is not known what applies.
pub const UNKNOWN: &str = "?";

/// Policies of one type.
#[derive(Clone, Debug)]
pub enum Guard {
    /// They apply, or it is not known what does.
    Levels(Vec<Level>),
    /// None applies, for this reason.
    None(Absence),
}

/// Why none applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    /// The policy type is not enabled.
    NotEnabled,
    /// The management account is not bound.
    Management,
    /// An account of another organization, a service, a provider.
    Outside,
    /// Left out on request.
    LeftOut,
}

/// The two types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// They limit the principals of an account.
    Service,
    /// They limit who may use the resources of an account.
    Resource,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Service => "SERVICE_CONTROL_POLICY",
            Self::Resource => "RESOURCE_CONTROL_POLICY",
        }
    }

    /// As text for people.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Service => "service control policies",
            Self::Resource => "resource control policies",
        }
    }
}

/// Where an account is.
#[derive(Clone, Copy, Debug)]
pub enum Place<'a> {
    /// In the organization, in these units: from the root to the account's own, with `/` between them; `None`: not known.
    Units(Option<&'a str>),
    /// In another organization, or in none.
    Elsewhere,
}

/// What was read of an organization's policies.
#[derive(Clone, Copy, Debug)]
pub struct OrganizationGuardrails<'a> {
    /// The organization's id, or [`Organization::NONE`].
    pub organization: &'a str,
    /// Its management account.
    pub management_account: AccountId,
    /// All policies of both types with their places, or why they could not be read.
    pub policies: Result<&'a [OrganizationPolicy], &'a str>,
    /// Their texts.
    pub documents: &'a Documents,
}

impl OrganizationGuardrails<'_> {
    /// What applies to an account.
    pub fn of(&self, kind: Kind, account: AccountId, place: Place<'_>) -> Guard {
        if self.organization == Organization::NONE {
            return Guard::unknown(
                kind,
                "the scan did not call AWS Organizations; --without-organization-policies evaluates as if there were none",
            );
        }
        let Place::Units(units) = place else {
            return Guard::None(Absence::Outside);
        };
        if account == self.management_account {
            return Guard::None(Absence::Management);
        }
        let policies = match self.policies {
            Ok(policies) => policies,
            Err(reason) => return Guard::unknown(kind, reason),
        };
        let own = || policies.iter().filter(|policy| policy.policy_type == kind.word());
        // While a type is enabled, every root, unit and account has at least one policy of it attached.
        if !own().any(|policy| policy.is_everywhere || policy.target_id.is_some()) {
            return Guard::None(Absence::NotEnabled);
        }
        let Some(units) = units else {
            return Guard::unknown(kind, &format!("the OUs of {account} are unknown"));
        };
        let level = |id: &str| Level {
            id: id.into(),
            policies: own()
                .filter(|policy| policy.is_everywhere || policy.target_id.as_deref() == Some(id))
                .map(|policy| self.attached(policy))
                .collect(),
        };
        Guard::Levels(units.split('/').chain([account.as_str()]).map(level).collect())
    }

    fn attached(&self, policy: &OrganizationPolicy) -> Attached {
        let name = format!("{} ({})", policy.policy_name, policy.policy_id);
        self.documents.attached(&name, Some(&policy.document_sha256))
    }
}

impl Guard {
    /// It is not known what applies.
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
    /// As text for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::NotEnabled => "none: the policy type is not enabled",
            Self::Management => "none: they do not apply to the management account",
            Self::Outside => "none of this organization",
            Self::LeftOut => "left out",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const ALLOW: &str = r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;

    fn account(id: &str) -> AccountId {
        id.parse().unwrap()
    }

    fn policy(id: &str, target: Option<&str>) -> OrganizationPolicy {
        OrganizationPolicy {
            policy_id: id.to_owned(),
            policy_type: "SERVICE_CONTROL_POLICY".to_owned(),
            policy_name: "name".to_owned(),
            is_aws_managed: false,
            target_id: target.map(str::to_owned),
            is_everywhere: false,
            document_sha256: "hash".into(),
        }
    }

    fn guard(
        policies: Result<&[OrganizationPolicy], &str>,
        kind: Kind,
        id: &str,
        place: Place<'_>,
    ) -> String {
        let documents = Documents::new([("hash".into(), ALLOW.into())], Arc::default());
        let organization = OrganizationGuardrails {
            organization: "o-exampleorgid",
            management_account: account("111122223333"),
            policies,
            documents: &documents,
        };
        match organization.of(kind, account(id), place) {
            Guard::None(absence) => format!("{absence:?}"),
            Guard::Levels(levels) => {
                let names = |level: &Level| {
                    let names: Vec<String> = level.policies.iter().map(ToString::to_string).collect();
                    format!("{}: {}", level.id, names.join("+"))
                };
                levels.iter().map(names).collect::<Vec<_>>().join(", ")
            }
        }
    }

    /// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html>
    #[test]
    fn every_level_from_the_root_to_the_account_has_its_own() {
        let policies =
            [policy("p-1", Some("r-1")), policy("p-2", Some("444455556666")), policy("p-3", Some("ou-2"))];
        let member = Place::Units(Some("r-1/ou-1"));
        let of = |kind, id, place| guard(Ok(&policies), kind, id, place);
        assert_eq!(
            of(Kind::Service, "444455556666", member),
            "r-1: name (p-1), ou-1: , 444455556666: name (p-2)"
        );
        assert_eq!(of(Kind::Resource, "444455556666", member), "NotEnabled");
        assert_eq!(of(Kind::Service, "111122223333", member), "Management");
        assert_eq!(of(Kind::Service, "777788889999", Place::Elsewhere), "Outside");
        assert_eq!(of(Kind::Service, "444455556666", Place::Units(None)), "?: service control policies");
        let attached_to_nothing = [policy("p-1", None)];
        assert_eq!(guard(Ok(&attached_to_nothing), Kind::Service, "444455556666", member), "NotEnabled");
        assert_eq!(
            guard(Err("refused"), Kind::Service, "444455556666", member),
            "?: service control policies"
        );
    }
}
