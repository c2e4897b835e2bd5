//! Other AWS SDK crates, for packs that bring one: configured as the scan's own clients are.

use std::sync::Arc;

use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime::client::retries::RetryPartition;
use aws_types::region::Region;
use aws_types::sdk_config::SdkConfig;
use orgsweep_model::{Gap, Session};

use crate::answer::WholeXmlAnswers;
use crate::ledger::Ledger;
use crate::member::Member;
use crate::organization::OrganizationReader;
use crate::session::{retry_partition, shared_retry_partition};

/// What a client of another SDK crate is built with; [`sdk_client!`](crate::sdk_client) does it.
#[derive(Clone, Debug)]
pub struct PackSdk {
    /// Region, endpoint, credentials of the account's session and their renewal, retries, timeouts, and the HTTP client that keeps
    /// to the rates and waits for whole answers.
    pub config: SdkConfig,
    /// The account's own retry quota, or the organization's.
    pub retries: RetryPartition,
    /// Counts the calls for the account, under the service's prefix in IAM actions.
    pub ledger: Ledger,
    /// Refuses XML that is not whole. JSON that is not whole is refused by the SDK itself.
    pub answers: WholeXmlAnswers,
}

/// The configuration of a session in a Region: an account's, or the organization's. A client that is built from it alone keeps to the rates, but its calls are
/// not counted: prefer [`sdk_client!`](crate::sdk_client).
pub fn sdk_config(session: &Session, region: &str) -> Result<SdkConfig, Gap> {
    let region = Region::new(region.to_owned());
    if let Some(organization) = OrganizationReader::of(session) {
        return Ok(organization.base.to_builder().region(region).build());
    }
    let member = Member::behind(session)?;
    let builder = member.base.to_builder().region(region);
    Ok(match &member.session {
        None => builder.build(),
        // The session keeps its credentials itself, and knows when they are no longer taken.
        Some(credentials) => builder
            .credentials_provider(SharedCredentialsProvider::from(
                Arc::clone(credentials) as Arc<dyn ProvideCredentials>
            ))
            .identity_cache(IdentityCache::no_cache())
            .build(),
    })
}

/// Everything for a client: `service` is the prefix in IAM actions, such as `account`.
pub fn pack_sdk(session: &Session, service: &'static str, region: &str) -> Result<PackSdk, Gap> {
    let (retries, usage) = match OrganizationReader::of(session) {
        Some(organization) => (shared_retry_partition("orgsweep-organizations"), &organization.usage),
        None => {
            let member = Member::behind(session)?;
            (retry_partition(member.account), &member.usage)
        }
    };
    Ok(PackSdk {
        config: sdk_config(session, region)?,
        retries,
        ledger: Ledger::of_service(usage, service),
        answers: WholeXmlAnswers,
    })
}

/// A client of another AWS SDK crate for a session in a Region, or the gap that there is none. Calls are made through
/// [`Member::call`], which renews a session that has ended early and makes a gap of an error; a collector of the organization
/// makes them through [`OrganizationReader::call`](crate::OrganizationReader::call).
///
/// ```text
/// let client = orgsweep_aws::sdk_client!(aws_sdk_account, session, "account", "us-east-1")?;
/// let answer = Member::behind(session)?
///     .call("account:GetContactInformation", || client.get_contact_information().send())
///     .await?;
/// ```
#[macro_export]
macro_rules! sdk_client {
    ($sdk:ident, $session:expr, $service:literal, $region:expr) => {
        $crate::pack_sdk($session, $service, $region).map(|parts| {
            $sdk::Client::from_conf(
                $sdk::config::Builder::from(&parts.config)
                    .retry_partition(parts.retries)
                    .interceptor(parts.ledger)
                    .interceptor(parts.answers)
                    .build(),
            )
        })
    };
}
