//! What `iam-user-access-key-unused` says, row by row.

use super::*;
use crate::report_tests::listed;
use orgsweep_model::Timestamp;
use orgsweep_model::facts::KeyStatus;
use orgsweep_testkit::{Case, access_key, credential, days_ago, root_credential};

fn case(created_at: Timestamp, last_used_at: Option<Timestamp>) -> Case {
    account().rows(vec![AccessKey { created_at, last_used_at, ..access_key("ann", 1) }])
}

/// Root and ann; keys are what a test is about.
fn account() -> Case {
    listed().rows(vec![root_credential(), credential("ann")])
}

#[test]
fn the_boundary_day_passes() {
    let check = UserAccessKeyUnused::default();
    case(days_ago(400), Some(days_ago(44))).passes(&check);
    case(days_ago(400), Some(days_ago(45))).passes(&check);
    case(days_ago(400), Some(days_ago(46))).flags(&check, "ann");
}

#[test]
fn never_used_counts_from_creation() {
    let check = UserAccessKeyUnused::default();
    case(days_ago(1), None).passes(&check);
    case(days_ago(45), None).passes(&check);
    let outcome = case(days_ago(46), None).flags(&check, "ann");
    assert_eq!(outcome.message, "access key 1 is 46 days old and was never used");
}

#[test]
fn the_last_use_is_named() {
    let outcome = case(days_ago(400), Some(days_ago(60))).flags(&UserAccessKeyUnused::default(), "ann");
    assert_eq!(outcome.message, "access key 1 was last used 60 days ago");
}

#[test]
fn roots_keys_are_left_out() {
    let root = AccessKey { last_used_at: Some(days_ago(400)), ..access_key("<root_account>", 1) };
    account().rows(vec![root]).silent(&UserAccessKeyUnused::default());
}

#[test]
fn no_days_at_all_are_refused() {
    assert!(UserAccessKeyUnused { days: 0 }.validate().is_err());
    assert!(UserAccessKeyUnused { days: 1 }.validate().is_ok());
}

#[test]
fn inactive_keys_pass() {
    let key = AccessKey {
        status: KeyStatus::Inactive,
        created_at: days_ago(400),
        last_used_at: None,
        ..access_key("ann", 1)
    };
    account().rows(vec![key]).passes(&UserAccessKeyUnused::default());
}
