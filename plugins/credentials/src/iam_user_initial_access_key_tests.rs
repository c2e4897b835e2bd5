//! What `iam-user-initial-access-key` says, row by row.

use super::*;
use crate::report_tests::listed;
use orgsweep_model::facts::KeyStatus;
use orgsweep_model::facts::User;
use orgsweep_testkit::{Case, access_key, credential, root_credential, seconds_after};

/// A console user with one key in `slot`, made `seconds` after the user.
fn case(slot: i32, seconds: i64) -> Case {
    let user = Credential { password_enabled: Some(true), ..credential("ann") };
    let created_at = seconds_after(user.created_at.unwrap(), seconds);
    listed().rows(vec![user]).rows(vec![AccessKey { created_at, ..access_key("ann", slot) }])
}

#[test]
fn a_key_within_the_window_is_flagged_in_either_slot() {
    for (slot, seconds) in [(1, 0), (1, 59), (2, 59), (2, -59)] {
        case(slot, seconds).flags(&UserInitialAccessKey::default(), "ann");
    }
}

#[test]
fn the_window_is_exclusive() {
    case(1, 60).passes(&UserInitialAccessKey::default());
    case(1, -60).passes(&UserInitialAccessKey::default());
}

#[test]
fn first_looks_at_slot_one_only() {
    let check = UserInitialAccessKey { slots: Slots::First, ..Default::default() };
    case(2, 10).passes(&check);
    case(1, 10).flags(&check, "ann");
}

#[test]
fn keys_that_do_not_show_matter_only_where_they_are_looked_at() {
    let user = Credential {
        password_enabled: Some(true),
        access_key_2_last_used_at: Some(seconds_after(credential("ann").created_at.unwrap(), 9)),
        ..credential("ann")
    };
    let case = |user: &Credential| listed().rows(vec![user.clone()]).none::<AccessKey>();
    let first = UserInitialAccessKey { slots: Slots::First, ..Default::default() };
    case(&user).unknown(&UserInitialAccessKey::default());
    case(&user).passes(&first);
    case(&user).passes(&UserInitialAccessKey { require_never_used: true, ..Default::default() });
    case(&Credential { password_enabled: Some(false), ..user.clone() })
        .passes(&UserInitialAccessKey::default());
    let many =
        Credential { access_key_2_last_used_at: None, additional_credentials: Some("1".to_owned()), ..user };
    case(&many).unknown(&UserInitialAccessKey::default());
    case(&many).passes(&first);
}

#[test]
fn a_user_without_password_passes() {
    let user = credential("ann");
    let created_at = user.created_at.unwrap();
    listed()
        .rows(vec![user])
        .rows(vec![AccessKey { created_at, ..access_key("ann", 1) }])
        .passes(&UserInitialAccessKey::default());
}

#[test]
fn an_inactive_key_counts_and_a_used_one_may_be_let_off() {
    let user = Credential { password_enabled: Some(true), ..credential("ann") };
    let created_at = user.created_at.unwrap();
    let key = AccessKey { created_at, status: KeyStatus::Inactive, ..access_key("ann", 1) };
    let never = AccessKey { last_used_at: None, ..key.clone() };
    let check = UserInitialAccessKey { require_never_used: true, ..Default::default() };
    let case = |key| listed().rows(vec![user.clone()]).rows(vec![key]);
    case(key.clone()).flags(&UserInitialAccessKey::default(), "ann");
    case(key).passes(&check);
    case(never).flags(&check, "ann");
}

#[test]
fn another_users_key_and_roots_do_not_count() {
    let user = Credential { password_enabled: Some(true), ..credential("ann") };
    let created_at = user.created_at.unwrap();
    listed()
        .rows(vec![user])
        .rows(vec![AccessKey { created_at, ..access_key("bob", 1) }])
        .passes(&UserInitialAccessKey::default());
    let root = root_credential();
    let created_at = root.created_at.unwrap();
    listed()
        .none::<User>()
        .rows(vec![root])
        .rows(vec![AccessKey { created_at, ..access_key("<root_account>", 1) }])
        .silent(&UserInitialAccessKey::default());
}

#[test]
fn what_the_report_does_not_say_is_unknown() {
    let check = UserInitialAccessKey::default();
    let user = Credential { password_enabled: None, ..credential("ann") };
    let created_at = user.created_at.unwrap();
    listed().rows(vec![user]).rows(vec![AccessKey { created_at, ..access_key("ann", 1) }]).unknown(&check);
    let undated = Credential { password_enabled: Some(true), created_at: None, ..credential("ann") };
    listed().rows(vec![undated.clone()]).rows(vec![access_key("ann", 1)]).unknown(&check);
    listed().rows(vec![undated]).none::<AccessKey>().passes(&check);
}

#[test]
fn an_empty_window_is_refused() {
    let check = UserInitialAccessKey { window_seconds: 0, ..Default::default() };
    assert!(check.validate().unwrap_err().starts_with("window_seconds"));
    assert!(UserInitialAccessKey::default().validate().is_ok());
}
