//! What is seen for sure by a look is what the evaluation allows, and what limits a request is not overlooked.

use super::*;
use crate::evaluate::decide;
use crate::questions::escalation::sure;
use crate::request::Request;
use crate::truth::Truth;

const QUEUE: &str = "arn:aws:sqs:eu-west-1:111122223333:ann";

fn level(statements: &str) -> Level {
    Level { id: "r-1".into(), policies: vec![attached("guard", statements)] }
}

/// Whether it is seen, and what the evaluation says.
fn seen(principal: &str, layers: &Layers<'_>) -> (bool, Truth) {
    seen_in(&Context::auditor(), principal, layers, ("sqs:SendMessage", QUEUE))
}

fn seen_in(
    context: &Context,
    principal: &str,
    layers: &Layers<'_>,
    (action, resource): (&str, &str),
) -> (bool, Truth) {
    let principal = Principal::iam(principal).unwrap_or_else(|_| Principal::service(principal));
    let start = Request::new(principal.clone(), "", "*", context.clone());
    let start = start.owned_by("111122223333").supposing_own();
    let lower = action.to_ascii_lowercase();
    let allowing = sure::allowing(&principal, layers, &lower);
    let seen = sure::has(&allowing, resource, start.context());
    assert_eq!(seen, sure::allows(&principal, layers, &lower, resource, start.context()));
    (seen, decide(&start.instead(action, resource), layers))
}

fn of_identity(statements: &str) -> (bool, Truth) {
    seen(ANN, &Layers { identity: &[attached("inline", statements)], ..Layers::default() })
}

#[test]
fn an_allow_that_hangs_on_nothing_is_seen() {
    for resource in ["*", QUEUE, "arn:aws:sqs:*:*:a*", "arn:aws:sqs:*:*:${aws:username}"] {
        for action in ["sqs:SendMessage", "SQS:send*", "*"] {
            assert_eq!(of_identity(&allow(&[action], resource)), (true, Truth::True), "{action} {resource}");
        }
    }
    // What is denied of other actions says nothing.
    let others = r#"{"Effect":"Deny","Action":"sqs:DeleteQueue","Resource":"*"}"#;
    assert_eq!(of_identity(&format!("{EVERYTHING},{others}")), (true, Truth::True));
}

#[test]
fn what_hangs_on_something_is_left_to_the_evaluation() {
    let with = |more: &str| format!(r#"{{"Effect":"Allow","Action":"sqs:*","Resource":"*"{more}}}"#);
    let spared = |deny: &str| format!("{EVERYTHING},{deny}");
    for statements in [
        allow(&["sns:*"], "*"),
        allow(&["sqs:*"], "arn:aws:sqs:*:*:bob"),
        allow(&["sqs:*"], "arn:aws:sqs:*:*:${aws:userid}"),
        with(r#","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#),
        with(r#","Principal":"*""#),
        with(r#","Unheard":1"#),
        r#"{"Effect":"Allow","Action":"sqs:*"}"#.to_owned(),
        r#"{"Effect":"Deny","Action":"sqs:*","Resource":"*"}"#.to_owned(),
        r#"{"Effect":"Permit","Action":"sqs:*","Resource":"*"}"#.to_owned(),
        spared(r#"{"Effect":"Deny","Action":"sqs:*","Resource":"*"}"#),
        spared(r#"{"Effect":"Deny","NotAction":"iam:*","Resource":"arn:aws:sqs:*:*:ann"}"#),
        spared(r#"{"Effect":"Permit","Action":"sqs:*","Resource":"*"}"#),
    ] {
        let (seen, truth) = of_identity(&statements);
        assert!(!seen && truth != Truth::True, "{statements}: {truth:?}");
    }
}

/// Where the start of a request has no region and IAM's has one, a default is no value.
#[test]
fn a_variable_that_hangs_on_the_request_is_left_to_the_evaluation() {
    let user = |name: &str| format!("arn:aws:iam::111122223333:user/{name}");
    let variable = user("${aws:RequestedRegion, 'ann'}");
    let spared = format!(r#"{{"Effect":"Allow","Action":"*","NotResource":"{variable}"}}"#);
    for (statements, resource) in [(allow(&["iam:*"], &variable), "ann"), (spared, "us-east-1")] {
        let layers = Layers { identity: &[attached("inline", &statements)], ..Layers::default() };
        let asked = ("iam:GetUser", &*user(resource));
        assert_eq!(seen_in(&Context::complete(), ANN, &layers, asked), (false, Truth::False), "{statements}");
    }
}

#[test]
fn whom_identity_policies_do_not_bind_they_allow_nothing() {
    let layers = Layers { identity: &[attached("inline", EVERYTHING)], ..Layers::default() };
    assert_eq!(seen("lambda.amazonaws.com", &layers), (false, Truth::False));
}

#[test]
fn every_layer_that_limits_is_looked_at() {
    let everything = [attached("everything", EVERYTHING)];
    let nothing = [attached("other", &allow(&["sns:*"], "*"))];
    let but = format!(r#"{EVERYTHING},{{"Effect":"Deny","Action":"sqs:*","Resource":"*"}}"#);
    let denying = [attached("but", &but)];
    let layers = Layers { identity: &everything, ..Layers::default() };
    let everywhere = [level(EVERYTHING)];
    let within = Layers {
        boundary: everything.first(),
        session: Some(&everything),
        service_control: Guardrails::InForce(&everywhere),
        ..layers
    };
    let control = r#"{"Effect":"Deny","Principal":"*","Action":"sqs:*","Resource":"*"}"#;
    let (narrow, denied, guarded) = (
        [level(EVERYTHING), level(&allow(&["sns:*"], "*"))],
        [level(EVERYTHING), level(&but)],
        [level(control)],
    );
    let no_level: [Level; 0] = [];
    for principal in [ANN, CI] {
        assert_eq!(seen(principal, &within), (true, Truth::True));
        for limited in [
            Layers { boundary: nothing.first(), ..within },
            Layers { boundary: denying.first(), ..within },
            Layers { session: Some(&nothing), ..within },
            Layers { session: Some(&denying), ..within },
            Layers { session: Some(&[]), ..within },
            Layers { service_control: Guardrails::InForce(&narrow), ..within },
            Layers { service_control: Guardrails::InForce(&denied), ..within },
            Layers { service_control: Guardrails::InForce(&no_level), ..within },
            Layers { resource_control: Guardrails::InForce(&guarded), ..within },
            Layers { endpoint: nothing.first(), ..within },
        ] {
            let (seen, truth) = seen(principal, &limited);
            assert!(!seen && truth != Truth::True, "{limited:?}: {truth:?}");
        }
    }
}
