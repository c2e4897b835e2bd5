//! Names that nobody has heard of, and requests that no partition has: a harmless answer to them would be believed.

use orgsweep_model::facts::{IdentityProvider, IdentityProviderKind, Principal, PrincipalKind};
use orgsweep_simulator::{Denial, Options};
use serde_json::Value as Json;

use super::{DEMO, answer, ask, asked};
use crate::support::{World, options};

fn operator() -> String {
    DEMO.arn_of("operator", |_| true)
}

fn some_role() -> String {
    DEMO.arn_of("OnCall", |_| true)
}

/// The verdict stands, since a service may be newer than the list; but nobody takes it for an answer.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-services>
#[test]
fn a_misspelt_service_does_not_end_with_0() {
    let role = some_role();
    for (who, meant) in [
        ("ec3.amazonaws.com", "ec2.amazonaws.com"),
        ("ecs-task.amazonaws.com", "did you mean ecs-tasks.amazonaws.com?"),
        ("EC2.amazonaws.com", "did you mean ec2.amazonaws.com?"),
        ("stats.eu-west-1.amazonaws.com", "states.eu-west-1.amazonaws.com"),
        ("states.eu-wset-1.amazonaws.com", "did you mean states.eu-west-1.amazonaws.com?"),
        ("ec2.amazonaws.comm", "did you mean ec2.amazonaws.com?"),
        ("cognito-idenity.amazonaws.com", "did you mean cognito-identity.amazonaws.com?"),
    ] {
        let (said, json) = answer(who, "sts:AssumeRole", &role, &[]);
        assert_eq!((said.code, &json["principal_known"]), (2, &false.into()), "{who}: {json:#}");
        assert_eq!(json["answer"]["decision"], "denied", "{who}: {json:#}");
        let notes = json["notes"].to_string();
        for wanted in [meant, who, "unknown service (list of 20"] {
            assert!(notes.contains(wanted) && said.output.contains(wanted), "{who}: {wanted}: {notes}");
        }
        assert!(
            json["service_principals_date"]
                .as_str()
                .is_some_and(|day| day.starts_with("20") && day.len() == 10),
            "{json:#}"
        );
    }
    for who in [
        "ec2.amazonaws.com",
        "ecs-tasks.amazonaws.com",
        "ec2.us-east-1.amazonaws.com",
        "states.eu-west-1.amazonaws.com",
        "cognito-identity.amazonaws.com",
        "cognito-identity-us-gov.amazonaws.com",
        "444455556666",
        "*",
    ] {
        let (said, json) = answer(who, "sts:AssumeRole", &role, &[]);
        assert_eq!((said.code, &json["principal_known"]), (0, &true.into()), "{who}: {json:#}");
    }
}

/// AWS lets nobody write a trust policy that names a service that there is not.
#[test]
fn a_service_that_a_trust_policy_names_is_known() {
    let trust = |service: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"{service}"}},"Action":"sts:AssumeRole"}}]}}"#
        )
    };
    let world = World::start(Options { member_trust: Some(trust("brandnew.amazonaws.com")), ..few() });
    world.scan(&["--quiet", "--collect", "policies", "--check", "iam-root-mfa-missing"]);
    let rows: Vec<Principal> = world.rows();
    let role = rows.iter().find(|one| one.name == "OrgsweepAudit").unwrap().principal_arn.clone();
    for (who, code) in [("brandnew.amazonaws.com", 0), ("brandnw.amazonaws.com", 2)] {
        let said = ask(&world.lake(), who, "sts:AssumeRole", &role, &["--format", "json"]);
        let json: Json = serde_json::from_str(&said.output).unwrap();
        assert_eq!((said.code, &json["principal_known"]), (code, &(code == 0).into()), "{who}: {json:#}");
        assert_eq!(json["answer"]["decision"], if code == 0 { "allowed" } else { "denied" }, "{json:#}");
    }
}

/// The service that a role is passed to is one too.
#[test]
fn a_misspelt_service_in_a_condition_key_does_not_end_with_0() {
    let operator = operator();
    let role = operator.replace("user/operator", "role/app");
    let given = |value: &str| ["--context".to_owned(), format!("iam:PassedToService={value}")];
    for (value, code) in [("ecs-task.amazonaws.com", 2), ("ecs-tasks.amazonaws.com", 0)] {
        let given = given(value);
        let given: Vec<&str> = given.iter().map(String::as_str).collect();
        let (said, json) = answer(&operator, "iam:PassRole", &role, &given);
        assert_eq!(said.code, code, "{value}: {json:#}");
        let is_told = json["notes"].to_string().contains("did you mean ecs-tasks.amazonaws.com?");
        assert_eq!(is_told, code == 2, "{json:#}");
        assert_eq!(json["principal_known"], true);
    }
}

fn few() -> Options {
    Options { suspended: Some(0), refusing: Some(0), broken: Some(0), ..options(3) }
}

const WITH_PROVIDERS: [&str; 5] = ["--quiet", "--collect", "policies", "--collect", "identity_providers"];

/// An identity provider is of one account, as a user is.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers.html>
#[test]
fn a_provider_that_is_not_there_is_refused() {
    let world = World::start(Options { with_everything: true, ..few() });
    world.scan(&WITH_PROVIDERS);
    let lake = world.lake();
    let providers: Vec<IdentityProvider> = world.rows();
    let principals: Vec<Principal> = world.rows();
    for (kind, action, delete) in [
        (IdentityProviderKind::Saml, "sts:AssumeRoleWithSAML", "iam:DeleteSAMLProvider"),
        (IdentityProviderKind::Oidc, "sts:AssumeRoleWithWebIdentity", "iam:DeleteOpenIDConnectProvider"),
    ] {
        let there = providers.iter().find(|one| one.provider_kind == kind).unwrap();
        let arn = &there.provider_arn;
        let mut roles = principals.iter().filter(|one| one.principal_kind == PrincipalKind::Role);
        let role = &roles.find(|one| one.account_id == there.account_id).unwrap().principal_arn;
        let said = ask(&lake, arn, action, role, &[]);
        assert_eq!(said.code, 0, "{}{}", said.output, said.errors);
        assert!(!said.output.contains("it is unknown whether"), "{}", said.output);
        let misspelt = format!("{arn}x");
        let said = ask(&lake, &misspelt, action, role, &[]);
        assert_eq!(said.code, 3, "{misspelt}: {}", said.output);
        let wanted = format!("--principal {misspelt:?}: no such identity provider; the nearest is {arn:?}");
        assert!(said.errors.contains(&wanted), "{}", said.errors);
        // What is done to one that is not there is noted, as of users and roles.
        let notes = |on: &str| ask(&lake, role, delete, on, &[]).output;
        assert!(notes(&misspelt).contains("no such identity provider"), "{}", notes(&misspelt));
        assert!(!notes(arn).contains("no such"), "{}", notes(arn));
    }
}

/// Of what was not read it cannot be said that it is not there.
#[test]
fn a_provider_that_may_be_there_is_asked_and_noted() {
    let denied = vec![Denial { account: None, action: "iam:ListSAMLProviders".to_owned(), by_scp: false }];
    for (world, arguments, wanted) in [
        (
            World::start(few()),
            &["--quiet", "--collect", "policies", "--check", "iam-root-mfa-missing"][..],
            "was not collected: collect it with `orgsweep scan --collect identity_providers`",
        ),
        (
            World::start(Options { denied, with_everything: true, ..few() }),
            &WITH_PROVIDERS,
            "could not be read: DENIED",
        ),
    ] {
        world.scan(arguments);
        let rows: Vec<Principal> = world.rows();
        let role = rows.iter().find(|one| one.name == "OrganizationAccountAccessRole").unwrap();
        let who = format!("arn:aws:iam::{}:saml-provider/nosuch", role.account_id);
        let said = ask(&world.lake(), &who, "sts:AssumeRoleWithSAML", &role.principal_arn, &[]);
        assert_eq!(said.code, 0, "{}{}", said.output, said.errors);
        let wanted =
            format!("it is unknown whether {who} exists: identity_providers of {} {wanted}", role.account_id);
        assert!(said.output.starts_with("DENIED"), "{}", said.output);
        assert!(said.output.contains(&wanted), "{}", said.output);
    }
    // Of an account that no scan has, neither.
    let role = some_role();
    let who = "arn:aws:iam::444455556666:saml-provider/x";
    let (said, _) = answer(who, "sts:AssumeRoleWithSAML", &role, &[]);
    assert!(said.output.contains("account 444455556666 is not in the scan"), "{}", said.output);
}

/// "A partition is a group of AWS Regions. Each AWS account is scoped to one partition."
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>
#[test]
fn no_request_crosses_partitions() {
    let operator = operator();
    let account = operator[13..25].to_owned();
    let role = some_role();
    let china = operator.replace("arn:aws:", "arn:aws-cn:");
    let edge = format!("iam:PermissionsBoundary=arn:aws-us-gov:iam::{account}:policy/edge");
    for (who, action, what, more) in [
        (operator.as_str(), "iam:CreateUser", china.as_str(), &[][..]),
        (&operator, "s3:GetObject", "arn:aws-us-gov:s3:::bucket/key", &[]),
        (&operator, "iam:CreateUser", &operator.replace("arn:aws:", "arn:awss:"), &[]),
        (&china, "iam:ListUsers", "*", &[]),
        (&china, "iam:CreateUser", &china, &[]),
        ("arn:aws-cn:iam::444455556666:user/eve", "sts:AssumeRole", &role, &[]),
        ("arn:aws-cn:iam::444455556666:root", "sts:AssumeRole", &role, &[]),
        ("arn:aws-cn:sts::444455556666:assumed-role/a/b", "sts:AssumeRole", &role, &[]),
        ("arn:aws-cn:iam::444455556666:saml-provider/x", "sts:AssumeRoleWithSAML", &role, &[]),
        ("ec2.amazonaws.com.cn", "sts:AssumeRole", &role, &[]),
        ("*", "sts:AssumeRole", &role.replace("arn:aws:", "arn:aws-cn:"), &[]),
        (&operator, "iam:CreateUser", &operator, &["--context", &edge]),
    ] {
        let said = asked(who, action, what, more);
        assert_eq!(said.code, 3, "{who} {what} {more:?}: {}", said.output);
        assert!(said.output.is_empty(), "{}", said.output);
        let is_one_sentence = said.errors.trim().lines().count() == 1;
        assert!(
            is_one_sentence && said.errors.contains("requests cannot cross partitions"),
            "{}",
            said.errors
        );
    }
}

/// A key that decides nothing because nobody has it is no answer about the key that was meant.
#[test]
fn a_misspelt_condition_key_does_not_end_with_0() {
    let operator = operator();
    for (given, meant) in [
        ("aws:MultiFactorAuthPresnt=true", "did you mean aws:MultiFactorAuthPresent?"),
        ("iam:PolicyArm=x", "did you mean iam:PolicyARN?"),
        ("aws:PrincipalTags/team=x", "did you mean aws:PrincipalTag/team?"),
        ("nosuch:Key=x", "is not a known condition key"),
    ] {
        let (said, json) = answer(&operator, "iam:GetUser", &operator, &["--context", given]);
        let key = given.split('=').next().unwrap();
        assert_eq!(said.code, 2, "{given}: {}", said.output);
        assert_eq!(json["context_keys_unknown"], serde_json::json!([key]), "{json:#}");
        assert!(said.output.contains(meant) && json["notes"].to_string().contains(meant), "{json:#}");
    }
    for given in [
        "aws:MultiFactorAuthPresent=true",
        "AWS:multifactorauthpresent=true",
        "aws:SourceVpc=vpc-1",
        "ec2:InstanceType=t3.micro",
        "login.example.com/tenant:sub=x",
    ] {
        let (said, json) = answer(&operator, "iam:GetUser", &operator, &["--context", given]);
        assert_eq!(
            (said.code, &json["context_keys_unknown"]),
            (0, &serde_json::json!([])),
            "{given}: {json:#}"
        );
    }
}

/// A key may be newer than the lists: a document that was read has heard of it.
#[test]
fn a_condition_key_that_a_policy_mentions_is_known() {
    let condition = r#""Condition":{"StringEquals":{"aws:BrandNew":"a"},"StringNotEquals":{"aws:PrincipalArn":"${aws:AlsoNew}"}}"#;
    let trust = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole",{condition}}}]}}"#
    );
    let world = World::start(Options { member_trust: Some(trust), ..few() });
    world.scan(&["--quiet", "--collect", "policies", "--check", "iam-root-mfa-missing"]);
    let rows: Vec<Principal> = world.rows();
    let role = rows.iter().find(|one| one.name == "OrgsweepAudit").unwrap().principal_arn.clone();
    for (given, is_known) in
        [("aws:brandnew=a", true), ("aws:AlsoNew=a", true), ("aws:BrandNe=a", false), ("aws:AlsoNe=a", false)]
    {
        let more = ["--format", "json", "--context", given];
        let said = ask(&world.lake(), "*", "sts:AssumeRole", &role, &more);
        let json: Json = serde_json::from_str(&said.output).unwrap();
        assert_eq!(said.code, if is_known { 0 } else { 2 }, "{given}: {json:#}");
        assert_eq!(json["context_keys_unknown"].as_array().unwrap().is_empty(), is_known, "{json:#}");
    }
}
