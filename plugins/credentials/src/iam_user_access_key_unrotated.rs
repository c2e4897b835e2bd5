//! iam-user-access-key-unrotated.

use orgsweep_model::facts::{AccessKey, Credential, User};
use orgsweep_model::time::{days_between, older_than_days};
use orgsweep_model::{Check, Context, Gap, Report, Resource, Severity, check};

use crate::beyond_report;

check! {
    /// An active access key of a user is older than it should ever be.
    ///
    /// ## Why it matters
    /// The older a key, the more copies of it exist: in images, in backups, with people who have left. Age is the
    /// best sign that nobody knows where it is.
    ///
    /// ## How to fix
    /// Make a second key, move the user of the first over, switch the first off, watch, delete. Better: replace it by
    /// a role (see iam-user-long-term-access-key).
    ///
    /// - Console: IAM, Users, the user, Security credentials, Create access key; later Deactivate and Delete the old.
    /// - CLI: `aws iam create-access-key --user-name NAME`, then `aws iam update-access-key --user-name NAME
    ///   --access-key-id OLD --status Inactive`, later `aws iam delete-access-key --user-name NAME --access-key-id OLD`.
    /// - Terraform: add a second `aws_iam_access_key`, move the user over, set `status = "Inactive"` on the first,
    ///   later remove it. `-replace` deletes the old key before there is a new one.
    ///
    /// ## How to back out
    /// While the old key is only inactive, `--status Active` brings it back. A deleted key is gone.
    ///
    /// ## What it cannot see
    /// Inactive keys pass: they cannot sign. The credential report can be four hours old: a user made since is UNKNOWN,
    /// and so are keys beyond a user's second, which the report only counts.
    pub UserAccessKeyUnrotated {
        id: "iam-user-access-key-unrotated",
        title: "Access key has not been rotated",
        severity: Severity::Medium,
        version: 1,
        since: "0.1.0",
        resource: "AWS::IAM::User",
        controls: [
            cis("1.2", "1.4"), cis("1.3", "1.14"), cis("1.4", "1.14"), cis("1.5", "1.14"),
            cis("2.0", "1.14"), cis("3.0", "1.14"), cis("4.0", "1.14"), cis("5.0", "1.13"),
            cis("6.0", "2.13"), cis("7.0", "2.12"), nist_800_53("AC-2(1)"), nist_800_53("AC-2(3)"),
            nist_800_53("AC-3(15)"), pci_dss("8.3.9"), pci_dss("8.6.3"), iso_27001("A.5.15"),
            soc2("CC6.1"), mitre_attack("T1078.004"), mitre_attack("T1550.001"),
            well_architected("SEC02-BP02"), well_architected("SEC02-BP05"), security_hub("IAM.3"),
            config_rule("ACCESS_KEYS_ROTATED"), trusted_advisor("IAM Access Key Rotation"),
        ],
        pages: ["https://docs.aws.amazon.com/IAM/latest/UserGuide/id-credentials-access-keys-update.html"],
        settings: {
            /// A key older than so many days is flagged.
            max_age_days: u32 = 90,
            /// Older than this, the finding is high.
            high_after_days: u32 = 365,
            /// Older than this, it is critical.
            critical_after_days: u32 = 730,
        },
    }
}

impl Check for UserAccessKeyUnrotated {
    type Reads<'a> = (&'a [Credential], &'a [AccessKey], Result<&'a [User], &'a Gap>);

    fn evaluate(
        &self,
        (credentials, keys, users): Self::Reads<'_>,
        context: &Context<'_>,
        report: &mut Report,
    ) {
        for key in beyond_report::remaining_keys(keys, users) {
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
            beyond_report::name(key, outcome)
                .severity(severity)
                .evidence("created_at", key.created_at.to_string())
                .evidence("age_days", age_days)
                .evidence("max_age_days", self.max_age_days);
        }
        beyond_report::keys(credentials, keys, users, report);
        beyond_report::users(credentials, users, context, report);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::beyond_report::listed;
    use orgsweep_model::Timestamp;
    use orgsweep_model::facts::KeyStatus;
    use orgsweep_testkit::{Case, access_key, credential, days_ago, root_credential, seconds_after};

    fn made(created_at: Timestamp) -> Case {
        account().rows(vec![AccessKey { created_at, ..access_key("ann", 1) }])
    }

    /// Root and ann; keys are what a test is about.
    fn account() -> Case {
        listed().rows(vec![root_credential(), credential("ann")])
    }

    #[test]
    fn the_boundary_day_passes() {
        let check = UserAccessKeyUnrotated::default();
        made(days_ago(89)).passes(&check);
        made(days_ago(90)).passes(&check);
        made(seconds_after(days_ago(91), 1)).passes(&check);
        made(days_ago(91)).flags(&check, "ann");
    }

    #[test]
    fn severity_grows_with_age() {
        let check = UserAccessKeyUnrotated::default();
        for (days, severity) in [
            (91, Severity::Medium),
            (365, Severity::Medium),
            (366, Severity::High),
            (730, Severity::High),
            (731, Severity::Critical),
        ] {
            assert_eq!(made(days_ago(days)).flags(&check, "ann").severity, Some(severity), "{days}");
        }
    }

    #[test]
    fn the_age_named_is_the_age_judged() {
        let outcome = made(days_ago(120)).flags(&UserAccessKeyUnrotated::default(), "ann");
        assert_eq!(outcome.message, "access key 1 is 120 days old");
        assert_eq!(outcome.evidence["age_days"], 120);
    }

    #[test]
    fn each_slot_is_judged_by_itself() {
        let old = AccessKey { created_at: days_ago(200), ..access_key("ann", 2) };
        let case = account().rows(vec![access_key("ann", 1), old]);
        assert_eq!(case.flags(&UserAccessKeyUnrotated::default(), "ann").resource.subject, "access-key-2");
    }

    #[test]
    fn inactive_keys_pass_and_roots_are_left_out() {
        let inactive =
            AccessKey { created_at: days_ago(900), status: KeyStatus::Inactive, ..access_key("ann", 1) };
        account().rows(vec![inactive]).passes(&UserAccessKeyUnrotated::default());
        let root = AccessKey { created_at: days_ago(900), ..access_key("<root_account>", 1) };
        account().rows(vec![root]).silent(&UserAccessKeyUnrotated::default());
    }

    #[test]
    fn thresholds_must_be_in_order() {
        assert!(UserAccessKeyUnrotated { max_age_days: 400, ..Default::default() }.validate().is_err());
        assert!(UserAccessKeyUnrotated { max_age_days: 0, ..Default::default() }.validate().is_err());
        assert!(
            UserAccessKeyUnrotated { critical_after_days: 364, ..Default::default() }.validate().is_err()
        );
        assert!(UserAccessKeyUnrotated::default().validate().is_ok());
    }

    #[test]
    fn a_lost_report_is_unknown() {
        listed().lost::<Credential>().lost::<AccessKey>().unknown(&UserAccessKeyUnrotated::default());
    }
}
