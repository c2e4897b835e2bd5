//! Documents of AWS-managed policies: the same in every account, read once a scan through any session that may.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_sdk_iam::types::PolicyScopeType;
use orgsweep_model::{AccountId, Gap, Reason};
use tokio::sync::{Mutex as Turn, SetOnce};

use crate::collect::decode::policy_document;
use crate::pages::next_marker;
use crate::reader::Reader;

/// Sessions that are remembered as possible helpers, those that have helped not counted.
const MOST_UNTRIED: usize = 16;
/// Sessions that have helped and are asked first.
const MOST_PROVEN: usize = 4;
/// Other sessions that may fail for one account before it gives up.
const MOST_FAILED: usize = 3;

/// For so long after a failure that is no refusal, a session is not asked again, and the others do not wait for each other.
const QUIET: Duration = Duration::from_secs(10);

/// A default version and its decoded document; both empty where AWS no longer lists the policy.
pub type Document = Arc<(String, String)>;

/// The scan's cache.
#[derive(Debug, Default)]
pub struct ManagedPolicies {
    /// Policy ARN → default version, from one listing.
    versions: ReadOnce<Arc<BTreeMap<String, String>>>,
    /// The same of policies that only some accounts still list, by account: AWS has withdrawn them, and shows them only where
    /// they are attached.
    seen_there: Mutex<HashMap<AccountId, BTreeMap<String, String>>>,
    documents: Mutex<HashMap<String, Arc<ReadOnce<Document>>>>,
    helpers: Mutex<Helpers>,
}

/// What is the same in every account. While that goes well one account asks and the others wait for it; once it has gone
/// wrong each asks for itself until one of them has it, so that an account that AWS throttles for ever costs no other
/// anything. Failure is never kept.
#[derive(Debug)]
struct ReadOnce<T> {
    value: SetOnce<T>,
    turn: Turn<()>,
}

impl<T> Default for ReadOnce<T> {
    fn default() -> Self {
        Self { value: SetOnce::new(), turn: Turn::default() }
    }
}

impl<T: Clone> ReadOnce<T> {
    fn known(&self) -> Option<T> {
        self.value.get().cloned()
    }

    async fn get(
        &self,
        each_for_itself: impl Fn() -> bool,
        is_for_all: impl Fn(&T) -> bool,
        ask: impl Future<Output = Result<T, Gap>>,
    ) -> Result<T, Gap> {
        let turn = self.turn.lock().await;
        let _turn = (!each_for_itself()).then_some(turn);
        tokio::select! {
            biased;
            known = self.value.wait() => Ok(known.clone()),
            answer = ask => answer.inspect(|value| {
                if is_for_all(value) {
                    // Somebody else was faster: it is the same.
                    let _ = self.value.set(value.clone());
                }
            }),
        }
    }
}

/// Whose sessions may read what is the same everywhere.
#[derive(Debug, Default)]
struct Helpers {
    proven: VecDeque<Reader>,
    untried: VecDeque<Reader>,
    refused: HashMap<AccountId, Gap>,
    /// Why the last one was refused.
    last_refusal: Option<Gap>,
    /// Sessions whose last answer was neither a document nor a refusal: throttled, slow, broken.
    failed: HashMap<AccountId, (Instant, Gap)>,
    /// The last failure, if nothing was read since.
    trouble: Option<Instant>,
}

impl Helpers {
    fn offer(&mut self, reader: Reader) {
        if self.untried.len() == MOST_UNTRIED {
            self.untried.pop_front();
        }
        self.untried.push_back(reader);
    }

    fn succeeded(&mut self, reader: &Reader) {
        self.trouble = None;
        if self.proven.iter().any(|proven| proven.account == reader.account) {
            return;
        }
        if self.proven.len() == MOST_PROVEN {
            self.proven.pop_back();
        }
        self.proven.push_front(reader.clone());
        self.untried.retain(|untried| untried.account != reader.account);
    }

    fn refused(&mut self, account: AccountId, why: &Gap) {
        self.last_refusal = Some(why.clone());
        self.refused.insert(account, why.clone());
        self.untried.retain(|untried| untried.account != account);
        self.proven.retain(|proven| proven.account != account);
    }

    fn failed(&mut self, account: AccountId, why: &Gap) {
        self.trouble = Some(Instant::now());
        self.failed.insert(account, (Instant::now(), why.clone()));
    }

    /// How an account's session has just failed.
    fn failure_of(&self, account: AccountId) -> Option<&Gap> {
        self.failed.get(&account).filter(|(at, _)| at.elapsed() < QUIET).map(|(_, gap)| gap)
    }

    /// The account's own session first, then those that have helped, then the rest; none that has just failed.
    fn candidates(&self, own: &Reader) -> Vec<Reader> {
        let others = self.proven.iter().chain(self.untried.iter().rev());
        let others = others
            .filter(|reader| reader.account != own.account && self.failure_of(reader.account).is_none());
        let own = (!self.refused.contains_key(&own.account)).then_some(own);
        own.into_iter().chain(others).cloned().collect()
    }
}

impl ManagedPolicies {
    /// Remembers a session as a possible helper for accounts whose own session is refused.
    pub fn offer(&self, reader: &Reader) {
        self.with_helpers(|helpers| helpers.offer(reader.clone()));
    }

    /// A policy's document: cached, else through the account's own session, else, where that one is refused, through
    /// another's. The error is the account's own where it had one. That there is no document is an answer for the account that
    /// asked, and for no other: what AWS has withdrawn is shown where it is attached, so that whoever asks first may not decide
    /// for all.
    pub async fn document(&self, policy_arn: &str, own: &Reader) -> Result<Document, Gap> {
        let document = {
            let mut documents = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(documents.entry(policy_arn.to_owned()).or_default())
        };
        if let Some(known) = document.known() {
            return Ok(known);
        }
        if let Some(gap) = self.with_helpers(|helpers| helpers.failure_of(own.account).cloned()) {
            return Err(gap);
        }
        let mut first_gap = self.with_helpers(|helpers| helpers.refused.get(&own.account).cloned());
        let mut failed = 0;
        for reader in self.with_helpers(|helpers| helpers.candidates(own)) {
            let is_own = reader.account == own.account;
            let ask = Box::pin(self.ask(policy_arn, &reader, is_own));
            match document.get(|| self.is_in_trouble(), is_there, ask).await {
                Ok(document) if is_own || is_there(&document) => return Ok(document),
                // Not attached there.
                Ok(_) => {}
                Err(gap) if is_refusal(&gap) => drop(first_gap.get_or_insert(gap)),
                // Throttled, slow, broken: another account's session would meet the same, and only make it worse.
                Err(gap) if is_own => return Err(gap),
                Err(gap) => {
                    first_gap.get_or_insert(gap);
                    failed += 1;
                    if failed == MOST_FAILED {
                        break;
                    }
                }
            }
        }
        let known = first_gap.or_else(|| self.with_helpers(|helpers| helpers.last_refusal.clone()));
        Err(known.unwrap_or_else(|| Gap::new(Reason::Denied).during("iam:GetPolicyVersion")))
    }

    fn with_helpers<T>(&self, work: impl FnOnce(&mut Helpers) -> T) -> T {
        work(&mut self.helpers.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn is_in_trouble(&self) -> bool {
        self.with_helpers(|helpers| helpers.trouble.is_some_and(|at| at.elapsed() < QUIET))
    }

    /// Asks through one session, and remembers how that went.
    async fn ask(&self, policy_arn: &str, reader: &Reader, is_own: bool) -> Result<Document, Gap> {
        let answer = self.fetch(policy_arn, reader, is_own).await;
        self.with_helpers(|helpers| match &answer {
            Ok(_) => helpers.succeeded(reader),
            Err(gap) if is_refusal(gap) => helpers.refused(reader.account, gap),
            Err(gap) => helpers.failed(reader.account, gap),
        });
        answer
    }

    async fn fetch(&self, policy_arn: &str, reader: &Reader, is_own: bool) -> Result<Document, Gap> {
        let listing = Box::pin(list_versions(reader));
        let versions = self.versions.get(|| self.is_in_trouble(), |_| true, listing).await?;
        let version = match versions.get(policy_arn) {
            Some(version) => Some(version.clone()),
            // A policy that AWS has withdrawn is listed only where it is attached, and this listing may be another account's.
            None if is_own => self.version_there(policy_arn, reader, &versions).await?,
            None => None,
        };
        // Listed not even there: its document is not to be had, which is not the account's fault. What rests on it is undecided.
        let Some(version) = version else {
            return Ok(Arc::new((String::new(), String::new())));
        };
        let request = || reader.iam.get_policy_version().policy_arn(policy_arn).version_id(&version).send();
        let answer = match reader.call("iam:GetPolicyVersion", request).await {
            // AWS has withdrawn it since it was listed.
            Err(gap) if gap.code.as_deref() == Some("NoSuchEntity") => {
                return Ok(Arc::new((version, String::new())));
            }
            answer => answer?,
        };
        let text = answer.policy_version().and_then(|version| version.document()).unwrap_or_default();
        let document = policy_document(text).map_err(|gap| gap.during("iam:GetPolicyVersion"))?;
        Ok(Arc::new((version, document)))
    }

    /// The default version of a policy that the listing of another account does not have, as this account lists it.
    async fn version_there(
        &self,
        policy_arn: &str,
        reader: &Reader,
        versions: &BTreeMap<String, String>,
    ) -> Result<Option<String>, Gap> {
        let seen = |there: &Self| {
            let seen = there.seen_there.lock().unwrap_or_else(PoisonError::into_inner);
            seen.get(&reader.account).map(|listed| listed.get(policy_arn).cloned())
        };
        if let Some(known) = seen(self) {
            return Ok(known);
        }
        let mut listed = BTreeMap::clone(&*list_versions(reader).await?);
        listed.retain(|arn, _| !versions.contains_key(arn));
        self.seen_there.lock().unwrap_or_else(PoisonError::into_inner).insert(reader.account, listed);
        Ok(seen(self).flatten())
    }
}

fn is_there(document: &Document) -> bool {
    !document.1.is_empty()
}

fn is_refusal(gap: &Gap) -> bool {
    matches!(gap.reason, Reason::Denied | Reason::DeniedByScp)
}

/// Default versions of all AWS-managed policies: two pages.
async fn list_versions(reader: &Reader) -> Result<Arc<BTreeMap<String, String>>, Gap> {
    let mut versions = BTreeMap::new();
    let mut marker = None;
    loop {
        let request = || {
            let request = reader.iam.list_policies().scope(PolicyScopeType::Aws).max_items(1000);
            request.set_marker(marker.clone()).send()
        };
        let page = reader.call("iam:ListPolicies", request).await?;
        for policy in page.policies() {
            if let (Some(arn), Some(version)) = (policy.arn(), policy.default_version_id()) {
                versions.insert(arn.to_owned(), version.to_owned());
            }
        }
        marker = next_marker("iam:ListPolicies", page.is_truncated(), page.marker(), marker.as_deref())?;
        if marker.is_none() {
            return Ok(Arc::new(versions));
        }
    }
}
