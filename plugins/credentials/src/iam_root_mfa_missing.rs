//! iam-root-mfa-missing.

use orgsweep_model::facts::{AccessKey, AccountSummary, Credential};
use orgsweep_model::{Check, Context, Gap, OneOf, Report, Severity, check, manual};

check! {
    /// The root user has a password or an access key, and no MFA device.
    ///
    /// ## Why it matters
    /// The root user's password can be reset by e-mail. Without MFA, anyone who controls the mailbox controls the account.
    ///
    /// ## What it cannot see
    /// The account summary is sufficient for every result. If it was not read, the credential report is used, which can be four
    /// hours old and may omit an inactive key. If neither of them says whether the root user has a password, the result is
    /// UNKNOWN. A root user without password and access keys is NOT_APPLICABLE, with or without MFA. A signing certificate does
    /// not count, because MFA does not protect it.
    pub RootMfaMissing {
        id: "iam-root-mfa-missing",
        title: "Root user has no MFA device",
        severity: Severity::Critical,
        version: 1,
        since: "0.1.0",
        resource: "AWS::IAM::RootUser",
        controls: [
            cis("1.13": [1.2], "1.5": [1.3, 1.4, 1.5, 2.0, 3.0, 4.0, 5.0], "1.4": [5.0], "2.4": [6.0], "2.5": [7.0]),
            // Hardware: no device at all fails these, and iam-root-mfa-virtual does not apply then.
            cis("1.14": [1.2], "1.6": [1.3, 1.4, 1.5, 2.0, 3.0, 4.0], "2.5": [6.0], "2.6": [7.0]),
            security_hub(["IAM.6", "IAM.9"]),
            config_rule(["ROOT_ACCOUNT_HARDWARE_MFA_ENABLED", "ROOT_ACCOUNT_MFA_ENABLED"]),
            iso_27001(["A.8.2", "A.5.15"]),
            nist_800_53(["AC-2(1)", "AC-3(15)", "IA-2(1)", "IA-2(2)", "IA-2(6)", "IA-2(8)"]),
            pci_dss(["8.4.2"]), soc2(["CC6.1"]), mitre_attack(["T1078.004", "T1098", "T1556.006"]),
            well_architected(["SEC01-BP02"]), trusted_advisor(["MFA on Root Account"]),
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

manual! {
    /// ## How to verify
    /// `aws iam get-account-summary`: `AccountMFAEnabled` is 0.
    ///
    /// ## How to fix
    /// Register a passkey or a security key for the root user, preferably two; or remove its credentials entirely.
    ///
    /// - Console: sign in as root, account name, Security credentials, Assign MFA device.
    /// - Organization: turn on centralized root access in the management account (IAM, Root access management) and delete the
    ///   root credentials of the member accounts; new members then have none.
    /// - CLI and Terraform cannot register a device for root.
    ///
    /// ## How to back out
    /// Sign in as root and remove the device. Centralized root access can be turned off, and the root password recovered by
    /// e-mail.
    RootMfaMissing
}

#[cfg(test)]
#[path = "iam_root_mfa_missing_tests.rs"]
mod tests;
