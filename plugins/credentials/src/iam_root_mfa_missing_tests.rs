//! What `iam-root-mfa-missing` says, row by row.

use super::*;
use orgsweep_model::Reason;
use orgsweep_model::records::CoverageOutcome;
use orgsweep_testkit::{Case, access_key, account_summary, credential, root_arn, root_credential};

fn case(mfa: bool, password: Option<bool>, keys: i64) -> Case {
    Case::new().rows(vec![AccountSummary {
        root_mfa_enabled: mfa,
        root_password_present: password,
        root_access_keys: keys,
        ..account_summary()
    }])
}

#[test]
fn mfa_passes_where_there_is_something_to_guard() {
    for (password, keys) in [(Some(true), 0), (Some(true), 1), (Some(false), 1), (None, 0)] {
        case(true, password, keys).passes(&RootMfaMissing::default());
    }
}

#[test]
fn a_password_or_a_key_without_mfa_is_flagged() {
    for (password, keys) in [(Some(true), 0), (Some(false), 1), (None, 1)] {
        case(false, password, keys).flags(&RootMfaMissing::default(), &root_arn());
    }
}

#[test]
fn root_without_password_and_key_is_not_applicable() {
    for mfa in [false, true] {
        case(mfa, Some(false), 0).not_applicable(&RootMfaMissing::default());
    }
}

#[test]
fn no_device_guards_a_signing_certificate() {
    let summary = AccountSummary {
        root_mfa_enabled: false,
        root_password_present: Some(false),
        root_signing_certificates: 1,
        ..account_summary()
    };
    Case::new().rows(vec![summary]).not_applicable(&RootMfaMissing::default());
}

#[test]
fn where_the_summary_is_silent_the_report_may_say() {
    let check = RootMfaMissing::default();
    let reported = |password_enabled| {
        let root = Credential { password_enabled, ..root_credential() };
        let ann = Credential { password_enabled: Some(true), ..credential("ann") };
        case(false, None, 0).rows(vec![ann, root])
    };
    reported(Some(true)).flags(&check, &root_arn());
    reported(Some(false)).not_applicable(&check);
    reported(None).unknown(&check);
    case(false, None, 0).lost::<Credential>().unknown(&check);
    // What the summary says is newer.
    case(false, Some(false), 0).rows(vec![root_credential()]).not_applicable(&check);
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html>: `mfa_active` of root's row.
#[test]
fn without_the_summary_the_report_is_enough() {
    let check = RootMfaMissing::default();
    let reported = |mfa_active, password_enabled, keys| {
        let root = Credential { mfa_active, password_enabled, ..root_credential() };
        let ann = Credential { mfa_active: Some(true), ..credential("ann") };
        Case::new().lost::<AccountSummary>().rows(vec![ann, root]).rows(keys)
    };
    let key = || vec![access_key("<root_account>", 1)];
    reported(Some(false), Some(true), vec![]).flags(&check, &root_arn());
    reported(Some(false), None, key()).flags(&check, &root_arn());
    reported(Some(true), Some(true), vec![]).passes(&check);
    reported(Some(true), None, vec![]).passes(&check);
    reported(Some(false), Some(false), vec![access_key("ann", 1)]).not_applicable(&check);
    for case in [reported(Some(false), None, vec![]), reported(None, Some(true), vec![])] {
        let result = case.result(&check);
        assert_eq!(result.outcomes[0].reason, Some(Reason::Denied), "{result:#?}");
        assert_eq!(result.outcome, CoverageOutcome::Partial);
    }
}

/// What asks for hardware must not be quiet where there is no device at all.
/// <https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html#iam-6>
#[test]
fn controls_that_ask_for_hardware_are_answered_here_too() {
    let all = crate::pack();
    let of = |id: &str| {
        let check = all.checks.iter().find(|check| check.metadata().id == id).unwrap();
        check.metadata().controls.to_vec()
    };
    let missing = of("iam-root-mfa-missing");
    for control in of("iam-root-mfa-virtual") {
        assert!(missing.contains(&control), "{control:?}");
    }
    case(false, Some(true), 0).flags(&RootMfaMissing::default(), &root_arn());
}
