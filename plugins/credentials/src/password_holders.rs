//! Whom a password policy governs: IAM users. Root's password has rules of its own.

use orgsweep_model::facts::AccountSummary;
use orgsweep_model::{Gap, Report, Resource};

/// Why a password policy is not judged.
pub const NOBODY: &str = "the account has no IAM user, whose password the policy would govern";

/// Whether the account has IAM users; `None`: not known.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html>: "does not apply to the
/// AWS account root user password".
pub fn are_there(summary: Result<&[AccountSummary], &Gap>) -> Option<bool> {
    summary.ok()?.first()?.users.map(|users| users > 0)
}

/// UNKNOWN: the policy is weak, and whether anybody is governed by it is not known.
pub fn unknown(summary: Result<&[AccountSummary], &Gap>, resource: Resource, report: &mut Report) {
    let message = "the policy is weak; whether the account has IAM users is not known";
    match summary {
        Err(gap) => report.lost(resource, gap, message),
        Ok(_) => report.unknown(resource, message),
    };
}

#[cfg(test)]
mod tests {
    use crate::pack;
    use orgsweep_model::Status;
    use orgsweep_model::facts::{AccountSummary, PasswordPolicy};
    use orgsweep_testkit::{Case, account_summary, password_policy};

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
        // Where nobody knows, a weak policy is no fault yet, and a strong one is none.
        assert_eq!(verdicts(&of(None)), [Status::Unknown; 2]);
        let lost = || Case::new().none::<PasswordPolicy>().lost::<AccountSummary>();
        assert_eq!(verdicts(&lost()), [Status::Unknown; 2]);
        assert_eq!(verdicts(&lost().rows(vec![password_policy()])), [Status::Pass; 2]);
    }
}
