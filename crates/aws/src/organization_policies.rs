//! The organization's guardrails: service and resource control policies with their documents and what they are attached
//! to. Read once a scan, or by `discover`: DescribePolicy answers two requests a second.

use aws_sdk_organizations::Client;
use aws_sdk_organizations::types::PolicyType;
use orgsweep_model::Gap;
use orgsweep_model::facts::{self, Document, OrganizationPolicies};
use serde::{Deserialize, Serialize};

use crate::failure;
use crate::organization::present;

/// The largest page that Organizations gives.
const PAGE: i32 = 20;
/// AWS's own resource control policy: attached everywhere, cannot be detached, so its targets need no call.
const EVERYWHERE: &str = "p-RCPFullAWSAccess";

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

/// All of them, sorted by type and id. A policy type that is not enabled has no effect and is not listed by its root, but its
/// policies are still read: enabling it again makes them hold.
pub async fn read(client: &Client) -> Result<Vec<OrganizationPolicy>, Gap> {
    let mut policies = Vec::new();
    for kind in [PolicyType::ServiceControlPolicy, PolicyType::ResourceControlPolicy] {
        let mut token = None;
        loop {
            let page = client
                .list_policies()
                .filter(kind.clone())
                .max_results(PAGE)
                .set_next_token(token)
                .send()
                .await
                .map_err(|error| failure::gap("organizations:ListPolicies", &error))?;
            for summary in present(page.policies.as_deref(), "organizations:ListPolicies")? {
                let id = summary.id().unwrap_or_default();
                policies.push(OrganizationPolicy {
                    policy_id: id.to_owned(),
                    policy_type: kind.as_str().to_owned(),
                    name: summary.name().unwrap_or_default().to_owned(),
                    aws_managed: summary.aws_managed(),
                    content: content(client, id).await?,
                    targets: if id == EVERYWHERE { Vec::new() } else { targets(client, id).await? },
                });
            }
            token = page.next_token().map(str::to_owned);
            if token.is_none() {
                break;
            }
        }
    }
    policies.sort_by(|left, right| {
        (&left.policy_type, &left.policy_id).cmp(&(&right.policy_type, &right.policy_id))
    });
    Ok(policies)
}

/// As they are stored: a row for each place.
pub fn stored(policies: &[OrganizationPolicy]) -> OrganizationPolicies {
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

/// Whether they could be read, by the first of each type: all of them take half a second each.
pub async fn look(client: &Client) -> Result<(), Gap> {
    for kind in [PolicyType::ServiceControlPolicy, PolicyType::ResourceControlPolicy] {
        let page = client
            .list_policies()
            .filter(kind)
            .max_results(1)
            .send()
            .await
            .map_err(|error| failure::gap("organizations:ListPolicies", &error))?;
        if let Some(id) = page.policies().first().and_then(|summary| summary.id()) {
            content(client, id).await?;
            targets(client, id).await?;
        }
    }
    Ok(())
}

async fn content(client: &Client, id: &str) -> Result<String, Gap> {
    let answer = client
        .describe_policy()
        .policy_id(id)
        .send()
        .await
        .map_err(|error| failure::gap("organizations:DescribePolicy", &error))?;
    Ok(answer.policy().and_then(|policy| policy.content()).unwrap_or_default().to_owned())
}

async fn targets(client: &Client, id: &str) -> Result<Vec<String>, Gap> {
    let mut targets = Vec::new();
    let mut token = None;
    loop {
        let page = client
            .list_targets_for_policy()
            .policy_id(id)
            .max_results(PAGE)
            .set_next_token(token)
            .send()
            .await
            .map_err(|error| failure::gap("organizations:ListTargetsForPolicy", &error))?;
        let read = present(page.targets.as_deref(), "organizations:ListTargetsForPolicy")?;
        targets.extend(read.iter().filter_map(|target| target.target_id().map(str::to_owned)));
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            targets.sort();
            return Ok(targets);
        }
    }
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
        let stored = stored(&[policy("p-a", &["r-1", "ou-1"]), policy("p-b", &[]), policy(EVERYWHERE, &[])]);
        let told: Vec<_> = stored
            .policies
            .iter()
            .map(|row| (row.policy_id.as_str(), row.target_id.as_deref(), row.is_everywhere))
            .collect();
        assert_eq!(
            told,
            [
                ("p-a", Some("r-1"), false),
                ("p-a", Some("ou-1"), false),
                ("p-b", None, false),
                (EVERYWHERE, None, true)
            ]
        );
    }
}
