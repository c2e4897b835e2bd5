//! iam-root-mfa-missing.

use orgsweep_model::facts::{AccessKey, AccountSummary, Credential};
use orgsweep_model::{Check, Context, Gap, OneOf, Report, Severity, check};

check! {
    /// The root user has a password or an access key, and no MFA device.
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
    /// The account summary is enough for every verdict; where it was not read, the credential report is, which can be four
    /// hours old and may leave out an inactive key. Where neither the account summary nor the credential report says whether root has a password, the answer is
    /// UNKNOWN. Of root without password and access key the question is not asked, MFA or none: NOT_APPLICABLE. A
    /// signing certificate does not count, since no device guards it.
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
            // Controls that want hardware: no device at all fails them, and iam-root-mfa-virtual does not apply then.
            cis("1.2", "1.14"), cis("1.3", "1.6"), cis("1.4", "1.6"), cis("1.5", "1.6"), cis("2.0", "1.6"),
            cis("3.0", "1.6"), cis("4.0", "1.6"), cis("5.0", "1.5"), cis("6.0", "2.5"), cis("7.0", "2.6"),
            security_hub("IAM.6"), config_rule("ROOT_ACCOUNT_HARDWARE_MFA_ENABLED"), iso_27001("A.8.2"),
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
    type Reads<'a> = (OneOf<'a, AccountSummary, Credential>, Result<&'a [AccessKey], &'a Gap>);

    fn evaluate(
        &self,
        (OneOf { first: summary, second: credentials }, keys): Self::Reads<'_>,
        context: &Context<'_>,
        report: &mut Report,
    ) {
        let resource = context.root_resource();
        let counted = summary.ok().and_then(<[_]>::first);
        let root = credentials.ok().and_then(|rows| rows.iter().find(|row| row.is_root));
        // The summary is of now, the report may be four hours old.
        let device =
            counted.map(|counted| counted.root_mfa_enabled).or(root.and_then(|root| root.mfa_active));
        let password = counted
            .and_then(|counted| counted.root_password_present)
            .or(root.and_then(|root| root.password_enabled));
        let shown = || {
            let dated = keys.ok()?.iter().filter(|key| key.is_root()).count();
            Some((dated + root?.undated_keys(keys.ok()?).count()) as i64)
        };
        let access_keys = counted.map(|counted| counted.root_access_keys).or_else(shown);
        let has_key = access_keys.is_some_and(|count| count > 0);
        if password == Some(false) && access_keys == Some(0) {
            report.not_applicable(resource, "root has no password and no access key");
        } else if device == Some(true) {
            report.pass(resource);
        } else if device == Some(false) && (password == Some(true) || has_key) {
            report
                .fail(resource, "root has credentials and no MFA device")
                .evidence("password_present", password)
                .evidence("access_keys_present", access_keys);
        } else {
            let message = match device {
                None => "whether root has an MFA device is not known",
                Some(_) => "root has no MFA device, and AWS does not say whether it has a password",
            };
            match summary {
                Err(gap) => report.lost(resource, gap, message),
                Ok(_) => report.unknown(resource, message),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use orgsweep_model::Reason;
    use orgsweep_model::records::CoverageOutcome;
    use orgsweep_testkit::{Case, access_key, account_summary, credential, root_arn, root_credential};

    fn case(mfa: bool, password: Option<bool>, keys: i64) -> Case {
        Case::new().rows(vec![AccountSummary {
            root_mfa_enabled: mfa,
            root_password_present: password,
            root_access_keys: keys,
            ..account_summary()
        }])
    }

    #[test]
    fn mfa_passes_where_there_is_something_to_guard() {
        for (password, keys) in [(Some(true), 0), (Some(true), 1), (Some(false), 1), (None, 0)] {
            case(true, password, keys).passes(&RootMfaMissing::default());
        }
    }

    #[test]
    fn a_password_or_a_key_without_mfa_is_flagged() {
        for (password, keys) in [(Some(true), 0), (Some(false), 1), (None, 1)] {
            case(false, password, keys).flags(&RootMfaMissing::default(), &root_arn());
        }
    }

    #[test]
    fn root_without_password_and_key_is_not_applicable() {
        for mfa in [false, true] {
            case(mfa, Some(false), 0).not_applicable(&RootMfaMissing::default());
        }
    }

    #[test]
    fn no_device_guards_a_signing_certificate() {
        let summary = AccountSummary {
            root_mfa_enabled: false,
            root_password_present: Some(false),
            root_signing_certificates: 1,
            ..account_summary()
        };
        Case::new().rows(vec![summary]).not_applicable(&RootMfaMissing::default());
    }

    #[test]
    fn where_the_summary_is_silent_the_report_may_say() {
        let check = RootMfaMissing::default();
        let reported = |password_enabled| {
            let root = Credential { password_enabled, ..root_credential() };
            let ann = Credential { password_enabled: Some(true), ..credential("ann") };
            case(false, None, 0).rows(vec![ann, root])
        };
        reported(Some(true)).flags(&check, &root_arn());
        reported(Some(false)).not_applicable(&check);
        reported(None).unknown(&check);
        case(false, None, 0).lost::<Credential>().unknown(&check);
        // What the summary says is newer.
        case(false, Some(false), 0).rows(vec![root_credential()]).not_applicable(&check);
    }

    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html>: `mfa_active` of root's row.
    #[test]
    fn without_the_summary_the_report_is_enough() {
        let check = RootMfaMissing::default();
        let reported = |mfa_active, password_enabled, keys| {
            let root = Credential { mfa_active, password_enabled, ..root_credential() };
            let ann = Credential { mfa_active: Some(true), ..credential("ann") };
            Case::new().lost::<AccountSummary>().rows(vec![ann, root]).rows(keys)
        };
        let key = || vec![access_key("<root_account>", 1)];
        reported(Some(false), Some(true), vec![]).flags(&check, &root_arn());
        reported(Some(false), None, key()).flags(&check, &root_arn());
        reported(Some(true), Some(true), vec![]).passes(&check);
        reported(Some(true), None, vec![]).passes(&check);
        reported(Some(false), Some(false), vec![access_key("ann", 1)]).not_applicable(&check);
        for case in [reported(Some(false), None, vec![]), reported(None, Some(true), vec![])] {
            let result = case.result(&check);
            assert_eq!(result.outcomes[0].reason, Some(Reason::Denied), "{result:#?}");
            assert_eq!(result.outcome, CoverageOutcome::Partial);
        }
    }

    /// What asks for hardware must not be quiet where there is no device at all.
    /// <https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html#iam-6>
    #[test]
    fn controls_that_ask_for_hardware_are_answered_here_too() {
        let all = crate::pack();
        let of = |id: &str| {
            let check = all.checks.iter().find(|check| check.metadata().id == id).unwrap();
            check.metadata().controls.to_vec()
        };
        let missing = of("iam-root-mfa-missing");
        for control in of("iam-root-mfa-virtual") {
            assert!(missing.contains(&control), "{control:?}");
        }
        case(false, Some(true), 0).flags(&RootMfaMissing::default(), &root_arn());
    }

    #[test]
    fn without_the_summary_it_is_unknown() {
        Case::new().lost::<AccountSummary>().unknown(&RootMfaMissing::default());
    }
}
