//! iam-root-access-key-present.

use orgsweep_model::facts::{AccessKey, AccountSummary, Credential, KeyStatus};
use orgsweep_model::{Check, Context, Gap, OneOf, Report, Severity, check};

check! {
    /// The root user has an access key.
    ///
    /// ## Why it matters
    /// A root key can do everything in the account, no policy of the account limits it, and it does not expire.
    /// Whoever finds it in a script or a backup owns the account.
    ///
    /// ## How to fix
    /// Find out what still uses the key, give that a role, then remove the key.
    ///
    /// - Console: sign in as root, account name, Security credentials, Access keys: Deactivate, later Delete.
    /// - CLI, with a root session: `aws iam update-access-key --access-key-id ID --status Inactive`, later
    ///   `aws iam delete-access-key --access-key-id ID`.
    /// - Terraform cannot: it does not manage root's credentials.
    /// - Organization: with centralized root access, delete it from the management account without signing in as
    ///   root, and let no member have root credentials at all.
    ///
    /// ## How to back out
    /// An inactive key works again with `--status Active`. A deleted one is gone for good, which is the point.
    ///
    /// ## What it cannot see
    /// The account summary counts root's keys and is of now; it is enough for every verdict. Where it was not read, the
    /// credential report is enough for a key that it shows. That it shows none is UNKNOWN: the report can be four hours old and
    /// may leave out an inactive key. The report, which says whether the key is active, can be four hours old; without the report the
    /// finding stays critical. So it does for a key that the report does not show: one made since, or one that is
    /// inactive and was never used, of which the report may leave all dates out. Which key it is, AWS tells only root.
    pub RootAccessKeyPresent {
        id: "iam-root-access-key-present",
        title: "Root user has an access key",
        severity: Severity::Critical,
        version: 1,
        since: "0.1.0",
        resource: "AWS::IAM::RootUser",
        controls: [
            cis("1.2", "1.12"), cis("1.3", "1.4"), cis("1.4", "1.4"), cis("1.5", "1.4"), cis("2.0", "1.4"),
            cis("3.0", "1.4"), cis("4.0", "1.4"), cis("5.0", "1.3"), cis("6.0", "2.3"), cis("7.0", "2.4"),
            nist_800_53("AC-2(1)"), nist_800_53("AC-3(7)"), nist_800_53("AC-3(15)"), nist_800_53("AC-6"),
            nist_800_53("AC-6(2)"), nist_800_53("AC-6(10)"), pci_dss("7.2.1"), pci_dss("7.2.2"),
            pci_dss("8.2.1"), iso_27001("A.5.15"), soc2("CC6.1"), mitre_attack("T1078.004"),
            well_architected("SEC01-BP02"), security_hub("IAM.4"),
            config_rule("IAM_ROOT_ACCESS_KEY_CHECK"),
        ],
        pages: ["https://docs.aws.amazon.com/IAM/latest/UserGuide/root-user-best-practices.html"],
        settings: {},
    }
}

impl Check for RootAccessKeyPresent {
    type Reads<'a> = (OneOf<'a, AccountSummary, AccessKey>, Result<&'a [Credential], &'a Gap>);

    fn evaluate(
        &self,
        (OneOf { first: summary, second: keys }, credentials): Self::Reads<'_>,
        context: &Context<'_>,
        report: &mut Report,
    ) {
        let shown = keys.map(|keys| shown(credentials.unwrap_or_default(), keys));
        let counted = summary.map(|rows| rows.first().map(|summary| summary.root_access_keys));
        if counted == Ok(Some(0)) {
            report.pass(context.root_resource());
            return;
        }
        if !matches!(counted, Ok(Some(_))) && shown.as_ref().is_ok_and(Vec::is_empty) {
            let message = "the credential report shows no key of root and may leave one out";
            match counted {
                Err(gap) => report.lost(context.root_resource(), gap, message),
                Ok(_) => report
                    .unknown(context.root_resource(), format!("the account summary is empty; {message}")),
            };
            return;
        }
        let present = counted.ok().flatten();
        // An older report may not have all keys yet: one that it does not show counts as active, and where nobody has counted
        // them there may be one.
        let inactive = shown.as_ref().is_ok_and(|keys| {
            present.is_some_and(|present| keys.len() as i64 >= present)
                && keys.iter().all(|(_, status, _)| *status == KeyStatus::Inactive)
        });
        let message = if inactive { "root has access keys, all inactive" } else { "root has an access key" };
        let outcome = report.fail(context.root_resource(), message);
        outcome.severity(if inactive { Severity::High } else { Severity::Critical });
        match counted {
            Err(gap) => outcome.evidence("access_keys_present", format!("unknown: {}", gap.reason)),
            Ok(present) => outcome.evidence("access_keys_present", present),
        };
        match shown {
            Ok(keys) => {
                for (slot, status, made) in keys {
                    outcome.evidence(&format!("access_key_{slot}"), format!("{status}, {made}"));
                }
            }
            Err(gap) => {
                outcome.evidence("activity", format!("unknown: {}", gap.reason));
            }
        }
    }
}

/// Root's keys as the report shows them: slot, status, and when made.
fn shown(credentials: &[Credential], keys: &[AccessKey]) -> Vec<(i32, KeyStatus, String)> {
    let dated = keys
        .iter()
        .filter(|key| key.is_root())
        .map(|key| (key.slot, key.status, format!("made {}", key.created_at)));
    let undated = credentials.iter().filter(|row| row.is_root).flat_map(|root| {
        let inactive =
            |slot| (slot, KeyStatus::Inactive, "the report does not say when it was made".to_owned());
        root.undated_keys(keys).map(inactive)
    });
    dated.chain(undated).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use orgsweep_model::Reason;
    use orgsweep_model::records::CoverageOutcome;
    use orgsweep_testkit::{Case, access_key, account_summary, days_ago, root_arn, root_credential};

    fn with_keys(count: i64) -> Case {
        Case::new().rows(vec![AccountSummary { root_access_keys: count, ..account_summary() }])
    }

    #[test]
    fn no_key_passes() {
        with_keys(0).none::<AccessKey>().passes(&RootAccessKeyPresent::default());
    }

    #[test]
    fn an_active_key_is_critical() {
        let case = with_keys(1).rows(vec![access_key("<root_account>", 1)]);
        let outcome = case.flags(&RootAccessKeyPresent::default(), &root_arn());
        assert_eq!(outcome.severity, Some(Severity::Critical));
    }

    #[test]
    fn inactive_keys_are_high() {
        let key = AccessKey { status: KeyStatus::Inactive, ..access_key("<root_account>", 1) };
        let outcome = with_keys(1).rows(vec![key]).flags(&RootAccessKeyPresent::default(), &root_arn());
        assert_eq!(outcome.severity, Some(Severity::High));
    }

    #[test]
    fn an_inactive_key_that_shows_only_by_its_use_is_inactive_all_the_same() {
        let root = || Credential { access_key_2_last_used_at: Some(days_ago(500)), ..root_credential() };
        let check = RootAccessKeyPresent::default();
        let outcome = with_keys(1).rows(vec![root()]).none::<AccessKey>().flags(&check, &root_arn());
        assert_eq!(outcome.severity, Some(Severity::High));
        assert!(outcome.evidence["access_key_2"].as_str().unwrap().starts_with("Inactive"));
        let active = vec![access_key("<root_account>", 1)];
        let outcome = with_keys(2).rows(vec![root()]).rows(active).flags(&check, &root_arn());
        assert_eq!(outcome.severity, Some(Severity::Critical));
    }

    #[test]
    fn a_key_that_the_report_does_not_show_counts_as_active() {
        let key = AccessKey { status: KeyStatus::Inactive, ..access_key("<root_account>", 1) };
        let outcome = with_keys(2).rows(vec![key]).flags(&RootAccessKeyPresent::default(), &root_arn());
        assert_eq!(outcome.severity, Some(Severity::Critical));
    }

    #[test]
    fn a_users_inactive_key_is_not_roots() {
        let key = AccessKey { status: KeyStatus::Inactive, ..access_key("ann", 1) };
        let outcome = with_keys(1).rows(vec![key]).flags(&RootAccessKeyPresent::default(), &root_arn());
        assert_eq!(outcome.severity, Some(Severity::Critical));
    }

    #[test]
    fn without_the_report_it_stays_critical() {
        let outcome = with_keys(1).lost::<AccessKey>().flags(&RootAccessKeyPresent::default(), &root_arn());
        assert_eq!(outcome.severity, Some(Severity::Critical));
        assert_eq!(outcome.evidence["activity"], "unknown: DENIED");
    }

    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html>: `access_key_1_active` of root's row.
    #[test]
    fn without_the_summary_the_report_is_enough_for_a_key_that_it_shows() {
        let check = RootAccessKeyPresent::default();
        let reported = |keys| Case::new().lost::<AccountSummary>().rows(vec![root_credential()]).rows(keys);
        let outcome = reported(vec![access_key("<root_account>", 1)]).flags(&check, &root_arn());
        assert_eq!(outcome.severity, Some(Severity::Critical));
        assert_eq!(outcome.evidence["access_keys_present"], "unknown: DENIED");
        // Nobody has counted them: there may be an active one that is newer than the report.
        let inactive = AccessKey { status: KeyStatus::Inactive, ..access_key("<root_account>", 2) };
        let outcome = reported(vec![inactive]).flags(&check, &root_arn());
        assert_eq!(outcome.severity, Some(Severity::Critical));
        let result = reported(vec![access_key("<root_account>", 1)]).result(&check);
        assert_eq!(result.outcome, CoverageOutcome::Complete);
    }

    #[test]
    fn a_report_without_a_key_of_root_is_not_enough_for_a_pass() {
        let check = RootAccessKeyPresent::default();
        let case = Case::new().lost::<AccountSummary>().rows(vec![root_credential()]);
        let result = case.rows(vec![access_key("ann", 1)]).result(&check);
        assert_eq!(result.outcomes[0].reason, Some(Reason::Denied));
        assert_eq!(result.gap.unwrap().reason, Reason::Denied);
        Case::new().none::<AccountSummary>().none::<AccessKey>().unknown(&check);
    }

    #[test]
    fn without_both_it_is_not_asked() {
        let check = RootAccessKeyPresent::default();
        let result = Case::new().lost::<AccountSummary>().lost::<AccessKey>().result(&check);
        assert_eq!(result.outcome, CoverageOutcome::NotRun);
    }
}
