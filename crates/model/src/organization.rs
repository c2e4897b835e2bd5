//! An organization as it was at one moment: what `discover` writes down, and what shards scan from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::account::{Account, Organization};
use crate::facts::{self, Document, OrganizationPolicies};
use crate::gap::Gap;

/// AWS's own resource control policy: attached to every root, unit and account, and cannot be detached.
pub const EVERYWHERE: &str = "p-RCPFullAWSAccess";

/// One policy of the organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationPolicy {
    /// `p-…`.
    pub policy_id: String,
    /// `SERVICE_CONTROL_POLICY` or `RESOURCE_CONTROL_POLICY`.
    pub policy_type: String,
    /// Any text.
    pub name: String,
    /// Whether it is AWS's own.
    pub aws_managed: bool,
    /// The document.
    pub content: String,
    /// Ids of the roots, units and accounts that it is attached to, sorted; empty for what AWS attaches everywhere.
    pub targets: Vec<String>,
}

/// An organization as it was at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationSnapshot {
    /// The organization.
    pub organization: Organization,
    /// All of its accounts, with their units.
    pub accounts: Vec<Account>,
    /// Names of roots and units, by id.
    pub unit_names: BTreeMap<String, String>,
    /// Service and resource control policies; `None`: they could not be read, and `policies_gap` says why.
    pub policies: Option<Vec<OrganizationPolicy>>,
    /// Why there are none.
    pub policies_gap: Option<Gap>,
}

impl OrganizationSnapshot {
    /// Its policies as they are stored, or why they are not known.
    pub fn stored_policies(&self) -> Option<Result<OrganizationPolicies, Gap>> {
        match (&self.policies, &self.policies_gap) {
            (Some(policies), _) => Some(Ok(stored_policies(policies))),
            (None, Some(gap)) => Some(Err(gap.clone())),
            (None, None) => None,
        }
    }
}

/// Policies as they are stored: a row for each place.
pub fn stored_policies(policies: &[OrganizationPolicy]) -> OrganizationPolicies {
    let mut all = OrganizationPolicies::default();
    for policy in policies {
        let document = Document::of(&policy.content);
        let row = |target_id| facts::OrganizationPolicy {
            policy_id: policy.policy_id.clone(),
            policy_type: policy.policy_type.clone(),
            policy_name: policy.name.clone(),
            is_aws_managed: policy.aws_managed,
            target_id,
            is_everywhere: policy.policy_id == EVERYWHERE,
            document_sha256: document.document_sha256.clone(),
        };
        all.policies.extend(policy.targets.iter().map(|target| row(Some(target.clone()))));
        if policy.targets.is_empty() {
            all.policies.push(row(None));
        }
        all.documents.push(document);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_has_a_row_for_each_place_and_one_where_it_has_none() {
        let policy = |id: &str, targets: &[&str]| OrganizationPolicy {
            policy_id: id.to_owned(),
            policy_type: "SERVICE_CONTROL_POLICY".to_owned(),
            name: id.to_owned(),
            aws_managed: false,
            content: "{}".to_owned(),
            targets: targets.iter().map(|target| (*target).to_owned()).collect(),
        };
        let stored =
            stored_policies(&[policy("p-a", &["r-1", "ou-1"]), policy("p-b", &[]), policy(EVERYWHERE, &[])]);
        let rows: Vec<_> = stored
            .policies
            .iter()
            .map(|row| (row.policy_id.as_str(), row.target_id.as_deref(), row.is_everywhere))
            .collect();
        assert_eq!(
            rows,
            [
                ("p-a", Some("r-1"), false),
                ("p-a", Some("ou-1"), false),
                ("p-b", None, false),
                (EVERYWHERE, None, true)
            ]
        );
    }
}
