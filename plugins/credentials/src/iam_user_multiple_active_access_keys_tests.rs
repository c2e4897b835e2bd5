//! What `iam-user-multiple-active-access-keys` says, row by row.

use super::*;
use crate::report_tests::listed;
use orgsweep_model::facts::KeyStatus;
use orgsweep_model::facts::User;
use orgsweep_testkit::{Case, access_key, credential, root_credential};

fn case(keys: Vec<AccessKey>) -> Case {
    listed().rows(vec![credential("ann")]).rows(keys)
}

#[test]
fn two_active_keys_are_flagged() {
    case(vec![access_key("ann", 1), access_key("ann", 2)])
        .flags(&UserMultipleActiveAccessKeys::default(), "ann");
}

#[test]
fn one_or_an_inactive_second_passes() {
    let check = UserMultipleActiveAccessKeys::default();
    case(vec![]).passes(&check);
    case(vec![access_key("ann", 1)]).passes(&check);
    let inactive = AccessKey { status: KeyStatus::Inactive, ..access_key("ann", 2) };
    case(vec![access_key("ann", 1), inactive]).passes(&check);
}

#[test]
fn another_users_key_does_not_count() {
    case(vec![access_key("ann", 1), access_key("bob", 2)]).passes(&UserMultipleActiveAccessKeys::default());
    let namesake =
        AccessKey { user_arn: "arn:aws:iam::444455556666:user/ann".to_owned(), ..access_key("ann", 2) };
    case(vec![access_key("ann", 1), namesake]).passes(&UserMultipleActiveAccessKeys::default());
}

#[test]
fn root_is_left_out() {
    let keys = vec![access_key("<root_account>", 1), access_key("<root_account>", 2)];
    listed()
        .none::<User>()
        .rows(vec![root_credential()])
        .rows(keys)
        .silent(&UserMultipleActiveAccessKeys::default());
}

#[test]
fn a_threshold_that_can_never_fail_is_refused() {
    assert!(UserMultipleActiveAccessKeys { max: 2 }.validate().is_err());
    case(vec![access_key("ann", 1)]).flags(&UserMultipleActiveAccessKeys { max: 0 }, "ann");
}
