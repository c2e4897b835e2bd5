//! What `iam-security-audit-role-missing` says, row by row.

use super::*;
use orgsweep_testkit::{Case, attachment, aws_managed_arn, role, role_arn, root_arn, user_arn};

const OWN: &str = "arn:aws:iam::111122223333:policy/SecurityAudit";

fn case(principal_arn: &str, policy_arn: &str) -> Case {
    Case::new().rows(vec![role("auditor")]).rows(vec![attachment(principal_arn, policy_arn)])
}

#[test]
fn a_role_with_the_policy_passes() {
    case(&role_arn("auditor"), &aws_managed_arn("SecurityAudit"))
        .passes(&SecurityAuditRoleMissing::default());
}

#[test]
fn a_user_or_a_policy_of_the_same_name_does_not_count() {
    let check = SecurityAuditRoleMissing::default();
    case(&user_arn("ann"), &aws_managed_arn("SecurityAudit")).flags(&check, &root_arn());
    case(&role_arn("auditor"), OWN).flags(&check, &root_arn());
}

#[test]
fn equivalents_count_beside_security_audit() {
    let with = |wanted: &str| SecurityAuditRoleMissing { equivalents: vec![wanted.to_owned()] };
    for wanted in [OWN, "./SecurityAudit"] {
        case(&role_arn("auditor"), OWN).passes(&with(wanted));
        case(&role_arn("auditor"), &aws_managed_arn("SecurityAudit")).passes(&with(wanted));
        case(&role_arn("auditor"), &aws_managed_arn("ViewOnlyAccess")).flags(&with(wanted), &root_arn());
    }
    case(&role_arn("auditor"), &aws_managed_arn("ViewOnlyAccess")).passes(&with("ViewOnlyAccess"));
}

#[test]
fn entries_that_can_match_nothing_are_refused() {
    for entry in ["", " ", "./", "./ ", "Security Audit", "Security*"] {
        let check = SecurityAuditRoleMissing { equivalents: vec![OWN.to_owned(), entry.to_owned()] };
        assert!(check.validate().unwrap_err().starts_with("equivalents: "), "{entry:?}");
    }
    for fine in [OWN, "./SecurityAudit", "ViewOnlyAccess"] {
        assert!(SecurityAuditRoleMissing { equivalents: vec![fine.to_owned()] }.validate().is_ok());
    }
    assert!(SecurityAuditRoleMissing::default().validate().is_ok());
}

#[test]
fn absence_is_a_row() {
    let check = SecurityAuditRoleMissing::default();
    Case::new().none::<Role>().none::<PolicyAttachment>().flags(&check, &root_arn());
}
