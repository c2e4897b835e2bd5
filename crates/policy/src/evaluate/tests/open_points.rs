//! What AWS does not document, and was not captured: the answer is unknown.

use super::*;
use crate::truth::Truth::{False, Unknown};

fn under_condition(condition: &str, context: Context) -> Truth {
    let statement =
        format!(r#"{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{{{condition}}}}}"#);
    let world = World::default().identity(&statement);
    world.answer_to(&Request::new(user(), "sqs:TagQueue", QUEUE, context)).decision.truth()
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>
#[test]
fn not_principal_with_an_account_entry() {
    let statement =
        format!(r#"{{"Effect":"Deny","NotPrincipal":{{"AWS":"{HOME}"}},"Action":"*","Resource":"*"}}"#);
    let world = World::default().identity(&allow("*")).resource(&statement);
    let Decision::Unknown(doubts) = world.answer(&user(), "sqs:SendMessage", QUEUE).decision else {
        panic!("decided")
    };
    assert!(doubts[0].reason.contains("NotPrincipal"), "{doubts:?}");
    let allowing = World::default().resource(&statement.replace("Deny", "Allow"));
    assert_eq!(allowing.truth(&user(), "sqs:SendMessage", QUEUE), Unknown);
    let outsider = Principal::iam("arn:aws:iam::999999999999:user/x").unwrap();
    assert_eq!(world.truth(&outsider, "sqs:SendMessage", QUEUE), False);
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html>
#[test]
fn tag_keys_that_differ_only_in_case() {
    let condition = r#""StringEquals":{"aws:PrincipalTag/team":"a"}"#;
    let context = Context::complete().with("aws:PrincipalTag/team", "a").with("aws:PrincipalTag/Team", "b");
    assert_eq!(under_condition(condition, context), Unknown);
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
#[test]
fn key_that_should_be_known_and_is_not_names_itself() {
    let statement = r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}}"#;
    let answer = World::default().identity(statement).answer(&user(), "sqs:SendMessage", QUEUE);
    let Decision::Unknown(doubts) = answer.decision else { panic!("{answer:?}") };
    assert_eq!(doubts[0].reason, "the value of aws:PrincipalOrgID is unknown");
}

/// An unread policy of any layer may allow and deny anything.
#[test]
fn unread_policies_of_every_layer() {
    let unread = || Attached::unreadable("unread", "access denied");
    let level = || vec![Level { id: "r-1".into(), policies: vec![unread()] }];
    let fine = || World::default().identity(&allow("*")).resource(&allow_to("*"));
    for world in [
        World { service_control: Some(level()), ..fine() },
        World { resource_control: Some(level()), ..fine() },
        World { resource: vec![unread()], ..fine() },
        fine().identity_policy(unread()),
        World { boundary: Some(unread()), ..fine() },
        World { session: Some(vec![unread()]), ..fine() },
        World { endpoint: Some(unread()), ..fine() },
    ] {
        let answer = world.answer(&user(), "sqs:SendMessage", QUEUE);
        let Decision::Unknown(doubts) = &answer.decision else { panic!("{answer:?}") };
        assert!(doubts.iter().all(|doubt| doubt.reason == "access denied"), "{doubts:?}");
    }
    let unread_and_denied = fine().identity_policy(unread()).boundary(&deny("*"));
    assert_eq!(unread_and_denied.truth(&user(), "sqs:SendMessage", QUEUE), False);
}
