//! The chosen credentials, as the SDK asks for them. Nothing is read before the first call.

use std::path::PathBuf;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::credential_process::CredentialProcessProvider;
use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::provider_config::ProviderConfig;
use aws_config::sso::SsoCredentialsProvider;
use aws_config::sts::AssumeRoleProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, Result, SharedCredentialsProvider, future};
use aws_types::region::Region;
use aws_types::sdk_config::SdkConfig;

use crate::choice::Choice;
use crate::profile_chain::{Base, Chain, SingleSignOn};

/// The provider of what was chosen. `config` has everything else that its calls need.
pub async fn provider(choice: Choice, config: &SdkConfig) -> SharedCredentialsProvider {
    let Chain { base, roles } = match choice {
        Choice::Environment => Chain { base: Base::Environment, roles: Vec::new() },
        Choice::Chain(chain) => chain,
        Choice::Machine => {
            let machine = CredentialsProviderChain::first_try("EcsContainer", container(config))
                .or_else("Ec2InstanceMetadata", instance(config));
            return SharedCredentialsProvider::new(machine);
        }
    };
    let mut provider = match base {
        Base::Keys(keys) => SharedCredentialsProvider::new(keys),
        Base::Environment => SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new()),
        Base::Container => SharedCredentialsProvider::new(container(config)),
        Base::Instance => SharedCredentialsProvider::new(instance(config)),
        Base::Process(command) => SharedCredentialsProvider::new(CredentialProcessProvider::new(command)),
        Base::WebIdentity { token_file, role_arn, session_name } => {
            SharedCredentialsProvider::new(WebIdentityProvider {
                sts: aws_sdk_sts::Client::new(config),
                token_file: token_file.into(),
                role_arn,
                session_name: session_name.unwrap_or_else(|| SESSION_NAME.to_owned()),
            })
        }
        Base::SingleSignOn(role) => SharedCredentialsProvider::new(single_sign_on(role, config)),
    };
    for role in roles {
        let mut builder = AssumeRoleProvider::builder(role.arn).configure(config);
        if let Some(id) = role.external_id {
            builder = builder.external_id(id);
        }
        if let Some(seconds) = role.seconds {
            builder = builder.session_length(Duration::from_secs(seconds));
        }
        builder = builder.session_name(role.session_name.unwrap_or_else(|| SESSION_NAME.to_owned()));
        provider = SharedCredentialsProvider::new(builder.build_from_provider(provider).await);
    }
    provider
}

/// Of sessions that a profile does not name.
const SESSION_NAME: &str = "orgsweep";

fn provider_config(config: &SdkConfig) -> ProviderConfig {
    let mut built = ProviderConfig::without_region()
        .with_region(config.region().cloned())
        .with_behavior_version(Some(BehaviorVersion::latest()))
        .with_use_fips(config.use_fips())
        .with_use_dual_stack(config.use_dual_stack());
    if let Some(client) = config.http_client() {
        built = built.with_http_client(client);
    }
    if let Some(retries) = config.retry_config() {
        built = built.with_retry_config(retries.clone());
    }
    if let Some(timeouts) = config.timeout_config() {
        built = built.with_timeout_config(timeouts.clone());
    }
    built
}

fn container(config: &SdkConfig) -> EcsCredentialsProvider {
    EcsCredentialsProvider::builder().configure(&provider_config(config)).build()
}

fn instance(config: &SdkConfig) -> ImdsCredentialsProvider {
    ImdsCredentialsProvider::builder().configure(&provider_config(config)).build()
}

fn single_sign_on(role: SingleSignOn, config: &SdkConfig) -> SsoCredentialsProvider {
    let mut builder = SsoCredentialsProvider::builder()
        .configure(&provider_config(config))
        .start_url(role.start_url)
        .region(Region::new(role.region))
        .account_id(role.account_id)
        .role_name(role.role_name);
    builder.set_session_name(role.session);
    builder.build()
}

/// sts:AssumeRoleWithWebIdentity. The SDK's own does not follow the endpoint that a profile sets.
#[derive(Debug)]
struct WebIdentityProvider {
    sts: aws_sdk_sts::Client,
    token_file: PathBuf,
    role_arn: String,
    session_name: String,
}

impl WebIdentityProvider {
    async fn credentials(&self) -> Result {
        // It is replaced before it expires.
        let token = std::fs::read_to_string(&self.token_file).map_err(|error| {
            let place = self.token_file.display();
            CredentialsError::provider_error(format!(
                "the web identity token {place} cannot be read: {error}"
            ))
        })?;
        let answer = self
            .sts
            .assume_role_with_web_identity()
            .role_arn(&self.role_arn)
            .role_session_name(&self.session_name)
            .web_identity_token(token)
            .send()
            .await
            .map_err(CredentialsError::provider_error)?;
        let given = answer
            .credentials
            .ok_or_else(|| CredentialsError::unhandled("the response of STS contains no credentials"))?;
        let expires = given.expiration.try_into().map_err(CredentialsError::unhandled)?;
        Ok(Credentials::new(
            given.access_key_id,
            given.secret_access_key,
            Some(given.session_token),
            Some(expires),
            "WebIdentity",
        ))
    }
}

impl ProvideCredentials for WebIdentityProvider {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.credentials())
    }
}
