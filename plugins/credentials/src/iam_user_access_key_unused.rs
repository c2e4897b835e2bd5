//! iam-user-access-key-unused.

use orgsweep_identity::Users;
use orgsweep_model::facts::AccessKey;
use orgsweep_model::time::{days_between, older_than_days};
use orgsweep_model::{Check, Context, Report, Resource, Severity, check, manual};

use crate::key_names;

check! {
    /// An active access key of a user has not been used recently, or never.
    ///
    /// ## Why it matters
    /// An unused key is useful only to someone who finds it.
    ///
    /// CIS 1.2 and 1.3 and Security Hub's IAM.8 require 90 days, later CIS versions and IAM.22 require 45: set `days = 90` if
    /// you follow one of the former.
    ///
    /// ## What it cannot see
    /// Use before April 2015 counts as never. Dates are rounded to a quarter of an hour and can be hours late. A key that is
    /// used once a year will be flagged: use a role for that job. Inactive keys pass: they cannot sign. Users created after the
    /// credential report are UNKNOWN, and so are a user's keys beyond the second, which the report only counts.
    pub UserAccessKeyUnused {
        id: "iam-user-access-key-unused",
        title: "Access key is active and unused",
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
            /// Flag keys unused for more than this many days since the last use, or since creation if never used.
            days: u32 = 45,
        },
    }
}

impl Check for UserAccessKeyUnused {
    type Reads<'a> = (&'a Users, &'a [AccessKey]);

    fn evaluate(&self, (users, keys): Self::Reads<'_>, context: &Context<'_>, report: &mut Report) {
        for key in users.reported_keys(keys, context, report) {
            let resource = Resource::user(&key.user_arn).part(format!("access-key-{}", key.slot));
            let since = key.last_used_at.unwrap_or(key.created_at);
            if !key.is_active() || !older_than_days(since, context.now, self.days) {
                report.pass(resource);
                continue;
            }
            let unused_days = days_between(since, context.now);
            let message = match key.last_used_at {
                Some(_) => format!("{} was last used {unused_days} days ago", key.label()),
                None => format!("{} is {unused_days} days old and was never used", key.label()),
            };
            let outcome = report.fail(resource, message);
            key_names::add(key, outcome)
                .evidence("last_used_at", key.last_used_at.map(|moment| moment.to_string()))
                .evidence("created_at", key.created_at.to_string())
                .evidence("unused_days", unused_days)
                .evidence("days", self.days);
        }
    }

    fn validate(&self) -> Result<(), String> {
        if self.days == 0 { Err("days: expected at least 1".to_owned()) } else { Ok(()) }
    }
}

manual! {
    /// ## How to verify
    /// `aws iam get-access-key-last-used --access-key-id ID`: `LastUsedDate`; N/A means never.
    ///
    /// ## How to fix
    /// Deactivate it, wait for complaints, then delete it.
    ///
    /// - Console: IAM, Users, the user, Security credentials, Access keys: Deactivate, later Delete.
    /// - CLI: `aws iam update-access-key --user-name NAME --access-key-id ID --status Inactive`, later
    ///   `aws iam delete-access-key --user-name NAME --access-key-id ID`.
    /// - Terraform: remove the `aws_iam_access_key`.
    ///
    /// ## How to back out
    /// An inactive key works again with `--status Active`. A deleted key cannot be restored: create a new one.
    UserAccessKeyUnused
}

#[cfg(test)]
#[path = "iam_user_access_key_unused_tests.rs"]
mod tests;
