//! The AWS-managed policies that are attached here, with the documents that the scan reads once.

use std::collections::BTreeSet;

use orgsweep_model::facts::{AwsManagedPolicy, PolicyAttachment};
use orgsweep_model::{Collector, Gap, Needs, Row, Session, TableSchema, Tables, async_trait};

use super::{member, put};

/// Fills `aws_managed_policies`.
pub struct AwsManagedPolicies;

#[async_trait]
impl Collector for AwsManagedPolicies {
    fn name(&self) -> &'static str {
        "aws_managed_policies"
    }

    fn needs(&self) -> Needs {
        Needs {
            // The attachments are its input: without them there is nothing to look up, so their action is its own.
            actions: &["iam:GetAccountAuthorizationDetails", "iam:ListPolicies", "iam:GetPolicyVersion"],
            calls_per_account: 0,
            // Two pages of the listing, and a document for each of the 50 to 150 policies that are in use.
            calls_per_scan: 100,
            gates: &[PolicyAttachment::SCHEMA],
        }
    }

    fn fills(&self) -> &'static [&'static TableSchema] {
        &[AwsManagedPolicy::SCHEMA]
    }

    async fn collect(&self, session: &Session, tables: &mut Tables) {
        let policies = fetch(session, tables).await;
        let gone = policies.iter().flatten().filter(|policy| policy.document.is_empty());
        let gone: Vec<&str> = gone.map(|policy| policy.policy_arn.as_str()).collect();
        if !gone.is_empty() {
            tables.note(format!("attached policies that AWS has withdrawn: {}", gone.join(", ")));
        }
        put(policies, session, tables);
    }
}

async fn fetch(session: &Session, tables: &Tables) -> Result<Vec<AwsManagedPolicy>, Gap> {
    let member = member(session)?;
    let attached: BTreeSet<&str> = tables
        .get::<PolicyAttachment>()
        .map_err(Clone::clone)?
        .iter()
        .map(|attachment| attachment.policy_arn.as_str())
        .filter(|arn| is_aws_managed(arn))
        .collect();
    let mut policies = Vec::new();
    for arn in attached {
        let document = member.managed.document(arn, &member.shared).await?;
        policies.push(AwsManagedPolicy {
            account_id: member.account,
            policy_arn: arn.to_owned(),
            default_version_id: document.0.clone(),
            document: document.1.clone(),
        });
    }
    Ok(policies)
}

/// `arn:{partition}:iam::aws:policy/…`: the account field is `aws`.
fn is_aws_managed(arn: &str) -> bool {
    arn.split(':').nth(4) == Some("aws")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_is_aws_and_not_the_name() {
        assert!(is_aws_managed("arn:aws:iam::aws:policy/job-function/Billing"));
        assert!(is_aws_managed("arn:aws-cn:iam::aws:policy/AdministratorAccess"));
        assert!(!is_aws_managed("arn:aws:iam::111122223333:policy/aws/AdministratorAccess"));
    }
}
