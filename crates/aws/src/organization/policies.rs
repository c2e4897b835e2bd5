//! The organization's guardrails: service and resource control policies with their documents and what they are attached
//! to. Read once a scan, or by `discover`: DescribePolicy answers two requests a second.

use aws_sdk_organizations::Client;
use aws_sdk_organizations::types::PolicyType;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use orgsweep_model::organization::{EVERYWHERE, OrganizationPolicy};
use orgsweep_model::{Gap, Reason};

use super::PAGE;
use crate::failure;
use crate::pages::present;

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
                let id = summary
                    .id()
                    .ok_or_else(|| lacking("organizations:ListPolicies", "the id of a policy"))?;
                let Some(content) = content(client, id).await? else { continue };
                // It cannot be detached, so its targets need no call.
                let targets = if id == EVERYWHERE { Some(Vec::new()) } else { targets(client, id).await? };
                let Some(targets) = targets else { continue };
                policies.push(OrganizationPolicy {
                    policy_id: id.to_owned(),
                    policy_type: kind.as_str().to_owned(),
                    name: summary.name().unwrap_or_default().to_owned(),
                    aws_managed: summary.aws_managed(),
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
    Ok(policies)
}

/// Whether they could be read, by the first of each type: all of them take half a second each.
pub async fn inspect(client: &Client) -> Result<(), Gap> {
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
    Gap::new(Reason::MalformedAnswer).during(api).because(&format!("the answer lacks {what}"))
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
