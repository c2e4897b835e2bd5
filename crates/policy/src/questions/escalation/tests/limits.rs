//! What takes a way away, or makes it uncertain: every layer of the actor, and of the target.

use super::EscalationVerdict::{Conditional, Potential, Unknown, Yes};
use super::*;

fn world() -> World {
    let actions =
        ["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction", "iam:UpdateAssumeRolePolicy"];
    World::ann(&actions)
        .role(Someone::new(TARGET, EVERYTHING).trusting(r#"{"Service":"lambda.amazonaws.com"}"#))
}

const NO_PASSING: &str = r#"{"Effect":"Deny","Action":"iam:PassRole","Resource":"*"}"#;

fn verdicts(world: &World) -> [Option<EscalationVerdict>; 2] {
    [world.verdict("lambda-001"), world.verdict("iam-012")]
}

#[test]
fn an_explicit_deny_cuts() {
    let mut world = world();
    assert_eq!(verdicts(&world), [Some(Yes), Some(Yes)]);
    world.actor.identity.push(attached("guard", NO_PASSING));
    assert_eq!(verdicts(&world), [None, Some(Yes)]);
}

#[test]
fn a_boundary_cuts() {
    let mut world = world();
    world.actor.boundary =
        Some(attached("boundary", &allow(&["lambda:*", "iam:UpdateAssumeRolePolicy"], "*")));
    assert_eq!(verdicts(&world), [None, Some(Yes)]);
}

#[test]
fn a_session_policy_cuts() {
    let mut world = world();
    world.session = Some(vec![attached("session", &allow(&["lambda:*", "iam:UpdateAssumeRolePolicy"], "*"))]);
    assert_eq!(verdicts(&world), [None, Some(Yes)]);
}

#[test]
fn a_service_control_policy_cuts() {
    let guarded = world().control(&format!("{EVERYTHING},{NO_PASSING}"));
    assert_eq!(verdicts(&guarded), [None, Some(Yes)]);
    // Even where the trust policy names the actor.
    let no_assuming = r#"{"Effect":"Deny","Action":"sts:AssumeRole","Resource":"*"}"#;
    assert_eq!(verdicts(&world().control(&format!("{EVERYTHING},{no_assuming}"))), [Some(Yes), None]);
}

#[test]
fn a_resource_control_policy_cuts() {
    let mut world = world();
    let deny = r#"{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole","Resource":"*",
        "Condition":{"StringNotEquals":{"aws:PrincipalType":"Account"}}}"#;
    world.resource_control = vec![level(deny)];
    assert_eq!(verdicts(&world)[1], None);
}

/// A policy that is attached in vain: boundary and SCPs bind the new permissions too.
#[test]
fn what_is_gained_stays_within_the_limits() {
    let boundary = |actions: &[&str]| {
        let mut world = World::ann(&["iam:AttachUserPolicy"]);
        world.actor.boundary = Some(attached("arn:aws:iam::111122223333:policy/b", &allow(actions, "*")));
        world.rule("iam-008").map(|found| found.ways[0].gain.clone())
    };
    assert_eq!(boundary(&["iam:AttachUserPolicy"]), None);
    assert!(
        matches!(boundary(&["iam:AttachUserPolicy", "s3:*"]), Some(Gain::More { action, .. }) if action.starts_with("s3:"))
    );
    assert_eq!(boundary(&["*"]), Some(Gain::Administrator));
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html>
#[test]
fn conditions_on_the_policy_and_the_boundary_are_evaluated() {
    let ask = |condition: &str| {
        let statement = format!(
            r#"{{"Effect":"Allow","Action":"iam:AttachUserPolicy","Resource":"*","Condition":{condition}}}"#
        );
        World::of(Someone::new(ANN, &statement)).verdict("iam-008")
    };
    assert_eq!(ask(r#"{"ArnLike":{"iam:PolicyARN":"arn:aws:iam::aws:policy/*"}}"#), Some(Yes));
    assert_eq!(ask(r#"{"ArnLike":{"iam:PolicyARN":"arn:aws:iam::111122223333:policy/*"}}"#), None);
    // Another policy that is as good: https://docs.aws.amazon.com/aws-managed-policy/latest/reference/IAMFullAccess.html
    let all_but = |names: &[&str]| {
        let arns: Vec<String> = names.iter().map(|name| format!("arn:aws:iam::aws:policy/{name}")).collect();
        format!(r#"{{"ArnNotEquals":{{"iam:PolicyARN":{arns:?}}}}}"#)
    };
    assert_eq!(ask(&all_but(&["AdministratorAccess"])), Some(Yes));
    assert_eq!(ask(&all_but(&["AdministratorAccess", "IAMFullAccess"])), None);
    assert_eq!(
        ask(r#"{"StringEquals":{"iam:PermissionsBoundary":"arn:aws:iam::111122223333:policy/b"}}"#),
        None
    );
    assert_eq!(ask(r#"{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#), Some(Conditional));
}

#[test]
fn administrators_have_nothing_to_gain() {
    let world = World::of(Someone::new(ANN, EVERYTHING)).user(Someone::new(BOB, EVERYTHING));
    assert!(matches!(world.ask(), Escalations::AlreadyAdministrator(_)));
    assert!(world.ask().rules().is_empty());
}

#[test]
fn what_could_not_be_read_is_unknown_with_its_reason() {
    let mut world = world();
    world.actor.identity.push(Attached::unreadable("arn:aws:iam::111122223333:policy/x", "access denied"));
    let found = world.rule("lambda-001").unwrap();
    assert_eq!(found.verdict, Unknown);
    assert_eq!(found.ways[0].doubts[0].reason, "access denied");
    // The actor's own policies are known, the target's are not.
    let bob = Someone { identity: vec![Attached::unreadable("p", "throttled")], ..Someone::new(BOB, "") };
    let found = World::ann(&["iam:CreateAccessKey"]).user(bob).rule("iam-002").unwrap();
    assert_eq!((found.verdict, &*found.ways[0].doubts[0].reason), (Potential, "throttled"));
    assert_eq!(found.ways[0].gain, Gain::NotKnown);
    // The step is sure, whatever is gained by it.
    assert!(found.ways[0].steps.iter().all(|step| step.residual.is_none() && step.doubts.is_empty()));
}

/// AWS-managed policies and roles of IAM Identity Center cannot be changed.
#[test]
fn what_aws_manages_is_no_target() {
    let role = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_1";
    let world = World::ann(&["iam:UpdateAssumeRolePolicy"]).role(Someone::new(role, EVERYTHING));
    assert_eq!(world.verdict("iam-012"), None);
    let managed = attached("arn:aws:iam::aws:policy/Managed", &allow(&["iam:CreatePolicyVersion"], "*"));
    let world = World::of(Someone { identity: vec![managed], ..Someone::new(ANN, "") });
    assert_eq!(world.verdict("iam-001"), None);
}
