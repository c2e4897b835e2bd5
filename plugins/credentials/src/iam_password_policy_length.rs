//! iam-password-policy-length.

use orgsweep_model::facts::PasswordPolicy;
use orgsweep_model::{Check, Context, Report, Severity, check, manual};

use crate::password_holders::{self, Holders};

/// Characters that AWS asks for where the account sets no policy.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html>
const AWS_DEFAULT: i32 = 8;

check! {
    /// Passwords may be shorter than they should.
    ///
    /// ## Why it matters
    /// Length slows down guessing more than any rule about symbols.
    ///
    /// ## What it cannot see
    /// Existing passwords: a new minimum applies from the next change. In an account without IAM users the policy affects no
    /// user: NOT_APPLICABLE. An account without a policy counts as 8. Security Hub's IAM.7 requires only 8; set `min = 8` if
    /// that is your standard.
    pub PasswordPolicyLength {
        id: "iam-password-policy-length",
        title: "Password policy allows short passwords",
        severity: Severity::Medium,
        version: 1,
        since: "0.1.0",
        resource: "AWS::::Account",
        service: "iam",
        controls: [
            cis("1.9": [1.2], "1.8": [1.3, 1.4, 1.5, 2.0, 3.0, 4.0], "1.7": [5.0], "2.7": [6.0], "2.8": [7.0]),
            nist_800_53(["AC-2(1)", "AC-2(3)", "AC-3(15)", "IA-5(1)"]), pci_dss(["8.3.6", "8.6.3"]),
            iso_27001(["A.5.17"]), soc2(["CC6.1"]), mitre_attack(["T1110"]), well_architected(["SEC02-BP01"]),
            security_hub(["IAM.15", "IAM.7"]), config_rule(["IAM_PASSWORD_POLICY"]),
            trusted_advisor(["IAM Password Policy"]),
        ],
        pages: ["https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html"],
        settings: {
            /// The minimum number of characters.
            min: u32 = 14,
        },
    }
}

impl Check for PasswordPolicyLength {
    type Reads<'a> = (&'a [PasswordPolicy], Holders<'a>);

    fn evaluate(&self, (policy, sources): Self::Reads<'_>, context: &Context<'_>, report: &mut Report) {
        let resource = context.account_resource();
        let holders = password_holders::are_there(sources);
        if holders == Some(false) {
            report.not_applicable(resource, password_holders::NOBODY);
            return;
        }
        let length = policy.first().map_or(AWS_DEFAULT, |policy| policy.minimum_length);
        if i64::from(length) >= i64::from(self.min) {
            report.pass(resource);
        } else if holders.is_none() {
            password_holders::unknown(sources, resource, report);
        } else {
            report
                .fail(resource, format!("passwords of {length} characters are allowed"))
                .evidence("minimum_length", length)
                .evidence("policy_set", !policy.is_empty())
                .evidence("min", self.min);
        }
    }

    fn validate(&self) -> Result<(), String> {
        if (6..=128).contains(&self.min) {
            return Ok(());
        }
        Err("min: expected 6 to 128 characters".to_owned())
    }
}

manual! {
    /// ## How to verify
    /// `aws iam get-account-password-policy`: `MinimumPasswordLength`. NoSuchEntity: there is no policy, and the default of 8
    /// applies.
    ///
    /// ## How to fix
    /// Raise the minimum.
    ///
    /// - Console: IAM, Account settings, Password policy, Edit, minimum length.
    /// - CLI: `aws iam update-account-password-policy --minimum-password-length 14 …`. The call replaces the whole policy:
    ///   repeat every other setting, otherwise it is reset to its default.
    /// - Terraform: `minimum_password_length` of `aws_iam_account_password_policy`.
    ///
    /// ## How to back out
    /// Set the previous value again; if there was no policy before, `aws iam delete-account-password-policy`.
    PasswordPolicyLength
}

#[cfg(test)]
mod tests {
    use super::*;
    use orgsweep_testkit::{Case, account_summary, password_policy, root_arn};

    fn case(minimum_length: i32) -> Case {
        Case::new()
            .rows(vec![account_summary()])
            .rows(vec![PasswordPolicy { minimum_length, ..password_policy() }])
    }

    #[test]
    fn the_boundary_passes() {
        let check = PasswordPolicyLength::default();
        case(13).flags(&check, &root_arn());
        case(14).passes(&check);
        case(15).passes(&check);
    }

    #[test]
    fn no_policy_counts_as_eight() {
        let case = Case::new().rows(vec![account_summary()]).none::<PasswordPolicy>();
        case.flags(&PasswordPolicyLength { min: 9 }, &root_arn());
        case.passes(&PasswordPolicyLength { min: 8 });
    }

    #[test]
    fn impossible_minimums_are_refused() {
        assert!(PasswordPolicyLength { min: 5 }.validate().is_err());
        assert!(PasswordPolicyLength { min: 129 }.validate().is_err());
    }
}
