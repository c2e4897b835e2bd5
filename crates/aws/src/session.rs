//! Sessions: AssumeRole per account through one STS client, the identity verified, refreshed before expiry.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime::client::retries::{RetryPartition, TokenBucket};
use aws_types::sdk_config::SdkConfig;
use orgsweep_model::{AccountId, Gap, Reason, Usage};
use tokio::sync::Mutex;

use crate::failure;
use crate::ledger::Ledger;
use crate::role::RoleTemplate;

/// Shows in the members' CloudTrail and in the session's ARN.
const SESSION_NAME: &str = "orgsweep";
/// How long before the end credentials are renewed.
const RENEW_BEFORE: Duration = Duration::from_mins(5);

/// How roles are assumed.
#[derive(Clone)]
pub struct AssumeOptions {
    /// Tried in order.
    pub roles: Vec<RoleTemplate>,
    /// What the trust policy may ask for.
    pub external_id: Option<String>,
    /// Seconds.
    pub duration: Option<u32>,
    /// What the session is limited to.
    pub session_policy: Option<String>,
}

/// A role that was assumed, and how to do it again.
pub struct AssumedRole {
    /// The role.
    pub role_arn: String,
    /// Gives the credentials and renews them.
    pub provider: SharedCredentialsProvider,
}

/// Assumes the first role that lets us in.
pub async fn assume(
    sts: &aws_sdk_sts::Client,
    options: &Arc<AssumeOptions>,
    partition: &str,
    account: AccountId,
    usage: &Arc<Usage>,
) -> Result<AssumedRole, Gap> {
    let mut refused: Vec<(String, Gap)> = Vec::new();
    for role in &options.roles {
        let role_arn = role.arn(partition, account);
        let renewal = Renewal {
            sts: sts.clone(),
            options: Arc::clone(options),
            role_arn: role_arn.clone(),
            account,
            usage: Arc::clone(usage),
        };
        match renewal.assume().await {
            Ok(credentials) => {
                let provider = AuditCredentials { renewal, current: Mutex::new(credentials) };
                return Ok(AssumedRole { role_arn, provider: SharedCredentialsProvider::new(provider) });
            }
            Err(gap) if gap.reason == Reason::RoleMissingOrUntrusted => refused.push((role_arn, gap)),
            Err(gap) => return Err(gap),
        }
    }
    let tried: Vec<&str> = refused.iter().map(|(role, _)| role.as_str()).collect();
    let tried = tried.join(", ");
    match refused.into_iter().next() {
        Some((_, gap)) if tried.contains(',') => {
            let message = format!("none of these roles could be assumed: {tried}");
            Err(gap.because(&message))
        }
        Some((_, gap)) => Err(gap),
        None => Err(Gap::new(Reason::RoleMissingOrUntrusted).because("no role was given")),
    }
}

/// One role in one account, assumable any number of times.
struct Renewal {
    sts: aws_sdk_sts::Client,
    options: Arc<AssumeOptions>,
    role_arn: String,
    account: AccountId,
    usage: Arc<Usage>,
}

impl Renewal {
    async fn assume(&self) -> Result<Credentials, Gap> {
        const API: &str = "sts:AssumeRole";
        let before = self.usage.attempts();
        let answer = self
            .sts
            .assume_role()
            .role_arn(&self.role_arn)
            .role_session_name(SESSION_NAME)
            .set_external_id(self.options.external_id.clone())
            .set_duration_seconds(self.options.duration.map(|seconds| seconds as i32))
            .set_policy(self.options.session_policy.clone())
            .customize()
            .interceptor(Ledger::new(&self.usage))
            .send()
            .await
            .map_err(|error| {
                let mut gap = failure::gap(API, &error);
                gap.attempts = (self.usage.attempts() - before) as u32;
                refusal(gap)
            })?;
        let identity = answer.assumed_role_user().map_or("", |user| user.arn());
        verify(identity, self.account)?;
        let given = answer.credentials().ok_or_else(|| {
            Gap::new(Reason::MalformedAnswer).during(API).because("no credentials in the answer")
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
        let advice = "AWS packs the session policy and the tags together and found them too large: choose fewer \
                      checks, or give up the limit with --no-session-policy";
        return gap.because(advice);
    }
    gap
}

/// The session must be in the account that was asked for: facts in the wrong row would be worse than none.
fn verify(identity_arn: &str, account: AccountId) -> Result<(), Gap> {
    let found = identity_arn.split(':').nth(4).unwrap_or_default();
    if found == account.as_str() {
        return Ok(());
    }
    let message = format!("asked for a role in {account} and was given {identity_arn:?}");
    Err(Gap::new(Reason::MalformedAnswer).during("sts:AssumeRole").because(&message))
}

/// Hands out the same credentials to every client of the account, and assumes the role anew shortly before they end.
struct AuditCredentials {
    renewal: Renewal,
    /// Held while renewing, so that one renewal serves all.
    current: Mutex<Credentials>,
}

impl fmt::Debug for AuditCredentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AuditCredentials")
            .field("role_arn", &self.renewal.role_arn)
            .finish_non_exhaustive()
    }
}

impl ProvideCredentials for AuditCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let mut current = self.current.lock().await;
            let soon = SystemTime::now() + renew_before(self.renewal.options.duration);
            if current.expiry().is_some_and(|expiry| expiry <= soon) {
                let renewed = self.renewal.assume().await;
                *current = renewed.map_err(|gap| CredentialsError::provider_error(gap.to_string()))?;
            }
            Ok(current.clone())
        })
    }
}

/// Five minutes, or a quarter of a short session.
fn renew_before(duration: Option<u32>) -> Duration {
    RENEW_BEFORE.min(duration.map_or(RENEW_BEFORE, |seconds| Duration::from_secs(u64::from(seconds) / 4)))
}

/// An IAM client for a session. Each account has its own retry quota: by default the SDK shares one among all
/// clients of a Region, and one throttled account would take the retries of the others.
pub fn iam_client(
    base: &SdkConfig,
    credentials: Option<&SharedCredentialsProvider>,
    retries: &RetryPartition,
    duration: Option<u32>,
    usage: &Arc<Usage>,
) -> aws_sdk_iam::Client {
    let mut builder = aws_sdk_iam::config::Builder::from(base)
        .retry_partition(retries.clone())
        .interceptor(Ledger::new(usage));
    if let Some(credentials) = credentials {
        builder = builder
            .credentials_provider(credentials.clone())
            .identity_cache(IdentityCache::lazy().buffer_time(renew_before(duration)).build());
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
}
