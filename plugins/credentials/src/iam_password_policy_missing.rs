//! iam-password-policy-missing.

use orgsweep_model::facts::{Credential, PasswordPolicy};
use orgsweep_model::{Check, Context, Gap, Report, Severity, check, manual};

check! {
    /// The account has no custom password policy.
    ///
    /// ## Why it matters
    /// The AWS default requires eight characters and does not prevent reuse. Your organization's password requirements are not
    /// enforced until the account has a policy.
    ///
    /// ## What it cannot see
    /// Existing passwords: a new policy applies from the next change. People who sign in through IAM Identity Center or
    /// federation have no password here. If no user has one, the finding is only informational.
    pub PasswordPolicyMissing {
        id: "iam-password-policy-missing",
        title: "Account has no password policy",
        severity: Severity::Medium,
        version: 1,
        since: "0.1.0",
        resource: "AWS::::Account",
        service: "iam",
        controls: [
            nist_800_53(["AC-2(1)", "AC-2(3)", "AC-3(15)", "IA-5(1)"]),
            pci_dss(["8.3.6", "8.3.7", "8.3.9", "8.3.10.1", "8.6.3"]), iso_27001(["A.5.17"]), soc2(["CC6.1"]),
            mitre_attack(["T1110"]), well_architected(["SEC02-BP01"]), security_hub(["IAM.7"]),
            config_rule(["IAM_PASSWORD_POLICY"]),
        ],
        pages: ["https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html"],
        settings: {},
    }
}

impl Check for PasswordPolicyMissing {
    type Reads<'a> = (&'a [PasswordPolicy], Result<&'a [Credential], &'a Gap>);

    fn evaluate(&self, (policy, credentials): Self::Reads<'_>, context: &Context<'_>, report: &mut Report) {
        if !policy.is_empty() {
            report.pass(context.account_resource());
            return;
        }
        let passwords = credentials.map(|rows| {
            rows.iter().filter(|row| !row.is_root && row.password_enabled != Some(false)).count()
        });
        let outcome =
            report.fail(context.account_resource(), "no password policy is set: AWS's default applies");
        match passwords {
            Ok(0) => {
                outcome.severity(Severity::Informational).evidence("users_with_password", 0);
            }
            Ok(count) => {
                outcome.evidence("users_with_password", count);
            }
            Err(gap) => {
                outcome.evidence("users_with_password", format!("unknown: {}", gap.reason));
            }
        }
    }
}

manual! {
    /// ## How to verify
    /// `aws iam get-account-password-policy` returns NoSuchEntity.
    ///
    /// ## How to fix
    /// Set a policy, preferably in every account with the same stack or baseline.
    ///
    /// - Console: IAM, Account settings, Password policy, Edit.
    /// - CLI: `aws iam update-account-password-policy --minimum-password-length 14 --password-reuse-prevention 24
    ///   --require-symbols --require-numbers --require-uppercase-characters --require-lowercase-characters
    ///   --allow-users-to-change-password`.
    /// - Terraform: `aws_iam_account_password_policy`.
    ///
    /// ## How to back out
    /// `aws iam delete-account-password-policy` restores the AWS default.
    PasswordPolicyMissing
}

#[cfg(test)]
mod tests {
    use super::*;
    use orgsweep_testkit::{Case, credential, password_policy, root_arn, root_credential};

    fn console(name: &str) -> Credential {
        Credential { password_enabled: Some(true), ..credential(name) }
    }

    #[test]
    fn a_policy_passes() {
        Case::new()
            .rows(vec![password_policy()])
            .lost::<Credential>()
            .passes(&PasswordPolicyMissing::default());
    }

    #[test]
    fn no_policy_is_flagged_at_the_default_severity() {
        let case = Case::new().none::<PasswordPolicy>().rows(vec![console("ann")]);
        assert_eq!(case.flags(&PasswordPolicyMissing::default(), &root_arn()).severity, None);
        let lost = Case::new().none::<PasswordPolicy>().lost::<Credential>();
        assert_eq!(lost.flags(&PasswordPolicyMissing::default(), &root_arn()).severity, None);
    }

    #[test]
    fn where_no_user_has_a_password_it_is_informational() {
        let case = Case::new().none::<PasswordPolicy>().rows(vec![root_credential(), credential("ci")]);
        let outcome = case.flags(&PasswordPolicyMissing::default(), &root_arn());
        assert_eq!(outcome.severity, Some(Severity::Informational));
    }
}
