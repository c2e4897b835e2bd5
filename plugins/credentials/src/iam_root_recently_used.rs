//! iam-root-recently-used.

use orgsweep_model::facts::{AccessKey, Credential};
use orgsweep_model::time::{days_between, older_than_days};
use orgsweep_model::{Check, Context, Report, Severity, check};

check! {
    /// The root user signed in, or one of its keys was used, not long ago.
    ///
    /// ## Why it matters
    /// Only a handful of tasks need root. Use of root is either a habit, which leaves nobody to hold to account, or
    /// an intruder.
    ///
    /// ## How to fix
    /// Ask who used it and for what; give that task to a role. Look for events with `userIdentity.type` Root in
    /// CloudTrail around the date in the evidence.
    ///
    /// - Console: CloudTrail, Event history, user name `root`; sign-ins may stand in another Region, often us-east-1.
    /// - CLI: `aws cloudtrail lookup-events --lookup-attributes AttributeKey=Username,AttributeValue=root`.
    /// - Organization: an SCP that denies every action to `arn:aws:iam::*:root`, or centralized root access. No SCP
    ///   holds in the management account.
    ///
    /// ## How to back out
    /// Nothing to back out; the finding goes when `days` have passed without use. An SCP is detached again.
    ///
    /// ## What it cannot see
    /// Uses before the last one. Dates are rounded to minutes, lag by hours, and go back to 2014 for passwords and
    /// 2015 for keys; one in the future counts as used. Sessions by sts:AssumeRoot do not count as sign-in.
    pub RootRecentlyUsed {
        id: "iam-root-recently-used",
        title: "Root user was used recently",
        severity: Severity::High,
        version: 1,
        since: "0.1.0",
        resource: "AWS::IAM::RootUser",
        controls: [
            cis("1.2", "1.1"), cis("1.3", "1.7"), cis("1.4", "1.7"), cis("1.5", "1.7"), cis("2.0", "1.7"),
            cis("3.0", "1.7"), cis("4.0", "1.7"), cis("5.0", "1.6"), cis("6.0", "2.6"), cis("7.0", "2.7"),
            nist_800_53("AC-2(1)"), nist_800_53("AC-3(15)"), nist_800_53("AC-6"), nist_800_53("AC-6(2)"),
            nist_800_53("AC-6(10)"), nist_800_53("IA-2(1)"), nist_800_53("IA-2(2)"),
            nist_800_53("IA-2(6)"), nist_800_53("IA-2(8)"), pci_dss("2.2.2"), pci_dss("7.2.1"),
            pci_dss("7.2.2"), pci_dss("8.2.1"), pci_dss("8.4.1"), pci_dss("8.4.2"), pci_dss("8.4.3"),
            iso_27001("A.5.15"), soc2("CC6.1"), mitre_attack("T1078.004"), mitre_attack("T1098"),
            well_architected("SEC01-BP02"), security_hub("IAM.20"),
        ],
        pages: [
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html",
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/root-user-tasks.html",
        ],
        settings: {
            /// Use within so many days counts as recent.
            days: u32 = 90,
        },
    }
}

impl Check for RootRecentlyUsed {
    type Reads<'a> = (&'a [Credential], &'a [AccessKey]);

    fn evaluate(&self, (credentials, keys): Self::Reads<'_>, context: &Context<'_>, report: &mut Report) {
        let resource = context.root_resource();
        let Some(root) = credentials.iter().find(|row| row.is_root) else {
            report.unknown(resource, "the credential report has no row for root");
            return;
        };
        // All dates, not the first that is there: an old sign-in may not hide a key used today.
        let uses = keys
            .iter()
            .filter(|key| key.is_root())
            .filter_map(|key| Some((key.last_used_at?, format!("access key {}", key.slot))))
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
            _ => {
                report.pass(resource);
            }
        }
    }

    fn validate(&self) -> Result<(), String> {
        if self.days == 0 { Err("days: expected at least 1".to_owned()) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use orgsweep_testkit::{
        Case, access_key, credential, days_ago, root_arn, root_credential, seconds_after,
    };

    fn case(password: Option<orgsweep_model::Timestamp>, keys: Vec<AccessKey>) -> Case {
        let root = Credential { password_last_used_at: password, ..root_credential() };
        Case::new().rows(vec![root, credential("ann")]).rows(keys)
    }

    #[test]
    fn the_boundary_day_is_recent() {
        let check = RootRecentlyUsed::default();
        case(Some(days_ago(89)), vec![]).flags(&check, &root_arn());
        case(Some(days_ago(90)), vec![]).flags(&check, &root_arn());
        case(Some(seconds_after(days_ago(90), -1)), vec![]).passes(&check);
    }

    #[test]
    fn an_old_sign_in_does_not_hide_a_key_used_today() {
        let key = AccessKey { last_used_at: Some(days_ago(0)), ..access_key("<root_account>", 2) };
        let outcome = case(Some(days_ago(400)), vec![key]).flags(&RootRecentlyUsed::default(), &root_arn());
        assert_eq!(outcome.evidence["used_by"], "access key 2");
    }

    #[test]
    fn a_date_in_the_future_counts_as_used() {
        let outcome = case(Some(seconds_after(days_ago(0), 60)), vec![])
            .flags(&RootRecentlyUsed::default(), &root_arn());
        assert_eq!(outcome.message, "root was used 0 days ago, by password");
    }

    #[test]
    fn no_days_at_all_are_refused() {
        assert!(RootRecentlyUsed { days: 0 }.validate().is_err());
        assert!(RootRecentlyUsed { days: 1 }.validate().is_ok());
    }

    #[test]
    fn a_users_key_is_not_roots_and_never_used_passes() {
        case(None, vec![access_key("ann", 1)]).passes(&RootRecentlyUsed::default());
    }

    #[test]
    fn without_root_in_the_report_it_is_unknown() {
        Case::new().rows(vec![credential("ann")]).none::<AccessKey>().unknown(&RootRecentlyUsed::default());
        Case::new().lost::<Credential>().lost::<AccessKey>().unknown(&RootRecentlyUsed::default());
    }
}
