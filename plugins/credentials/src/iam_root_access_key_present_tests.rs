//! What `iam-root-access-key-present` says, row by row.

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
