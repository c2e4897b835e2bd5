//! The clean account is clean for every check, and every check flags one of the bad ones.

use std::collections::BTreeSet;

use orgsweep_model::facts::{
    AccessKey, AccountSummary, Credential, GroupMember, KeyStatus, PasswordPolicy, PrincipalTag, Role,
    VirtualMfaDevice,
};
use orgsweep_model::{AccountState, DynCheck, Pack, Status};
use orgsweep_testkit::{
    Case, access_key, account_summary, attachment, aws_managed_arn, credential, days_ago, group,
    group_member, inline_policy, password_policy, role, role_arn, root_arn, root_credential, session_limit,
    trusts_ec2, user, user_arn, virtual_mfa,
};

fn packs() -> Vec<Pack> {
    vec![
        orgsweep_credentials::pack(),
        orgsweep_permissions::pack(),
        orgsweep_trust::pack(),
        orgsweep_organization::pack(),
    ]
}

/// Nothing is wrong with it. It has something of everything that a check judges, a key included: a check that finds
/// nothing to judge here would be clean whatever its rule.
fn clean() -> Case {
    let ann = Credential {
        password_enabled: Some(true),
        password_last_used_at: Some(days_ago(1)),
        password_last_changed_at: Some(days_ago(30)),
        mfa_active: Some(true),
        ..credential("ann")
    };
    let retired = AccessKey { status: KeyStatus::Inactive, ..access_key("ann", 1) };
    Case::new()
        .rows(vec![account_summary()])
        .rows(vec![root_credential(), ann])
        .rows(vec![retired])
        .none::<VirtualMfaDevice>()
        .rows(vec![password_policy()])
        .rows(vec![user("ann")])
        .none::<PrincipalTag>()
        .rows(vec![group("staff")])
        .rows(vec![group_member("staff", "ann")])
        .rows(vec![role("auditor"), role("support")])
        .rows(vec![session_limit("auditor", 3600), session_limit("support", 3600)])
        .rows(vec![
            attachment(&role_arn("auditor"), &aws_managed_arn("SecurityAudit")),
            attachment(&role_arn("support"), &aws_managed_arn("AWSSupportAccess")),
        ])
        .policies(vec![trusts_ec2("auditor"), trusts_ec2("support")])
}

/// Everything that can go wrong in one account at once.
fn bad() -> Case {
    let console = Credential {
        password_enabled: Some(true),
        password_last_used_at: Some(days_ago(100)),
        password_last_changed_at: Some(days_ago(150)),
        ..credential("bob")
    };
    let created_at = console.created_at.unwrap();
    let root =
        Credential { password_last_used_at: Some(days_ago(2)), mfa_active: Some(false), ..root_credential() };
    let old = AccessKey {
        created_at,
        age_days: 200,
        last_used_at: Some(days_ago(120)),
        unused_days: Some(120),
        last_used_service: Some("s3".to_owned()),
        ..access_key("bob", 1)
    };
    Case::new()
        .rows(vec![AccountSummary { root_mfa_enabled: false, root_access_keys: 1, ..account_summary() }])
        .rows(vec![root, console])
        .rows(vec![access_key("<root_account>", 1), old, access_key("bob", 2)])
        .none::<VirtualMfaDevice>()
        .none::<PasswordPolicy>()
        .rows(vec![user("bob")])
        .none::<PrincipalTag>()
        .rows(vec![group("nobody")])
        .none::<GroupMember>()
        .rows(vec![Role { last_used_at: None, ..role("forgotten") }])
        .rows(vec![session_limit("forgotten", 43_200)])
        .rows(vec![attachment(&user_arn("bob"), &aws_managed_arn("AdministratorAccess"))])
        .policies(vec![inline_policy(&user_arn("bob"), "everything", r#"{"Statement":[]}"#)])
}

/// What cannot be wrong at the same time as the rest.
fn other_bad() -> Vec<Case> {
    vec![
        clean().rows(vec![virtual_mfa("any-name", &root_arn())]),
        clean().rows(vec![PasswordPolicy { minimum_length: 8, reuse_prevention: None, ..password_policy() }]),
        clean().state(AccountState::Suspended),
    ]
}

#[test]
fn the_clean_account_is_clean_for_every_check() {
    for pack in packs() {
        let checks: Vec<&dyn DynCheck> = pack.checks.iter().map(|check| &**check).collect();
        for result in clean().results(&checks) {
            assert!(
                !result.outcomes.is_empty(),
                "{}: the clean account has nothing to judge",
                result.metadata.id
            );
            for outcome in result.outcomes {
                assert!(
                    matches!(outcome.status, Status::Pass | Status::NotApplicable),
                    "{}: {outcome:#?}",
                    result.metadata.id
                );
            }
        }
    }
}

#[test]
fn every_check_flags_a_bad_account() {
    let mut silent = BTreeSet::new();
    for pack in packs() {
        let checks: Vec<&dyn DynCheck> = pack.checks.iter().map(|check| &**check).collect();
        silent.extend(checks.iter().map(|check| check.id().to_owned()));
        for case in std::iter::once(bad()).chain(other_bad()) {
            for result in case.results(&checks) {
                if result.count(Status::Fail) > 0 {
                    silent.remove(result.metadata.id.as_ref());
                }
            }
        }
    }
    assert!(silent.is_empty(), "no bad account is flagged by {silent:?}");
}

#[test]
fn nothing_read_is_never_a_pass() {
    // Only what the roster says is known of an account that could not be entered.
    let case = Case::new();
    for pack in packs() {
        let checks: Vec<&dyn DynCheck> = pack.checks.iter().map(|check| &**check).collect();
        for result in case.results(&checks) {
            if result.metadata.id != "org-account-not-active" {
                assert_eq!(result.count(Status::Pass), 0, "{}", result.metadata.id);
                assert_eq!(result.count(Status::Unknown), 1, "{}", result.metadata.id);
            }
        }
    }
}

#[test]
fn every_check_of_the_first_release_is_registered() {
    let packs = packs();
    let ids: BTreeSet<&str> =
        packs.iter().flat_map(|pack| pack.checks.iter().map(|check| check.id())).collect();
    let promised = [
        "iam-group-empty",
        "iam-password-policy-length",
        "iam-password-policy-missing",
        "iam-password-policy-reuse",
        "iam-role-max-session-duration-excessive",
        "iam-role-unused",
        "iam-root-access-key-present",
        "iam-root-mfa-missing",
        "iam-root-mfa-virtual",
        "iam-root-recently-used",
        "iam-security-audit-role-missing",
        "iam-support-role-missing",
        "iam-user-access-key-unrotated",
        "iam-user-access-key-unused",
        "iam-user-access-key-used-beyond-sts",
        "iam-user-console-mfa-missing",
        "iam-user-console-unused",
        "iam-user-direct-managed-policy",
        "iam-user-initial-access-key",
        "iam-user-inline-policy",
        "iam-user-long-term-access-key",
        "iam-user-multiple-active-access-keys",
        "iam-user-without-group",
        "org-account-not-active",
    ];
    for id in promised {
        assert!(ids.contains(id), "{id} is not registered");
    }
}
