//! What `iam-user-access-key-used-beyond-sts` says, row by row.

use super::*;
use crate::report_tests::listed;
use orgsweep_model::facts::KeyStatus;
use orgsweep_testkit::{Case, access_key, credential, root_credential};

fn used(service: Option<&str>) -> AccessKey {
    AccessKey { last_used_service: service.map(str::to_owned), ..access_key("ann", 1) }
}

/// Root and ann; keys are what a test is about.
fn account() -> Case {
    listed().rows(vec![root_credential(), credential("ann")])
}

#[test]
fn other_services_are_flagged() {
    let outcome = account().rows(vec![used(Some("s3"))]).flags(&UserAccessKeyUsedBeyondSts::default(), "ann");
    assert_eq!(outcome.evidence["last_used_service"], "s3");
}

#[test]
fn sts_iam_never_and_inactive_pass() {
    let never = AccessKey { last_used_at: None, ..used(None) };
    let inactive = AccessKey { status: KeyStatus::Inactive, ..used(Some("s3")) };
    for key in [used(Some("sts")), used(Some("IAM")), never, inactive] {
        account().rows(vec![key]).passes(&UserAccessKeyUsedBeyondSts::default());
    }
}

#[test]
fn a_use_without_service_is_unknown() {
    account().rows(vec![used(None)]).unknown(&UserAccessKeyUsedBeyondSts::default());
}

#[test]
fn the_list_is_a_setting() {
    let check = UserAccessKeyUsedBeyondSts { allowed_services: vec!["s3".to_owned()] };
    account().rows(vec![used(Some("s3"))]).passes(&check);
    account().rows(vec![used(Some("sts"))]).flags(&check, "ann");
}

#[test]
fn an_empty_list_or_name_is_refused() {
    for services in [vec![], vec!["sts".to_owned(), " ".to_owned()]] {
        let check = UserAccessKeyUsedBeyondSts { allowed_services: services };
        assert!(check.validate().unwrap_err().starts_with("allowed_services"));
    }
    assert!(UserAccessKeyUsedBeyondSts::default().validate().is_ok());
}

#[test]
fn roots_keys_are_left_out() {
    let root = AccessKey { last_used_service: Some("s3".to_owned()), ..access_key("<root_account>", 1) };
    account().rows(vec![root]).silent(&UserAccessKeyUsedBeyondSts::default());
}
