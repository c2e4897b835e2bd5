//! iam-password-policy-reuse.

use orgsweep_model::facts::PasswordPolicy;
use orgsweep_model::{Check, Context, Report, Severity, check, manual};

use crate::password_holders::{self, Holders};

check! {
    /// Old passwords may be reused too soon, or immediately.
    ///
    /// ## Why it matters
    /// A password that leaked last year is harmless only if it cannot be used again.
    ///
    /// ## What it cannot see
    /// Passwords that are reused elsewhere.
    pub PasswordPolicyReuse {
        id: "iam-password-policy-reuse",
        title: "Password policy allows passwords to be reused",
        severity: Severity::Low,
        version: 1,
        since: "0.1.0",
        resource: "AWS::::Account",
        service: "iam",
        controls: [
            cis("1.10": [1.2], "1.9": [1.3, 1.4, 1.5, 2.0, 3.0, 4.0], "1.8": [5.0], "2.8": [6.0], "2.9": [7.0]),
            nist_800_53(["AC-2(1)", "AC-2(3)", "IA-5(1)"]), pci_dss(["8.3.7"]), iso_27001(["A.5.17"]),
            soc2(["CC6.1"]), mitre_attack(["T1110"]), well_architected(["SEC02-BP01"]),
            security_hub(["IAM.16"]), config_rule(["IAM_PASSWORD_POLICY"]),
        ],
        pages: ["https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html"],
        settings: {
            /// The minimum number of remembered passwords.
            n: u32 = 24,
        },
    }
}

impl Check for PasswordPolicyReuse {
    type Reads<'a> = (&'a [PasswordPolicy], Holders<'a>);

    fn evaluate(&self, (policy, sources): Self::Reads<'_>, context: &Context<'_>, report: &mut Report) {
        let resource = context.account_resource();
        let holders = password_holders::are_there(sources);
        if holders == Some(false) {
            report.not_applicable(resource, password_holders::NOBODY);
            return;
        }
        let remembered = policy.first().and_then(|policy| policy.reuse_prevention);
        match remembered {
            Some(count) if i64::from(count) >= i64::from(self.n) => {
                report.pass(resource);
            }
            _ if holders.is_none() => password_holders::unknown(sources, resource, report),
            _ => {
                let message = match remembered {
                    Some(count) => format!("only the last {count} passwords are remembered"),
                    None => "passwords are not remembered".to_owned(),
                };
                report
                    .fail(resource, message)
                    .evidence("reuse_prevention", remembered)
                    .evidence("policy_set", !policy.is_empty())
                    .evidence("n", self.n);
            }
        }
    }

    fn validate(&self) -> Result<(), String> {
        if (1..=24).contains(&self.n) { Ok(()) } else { Err("n: expected 1 to 24 passwords".to_owned()) }
    }
}

manual! {
    /// ## How to verify
    /// `aws iam get-account-password-policy`: `PasswordReusePrevention`; not listed means 0.
    ///
    /// ## How to fix
    /// Increase the number of remembered passwords.
    ///
    /// - Console: IAM, Account settings, Password policy, Edit, prevent password reuse.
    /// - CLI: `aws iam update-account-password-policy --password-reuse-prevention 24 …`. The call replaces the whole policy:
    ///   repeat every other setting, otherwise it is reset to its default.
    /// - Terraform: `password_reuse_prevention` of `aws_iam_account_password_policy`.
    ///
    /// ## How to back out
    /// Set the previous value again; if there was no policy before, `aws iam delete-account-password-policy`.
    PasswordPolicyReuse
}

#[cfg(test)]
mod tests {
    use super::*;
    use orgsweep_testkit::{Case, account_summary, password_policy, root_arn};

    fn case(reuse_prevention: Option<i32>) -> Case {
        Case::new()
            .rows(vec![account_summary()])
            .rows(vec![PasswordPolicy { reuse_prevention, ..password_policy() }])
    }

    #[test]
    fn the_boundary_passes() {
        let check = PasswordPolicyReuse::default();
        case(Some(23)).flags(&check, &root_arn());
        case(Some(24)).passes(&check);
        case(Some(24)).passes(&PasswordPolicyReuse { n: 23 });
    }

    #[test]
    fn nothing_remembered_and_no_policy_are_flagged() {
        case(None).flags(&PasswordPolicyReuse::default(), &root_arn());
        Case::new()
            .rows(vec![account_summary()])
            .none::<PasswordPolicy>()
            .flags(&PasswordPolicyReuse::default(), &root_arn());
    }

    #[test]
    fn more_than_aws_can_is_refused() {
        assert!(PasswordPolicyReuse { n: 25 }.validate().is_err());
        assert!(PasswordPolicyReuse { n: 0 }.validate().is_err());
    }
}
