//! iam:GetAccountPasswordPolicy: no policy is an answer, not an error.

use orgsweep_model::facts::PasswordPolicy;
use orgsweep_model::{Collector, Gap, Needs, Row, Session, TableSchema, Tables, async_trait};

use super::{member, put};

/// Fills `password_policies`.
pub struct Policy;

#[async_trait]
impl Collector for Policy {
    fn name(&self) -> &'static str {
        "password_policy"
    }

    fn needs(&self) -> Needs {
        Needs {
            actions: &["iam:GetAccountPasswordPolicy"],
            calls_per_account: 1,
            calls_per_scan: 0,
            gates: &[],
        }
    }

    fn fills(&self) -> &'static [&'static TableSchema] {
        &[PasswordPolicy::SCHEMA]
    }

    async fn collect(&self, session: &Session, tables: &mut Tables) {
        put(fetch(session).await, session, tables);
    }
}

/// AWS's minimum where the answer leaves it out.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html>
const SHORTEST: i32 = 6;

async fn fetch(session: &Session) -> Result<Vec<PasswordPolicy>, Gap> {
    let member = member(session)?;
    let call =
        member.call("iam:GetAccountPasswordPolicy", || member.iam.get_account_password_policy().send()).await;
    let answer = match call {
        Err(gap) if gap.code.as_deref() == Some("NoSuchEntity") => return Ok(Vec::new()),
        other => other?,
    };
    let Some(policy) = answer.password_policy() else {
        return Ok(Vec::new());
    };
    Ok(vec![PasswordPolicy {
        account_id: member.account,
        minimum_length: policy.minimum_password_length().unwrap_or(SHORTEST),
        require_symbols: policy.require_symbols(),
        require_numbers: policy.require_numbers(),
        require_uppercase: policy.require_uppercase_characters(),
        require_lowercase: policy.require_lowercase_characters(),
        allow_users_to_change: policy.allow_users_to_change_password(),
        max_age_days: policy.max_password_age().filter(|days| *days > 0),
        reuse_prevention: policy.password_reuse_prevention().filter(|count| *count > 0),
        hard_expiry: policy.hard_expiry(),
    }])
}
