//! iam:ListSAMLProviders and iam:ListOpenIDConnectProviders. Neither is paged.

use orgsweep_model::facts::{AccountSummary, IdentityProvider, IdentityProviderKind};
use orgsweep_model::{Collector, Gap, Needs, Row, Session, TableSchema, Tables, async_trait};

use super::{decode, member, nothing_there, put};

/// Fills `identity_providers`.
pub struct IdentityProviders;

#[async_trait]
impl Collector for IdentityProviders {
    fn name(&self) -> &'static str {
        "identity_providers"
    }

    fn needs(&self) -> Needs {
        Needs {
            actions: &["iam:ListSAMLProviders", "iam:ListOpenIDConnectProviders"],
            calls_per_account: 2,
            calls_per_scan: 0,
            gates: &[AccountSummary::SCHEMA],
        }
    }

    fn fills(&self) -> &'static [&'static TableSchema] {
        &[IdentityProvider::SCHEMA]
    }

    async fn collect(&self, session: &Session, tables: &mut Tables) {
        let nothing = nothing_there(tables, |summary| summary.providers);
        put(if nothing { Ok(Vec::new()) } else { fetch(session).await }, session, tables);
    }
}

async fn fetch(session: &Session) -> Result<Vec<IdentityProvider>, Gap> {
    let member = member(session)?;
    let mut providers = Vec::new();
    let saml = member.call("iam:ListSAMLProviders", || member.iam.list_saml_providers().send()).await?;
    for provider in saml.saml_provider_list() {
        providers.push(IdentityProvider {
            account_id: member.account,
            provider_arn: decode::own_arn(provider.arn(), member.account, "the ARN of a SAML provider")?,
            provider_kind: IdentityProviderKind::Saml,
            created_at: decode::optional_moment(provider.create_date())?,
            valid_until_at: decode::optional_moment(provider.valid_until())?,
        });
    }
    let request = member.iam.list_open_id_connect_providers();
    let oidc = member.call("iam:ListOpenIDConnectProviders", || request.clone().send()).await?;
    for provider in oidc.open_id_connect_provider_list() {
        providers.push(IdentityProvider {
            account_id: member.account,
            provider_arn: decode::own_arn(provider.arn(), member.account, "the ARN of an OIDC provider")?,
            provider_kind: IdentityProviderKind::Oidc,
            created_at: None,
            valid_until_at: None,
        });
    }
    Ok(providers)
}
