//! Documents of AWS-managed policies: the same in every account, read once a scan through any session that may.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use orgsweep_model::{AccountId, Gap, Reason};
use tokio::sync::OnceCell;

use crate::collect::decode::policy_document;
use crate::collect::next_marker;
use crate::failure;

/// Sessions that are remembered as possible helpers, those that have helped not counted.
const MOST_UNTRIED: usize = 16;
/// Sessions that have helped and are asked first.
const MOST_PROVEN: usize = 4;

/// After a failure that is no refusal, nobody asks again for so long: each account would otherwise try to the last attempt.
const QUIET: Duration = Duration::from_secs(10);

/// A default version and its decoded document; both empty where AWS no longer lists the policy.
pub type Document = Arc<(String, String)>;

/// An account's session.
type Helper = (AccountId, aws_sdk_iam::Client);

/// The scan's cache.
#[derive(Debug, Default)]
pub struct ManagedPolicies {
    /// Policy ARN → default version, from one listing.
    versions: OnceCell<BTreeMap<String, String>>,
    documents: Mutex<HashMap<String, Arc<OnceCell<Document>>>>,
    helpers: Mutex<Helpers>,
}

/// Whose sessions may read what is the same everywhere.
#[derive(Debug, Default)]
struct Helpers {
    proven: VecDeque<Helper>,
    untried: VecDeque<Helper>,
    refused: HashSet<AccountId>,
    /// Why the last one was refused.
    last_refusal: Option<Gap>,
    /// The last answer that was neither a document nor a refusal.
    failed: Option<Failed>,
    /// Accounts that were told of such an answer.
    lost: HashSet<AccountId>,
}

/// A read that went wrong: throttled, slow, broken.
#[derive(Clone, Debug)]
struct Failed {
    at: Instant,
    /// Whose session it was.
    of: AccountId,
    gap: Gap,
}

impl Helpers {
    fn offer(&mut self, helper: Helper) {
        if self.untried.len() == MOST_UNTRIED {
            self.untried.pop_front();
        }
        self.untried.push_back(helper);
    }

    fn succeeded(&mut self, helper: &Helper) {
        if self.proven.iter().any(|(account, _)| *account == helper.0) {
            return;
        }
        if self.proven.len() == MOST_PROVEN {
            self.proven.pop_back();
        }
        self.proven.push_front(helper.clone());
        self.untried.retain(|(account, _)| *account != helper.0);
    }

    fn refused(&mut self, account: AccountId, why: &Gap) {
        self.last_refusal = Some(why.clone());
        self.refused.insert(account);
        self.untried.retain(|(untried, _)| *untried != account);
        self.proven.retain(|(proven, _)| *proven != account);
    }

    /// The account's own session first, then those that have helped, then the rest.
    fn candidates(&self, own: Helper) -> Vec<Helper> {
        let account = own.0;
        let own = (!self.refused.contains(&account)).then_some(own);
        let others = self.proven.iter().chain(self.untried.iter().rev());
        own.into_iter().chain(others.filter(|(helper, _)| *helper != account).cloned()).collect()
    }
}

impl ManagedPolicies {
    /// Remembers a session as a possible helper for accounts whose own session is refused.
    pub fn offer(&self, account: AccountId, client: &aws_sdk_iam::Client) {
        self.with_helpers(|helpers| helpers.offer((account, client.clone())));
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
        if let Some(document) = cell.get() {
            return Ok(Arc::clone(document));
        }
        self.after_the_quiet(account).await?;
        let mut first_gap = None;
        for helper in self.with_helpers(|helpers| helpers.candidates((account, own.clone()))) {
            // Failure is never cached: the next session tries for itself. Success is everyone's.
            match cell.get_or_try_init(|| self.fetch_unless_quiet(policy_arn, &helper)).await {
                Ok(document) => {
                    self.with_helpers(|helpers| helpers.succeeded(&helper));
                    return Ok(Arc::clone(document));
                }
                Err(gap) if matches!(gap.reason, Reason::Denied | Reason::DeniedByScp) => {
                    self.with_helpers(|helpers| helpers.refused(helper.0, &gap));
                    first_gap.get_or_insert(gap);
                }
                // Throttled, slow, broken: another account's session would meet the same, and only make it worse.
                Err(gap) => {
                    self.with_helpers(|helpers| helpers.lost.insert(account));
                    return Err(first_gap.unwrap_or(gap));
                }
            }
        }
        let known = first_gap.or_else(|| self.with_helpers(|helpers| helpers.last_refusal.clone()));
        Err(known.unwrap_or_else(|| Gap::new(Reason::Denied).during("iam:GetPolicyVersion")))
    }

    fn with_helpers<T>(&self, work: impl FnOnce(&mut Helpers) -> T) -> T {
        work(&mut self.helpers.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// An account that comes back after a failure waits until somebody may ask again, so that its own session gets its turn.
    /// The one whose session failed is not the one to ask.
    async fn after_the_quiet(&self, account: AccountId) -> Result<(), Gap> {
        let failed =
            self.with_helpers(|helpers| helpers.failed.clone().filter(|_| helpers.lost.contains(&account)));
        if let Some(Failed { at, of, gap }) = failed {
            let left = QUIET.saturating_sub(at.elapsed());
            if of == account && !left.is_zero() {
                return Err(gap);
            }
            tokio::time::sleep(left).await;
        }
        Ok(())
    }

    /// What has just failed for one account is not asked for again by those that waited behind it.
    async fn fetch_unless_quiet(&self, policy_arn: &str, helper: &Helper) -> Result<Document, Gap> {
        let recent = self.with_helpers(|helpers| helpers.failed.clone());
        if let Some(Failed { gap, .. }) = recent.filter(|failed| failed.at.elapsed() < QUIET) {
            return Err(gap);
        }
        let fetched = self.fetch(policy_arn, &helper.1).await;
        self.with_helpers(|helpers| match &fetched {
            Ok(_) => helpers.failed = None,
            Err(gap) if matches!(gap.reason, Reason::Denied | Reason::DeniedByScp) => {}
            Err(gap) => {
                helpers.failed = Some(Failed { at: Instant::now(), of: helper.0, gap: gap.clone() });
            }
        });
        fetched
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
            .map_err(|error| failure::gap("iam:GetPolicyVersion", &error));
        let answer = match answer {
            // AWS has withdrawn it since it was listed.
            Err(gap) if gap.code.as_deref() == Some("NoSuchEntity") => {
                return Ok(Arc::new((version.clone(), String::new())));
            }
            answer => answer?,
        };
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
            .set_marker(marker.clone())
            .send()
            .await
            .map_err(|error| failure::gap("iam:ListPolicies", &error))?;
        for policy in page.policies() {
            if let (Some(arn), Some(version)) = (policy.arn(), policy.default_version_id()) {
                versions.insert(arn.to_owned(), version.to_owned());
            }
        }
        marker = next_marker("iam:ListPolicies", page.is_truncated(), page.marker(), marker.as_deref())?;
        if marker.is_none() {
            return Ok(versions);
        }
    }
}
