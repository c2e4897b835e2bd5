//! iam-root-recently-used.

use orgsweep_identity::additional_credentials;
use orgsweep_model::facts::Credential;
use orgsweep_model::time::{days_between, older_than_days};
use orgsweep_model::{Check, Context, Report, Severity, check, manual};

check! {
    /// The root user signed in recently, or one of its keys was used recently.
    ///
    /// ## Why it matters
    /// Only a few tasks require the root user. Its use is either a habit, which makes actions impossible to attribute to a
    /// person, or an intruder.
    ///
    /// ## What it cannot see
    /// Uses before the last one. Dates are rounded to minutes, can be hours late, and go back to 2014 for passwords and 2015
    /// for keys; a date in the future counts as used. If the root user has more than two keys, the report only counts them, and
    /// the result is UNKNOWN instead of PASS.
    pub RootRecentlyUsed {
        id: "iam-root-recently-used",
        title: "Root user was used recently",
        severity: Severity::High,
        version: 1,
        since: "0.1.0",
        resource: "AWS::IAM::RootUser",
        controls: [
            cis("1.1": [1.2], "1.7": [1.3, 1.4, 1.5, 2.0, 3.0, 4.0], "1.6": [5.0], "2.6": [6.0], "2.7": [7.0]),
            nist_800_53(["AC-2(1)", "AC-3(15)", "AC-6", "AC-6(2)", "AC-6(10)", "IA-2(1)", "IA-2(2)",
                "IA-2(6)", "IA-2(8)"]),
            pci_dss(["2.2.2", "7.2.1", "7.2.2", "8.2.1", "8.4.1", "8.4.2", "8.4.3"]), iso_27001(["A.5.15"]),
            soc2(["CC6.1"]), mitre_attack(["T1078.004", "T1098"]), well_architected(["SEC01-BP02"]),
            security_hub(["IAM.20"]),
        ],
        pages: [
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html",
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/root-user-tasks.html",
        ],
        settings: {
            /// Use within this many days counts as recent.
            days: u32 = 90,
        },
    }
}

impl Check for RootRecentlyUsed {
    type Reads<'a> = &'a [Credential];

    fn evaluate(&self, credentials: Self::Reads<'_>, context: &Context<'_>, report: &mut Report) {
        let resource = context.root_resource();
        let Some(root) = credentials.iter().find(|row| row.is_root) else {
            report.unknown(resource, "the credential report has no row for root");
            return;
        };
        // All dates, not the first that is there: an old sign-in may not hide a key used today.
        let uses = [1, 2]
            .into_iter()
            .filter_map(|slot| Some((root.access_key_last_used_at(slot)?, format!("access key {slot}"))))
            .chain(root.password_last_used_at.map(|moment| (moment, "password".to_owned())));
        match uses.max() {
            Some((moment, by)) if !older_than_days(moment, context.now, self.days) => {
                // A clock that runs ahead is no reason to speak of days below zero.
                let days = days_between(moment, context.now).max(0);
                report
                    .fail(resource, format!("root was used {days} days ago, by {by}"))
                    .evidence("last_used_at", moment.to_string())
                    .evidence("used_by", by)
                    .evidence("days", self.days);
            }
            _ if root.additional_credentials.is_some() => additional_credentials(root, resource, report),
            _ => {
                report.pass(resource);
            }
        }
    }

    fn validate(&self) -> Result<(), String> {
        if self.days == 0 { Err("days: expected at least 1".to_owned()) } else { Ok(()) }
    }
}

manual! {
    /// ## How to verify
    /// `password_last_used` and `access_key_…_last_used_date` of `<root_account>` in the credential report. CloudTrail shows
    /// the actions: events with `userIdentity.type` Root.
    ///
    /// ## How to fix
    /// Find out who used it and for what; use a role for that task. Look for events with `userIdentity.type` Root in CloudTrail
    /// around the date in the evidence.
    ///
    /// - Console: CloudTrail, Event history, user name `root`; sign-ins may be recorded in another Region, often us-east-1.
    /// - CLI: `aws cloudtrail lookup-events --lookup-attributes AttributeKey=Username,AttributeValue=root`.
    /// - Terraform cannot identify the user; it can attach the SCP below (`aws_organizations_policy`,
    ///   `aws_organizations_policy_attachment`).
    /// - Organization: an SCP that denies every action to `arn:aws:iam::*:root`, or centralized root access. SCPs do not apply
    ///   to the management account.
    ///
    /// ## How to back out
    /// Nothing to back out; the finding disappears after `days` days without use. An SCP can be detached.
    RootRecentlyUsed
}

#[cfg(test)]
#[path = "iam_root_recently_used_tests.rs"]
mod tests;
