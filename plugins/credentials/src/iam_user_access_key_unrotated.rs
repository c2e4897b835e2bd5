//! iam-user-access-key-unrotated.

use orgsweep_identity::Users;
use orgsweep_model::facts::AccessKey;
use orgsweep_model::time::{days_between, older_than_days};
use orgsweep_model::{Check, Context, Report, Resource, Severity, check, manual};

use crate::key_names;

check! {
    /// An active access key of a user exceeds the maximum age.
    ///
    /// ## Why it matters
    /// The older a key, the more copies of it exist: in images, in backups, with people who have left. Age is the best sign
    /// that not all copies are known.
    ///
    /// ## What it cannot see
    /// Inactive keys pass: they cannot sign. The credential report can be four hours old: users created since then are UNKNOWN,
    /// and so are a user's keys beyond the second, which the report only counts.
    pub UserAccessKeyUnrotated {
        id: "iam-user-access-key-unrotated",
        title: "Access key has not been rotated",
        severity: Severity::Medium,
        version: 1,
        since: "0.1.0",
        resource: "AWS::IAM::User",
        controls: [
            cis("1.4": [1.2], "1.14": [1.3, 1.4, 1.5, 2.0, 3.0, 4.0], "1.13": [5.0], "2.13": [6.0], "2.12": [7.0]),
            nist_800_53(["AC-2(1)", "AC-2(3)", "AC-3(15)"]), pci_dss(["8.3.9", "8.6.3"]),
            iso_27001(["A.5.15"]), soc2(["CC6.1"]), mitre_attack(["T1078.004", "T1550.001"]),
            well_architected(["SEC02-BP02", "SEC02-BP05"]), security_hub(["IAM.3"]),
            config_rule(["ACCESS_KEYS_ROTATED"]), trusted_advisor(["IAM Access Key Rotation"]),
        ],
        pages: ["https://docs.aws.amazon.com/IAM/latest/UserGuide/id-credentials-access-keys-update.html"],
        settings: {
            /// Keys older than this many days are flagged.
            max_age_days: u32 = 90,
            /// Older than this, the severity is high.
            high_after_days: u32 = 365,
            /// Older than this, the severity is critical.
            critical_after_days: u32 = 730,
        },
    }
}

impl Check for UserAccessKeyUnrotated {
    type Reads<'a> = (&'a Users, &'a [AccessKey]);

    fn evaluate(&self, (users, keys): Self::Reads<'_>, context: &Context<'_>, report: &mut Report) {
        for key in users.reported_keys(keys, context, report) {
            let resource = Resource::user(&key.user_arn).part(format!("access-key-{}", key.slot));
            let older_than = |days| older_than_days(key.created_at, context.now, days);
            if !key.is_active() || !older_than(self.max_age_days) {
                report.pass(resource);
                continue;
            }
            let severity = if older_than(self.critical_after_days) {
                Severity::Critical
            } else if older_than(self.high_after_days) {
                Severity::High
            } else {
                Severity::Medium
            };
            let age_days = days_between(key.created_at, context.now);
            let outcome = report.fail(resource, format!("{} is {age_days} days old", key.label()));
            key_names::add(key, outcome)
                .severity(severity)
                .evidence("created_at", key.created_at.to_string())
                .evidence("age_days", age_days)
                .evidence("max_age_days", self.max_age_days);
        }
    }

    fn validate(&self) -> Result<(), String> {
        if self.max_age_days == 0 {
            return Err("max_age_days: expected at least 1".to_owned());
        }
        if self.high_after_days < self.max_age_days || self.critical_after_days < self.high_after_days {
            return Err("expected max_age_days <= high_after_days <= critical_after_days".to_owned());
        }
        Ok(())
    }
}

manual! {
    /// ## How to verify
    /// `aws iam list-access-keys --user-name NAME`: `CreateDate` of the active keys.
    ///
    /// ## How to fix
    /// Create a second key, switch the client to it, deactivate the first, monitor, then delete it. Better: replace the key
    /// with a role (see iam-user-long-term-access-key).
    ///
    /// - Console: IAM, Users, the user, Security credentials, Create access key; later Deactivate and Delete the old key.
    /// - CLI: `aws iam create-access-key --user-name NAME`, then `aws iam update-access-key --user-name NAME
    ///   --access-key-id OLD --status Inactive`, later `aws iam delete-access-key --user-name NAME --access-key-id OLD`.
    /// - Terraform: add a second `aws_iam_access_key`, switch the client to it, set `status = "Inactive"` on the first, later
    ///   remove it. `-replace` deletes the old key before it creates the new one.
    ///
    /// ## How to back out
    /// As long as the old key is only inactive, `--status Active` enables it again. A deleted key cannot be restored.
    UserAccessKeyUnrotated
}

#[cfg(test)]
#[path = "iam_user_access_key_unrotated_tests.rs"]
mod tests;
