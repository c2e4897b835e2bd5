//! A policy document and a request: printed as it was read, decided in one way however it is asked.

use std::sync::Arc;

use orgsweep_policy::{
    Attached, Context, Decision, Guardrails, Layers, Level, Policy, Principal, Request, Truth, administrator,
    capabilities, decide, doors, evaluate, trace,
};

/// The longest document that an identity can have, bytes.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
const LONGEST: usize = 10_240;
const ROLE: &str = "arn:aws:iam::111122223333:role/path/ci";

/// The bytes as a document, an action, a resource, and pairs of a condition key and its value, each ended by a zero byte.
pub fn holds(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let mut parts = text.split('\0');
    let mut next = || parts.next().unwrap_or_default();
    let (document, action, resource) = (next(), next(), next());
    let rest: Vec<&str> = parts.collect();
    // One that knows nothing else, and one that supposes.
    let contexts = [Context::complete(), Context::auditor()].map(|context| {
        rest.chunks(2).fold(context, |context, pair| match *pair {
            [key, value] => context.with(key, value),
            _ => context,
        })
    });
    match Policy::parse(document) {
        Err(error) => assert!(error.position().offset <= document.len(), "{error}"),
        Ok(policy) => {
            is_printed_as_it_was_read(&policy);
            let policy = Attached::new("fuzzed", Arc::new(policy));
            for context in contexts {
                is_decided(&policy, action, resource, &context);
            }
        }
    }
}

/// What is printed reads the same, and prints the same.
pub fn is_printed_as_it_was_read(policy: &Policy) {
    let printed = policy.to_string();
    let again = Policy::parse(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"));
    assert_eq!(again.to_string(), printed);
    assert_eq!(again.version(), policy.version());
    assert_eq!(again.statements().len(), policy.statements().len());
    for (one, other) in policy.statements().iter().zip(again.statements()) {
        assert_eq!((one.sid(), one.effect()), (other.sid(), other.effect()));
        assert!(one.doubts().eq(other.doubts()));
    }
}

fn is_decided(policy: &Attached, action: &str, resource: &str, context: &Context) {
    let everything = everything();
    let both = [everything.clone(), policy.clone()];
    let only = std::slice::from_ref(policy);
    let level = |policies: &[Attached]| [Level { id: "r-1".into(), policies: policies.to_vec() }];
    let levels = level(only);
    let wide = Layers { identity: std::slice::from_ref(&everything), ..Layers::default() };
    let arrangements = [
        Layers { identity: only, ..Layers::default() },
        Layers { identity: &both, ..Layers::default() },
        Layers { resource: only, ..wide },
        Layers { boundary: Some(policy), ..wide },
        Layers { session: Some(only), ..wide },
        Layers { endpoint: Some(policy), ..wide },
        Layers { service_control: Guardrails::InForce(&levels), ..wide },
        Layers { resource_control: Guardrails::InForce(&levels), ..wide },
    ];
    for principal in principals() {
        let request = Request::new(principal.clone(), action, resource, context.clone());
        for layers in &arrangements {
            let truth = is_answered(&request, layers);
            // A boundary more takes away or does nothing.
            if layers.boundary.is_none() {
                assert!(decide(&request, &Layers { boundary: Some(policy), ..*layers }) <= truth);
            }
        }
        let _ = administrator(&principal, context.clone(), &arrangements[0]);
        // It asks about each pattern by itself: quadratic, and no identity's document is longer.
        if policy.policy.to_string().len() > LONGEST {
            continue;
        }
        for capability in capabilities(&principal, context.clone(), &arrangements[0], &[action]) {
            assert!(!capability.reaches.is_empty() && capability.everywhere() <= capability.anywhere());
        }
    }
    for door in doors(ROLE, policy, Guardrails::NoOrganization, None) {
        assert!(door.statement < policy.policy.statements().len());
    }
}

/// With and without reasons it is the same answer, and one that is open says what it hangs on.
fn is_answered(request: &Request, layers: &Layers<'_>) -> Truth {
    let answer = evaluate(request, layers);
    let truth = decide(request, layers);
    assert_eq!(answer.decision.truth(), truth);
    match &answer.decision {
        Decision::AllowedIf(residual) => {
            assert!(!residual.terms().is_empty() && !residual.to_string().is_empty());
            assert_eq!(residual.holds(request), Truth::Depends);
        }
        Decision::Unknown(doubts) => assert!(!doubts.is_empty()),
        Decision::Allowed | Decision::Denied(_) => {}
    }
    for step in trace(request, layers) {
        assert!(step.statements.iter().all(|(citation, _)| citation.statement().is_some()));
    }
    truth
}

fn principals() -> [Principal; 3] {
    let role = Principal::iam(ROLE).unwrap();
    [
        Principal::iam("arn:aws:iam::111122223333:user/team/ann").unwrap(),
        role.in_session("build-7"),
        Principal::service("sns.amazonaws.com"),
    ]
}

fn everything() -> Attached {
    let text = r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    Attached::new("everything", Arc::new(Policy::parse(text).unwrap()))
}
