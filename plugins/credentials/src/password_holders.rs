//! The principals that a password policy affects: IAM users. The root password has separate rules.

use orgsweep_model::facts::{AccountSummary, Credential, User};
use orgsweep_model::{Gap, Report, Resource};

/// Why a password policy is not judged.
pub const NOBODY: &str = "the account has no IAM user, whose password the policy would govern";

/// What says whether there are IAM users, each source enough for itself: the summary counts them, the account's details list
/// them, and the credential report, which may be four hours old, shows those that there were.
pub type Holders<'a> =
    (Result<&'a [AccountSummary], &'a Gap>, Result<&'a [User], &'a Gap>, Result<&'a [Credential], &'a Gap>);

/// Whether the account has IAM users; `None`: not known.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html>: "does not apply to the
/// AWS account root user password".
pub fn are_there((summary, users, credentials): Holders<'_>) -> Option<bool> {
    let counted = summary.ok().and_then(|rows| rows.first()?.users).map(|users| users > 0);
    let listed = users.ok().map(|users| !users.is_empty());
    let shown = credentials.is_ok_and(|rows| rows.iter().any(|row| !row.is_root));
    counted.or(listed).or_else(|| shown.then_some(true))
}

/// UNKNOWN: the policy is weak, and whether anybody is governed by it is not known.
pub fn unknown((summary, ..): Holders<'_>, resource: Resource, report: &mut Report) {
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
    use orgsweep_model::facts::{AccountSummary, Credential, PasswordPolicy, User};
    use orgsweep_testkit::{Case, account_summary, credential, password_policy, root_credential, user};

    /// What length and reuse say of an account without a policy.
    fn verdicts(case: &Case) -> Vec<Status> {
        let pack = pack();
        let checks = pack.checks.iter().map(|check| &**check);
        let checks: Vec<_> = checks
            .filter(|check| ["iam-password-policy-length", "iam-password-policy-reuse"].contains(&check.id()))
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
        let lost = || {
            let case = Case::new().none::<PasswordPolicy>().lost::<AccountSummary>();
            case.lost::<User>().lost::<Credential>()
        };
        assert_eq!(verdicts(&lost()), [Status::Unknown; 2]);
        // One source is enough, whichever it is; a report without users may be older than the first of them.
        assert_eq!(verdicts(&lost().rows(vec![user("ann")])), [Status::Fail; 2]);
        assert_eq!(verdicts(&lost().none::<User>()), [Status::NotApplicable; 2]);
        assert_eq!(verdicts(&lost().rows(vec![root_credential(), credential("ann")])), [Status::Fail; 2]);
        assert_eq!(verdicts(&lost().rows(vec![root_credential()])), [Status::Unknown; 2]);
        assert_eq!(verdicts(&lost().rows(vec![password_policy()])), [Status::Pass; 2]);
    }
}
