//! iam-root-mfa-virtual.

use orgsweep_model::facts::{AccountSummary, VirtualMfaDevice};
use orgsweep_model::{Check, Context, Report, Severity, check};

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
    type Reads<'a> = (&'a [AccountSummary], &'a [VirtualMfaDevice]);

    fn evaluate(&self, (summary, devices): Self::Reads<'_>, context: &Context<'_>, report: &mut Report) {
        let resource = context.root_resource();
        let Some(summary) = summary.first() else {
            report.unknown(resource, "the account summary is empty");
            return;
        };
        if !summary.root_mfa_enabled {
            report.not_applicable(resource, "root has no MFA device; iam-root-mfa-missing speaks about that");
            return;
        }
        // Exactly these: a user may be called "rooter" and a path /root/.
        let root_arn = context.organization.root_arn(context.account.id);
        let serial = format!(
            "arn:{}:iam::{}:mfa/root-account-mfa-device",
            context.organization.partition, context.account.id
        );
        let device = devices
            .iter()
            .find(|device| device.user_arn.as_ref() == Some(&root_arn) || device.serial_number == serial);
        match device {
            Some(device) => {
                report
                    .fail(resource, "root's MFA device is virtual")
                    .evidence("serial_number", device.serial_number.as_str());
            }
            None if self.accept_any_phishing_resistant => {
                report.pass(resource);
            }
            None => {
                report.unknown(
                    resource,
                    "root's MFA device is not virtual; whether it is a hardware token only root can see",
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use orgsweep_testkit::{Case, account_summary, root_arn, user_arn, virtual_mfa};

    fn case(devices: Vec<VirtualMfaDevice>) -> Case {
        Case::new().rows(vec![account_summary()]).rows(devices)
    }

    #[test]
    fn roots_device_is_known_by_owner_or_by_serial() {
        case(vec![virtual_mfa("any-name", &root_arn())]).flags(&RootMfaVirtual::default(), &root_arn());
        let unowned = VirtualMfaDevice { user_arn: None, ..virtual_mfa("root-account-mfa-device", "") };
        case(vec![unowned]).flags(&RootMfaVirtual::default(), &root_arn());
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
            let serial = |of: &str| VirtualMfaDevice {
                serial_number: format!("arn:{of}:iam::111122223333:mfa/root-account-mfa-device"),
                user_arn: None,
                ..virtual_mfa("any", "")
            };
            let check = RootMfaVirtual::default();
            case(vec![virtual_mfa("any", &root)]).partition(partition).flags(&check, &root);
            case(vec![serial(partition)]).partition(partition).flags(&check, &root);
            case(vec![serial("aws-iso")]).partition(partition).passes(&check);
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
        Case::new().rows(vec![summary]).none::<VirtualMfaDevice>().not_applicable(&RootMfaVirtual::default());
    }

    #[test]
    fn lost_devices_are_unknown() {
        Case::new()
            .rows(vec![account_summary()])
            .lost::<VirtualMfaDevice>()
            .unknown(&RootMfaVirtual::default());
    }
}
