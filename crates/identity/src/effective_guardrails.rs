//! Which of the organization's policies apply to an account, and from where.

use std::sync::Arc;

use orgsweep_model::facts::OrganizationPolicy;
use orgsweep_model::{AccountId, Computed, Context, Gap, Reason};

orgsweep_model::table! {
    /// A service or resource control policy that applies to an account: one row for each place on the path from the root to the
    /// account where it is attached. The management account has none: they do not bind it.
    ///
    /// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html>
    pub struct EffectiveGuardrail in "effective_guardrails" per account sorted by [policy_type, level, policy_id] {
        /// The account.
        account_id: AccountId,
        /// `SERVICE_CONTROL_POLICY` or `RESOURCE_CONTROL_POLICY`.
        policy_type: String,
        /// `p-…`.
        policy_id: String,
        /// Any text.
        policy_name: String,
        /// Whether it is AWS-managed.
        is_aws_managed: bool,
        /// The root (`r-…`), the unit (`ou-…`) or the account where it is attached.
        attached_to_id: String,
        /// How far below the root that is; the root is 0.
        level: i32,
        /// Its document in `documents`.
        document_sha256: Arc<str>,
    }
}

impl Computed for EffectiveGuardrail {
    type Reads<'a> = &'a [OrganizationPolicy];

    fn compute(policies: Self::Reads<'_>, context: &Context<'_>) -> Result<Vec<Self>, Gap> {
        let account = context.account;
        if account.id == context.organization.management_account_id {
            return Ok(Vec::new());
        }
        if account.ou_ids.is_empty() {
            return Err(Gap::new(Reason::Undecided).because("it is not known which units the account is in"));
        }
        let path: Vec<&str> =
            account.ou_ids.iter().map(String::as_str).chain([account.id.as_str()]).collect();
        let mut guardrails = Vec::new();
        for policy in policies {
            let is_here = |id: &str| policy.is_everywhere || policy.target_id.as_deref() == Some(id);
            for (level, id) in path.iter().enumerate().filter(|(_, id)| is_here(id)) {
                guardrails.push(Self {
                    account_id: account.id,
                    policy_type: policy.policy_type.clone(),
                    policy_id: policy.policy_id.clone(),
                    policy_name: policy.policy_name.clone(),
                    is_aws_managed: policy.is_aws_managed,
                    attached_to_id: (*id).to_owned(),
                    level: level as i32,
                    document_sha256: Arc::clone(&policy.document_sha256),
                });
            }
        }
        Ok(guardrails)
    }
}

#[cfg(test)]
mod tests {
    use orgsweep_model::{Account, Organization, Timestamp};

    use super::*;

    fn policy(id: &str, target: Option<&str>) -> OrganizationPolicy {
        OrganizationPolicy {
            policy_id: id.to_owned(),
            policy_type: "SERVICE_CONTROL_POLICY".to_owned(),
            policy_name: format!("name of {id}"),
            is_aws_managed: false,
            target_id: target.map(str::to_owned),
            is_everywhere: id == "p-everywhere",
            document_sha256: "hash".into(),
        }
    }

    fn of(account: &str, units: &[&str]) -> Result<Vec<(String, String, i32)>, Gap> {
        let policies = [
            policy("p-root", Some("r-1")),
            policy("p-other", Some("ou-2")),
            policy("p-own", Some("444455556666")),
            policy("p-nowhere", None),
            policy("p-everywhere", None),
        ];
        let account = Account {
            ou_ids: units.iter().map(ToString::to_string).collect(),
            ..Account::new(account.parse().unwrap())
        };
        let organization = Organization {
            id: "o-exampleorgid".to_owned(),
            management_account_id: "111122223333".parse().unwrap(),
            partition: "aws".to_owned(),
        };
        let now = Timestamp::UNIX_EPOCH;
        let context = Context { now, account: &account, organization: &organization };
        let rows = EffectiveGuardrail::compute(&policies, &context)?;
        Ok(rows.into_iter().map(|row| (row.policy_id, row.attached_to_id, row.level)).collect())
    }

    #[test]
    fn every_place_from_the_root_to_the_account_counts() {
        let row = |policy: &str, place: &str, level| (policy.to_owned(), place.to_owned(), level);
        assert_eq!(
            of("444455556666", &["r-1", "ou-1"]).unwrap(),
            [
                row("p-root", "r-1", 0),
                row("p-own", "444455556666", 2),
                row("p-everywhere", "r-1", 0),
                row("p-everywhere", "ou-1", 1),
                row("p-everywhere", "444455556666", 2),
            ]
        );
        assert_eq!(of("111122223333", &["r-1"]).unwrap(), []);
        assert_eq!(of("444455556666", &[]).unwrap_err().reason, Reason::Undecided);
    }
}
