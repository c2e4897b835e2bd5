//! What `iam-user-console-mfa-missing` says, row by row.

use super::*;
use crate::report_tests::listed;
use orgsweep_model::facts::Credential;
use orgsweep_model::facts::User;
use orgsweep_testkit::{Case, credential, root_credential};

fn case(password_enabled: Option<bool>, mfa_active: Option<bool>) -> Case {
    listed().rows(vec![Credential { password_enabled, mfa_active, ..credential("ann") }])
}

#[test]
fn a_password_without_mfa_is_flagged() {
    case(Some(true), Some(false)).flags(&UserConsoleMfaMissing::default(), "ann");
}

#[test]
fn mfa_or_no_password_passes() {
    case(Some(true), Some(true)).passes(&UserConsoleMfaMissing::default());
    case(Some(false), Some(false)).passes(&UserConsoleMfaMissing::default());
}

#[test]
fn half_of_an_answer_may_be_enough() {
    case(None, Some(true)).passes(&UserConsoleMfaMissing::default());
    case(Some(false), None).passes(&UserConsoleMfaMissing::default());
}

#[test]
fn what_the_report_does_not_say_is_unknown() {
    case(None, Some(false)).unknown(&UserConsoleMfaMissing::default());
    case(Some(true), None).unknown(&UserConsoleMfaMissing::default());
    case(None, None).unknown(&UserConsoleMfaMissing::default());
}

#[test]
fn root_is_left_out() {
    let root = Credential { mfa_active: Some(false), ..root_credential() };
    listed().none::<User>().rows(vec![root]).silent(&UserConsoleMfaMissing::default());
}
