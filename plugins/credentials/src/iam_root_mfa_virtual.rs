//! iam-root-mfa-virtual.

use orgsweep_model::facts::{AccountSummary, Credential, VirtualMfaDevice};
use orgsweep_model::{Check, Context, Gap, Report, Severity, check};

check! {
    /// The root user's MFA is an app on a phone rather than a passkey or a security key.
    ///
    /// ## Why it matters
    /// A code from an app can be typed into a false page, and the seed moves with a phone's backup. A passkey or a
    /// FIDO2 key signs only for the real site.
    ///
    /// ## How to fix
    /// Register a passkey or a security key for root first, then remove the virtual device.
    ///
    /// - Console: sign in as root, account name, Security credentials, Assign MFA device; then select the virtual
    ///   device and Remove.
    /// - Organization: members that need no root credentials lose them by centralized root access.
    /// - CLI and Terraform cannot do this for root.
    ///
    /// ## How to back out
    /// Register a virtual device again the same way.
    ///
    /// ## What it cannot see
    /// Root may have up to eight devices: one virtual device is flagged even where a key is registered beside it.
    /// Of root without any device iam-root-mfa-missing speaks, which answers the controls for hardware MFA too.
    /// What a device that is not virtual is (passkey, security key, hardware token), AWS tells only root; with
    /// `accept_any_phishing_resistant = false`, where only hardware tokens would do, the answer is UNKNOWN.
    pub RootMfaVirtual {
        id: "iam-root-mfa-virtual",
        title: "Root user's MFA device is virtual",
        severity: Severity::High,
        version: 1,
        since: "0.1.0",
        resource: "AWS::IAM::RootUser",
        controls: [
            cis("1.2", "1.14"), cis("1.3", "1.6"), cis("1.4", "1.6"), cis("1.5", "1.6"), cis("2.0", "1.6"),
            cis("3.0", "1.6"), cis("4.0", "1.6"), cis("5.0", "1.5"), cis("6.0", "2.5"), cis("7.0", "2.6"),
            nist_800_53("AC-2(1)"), nist_800_53("AC-3(15)"), nist_800_53("IA-2(1)"),
            nist_800_53("IA-2(2)"), nist_800_53("IA-2(6)"), nist_800_53("IA-2(8)"), pci_dss("8.4.2"),
            iso_27001("A.5.15"), iso_27001("A.8.2"), soc2("CC6.1"), mitre_attack("T1078.004"),
            mitre_attack("T1098"), mitre_attack("T1556.006"), well_architected("SEC01-BP02"),
            security_hub("IAM.6"), config_rule("ROOT_ACCOUNT_HARDWARE_MFA_ENABLED"),
        ],
        pages: [
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa.html",
            "https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListVirtualMFADevices.html",
        ],
        settings: {
            /// Passkeys and security keys are as good as hardware tokens.
            accept_any_phishing_resistant: bool = true,
        },
    }
}

impl Check for RootMfaVirtual {
    type Reads<'a> =
        (&'a [VirtualMfaDevice], Result<&'a [AccountSummary], &'a Gap>, Result<&'a [Credential], &'a Gap>);

    fn evaluate(
        &self,
        (devices, summary, credentials): Self::Reads<'_>,
        context: &Context<'_>,
        report: &mut Report,
    ) {
        let resource = context.root_resource();
        // By the user that it is assigned to and nothing else: anyone who may make devices may call one
        // `root-account-mfa-device`.
        let root_arn = context.organization.root_arn(context.account.id);
        if let Some(device) = devices.iter().find(|device| device.user_arn.as_ref() == Some(&root_arn)) {
            report
                .fail(resource, "root's MFA device is virtual")
                .evidence("serial_number", device.serial_number.as_str());
            return;
        }
        // The summary is of now, the report may be four hours old.
        let counted = summary.ok().and_then(<[_]>::first).map(|summary| summary.root_mfa_enabled);
        let reported = || credentials.ok()?.iter().find(|row| row.is_root)?.mfa_active;
        match counted.or_else(reported) {
            Some(false) => {
                report.not_applicable(
                    resource,
                    "root has no MFA device; iam-root-mfa-missing speaks about that",
                );
            }
            Some(true) if self.accept_any_phishing_resistant => {
                report.pass(resource);
            }
            Some(true) => {
                report.unknown(
                    resource,
                    "root's MFA device is not virtual; whether it is a hardware token only root can see",
                );
            }
            None => {
                let message = "whether root has an MFA device is not known";
                match summary {
                    Err(gap) => report.lost(resource, gap, message),
                    Ok(_) => report.unknown(resource, message),
                };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use orgsweep_model::Reason;
    use orgsweep_testkit::{Case, account_summary, root_arn, root_credential, user_arn, virtual_mfa};

    fn case(devices: Vec<VirtualMfaDevice>) -> Case {
        Case::new().rows(vec![account_summary()]).rows(vec![root_credential()]).rows(devices)
    }

    /// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_VirtualMFADevice.html>: `User` is whom the device is assigned
    /// to; `SerialNumber` holds the name that its maker chose.
    #[test]
    fn roots_device_is_known_by_its_owner_and_not_by_its_name() {
        let check = RootMfaVirtual::default();
        case(vec![virtual_mfa("any-name", &root_arn())]).flags(&check, &root_arn());
        let unassigned = VirtualMfaDevice { user_arn: None, ..virtual_mfa("root-account-mfa-device", "") };
        case(vec![unassigned]).passes(&check);
        case(vec![virtual_mfa("root-account-mfa-device", &user_arn("ann"))]).passes(&check);
    }

    #[test]
    fn a_user_called_rooter_is_not_root() {
        let devices = vec![
            virtual_mfa("rooter", &user_arn("rooter")),
            virtual_mfa("root/root-account-mfa-device", &user_arn("root/ann")),
            VirtualMfaDevice {
                serial_number: "arn:aws:iam::444455556666:mfa/root-account-mfa-device".to_owned(),
                ..virtual_mfa("elsewhere", "arn:aws:iam::444455556666:root")
            },
        ];
        case(devices).passes(&RootMfaVirtual::default());
    }

    #[test]
    fn roots_device_is_known_in_every_partition() {
        for partition in ["aws", "aws-cn", "aws-us-gov"] {
            let root = format!("arn:{partition}:iam::111122223333:root");
            let check = RootMfaVirtual::default();
            case(vec![virtual_mfa("any", &root)]).partition(partition).flags(&check, &root);
            let other = "arn:aws-iso:iam::111122223333:root";
            case(vec![virtual_mfa("any", other)]).partition(partition).passes(&check);
        }
    }

    #[test]
    fn without_a_virtual_device_a_strict_reading_cannot_tell() {
        case(vec![]).passes(&RootMfaVirtual::default());
        case(vec![]).unknown(&RootMfaVirtual { accept_any_phishing_resistant: false });
    }

    #[test]
    fn no_mfa_at_all_is_another_checks_matter() {
        let summary = AccountSummary { root_mfa_enabled: false, ..account_summary() };
        case(vec![]).rows(vec![summary]).not_applicable(&RootMfaVirtual::default());
    }

    #[test]
    fn lost_devices_are_unknown() {
        case(vec![]).lost::<VirtualMfaDevice>().unknown(&RootMfaVirtual::default());
    }

    /// One sufficient source is enough: the device itself, or what the report says of a device.
    #[test]
    fn without_the_summary_devices_and_report_decide() {
        let check = RootMfaVirtual::default();
        let reported = |mfa_active, devices| {
            let root = Credential { mfa_active, ..root_credential() };
            case(devices).lost::<AccountSummary>().rows(vec![root])
        };
        let device = || vec![virtual_mfa("any", &root_arn())];
        reported(None, device()).lost::<Credential>().flags(&check, &root_arn());
        reported(Some(true), vec![]).passes(&check);
        reported(Some(false), vec![]).not_applicable(&check);
        for case in [reported(None, vec![]), reported(None, vec![]).lost::<Credential>()] {
            assert_eq!(case.result(&check).outcomes[0].reason, Some(Reason::Denied));
        }
    }
}
