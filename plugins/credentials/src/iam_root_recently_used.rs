//! iam-root-recently-used.

use orgsweep_model::facts::Credential;
use orgsweep_model::time::{days_between, older_than_days};
use orgsweep_model::{Check, Context, Report, Severity, check};

use crate::beyond_report;

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
    /// - Terraform cannot find out who it was; it can attach that SCP (`aws_organizations_policy`,
    ///   `aws_organizations_policy_attachment`).
    /// - Organization: an SCP that denies every action to `arn:aws:iam::*:root`, or centralized root access. No SCP
    ///   holds in the management account.
    ///
    /// ## How to back out
    /// Nothing to back out; the finding goes when `days` have passed without use. An SCP is detached again.
    ///
    /// ## What it cannot see
    /// Uses before the last one. Dates are rounded to minutes, lag by hours, and go back to 2014 for passwords and
    /// 2015 for keys; one in the future counts as used. If root has keys beyond the second, the report only counts them,
    /// and the answer is UNKNOWN instead of PASS.
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
            _ if root.additional_credentials.is_some() => beyond_report::unshown(root, resource, report),
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
    use orgsweep_model::Timestamp;
    use orgsweep_testkit::{Case, credential, days_ago, root_arn, root_credential, seconds_after};

    fn case(password: Option<Timestamp>, key_2: Option<Timestamp>) -> Case {
        let root = Credential {
            password_last_used_at: password,
            access_key_2_last_used_at: key_2,
            ..root_credential()
        };
        Case::new().rows(vec![root, credential("ann")])
    }

    #[test]
    fn the_boundary_day_is_recent() {
        let check = RootRecentlyUsed::default();
        case(Some(days_ago(89)), None).flags(&check, &root_arn());
        case(Some(days_ago(90)), None).flags(&check, &root_arn());
        case(Some(days_ago(91)), None).passes(&check);
    }

    #[test]
    fn an_old_sign_in_does_not_hide_a_key_used_today() {
        let check = RootRecentlyUsed::default();
        let outcome = case(Some(days_ago(400)), Some(days_ago(0))).flags(&check, &root_arn());
        assert_eq!(outcome.evidence["used_by"], "access key 2");
        let first = Credential {
            password_last_used_at: None,
            access_key_1_last_used_at: Some(days_ago(7)),
            access_key_2_last_used_at: Some(days_ago(70)),
            ..root_credential()
        };
        let outcome = Case::new().rows(vec![first]).flags(&check, &root_arn());
        assert_eq!(outcome.message, "root was used 7 days ago, by access key 1");
    }

    #[test]
    fn a_date_in_the_future_counts_as_used() {
        let outcome =
            case(Some(seconds_after(days_ago(0), 60)), None).flags(&RootRecentlyUsed::default(), &root_arn());
        assert_eq!(outcome.message, "root was used 0 days ago, by password");
    }

    #[test]
    fn no_days_at_all_are_refused() {
        assert!(RootRecentlyUsed { days: 0 }.validate().is_err());
        assert!(RootRecentlyUsed { days: 1 }.validate().is_ok());
    }

    #[test]
    fn a_users_key_is_not_roots_and_never_used_passes() {
        let ann = Credential { access_key_1_last_used_at: Some(days_ago(1)), ..credential("ann") };
        let root = Credential { password_last_used_at: None, ..root_credential() };
        Case::new().rows(vec![root, ann]).passes(&RootRecentlyUsed::default());
    }

    #[test]
    fn keys_that_the_report_only_counts_are_unknown() {
        let root = |password| Credential {
            password_last_used_at: Some(password),
            additional_credentials: Some("1 more access key".to_owned()),
            ..root_credential()
        };
        let check = RootRecentlyUsed::default();
        Case::new().rows(vec![root(days_ago(300))]).unknown(&check);
        Case::new().rows(vec![root(days_ago(3))]).flags(&check, &root_arn());
    }

    #[test]
    fn without_root_in_the_report_it_is_unknown() {
        Case::new().rows(vec![credential("ann")]).unknown(&RootRecentlyUsed::default());
        Case::new().lost::<Credential>().unknown(&RootRecentlyUsed::default());
    }
}
