//! Policies that are nothing but boundaries: iam:GetAccountAuthorizationDetails may leave out a policy that is attached to
//! no principal, and the effect of a boundary that cannot be read is unknown.

use std::collections::BTreeSet;

use aws_sdk_iam::types::{PolicyScopeType, PolicyUsageType};
use orgsweep_model::facts::{BOUNDARY_POLICIES, OWN_POLICIES, Policy, PolicyAttachment, Texts};
use orgsweep_model::text::arn_name;
use orgsweep_model::{AccountId, Collector, Gap, Needs, Row, Session, TableSchema, Tables, async_trait};

use super::decode::policy_document;
use super::{member, put_policies};
use crate::member::Member;
use crate::pages::next_marker;

const LIST: &str = "iam:ListPolicies";
const READ: &str = "iam:GetPolicyVersion";
/// Documents that are read in one account. Principals beyond that are counted in a note and have a boundary that is not
/// known.
const MOST: usize = 50;

/// Fills the part of `policies` that is nothing but boundaries.
pub struct BoundaryPolicies;

#[async_trait]
impl Collector for BoundaryPolicies {
    fn name(&self) -> &'static str {
        "boundary_policies"
    }

    fn needs(&self) -> Needs {
        Needs {
            // As for AWS's own policies, the attachments say what there is to look up.
            actions: &["iam:GetAccountAuthorizationDetails", LIST, READ],
            // None where the details hold every boundary; else a page of the listing and a call for each that is missing.
            calls_per_account: 0,
            calls_per_scan: 0,
            gates: &[PolicyAttachment::SCHEMA, OWN_POLICIES],
        }
    }

    fn fills(&self) -> &'static [&'static TableSchema] {
        &[BOUNDARY_POLICIES]
    }

    async fn collect(&self, session: &Session, tables: &mut Tables) {
        let policies = fetch(session, tables).await;
        put_policies(BOUNDARY_POLICIES, policies, session, tables);
    }
}

async fn fetch(session: &Session, tables: &mut Tables) -> Result<(Vec<Policy>, Texts), Gap> {
    let member = member(session)?;
    let wanted = missing(member.account, tables)?;
    if wanted.is_empty() {
        return Ok(Default::default());
    }
    if wanted.len() > MOST {
        tables.note(format!("permissions boundaries whose policies were not read: {}", wanted.len() - MOST));
    }
    let (mut policies, mut texts) = (Vec::new(), Texts::new());
    for (policy_arn, version) in listed(member, &wanted).await?.into_iter().take(MOST) {
        let request = member.iam.get_policy_version().policy_arn(&policy_arn).version_id(&version);
        let answer = match member.call(READ, || request.clone().send()).await {
            // Deleted since it was listed: it no longer bounds any principal.
            Err(gap) if gap.code.as_deref() == Some("NoSuchEntity") => {
                tables.note(format!("a permissions boundary was deleted while it was read: {policy_arn}"));
                continue;
            }
            answer => answer?,
        };
        let text = answer.policy_version().and_then(|version| version.document()).unwrap_or_default();
        let text = texts.name_of(&policy_document(text).map_err(|gap| gap.during(READ))?);
        let name = arn_name(&policy_arn).to_owned();
        policies.push(Policy::managed(member.account, policy_arn, name, Some(version), Some(text)));
    }
    Ok((policies, texts))
}

/// The account's own policies that are used as a boundary and whose documents have not been read yet.
fn missing(account: AccountId, tables: &Tables) -> Result<BTreeSet<String>, Gap> {
    let attachments = tables.get::<PolicyAttachment>().map_err(Clone::clone)?;
    tables.read(OWN_POLICIES).map_err(Clone::clone)?;
    let known: BTreeSet<&str> =
        tables.rows_of::<Policy>().iter().filter_map(|policy| policy.policy_arn.as_deref()).collect();
    let boundaries = attachments.iter().filter(|attachment| attachment.as_boundary);
    let own = boundaries
        .map(|attachment| attachment.policy_arn.as_str())
        .filter(|arn| arn.split(':').nth(4) == Some(account.as_str()) && !known.contains(arn));
    Ok(own.map(str::to_owned).collect())
}

/// Those of the wanted policies that the account's listing of boundaries has, with their default versions, sorted.
async fn listed(member: &Member, wanted: &BTreeSet<String>) -> Result<Vec<(String, String)>, Gap> {
    let mut found = Vec::new();
    let mut marker: Option<String> = None;
    loop {
        let request = member
            .iam
            .list_policies()
            .scope(PolicyScopeType::Local)
            .policy_usage_filter(PolicyUsageType::PermissionsBoundary)
            .max_items(1000)
            .set_marker(marker.clone());
        let page = member.call(LIST, || request.clone().send()).await?;
        for policy in page.policies() {
            if let (Some(arn), Some(version)) = (policy.arn(), policy.default_version_id())
                && wanted.contains(arn)
            {
                found.push((arn.to_owned(), version.to_owned()));
            }
        }
        marker = next_marker(LIST, page.is_truncated(), page.marker(), marker.as_deref())?;
        if marker.is_none() {
            found.sort();
            found.dedup();
            return Ok(found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attachment(policy_arn: &str, as_boundary: bool) -> PolicyAttachment {
        PolicyAttachment {
            account_id: "111122223333".parse().unwrap(),
            policy_arn: policy_arn.to_owned(),
            principal_arn: "arn:aws:iam::111122223333:user/ann".to_owned(),
            as_boundary,
        }
    }

    #[test]
    fn what_is_asked_for_is_only_what_is_missing() {
        let own = |name: &str| format!("arn:aws:iam::111122223333:policy/{name}");
        let mut tables = Tables::new();
        let now = orgsweep_model::Timestamp::UNIX_EPOCH;
        let account = "111122223333".parse().unwrap();
        assert!(missing(account, &tables).is_err());
        tables.insert(
            vec![
                attachment(&own("attached"), false),
                attachment(&own("known"), true),
                attachment(&own("edge"), true),
                attachment(&own("edge"), true),
                attachment("arn:aws:iam::aws:policy/PowerUserAccess", true),
            ],
            now,
        );
        assert!(missing(account, &tables).is_err());
        let mut texts = Texts::new();
        let text = Some(texts.name_of("{}"));
        let known = Policy::managed(account, own("known"), "known".to_owned(), Some("v1".to_owned()), text);
        tables.insert_part(OWN_POLICIES, vec![known], now);
        assert_eq!(missing(account, &tables).unwrap(), BTreeSet::from([own("edge")]));
    }
}
