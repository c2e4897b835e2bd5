//! What `iam-user-access-key-unrotated` says, row by row.

use super::*;
use crate::report_tests::listed;
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
    assert!(UserAccessKeyUnrotated { critical_after_days: 364, ..Default::default() }.validate().is_err());
    assert!(UserAccessKeyUnrotated::default().validate().is_ok());
}
