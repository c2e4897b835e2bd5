//! How principals prove who they are: root, passwords, MFA, keys, rotation.

mod iam_password_policy_length;
mod iam_password_policy_missing;
mod iam_password_policy_reuse;
mod iam_root_access_key_present;
mod iam_root_mfa_missing;
mod iam_root_mfa_virtual;
mod iam_root_recently_used;
mod iam_user_access_key_unrotated;
mod iam_user_access_key_unused;
mod iam_user_access_key_used_beyond_sts;
mod iam_user_console_mfa_missing;
mod iam_user_console_unused;
mod iam_user_initial_access_key;
mod iam_user_long_term_access_key;
mod iam_user_multiple_active_access_keys;
mod key_names;
mod password_holders;
#[cfg(test)]
mod report_tests;

#[cfg(test)]
mod fixtures;

orgsweep_model::pack!["credentials":
    iam_password_policy_length::PasswordPolicyLength,
    iam_password_policy_missing::PasswordPolicyMissing,
    iam_password_policy_reuse::PasswordPolicyReuse,
    iam_root_access_key_present::RootAccessKeyPresent,
    iam_root_mfa_missing::RootMfaMissing,
    iam_root_mfa_virtual::RootMfaVirtual,
    iam_root_recently_used::RootRecentlyUsed,
    iam_user_access_key_unrotated::UserAccessKeyUnrotated,
    iam_user_access_key_unused::UserAccessKeyUnused,
    iam_user_access_key_used_beyond_sts::UserAccessKeyUsedBeyondSts,
    iam_user_console_mfa_missing::UserConsoleMfaMissing,
    iam_user_console_unused::UserConsoleUnused,
    iam_user_initial_access_key::UserInitialAccessKey,
    iam_user_long_term_access_key::UserLongTermAccessKey,
    iam_user_multiple_active_access_keys::UserMultipleActiveAccessKeys,
];
