//! What `iam-user-console-unused` says, row by row.

use super::*;
use crate::report_tests::listed;
use orgsweep_model::Timestamp;
use orgsweep_model::facts::Credential;
use orgsweep_model::facts::User;
use orgsweep_testkit::{Case, credential, days_ago, root_credential};

fn case(used: Option<Timestamp>, changed: Option<Timestamp>) -> Case {
    listed().rows(vec![Credential {
        password_enabled: Some(true),
        password_last_used_at: used,
        password_last_changed_at: changed,
        ..credential("ann")
    }])
}

#[test]
fn the_boundary_day_passes() {
    let check = UserConsoleUnused::default();
    case(Some(days_ago(44)), None).passes(&check);
    case(Some(days_ago(45)), None).passes(&check);
    case(Some(days_ago(46)), None).flags(&check, "ann");
}

#[test]
fn never_used_counts_from_the_day_it_was_set() {
    let check = UserConsoleUnused::default();
    case(None, Some(days_ago(10))).passes(&check);
    case(None, Some(days_ago(45))).passes(&check);
    case(None, Some(days_ago(46))).flags(&check, "ann");
}

#[test]
fn without_a_date_a_password_is_at_most_as_old_as_its_user() {
    let made = |created_at| {
        let user = Credential { password_enabled: Some(true), created_at, ..credential("ann") };
        listed().rows(vec![user])
    };
    let check = UserConsoleUnused::default();
    made(Some(days_ago(45))).passes(&check);
    made(Some(days_ago(46))).unknown(&check);
    made(None).unknown(&check);
}

#[test]
fn a_recent_use_wins_over_an_old_password() {
    case(Some(days_ago(1)), Some(days_ago(900))).passes(&UserConsoleUnused::default());
}

#[test]
fn what_the_report_does_not_say_is_unknown() {
    let user = Credential { password_enabled: None, ..credential("ann") };
    listed().rows(vec![user]).unknown(&UserConsoleUnused::default());
}

#[test]
fn root_is_left_out() {
    listed().none::<User>().rows(vec![root_credential()]).silent(&UserConsoleUnused::default());
}

#[test]
fn no_days_at_all_are_refused() {
    assert!(UserConsoleUnused { days: 0 }.validate().is_err());
    assert!(UserConsoleUnused { days: 1 }.validate().is_ok());
}

#[test]
fn no_password_passes() {
    listed().rows(vec![credential("ann")]).passes(&UserConsoleUnused::default());
}
