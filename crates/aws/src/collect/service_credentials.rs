//! iam:ListServiceSpecificCredentials with AllUsers: one call for the account, not one a user.

use orgsweep_model::facts::{AccountSummary, ServiceCredential};
use orgsweep_model::{Collector, Gap, Needs, Row, Session, TableSchema, Tables, async_trait};

use super::{decode, member, nothing_there, put};
use crate::pages::next_marker;

/// Fills `service_credentials`.
pub struct ServiceCredentials;

#[async_trait]
impl Collector for ServiceCredentials {
    fn name(&self) -> &'static str {
        "service_credentials"
    }

    fn needs(&self) -> Needs {
        Needs {
            actions: &["iam:ListServiceSpecificCredentials"],
            calls_per_account: 1,
            calls_per_scan: 0,
            gates: &[AccountSummary::SCHEMA],
        }
    }

    fn fills(&self) -> &'static [&'static TableSchema] {
        &[ServiceCredential::SCHEMA]
    }

    async fn collect(&self, session: &Session, tables: &mut Tables) {
        let nothing = nothing_there(tables, |summary| summary.users);
        put(if nothing { Ok(Vec::new()) } else { fetch(session).await }, session, tables);
    }
}

const API: &str = "iam:ListServiceSpecificCredentials";

async fn fetch(session: &Session) -> Result<Vec<ServiceCredential>, Gap> {
    let member = member(session)?;
    let mut credentials = Vec::new();
    let mut marker: Option<String> = None;
    loop {
        let request = member
            .iam
            .list_service_specific_credentials()
            .all_users(true)
            .max_items(1000)
            .set_marker(marker.clone());
        let page = member.call(API, || request.clone().send()).await?;
        for credential in page.service_specific_credentials() {
            credentials.push(ServiceCredential {
                account_id: member.account,
                user_name: decode::required(Some(credential.user_name()), "the owner of a credential")?,
                credential_id: decode::required(
                    Some(credential.service_specific_credential_id()),
                    "the id of a credential",
                )?,
                service_name: credential.service_name().to_owned(),
                status: credential.status().as_str().to_owned(),
                created_at: decode::required_moment(
                    Some(credential.create_date()),
                    "the creation date of a credential",
                )?,
                expires_at: decode::optional_moment(credential.expiration_date())?,
            });
        }
        marker = next_marker(API, page.is_truncated(), page.marker(), marker.as_deref())?;
        if marker.is_none() {
            return Ok(credentials);
        }
    }
}
