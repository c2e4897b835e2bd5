//! The caller's side of every call: Region, credentials, endpoint, one HTTP client, timeouts, retries.

use std::sync::Arc;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::SystemTimeSource;
use aws_smithy_http_client::tls::TrustStore;
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::app_name::AppName;
use aws_types::os_shim_internal::{Env, Fs};
use aws_types::region::Region;
use aws_types::sdk_config::SdkConfig;
use orgsweep_sweep::SourceError;

use crate::choice::{self, ChosenCredentials};
use crate::clock::ClockProbe;
use crate::credentials;
use crate::http_client;
use crate::limiter::{Limiter, Limits};
use crate::settings;
use crate::wire::Wire;

/// Where no Region is configured. IAM and Organizations are global; STS answers everywhere.
const FALLBACK_REGION: &str = "us-east-1";
/// How long a connection may take to stand.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// What all turns and back-offs of one operation may take together.
const LONGEST_WAIT_FOR_TURNS: Duration = Duration::from_hours(1);

/// How patient a run is, and how fast it asks.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Rates and requests in flight.
    pub limits: Limits,
    /// For one attempt of a call, its answer's last byte included. A page of 1,000 entities took AWS ten seconds.
    pub attempt_timeout: Duration,
    /// Attempts of one call. IAM throttles in bursts, and a lost table costs more than a wait.
    pub attempts: u32,
    /// How long a credential report that AWS is still making is waited for. It takes about two seconds.
    pub report_timeout: Duration,
    /// A credential report that is older is not used; `None`: however old it is.
    pub report_max_age: Option<Duration>,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            attempt_timeout: Duration::from_mins(1),
            attempts: 8,
            report_timeout: Duration::from_mins(1),
            report_max_age: None,
        }
    }
}

impl Pace {
    /// Whether client-side rate limiting is off: for a simulator.
    pub fn unlimited(requests: usize) -> Self {
        Self { limits: Limits { max_rate: None, requests, share: 1 }, ..Self::default() }
    }
}

/// A configured caller. Credentials are resolved when first used, and once for all accounts.
#[derive(Clone, Debug)]
pub struct Connection {
    pub(crate) config: SdkConfig,
    /// How patient the run is.
    pub(crate) pace: Pace,
    /// The selected profile, to name it in errors.
    pub(crate) profile: Option<String>,
    /// What to do where its credentials cannot be had.
    pub(crate) way_in: Option<String>,
    /// What the first response shows about the local clock.
    pub(crate) clock: ClockProbe,
    warnings: Vec<String>,
}

impl Connection {
    /// The caller's own credentials, as botocore would choose them (`choice.rs`), and
    /// `AWS_ENDPOINT_URL[_IAM|_STS|_ORGANIZATIONS]`. What no call could be made with is refused here.
    pub async fn load(profile: Option<&str>, region: Option<&str>, pace: Pace) -> Result<Self, SourceError> {
        let env = Env::real();
        let caller = choice::choose(profile, &env, &Fs::real()).await?;
        let (roots, doubt) = match &caller.bundle {
            Some(bundle) => bundle.read()?,
            None => (TrustStore::default(), None),
        };
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(shared(http_client::build(roots, http_client::proxy(&env)?), pace))
            .retry_config(retries(pace))
            .timeout_config(timeouts(pace))
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        if let Some(profile) = &caller.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = region {
            loader = loader.region(Region::new(region.to_owned()));
        }
        if let Some(name) = app_name() {
            loader = loader.app_name(name);
        }
        let mut config = loader.load().await;
        if config.region().is_none() {
            config = config.to_builder().region(Region::new(FALLBACK_REGION)).build();
        }
        settings::validate(&config, region, &env)?;
        let ChosenCredentials { choice, profile, mut warnings, way_in, .. } = caller;
        warnings.extend(doubt);
        let provider = credentials::provider(choice, &config).await;
        config = config.to_builder().credentials_provider(provider).build();
        Ok(Self { config, pace, profile, way_in, clock: ClockProbe::default(), warnings })
    }

    /// What the user should know about the credentials that were chosen.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Fixed credentials at a fixed endpoint, whatever the environment says: the demo's.
    pub fn fixed(
        endpoint: &str,
        access_key_id: &str,
        secret_access_key: &str,
        session_token: Option<&str>,
        pace: Pace,
    ) -> Self {
        let credentials = Credentials::new(
            access_key_id,
            secret_access_key,
            session_token.map(str::to_owned),
            None,
            "orgsweep-demo",
        );
        let mut builder = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(FALLBACK_REGION))
            .endpoint_url(endpoint)
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .identity_cache(IdentityCache::lazy().build())
            .http_client(shared(http_client::build(TrustStore::default(), None), pace))
            .sleep_impl(TokioSleep::new())
            .time_source(SystemTimeSource::new())
            .retry_config(retries(pace))
            .timeout_config(timeouts(pace))
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        builder.set_app_name(app_name());
        Self {
            config: builder.build(),
            pace,
            profile: None,
            way_in: None,
            clock: ClockProbe::default(),
            warnings: Vec::new(),
        }
    }

    /// How far the local clock is from AWS's: known once a source was connected, or was refused.
    pub fn clock(&self) -> ClockProbe {
        self.clock.clone()
    }
}

/// One for all clients: each would otherwise bring its own connections, TLS configuration and root store.
fn shared(inner: SharedHttpClient, pace: Pace) -> SharedHttpClient {
    let limiter = Arc::new(Limiter::new(pace.limits));
    SharedHttpClient::new(Wire::new(inner, limiter, pace.attempt_timeout))
}

fn retries(pace: Pace) -> RetryConfig {
    RetryConfig::standard().with_max_attempts(pace.attempts)
}

/// The SDK sets only a connect timeout by itself. What bounds an attempt is the [`Wire`], which knows when a request really
/// went out; attempts are counted, and the wait between them has a ceiling. A whole operation has a timeout only far beyond
/// that: it counts the wait for one's turn too, which is long when the rates are low and is not AWS being slow.
fn timeouts(pace: Pace) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT.min(pace.attempt_timeout))
        .operation_timeout(pace.attempt_timeout * pace.attempts + LONGEST_WAIT_FOR_TURNS)
        .build()
}

/// Shows in the `userAgent` of the members' CloudTrail.
fn app_name() -> Option<AppName> {
    AppName::new(concat!("orgsweep-", env!("CARGO_PKG_VERSION"))).ok()
}
