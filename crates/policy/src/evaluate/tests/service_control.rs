//! Service control policies.
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html>

use super::*;
use crate::answer::Layer;
use crate::truth::Truth::{False, True};

fn world(levels: &[&str]) -> World {
    World::default().identity(&allow("*")).service_control(levels)
}

/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html>
#[test]
fn at_every_level_at_least_one_policy_must_allow() {
    let all = allow("*");
    let queues = allow("sqs:*");
    let other = allow("ec2:*");
    for (levels, wanted) in [
        ([&all, &all, &all], True),
        ([&all, &queues, &all], True),
        ([&queues, &queues, &queues], True),
        ([&other, &all, &all], False),
        ([&all, &other, &all], False),
        ([&all, &all, &other], False),
    ] {
        let levels = levels.map(String::as_str);
        assert_eq!(world(&levels).truth(&user(), "sqs:SendMessage", QUEUE), wanted, "{levels:?}");
    }
    // Of several at one level, one suffices.
    let either = format!("{other},{queues}");
    assert_eq!(world(&[&all, &either]).truth(&user(), "sqs:SendMessage", QUEUE), True);
    assert_eq!(
        world(&[&all, ""]).denial(&user(), "sqs:SendMessage", QUEUE),
        Denial::Implicit(Layer::ServiceControl(1))
    );
    assert_eq!(
        world(&[]).denial(&user(), "sqs:SendMessage", QUEUE),
        Denial::Implicit(Layer::ServiceControl(0))
    );
}

/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>
#[test]
fn they_grant_nothing() {
    let world = World::default().service_control(&[&allow("*")]);
    assert_eq!(world.denial(&user(), "sqs:SendMessage", QUEUE), Denial::Implicit(Layer::Identity));
}

/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>
#[test]
fn they_bind_all_principals_of_member_accounts_root_included() {
    let levels = [allow("ec2:*")];
    let world = world(&[&levels[0]]).session(&allow("*"));
    for principal in [root(), user(), session(), bob()] {
        let denial = world.denial(&principal, "sqs:SendMessage", QUEUE);
        assert_eq!(denial, Denial::Implicit(Layer::ServiceControl(0)), "{}", principal.name());
    }
}

/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html#not-restricted-by-scp>
#[test]
fn they_never_bind_service_linked_roles_the_management_account_and_outsiders() {
    let world = world(&[&deny("*")]);
    assert_eq!(world.truth(&service_linked(), "sqs:SendMessage", QUEUE), True);
    let layers = world.layers();
    let request = Request::new(user(), "sqs:SendMessage", QUEUE, Context::auditor());
    for (guardrails, wanted) in [
        (layers.service_control, False),
        (Guardrails::ManagementAccount, True),
        (Guardrails::NoOrganization, True),
        // The policy type is not enabled: the step is skipped.
        (Guardrails::NotEnabled, True),
    ] {
        let layers = Layers { service_control: guardrails, ..layers };
        assert_eq!(decide(&request, &layers), wanted, "{guardrails:?}");
    }
}

/// Since September 2025 the full language: conditions, ARNs, NotAction on Allow, NotResource, wildcards in actions.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_syntax.html>
#[test]
fn they_speak_the_full_language() {
    for (statement, wanted) in [
        (r#"{"Effect":"Allow","NotAction":"ec2:*","Resource":"*"}"#, True),
        (r#"{"Effect":"Allow","NotAction":"sqs:*","Resource":"*"}"#, False),
        (r#"{"Effect":"Allow","Action":"sqs:*Message","Resource":"arn:aws:sqs:*:111122223333:q*"}"#, True),
        (r#"{"Effect":"Allow","Action":"*:Send*","NotResource":"arn:aws:sqs:*:*:other"}"#, True),
        (
            r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalAccount":"111122223333"}}}"#,
            True,
        ),
        (
            r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalAccount":"444455556666"}}}"#,
            False,
        ),
    ] {
        assert_eq!(world(&[statement]).truth(&user(), "sqs:SendMessage", QUEUE), wanted, "{statement}");
    }
}

/// The policy named FullAWSAccess is an ordinary allow: without it, or with something in its place, only that is allowed.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html>
#[test]
fn full_aws_access_is_an_ordinary_allow() {
    let full = allow("*");
    assert_eq!(world(&[&full, &full]).truth(&user(), "sqs:SendMessage", QUEUE), True);
    let denied = format!("{full},{}", deny("sqs:*"));
    assert_eq!(
        world(&[&full, &denied]).denial(&user(), "sqs:SendMessage", QUEUE),
        Denial::Explicit(Layer::ServiceControl(1))
    );
}
