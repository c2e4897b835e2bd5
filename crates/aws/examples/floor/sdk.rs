//! The recorded calls as typed operations of plain SDK clients: one shared HTTP client, one IAM client an account with
//! the credentials that AssumeRole gave, answers parsed and dropped. No retries of our own, no timeouts, no rows.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_sdk_iam::types::{EntityType, PolicyScopeType};
use aws_smithy_http_client::{Builder, tls};
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_types::sdk_config::SdkConfig;
use serde_json::Value as Json;

use crate::Tally;
use crate::recording::{Call, Queue};

/// The hub's clients, shared by all workers.
pub struct Callers {
    base: SdkConfig,
    sts: aws_sdk_sts::Client,
    organizations: aws_sdk_organizations::Client,
    /// For the hub's own account, which nobody assumes a role in.
    iam: aws_sdk_iam::Client,
    received: Received,
}

impl Callers {
    /// From the environment, as anybody would.
    pub async fn load() -> Self {
        let http = Builder::new().tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring));
        let base = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .http_client(http.build_https())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .load()
            .await;
        let received = Received::default();
        let sts = aws_sdk_sts::config::Builder::from(&base).interceptor(received.clone()).build();
        let organizations =
            aws_sdk_organizations::config::Builder::from(&base).interceptor(received.clone()).build();
        let iam = aws_sdk_iam::config::Builder::from(&base).interceptor(received.clone()).build();
        Self {
            sts: aws_sdk_sts::Client::from_conf(sts),
            organizations: aws_sdk_organizations::Client::from_conf(organizations),
            iam: aws_sdk_iam::Client::from_conf(iam),
            base,
            received,
        }
    }

    /// Bytes of all answers so far.
    pub fn received(&self) -> u64 {
        self.received.bytes.load(Ordering::Relaxed)
    }

    fn member(&self, credentials: &aws_sdk_sts::types::Credentials) -> aws_sdk_iam::Client {
        let credentials = Credentials::new(
            credentials.access_key_id(),
            credentials.secret_access_key(),
            Some(credentials.session_token().to_owned()),
            None,
            "floor",
        );
        // They do not change, so there is nothing to cache.
        let config = aws_sdk_iam::config::Builder::from(&self.base)
            .credentials_provider(credentials)
            .identity_cache(IdentityCache::no_cache())
            .interceptor(self.received.clone())
            .build();
        aws_sdk_iam::Client::from_conf(config)
    }
}

/// Adds up how large the answers were; the SDK does not say it otherwise.
#[derive(Clone, Debug, Default)]
struct Received {
    bytes: Arc<AtomicU64>,
}

impl Intercept for Received {
    fn name(&self) -> &'static str {
        "received"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let length = context.response().headers().get("content-length").and_then(|text| text.parse().ok());
        self.bytes.fetch_add(length.unwrap_or(0), Ordering::Relaxed);
        Ok(())
    }
}

/// Takes accounts until none is left. How large the answers were, the callers know.
pub async fn work(queue: Arc<Queue>, callers: Arc<Callers>) -> Result<Tally, String> {
    let mut tally = Tally::default();
    while let Some(calls) = queue.next() {
        let mut iam = callers.iam.clone();
        for call in calls {
            let status = match call.action.split_once(':') {
                Some(("sts", action)) => sts(&callers, action, call, &mut iam).await,
                Some(("organizations", action)) => organizations(&callers.organizations, action, call).await,
                Some(("iam", action)) => member(&iam, action, call).await,
                _ => None,
            };
            let status = status.ok_or_else(|| {
                format!(
                    "{}: no such operation here; crates/aws/examples/floor/sdk.rs needs a line for it",
                    call.action
                )
            })?;
            tally.calls += 1;
            tally.differing += u64::from(status != call.status);
        }
    }
    Ok(tally)
}

async fn sts(callers: &Callers, action: &str, call: &Call, iam: &mut aws_sdk_iam::Client) -> Option<u16> {
    let given = Given::form(&call.body);
    match action {
        "GetCallerIdentity" => Some(status(&callers.sts.get_caller_identity().send().await)),
        "AssumeRole" => {
            let answer = callers
                .sts
                .assume_role()
                .set_role_arn(given.text("RoleArn"))
                .set_role_session_name(given.text("RoleSessionName"))
                .set_external_id(given.text("ExternalId"))
                .set_duration_seconds(given.number("DurationSeconds"))
                .set_policy(given.text("Policy"))
                .send()
                .await;
            if let Some(credentials) = answer.as_ref().ok().and_then(|answer| answer.credentials()) {
                *iam = callers.member(credentials);
            }
            Some(status(&answer))
        }
        _ => None,
    }
}

async fn organizations(client: &aws_sdk_organizations::Client, action: &str, call: &Call) -> Option<u16> {
    let given = Given::json(&call.body);
    let (token, most) = (given.text("NextToken"), given.number("MaxResults"));
    Some(match action {
        "DescribeOrganization" => status(&client.describe_organization().send().await),
        "ListRoots" => status(&client.list_roots().set_next_token(token).set_max_results(most).send().await),
        "ListAccounts" => {
            status(&client.list_accounts().set_next_token(token).set_max_results(most).send().await)
        }
        "ListPolicies" => {
            let filter = given.text("Filter").as_deref().map(aws_sdk_organizations::types::PolicyType::from);
            let request = client.list_policies().set_filter(filter).set_next_token(token);
            status(&request.set_max_results(most).send().await)
        }
        "DescribePolicy" => {
            status(&client.describe_policy().set_policy_id(given.text("PolicyId")).send().await)
        }
        "ListTargetsForPolicy" => {
            let request = client.list_targets_for_policy().set_policy_id(given.text("PolicyId"));
            status(&request.set_next_token(token).set_max_results(most).send().await)
        }
        "ListOrganizationalUnitsForParent" => status(
            &client
                .list_organizational_units_for_parent()
                .set_parent_id(given.text("ParentId"))
                .set_next_token(token)
                .set_max_results(most)
                .send()
                .await,
        ),
        _ => return None,
    })
}

async fn member(client: &aws_sdk_iam::Client, action: &str, call: &Call) -> Option<u16> {
    let given = Given::form(&call.body);
    let (marker, most) = (given.text("Marker"), given.number("MaxItems"));
    Some(match action {
        "GetAccountAuthorizationDetails" => {
            let filters: Vec<EntityType> = given.list("Filter").into_iter().map(EntityType::from).collect();
            let request = client.get_account_authorization_details();
            status(
                &request
                    .set_filter((!filters.is_empty()).then_some(filters))
                    .set_marker(marker)
                    .set_max_items(most)
                    .send()
                    .await,
            )
        }
        "GetAccountSummary" => status(&client.get_account_summary().send().await),
        "GetAccountPasswordPolicy" => status(&client.get_account_password_policy().send().await),
        "GenerateCredentialReport" => status(&client.generate_credential_report().send().await),
        "GetCredentialReport" => status(&client.get_credential_report().send().await),
        "ListVirtualMFADevices" => {
            status(&client.list_virtual_mfa_devices().set_marker(marker).set_max_items(most).send().await)
        }
        "ListRoles" => status(&client.list_roles().set_marker(marker).set_max_items(most).send().await),
        "ListServiceSpecificCredentials" => status(
            &client
                .list_service_specific_credentials()
                .set_all_users(given.text("AllUsers").map(|text| text == "true"))
                .set_marker(marker)
                .set_max_items(most)
                .send()
                .await,
        ),
        "ListServerCertificates" => {
            status(&client.list_server_certificates().set_marker(marker).set_max_items(most).send().await)
        }
        "ListSAMLProviders" => status(&client.list_saml_providers().send().await),
        "ListOpenIDConnectProviders" => status(&client.list_open_id_connect_providers().send().await),
        "ListPolicies" => status(
            &client
                .list_policies()
                .set_scope(given.text("Scope").map(|text| PolicyScopeType::from(text.as_str())))
                .set_marker(marker)
                .set_max_items(most)
                .send()
                .await,
        ),
        "GetPolicyVersion" => status(
            &client
                .get_policy_version()
                .set_policy_arn(given.text("PolicyArn"))
                .set_version_id(given.text("VersionId"))
                .send()
                .await,
        ),
        _ => return None,
    })
}

/// 200, or what the error's answer had; 0 without an answer.
fn status<T, E>(outcome: &Result<T, SdkError<E, HttpResponse>>) -> u16 {
    match outcome {
        Ok(_) => 200,
        Err(error) => error.raw_response().map_or(0, |answer| answer.status().as_u16()),
    }
}

/// The recorded input of an operation.
struct Given {
    fields: HashMap<String, String>,
}

impl Given {
    fn form(body: &str) -> Self {
        let decode = |text: &str| {
            percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
        };
        let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
        Self { fields: pairs.map(|(name, value)| (decode(name), decode(value))).collect() }
    }

    fn json(body: &str) -> Self {
        let whole: Json = serde_json::from_str(body).unwrap_or_default();
        let fields = whole.as_object().into_iter().flatten().map(|(name, value)| {
            (name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        });
        Self { fields: fields.collect() }
    }

    fn text(&self, name: &str) -> Option<String> {
        self.fields.get(name).cloned()
    }

    fn number(&self, name: &str) -> Option<i32> {
        self.fields.get(name)?.parse().ok()
    }

    fn list(&self, name: &str) -> Vec<&str> {
        (1..)
            .map_while(|index| self.fields.get(&format!("{name}.member.{index}")))
            .map(String::as_str)
            .collect()
    }
}
