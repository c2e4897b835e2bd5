//! The roster: accounts with their units, streamed while pages arrive.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use aws_sdk_organizations::Client;
use aws_sdk_organizations::types::Account as WireAccount;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use orgsweep_model::finding_id::sha256_hex;
use orgsweep_model::{Account, AccountId, AccountState, Gap, Reason, Timestamp};
use orgsweep_sweep::{Listed, SourceError};
use tokio::sync::mpsc;

use super::PAGE;
use super::tree::Tree;
use crate::caller::NO_CREDENTIALS;
use crate::failure;
use crate::pages::present;

/// What to do without Organizations.
const OTHER_WAYS: &str = "Run as the management account or a delegated administrator, or give the accounts with \
                          --accounts-file, or scan only the caller's own account with --single-account.";

/// The organization's id and management account.
pub async fn describe(client: &Client) -> Result<(String, AccountId), SourceError> {
    let answer =
        client.describe_organization().send().await.map_err(|error| {
            refused("organizations:DescribeOrganization", "reading the organization", &error)
        })?;
    let organization = answer.organization();
    let id = organization.and_then(|found| found.id());
    let management = organization.and_then(|found| found.master_account_id()).and_then(|id| id.parse().ok());
    match (id, management) {
        (Some(id), Some(management)) => Ok((id.to_owned(), management)),
        _ => Err(SourceError {
            doing: "reading the organization".to_owned(),
            problem: "the response does not name the organization or its management account".to_owned(),
            advice: OTHER_WAYS.to_owned(),
        }),
    }
}

/// Sends every account of the organization. A failed page is a failed listing: the error is the last thing sent.
pub async fn list(
    client: Client,
    tree: Arc<Tree>,
    management: AccountId,
    with_tags: bool,
    sender: mpsc::Sender<Result<Listed, SourceError>>,
) {
    let last = send_all(&client, &tree, management, with_tags, &sender).await.map(|()| Listed::Whole);
    // A receiver that has gone away has stopped caring.
    let _ = sender.send(last).await;
}

async fn send_all(
    client: &Client,
    tree: &Tree,
    management: AccountId,
    with_tags: bool,
    sender: &mpsc::Sender<Result<Listed, SourceError>>,
) -> Result<(), SourceError> {
    const DOING: &str = "listing the accounts of the organization";
    let mut token = None;
    let mut placements: Option<HashMap<String, Vec<String>>> = None;
    loop {
        let page = client
            .list_accounts()
            .max_results(PAGE)
            .set_next_token(token)
            .send()
            .await
            .map_err(|error| refused("organizations:ListAccounts", DOING, &error))?;
        let listed = present(page.accounts.as_deref(), "organizations:ListAccounts");
        for wire in listed.map_err(|gap| malformed(DOING, &gap))? {
            let mut account = convert(wire, management)?;
            if account.ou_ids.is_empty() {
                let known = match &placements {
                    Some(known) => known,
                    // Paths came to ListAccounts in 2025: older partitions and stand-ins leave it out.
                    None => placements.insert(tree.placements(client).await.map_err(|gap| SourceError {
                        doing: "reading the organizational units of accounts".to_owned(),
                        problem: gap.to_string(),
                        advice: OTHER_WAYS.to_owned(),
                    })?),
                };
                account.ou_ids = known.get(account.id.as_str()).cloned().unwrap_or_default();
            }
            if with_tags {
                account.tags = Some(tags(client, account.id).await?);
            }
            if sender.send(Ok(Listed::Account(Box::new(account)))).await.is_err() {
                return Ok(());
            }
        }
        // An empty page may carry a token; only its absence ends the list.
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            return Ok(());
        }
    }
}

async fn tags(client: &Client, account: AccountId) -> Result<BTreeMap<String, String>, SourceError> {
    let mut tags = BTreeMap::new();
    let mut token = None;
    loop {
        let page = client
            .list_tags_for_resource()
            .resource_id(account.as_str())
            .set_next_token(token)
            .send()
            .await
            .map_err(|error| {
                refused("organizations:ListTagsForResource", "reading the tags of accounts", &error)
            })?;
        let read = present(page.tags.as_deref(), "organizations:ListTagsForResource");
        let read = read.map_err(|gap| malformed("reading the tags of accounts", &gap))?;
        tags.extend(read.iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())));
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            return Ok(tags);
        }
    }
}

fn convert(wire: &WireAccount, management: AccountId) -> Result<Account, SourceError> {
    let id: AccountId = wire.id().unwrap_or_default().parse().map_err(|problem| SourceError {
        doing: "listing the accounts of the organization".to_owned(),
        problem,
        advice: String::new(),
    })?;
    let mut account = Account::new(id);
    account.arn = wire.arn().map(str::to_owned);
    account.name = wire.name().map(str::to_owned);
    account.email_sha256 = wire.email().map(|email| sha256_hex(email.trim().to_lowercase().as_bytes()));
    let status = wire.status().map(aws_sdk_organizations::types::AccountStatus::as_str);
    account.state = state(wire.state().map(aws_sdk_organizations::types::AccountState::as_str), status);
    account.joined_at = wire
        .joined_timestamp()
        .and_then(|moment| Timestamp::from_millisecond(moment.to_millis().unwrap_or_default()).ok());
    account.ou_ids = wire.paths().first().map(|path| unit_ids(path)).unwrap_or_default();
    account.is_management = id == management;
    Ok(account)
}

fn malformed(doing: &str, gap: &Gap) -> SourceError {
    SourceError {
        doing: doing.to_owned(),
        problem: gap.to_string(),
        advice: "A server other than AWS seems to answer: check proxies and AWS_ENDPOINT_URL.".to_owned(),
    }
}

/// `State`, else `Status`; neither: not skipped but scanned, with a name of its own.
fn state(state: Option<&str>, status: Option<&str>) -> AccountState {
    match state.or(status) {
        None => AccountState::Unstated,
        Some(word) => AccountState::from_word(word)
            .filter(|known| *known != AccountState::Unstated)
            .unwrap_or(AccountState::Unrecognized),
    }
}

/// `o-a/r-b/ou-c/111122223333/` gives `[r-b, ou-c]`.
fn unit_ids(path: &str) -> Vec<String> {
    path.split('/')
        .filter(|part| part.starts_with("r-") || part.starts_with("ou-"))
        .map(str::to_owned)
        .collect()
}

fn refused<E>(api: &str, doing: &str, error: &SdkError<E, HttpResponse>) -> SourceError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let gap = failure::gap(api, error);
    let credentials = matches!(gap.reason, Reason::ServiceError | Reason::Network | Reason::TimedOut)
        && gap.code.is_none()
        && gap.message.as_deref().is_some_and(|message| message.contains("credential"));
    let advice = if credentials {
        NO_CREDENTIALS.to_owned()
    } else if matches!(gap.reason, Reason::Denied | Reason::DeniedByScp) {
        format!("The caller needs {api}. {OTHER_WAYS}")
    } else if gap.code.as_deref() == Some("AWSOrganizationsNotInUseException") {
        format!("The caller's account is not in an organization. {OTHER_WAYS}")
    } else {
        String::new()
    };
    SourceError { doing: doing.to_owned(), problem: gap.to_string(), advice }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_wins_over_status_and_neither_is_scanned() {
        assert_eq!(state(Some("CLOSED"), Some("SUSPENDED")), AccountState::Closed);
        assert_eq!(state(None, Some("ACTIVE")), AccountState::Active);
        assert_eq!(state(Some("ACTIVE"), None), AccountState::Active);
        assert!(state(None, None).is_scannable());
        assert_eq!(state(Some("HIBERNATING"), None), AccountState::Unrecognized);
        assert!(!AccountState::Unrecognized.is_scannable());
    }

    #[test]
    fn paths_give_the_units_from_the_root() {
        assert_eq!(unit_ids("o-a1/r-b2/ou-b2-c/ou-b2-d/111122223333/"), ["r-b2", "ou-b2-c", "ou-b2-d"]);
        assert_eq!(unit_ids("o-a1/r-b2/111122223333/"), ["r-b2"]);
        assert!(unit_ids("").is_empty());
    }

    #[test]
    fn addresses_are_kept_only_as_a_hash() {
        let wire = WireAccount::builder().id("111122223333").email(" Root@Example.com ").build();
        let account = convert(&wire, "111122223333".parse().unwrap()).unwrap();
        assert_eq!(account.email_sha256.unwrap(), sha256_hex(b"root@example.com"));
        assert!(account.is_management);
    }
}
