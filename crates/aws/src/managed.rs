//! Documents of AWS-managed policies: the same in every account, read once a scan through any session that may.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use orgsweep_model::{AccountId, Gap, Reason};
use tokio::sync::OnceCell;

use crate::collect::decode::policy_document;
use crate::failure;

/// Sessions that are remembered as possible helpers.
const MOST_HELPERS: usize = 16;

/// A default version and its decoded document; both empty where AWS no longer lists the policy.
pub type Document = Arc<(String, String)>;

/// The scan's cache.
#[derive(Debug, Default)]
pub struct ManagedPolicies {
    /// Policy ARN → default version, from one listing.
    versions: OnceCell<BTreeMap<String, String>>,
    documents: Mutex<HashMap<String, Arc<OnceCell<Document>>>>,
    helpers: Mutex<VecDeque<(AccountId, aws_sdk_iam::Client)>>,
    refused: Mutex<HashSet<AccountId>>,
}

impl ManagedPolicies {
    /// Remembers a session as a possible helper for accounts whose own session is refused.
    pub fn offer(&self, account: AccountId, client: &aws_sdk_iam::Client) {
        let mut helpers = self.helpers.lock().unwrap_or_else(PoisonError::into_inner);
        if helpers.len() == MOST_HELPERS {
            helpers.pop_front();
        }
        helpers.push_back((account, client.clone()));
    }

    /// A policy's document: cached, else through the account's own session, else through another's. The error is
    /// the account's own where it had one.
    pub async fn document(
        &self,
        policy_arn: &str,
        account: AccountId,
        own: &aws_sdk_iam::Client,
    ) -> Result<Document, Gap> {
        let cell = {
            let mut documents = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(documents.entry(policy_arn.to_owned()).or_default())
        };
        let mut first_gap = None;
        for (owner, client) in self.candidates(account, own) {
            // Failure is never cached: the next session tries for itself. Success is everyone's.
            match cell.get_or_try_init(|| self.fetch(policy_arn, &client)).await {
                Ok(document) => return Ok(Arc::clone(document)),
                Err(gap) => {
                    if matches!(gap.reason, Reason::Denied | Reason::DeniedByScp) {
                        self.refused.lock().unwrap_or_else(PoisonError::into_inner).insert(owner);
                    }
                    first_gap.get_or_insert(gap);
                }
            }
        }
        Err(first_gap.unwrap_or_else(|| Gap::new(Reason::Denied).during("iam:GetPolicyVersion")))
    }

    /// The account's own session first, then helpers that were not refused yet.
    fn candidates(
        &self,
        account: AccountId,
        own: &aws_sdk_iam::Client,
    ) -> Vec<(AccountId, aws_sdk_iam::Client)> {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let helpers = self.helpers.lock().unwrap_or_else(PoisonError::into_inner);
        let others = helpers
            .iter()
            .rev()
            .filter(|(helper, _)| *helper != account && !refused.contains(helper))
            .cloned();
        std::iter::once((account, own.clone())).chain(others).collect()
    }

    async fn fetch(&self, policy_arn: &str, client: &aws_sdk_iam::Client) -> Result<Document, Gap> {
        let versions = self.versions.get_or_try_init(|| list_versions(client)).await?;
        // A policy that AWS has withdrawn stays attached where it was and is listed no more: its document is not to be
        // had, which is not the account's fault. What rests on it is undecided.
        let Some(version) = versions.get(policy_arn) else {
            return Ok(Arc::new((String::new(), String::new())));
        };
        let answer = client
            .get_policy_version()
            .policy_arn(policy_arn)
            .version_id(version)
            .send()
            .await
            .map_err(|error| failure::gap("iam:GetPolicyVersion", &error))?;
        let text = answer.policy_version().and_then(|version| version.document()).unwrap_or_default();
        let document = policy_document(text).map_err(|gap| gap.during("iam:GetPolicyVersion"))?;
        Ok(Arc::new((version.clone(), document)))
    }
}

/// Default versions of all AWS-managed policies: two pages.
async fn list_versions(client: &aws_sdk_iam::Client) -> Result<BTreeMap<String, String>, Gap> {
    let mut versions = BTreeMap::new();
    let mut marker = None;
    loop {
        let page = client
            .list_policies()
            .scope(aws_sdk_iam::types::PolicyScopeType::Aws)
            .max_items(1000)
            .set_marker(marker)
            .send()
            .await
            .map_err(|error| failure::gap("iam:ListPolicies", &error))?;
        for policy in page.policies() {
            if let (Some(arn), Some(version)) = (policy.arn(), policy.default_version_id()) {
                versions.insert(arn.to_owned(), version.to_owned());
            }
        }
        marker = page.marker().map(str::to_owned);
        if !page.is_truncated() || marker.is_none() {
            return Ok(versions);
        }
    }
}
