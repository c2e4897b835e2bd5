//! Documents of AWS-managed policies: the same in every account, so they are read once a scan, through the caller's own session.
//! If that fails, the account's session is used.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use aws_sdk_iam::types::PolicyScopeType;
use orgsweep_model::facts::Document as Text;
use orgsweep_model::{AccountId, Gap, Reason};
use tokio::sync::{Mutex as Turn, SetOnce};

use crate::collect::decode::policy_document;
use crate::pages::next_marker;
use crate::reader::Reader;

const LIST: &str = "iam:ListPolicies";
const READ: &str = "iam:GetPolicyVersion";
/// What the caller needs to read the documents. Both work from any account:
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetPolicyVersion.html>.
pub const CALLER_READS: [&str; 2] = [LIST, READ];

/// For this long after a failure other than a denial, the caller's session is not tried again, and accounts do not wait for each other.
const QUIET: Duration = Duration::from_secs(10);

/// A default version, and its decoded document with its name. Version or document are missing where AWS no longer has them.
pub type Document = Arc<(Option<String>, Option<Text>)>;

/// The scan's cache.
#[derive(Debug, Default)]
pub struct ManagedPolicies {
    /// The caller's session, or that of the last role of the chain.
    caller: Option<Reader>,
    /// Set once the caller was denied: its session is not tried again.
    caller_is_refused: OnceLock<Gap>,
    /// When the caller last failed, but was not refused: throttled, slow, broken.
    caller_failed: Mutex<Option<Instant>>,
    /// The last such failure of any session, if nothing was read since.
    trouble: Mutex<Option<Instant>>,
    /// Policy ARN → default version, from one listing.
    versions: ReadOnce<Arc<BTreeMap<String, String>>>,
    /// The same of policies that only some accounts still list, by account: AWS has withdrawn them, and shows them only where
    /// they are attached.
    seen_there: Mutex<HashMap<AccountId, BTreeMap<String, String>>>,
    documents: Mutex<HashMap<String, Arc<ReadOnce<Document>>>>,
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
                    // Another account was faster: it is the same.
                    let _ = self.value.set(value.clone());
                }
            }),
        }
    }
}

impl ManagedPolicies {
    /// Nothing is read yet.
    pub fn new(caller: Reader) -> Self {
        Self { caller: Some(caller), ..Self::default() }
    }

    /// A policy's document: cached, else through the caller's session, else through the account's own. That there is no document
    /// is an answer for the account that requested it, and for no other: what AWS has withdrawn is shown only where it is
    /// attached.
    pub async fn document(&self, policy_arn: &str, own: &Reader) -> Result<Document, Gap> {
        let document = {
            let mut documents = lock(&self.documents);
            Arc::clone(documents.entry(policy_arn.to_owned()).or_default())
        };
        if let Some(known) = document.known() {
            return Ok(known);
        }
        let read = Box::pin(self.read(policy_arn, own));
        document.get(|| self.is_in_trouble(), is_there, read).await
    }

    async fn read(&self, policy_arn: &str, own: &Reader) -> Result<Document, Gap> {
        if let Some(caller) = self.caller.as_ref().filter(|caller| self.asks_first(caller, own)) {
            match self.ask(policy_arn, caller, false).await {
                Ok(document) if is_there(&document) => return Ok(document),
                // Listed, if at all, only where it is attached.
                Ok(_) => {}
                Err(gap) => self.caller_failed_with(&gap),
            }
        }
        let answer = self.ask(policy_arn, own, true).await;
        if let Err(gap) = &answer
            && self.caller.as_ref().is_some_and(|caller| is_same_identity(caller, own))
        {
            self.caller_failed_with(gap);
        }
        answer
    }

    /// Whether the caller's session is worth a call before the account's own.
    fn asks_first(&self, caller: &Reader, own: &Reader) -> bool {
        let is_quiet = lock(&self.caller_failed).is_some_and(|at| at.elapsed() < QUIET);
        self.caller_is_refused.get().is_none() && !is_quiet && !is_same_identity(caller, own)
    }

    fn caller_failed_with(&self, gap: &Gap) {
        if is_refusal(gap) {
            let _ = self.caller_is_refused.set(gap.clone());
        } else {
            *lock(&self.caller_failed) = Some(Instant::now());
        }
    }

    fn is_in_trouble(&self) -> bool {
        lock(&self.trouble).is_some_and(|at| at.elapsed() < QUIET)
    }

    /// Asks through one session, and remembers whether AWS is in trouble.
    async fn ask(&self, policy_arn: &str, reader: &Reader, is_own: bool) -> Result<Document, Gap> {
        let answer = self.fetch(policy_arn, reader, is_own).await;
        match &answer {
            Ok(_) => *lock(&self.trouble) = None,
            Err(gap) if is_refusal(gap) => {}
            Err(_) => *lock(&self.trouble) = Some(Instant::now()),
        }
        answer
    }

    async fn fetch(&self, policy_arn: &str, reader: &Reader, is_own: bool) -> Result<Document, Gap> {
        let listing = Box::pin(async {
            // Several may have waited for their turn while the caller was refused.
            if let Some(gap) = self.caller_is_refused.get().filter(|_| !is_own) {
                return Err(gap.clone());
            }
            list_versions(reader).await.inspect_err(|gap| {
                if !is_own {
                    self.caller_failed_with(gap);
                }
            })
        });
        let versions = self.versions.get(|| self.is_in_trouble(), |_| true, listing).await?;
        let version = match versions.get(policy_arn) {
            Some(version) => Some(version.clone()),
            // A policy that AWS has withdrawn is listed only where it is attached, and this listing may be another account's.
            None if is_own => self.version_there(policy_arn, reader, &versions).await?,
            None => None,
        };
        // Listed not even there: its document is not to be had, which is not the account's fault. What rests on it is undecided.
        let Some(version) = version else {
            return Ok(Arc::new((None, None)));
        };
        let request = || reader.iam.get_policy_version().policy_arn(policy_arn).version_id(&version).send();
        let answer = match reader.call(READ, request).await {
            // AWS has withdrawn it since it was listed.
            Err(gap) if gap.code.as_deref() == Some("NoSuchEntity") => {
                return Ok(Arc::new((Some(version), None)));
            }
            answer => answer?,
        };
        let text = answer.policy_version().and_then(|version| version.document()).unwrap_or_default();
        let document = policy_document(text).map_err(|gap| gap.during(READ))?;
        let text = (!document.is_empty()).then(|| Text::of(&document));
        Ok(Arc::new((Some(version).filter(|version| !version.is_empty()), text)))
    }

    /// The default version of a policy that the listing of another account does not have, as this account lists it.
    async fn version_there(
        &self,
        policy_arn: &str,
        reader: &Reader,
        versions: &BTreeMap<String, String>,
    ) -> Result<Option<String>, Gap> {
        let seen = |there: &Self| {
            let seen = lock(&there.seen_there);
            seen.get(&reader.account).map(|listed| listed.get(policy_arn).cloned())
        };
        if let Some(known) = seen(self) {
            return Ok(known);
        }
        let mut listed = BTreeMap::clone(&*list_versions(reader).await?);
        listed.retain(|arn, _| !versions.contains_key(arn));
        lock(&self.seen_there).insert(reader.account, listed);
        Ok(seen(self).flatten())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Both are the caller's own credentials.
fn is_same_identity(caller: &Reader, own: &Reader) -> bool {
    caller.session.is_none() && own.session.is_none()
}

fn is_there(document: &Document) -> bool {
    document.1.is_some()
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
        let page = reader.call(LIST, request).await?;
        for policy in page.policies() {
            if let (Some(arn), Some(version)) = (policy.arn(), policy.default_version_id()) {
                versions.insert(arn.to_owned(), version.to_owned());
            }
        }
        marker = next_marker(LIST, page.is_truncated(), page.marker(), marker.as_deref())?;
        if marker.is_none() {
            return Ok(Arc::new(versions));
        }
    }
}
