//! iam:GetAccountPasswordPolicy: no policy is an answer, not an error.

use aws_sdk_iam::types::PasswordPolicy as PasswordPolicyDetail;
use orgsweep_model::facts::PasswordPolicy;
use orgsweep_model::{Collector, Gap, Needs, Reason, Row, Session, TableSchema, Tables, async_trait};

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

async fn fetch(session: &Session) -> Result<Vec<PasswordPolicy>, Gap> {
    let member = member(session)?;
    let call =
        member.call("iam:GetAccountPasswordPolicy", || member.iam.get_account_password_policy().send()).await;
    let answer = match call {
        Err(gap) if gap.code.as_deref() == Some("NoSuchEntity") => return Ok(Vec::new()),
        other => other?,
    };
    // Absence has an error code of its own. Where an answer lacks its content, the SDK makes up an empty policy;
    // AWS always says the length.
    let policy = answer.password_policy();
    let (Some(policy), Some(minimum_length)) =
        (policy, policy.and_then(PasswordPolicyDetail::minimum_password_length))
    else {
        return Err(Gap::new(Reason::MalformedAnswer)
            .during("iam:GetAccountPasswordPolicy")
            .because("the response lacks MinimumPasswordLength"));
    };
    Ok(vec![PasswordPolicy {
        account_id: member.account,
        minimum_length,
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

#[cfg(test)]
mod tests {
    use super::*;
    use orgsweep_model::Account;
    use orgsweep_model::collector::Clock;

    async fn answered(result: &str) -> Tables {
        let body = format!(
            "<GetAccountPasswordPolicyResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">{result}\
             <ResponseMetadata><RequestId>x</RequestId></ResponseMetadata></GetAccountPasswordPolicyResponse>"
        );
        let account = Account::new("111122223333".parse().unwrap());
        let session = crate::canned::session(&account, Clock::wall(), &body);
        let mut tables = Tables::new();
        Policy.collect(&session, &mut tables).await;
        tables
    }

    #[tokio::test]
    async fn a_policy_is_a_row() {
        let policy = "<PasswordPolicy><MinimumPasswordLength>12</MinimumPasswordLength></PasswordPolicy>";
        let result = format!("<GetAccountPasswordPolicyResult>{policy}</GetAccountPasswordPolicyResult>");
        let tables = answered(&result).await;
        assert_eq!(tables.get::<PasswordPolicy>().unwrap()[0].minimum_length, 12);
    }

    #[tokio::test]
    async fn an_answer_without_policy_is_not_an_account_without_policy() {
        let empty = "<GetAccountPasswordPolicyResult><PasswordPolicy/></GetAccountPasswordPolicyResult>";
        for result in ["<GetAccountPasswordPolicyResult/>", empty] {
            let tables = answered(result).await;
            let gap = tables.get::<PasswordPolicy>().unwrap_err();
            assert_eq!(gap.reason, Reason::MalformedAnswer);
            assert_eq!(gap.api.as_deref(), Some("iam:GetAccountPasswordPolicy"));
        }
    }
}
