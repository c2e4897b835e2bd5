//! Whom a password policy governs: IAM users. Root's password has rules of its own.

use orgsweep_model::Gap;
use orgsweep_model::facts::AccountSummary;

/// Why a password policy is not judged.
pub const NOBODY: &str = "the account has no IAM user, whose password the policy would govern";

/// Whether the account surely has no IAM user. Where the summary was not read, somebody may be there.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html>: "does not apply to the
/// AWS account root user password".
pub fn are_none(summary: Result<&[AccountSummary], &Gap>) -> bool {
    summary.ok().and_then(<[_]>::first).and_then(|summary| summary.users) == Some(0)
}

#[cfg(test)]
mod tests {
    use crate::pack;
    use orgsweep_model::Status;
    use orgsweep_model::facts::{AccountSummary, PasswordPolicy};
    use orgsweep_testkit::{Case, account_summary};

    /// What length and reuse say of an account without a policy.
    fn verdicts(case: &Case) -> Vec<Status> {
        let pack = pack();
        let checks = pack.checks.iter().map(|check| &**check);
        let checks: Vec<_> = checks
            .filter(|check| {
                ["iam-password-policy-length", "iam-password-policy-reuse"].contains(&check.metadata().id)
            })
            .collect();
        assert_eq!(checks.len(), 2);
        case.results(&checks).iter().map(|result| result.outcomes[0].status).collect()
    }

    #[test]
    fn a_policy_that_governs_nobody_is_not_judged() {
        let of = |users| {
            let summary = AccountSummary { users, ..account_summary() };
            Case::new().none::<PasswordPolicy>().rows(vec![summary])
        };
        assert_eq!(verdicts(&of(Some(0))), [Status::NotApplicable; 2]);
        assert_eq!(verdicts(&of(Some(1))), [Status::Fail; 2]);
        assert_eq!(verdicts(&of(None)), [Status::Fail; 2]);
        assert_eq!(
            verdicts(&Case::new().none::<PasswordPolicy>().lost::<AccountSummary>()),
            [Status::Fail; 2]
        );
    }
}
