//! Accounts that this pack's checks are tried on.

use orgsweep_model::facts::{AccessKey, AccountSummary, Credential, PasswordPolicy};
use orgsweep_testkit::{
    Fixtures, access_key, account_summary, clean_account, credential, days_ago, password_policy, root_arn,
    root_credential, user, virtual_mfa,
};

/// One clean account, and bad ones.
pub fn fixtures() -> Fixtures {
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
    let everything = clean_account()
        .rows(vec![AccountSummary { root_mfa_enabled: false, root_access_keys: 1, ..account_summary() }])
        .rows(vec![root, console])
        .rows(vec![access_key("<root_account>", 1), old, access_key("bob", 2)])
        .none::<PasswordPolicy>()
        .rows(vec![user("bob")]);
    // What cannot be wrong at the same time as the rest.
    let virtual_device = clean_account().rows(vec![virtual_mfa("any-name", &root_arn())]);
    let weak = PasswordPolicy { minimum_length: 8, reuse_prevention: None, ..password_policy() };
    Fixtures {
        clean: clean_account(),
        bad: vec![everything, virtual_device, clean_account().rows(vec![weak])],
    }
}
