//! iam-user-console-mfa-missing.

use orgsweep_identity::Users;
use orgsweep_model::{Check, Context, Report, Resource, Severity, check, manual};

check! {
    /// A user can sign in to the console with a password alone.
    ///
    /// ## Why it matters
    /// Passwords are reused, guessed and phished. Without MFA, one password is enough to sign in.
    ///
    /// ## What it cannot see
    /// Whether a policy enforces MFA for important actions. The report does not say what kind of device it is, and can be four
    /// hours old: a device registered since then is missing, and a user created since then is UNKNOWN.
    pub UserConsoleMfaMissing {
        id: "iam-user-console-mfa-missing",
        title: "Console user has no MFA device",
        severity: Severity::High,
        version: 1,
        since: "0.1.0",
        resource: "AWS::IAM::User",
        controls: [
            cis("1.2": [1.2], "1.10": [1.3, 1.4, 1.5, 2.0, 3.0, 4.0], "1.9": [5.0], "2.9": [6.0], "2.10": [7.0]),
            nist_800_53(["AC-2(1)", "AC-3(15)", "IA-2(1)", "IA-2(2)", "IA-2(6)", "IA-2(8)"]),
            pci_dss(["8.4.2"]), iso_27001(["A.5.17", "A.8.5"]), soc2(["CC6.1"]),
            mitre_attack(["T1078", "T1110", "T1538", "T1556.006"]), well_architected(["SEC02-BP01"]),
            security_hub(["IAM.5"]), config_rule(["MFA_ENABLED_FOR_IAM_CONSOLE_ACCESS"]),
        ],
        pages: ["https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa.html"],
        settings: {},
    }
}

impl Check for UserConsoleMfaMissing {
    type Reads<'a> = &'a Users;

    fn evaluate(&self, users: Self::Reads<'_>, context: &Context<'_>, report: &mut Report) {
        for user in users.reported(context, report) {
            let resource = Resource::user(&user.user_arn);
            match (user.password_enabled, user.mfa_active) {
                (Some(false), _) | (_, Some(true)) => {
                    report.pass(resource);
                }
                (Some(true), Some(false)) => {
                    report.fail(resource, "can sign in with a password and has no MFA device").evidence(
                        "password_last_used_at",
                        user.password_last_used_at.map(|moment| moment.to_string()),
                    );
                }
                (None, _) => {
                    report
                        .unknown(resource, "the credential report does not say whether there is a password");
                }
                (_, None) => {
                    report.unknown(
                        resource,
                        "the credential report does not say whether there is an MFA device",
                    );
                }
            }
        }
    }
}

manual! {
    /// ## How to verify
    /// `aws iam list-mfa-devices --user-name NAME` is empty, and `aws iam get-login-profile --user-name NAME` is not.
    ///
    /// ## How to fix
    /// Have the user register a device and deny everything else until then; or move people to IAM Identity Center and remove
    /// the password.
    ///
    /// - Console: IAM, Users, the user, Security credentials, Assign MFA device.
    /// - CLI: `aws iam create-virtual-mfa-device` and `aws iam enable-mfa-device --user-name NAME …`; to remove the
    ///   password instead: `aws iam delete-login-profile --user-name NAME`.
    /// - Terraform: `aws_iam_virtual_mfa_device` creates a device; the user has to assign it.
    /// - To prevent this: a policy that denies everything except MFA registration unless `aws:MultiFactorAuthPresent`.
    ///
    /// ## How to back out
    /// `aws iam deactivate-mfa-device --user-name NAME --serial-number ARN`; a removed password can be set again.
    UserConsoleMfaMissing
}

#[cfg(test)]
#[path = "iam_user_console_mfa_missing_tests.rs"]
mod tests;
