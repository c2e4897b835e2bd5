//! What `iam-root-recently-used` says, row by row.

use super::*;
use orgsweep_model::Timestamp;
use orgsweep_testkit::{Case, credential, days_ago, root_arn, root_credential, seconds_after};

fn case(password: Option<Timestamp>, key_2: Option<Timestamp>) -> Case {
    let root =
        Credential { password_last_used_at: password, access_key_2_last_used_at: key_2, ..root_credential() };
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
}
