//! iam:GetAccountSummary: root's flags, and what there is to list at all.

use std::collections::HashMap;

use aws_sdk_iam::types::SummaryKeyType as Key;
use orgsweep_model::facts::AccountSummary;
use orgsweep_model::{
    AccountId, Collector, Gap, Needs, Reason, Row, Session, TableSchema, Tables, async_trait,
};

use super::{member, put};

/// Fills `account_summary`.
pub struct Summary;

#[async_trait]
impl Collector for Summary {
    fn name(&self) -> &'static str {
        "account_summary"
    }

    fn needs(&self) -> Needs {
        Needs { actions: &["iam:GetAccountSummary"], calls_per_account: 1, calls_per_scan: 0, gates: &[] }
    }

    fn fills(&self) -> &'static [&'static TableSchema] {
        &[AccountSummary::SCHEMA]
    }

    async fn collect(&self, session: &Session, tables: &mut Tables) {
        put(fetch(session).await, session, tables);
    }
}

async fn fetch(session: &Session) -> Result<Vec<AccountSummary>, Gap> {
    let member = member(session)?;
    let answer = member.call("iam:GetAccountSummary", || member.iam.get_account_summary().send()).await?;
    let map = answer.summary_map().ok_or_else(|| lacking("SummaryMap"))?;
    Ok(vec![parse(member.account, map)?])
}

fn lacking(key: &str) -> Gap {
    let message = format!("{key} is missing in the account summary");
    Gap::new(Reason::MalformedAnswer).during("iam:GetAccountSummary").because(&message)
}

pub(super) fn parse(account_id: AccountId, map: &HashMap<Key, i32>) -> Result<AccountSummary, Gap> {
    let optional = |key: &Key| map.get(key).map(|number| i64::from(*number));
    let required = |key: Key| optional(&key).ok_or_else(|| lacking(key.as_str()));
    Ok(AccountSummary {
        account_id,
        root_mfa_enabled: required(Key::AccountMfaEnabled)? != 0,
        root_access_keys: required(Key::AccountAccessKeysPresent)?,
        root_password_present: optional(&Key::AccountPasswordPresent).map(|number| number != 0),
        root_signing_certificates: optional(&Key::AccountSigningCertificatesPresent).unwrap_or(0),
        users: optional(&Key::Users),
        groups: optional(&Key::Groups),
        roles: optional(&Key::from("Roles")),
        policies: optional(&Key::Policies),
        providers: optional(&Key::Providers),
        server_certificates: optional(&Key::ServerCertificates),
        mfa_devices: optional(&Key::MfaDevices),
        mfa_devices_in_use: optional(&Key::MfaDevicesInUse),
        global_endpoint_token_version: optional(&Key::GlobalEndpointTokenVersion),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_aws_does_not_say_is_not_zero() {
        let account = "111122223333".parse().unwrap();
        let map = HashMap::from([(Key::AccountMfaEnabled, 1), (Key::AccountAccessKeysPresent, 2)]);
        let summary = parse(account, &map).unwrap();
        assert!(summary.root_mfa_enabled);
        assert_eq!(summary.root_access_keys, 2);
        assert_eq!(summary.root_password_present, None);
        assert_eq!(summary.users, None);
    }

    #[test]
    fn roots_flags_must_be_there() {
        let account = "111122223333".parse().unwrap();
        let map = HashMap::from([(Key::AccountMfaEnabled, 1)]);
        assert_eq!(parse(account, &map).unwrap_err().reason, Reason::MalformedAnswer);
    }
}
