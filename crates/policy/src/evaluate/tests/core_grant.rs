//! The core grant, case by case.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics-single-account.html>

use super::*;
use crate::answer::Layer;
use crate::truth::Truth::{self, False, True};

/// With no policy of the identity, and with one that allows.
fn with_and_without_identity(
    world: &World,
    principal: &Principal,
    action: &str,
    resource: &str,
) -> [Truth; 2] {
    let with = world.clone().identity(&allow("*"));
    [world.truth(principal, action, resource), with.truth(principal, action, resource)]
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics-single-account.html>
#[test]
fn same_account_ordinary_service_either_policy_allows() {
    for (principal, named) in [(user(), USER), (session(), ROLE), (session(), SESSION), (user(), "*")] {
        let world = World::default().resource(&allow_to(named));
        let seen = with_and_without_identity(&world, &principal, "sqs:SendMessage", QUEUE);
        assert_eq!(seen, [True, True], "{named}");
    }
    let seen = with_and_without_identity(&World::default(), &user(), "sqs:SendMessage", QUEUE);
    assert_eq!(seen, [False, True]);
    assert_eq!(World::default().denial(&user(), "sqs:SendMessage", QUEUE), Denial::Implicit(Layer::Identity));
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-accounts>
#[test]
fn same_account_ordinary_service_account_in_the_resource_policy_is_no_grant_by_itself() {
    for account in [HOME, "arn:aws:iam::111122223333:root"] {
        let world = World::default().resource(&allow_to(account));
        for principal in [user(), session()] {
            let seen = with_and_without_identity(&world, &principal, "sqs:SendMessage", QUEUE);
            assert_eq!(seen, [False, True], "{account}");
        }
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-user.html>
/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html>
#[test]
fn same_account_role_trust_and_key_policy_must_match() {
    let of_roles = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity", "sts:SetContext"];
    let questions = of_roles.iter().map(|action| (*action, TARGET)).chain([("kms:Decrypt", KEY)]);
    for (action, resource) in questions {
        for (named, wanted) in [
            (None, [False, False]),
            (Some(HOME), [False, True]),
            (Some("arn:aws:iam::111122223333:root"), [False, True]),
            (Some(USER), [True, True]),
            (Some("*"), [True, True]),
            (Some(AWAY), [False, False]),
            (Some(ROLE), [False, False]),
        ] {
            let world =
                named.map_or_else(World::default, |named| World::default().resource(&allow_to(named)));
            let seen = with_and_without_identity(&world, &user(), action, resource);
            assert_eq!(seen, wanted, "{action} {named:?}");
        }
        for named in [ROLE, SESSION] {
            let world = World::default().resource(&allow_to(named));
            assert_eq!(
                with_and_without_identity(&world, &session(), action, resource),
                [True, True],
                "{named}"
            );
        }
        let unnamed = World::default().identity(&allow("*"));
        assert_eq!(unnamed.denial(&user(), action, resource), Denial::Implicit(Layer::Resource), "{action}");
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html>
#[test]
fn cross_account_needs_the_resource_policy_and_an_identity_policy() {
    for (action, resource) in
        [("sqs:SendMessage", AWAY_QUEUE), ("sts:AssumeRole", AWAY_TARGET), ("kms:Decrypt", AWAY_KEY)]
    {
        for (principal, named, wanted) in [
            (user(), USER, [False, True]),
            (user(), HOME, [False, True]),
            (user(), "*", [False, True]),
            (session(), ROLE, [False, True]),
            (session(), SESSION, [False, True]),
            (user(), AWAY, [False, False]),
            (session(), USER, [False, False]),
        ] {
            let world = World::default().resource(&allow_to(named));
            assert_eq!(
                with_and_without_identity(&world, &principal, action, resource),
                wanted,
                "{action} {named}"
            );
        }
        assert_eq!(with_and_without_identity(&World::default(), &user(), action, resource), [False, False]);
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-services>
#[test]
fn service_principal_needs_the_resource_policy_only() {
    let service = Principal::service("sns.amazonaws.com");
    let to_service =
        r#"{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"*","Resource":"*"}"#;
    // No SCP binds it.
    let world = World::default().resource(to_service).service_control(&[&deny("*")]);
    assert_eq!(world.truth(&service, "sqs:SendMessage", QUEUE), True);
    assert_eq!(world.truth(&Principal::service("s3.amazonaws.com"), "sqs:SendMessage", QUEUE), False);
    let world = World::default().identity(&allow("*"));
    assert_eq!(world.denial(&service, "sqs:SendMessage", QUEUE), Denial::Implicit(Layer::Resource));
    // RCPs do.
    let world = World::default()
        .resource(to_service)
        .resource_control(&[&deny_to("*").replace("\"Action\":\"*\"", "\"Action\":\"sqs:*\"")]);
    assert_eq!(world.denial(&service, "sqs:SendMessage", QUEUE), Denial::Explicit(Layer::ResourceControl(0)));
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-anonymous>
#[test]
fn anonymous_needs_everyone_in_the_resource_policy() {
    let anonymous = Principal::anonymous();
    for (named, wanted) in [("*", True), (HOME, False), (USER, False)] {
        let world = World::default().resource(&allow_to(named)).identity(&allow("*"));
        assert_eq!(world.truth(&anonymous, "sqs:SendMessage", QUEUE), wanted, "{named}");
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp.html>
#[test]
fn user_of_a_provider_needs_the_trust_policy_only() {
    let arn = "arn:aws:iam::111122223333:oidc-provider/gitlab.com";
    let trust = format!(
        r#"{{"Effect":"Allow","Principal":{{"Federated":"{arn}"}},"Action":"sts:AssumeRoleWithWebIdentity"}}"#
    );
    let world = World::default().resource(&trust).service_control(&[&deny("*")]);
    assert_eq!(world.truth(&Principal::federated(arn), "sts:AssumeRoleWithWebIdentity", TARGET), True);
    let other = Principal::federated("arn:aws:iam::111122223333:oidc-provider/github.com");
    assert_eq!(world.truth(&other, "sts:AssumeRoleWithWebIdentity", TARGET), False);
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>
#[test]
fn trust_policy_without_resource_matches_implicitly() {
    let trust = format!(r#"{{"Effect":"Allow","Principal":{{"AWS":"{USER}"}},"Action":"sts:AssumeRole"}}"#);
    assert_eq!(World::default().resource(&trust).truth(&user(), "sts:AssumeRole", TARGET), True);
    assert_eq!(World::default().resource(&trust).truth(&user(), "sts:TagSession", TARGET), False);
}

/// "An identity-based policy" allows it on the asker's own session; a role's trust policy is asked for the role only.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_sts-setcontext.html>
#[test]
fn context_of_ones_own_session_needs_no_trust_policy() {
    let own = "arn:aws:sts::111122223333:self";
    let seen =
        |resource| with_and_without_identity(&World::default(), &session(), "sts:SetContext", resource);
    assert_eq!(seen(own), [False, True]);
    assert_eq!(seen(TARGET), [False, False]);
}

/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user.html>
#[test]
fn root_user_has_full_access_limited_by_service_control_policies() {
    let world = World::default();
    assert_eq!(world.truth(&root(), "sqs:SendMessage", QUEUE), True);
    assert_eq!(world.truth(&root(), "iam:CreateUser", "arn:aws:iam::111122223333:user/x"), True);
    let limited = World::default().service_control(&[&allow("*"), &allow("ec2:*")]);
    assert_eq!(limited.denial(&root(), "sqs:SendMessage", QUEUE), Denial::Implicit(Layer::ServiceControl(1)));
    let denied = World::default().service_control(&[&format!("{},{}", allow("*"), deny("sqs:*"))]);
    assert_eq!(denied.denial(&root(), "sqs:SendMessage", QUEUE), Denial::Explicit(Layer::ServiceControl(0)));
    // In another account it needs that account's policy; a key policy must name the account, and no role can be assumed.
    assert_eq!(world.denial(&root(), "sqs:SendMessage", AWAY_QUEUE), Denial::Implicit(Layer::Resource));
    let away = World::default().resource(&allow_to(HOME));
    assert_eq!(away.truth(&root(), "sqs:SendMessage", AWAY_QUEUE), True);
    assert_eq!(world.denial(&root(), "kms:Decrypt", KEY), Denial::Implicit(Layer::Resource));
    assert_eq!(away.truth(&root(), "kms:Decrypt", KEY), True);
    assert!(matches!(away.denial(&root(), "sts:AssumeRole", TARGET), Denial::ByDesign(_)));
}

/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html>
#[test]
fn federated_user_has_what_the_user_and_the_session_policy_share() {
    let world = World::default().identity(&allow("sqs:*"));
    assert_eq!(world.denial(&bob(), "sqs:SendMessage", QUEUE), Denial::Implicit(Layer::Session));
    // Without a session policy it has nothing but what is granted to the very session.
    for (named, wanted) in [(USER, False), (FEDERATED, True), ("*", True)] {
        let granted = World::default().resource(&allow_to(named));
        assert_eq!(granted.truth(&bob(), "sqs:SendMessage", QUEUE), wanted, "{named}");
    }
    let with_session = world.session(&allow("*"));
    assert_eq!(with_session.truth(&bob(), "sqs:SendMessage", QUEUE), True);
    assert_eq!(with_session.truth(&bob(), "s3:ListAllMyBuckets", "*"), False);
}
