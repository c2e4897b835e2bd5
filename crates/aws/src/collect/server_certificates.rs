//! iam:ListServerCertificates: TLS certificates that live in IAM.

use orgsweep_model::facts::{AccountSummary, ServerCertificate};
use orgsweep_model::{Collector, Gap, Needs, Row, Session, TableSchema, Tables, async_trait};

use super::{decode, member, nothing_there, put};
use crate::pages::next_marker;

/// Fills `server_certificates`.
pub struct ServerCertificates;

#[async_trait]
impl Collector for ServerCertificates {
    fn name(&self) -> &'static str {
        "server_certificates"
    }

    fn needs(&self) -> Needs {
        Needs {
            actions: &["iam:ListServerCertificates"],
            calls_per_account: 1,
            calls_per_scan: 0,
            gates: &[AccountSummary::SCHEMA],
        }
    }

    fn fills(&self) -> &'static [&'static TableSchema] {
        &[ServerCertificate::SCHEMA]
    }

    async fn collect(&self, session: &Session, tables: &mut Tables) {
        let nothing = nothing_there(tables, |summary| summary.server_certificates);
        put(if nothing { Ok(Vec::new()) } else { fetch(session).await }, session, tables);
    }
}

const API: &str = "iam:ListServerCertificates";

async fn fetch(session: &Session) -> Result<Vec<ServerCertificate>, Gap> {
    let member = member(session)?;
    let mut certificates = Vec::new();
    let mut marker = None;
    loop {
        let request = member.iam.list_server_certificates().max_items(1000).set_marker(marker.clone());
        let page = member.call(API, || request.clone().send()).await?;
        for certificate in page.server_certificate_metadata_list() {
            certificates.push(ServerCertificate {
                account_id: member.account,
                certificate_arn: decode::own_arn(
                    Some(certificate.arn()),
                    member.account,
                    "the ARN of a certificate",
                )?,
                certificate_name: decode::required(
                    Some(certificate.server_certificate_name()),
                    "the name of a certificate",
                )?,
                uploaded_at: decode::optional_moment(certificate.upload_date())?,
                expires_at: decode::optional_moment(certificate.expiration())?,
            });
        }
        marker = next_marker(API, page.is_truncated(), page.marker(), marker.as_deref())?;
        if marker.is_none() {
            return Ok(certificates);
        }
    }
}
