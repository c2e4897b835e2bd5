//! Whom an action is about, and what it is worth.

use super::EscalationVerdict::{Conditional, Potential, Unknown, Yes};
use super::*;

fn lambda_role() -> Someone {
    Someone::new(TARGET, EVERYTHING).trusting(r#"{"Service":"lambda.amazonaws.com"}"#)
}

const LAMBDA: [&str; 3] = ["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"];

#[test]
fn the_role_must_trust_the_service() {
    assert_eq!(World::ann(&LAMBDA).role(lambda_role()).verdict("lambda-001"), Some(Yes));
    let other = Someone::new(TARGET, EVERYTHING).trusting(r#"{"Service":"ec2.amazonaws.com"}"#);
    assert_eq!(World::ann(&LAMBDA).role(other).verdict("lambda-001"), None);
    let mut guarded = lambda_role();
    guarded.trust = vec![attached(
        "trust",
        r#"{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole",
            "Condition":{"StringEquals":{"aws:SourceAccount":"444455556666"}}}"#,
    )];
    assert_eq!(World::ann(&LAMBDA).role(guarded).verdict("lambda-001"), None);
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html>
#[test]
fn passed_to_service_is_the_service_of_the_rule() {
    for (service, lambda, batch) in
        [("lambda.amazonaws.com", Some(Yes), None), ("ec2.amazonaws.com", None, None), ("*", Some(Yes), None)]
    {
        let mut world = World::ann(&LAMBDA[1..]).role(lambda_role());
        let pass = format!(
            r#"{{"Effect":"Allow","Action":"iam:PassRole","Resource":"*",
                "Condition":{{"StringLike":{{"iam:PassedToService":"{service}"}}}}}}"#
        );
        world.actor.identity.push(attached("pass", &pass));
        assert_eq!((world.verdict("lambda-001"), world.verdict("batch-001")), (lambda, batch), "{service}");
    }
}

/// Which service IAM sees is not confirmed where one passes the role on for another.
#[test]
fn unconfirmed_passed_to_service_is_a_residual() {
    let actions = r#"["elasticbeanstalk:CreateApplication","elasticbeanstalk:CreateApplicationVersion","elasticbeanstalk:CreateEnvironment"]"#;
    let statements = format!(
        r#"{{"Effect":"Allow","Action":{actions},"Resource":"*"}},
           {{"Effect":"Allow","Action":"iam:PassRole","Resource":"*",
            "Condition":{{"StringEquals":{{"iam:PassedToService":"elasticbeanstalk.amazonaws.com"}}}}}}"#
    );
    let role = Someone::new(TARGET, EVERYTHING).trusting(r#"{"Service":"ec2.amazonaws.com"}"#);
    let found = World::of(Someone::new(ANN, &statements)).role(role).rule("x-elasticbeanstalk-001").unwrap();
    assert_eq!(found.verdict, Conditional);
    let pass = found.ways[0].steps.iter().find(|step| step.action == "iam:PassRole").unwrap();
    assert!(pass.residual.as_ref().unwrap().to_string().contains("iam:PassedToService"));
}

#[test]
fn pass_role_is_asked_for_the_very_role() {
    let mut world = World::ann(&LAMBDA[1..]).role(lambda_role());
    world
        .actor
        .identity
        .push(attached("pass", &allow(&["iam:PassRole"], "arn:aws:iam::111122223333:role/dev-*")));
    assert_eq!(world.verdict("lambda-001"), None);
    let mut dev = lambda_role();
    dev.arn = "arn:aws:iam::111122223333:role/dev-1".to_owned();
    let found = world.role(dev.clone()).rule("lambda-001").unwrap();
    assert_eq!((found.count, found.ways[0].target.as_deref()), (1, Some(&*dev.arn)));
}

#[test]
fn actions_of_one_workload_must_be_allowed_on_one() {
    let ask = |create: &str, invoke: &str| {
        let mut world = World::ann(&["iam:PassRole"]).role(lambda_role());
        let on = |action: &str, name: &str| {
            allow(&[action], &format!("arn:aws:lambda:us-east-1:111122223333:function:{name}"))
        };
        let statements = [on("lambda:CreateFunction", create), on("lambda:InvokeFunction", invoke)].join(",");
        world.actor.identity.push(attached("lambda", &statements));
        world.verdict("lambda-001")
    };
    assert_eq!(ask("dev-*", "dev-*"), Some(Yes));
    assert_eq!(ask("dev-*", "*"), Some(Yes));
    assert_eq!(ask("*", "prod"), Some(Yes));
    assert_eq!(ask("dev-*", "*-blue"), Some(Yes));
    assert_eq!(ask("dev-*", "prod-*"), None);
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
#[test]
fn resources_with_a_variable_are_asked_for() {
    let ask = |variable: &str| {
        let mut world = World::ann(&["iam:PassRole"]).role(lambda_role());
        let own = format!("arn:aws:lambda:*:*:function:{variable}-*");
        world.actor.identity.push(attached("own", &allow(&["lambda:*"], &own)));
        world.verdict("lambda-001")
    };
    assert_eq!(ask("${aws:username}"), Some(Yes));
    assert_eq!(ask("${aws:PrincipalTag/open}"), Some(Conditional));
    assert_eq!(ask("${aws:PrincipalTag/team}"), Some(Unknown));
    assert_eq!(ask("${aws:PrincipalServiceName}"), None);
}

#[test]
fn nobody_gains_from_itself() {
    let own_key =
        r#"{"Effect":"Allow","Action":"iam:*AccessKey*","Resource":"arn:aws:iam::*:user/${aws:username}"}"#;
    let world = World::of(Someone::new(ANN, own_key)).user(Someone::new(ANN, own_key));
    assert!(world.ask().rules().is_empty(), "{:?}", world.ask());
    let role = Someone::new(CI, &allow(&["iam:UpdateAssumeRolePolicy", "sts:AssumeRole"], CI));
    let world = World::of(role.clone()).role(role.trusting(r#"{"AWS":"111122223333"}"#));
    assert!(world.ask().rules().is_empty(), "{:?}", world.ask());
}

#[test]
fn a_role_has_no_ways_of_a_user_and_a_user_none_of_a_role() {
    let on_users = allow(&["iam:PutUserPolicy", "iam:AttachUserPolicy", "iam:AddUserToGroup"], "*");
    // On every role it would be an administrator.
    let on_one = allow(&["iam:PutRolePolicy"], CI);
    let ids = |arn: &str| {
        let world = World::of(Someone::new(arn, &format!("{on_users},{on_one}")));
        world.ask().rules().iter().map(|found| found.rule).collect::<Vec<_>>()
    };
    assert_eq!(ids(ANN), ["iam-007", "iam-008"]);
    assert_eq!(ids(CI), ["iam-005"]);
}

/// A target that may do no more than the actor is none.
#[test]
fn what_is_gained_is_what_the_actor_has_not() {
    let mut world = World::ann(&["iam:CreateAccessKey", "s3:*"]);
    world = world.user(Someone::new(BOB, &allow(&["s3:Get*"], "arn:aws:s3:::b/*")));
    assert_eq!(world.verdict("iam-002"), None);
    world.users = Some(vec![Someone::new(BOB, &allow(&["s3:Get*", "sqs:*"], "*"))]);
    let found = world.rule("iam-002").unwrap();
    let Gain::More { action, .. } = &found.ways[0].gain else { panic!("{found:?}") };
    assert!(action.starts_with("sqs:"), "{action}");
    world.users = Some(vec![Someone::new(BOB, EVERYTHING)]);
    assert_eq!(world.rule("iam-002").unwrap().ways[0].gain, Gain::Administrator);
}

/// Exactly the versions that grant more than the one in force.
#[test]
fn set_default_policy_version_is_decided_from_the_stored_versions() {
    let arn = "arn:aws:iam::111122223333:policy/own";
    let now = allow(&["iam:SetDefaultPolicyVersion", "s3:Get*"], "*");
    let mut world = World::of(Someone { identity: vec![attached(arn, &now)], ..Someone::new(ANN, "") });
    let store = |versions: &[(&str, &str)]| {
        let stored = versions.iter().map(|(name, text)| (Arc::from(*name), policy(text))).collect();
        vec![(arn.to_owned(), Some(stored))]
    };
    world.policies = store(&[("v1", &now), ("v2", &allow(&["s3:GetObject"], "*"))]);
    assert_eq!(world.verdict("x-iam-001"), None);
    let more = allow(&["s3:*"], "*");
    world.policies =
        store(&[("v1", &now), ("v2", &more), ("v3", EVERYTHING), ("v4", &allow(&["s3:GetO*"], "*"))]);
    let found = world.rule("x-iam-001").unwrap();
    let versions: Vec<_> = found.ways.iter().map(|way| (way.version.as_deref(), &way.gain)).collect();
    assert_eq!(found.count, 2);
    assert!(
        matches!(versions[..], [(Some("v3"), Gain::Administrator), (Some("v2"), Gain::More { .. })]),
        "{versions:?}"
    );
    // The version in force denies what another does not.
    let denies = format!(r#"{now},{{"Effect":"Deny","Action":"s3:Get*","Resource":"arn:aws:s3:::secret"}}"#);
    world.actor.identity = vec![attached(arn, &denies)];
    world.policies = store(&[("v1", &denies), ("v2", &now)]);
    assert_eq!(world.rule("x-iam-001").unwrap().ways[0].version.as_deref(), Some("v2"));
    world.policies = vec![(arn.to_owned(), None)];
    assert_eq!(
        world.rule("x-iam-001").map(|found| (found.verdict, found.ways[0].missing.clone())),
        Some((Potential, vec!["the stored versions of the policy".to_owned()]))
    );
}

/// A policy holds five versions.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-versioning.html>
#[test]
fn a_sixth_version_needs_one_to_be_deleted() {
    let arn = "arn:aws:iam::111122223333:policy/own";
    let ask = |actions: &[&str], versions: usize| {
        let statements = allow(actions, "*");
        let mut world =
            World::of(Someone { identity: vec![attached(arn, &statements)], ..Someone::new(ANN, "") });
        let stored = (1..=versions).map(|n| (Arc::from(format!("v{n}")), policy(&statements)));
        world.policies = vec![(arn.to_owned(), Some(stored.collect()))];
        world.verdict("iam-001")
    };
    assert_eq!(ask(&["iam:CreatePolicyVersion"], 4), Some(Yes));
    assert_eq!(ask(&["iam:CreatePolicyVersion"], 5), None);
    assert_eq!(ask(&["iam:CreatePolicyVersion", "iam:DeletePolicyVersion"], 5), Some(Yes));
}

#[test]
fn what_the_inventory_does_not_say_is_potential() {
    let key = ["iam:CreateAccessKey", "iam:DeleteAccessKey"];
    let mut world = World::ann(&key).user(Someone::new(BOB, EVERYTHING));
    world.access_keys = None;
    let found = world.rule("iam-002").unwrap();
    assert_eq!((found.verdict, &*found.ways[0].missing[0]), (Potential, "how many access keys the user has"));
    assert_eq!(world.verdict("iam-003"), Some(Potential));
    world.users = None;
    let found = world.rule("iam-002").unwrap();
    assert_eq!(
        (found.verdict, &*found.ways[0].missing[0], &found.ways[0].target),
        (Potential, "the users of the account", &None)
    );
    let mut world = World::ann(&LAMBDA);
    world.roles = None;
    assert_eq!(world.verdict("lambda-001"), Some(Potential));
    let mut world = World::ann(&["iam:PassRole", "ec2:RunInstances"])
        .role(Someone::new(TARGET, EVERYTHING).trusting(r#"{"Service":"ec2.amazonaws.com"}"#));
    world.instance_profile = None;
    assert_eq!(world.verdict("ec2-001"), Some(Potential));
    world.instance_profile = Some(false);
    assert_eq!(world.verdict("ec2-001"), None);
}

#[test]
fn ways_are_counted_and_a_bounded_number_is_told() {
    let mut world = World::ann(&["iam:CreateAccessKey"]);
    for number in 0..20 {
        world = world.user(Someone::new(&format!("{BOB}{number}"), EVERYTHING));
    }
    let found = world.rule("iam-002").unwrap();
    assert_eq!((found.count, found.ways.len()), (20, Escalation::MOST_WAYS));
}
