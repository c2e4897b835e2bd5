//! The organization's guardrails: service and resource control policies with their documents and what they are attached
//! to. Read once a scan, or by `discover`: DescribePolicy answers two requests a second.
//!
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies.html>

use aws_sdk_organizations::Client;
use aws_sdk_organizations::types::PolicyType;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use orgsweep_model::facts::{Document, OrganizationPolicy};
use orgsweep_model::{Collector, Gap, Needs, Reason, Row as _, Session, TableSchema, Tables, async_trait};

use super::PAGE;
use super::access::OrganizationReader;
use crate::failure;
use crate::pages::present;

/// AWS's own resource control policy: attached to every root, unit and account, and cannot be detached.
const EVERYWHERE: &str = "p-RCPFullAWSAccess";

/// Fills `organization_policies`.
pub struct OrganizationPolicies;

#[async_trait]
impl Collector for OrganizationPolicies {
    fn name(&self) -> &'static str {
        "organization_policies"
    }

    fn needs(&self) -> Needs {
        Needs {
            actions: &[
                "organizations:DescribePolicy",
                "organizations:ListPolicies",
                "organizations:ListTargetsForPolicy",
            ],
            calls_per_account: 0,
            // One list a type; two calls a policy come on top.
            calls_per_scan: 2,
            gates: &[],
        }
    }

    fn fills(&self) -> &'static [&'static TableSchema] {
        &[OrganizationPolicy::SCHEMA]
    }

    async fn collect(&self, session: &Session, tables: &mut Tables) {
        let read = match OrganizationReader::behind(session) {
            Ok(reader) => read(&reader.organizations).await,
            Err(gap) => Err(gap),
        };
        let now = session.clock.now();
        match read {
            Ok((policies, documents)) => {
                tables.insert(policies, now);
                tables.insert(documents, now);
            }
            Err(gap) => tables.insert_gap(OrganizationPolicy::SCHEMA.name, gap, now),
        }
    }

    async fn inspect(&self, session: &Session) -> Result<(), Gap> {
        inspect(&OrganizationReader::behind(session)?.organizations).await
    }
}

/// One policy, with its document and its places.
struct Read {
    policy_id: String,
    policy_type: String,
    policy_name: String,
    is_aws_managed: bool,
    content: String,
    /// Ids of the roots, units and accounts that it is attached to, sorted; empty for what AWS attaches everywhere.
    targets: Vec<String>,
}

/// All of them, sorted by type and id. A policy type that is not enabled has no effect and is not listed by its root, but its
/// policies are still read: enabling it again makes them hold.
async fn read(client: &Client) -> Result<(Vec<OrganizationPolicy>, Vec<Document>), Gap> {
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
                let id = summary
                    .id()
                    .ok_or_else(|| lacking("organizations:ListPolicies", "the id of a policy"))?;
                let Some(content) = content(client, id).await? else { continue };
                // It cannot be detached, so its targets need no call.
                let targets = if id == EVERYWHERE { Some(Vec::new()) } else { targets(client, id).await? };
                let Some(targets) = targets else { continue };
                policies.push(Read {
                    policy_id: id.to_owned(),
                    policy_type: kind.as_str().to_owned(),
                    policy_name: summary.name().unwrap_or_default().to_owned(),
                    is_aws_managed: summary.aws_managed(),
                    content,
                    targets,
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
    Ok(stored(policies))
}

/// A row for each place of a policy, and one for a policy that has none; every text once.
fn stored(policies: Vec<Read>) -> (Vec<OrganizationPolicy>, Vec<Document>) {
    let (mut rows, mut documents) = (Vec::new(), Vec::<Document>::new());
    for Read { policy_id, policy_type, policy_name, is_aws_managed, content, targets } in policies {
        let document = Document::of(&content);
        let row = |target_id| OrganizationPolicy {
            policy_id: policy_id.clone(),
            policy_type: policy_type.clone(),
            policy_name: policy_name.clone(),
            is_aws_managed,
            target_id,
            is_everywhere: policy_id == EVERYWHERE,
            document_sha256: document.document_sha256.clone(),
        };
        if targets.is_empty() {
            rows.push(row(None));
        }
        rows.extend(targets.into_iter().map(|target| row(Some(target))));
        if !documents.contains(&document) {
            documents.push(document);
        }
    }
    (rows, documents)
}

/// Whether they could be read, by the first of each type: all of them take half a second each.
async fn inspect(client: &Client) -> Result<(), Gap> {
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

/// A document; `None`: the policy was deleted since it was listed, and applies to no principal. An answer without a document is none:
/// an empty policy would deny nothing.
async fn content(client: &Client, id: &str) -> Result<Option<String>, Gap> {
    let api = "organizations:DescribePolicy";
    let Some(answer) = unless_deleted(client.describe_policy().policy_id(id).send().await, api)? else {
        return Ok(None);
    };
    let content = answer.policy().and_then(|policy| policy.content()).filter(|text| !text.is_empty());
    content.map(|text| Some(text.to_owned())).ok_or_else(|| lacking(api, &format!("the document of {id}")))
}

/// What AWS says of a policy that is no more.
fn unless_deleted<T, E>(answer: Result<T, SdkError<E, HttpResponse>>, api: &str) -> Result<Option<T>, Gap>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.code() == Some("PolicyNotFoundException") => Ok(None),
        Err(error) => Err(failure::gap(api, &error)),
    }
}

fn lacking(api: &str, what: &str) -> Gap {
    Gap::new(Reason::MalformedAnswer).during(api).because(&format!("the response lacks {what}"))
}

/// The places of a policy; `None`: it was deleted since it was listed.
async fn targets(client: &Client, id: &str) -> Result<Option<Vec<String>>, Gap> {
    let api = "organizations:ListTargetsForPolicy";
    let mut targets = Vec::new();
    let mut token = None;
    loop {
        let request = client.list_targets_for_policy().policy_id(id).max_results(PAGE).set_next_token(token);
        let Some(page) = unless_deleted(request.send().await, api)? else { return Ok(None) };
        for target in present(page.targets.as_deref(), api)? {
            let target = target.target_id().ok_or_else(|| lacking(api, "the id of a target"))?;
            targets.push(target.to_owned());
        }
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            targets.sort();
            return Ok(Some(targets));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_has_a_row_for_each_place_and_one_where_it_has_none() {
        let policy = |id: &str, targets: &[&str]| Read {
            policy_id: id.to_owned(),
            policy_type: "SERVICE_CONTROL_POLICY".to_owned(),
            policy_name: id.to_owned(),
            is_aws_managed: false,
            content: "{}".to_owned(),
            targets: targets.iter().map(|target| (*target).to_owned()).collect(),
        };
        let (rows, documents) =
            stored(vec![policy("p-a", &["r-1", "ou-1"]), policy("p-b", &[]), policy(EVERYWHERE, &[])]);
        let rows: Vec<_> = rows
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
        assert_eq!(documents, [Document::of("{}")]);
    }
}
