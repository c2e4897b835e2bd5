//! Workloads and secrets of other accounts, on which the actor acts directly.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html>
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html>

use super::EscalationVerdict::{Potential, Speculative, Unknown};
use super::*;

const THERE: &str = "444455556666";
const JOB: &str = "arn:aws:iam::444455556666:role/job";
const FUNCTION: &str = "arn:aws:lambda:us-east-1:444455556666:function:f";

/// Ann with these statements, and a role of another account that services trust.
fn beside(statements: &str) -> World {
    let services = r#"{"Service":["lambda.amazonaws.com","ec2.amazonaws.com","ecs-tasks.amazonaws.com",
        "codebuild.amazonaws.com"]}"#;
    World::of(Someone::new(ANN, statements)).role(Someone::new(JOB, EVERYTHING).trusting(services))
}

fn told(world: &World, rule: &str) -> Option<(EscalationVerdict, Option<String>, Vec<String>)> {
    let found = world.rule(rule)?;
    let way = found.ways.first()?;
    Some((found.verdict, way.gained_from().map(str::to_owned), way.missing.clone()))
}

/// What the function's own policy says is not known: it may let the actor in.
#[test]
fn another_accounts_workload_is_potential() {
    for resource in [FUNCTION, "*", "arn:aws:lambda:*:*:function:*", "arn:aws:lambda:*:444455556666:*"] {
        let world = beside(&allow(&["lambda:UpdateFunctionCode"], resource));
        let (verdict, gained, missing) = told(&world, "lambda-003").unwrap_or_else(|| panic!("{resource}"));
        assert_eq!((verdict, gained.as_deref()), (Potential, Some(JOB)), "{resource}");
        assert!(
            missing.iter().any(|what| what.contains(THERE) && what.contains("of another account")),
            "{resource}: {missing:?}"
        );
        let steps = &world.rule("lambda-003").unwrap().ways[0].steps;
        assert!(steps.iter().any(|step| step.resource.contains(THERE)), "{steps:?}");
    }
    let builds = beside(&allow(&["codebuild:StartBuild"], "arn:aws:codebuild:*:444455556666:project/*"));
    assert_eq!(builds.verdict("codebuild-002"), Some(Potential));
}

/// A function here does not carry a role from there, nor one there a role from here.
#[test]
fn a_workload_carries_a_role_of_its_own_account() {
    let here = beside(&allow(&["lambda:UpdateFunctionCode"], "arn:aws:lambda:*:111122223333:function:*"));
    assert_eq!(here.verdict("lambda-003"), None);
    let third = beside(&allow(&["lambda:UpdateFunctionCode"], "arn:aws:lambda:*:777788889999:function:*"));
    assert_eq!(third.verdict("lambda-003"), None);
    let own = Someone::new(TARGET, EVERYTHING).trusting(r#"{"Service":"lambda.amazonaws.com"}"#);
    let world =
        World::of(Someone::new(ANN, &allow(&["lambda:UpdateFunctionCode"], FUNCTION))).role(own.clone());
    assert_eq!(world.verdict("lambda-003"), None);
    let both = beside(&allow(&["lambda:UpdateFunctionCode"], "*")).role(own);
    let mut gained: Vec<_> = both.rule("lambda-003").unwrap().ways;
    gained.sort_by_key(|way| way.missing.len());
    let gained: Vec<_> = gained.iter().map(|way| (way.gained_from(), way.missing.len())).collect();
    assert_eq!(gained, [(Some(TARGET), 0), (Some(JOB), 1)]);
}

/// Whatever the policy there says, one's own side must allow it.
#[test]
fn ones_own_side_decides_as_far_as_it_is_known() {
    let update = allow(&["lambda:UpdateFunctionCode"], "*");
    for limit in [
        format!(
            r#"{{"Effect":"Deny","Action":"lambda:*","Resource":"{FUNCTION}"}},
            {{"Effect":"Deny","Action":"lambda:*","Resource":"arn:aws:lambda:*:444455556666:*"}}"#
        ),
        r#"{"Effect":"Deny","Action":"*","Resource":"*","Condition":
            {"StringNotEquals":{"aws:ResourceAccount":"111122223333"}}}"#
            .to_owned(),
    ] {
        assert_eq!(beside(&format!("{update},{limit}")).verdict("lambda-003"), None, "{limit}");
    }
    let mut unread = beside("");
    unread.actor.identity = vec![Attached::unreadable("inline", "it was not read")];
    assert_eq!(unread.verdict("lambda-003"), Some(Unknown));
    let from_office = r#"{"Effect":"Allow","Action":"lambda:UpdateFunctionCode","Resource":"*",
        "Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}}"#;
    let way = beside(from_office).rule("lambda-003").unwrap().ways.remove(0);
    assert_eq!(way.verdict, Potential);
    assert!(way.steps.iter().any(|step| step.residual.is_some()), "{way:?}");
}

/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>: they bind the resources of the
/// accounts to which they are attached.
#[test]
fn resource_control_policies_of_the_other_account_bind_what_is_there() {
    let secret = "arn:aws:secretsmanager:us-east-1:444455556666:secret:s-AbCdEf";
    let mut world = beside(&allow(&["secretsmanager:GetSecretValue"], secret));
    assert_eq!(world.verdict("x-secrets-001"), Some(Speculative));
    world.resource_control.push(level(
        r#"{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*",
            "Condition":{"StringNotEquals":{"aws:PrincipalAccount":"444455556666"}}}"#,
    ));
    assert_eq!(world.verdict("x-secrets-001"), None);
}

/// Of a service without policies of resources, and of EC2's instances whatever the service that acts on them, nothing can be
/// let in from another account.
#[test]
fn what_has_no_policy_of_its_own_stays_denied() {
    for (actions, resource, rule) in [
        (&["ecs:ExecuteCommand", "ecs:DescribeTasks"][..], "*", "ecs-006"),
        (&["ec2:ModifyInstanceAttribute", "ec2:StopInstances", "ec2:StartInstances"], "*", "ec2-002"),
        (&["ssm:SendCommand"], "arn:aws:ec2:*:444455556666:instance/*", "ssm-002"),
        (&["ssm:StartSession"], "arn:aws:ec2:*:444455556666:instance/*", "ssm-001"),
    ] {
        assert_eq!(beside(&allow(actions, resource)).verdict(rule), None, "{rule}");
    }
}

/// A secret and a key have policies; what they are good for is not determined by any.
#[test]
fn another_accounts_secret_and_key() {
    for (action, resource, rule) in [
        (
            "secretsmanager:GetSecretValue",
            "arn:aws:secretsmanager:us-east-1:444455556666:secret:s-AbCdEf",
            "x-secrets-001",
        ),
        ("ssm:GetParameter", "arn:aws:ssm:us-east-1:444455556666:parameter/p", "x-secrets-001"),
        ("kms:PutKeyPolicy", "arn:aws:kms:us-east-1:444455556666:key/k", "x-kms-001"),
    ] {
        let world = World::of(Someone::new(ANN, &allow(&[action], resource)));
        let (verdict, _, missing) = told(&world, rule).unwrap_or_else(|| panic!("{action}"));
        assert_eq!(verdict, Speculative, "{action}");
        assert!(missing.iter().any(|what| what.contains(resource)), "{action}: {missing:?}");
        // A resource of its own account needs no permission from another.
        let own = World::of(Someone::new(ANN, &allow(&[action], "*")));
        assert_eq!(told(&own, rule).map(|found| found.2), Some(Vec::new()), "{action}");
    }
}

/// An administrator has still to gain what is in other accounts.
#[test]
fn an_administrators_workloads_in_other_accounts() {
    let Escalations::AlreadyAdministrator(rules) = beside(EVERYTHING).ask() else {
        panic!("no administrator")
    };
    let lambda = rules.iter().find(|found| found.rule == "lambda-003").map(|found| found.verdict);
    assert_eq!(lambda, Some(Potential), "{:?}", rules.iter().map(|found| found.rule).collect::<Vec<_>>());
}
