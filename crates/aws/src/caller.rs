//! Who runs a scan: the first call, and what to do where there are no credentials for it.

use std::sync::Arc;

use aws_config::retry::RetryConfig;
use aws_sdk_sts::operation::get_caller_identity::GetCallerIdentityError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use orgsweep_model::gap::CALLERS_OWN;
use orgsweep_model::{AccountId, Reason, Usage};
use orgsweep_sweep::SourceError;

use crate::connection::Connection;
use crate::failure;
use crate::ledger::Ledger;

/// How to give credentials.
pub const NO_CREDENTIALS: &str = "Give credentials as for the AWS CLI: \
    --profile NAME, `aws sso login`, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or an instance's or task's role.";

/// Attempts of the very first call.
const FIRST_CALL_ATTEMPTS: u32 = 3;

/// Who runs the scan.
pub struct Caller {
    pub account: AccountId,
    pub arn: String,
    pub partition: String,
}

/// sts:GetCallerIdentity needs no permission, so its failure is about credentials or the network.
pub async fn identify(
    sts: &aws_sdk_sts::Client,
    usage: &Arc<Usage>,
    connection: &Connection,
) -> Result<Caller, SourceError> {
    const DOING: &str = "identifying the caller";
    let answer = sts
        .get_caller_identity()
        .customize()
        .interceptor(Ledger::new(usage))
        .interceptor(connection.clock.clone())
        // Somebody is waiting: a failure is reported at once.
        .config_override(
            aws_sdk_sts::config::Config::builder()
                .retry_config(RetryConfig::standard().with_max_attempts(FIRST_CALL_ATTEMPTS)),
        )
        .send()
        .await
        .map_err(|error| unidentified(DOING, &error, connection))?;
    let arn = answer.arn().unwrap_or_default().to_owned();
    let partition = arn.split(':').nth(1).filter(|part| !part.is_empty()).unwrap_or("aws").to_owned();
    let account = answer.account().unwrap_or_default().parse().map_err(|problem| SourceError {
        doing: DOING.to_owned(),
        problem,
        advice: String::new(),
    })?;
    Ok(Caller { account, arn, partition })
}

/// No credentials, wrong credentials, or no way to AWS: three messages, because the ways out differ.
fn unidentified(
    doing: &str,
    error: &SdkError<GetCallerIdentityError, HttpResponse>,
    connection: &Connection,
) -> SourceError {
    let profile = connection.profile.as_deref();
    let gap = failure::gap("sts:GetCallerIdentity", error);
    let said = gap.message.as_deref().unwrap_or_default();
    let (problem, advice) = if gap.code.is_some() {
        let advice = match gap.reason {
            Reason::ThrottledOut => "STS throttles requests: try again in a moment.",
            Reason::ServiceError if status(error).is_some_and(|status| status >= 500) => {
                "STS had an internal error: try again in a moment."
            }
            _ if said.contains("Signature expired") || said.contains("Signature not yet current") => {
                "The clock of this machine is wrong: correct it."
            }
            _ => "The credentials are wrong or expired.",
        };
        (gap.to_string(), advice.to_owned())
    } else if said.contains("no credentials found in chain") {
        let problem = match profile {
            Some(profile) => format!("no credentials were found for profile {profile:?}"),
            None => "no credentials were found".to_owned(),
        };
        (problem, NO_CREDENTIALS.to_owned())
    } else if said.contains("credential") {
        let cause = said.rsplit_once("while loading credentials: ").map_or(said, |(_, cause)| cause);
        let problem = match profile {
            Some(profile) => format!("could not obtain the credentials of profile {profile:?}: {cause}"),
            None => format!("{CALLERS_OWN}: {cause}"),
        };
        (problem, connection.way_in.clone().unwrap_or_else(|| NO_CREDENTIALS.to_owned()))
    } else {
        (gap.to_string(), "Check the network, HTTPS_PROXY and AWS_ENDPOINT_URL.".to_owned())
    };
    SourceError { doing: doing.to_owned(), problem, advice }
}

fn status<E>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}
