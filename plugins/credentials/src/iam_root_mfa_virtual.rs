//! iam-root-mfa-virtual.

use orgsweep_model::facts::{AccountSummary, Credential, VirtualMfaDevice};
use orgsweep_model::{Check, Context, Gap, Report, Severity, check, manual};

check! {
    /// The root user's MFA device is an app instead of a passkey or a security key.
    ///
    /// ## Why it matters
    /// A code from an app can be entered on a phishing page, and the seed is copied by a phone's backup. A passkey or a FIDO2
    /// key signs only for the real site.
    ///
    /// ## What it cannot see
    /// The root user may have up to eight devices: a virtual device is flagged even if a security key is registered as well. A
    /// root user without any device is flagged by iam-root-mfa-missing, which also covers the controls for hardware MFA. AWS
    /// shows the type of a non-virtual device (passkey, security key, hardware token) only to the root user; with
    /// `accept_any_phishing_resistant = false`, which accepts only hardware tokens, the result is therefore UNKNOWN.
    pub RootMfaVirtual {
        id: "iam-root-mfa-virtual",
        title: "Root user's MFA device is virtual",
        severity: Severity::High,
        version: 1,
        since: "0.1.0",
        resource: "AWS::IAM::RootUser",
        controls: [
            cis("1.14": [1.2], "1.6": [1.3, 1.4, 1.5, 2.0, 3.0, 4.0], "1.5": [5.0], "2.5": [6.0], "2.6": [7.0]),
            nist_800_53(["AC-2(1)", "AC-3(15)", "IA-2(1)", "IA-2(2)", "IA-2(6)", "IA-2(8)"]),
            pci_dss(["8.4.2"]), iso_27001(["A.5.15", "A.8.2"]), soc2(["CC6.1"]),
            mitre_attack(["T1078.004", "T1098", "T1556.006"]), well_architected(["SEC01-BP02"]),
            security_hub(["IAM.6"]), config_rule(["ROOT_ACCOUNT_HARDWARE_MFA_ENABLED"]),
        ],
        pages: [
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa.html",
            "https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListVirtualMFADevices.html",
        ],
        settings: {
            /// Accept passkeys and security keys as well as hardware tokens.
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

manual! {
    /// ## How to verify
    /// `aws iam list-virtual-mfa-devices`: a device whose `User.Arn` ends with `:root`.
    ///
    /// ## How to fix
    /// Register a passkey or a security key for root first, then remove the virtual device.
    ///
    /// - Console: sign in as root, account name, Security credentials, Assign MFA device; then select the virtual
    ///   device and Remove.
    /// - Organization: remove the root credentials of members that do not need them with centralized root access.
    /// - CLI and Terraform cannot do this for root.
    ///
    /// ## How to back out
    /// Register a virtual device again in the same way.
    RootMfaVirtual
}

#[cfg(test)]
#[path = "iam_root_mfa_virtual_tests.rs"]
mod tests;
