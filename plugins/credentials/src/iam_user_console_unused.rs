//! iam-user-console-unused.

use orgsweep_identity::Users;
use orgsweep_model::time::{days_between, older_than_days};
use orgsweep_model::{Check, Context, Report, Resource, Severity, check, manual};

check! {
    /// A user's console password has not been used recently, or never.
    ///
    /// ## Why it matters
    /// An intruder could use an unused password unnoticed.
    ///
    /// CIS 1.2 and 1.3 and Security Hub's IAM.8 require 90 days, later CIS versions and IAM.22 require 45: set `days = 90` if
    /// you follow one of the former.
    ///
    /// ## What it cannot see
    /// Use before October 2014, and in May 2018 between the 3rd and the 23rd. For a password that was never used, days are
    /// counted from when it was set; if the report does not have that date, a user created within `days` passes and an older
    /// one is UNKNOWN. Users created after the credential report, which can be four hours old, are UNKNOWN too.
    pub UserConsoleUnused {
        id: "iam-user-console-unused",
        title: "Console password is unused",
        severity: Severity::Medium,
        version: 1,
        since: "0.1.0",
        resource: "AWS::IAM::User",
        controls: [
            cis("1.3": [1.2], "1.12": [1.3, 1.4, 1.5, 2.0, 3.0, 4.0], "1.11": [5.0], "2.11": [6.0, 7.0]),
            nist_800_53(["AC-2", "AC-2(1)", "AC-2(3)", "AC-3", "AC-3(7)", "AC-3(15)", "AC-6"]),
            pci_dss(["8.2.6"]), iso_27001(["A.5.18"]), soc2(["CC6.2", "CC6.3"]), mitre_attack(["T1078"]),
            well_architected(["SEC03-BP04"]), security_hub(["IAM.8", "IAM.22"]),
            config_rule(["IAM_USER_UNUSED_CREDENTIALS_CHECK"]),
        ],
        pages: ["https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_finding-unused.html"],
        settings: {
            /// Flag passwords unused for more than this many days.
            days: u32 = 45,
        },
    }
}

impl Check for UserConsoleUnused {
    type Reads<'a> = &'a Users;

    fn evaluate(&self, users: Self::Reads<'_>, context: &Context<'_>, report: &mut Report) {
        let is_young = |made| !older_than_days(made, context.now, self.days);
        for user in users.reported(context, report) {
            let resource = Resource::user(&user.user_arn);
            match user.password_enabled {
                None => {
                    report
                        .unknown(resource, "the credential report does not say whether there is a password");
                    continue;
                }
                Some(false) => {
                    report.pass(resource);
                    continue;
                }
                Some(true) => {}
            }
            match user.password_last_used_at.or(user.password_last_changed_at) {
                // A password cannot be older than its user.
                None if user.created_at.is_some_and(is_young) => {
                    report.pass(resource);
                }
                None => {
                    report.unknown(resource, "the credential report gives no date for the password");
                }
                Some(since) if older_than_days(since, context.now, self.days) => {
                    let days = days_between(since, context.now);
                    let message = match user.password_last_used_at {
                        Some(_) => format!("last signed in {days} days ago"),
                        None => format!("has had a password for {days} days and never signed in"),
                    };
                    report
                        .fail(resource, message)
                        .evidence(
                            "password_last_used_at",
                            user.password_last_used_at.map(|moment| moment.to_string()),
                        )
                        .evidence("counted_from", since.to_string())
                        .evidence("days", self.days);
                }
                Some(_) => {
                    report.pass(resource);
                }
            }
        }
    }

    fn validate(&self) -> Result<(), String> {
        if self.days == 0 { Err("days: expected at least 1".to_owned()) } else { Ok(()) }
    }
}

manual! {
    /// ## How to verify
    /// `aws iam get-user --user-name NAME`: `PasswordLastUsed`; not listed means never, as far as AWS has records.
    ///
    /// ## How to fix
    /// Remove the password; the user and its keys stay.
    ///
    /// - Console: IAM, Users, the user, Security credentials, Manage console access, Disable.
    /// - CLI: `aws iam delete-login-profile --user-name NAME`.
    /// - Terraform: remove the `aws_iam_user_login_profile`.
    ///
    /// ## How to back out
    /// `aws iam create-login-profile --user-name NAME --password … --password-reset-required`.
    UserConsoleUnused
}

#[cfg(test)]
#[path = "iam_user_console_unused_tests.rs"]
mod tests;
