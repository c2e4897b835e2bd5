//! What an answer says and carries.

use super::*;
use crate::answer::{Layer, Residual};
use crate::context::Key;
use crate::truth::Truth::{Depends, False, True};

const FROM_OFFICE: &str = r#""Condition":{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}"#;

fn with_condition(effect: &str, condition: &str) -> String {
    format!(r#"{{"Effect":"{effect}","Action":"*","Resource":"*",{condition}}}"#)
}

fn residual(world: &World) -> Residual {
    residual_of(world, "sqs:SendMessage")
}

fn residual_of(world: &World, action: &str) -> Residual {
    match world.answer(&user(), action, QUEUE).decision {
        Decision::AllowedIf(residual) => residual,
        other => panic!("{other:?}"),
    }
}

#[test]
fn allow_under_an_open_condition_is_allowed_if_it_holds() {
    let world = World::default().identity(&with_condition("Allow", FROM_OFFICE));
    let residual = residual(&world);
    assert_eq!(residual.to_string(), "IpAddress aws:SourceIp [\"203.0.113.0/24\"]");
    let term = residual.terms()[0];
    assert!(term.must_hold());
    let condition = term.condition().unwrap();
    assert_eq!((condition.operator(), condition.key()), ("IpAddress", "aws:SourceIp"));
    assert_eq!(condition.values().collect::<Vec<_>>(), ["203.0.113.0/24"]);
    assert_eq!(term.citation().to_string(), "identity, statement 1");
}

#[test]
fn deny_under_an_open_condition_is_allowed_if_it_does_not_hold_and_possibly_blocked_by_it() {
    let others = format!("{},{}", allow("ec2:*"), deny("s3:*"));
    let policy = format!("{},{},{others}", allow("*"), with_condition("Deny", FROM_OFFICE));
    let world = World::default().identity(&policy);
    let residual = residual(&world);
    assert_eq!(residual.to_string(), "not IpAddress aws:SourceIp [\"203.0.113.0/24\"]");
    assert!(!residual.terms()[0].must_hold());
    let answer = world.answer(&user(), "sqs:SendMessage", QUEUE);
    let cited: Vec<_> = answer.evidence.iter().map(|citation| citation.index).collect();
    assert_eq!(cited, [0, 1]);
}

#[test]
fn several_conditions_of_a_deny_are_avoided_by_one() {
    let condition = r#""Condition":{"Bool":{"aws:MultiFactorAuthPresent":"false"},"StringEquals":{"aws:SourceVpc":"vpc-1"}}"#;
    let world = World::default().identity(&format!("{},{}", allow("*"), with_condition("Deny", condition)));
    assert_eq!(
        residual(&world).to_string(),
        "not Bool aws:MultiFactorAuthPresent [\"false\"] or not StringEquals aws:SourceVpc [\"vpc-1\"]"
    );
}

#[test]
fn residuals_of_layers_are_joined_by_and_those_of_statements_by_or() {
    let mfa = r#""Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#;
    let world = World::default()
        .identity(&format!("{},{}", with_condition("Allow", FROM_OFFICE), with_condition("Allow", mfa)))
        .service_control(&[
            &allow("*"),
            &with_condition("Allow", r#""Condition":{"StringEquals":{"aws:RequestedRegion":"eu-west-1"}}"#),
        ]);
    let residual = residual(&world);
    assert_eq!(
        residual.to_string(),
        "StringEquals aws:RequestedRegion [\"eu-west-1\"] and (IpAddress aws:SourceIp [\"203.0.113.0/24\"] or Bool \
         aws:MultiFactorAuthPresent [\"true\"])"
    );
    let holds = |region: &str, ip: &str, mfa: &str| {
        let context = Context::complete()
            .with("aws:RequestedRegion", region)
            .with("aws:SourceIp", ip)
            .with("aws:MultiFactorAuthPresent", mfa);
        let request = Request::new(user(), "sqs:SendMessage", QUEUE, context);
        assert_eq!(residual.holds(&request), world.answer_to(&request).decision.truth());
        residual.holds(&request)
    };
    assert_eq!(holds("eu-west-1", "203.0.113.9", "false"), True);
    assert_eq!(holds("eu-west-1", "198.51.100.1", "true"), True);
    assert_eq!(holds("eu-west-1", "198.51.100.1", "false"), False);
    assert_eq!(holds("us-east-1", "203.0.113.9", "true"), False);
}

#[test]
fn alternatives_in_doubt_are_left_out_of_a_residual() {
    let doubtful = with_condition("Allow", r#""Unless":"monday""#);
    let world = World::default().identity(&format!("{doubtful},{}", with_condition("Allow", FROM_OFFICE)));
    assert_eq!(residual(&world).to_string(), "IpAddress aws:SourceIp [\"203.0.113.0/24\"]");
    let both = with_condition(
        "Allow",
        r#""Unless":"monday","Condition":{"StringEquals":{"aws:SourceVpc":"vpc-1"}}"#,
    );
    let world = World::default().identity(&format!("{both},{}", with_condition("Allow", FROM_OFFICE)));
    assert_eq!(residual(&world).to_string(), "IpAddress aws:SourceIp [\"203.0.113.0/24\"]");
}

/// What the caller chooses is open like the circumstances; the reader of the residual can distinguish them.
#[test]
fn keys_of_the_caller_are_part_of_the_residual() {
    let condition = r#""Condition":{"StringEquals":{"aws:RequestTag/team":"a"}}"#;
    let world = World::default().identity(&with_condition("Allow", condition));
    let residual = residual_of(&world, "sqs:TagQueue");
    let request = Request::new(user(), "sqs:TagQueue", QUEUE, Context::auditor());
    assert_eq!(residual.terms()[0].key_in(&request), Some(&Key::CallerChosen));
    assert_eq!(residual.by_choice(&request), True);
    let world = World::default().identity(&with_condition("Allow", FROM_OFFICE));
    assert_eq!(self::residual(&world).by_choice(&request), Depends);
}

/// A session that a user opens with `GetSessionToken` calls IAM only with multi-factor authentication, but "IAM users in the
/// AWS Management Console unknowingly use temporary credentials": so the time of issue does not imply it.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-tokenissuetime>
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-multifactorauthpresent>
#[test]
fn token_issue_time_exists_for_a_role_and_depends_for_a_user() {
    let condition = r#""Condition":{"Null":{"aws:TokenIssueTime":"false"}}"#;
    let world = World::default().identity(&with_condition("Allow", condition));
    for (action, resource) in [("sqs:SendMessage", QUEUE), ("iam:CreateAccessKey", USER)] {
        assert_eq!(world.truth(&session(), action, resource), True, "{action}");
        let Decision::AllowedIf(residual) = world.answer(&user(), action, resource).decision else {
            panic!("{action}")
        };
        assert_eq!(residual.to_string(), r#"Null aws:TokenIssueTime ["false"]"#, "{action}");
    }
}

#[test]
fn implicit_denial_names_the_layer_that_gave_nothing() {
    let answer = World::default().answer(&user(), "sqs:SendMessage", QUEUE);
    assert!(matches!(answer.decision, Decision::Denied(Denial::Implicit(Layer::Identity))));
    assert_eq!(answer.evidence.len(), 0);
    let told = |world: World| world.denial(&user(), "sqs:SendMessage", QUEUE).to_string();
    assert_eq!(told(World::default()), "not allowed by identity policies");
    assert_eq!(
        told(World::default().boundary(&deny("*"))),
        "denied by a statement of the permissions boundary"
    );
}

#[test]
fn explicit_denial_carries_policy_version_statement_and_position() {
    let text = "{\"Statement\": [\n  {\"Sid\": \"All\", \"Effect\": \"Allow\", \"Action\": \"*\", \"Resource\": \"*\"},\n  \
                {\"Sid\": \"No\", \"Effect\": \"Deny\", \"Action\": \"sqs:*\", \"Resource\": \"*\"}]}";
    let policy = Attached::new("arn:aws:iam::111122223333:policy/p", Arc::new(Policy::parse(text).unwrap()));
    let world = World::default().identity_policy(policy.in_version("v2"));
    let answer = world.answer(&user(), "sqs:SendMessage", QUEUE);
    assert!(matches!(answer.decision, Decision::Denied(Denial::Explicit(Layer::Identity))));
    let citation = &answer.evidence[0];
    assert_eq!(citation.to_string(), "arn:aws:iam::111122223333:policy/p v2, statement 2 (No)");
    assert_eq!(citation.statement().unwrap().position().to_string(), "line 3 column 3");
}

#[test]
fn allowed_carries_the_allow_of_every_layer() {
    let world = World::default()
        .identity(&allow("sqs:*"))
        .boundary(&allow("*"))
        .service_control(&[&allow("*"), &allow("*")]);
    // The account's own policy names the account; what allows something else is no evidence.
    let world = world.resource(&allow_to(HOME)).identity(&allow("ec2:*"));
    let answer = world.answer(&user(), "sqs:SendMessage", QUEUE);
    let layers: Vec<_> = answer.evidence.iter().map(|citation| citation.layer).collect();
    let (root, account) = (Layer::ServiceControl(0), Layer::ServiceControl(1));
    assert_eq!(layers, [root, account, Layer::Resource, Layer::Identity, Layer::Boundary]);
}

#[test]
fn trace_tells_what_each_layer_says() {
    let world = World::default()
        .service_control(&[&allow("*"), &format!("{},{}", allow("*"), with_condition("Deny", FROM_OFFICE))])
        .identity(&format!("{},{}", allow("ec2:*"), deny("sqs:*")))
        .boundary(&with_condition("Allow", FROM_OFFICE));
    let request = Request::new(user(), "sqs:SendMessage", QUEUE, Context::auditor());
    let steps = crate::trace(&request, &world.layers());
    let seen: Vec<_> =
        steps.iter().map(|step| (step.layer, step.allows, step.denies, step.statements.len())).collect();
    assert_eq!(
        seen,
        [
            (Layer::ServiceControl(0), True, False, 1),
            (Layer::ServiceControl(1), True, Depends, 2),
            (Layer::Resource, False, False, 0),
            (Layer::Identity, False, True, 1),
            (Layer::Boundary, Depends, False, 1),
        ]
    );
}

/// A session's name is the choice of the principal that assumes the role.
#[test]
fn role_without_a_session_depends_on_the_name_where_a_session_is_named() {
    let role = Principal::iam(ROLE).unwrap();
    let world = World::default().resource(&allow_to(SESSION));
    let answer = world.answer(&role, "sqs:SendMessage", QUEUE);
    let Decision::AllowedIf(residual) = &answer.decision else { panic!("{answer:?}") };
    assert_eq!(residual.to_string(), "the principal of resource, statement 1");
    for (name, wanted) in [("s", True), ("t", False)] {
        let request =
            Request::new(role.clone().in_session(name), "sqs:SendMessage", QUEUE, Context::auditor());
        assert_eq!(residual.holds(&request), wanted);
        assert_eq!(decide(&request, &world.layers()), wanted);
    }
}
