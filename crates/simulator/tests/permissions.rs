//! Permissions that come from outside: what a printed policy grants, and no more.

use orgsweep_simulator::Options;
use serde_json::json;

use crate::client::{World, options, role};

#[test]
fn the_member_policy_is_all_that_a_member_may() {
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Account", "Effect": "Allow", "Action": ["iam:List*", "iam:GetAccountSummary"], "Resource": "*"},
        {"Sid": "NotThese", "Effect": "Deny", "Action": "iam:ListUsers", "Resource": "*"},
    ]});
    let world = World::start(Options { member_policy: Some(policy.to_string()), ..options(4) });
    for index in 1..4 {
        let member = world.member(index);
        assert_eq!(member.iam("ListRoles", &[]).status, 200);
        assert_eq!(member.iam("GetAccountSummary", &[]).status, 200);
        let (status, _, message) = member.iam("GetCredentialReport", &[]).error();
        assert_eq!(status, 403);
        assert!(
            message.contains("no identity-based policy allows the iam:GetCredentialReport action"),
            "{message}"
        );
        let (_, _, message) = member.iam("ListUsers", &[]).error();
        assert!(message.contains("explicit deny in an identity-based policy"), "{message}");
    }
    let details = world.member(1).iam("ListRoles", &[]);
    assert!(details.body.contains("OrgsweepAudit"));
}

#[test]
fn a_member_policy_may_name_its_resources() {
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "iam:ListAccessKeys", "Resource": "arn:aws:iam::*:user/*"},
        {"Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*"},
        {"Effect": "Allow", "Action": "iam:GetPolicyVersion", "Resource": "arn:aws:iam::aws:policy/*"},
    ]});
    let world =
        World::start(Options { member_policy: Some(policy.to_string()), users: Some(3), ..options(2) });
    let member = world.member(1);
    let name = member.iam("ListUsers", &[]).text("UserName");
    assert_eq!(member.iam("ListAccessKeys", &[("UserName", &name)]).status, 200);
    let version =
        |arn: &str| member.iam("GetPolicyVersion", &[("PolicyArn", arn), ("VersionId", "v1")]).status;
    assert_eq!(version("arn:aws:iam::aws:policy/AdministratorAccess"), 200);
    assert_eq!(version(&format!("arn:aws:iam::{}:policy/data-access", world.account(1))), 403);
}

#[test]
fn the_broken_role_stays_broken() {
    let policy = json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}});
    let world =
        World::start(Options { member_policy: Some(policy.to_string()), broken: Some(1), ..options(4) });
    let broken = &world.running.planted()[0].account_id;
    let index = (0..4).find(|index| world.account(*index) == *broken).unwrap();
    assert_eq!(world.member(index).iam("ListRoles", &[]).code(), "AccessDenied");
}

/// As an auditor would write it, conditions included.
fn hub_policy() -> serde_json::Value {
    json!({"Version": "2012-10-17", "Statement": [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Resource": "arn:aws:iam::*:role/orgsweep/OrgsweepAudit",
            "Condition": {"StringEquals": {"aws:ResourceOrgID": "${aws:PrincipalOrgID}"}},
        },
        {
            "Effect": "Allow",
            "Action": ["organizations:DescribeOrganization", "organizations:ListAccounts"],
            "Resource": "*",
        },
    ]})
}

#[test]
fn the_hub_policy_is_all_that_the_hub_may() {
    let world = World::start(Options { hub_policy: Some(hub_policy().to_string()), ..options(3) });
    let hub = world.hub();
    assert_eq!(hub.sts("GetCallerIdentity", &[]).status, 200, "needs no permission");
    assert_eq!(hub.organizations("DescribeOrganization", &json!({})).status, 200);
    assert_eq!(hub.list("ListAccounts", "Accounts").0.len(), 3);
    let (_, code, message) = hub.organizations("ListRoots", &json!({})).error();
    assert_eq!(code, "AccessDeniedException");
    assert!(message.contains("organizations:ListRoots"), "{message}");
    assert_eq!(hub.iam("ListRoles", &[]).code(), "AccessDenied");
    let audit_role = role(&world.account(1));
    assert!(hub.assume(&audit_role, &[]).is_ok());
    let other = format!("arn:aws:iam::{}:role/OrganizationAccountAccessRole", world.account(1));
    let (_, code, message) = hub.assume(&other, &[]).err().unwrap().error();
    assert_eq!(code, "AccessDenied");
    assert!(message.contains("no identity-based policy allows the sts:AssumeRole action"), "{message}");
    // The trust policy allows tags, the hub policy does not.
    let tags = [("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "blue")];
    let (_, _, message) = hub.assume(&audit_role, &tags).err().unwrap().error();
    assert!(message.contains("no identity-based policy allows the sts:TagSession action"), "{message}");
}

#[test]
fn without_a_hub_policy_the_hub_is_an_administrator() {
    let world = World::start(options(3));
    let hub = world.hub();
    assert_eq!(hub.iam("ListRoles", &[]).status, 200);
    assert_eq!(hub.organizations("ListRoots", &json!({})).status, 200);
    let other = format!("arn:aws:iam::{}:role/OrganizationAccountAccessRole", world.account(1));
    assert!(hub.assume(&other, &[]).is_ok());
}
