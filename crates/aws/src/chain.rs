//! Roles between the caller and the accounts: one that may list the organization, or that the members trust.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_types::sdk_config::SdkConfig;
use orgsweep_model::{AccountId, Usage};
use orgsweep_sweep::SourceError;
use serde_json::json;

use crate::access::Access;
use crate::managed::CALLER_READS;
use crate::session::{Assumer, LONGEST_CHAINED, RoleSession, SessionCredentials, shared_retry_partition};

/// What a session of the chain may do: assume the next role.
const CHAIN_ACTIONS: [&str; 3] = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];
/// What the session that reads the organization may do: list it, and what its collectors need besides.
fn discover_policy(actions: &[&str]) -> String {
    let own = ["organizations:Describe*", "organizations:List*"];
    let others = actions.iter().copied().filter(|action| {
        !["organizations:Describe", "organizations:List"].iter().any(|known| action.starts_with(known))
    });
    let actions: Vec<&str> = own.into_iter().chain(others).collect();
    let statement = json!([{"Effect": "Allow", "Action": actions, "Resource": "*"}]);
    json!({"Version": "2012-10-17", "Statement": statement}).to_string()
}

/// Assumes the roles of the chain; the last one enters the accounts.
pub async fn follow(
    base: &SdkConfig,
    access: &Arc<Access>,
    caller_is_a_session: bool,
    usage: &Arc<Usage>,
) -> Result<Assumer, SourceError> {
    let mut config = base.clone();
    let mut by = Assumer { sts: sts_client(base), session: None };
    for (index, role_arn) in access.chain.iter().enumerate() {
        let what =
            format!("assuming {role_arn} (step {} of {} of --role-chain)", index + 1, access.chain.len());
        let chained = caller_is_a_session || index > 0;
        let policy = chain_policy(access, index + 1 == access.chain.len());
        let session = step(by, access, role_arn, &policy, chained, usage, &what).await?;
        config = with_credentials(&config, &session);
        by = Assumer { sts: sts_client(&config), session: Some(session) };
    }
    Ok(by)
}

/// The last role of the chain also reads, once a scan, the documents that the accounts have in common.
fn chain_policy(access: &Access, is_last: bool) -> String {
    let accounts_policy = access.session_policy.as_deref().unwrap_or_default();
    let is_read = |action: &&str| is_last && accounts_policy.contains(&format!("\"{action}\""));
    let reads = CALLER_READS.into_iter().filter(is_read);
    let actions: Vec<&str> = CHAIN_ACTIONS.into_iter().chain(reads).collect();
    json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}],
    })
    .to_string()
}

/// The configuration for Organizations.
pub async fn discovery(
    base: &SdkConfig,
    access: &Arc<Access>,
    actions: &[&str],
    caller_is_a_session: bool,
    usage: &Arc<Usage>,
) -> Result<SdkConfig, SourceError> {
    match &access.discovery_role {
        None => Ok(base.clone()),
        Some(role_arn) => {
            let what = format!("assuming {role_arn} (--discovery-role)");
            let by = Assumer { sts: sts_client(base), session: None };
            let policy = discover_policy(actions);
            let session = step(by, access, role_arn, &policy, caller_is_a_session, usage, &what).await?;
            Ok(with_credentials(base, &session))
        }
    }
}

async fn step(
    by: Assumer,
    access: &Arc<Access>,
    role_arn: &str,
    policy: &str,
    chained: bool,
    usage: &Arc<Usage>,
    what: &str,
) -> Result<Arc<SessionCredentials>, SourceError> {
    let failed = |problem: String, advice: &str| SourceError {
        doing: what.to_owned(),
        problem,
        advice: advice.to_owned(),
    };
    let account: AccountId = role_arn.split(':').nth(4).unwrap_or_default().parse().map_err(|problem| {
        failed(problem, "Expected the ARN of a role: arn:aws:iam::111122223333:role/NAME.")
    })?;
    let session = RoleSession {
        by,
        role_arn: role_arn.to_owned(),
        account,
        external_id: access.external_id.clone(),
        duration: access
            .session_duration
            .map(|seconds| if chained { seconds.min(LONGEST_CHAINED) } else { seconds }),
        policy: access.session_policy.is_some().then(|| policy.to_owned()),
        access: Arc::clone(access),
        usage: Arc::clone(usage),
        shortened: AtomicBool::new(false),
        in_chain: true,
    };
    SessionCredentials::open(session).await.map(Arc::new).map_err(|(_, gap)| {
        failed(
            gap.to_string(),
            "Check the role's trust policy, the caller's permissions and the external ID.",
        )
    })
}

fn with_credentials(config: &SdkConfig, session: &Arc<SessionCredentials>) -> SdkConfig {
    config
        .to_builder()
        .credentials_provider(SharedCredentialsProvider::from(
            Arc::clone(session) as Arc<dyn ProvideCredentials>
        ))
        .identity_cache(IdentityCache::no_cache())
        .build()
}

/// STS as one identity; its retries are bounded by attempts alone.
pub fn sts_client(config: &SdkConfig) -> aws_sdk_sts::Client {
    aws_sdk_sts::Client::from_conf(
        aws_sdk_sts::config::Builder::from(config)
            .retry_partition(shared_retry_partition("orgsweep-sts"))
            .build(),
    )
}
