//! Accounts that this pack's checks are tried on.

use orgsweep_model::facts::{GroupMember, Role};
use orgsweep_testkit::{
    Fixtures, attachment, aws_managed_arn, clean_account, group, inline_policy, role, user, user_arn,
};

/// One clean account, and a bad one.
pub fn fixtures() -> Fixtures {
    let bad = clean_account()
        .rows(vec![user("bob")])
        .rows(vec![group("nobody")])
        .none::<GroupMember>()
        .rows(vec![Role { last_used_at: None, ..role("forgotten") }])
        .rows(vec![attachment(&user_arn("bob"), &aws_managed_arn("AdministratorAccess"))])
        .policies(vec![inline_policy(&user_arn("bob"), "everything", r#"{"Statement":[]}"#)]);
    Fixtures { clean: clean_account(), bad: vec![bad] }
}
