//! The AWS-managed policies that are attached here, with the documents that the scan reads once.

use std::collections::BTreeSet;

use orgsweep_model::facts::{AWS_MANAGED_POLICIES, Policy, PolicyAttachment, Texts};
use orgsweep_model::text::arn_name;
use orgsweep_model::{Collector, Gap, Needs, Row, Session, TableSchema, Tables, async_trait};

use super::{member, put_policies};

/// Fills AWS's part of `policies`.
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
        &[AWS_MANAGED_POLICIES]
    }

    async fn collect(&self, session: &Session, tables: &mut Tables) {
        let policies = fetch(session, tables).await;
        let gone = policies.iter().flat_map(|(policies, _)| policies);
        let gone = gone.filter(|policy| policy.document_sha256.is_none());
        let gone: Vec<&str> = gone.filter_map(|policy| policy.policy_arn.as_deref()).collect();
        if !gone.is_empty() {
            tables.note(format!("attached policies that AWS no longer provides: {}", gone.join(", ")));
        }
        put_policies(AWS_MANAGED_POLICIES, policies, session, tables);
    }
}

async fn fetch(session: &Session, tables: &Tables) -> Result<(Vec<Policy>, Texts), Gap> {
    let member = member(session)?;
    let attached: BTreeSet<&str> = tables
        .get::<PolicyAttachment>()
        .map_err(Clone::clone)?
        .iter()
        .map(|attachment| attachment.policy_arn.as_str())
        .filter(|arn| is_aws_managed(arn))
        .collect();
    let (mut policies, mut texts) = (Vec::new(), Texts::new());
    for arn in attached {
        let document = member.managed.document(arn, &member.shared).await?;
        let (version, text) = &*document;
        policies.push(Policy::managed(
            member.account,
            arn.to_owned(),
            arn_name(arn).to_owned(),
            version.clone(),
            // Hashed once, for all accounts that have the policy.
            text.as_ref().map(|text| texts.insert(text.clone())),
        ));
    }
    Ok((policies, texts))
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
