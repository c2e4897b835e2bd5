//! Resource control policies.
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>

use super::*;
use crate::answer::Layer;
use crate::truth::Truth::{Depends, False, True, Unknown};

const BUCKET: &str = "arn:aws:s3:::bucket";

/// A statement as customers' RCPs have it.
fn forbid(action: &str, condition: &str) -> String {
    format!(r#"{{"Effect":"Deny","Principal":"*","Action":"{action}","Resource":"*"{condition}}}"#)
}

fn everything_allows() -> World {
    World::default().identity(&allow("*")).resource(&allow_to("*"))
}

fn under(statement: &str) -> World {
    everything_allows().resource_control(&[&allow_to("*"), statement])
}

/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>
#[test]
fn they_bind_whoever_asks_also_from_outside() {
    let world = under(&forbid("s3:*", ""));
    let outsider = Principal::iam("arn:aws:iam::999999999999:user/x").unwrap();
    let service = Principal::service("config.amazonaws.com");
    for principal in [user(), session(), root(), outsider, service, Principal::anonymous()] {
        let request =
            Request::new(principal.clone(), "s3:GetObject", BUCKET, Context::auditor()).owned_by(HOME);
        let decision = world.answer_to(&request).decision;
        let denied = matches!(decision, Decision::Denied(Denial::Explicit(Layer::ResourceControl(1))));
        assert!(denied, "{} {decision:?}", principal.name());
    }
}

/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html#rcp-supported-services>
#[test]
fn they_bind_listed_services_only_and_a_name_newer_than_the_list_is_unknown() {
    let everything = under(&forbid("*", ""));
    assert_eq!(everything.truth(&user(), "s3:GetObject", BUCKET), False);
    assert_eq!(
        everything.truth(&user(), "ec2:StartInstances", "arn:aws:ec2:eu-west-1:111122223333:instance/i"),
        True
    );
    let newer = under(&forbid("ec2:*", ""));
    assert_eq!(
        newer.truth(&user(), "ec2:StartInstances", "arn:aws:ec2:eu-west-1:111122223333:instance/i"),
        Unknown
    );
    assert_eq!(
        newer.truth(&user(), "lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:111122223333:function:f"),
        True
    );
}

/// Where the column "Resource types" names no resource, "the RCP is applied to the calling principal's account". AWS's samples
/// deny kms:CreateKey, s3:PutAccountPublicAccessBlock and sts:GetWebIdentityToken so.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html#rcp-effects-on-permissions>
#[test]
fn of_an_action_without_a_resource_those_of_the_callers_account_decide() {
    let spec = r#","Condition":{"StringEquals":{"kms:KeySpec":"RSA_2048"}}"#;
    let world = under(&forbid("kms:CreateKey", spec));
    for (value, wanted) in [("RSA_2048", False), ("SYMMETRIC_DEFAULT", True)] {
        let context = Context::auditor().with("kms:KeySpec", value);
        let request = Request::new(user(), "kms:CreateKey", "*", context);
        assert_eq!(world.answer_to(&request).decision.truth(), wanted, "{value}");
    }
    assert_eq!(world.truth(&user(), "kms:CreateKey", "*"), Depends);
    for action in ["s3:PutAccountPublicAccessBlock", "sts:GetWebIdentityToken", "s3:ListAllMyBuckets"] {
        let world = under(&forbid(action, ""));
        assert_eq!(world.truth(&user(), action, "*"), False, "{action}");
        assert_eq!(world.truth(&service_linked(), action, "*"), True, "{action}");
    }
    // Written for resources only, it does not reach what names none.
    let on_keys = forbid("kms:*", "").replace(r#""Resource":"*""#, r#""Resource":"arn:aws:kms:*:*:key/*""#);
    assert_eq!(under(&on_keys).truth(&user(), "kms:CreateKey", "*"), True);
    // Of a service that RCPs do not bind.
    assert_eq!(under(&forbid("*", "")).truth(&user(), "ec2:DescribeInstances", "*"), True);
    let layers = Layers { resource_control: Guardrails::ManagementAccount, ..world.layers() };
    let request = Request::new(user(), "kms:CreateKey", "*", Context::auditor());
    assert_eq!(decide(&request, &layers), True);
}

/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>
#[test]
fn only_their_denies_matter() {
    let silent = allow_to("*").replace(r#""Action":"*""#, r#""Action":"sqs:*""#);
    assert_eq!(everything_allows().resource_control(&[&silent]).truth(&user(), "s3:GetObject", BUCKET), True);
    assert_eq!(
        World::default().resource_control(&[&allow_to("*")]).truth(&user(), "s3:GetObject", BUCKET),
        False
    );
}

/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html#rcp-not-restricted>
#[test]
fn exempt_are_service_linked_roles_managed_keys_retired_grants_and_the_management_account() {
    let world = under(&format!("{},{},{}", forbid("s3:*", ""), forbid("sts:*", ""), forbid("kms:*", "")));
    assert_eq!(world.truth(&service_linked(), "s3:GetObject", BUCKET), True);
    let linked =
        "arn:aws:iam::111122223333:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig";
    let config = Principal::service("config.amazonaws.com");
    assert_eq!(world.truth(&config, "sts:AssumeRole", linked), True);
    assert_eq!(world.truth(&config, "sts:AssumeRole", TARGET), False);
    assert_eq!(world.truth(&user(), "kms:RetireGrant", KEY), True);
    assert_eq!(world.truth(&user(), "kms:RevokeGrant", KEY), False);
    let managed = Request::new(user(), "kms:Decrypt", KEY, Context::auditor()).on_aws_managed_key();
    assert!(matches!(world.answer_to(&managed).decision, Decision::Allowed));
    let request = Request::new(user(), "s3:GetObject", BUCKET, Context::auditor());
    for (guardrails, wanted) in [
        (world.layers().resource_control, False),
        (Guardrails::ManagementAccount, True),
        (Guardrails::NotEnabled, True),
        (Guardrails::NoOrganization, True),
    ] {
        let layers = Layers { resource_control: guardrails, ..world.layers() };
        assert_eq!(decide(&request, &layers), wanted, "{guardrails:?}");
    }
}

/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>
#[test]
fn assuming_a_role_goes_through_those_of_the_roles_account() {
    let condition = r#","Condition":{"StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-1"}}"#;
    let world = under(&forbid("sts:AssumeRole", condition));
    let request = |organization: &str| {
        let outsider = Principal::iam("arn:aws:iam::999999999999:role/x").unwrap();
        let context = Context::auditor().with("aws:PrincipalOrgID", organization);
        Request::new(outsider, "sts:AssumeRole", TARGET, context)
    };
    assert!(matches!(world.answer_to(&request("o-1")).decision, Decision::Allowed));
    let denied = world.answer_to(&request("o-2")).decision;
    assert!(matches!(denied, Decision::Denied(Denial::Explicit(Layer::ResourceControl(1)))), "{denied:?}");
}

/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_syntax.html>
#[test]
fn not_resource_and_old_or_missing_versions_are_accepted() {
    let statement = r#"{"Effect":"Deny","Principal":"*","Action":"s3:*","NotResource":"arn:aws:s3:::open*"}"#;
    for version in ["", r#""Version":"2008-10-17","#, r#""Version":"2012-10-17","#] {
        let policy = Policy::parse(&format!(r#"{{{version}"Statement":{statement}}}"#)).unwrap();
        let level = Level { id: "r-1".into(), policies: vec![Attached::new("rcp", Arc::new(policy))] };
        let mut world = everything_allows();
        world.resource_control = Some(vec![level]);
        assert_eq!(world.truth(&user(), "s3:GetObject", BUCKET), False, "{version}");
        assert_eq!(world.truth(&user(), "s3:GetObject", "arn:aws:s3:::open/x"), True, "{version}");
    }
}

#[test]
fn services_are_listed_once_and_sorted() {
    let services: Vec<_> = include_str!("../../../data/resource-control-services.txt").lines().collect();
    assert!(services.is_sorted() && services.len() == 62);
}
