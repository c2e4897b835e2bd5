//! iam-root-mfa-missing.

use orgsweep_model::facts::AccountSummary;
use orgsweep_model::{Check, Context, Report, Severity, check};

check! {
    /// The root user has credentials and no MFA device.
    ///
    /// ## Why it matters
    /// Root's password is an e-mail reset away. Without a second factor, whoever controls the mailbox controls the
    /// account.
    ///
    /// ## How to fix
    /// Register a passkey or a security key for root, two if you can; or take root's credentials away altogether.
    ///
    /// - Console: sign in as root, account name, Security credentials, Assign MFA device.
    /// - Organization: turn on centralized root access in the management account (IAM, Root access management) and
    ///   delete the members' root credentials; new members then never have any.
    /// - CLI and Terraform cannot register a device for root.
    ///
    /// ## How to back out
    /// Sign in as root and remove the device. Centralized root access can be turned off, and root's password
    /// recovered by mail.
    ///
    /// ## What it cannot see
    /// Where AWS does not yet say whether root has a password, a password is presumed. Of root without a password,
    /// keys and signing certificates the question is not asked.
    pub RootMfaMissing {
        id: "iam-root-mfa-missing",
        title: "Root user has no MFA device",
        severity: Severity::Critical,
        version: 1,
        since: "0.1.0",
        resource: "AWS::IAM::RootUser",
        controls: [
            cis("1.2", "1.13"), cis("1.3", "1.5"), cis("1.4", "1.5"), cis("1.5", "1.5"), cis("2.0", "1.5"),
            cis("3.0", "1.5"), cis("4.0", "1.5"), cis("5.0", "1.4"), cis("6.0", "2.4"), cis("7.0", "2.5"),
            nist_800_53("AC-2(1)"), nist_800_53("AC-3(15)"), nist_800_53("IA-2(1)"),
            nist_800_53("IA-2(2)"), nist_800_53("IA-2(6)"), nist_800_53("IA-2(8)"), pci_dss("8.4.2"),
            iso_27001("A.5.15"), soc2("CC6.1"), mitre_attack("T1078.004"), mitre_attack("T1098"),
            mitre_attack("T1556.006"), well_architected("SEC01-BP02"), security_hub("IAM.9"),
            config_rule("ROOT_ACCOUNT_MFA_ENABLED"), trusted_advisor("MFA on Root Account"),
        ],
        pages: ["https://docs.aws.amazon.com/IAM/latest/UserGuide/enable-mfa-for-root.html"],
        settings: {},
    }
}

impl Check for RootMfaMissing {
    type Reads<'a> = &'a [AccountSummary];

    fn evaluate(&self, summary: Self::Reads<'_>, context: &Context<'_>, report: &mut Report) {
        let resource = context.root_resource();
        let Some(summary) = summary.first() else {
            report.unknown(resource, "the account summary is empty");
            return;
        };
        let password = summary.root_password_present;
        let others = summary.root_access_keys > 0 || summary.root_signing_certificates > 0;
        if summary.root_mfa_enabled {
            report.pass(resource);
        } else if password == Some(false) && !others {
            report.not_applicable(resource, "root has no credentials: there is nothing to sign in with");
        } else {
            let message = match password {
                None => "root has no MFA device (and is presumed to have a password: AWS does not say)",
                Some(_) => "root has credentials and no MFA device",
            };
            report
                .fail(resource, message)
                .evidence("password_present", password)
                .evidence("access_keys_present", summary.root_access_keys)
                .evidence("signing_certificates_present", summary.root_signing_certificates);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use orgsweep_testkit::{Case, account_summary, root_arn};

    fn case(mfa: bool, password: Option<bool>, keys: i64) -> Case {
        Case::new().rows(vec![AccountSummary {
            root_mfa_enabled: mfa,
            root_password_present: password,
            root_access_keys: keys,
            ..account_summary()
        }])
    }

    #[test]
    fn mfa_passes_whatever_else_there_is() {
        case(true, Some(true), 1).passes(&RootMfaMissing::default());
        case(true, Some(false), 0).passes(&RootMfaMissing::default());
    }

    #[test]
    fn any_credential_without_mfa_is_flagged() {
        for (password, keys) in [(Some(true), 0), (Some(false), 1), (None, 0)] {
            case(false, password, keys).flags(&RootMfaMissing::default(), &root_arn());
        }
    }

    #[test]
    fn a_signing_certificate_is_a_credential_too() {
        let summary = AccountSummary {
            root_mfa_enabled: false,
            root_password_present: Some(false),
            root_signing_certificates: 1,
            ..account_summary()
        };
        let outcome = Case::new().rows(vec![summary]).flags(&RootMfaMissing::default(), &root_arn());
        assert_eq!(outcome.evidence["signing_certificates_present"], 1);
    }

    #[test]
    fn a_presumed_password_is_called_so() {
        let outcome = case(false, None, 0).flags(&RootMfaMissing::default(), &root_arn());
        assert!(outcome.message.contains("presumed"), "{}", outcome.message);
    }

    #[test]
    fn root_without_credentials_is_not_applicable() {
        case(false, Some(false), 0).not_applicable(&RootMfaMissing::default());
    }

    #[test]
    fn without_the_summary_it_is_unknown() {
        Case::new().lost::<AccountSummary>().unknown(&RootMfaMissing::default());
    }
}
