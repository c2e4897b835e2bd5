//! An account in which nothing is wrong, and what a pack has to show for its checks.

use orgsweep_model::facts::{AccessKey, Credential, KeyStatus, PrincipalTag, VirtualMfaDevice};

use crate::Case;
use crate::facts::{
    access_key, account_summary, attachment, aws_managed_arn, credential, days_ago, group, group_member,
    password_policy, role, role_arn, root_credential, session_limit, user,
};
use crate::policies::trusts_ec2;

/// What a pack's tests run all of its checks on.
pub struct Fixtures {
    /// Every check has something to judge there, and flags nothing.
    pub clean: Case,
    /// Each check flags something in one of them.
    pub bad: Vec<Case>,
}

/// Nothing is wrong with it. It has something of everything that a check judges, a key included: a check that finds
/// nothing to judge here would be clean whatever its rule.
pub fn clean_account() -> Case {
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
