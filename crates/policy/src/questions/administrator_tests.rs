//! Tests of `administrator`.

use std::sync::Arc;

use super::*;
use crate::answer::Layer;
use crate::layers::{Attached, Guardrails, Level};
use crate::policy::Policy;

fn attached(statements: &str) -> Attached {
    let policy = Policy::parse(&format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)).unwrap();
    Attached::new("p", Arc::new(policy))
}

fn everything() -> Attached {
    attached(r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#)
}

fn ann() -> Principal {
    Principal::iam("arn:aws:iam::111122223333:user/ann").unwrap()
}

fn by(identity: &[Attached]) -> String {
    let answer = administrator(&ann(), Context::auditor(), &Layers { identity, ..Layers::default() });
    let is_none = matches!(answer, Administrator::No { .. });
    assert!(is_none || may_be_administrator(identity), "not worth asking, and: {answer:?}");
    told(&answer)
}

fn told(administrator: &Administrator) -> String {
    match administrator {
        Administrator::Yes => "yes".to_owned(),
        Administrator::If(residuals) => residuals[0].to_string(),
        Administrator::No { action, denial } => format!("{action} {denial:?}"),
        Administrator::Unknown(doubts) => doubts[0].reason.clone(),
    }
}

#[test]
fn administrators_by_any_name() {
    for statements in [
        r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#,
        r#"{"Effect":"Allow","Action":"*:*","Resource":["arn:aws:s3:::b","*"]}"#,
        r#"{"Effect":"Allow","Action":"iam:*","Resource":"*"}"#,
        r#"{"Effect":"Allow","Action":["ec2:*","s3:*","IAM:*","sts:*"],"Resource":"arn:*"}"#,
        r#"{"Effect":"Allow","NotAction":["aws-portal:*","billing:*"],"Resource":"*"}"#,
        r#"{"Effect":"Allow","Action":"*","NotResource":"arn:aws:s3:::secret/*"}"#,
        r#"{"Effect":"Allow","Action":["iam:A*","iam:P*"],"Resource":"*"},
               {"Effect":"Allow","Action":["iam:C*","iam:Set*","iam:Update*"],"Resource":"arn:aws:iam::*:*"}"#,
        r#"{"Effect":"Allow","Action":"*","Resource":"*"},
               {"Effect":"Deny","Action":"*","Resource":"arn:aws:iam::*:role/guard"}"#,
    ] {
        assert_eq!(by(&[attached(statements)]), "yes", "{statements}");
    }
    let group = everything().through_group("admins");
    assert_eq!(by(&[group]), "yes");
}

#[test]
fn no_administrators() {
    for statements in [
        "",
        // PowerUserAccess.
        r#"{"Effect":"Allow","NotAction":["iam:*","organizations:*","account:*"],"Resource":"*"},
               {"Effect":"Allow","Action":["iam:CreateServiceLinkedRole","iam:ListRoles"],"Resource":"*"}"#,
        r#"{"Effect":"Allow","Action":["iam:Get*","iam:List*"],"Resource":"*"}"#,
        r#"{"Effect":"Allow","Action":"iam:*","Resource":"arn:aws:iam::*:policy/dev-*"}"#,
        // One kind of identities, or one of them, is escalation.
        r#"{"Effect":"Allow","Action":["iam:AttachUserPolicy","iam:CreateAccessKey"],"Resource":"*"}"#,
        r#"{"Effect":"Allow","Action":["iam:AttachRolePolicy","iam:UpdateAssumeRolePolicy"],"Resource":"*"}"#,
        r#"{"Effect":"Allow","Action":["iam:PutUserPolicy","iam:PutRolePolicy"],"Resource":"arn:aws:iam::*:*/dev-*"}"#,
        r#"{"Effect":"Allow","Action":["iam:PassRole","iam:CreateRole"],"Resource":"*"}"#,
        r#"{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"iam:*","Resource":"*"}"#,
    ] {
        assert!(by(&[attached(statements)]).starts_with("iam:"), "{statements}");
    }
}

/// A guardrail against some of the actions leaves the others.
#[test]
fn what_spares_one_way_spares_the_administrator() {
    for denied in [
        r#""iam:CreateAccessKey""#,
        r#""iam:AttachGroupPolicy""#,
        r#""iam:SetDefaultPolicyVersion""#,
        r#""iam:UpdateAssumeRolePolicy""#,
        r#""iam:Put*""#,
        r#""iam:*User*""#,
        r#"["iam:Attach*","iam:Put*"]"#,
        r#"["iam:Create*","iam:Update*"]"#,
        r#"["iam:PassRole","iam:*Policy*"]"#,
    ] {
        let deny = attached(&format!(r#"{{"Effect":"Deny","Action":{denied},"Resource":"*"}}"#));
        // Roles cannot be had any more.
        let wanted =
            if denied.contains("PassRole") { "iam:AttachRolePolicy Explicit(Identity)" } else { "yes" };
        assert_eq!(by(&[everything(), deny]), wanted, "{denied}");
    }
}

/// Who can make an identity that may do everything needs no other.
#[test]
fn administrators_who_make_one() {
    let role = |actions: &str| {
        format!(r#"{{"Effect":"Allow","Action":[{actions}],"Resource":"arn:aws:iam::*:role/dev-*"}}"#)
    };
    for (statements, wanted) in [
        (r#"{"Effect":"Allow","Action":"iam:*","Resource":"arn:aws:iam::*:role/dev-*"}"#.to_owned(), "yes"),
        (role(r#""iam:CreateRole","iam:PutRolePolicy""#), "yes"),
        (role(r#""iam:CreateRole","iam:AttachRolePolicy""#), "yes"),
        (role(r#""iam:CreateRole""#), "iam:AttachUserPolicy Implicit(Identity)"),
        (
            r#"{"Effect":"Allow","Action":["iam:CreateUser","iam:PutUserPolicy","iam:CreateAccessKey"],
                    "Resource":"arn:aws:iam::*:user/ops/*"}"#
                .to_owned(),
            "yes",
        ),
        // Not of one name.
        (
            format!(
                r#"{},{{"Effect":"Allow","Action":"iam:AttachRolePolicy","Resource":"arn:aws:iam::*:role/app-*"}}"#,
                role(r#""iam:CreateRole""#)
            ),
            "iam:AttachUserPolicy Implicit(Identity)",
        ),
        (
            format!(r#"{},{{"Effect":"Deny","Action":"sts:AssumeRole","Resource":"*"}}"#, role(r#""iam:*""#)),
            "iam:AttachUserPolicy Implicit(Identity)",
        ),
    ] {
        assert_eq!(by(&[attached(&statements)]), wanted, "{statements}");
    }
}

/// "Names are not distinguished by case", and a path makes none of them another.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
#[test]
fn what_exists_is_not_made() {
    let made = |resource: &str| {
        let allow = attached(&format!(
            r#"{{"Effect":"Allow","Action":["iam:CreateRole","iam:PutRolePolicy"],"Resource":"{resource}"}}"#
        ));
        let layers = Layers { identity: &[allow], ..Layers::default() };
        let taken = unique_name("arn:aws:iam::111122223333:role/team/App");
        told(&administrator_beside(&ann(), Context::auditor(), &layers, &|arn| unique_name(arn) == taken))
    };
    let no = "iam:AttachUserPolicy Implicit(Identity)";
    assert_eq!(made("arn:aws:iam::111122223333:role/team/App"), no);
    assert_eq!(made("arn:aws:iam::111122223333:role/app"), no);
    assert_eq!(made("arn:aws:iam::*:role/other/app"), no);
    assert_eq!(made("arn:aws:iam::111122223333:role/app-2"), "yes");
    assert_eq!(made("arn:aws:iam::111122223333:role/app*"), "yes");
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html>: which characters a name may have.
#[test]
fn names_that_cannot_exist_make_nobody_one() {
    let made = |version: &str, resource: &str| {
        let text = format!(
            r#"{{{version}"Statement":{{"Effect":"Allow","Resource":"arn:aws:iam::111122223333:{resource}",
                    "Action":["iam:CreateUser","iam:PutUserPolicy","iam:CreateAccessKey","iam:CreateRole","iam:PutRolePolicy"]}}}}"#
        );
        by(&[Attached::new("p", Arc::new(Policy::parse(&text).unwrap()))])
    };
    let no = "iam:AttachUserPolicy Implicit(Identity)";
    let long = "a".repeat(65);
    for name in ["${aws:username}", "a b", "a:b", "a!", "", "team/", &long, "team/${x}"] {
        assert_eq!(made("", &format!("user/{name}")), no, "{name}");
        assert_eq!(made("", &format!("role/{name}")), no, "{name}");
    }
    for name in ["a_+=,.@-Z9", "${aws:username}/x", "team/b", "*"] {
        assert_eq!(made("", &format!("user/{name}")), "yes", "{name}");
    }
    // Where it is a variable, it is the principal's own name, and the principal exists.
    assert_eq!(made(r#""Version":"2012-10-17","#, "user/${aws:username}"), no);
    assert_eq!(made(r#""Version":"2012-10-17","#, "user/${aws:username}-2"), "yes");
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html#access_policies_boundaries-delegate>
#[test]
fn whoever_manages_identities_within_a_boundary_is_none() {
    let within = |key: &str, value: &str| {
        by(&[attached(&format!(
            r#"{{"Effect":"Allow","Action":["iam:CreateRole","iam:Attach*","iam:Put*"],"Resource":"*",
                    "Condition":{{"StringEquals":{{"{key}":"{value}"}}}}}}"#
        ))])
    };
    let no = "iam:AttachUserPolicy Implicit(Identity)";
    assert_eq!(within("iam:PermissionsBoundary", "arn:aws:iam::111122223333:policy/b"), no);
    assert_eq!(within("iam:PolicyARN", "arn:aws:iam::111122223333:policy/p"), no);
}

/// Whoever has IAMFullAccess gives itself the rest.
/// <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/IAMFullAccess.html>
#[test]
fn whoever_attaches_anything_but_administrator_access_is_one() {
    let all_but = |names: &[&str]| {
        let arns: Vec<String> = names.iter().map(|name| format!("arn:aws:iam::aws:policy/{name}")).collect();
        by(&[attached(&format!(
            r#"{{"Effect":"Allow","Action":["iam:AttachUserPolicy","iam:AttachRolePolicy"],"Resource":"*",
                "Condition":{{"ArnNotEquals":{{"iam:PolicyARN":{arns:?}}}}}}}"#
        ))])
    };
    assert_eq!(all_but(&["AdministratorAccess"]), "yes");
    assert_eq!(all_but(&["AdministratorAccess", "IAMFullAccess"]), "iam:AttachUserPolicy Implicit(Identity)");
}

/// A key of one action leaves the others of its statement not granted; in a Deny it takes nothing from them.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#ck_passedtoservice>
#[test]
fn keys_of_another_action_make_nobody_one() {
    let passed = r#""Condition":{"StringEquals":{"iam:PassedToService":"ec2.amazonaws.com"}}"#;
    let of = |effect: &str| format!(r#"{{"Effect":"{effect}","Action":"iam:*","Resource":"*",{passed}}}"#);
    assert_eq!(by(&[attached(&of("Allow"))]), "iam:AttachUserPolicy Implicit(Identity)");
    assert_eq!(by(&[everything(), attached(&of("Deny"))]), "yes");
}

#[test]
fn boundary_and_service_control_policies_limit() {
    let identity = [everything()];
    let boundary = attached(r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#);
    let bounded = Layers { identity: &identity, boundary: Some(&boundary), ..Layers::default() };
    let no = administrator(&ann(), Context::auditor(), &bounded);
    assert!(matches!(no, Administrator::No { denial: Denial::Implicit(Layer::Boundary), .. }), "{no:?}");
    let denial = r#"{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"iam:*User*","Resource":"*"},
            {"Effect":"Deny","Action":["iam:Create*","iam:*LoginProfile"],"Resource":"*"}"#;
    let levels = [Level { id: "r-1".into(), policies: vec![attached(denial)] }];
    let guarded =
        Layers { identity: &identity, service_control: Guardrails::InForce(&levels), ..Layers::default() };
    assert_eq!(
        told(&administrator(&ann(), Context::auditor(), &guarded)),
        "iam:AttachUserPolicy Explicit(ServiceControl(0))"
    );
}

#[test]
fn open_conditions_and_doubts_are_told() {
    let mfa = r#"{"Effect":"Allow","Action":"*","Resource":"*",
            "Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}"#;
    assert_eq!(by(&[attached(mfa)]), "Bool aws:MultiFactorAuthPresent [\"true\"]");
    let unheard = r#"{"Effect":"Allow","Action":"*","Resource":"*","Unless":"monday"}"#;
    assert_eq!(by(&[attached(unheard)]), "its element \"Unless\" is not documented");
    assert_eq!(by(&[attached(""), Attached::unreadable("p", "access denied")]), "access denied");
}

/// The trust policy of a role is not that of what the role asks about.
#[test]
fn policies_of_a_resource_make_nobody_one() {
    let trust = [attached(r#"{"Effect":"Allow","Principal":"*","Action":"*"}"#)];
    let layers = Layers { resource: &trust, ..Layers::default() };
    let no = told(&administrator(&ann(), Context::auditor(), &layers));
    assert_eq!(no, "iam:AttachUserPolicy Implicit(Identity)");
}

#[test]
fn root_user_is_one() {
    let root = Principal::iam("arn:aws:iam::111122223333:root").unwrap();
    assert_eq!(told(&administrator(&root, Context::auditor(), &Layers::default())), "yes");
}

/// A key that a service's requests have, or those about tags, is in no request that makes an administrator.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html>
#[test]
fn everything_on_a_key_of_another_service_makes_no_administrator() {
    for condition in [
        r#""StringEquals":{"kms:ViaService":"s3.us-east-1.amazonaws.com"}"#,
        r#""StringEquals":{"kms:EncryptionContext:a":"a"}"#,
        r#""NumericGreaterThan":{"s3:TlsVersion":"1.2"}"#,
        r#""StringEquals":{"ec2:Region":"us-east-1"}"#,
        r#""StringEquals":{"sts:ExternalId":"a"}"#,
        r#""StringEquals":{"secretsmanager:ResourceTag/a":"a"}"#,
        r#""StringEquals":{"ec2:ResourceTag/a":"a"}"#,
    ] {
        let statement =
            format!(r#"{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{{{condition}}}}}"#);
        let identity = [attached(&statement)];
        let told =
            administrator(&ann(), Context::auditor(), &Layers { identity: &identity, ..Layers::default() });
        assert!(matches!(told, Administrator::No { .. }), "{condition}: {told:?}");
    }
}

#[test]
fn who_may_not_take_all_steps_of_any_way_is_not_worth_asking() {
    let may = |actions: &str| {
        may_be_administrator(&[attached(&format!(
            r#"{{"Effect":"Allow","Action":[{actions}],"Resource":"*"}}"#
        ))])
    };
    for actions in ["\"*\"", "\"iam:*\"", r#""iam:PutUserPolicy","iam:PutRolePolicy""#] {
        assert!(may(actions), "{actions}");
    }
    assert!(may(r#""iam:CreateRole","iam:AttachRolePolicy""#));
    for actions in
        ["\"s3:*\"", "\"iam:Get*\"", r#""iam:PutUserPolicy","iam:CreateUser""#, "\"iam:PutRolePolicy\""]
    {
        assert!(!may(actions), "{actions}");
    }
    assert!(!may_be_administrator(&[]));
    assert!(may_be_administrator(&[Attached::unreadable("p", "it could not be read")]));
}
