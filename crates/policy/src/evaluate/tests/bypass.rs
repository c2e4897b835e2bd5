//! What a resource policy of the same account lets through, though identity, boundary or session policy do not allow.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics-single-account.html>
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html#access_policies_boundaries-eval-logic>

use super::*;
use crate::answer::Layer;
use crate::truth::Truth::{False, True};

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html#access_policies_boundaries-eval-logic>
#[test]
fn who_is_named_decides_which_implicit_denies_are_bypassed() {
    let principal_arn = allow_to("*").replace(
        r#""Resource":"*""#,
        &format!(r#""Resource":"*","Condition":{{"ArnEquals":{{"aws:PrincipalArn":"{USER}"}}}}"#),
    );
    for (principal, statement, without_identity, without_boundary, without_session) in [
        (user(), allow_to(USER), True, True, True),
        (session(), allow_to(ROLE), True, False, False),
        (session(), allow_to(SESSION), True, True, True),
        (bob(), allow_to(USER), True, False, False),
        (bob(), allow_to(FEDERATED), True, True, True),
        (user(), allow_to("*"), True, True, True),
        (session(), allow_to("*"), True, True, True),
        (bob(), allow_to("*"), True, True, True),
        (user(), principal_arn, True, True, True),
    ] {
        let named = World::default().resource(&statement);
        let silent = allow("ec2:*");
        let truth = |world: World| world.truth(&principal, "sqs:SendMessage", QUEUE);
        let nothing_in_the_way = named.clone().boundary(&allow("*")).session(&allow("*"));
        assert_eq!(truth(nothing_in_the_way), without_identity, "{statement}");
        let allowed = named.identity(&allow("*"));
        // With an identity policy that allows, the grant goes by identity too, and is limited likewise.
        let seen = [truth(allowed.clone().boundary(&silent)), truth(allowed.session(&silent))];
        assert_eq!(seen, [without_boundary, without_session], "{statement}");
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_AccessPolicyLanguage_Interplay.html>
#[test]
fn only_implicit_denies_are_bypassed() {
    for named in [USER, "*"] {
        let world = World::default().resource(&allow_to(named));
        let denied = |world: World| world.denial(&user(), "sqs:SendMessage", QUEUE);
        assert_eq!(denied(world.clone().identity(&deny("sqs:*"))), Denial::Explicit(Layer::Identity));
        assert_eq!(denied(world.clone().boundary(&deny("sqs:*"))), Denial::Explicit(Layer::Boundary));
        assert_eq!(denied(world.clone().session(&deny("sqs:*"))), Denial::Explicit(Layer::Session));
        let silent_organization = world.service_control(&[&allow("ec2:*")]);
        assert_eq!(denied(silent_organization), Denial::Implicit(Layer::ServiceControl(0)));
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html>
#[test]
fn nothing_is_bypassed_across_accounts() {
    for (principal, named) in [(user(), USER), (session(), SESSION), (user(), "*")] {
        let world = World::default().resource(&allow_to(named)).identity(&allow("*"));
        let bounded = world.clone().boundary(&allow("ec2:*"));
        assert_eq!(
            bounded.denial(&principal, "sqs:SendMessage", AWAY_QUEUE),
            Denial::Implicit(Layer::Boundary)
        );
        let limited = world.session(&allow("ec2:*"));
        assert_eq!(
            limited.denial(&principal, "sqs:SendMessage", AWAY_QUEUE),
            Denial::Implicit(Layer::Session)
        );
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html>
#[test]
fn not_principal_in_a_deny_always_hits_principals_with_a_boundary() {
    let statement = format!(
        r#"{{"Effect":"Deny","NotPrincipal":{{"AWS":["{USER}","{HOME}"]}},"Action":"*","Resource":"*"}}"#
    );
    let world = World::default().resource(&statement).identity(&allow("*"));
    assert_eq!(world.truth(&user(), "sqs:SendMessage", QUEUE), True);
    let bounded = world.clone().boundary(&allow("*"));
    assert_eq!(bounded.denial(&user(), "sqs:SendMessage", QUEUE), Denial::Explicit(Layer::Resource));
    assert_eq!(world.truth(&session(), "sqs:SendMessage", AWAY_QUEUE), False);
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html#access_policies_boundaries-eval-logic>
#[test]
fn role_named_in_a_trust_or_key_policy_is_still_limited_by_boundary_and_session_policy() {
    for (action, resource) in [("sts:AssumeRole", TARGET), ("kms:Decrypt", KEY)] {
        let by_role = World::default().resource(&allow_to(ROLE)).boundary(&allow("ec2:*"));
        assert_eq!(
            by_role.denial(&session(), action, resource),
            Denial::Implicit(Layer::Boundary),
            "{action}"
        );
        let by_session = World::default().resource(&allow_to(SESSION)).boundary(&allow("ec2:*"));
        assert_eq!(by_session.truth(&session(), action, resource), True, "{action}");
        let by_account =
            World::default().resource(&allow_to(HOME)).identity(&allow("*")).session(&allow("ec2:*"));
        assert_eq!(
            by_account.denial(&session(), action, resource),
            Denial::Implicit(Layer::Session),
            "{action}"
        );
    }
}
