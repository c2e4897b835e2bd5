//! Sessions: AssumeRole through one STS client, the identity verified, refreshed before expiry.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_sdk_sts::types::Tag;
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime::client::retries::{RetryPartition, TokenBucket};
use aws_types::sdk_config::SdkConfig;
use orgsweep_model::gap::IN_CHAIN;
use orgsweep_model::{Account, AccountId, Gap, Reason, Usage};
use tokio::sync::Mutex;

use crate::access::Access;
use crate::answer::WholeAnswers;
use crate::failure::{self, GapError};
use crate::ledger::Ledger;

/// Shows in the members' CloudTrail and in the session's ARN.
const SESSION_NAME: &str = "orgsweep";
/// How long before the end credentials are renewed.
const RENEW_BEFORE: Duration = Duration::from_mins(5);
/// Credentials that end sooner than this are not used any more.
const LAST_USE: Duration = Duration::from_secs(5);
/// A session that was assumed by a session lasts at most this long, and asking for more fails.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining>
pub const LONGEST_CHAINED: u32 = 3600;

/// Who assumes a role.
#[derive(Clone, Debug)]
pub struct Assumer {
    /// STS as that identity.
    pub sts: aws_sdk_sts::Client,
    /// The identity, where it is a role of the chain.
    pub session: Option<Arc<SessionCredentials>>,
}

/// One role in one account, assumable any number of times.
#[derive(Debug)]
pub struct RoleSession {
    /// Who assumes it.
    pub by: Assumer,
    /// The role.
    pub role_arn: String,
    /// Where the session must be.
    pub account: AccountId,
    /// What the trust policy may ask for.
    pub external_id: Option<String>,
    /// Seconds; `None`: what AWS gives.
    pub duration: Option<u32>,
    /// What the session is limited to.
    pub policy: Option<String>,
    /// Source identity and tags.
    pub access: Arc<Access>,
    /// Whose calls these are.
    pub usage: Arc<Usage>,
    /// Set once the role has refused the duration: AWS's own is used from then on.
    pub shortened: AtomicBool,
    /// Whether it is a role between the caller and the accounts.
    pub in_chain: bool,
}

impl RoleSession {
    async fn assume(&self) -> Result<Credentials, Gap> {
        let duration = self.duration.filter(|_| !self.shortened.load(Ordering::Relaxed));
        match self.ask(duration).await {
            Err(gap) if duration.is_some() && is_too_long(&gap) => {
                self.shortened.store(true, Ordering::Relaxed);
                self.ask(None).await
            }
            answer => answer,
        }
    }

    async fn ask(&self, duration: Option<u32>) -> Result<Credentials, Gap> {
        const API: &str = "sts:AssumeRole";
        // Sessions of the chain share their usage, and renewing one renews those before it: this call is counted by itself too.
        let own = Arc::new(Usage::default());
        let tags =
            self.access.session_tags.iter().map(|(key, value)| {
                Tag::builder().key(key).value(value).build().map_err(|error| {
                    Gap::new(Reason::MalformedAnswer).during(API).because(&error.to_string())
                })
            });
        let tags = tags.collect::<Result<Vec<_>, Gap>>()?;
        let request = || {
            let assume_role = self.by.sts.assume_role();
            assume_role
                .role_arn(&self.role_arn)
                .role_session_name(SESSION_NAME)
                .set_external_id(self.external_id.clone())
                .set_duration_seconds(duration.map(|seconds| seconds as i32))
                .set_policy(self.policy.clone())
                .set_source_identity(self.access.source_identity.clone())
                .set_tags((!tags.is_empty()).then(|| tags.clone()))
                .customize()
                .interceptor(Ledger::new(&self.usage))
                .interceptor(Ledger::new(&own))
                .interceptor(WholeAnswers)
        };
        let answer = match &self.by.session {
            None => request().send().await,
            Some(chained) => {
                let used = chained.key().await;
                let answer = request().send().await;
                if answer.as_ref().is_err_and(failure::is_expired) {
                    // The role of the chain is assumed again, once for all who were refused. Boxed: another role may come before it.
                    Box::pin(chained.renew(&used)).await?;
                    request().send().await
                } else {
                    answer
                }
            }
        };
        let answer = answer
            .map_err(|error| refusal(failure::gap(API, &error)))
            .and_then(|answer| {
                let identity = answer.assumed_role_user().map_or("", |user| user.arn());
                verify(identity, self.account).map(|()| answer)
            })
            .and_then(|answer| {
                let nothing = || {
                    Gap::new(Reason::MalformedAnswer).during(API).because("no credentials in the response")
                };
                answer.credentials.ok_or_else(nothing)
            });
        let given = answer.map_err(|mut gap| {
            gap.attempts = gap.attempts.max(own.attempts() as u32);
            gap
        })?;
        let expiry = SystemTime::try_from(*given.expiration()).ok();
        Ok(Credentials::new(
            given.access_key_id(),
            given.secret_access_key(),
            Some(given.session_token().to_owned()),
            expiry,
            "orgsweep-assume-role",
        ))
    }
}

/// AWS does not say whether a role is missing or does not trust us: both are AccessDenied.
fn refusal(mut gap: Gap) -> Gap {
    if gap.reason == Reason::Denied {
        gap.reason = Reason::RoleMissingOrUntrusted;
    }
    if gap.code.as_deref() == Some("PackedPolicyTooLarge") {
        let advice = "session policy and tags together exceed AWS's packed size limit: select fewer checks, or disable the \
                      session policy with --no-session-policy";
        return gap.because(advice);
    }
    gap
}

/// `The requested DurationSeconds exceeds the MaxSessionDuration set for this role.`, and the same for chained sessions.
fn is_too_long(gap: &Gap) -> bool {
    gap.code.as_deref() == Some("ValidationError")
        && gap.message.as_deref().is_some_and(|message| message.contains("DurationSeconds exceeds"))
}

/// The session must be in the requested account: facts in the wrong row would be worse than none.
fn verify(identity_arn: &str, account: AccountId) -> Result<(), Gap> {
    let found = identity_arn.split(':').nth(4).unwrap_or_default();
    if found == account.as_str() {
        return Ok(());
    }
    let message = format!("requested a role in {account} but received {identity_arn:?}");
    Err(Gap::new(Reason::MalformedAnswer).during("sts:AssumeRole").because(&message))
}

/// Hands out the same credentials to every client of a session, and assumes the role again shortly before they end.
pub struct SessionCredentials {
    session: RoleSession,
    /// Held while renewing, so that one renewal serves all.
    current: Mutex<Current>,
}

/// What is given out.
struct Current {
    credentials: Credentials,
    /// When and why the role could not be assumed again: a caller that waited gets the same gap, and does not try it all over
    /// again.
    failed: Option<(Instant, Gap)>,
}

impl SessionCredentials {
    /// Assumes the role for the first time.
    pub async fn open(session: RoleSession) -> Result<Self, (RoleSession, Gap)> {
        match session.assume().await {
            Ok(credentials) => {
                Ok(Self { session, current: Mutex::new(Current { credentials, failed: None }) })
            }
            Err(gap) => Err((session, gap)),
        }
    }

    /// The role.
    pub fn role_arn(&self) -> &str {
        &self.session.role_arn
    }

    /// Whether the role does not allow the requested session duration.
    pub fn was_shortened(&self) -> bool {
        self.session.shortened.load(Ordering::Relaxed)
    }

    /// Which credentials are given out.
    pub async fn key(&self) -> String {
        self.current.lock().await.credentials.access_key_id().to_owned()
    }

    /// Assumes the role again, because AWS no longer takes what it gave; unless that has been done since these credentials were
    /// given out.
    pub async fn renew(&self, used: &str) -> Result<(), Gap> {
        let since = Instant::now();
        let mut current = self.current.lock().await;
        if current.credentials.access_key_id() == used {
            self.replace(&mut current, since).await
        } else {
            Ok(())
        }
    }

    /// For a caller that has wanted it since that moment.
    async fn replace(&self, current: &mut Current, since: Instant) -> Result<(), Gap> {
        if let Some((when, gap)) = &current.failed
            && *when > since
        {
            return Err(gap.clone());
        }
        match self.session.assume().await {
            Ok(credentials) => {
                *current = Current { credentials, failed: None };
                Ok(())
            }
            Err(gap) => {
                let gap = if self.session.in_chain { self.of_the_chain(gap) } else { gap };
                current.failed = Some((Instant::now(), gap.clone()));
                Err(gap)
            }
        }
    }

    /// What was refused to a role of the chain is no fault of the account that was to be entered, nor would another role help there.
    fn of_the_chain(&self, gap: Gap) -> Gap {
        if gap.message.as_deref().is_some_and(|message| message.starts_with(IN_CHAIN)) {
            // Of one before it.
            return gap;
        }
        let message = format!("{IN_CHAIN}: {}: {gap}", self.role_arn());
        let reason = match gap.reason {
            Reason::RoleMissingOrUntrusted | Reason::Denied | Reason::DeniedByScp => Reason::ServiceError,
            reason => reason,
        };
        Gap { reason, ..gap }.because(&message)
    }
}

impl fmt::Debug for SessionCredentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SessionCredentials")
            .field("role_arn", &self.session.role_arn)
            .finish_non_exhaustive()
    }
}

impl ProvideCredentials for SessionCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let since = Instant::now();
            let mut current = self.current.lock().await;
            let ends_by = |current: &Current, moment| {
                current.credentials.expiry().is_some_and(|expiry| expiry <= moment)
            };
            if ends_by(&current, SystemTime::now() + renew_before(self.session.duration))
                && let Err(gap) = self.replace(&mut current, since).await
                // What is still good is used to its end.
                && ends_by(&current, SystemTime::now() + LAST_USE)
            {
                // The gap travels inside, so that what fails for want of credentials is classified by its cause.
                return Err(CredentialsError::provider_error(GapError(gap)));
            }
            Ok(current.credentials.clone())
        })
    }
}

/// Five minutes, or a quarter of a short session.
fn renew_before(duration: Option<u32>) -> Duration {
    RENEW_BEFORE.min(duration.map_or(RENEW_BEFORE, |seconds| Duration::from_secs(u64::from(seconds) / 4)))
}

/// Assumes the first role that lets us into an account.
pub async fn enter(
    by: &Assumer,
    access: &Arc<Access>,
    duration: Option<u32>,
    partition: &str,
    account: &Account,
    usage: &Arc<Usage>,
) -> Result<Arc<SessionCredentials>, Gap> {
    let mut refused: Vec<(String, Gap)> = Vec::new();
    for role in access.roles_for(account) {
        let session = RoleSession {
            by: by.clone(),
            role_arn: role.arn(partition, account.id),
            account: account.id,
            external_id: access.external_id_for(account).map(str::to_owned),
            duration,
            policy: access.session_policy.clone(),
            access: Arc::clone(access),
            usage: Arc::clone(usage),
            shortened: AtomicBool::new(false),
            in_chain: false,
        };
        match SessionCredentials::open(session).await {
            Ok(credentials) => return Ok(Arc::new(credentials)),
            // Another role may be outside of what a service control policy refuses.
            Err((session, gap))
                if matches!(gap.reason, Reason::RoleMissingOrUntrusted | Reason::DeniedByScp) =>
            {
                refused.push((session.role_arn, gap));
            }
            Err((_, gap)) => return Err(gap),
        }
    }
    let tried: Vec<&str> = refused.iter().map(|(role, _)| role.as_str()).collect();
    let tried = tried.join(", ");
    match refused.into_iter().next() {
        Some((_, gap)) if tried.contains(", ") => {
            let message = format!("none of these roles could be assumed: {tried}");
            Err(gap.because(&message))
        }
        Some((_, gap)) => Err(gap),
        None => Err(Gap::new(Reason::RoleMissingOrUntrusted).because("no role is configured")),
    }
}

/// An IAM client for a session. Each account has its own retry quota: by default the SDK shares one among all
/// clients of a Region, and one throttled account would take the retries of the others. Every one of `usages` counts its calls.
pub fn iam_client(
    base: &SdkConfig,
    credentials: Option<&Arc<SessionCredentials>>,
    retries: &RetryPartition,
    usages: &[&Arc<Usage>],
) -> aws_sdk_iam::Client {
    let mut builder = aws_sdk_iam::config::Builder::from(base).retry_partition(retries.clone());
    for usage in usages {
        builder = builder.interceptor(Ledger::new(usage));
    }
    builder = builder.interceptor(WholeAnswers);
    if let Some(credentials) = credentials {
        // No cache of the SDK's: the session keeps its credentials itself, and knows when they are no longer taken.
        builder = builder
            .credentials_provider(SharedCredentialsProvider::from(
                Arc::clone(credentials) as Arc<dyn ProvideCredentials>
            ))
            .identity_cache(IdentityCache::no_cache());
    }
    aws_sdk_iam::Client::from_conf(builder.build())
}

/// For calls that are made for many accounts, AssumeRole among them: bounded by their attempts alone. The SDK's own
/// quota is spent for good after about a hundred retries, and then every other account fails at its first throttle.
pub fn shared_retry_partition(service: &'static str) -> RetryPartition {
    RetryPartition::custom(service).token_bucket(TokenBucket::unlimited()).build()
}

/// A retry quota of one account's own, filled up again over time.
pub fn retry_partition(account: AccountId) -> RetryPartition {
    let bucket = TokenBucket::builder().capacity(500).refill_rate(1.0).build();
    RetryPartition::custom(format!("orgsweep-{account}")).token_bucket(bucket).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_identity_must_be_in_the_account() {
        let account = "111122223333".parse().unwrap();
        assert!(verify("arn:aws:sts::111122223333:assumed-role/Audit/orgsweep", account).is_ok());
        let gap = verify("arn:aws:sts::444455556666:assumed-role/Audit/orgsweep", account).unwrap_err();
        assert_eq!(gap.reason, Reason::MalformedAnswer);
        assert!(verify("", account).is_err());
    }

    #[test]
    fn a_refused_role_is_not_a_refused_call() {
        assert_eq!(refusal(Gap::new(Reason::Denied)).reason, Reason::RoleMissingOrUntrusted);
        assert_eq!(refusal(Gap::new(Reason::DeniedByScp)).reason, Reason::DeniedByScp);
        let mut packed = Gap::new(Reason::ServiceError);
        packed.code = Some("PackedPolicyTooLarge".to_owned());
        assert!(refusal(packed).message.unwrap().contains("--no-session-policy"));
    }

    #[test]
    fn a_refused_duration_is_told_from_other_mistakes() {
        let mut gap = Gap::new(Reason::ServiceError)
            .because("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
        assert!(!is_too_long(&gap));
        gap.code = Some("ValidationError".to_owned());
        assert!(is_too_long(&gap));
        assert!(!is_too_long(&gap.because("1 validation error detected")));
    }
}
