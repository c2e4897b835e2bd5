//! The order of decisions.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>

use super::*;
use crate::answer::Layer;
use crate::truth::Truth::{Depends, False, True, Unknown};

/// A world in which every layer allows, for a request across accounts through an endpoint.
fn everything_allows() -> World {
    let allow_all = allow("*");
    World::default()
        .service_control(&[&allow_all, &allow_all])
        .resource_control(&[&allow_to("*"), &allow_to("*")])
        .resource(&allow_to("*"))
        .identity(&allow_all)
        .boundary(&allow_all)
        .session(&allow_all)
        .endpoint(&allow_to("*"))
}

/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>
#[test]
fn get_caller_identity_is_always_allowed() {
    let world = World::default().identity(&deny("*")).service_control(&[&deny("*")]);
    assert_eq!(world.truth(&user(), "sts:getcalleridentity", "*"), True);
}

/// "No permissions are required for users to perform this operation. … You cannot use policies to control authentication
/// operations." AWS's own policies spare it from a Deny all the same.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html>
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_aws_my-sec-creds-self-manage.html>
#[test]
fn get_session_token_needs_no_permission_and_what_a_deny_does_to_it_is_unknown() {
    let answer = |world: World| world.answer(&user(), "sts:GetSessionToken", "*").decision;
    let silent = World::default().service_control(&[&allow("ec2:*")]).boundary(&allow("ec2:*"));
    for world in [World::default(), silent.clone(), silent.identity(&allow("*"))] {
        assert!(matches!(answer(world), Decision::Allowed));
    }
    assert_eq!(World::default().truth(&root(), "STS:getsessiontoken", "*"), True);
    let deny_without = r#"{"Effect":"Deny","NotAction":"sts:GetSessionToken","Resource":"*"}"#;
    assert_eq!(World::default().identity(deny_without).truth(&user(), "sts:GetSessionToken", "*"), True);
    for world in [World::default().identity(&deny("*")), World::default().service_control(&[&deny("sts:*")])]
    {
        let Decision::Unknown(doubts) = answer(world) else { panic!("decided") };
        assert!(doubts[0].reason.contains("policies do not control this action"), "{doubts:?}");
    }
    let at_times = r#"{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}"#;
    assert_eq!(World::default().identity(at_times).truth(&user(), "sts:GetSessionToken", "*"), Depends);
    // Others have no credentials with which it can be called.
    let world = World::default().identity(&allow("*"));
    for action in ["sts:GetSessionToken", "sts:GetFederationToken"] {
        for principal in [session(), bob(), service_linked()] {
            assert!(matches!(world.denial(&principal, action, "*"), Denial::ByDesign(_)), "{action}");
        }
    }
    assert_eq!(world.truth(&user(), "sts:GetFederationToken", "*"), True);
    assert_eq!(World::default().truth(&user(), "sts:GetFederationToken", "*"), False);
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html>
#[test]
fn roles_are_assumed_by_whom_each_operation_is_for() {
    let provider = Principal::federated("arn:aws:iam::111122223333:oidc-provider/gitlab.com");
    let world = World::default().resource(&allow_to("*")).identity(&allow("*")).session(&allow("*"));
    let service = Principal::service("ec2.amazonaws.com");
    let everyone = [user(), session(), service, root(), bob(), provider.clone(), Principal::anonymous()];
    for (action, wanted) in [
        ("sts:AssumeRole", [True, True, True, False, False, False, False]),
        ("sts:AssumeRoleWithSAML", [False, False, False, False, False, True, False]),
        ("sts:AssumeRoleWithWebIdentity", [False, False, False, False, False, True, False]),
    ] {
        for (principal, wanted) in everyone.iter().zip(wanted) {
            assert_eq!(world.truth(principal, action, TARGET), wanted, "{action} {}", principal.name());
            // The owner of the role says the same.
            let request = Request::new(principal.clone(), action, TARGET, Context::auditor());
            let side = crate::evaluate_resource_side(&request, &world.layers()).decision.truth();
            assert_eq!(side, wanted, "{action} {}", principal.name());
        }
    }
    // <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html>
    assert_eq!(world.truth(&bob(), "sts:GetCallerIdentity", "*"), True);
    assert_eq!(world.truth(&bob(), "sts:DecodeAuthorizationMessage", "*"), False);
    let itself = "arn:aws:sts::111122223333:self";
    for action in ["sts:GetScopedCredentials", "sts:GetDelegatedAccessToken"] {
        assert_eq!(world.truth(&bob(), action, itself), True, "{action}");
        assert_eq!(world.clone().identity(&deny("*")).truth(&bob(), action, itself), False, "{action}");
    }
    // What is newer than the list of actions may be one of these.
    assert_eq!(world.truth(&bob(), "sts:NoSuchOperation", "*"), Unknown);
    let answer = world.answer(&bob(), "sts:NoSuchOperation", "*");
    assert!(
        matches!(&answer.decision, Decision::Unknown(doubts) if doubts[0].reason.starts_with("it is newer")),
        "{answer:?}"
    );
    assert_eq!(world.clone().identity(&deny("*")).truth(&bob(), "sts:NoSuchOperation", "*"), False);
    assert_eq!(world.truth(&user(), "sts:NoSuchOperation", "*"), True);
    let outsider = Principal::iam("arn:aws:iam::444455556666:root").unwrap();
    let request = Request::new(outsider, "sts:AssumeRole", TARGET, Context::stranger());
    let side = crate::evaluate_resource_side(&request, &world.layers()).decision;
    assert!(
        matches!(side, Decision::Denied(Denial::ByDesign("a root user cannot assume a role"))),
        "{side:?}"
    );
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketPolicy.html>
#[test]
fn owners_root_user_gets_past_an_explicit_deny_of_the_bucket_policy() {
    let bucket = "arn:aws:s3:::bucket";
    let locked = World::default().resource(&deny_to("*"));
    for action in ["s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"] {
        assert_eq!(locked.truth(&root(), action, bucket), True, "{action}");
        // Policies of the organization and of the endpoint do block it.
        let denied = |world: World| world.denial(&root(), action, bucket);
        let organization = locked.clone().service_control(&[&deny("*")]);
        assert_eq!(denied(organization), Denial::Explicit(Layer::ServiceControl(0)));
        let resources = deny_to("*").replace(r#""Action":"*""#, r#""Action":"s3:*""#);
        assert_eq!(
            denied(locked.clone().resource_control(&[&resources])),
            Denial::Explicit(Layer::ResourceControl(0))
        );
        assert_eq!(denied(locked.clone().endpoint(&deny_to("*"))), Denial::Explicit(Layer::Endpoint));
        // It blocks every other principal, and the root user of another account.
        let others = locked.clone().identity(&allow("*"));
        assert_eq!(others.denial(&user(), action, bucket), Denial::Explicit(Layer::Resource));
        let away = Request::new(root(), action, bucket, Context::auditor()).owned_by(AWAY);
        assert_eq!(locked.answer_to(&away).decision.truth(), False);
    }
    assert_eq!(
        locked.denial(&root(), "s3:GetObject", "arn:aws:s3:::bucket/key"),
        Denial::Explicit(Layer::Resource)
    );
}

/// "You can edit the description of any role from the IAM console, API, or CLI": with `UpdateRole`.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-service-linked-role.html>
#[test]
fn description_of_a_service_linked_role_can_be_changed() {
    let linked =
        "arn:aws:iam::111122223333:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig";
    let world = World::default().identity(&allow("*"));
    assert_eq!(world.truth(&user(), "iam:UpdateRole", linked), True);
    assert_eq!(world.truth(&user(), "iam:UpdateRoleDescription", linked), True);
    assert_eq!(World::default().truth(&user(), "iam:UpdateRole", linked), False);
    assert_eq!(world.truth(&user(), "iam:DeleteRole", linked), False);
    // A role of IAM Identity Center is none of them.
    let reserved = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_1";
    assert!(matches!(world.denial(&user(), "iam:UpdateRole", reserved), Denial::ByDesign(_)));
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html#aws-managed-policies>
#[test]
fn customers_cannot_change_what_aws_manages() {
    let world = World::default().identity(&allow("*"));
    let managed = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    let reserved = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_1";
    let linked =
        "arn:aws:iam::111122223333:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig";
    for (action, resource, wanted) in [
        ("iam:CreatePolicyVersion", managed, False),
        ("iam:SetDefaultPolicyVersion", managed, False),
        ("iam:GetPolicy", managed, True),
        ("iam:CreatePolicyVersion", "arn:aws:iam::111122223333:policy/own", True),
        ("iam:PutRolePolicy", reserved, False),
        ("iam:AttachRolePolicy", reserved, False),
        ("iam:UpdateAssumeRolePolicy", linked, False),
        ("iam:GetRole", reserved, True),
        ("iam:PutRolePolicy", TARGET, True),
    ] {
        assert_eq!(world.truth(&user(), action, resource), wanted, "{action} {resource}");
        assert_eq!(world.truth(&service_linked(), action, resource), True, "{action} {resource}");
    }
    assert!(matches!(world.denial(&user(), "iam:PutRolePolicy", reserved), Denial::ByDesign(_)));
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_AccessPolicyLanguage_Interplay.html>
#[test]
fn explicit_deny_in_any_layer_ends_it() {
    let allows = || everything_allows();
    let both = |allow: String, deny: String| format!("{allow},{deny}");
    let identity = both(allow("*"), deny("sqs:*"));
    let resource = both(allow_to("*"), deny_to("*"));
    let named = both(allow_to("*"), deny_to("*").replace(r#""Action":"*""#, r#""Action":"sqs:*""#));
    assert_eq!(allows().truth(&session(), "sqs:SendMessage", AWAY_QUEUE), True);
    for (world, layer) in [
        (allows().service_control(&[&identity, &allow("*")]), Layer::ServiceControl(0)),
        (allows().service_control(&[&allow("*"), &identity]), Layer::ServiceControl(1)),
        (allows().resource_control(&[&allow_to("*"), &named]), Layer::ResourceControl(1)),
        (allows().resource(&resource), Layer::Resource),
        (allows().identity(&identity), Layer::Identity),
        (allows().boundary(&identity), Layer::Boundary),
        (allows().session(&identity), Layer::Session),
        (allows().endpoint(&resource), Layer::Endpoint),
    ] {
        let answer = world.answer(&session(), "sqs:SendMessage", AWAY_QUEUE);
        assert!(
            matches!(answer.decision, Decision::Denied(Denial::Explicit(by)) if by == layer),
            "{answer:?}"
        );
        let cited: Vec<_> = answer.evidence.iter().map(|citation| (citation.layer, citation.index)).collect();
        assert_eq!(cited, [(layer, 1)]);
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>
#[test]
fn implicit_deny_of_any_layer_that_must_allow() {
    let other = allow("ec2:*");
    let other_to = allow_to("*").replace(r#""Action":"*""#, r#""Action":"ec2:*""#);
    let all = everything_allows;
    let without_identity = World { identity: Vec::new(), ..all() };
    let without_resource = World { resource: Vec::new(), ..all() };
    for (world, layer) in [
        (all().service_control(&[&other, &allow("*")]), Layer::ServiceControl(0)),
        (all().service_control(&[&allow("*"), &other]), Layer::ServiceControl(1)),
        (without_resource.resource(&other_to), Layer::Resource),
        (without_identity.identity(&other), Layer::Identity),
        (all().boundary(&other), Layer::Boundary),
        (all().session(&other), Layer::Session),
        (all().endpoint(&other_to), Layer::Endpoint),
    ] {
        assert_eq!(world.denial(&session(), "sqs:SendMessage", AWAY_QUEUE), Denial::Implicit(layer));
    }
    // Only the denies of RCPs matter.
    let silent = all().resource_control(&[&other_to, &other_to]);
    assert_eq!(silent.truth(&session(), "sqs:SendMessage", AWAY_QUEUE), True);
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html>
#[test]
fn boundary_caps_identity_policies_and_grants_nothing() {
    let world = World::default().boundary(&allow("sqs:*"));
    assert_eq!(world.denial(&user(), "sqs:SendMessage", QUEUE), Denial::Implicit(Layer::Identity));
    let world = world.identity(&allow("*"));
    assert_eq!(world.truth(&user(), "sqs:SendMessage", QUEUE), True);
    assert_eq!(world.denial(&user(), "s3:ListAllMyBuckets", "*"), Denial::Implicit(Layer::Boundary));
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session>
#[test]
fn session_policy_intersects_with_identity_policies_and_grants_nothing() {
    let world = World::default().session(&allow("sqs:*"));
    assert_eq!(world.denial(&session(), "sqs:SendMessage", QUEUE), Denial::Implicit(Layer::Identity));
    let world = world.identity(&allow("*"));
    assert_eq!(world.truth(&session(), "sqs:SendMessage", QUEUE), True);
    assert_eq!(world.denial(&session(), "s3:ListAllMyBuckets", "*"), Denial::Implicit(Layer::Session));
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html>
#[test]
fn across_accounts_both_sides_must_allow_and_the_boundary_still_binds() {
    let world = World::default().resource(&allow_to(USER));
    assert_eq!(world.denial(&user(), "sqs:SendMessage", AWAY_QUEUE), Denial::Implicit(Layer::Identity));
    let world = world.identity(&allow("*"));
    assert_eq!(world.truth(&user(), "sqs:SendMessage", AWAY_QUEUE), True);
    let bounded = world.boundary(&allow("ec2:*"));
    assert_eq!(bounded.denial(&user(), "sqs:SendMessage", AWAY_QUEUE), Denial::Implicit(Layer::Boundary));
    let one_sided = World::default().identity(&allow("*"));
    assert_eq!(one_sided.denial(&user(), "sqs:SendMessage", AWAY_QUEUE), Denial::Implicit(Layer::Resource));
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html>
#[test]
fn policies_of_groups_count_as_identity_policies() {
    let group = Attached::new("Developers", document(&allow("sqs:*"))).through_group("developers");
    let world = World::default().identity_policy(group.in_version("v3"));
    let answer = world.answer(&user(), "sqs:SendMessage", QUEUE);
    assert!(matches!(answer.decision, Decision::Allowed));
    assert_eq!(answer.evidence[0].to_string(), "Developers v3 through group developers, statement 1");
    let denied = Attached::new("No", document(&deny("sqs:*"))).through_group("developers");
    let world = world.identity_policy(denied);
    assert_eq!(world.denial(&user(), "sqs:SendMessage", QUEUE), Denial::Explicit(Layer::Identity));
}

/// <https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html>
#[test]
fn endpoint_policy_filters_by_allow_and_deny() {
    let world = World::default().identity(&allow("*"));
    let through = world.clone().endpoint(&allow_to(USER));
    assert_eq!(through.truth(&user(), "sqs:SendMessage", QUEUE), True);
    assert_eq!(through.denial(&session(), "sqs:SendMessage", QUEUE), Denial::Implicit(Layer::Endpoint));
    let by_account = world.clone().endpoint(&allow_to(HOME));
    assert_eq!(by_account.truth(&session(), "sqs:SendMessage", QUEUE), True);
    // It binds grants of the resource's policy too.
    let granted = World::default().resource(&allow_to(USER)).endpoint(&allow_to(ROLE));
    assert_eq!(granted.denial(&user(), "sqs:SendMessage", QUEUE), Denial::Implicit(Layer::Endpoint));
}

/// "The `Principal` element must be set to `*`"; of an account "access is granted to the AWS account root user only, not all
/// users and roles". Whether an endpoint of S3 or DynamoDB is a gateway, its policy does not show.
/// <https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html#vpc-endpoint-policies-gateway>
#[test]
fn gateway_endpoint_takes_an_account_for_its_root_user() {
    let table = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders";
    for (action, resource) in [("s3:GetObject", "arn:aws:s3:::bucket/key"), ("dynamodb:GetItem", table)] {
        let through = |statement: &str, principal: &Principal| {
            World::default().identity(&allow("*")).endpoint(statement).truth(principal, action, resource)
        };
        for (named, of_user, of_root) in [
            ("*", True, True),
            (HOME, Unknown, True),
            ("arn:aws:iam::111122223333:root", Unknown, True),
            (USER, Unknown, False),
            (ROLE, False, False),
            (AWAY, False, False),
        ] {
            assert_eq!(through(&allow_to(named), &user()), of_user, "{action} {named}");
            assert_eq!(through(&allow_to(named), &root()), of_root, "{action} {named}");
        }
        let deny = format!("{},{}", allow_to("*"), deny_to(HOME));
        assert_eq!((through(&deny, &user()), through(&deny, &root())), (Unknown, False), "{action}");
        let but_home = deny.replace(r#""Effect":"Deny","Principal""#, r#""Effect":"Deny","NotPrincipal""#);
        assert_eq!(through(&but_home, &user()), Unknown, "{action}");
    }
    let answer = World::default().identity(&allow("*")).endpoint(&allow_to(HOME));
    let Decision::Unknown(doubts) = answer.answer(&user(), "s3:ListAllMyBuckets", "*").decision else {
        panic!("decided")
    };
    assert!(doubts[0].reason.contains("gateway"), "{doubts:?}");
}

/// "You cannot use a key id, alias name, or alias ARN to identify a KMS key in an IAM policy statement."
/// <https://docs.aws.amazon.com/kms/latest/developerguide/cmks-in-iam-policies.html>
/// <https://docs.aws.amazon.com/kms/latest/developerguide/alias-access.html>
#[test]
fn alias_of_a_key_is_authorized_on_the_key() {
    let alias = "arn:aws:kms:eu-west-1:111122223333:alias/x";
    let on = |resource: &str| format!(r#"{{"Effect":"Allow","Action":"kms:*","Resource":"{resource}"}}"#);
    // As of a key, its policy must match.
    assert_eq!(
        World::default().identity(&allow("*")).denial(&user(), "kms:Encrypt", alias),
        Denial::Implicit(Layer::Resource)
    );
    let delegated = World::default().resource(&allow_to(HOME));
    for (resource, wanted) in [
        ("*", True),
        ("arn:aws:kms:eu-west-1:111122223333:key/*", True),
        ("arn:aws:kms:eu-west-1:111122223333:key/1234abcd", Unknown),
        (alias, False),
    ] {
        let world = delegated.clone().identity(&on(resource));
        assert_eq!(world.truth(&user(), "kms:Encrypt", alias), wanted, "{resource}");
    }
    let one = delegated.identity(&on("arn:aws:kms:eu-west-1:111122223333:key/1234abcd"));
    let Decision::Unknown(doubts) = one.answer(&user(), "kms:Encrypt", alias).decision else {
        panic!("decided")
    };
    assert!(doubts[0].reason.contains("authorizes on the key"), "{doubts:?}");
    // What is done to the alias itself is authorized on the alias.
    for action in ["kms:CreateAlias", "kms:UpdateAlias", "kms:DeleteAlias"] {
        assert_eq!(World::default().identity(&on(alias)).truth(&user(), action, alias), True, "{action}");
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html>
#[test]
fn unread_boundary_is_unknown_never_allow() {
    let world = World::default().identity(&allow("*")).unresolved_boundary();
    let answer = world.answer(&user(), "sqs:SendMessage", QUEUE);
    let Decision::Unknown(doubts) = &answer.decision else { panic!("{answer:?}") };
    assert_eq!(doubts[0].to_string(), "boundary, statement 1: its document could not be read");
    // What nothing allows is denied all the same.
    let world = World::default().unresolved_boundary();
    assert_eq!(world.truth(&user(), "sqs:SendMessage", QUEUE), False);
}
