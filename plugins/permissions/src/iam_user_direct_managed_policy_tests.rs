//! What `iam-user-direct-managed-policy` says, row by row.

use super::*;
use orgsweep_testkit::{Case, attachment, aws_managed_arn, role_arn, user, user_arn};

fn case(attachments: Vec<PolicyAttachment>) -> Case {
    Case::new().rows(vec![user("ann")]).rows(attachments)
}

fn read_only(principal_arn: &str) -> PolicyAttachment {
    attachment(principal_arn, &aws_managed_arn("ReadOnlyAccess"))
}

#[test]
fn an_attached_policy_is_flagged() {
    let outcome = case(vec![read_only(&user_arn("ann"))]).flags(&UserDirectManagedPolicy::default(), "ann");
    assert_eq!(outcome.evidence["policy_arns"][0], aws_managed_arn("ReadOnlyAccess"));
}

#[test]
fn boundaries_and_other_principals_do_not_count() {
    let boundary = PolicyAttachment { as_boundary: true, ..read_only(&user_arn("ann")) };
    case(vec![boundary, read_only(&role_arn("ann"))]).passes(&UserDirectManagedPolicy::default());
}

#[test]
fn exemptions_name_policies_or_users() {
    let case = case(vec![read_only(&user_arn("ann"))]);
    case.passes(&UserDirectManagedPolicy { exempt: vec![aws_managed_arn("ReadOnlyAccess")] });
    case.not_applicable(&UserDirectManagedPolicy { exempt: vec![user_arn("ann")] });
    case.flags(&UserDirectManagedPolicy { exempt: vec![user_arn("bob")] }, "ann");
}

#[test]
fn exemptions_that_can_match_nothing_are_refused() {
    for entry in ["", " ", "ReadOnlyAccess", "ann", "arn:aws:iam::aws:policy/*", &role_arn("ann")] {
        let check = UserDirectManagedPolicy { exempt: vec![user_arn("ann"), entry.to_owned()] };
        assert!(check.validate().unwrap_err().starts_with("exempt: "), "{entry:?}");
    }
    let fine = vec![aws_managed_arn("ReadOnlyAccess"), user_arn("team/ann")];
    assert!(UserDirectManagedPolicy { exempt: fine }.validate().is_ok());
    assert!(UserDirectManagedPolicy::default().validate().is_ok());
}
