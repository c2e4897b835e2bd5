//! Questions that can be read in two ways: none is read in the way that alarms nobody.

use orgsweep_simulator::Options;
use serde_json::Value as Json;

use super::{DEMO, answer, ask, asked};
use crate::support::{World, options};

/// An organization whose audit roles have this trust. The management account is read without a role, whomever they trust.
fn trusting(statement: &str) -> World {
    let trust = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
    let world = World::start(Options {
        member_trust: Some(trust),
        suspended: Some(0),
        refusing: Some(0),
        broken: Some(0),
        ..options(3)
    });
    let said = world.scan(&["--quiet", "--collect", "policies", "--check", "iam-root-mfa-missing"]);
    assert!(matches!(said.code, 0 | 2), "{}", said.errors);
    world
}

/// Of the management account, which no resource control policy binds, or of a member.
fn audit_role(world: &World, of_management: bool) -> String {
    let rows: Vec<orgsweep_model::facts::Principal> = world.rows();
    let management = world.rows::<orgsweep_model::records::ScanRecord>()[0].management_account_id;
    let mut roles = rows.iter().filter(|one| one.name == "OrgsweepAudit");
    roles.find(|one| (one.account_id == management) == of_management).unwrap().principal_arn.clone()
}

fn decision(world: &World, who: &str) -> (i32, Json) {
    decision_on(world, who, &audit_role(world, true))
}

fn decision_on(world: &World, who: &str, role: &str) -> (i32, Json) {
    let said = ask(&world.lake(), who, "sts:AssumeRole", role, &["--format", "json"]);
    assert!(!said.output.is_empty(), "{who}: {}", said.errors);
    (said.code, serde_json::from_str(&said.output).unwrap())
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-anonymous>
#[test]
fn a_star_is_any_aws_principal_and_anonymous_is_one_without_credentials() {
    let world = trusting(r#"{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}"#);
    for who in ["*", "444455556666", "arn:aws:iam::444455556666:root", "arn:aws:iam::444455556666:user/eve"] {
        let (code, json) = decision(&world, who);
        assert_eq!((code, json["answer"]["decision"].as_str()), (0, Some("allowed")), "{who}: {json:#}");
        assert_eq!(json["side"], "role");
    }
    // A resource control policy denies strangers, and "anyone" is not only strangers.
    let member = audit_role(&world, false);
    for (who, wanted) in [("*", "allowed_if"), ("444455556666", "denied")] {
        let (_, json) = decision_on(&world, who, &member);
        assert_eq!(json["answer"]["decision"], wanted, "{who}: {json:#}");
    }
    let (code, json) = decision(&world, "anonymous");
    assert_eq!((code, json["answer"]["decision"].as_str()), (0, Some("denied")), "{json:#}");

    // Who may be anyone may also be of the organization, or have the name that is asked for.
    for (condition, wanted) in [
        (r#""StringEquals":{"aws:PrincipalOrgID":"o-l4hxspud1i"}"#, "allowed_if"),
        (r#""StringEquals":{"aws:PrincipalAccount":"444455556666"}"#, "allowed_if"),
        (r#""ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/ci-*"}"#, "allowed_if"),
        (r#""StringEquals":{"aws:PrincipalType":"User"}"#, "allowed_if"),
        (r#""Bool":{"aws:PrincipalIsAWSService":"false"}"#, "allowed"),
        (r#""Null":{"aws:SourceArn":"false"}"#, "denied"),
    ] {
        let world = trusting(&format!(
            r#"{{"Effect":"Allow","Principal":{{"AWS":"*"}},"Action":"sts:AssumeRole","Condition":{{{condition}}}}},
               {{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::111111111111:root"}},"Action":"sts:AssumeRole"}}"#
        ));
        let (_, json) = decision(&world, "*");
        assert_eq!(json["answer"]["decision"], wanted, "{condition}: {json:#}");
    }
}

#[test]
fn an_account_is_every_principal_of_it() {
    let outside = r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:root"},"Action":"sts:AssumeRole"}"#;
    let world = trusting(outside);
    for (who, wanted) in
        [("444455556666", "allowed"), ("arn:aws:iam::444455556666:root", "allowed"), ("*", "denied")]
    {
        let (_, json) = decision(&world, who);
        assert_eq!(json["answer"]["decision"], wanted, "{who}: {json:#}");
    }
    // Whom the policy names is not "anyone", and that is said.
    let (_, json) = decision(&world, "*");
    assert!(json["notes"].to_string().contains("ask about each of them by its ARN"), "{json:#}");
    // Elsewhere the root ARN is the root user.
    let root = format!("arn:aws:iam::{}:root", DEMO.management());
    let (_, json) = answer(&root, "iam:ListUsers", "*", &[]);
    assert_eq!((&json["side"], &json["answer"]["decision"]), (&"both".into(), &"allowed".into()), "{json:#}");
}

/// Whoever asks decides: there is no answer about everybody, and none is made up.
#[test]
fn what_only_a_principals_own_policies_decide_is_not_answered_for_many() {
    let account = DEMO.management();
    let user = format!("arn:aws:iam::{account}:user/x");
    for (who, action, what, wanted) in [
        ("*", "iam:CreateUser", user.as_str(), "name a principal"),
        ("*", "ec2:DescribeInstances", "*", "name a principal"),
        (&account, "iam:ListUsers", "*", "name one of its principals"),
        ("*", "sts:AssumeRole", "arn:aws:iam::444455556666:role/x", "is not in scan"),
    ] {
        let said = asked(who, action, what, &[]);
        assert_eq!(said.code, 3, "{who} {action}: {}", said.output);
        assert!(said.errors.contains(wanted), "{}", said.errors);
    }
    let (said, json) = answer("*", "s3:GetObject", "arn:aws:s3:::b/k", &["--resource-account", &account]);
    assert_eq!((said.code, &json["side"]), (2, &"resource".into()), "{json:#}");
    assert_eq!(json["if_the_resource_policy_says_nothing"]["reason"], "not allowed by the resource's policy");
    assert_eq!(answer("*", "sts:GetCallerIdentity", "*", &[]).1["answer"]["decision"], "allowed");
}

/// The verdict stands, since the action may be newer than the catalogue; but nobody takes a misspelt one for an answer.
#[test]
fn a_misspelt_action_does_not_end_with_0() {
    let operator = DEMO.arn_of("operator", |_| true);
    let (said, json) = answer(&operator, "iam:CreateUsr", &operator, &[]);
    assert_eq!((said.code, &json["action_known"]), (2, &false.into()), "{json:#}");
    assert!(
        json["catalogue_date"].as_str().is_some_and(|day| day.starts_with("20") && day.len() == 10),
        "{json:#}"
    );
    for wanted in ["catalogue of 20", "did you mean iam:CreateUser?"] {
        assert!(
            said.output.contains(wanted) && json["notes"].to_string().contains(wanted),
            "{}",
            said.output
        );
    }
    let (said, json) = answer(&operator, "iam:CreateUser", &operator, &[]);
    assert_eq!((said.code, &json["action_known"]), (0, &true.into()));
}
