//! Which condition keys a request has, by who asks and for what.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>

use super::*;
use crate::truth::Truth::{Depends, False, True, Unknown};

fn service() -> Principal {
    Principal::service("sns.amazonaws.com")
}

/// What a resource's policy that allows everyone under a condition comes to, with everything else allowed.
fn under(principal: &Principal, condition: &str) -> Truth {
    let statement = format!(
        r#"{{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{{{condition}}}}}"#
    );
    World::default().resource(&statement).truth(principal, "sqs:SendMessage", QUEUE)
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-sourceaccount>
#[test]
fn keys_of_the_source_exist_for_services_only() {
    for (key, operator, value) in [
        ("aws:SourceAccount", "StringEquals", HOME),
        ("aws:SourceArn", "ArnLike", "arn:aws:s3:::bucket"),
        ("aws:SourceOrgID", "StringEquals", "o-a1b2c3d4e5"),
        ("aws:SourceOrgPaths", "ForAnyValue:StringLike", "o-a1b2c3d4e5/*"),
    ] {
        let condition = format!(r#""{operator}":{{"{key}":"{value}"}}"#);
        let if_exists = format!(r#""StringEqualsIfExists":{{"{key}":"{value}"}}"#);
        for principal in [user(), session(), bob(), root(), Principal::anonymous()] {
            // The grant to everyone is then none; a root user needs none.
            let nothing = if principal.name().ends_with(":root") { True } else { False };
            assert_eq!(under(&principal, &condition), nothing, "{key} {}", principal.name());
            assert_eq!(under(&principal, &if_exists), True, "{key} {}", principal.name());
        }
        assert_eq!(under(&service(), &condition), Depends, "{key}");
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-multifactorauthpresent>
#[test]
fn keys_of_multi_factor_authentication_exist_with_temporary_credentials_only() {
    let provider = Principal::federated("arn:aws:iam::111122223333:saml-provider/idp");
    for condition in
        [r#""Bool":{"aws:MultiFactorAuthPresent":"true"}"#, r#""Null":{"aws:MultiFactorAuthAge":"false"}"#]
    {
        for principal in [Principal::anonymous(), service(), provider.clone()] {
            assert_eq!(under(&principal, condition), False, "{condition} {}", principal.name());
        }
        for principal in [user(), session()] {
            assert_eq!(under(&principal, condition), Depends, "{condition} {}", principal.name());
        }
    }
    let issued = r#""Null":{"aws:TokenIssueTime":"false"}"#;
    assert_eq!(under(&Principal::anonymous(), issued), False);
    assert_eq!(under(&service(), issued), False);
    assert_eq!(under(&session(), issued), True);
    assert_eq!(under(&user(), issued), Depends);
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principaltag>
#[test]
fn only_users_and_roles_have_tags() {
    let tag = r#""StringEquals":{"aws:PrincipalTag/team":"a"}"#;
    assert_eq!(under(&Principal::anonymous(), tag), False);
    assert_eq!(under(&service(), tag), False);
    assert_eq!(under(&user(), tag), Unknown);
    assert_eq!(under(&session(), tag), Unknown);
    let said = Context::auditor().with_family("aws:PrincipalTag/", crate::Key::NotKnown);
    let request = Request::new(Principal::anonymous(), "sqs:SendMessage", QUEUE, said);
    assert_eq!(request.context().get("aws:PrincipalTag/team"), &crate::Key::NotKnown);
}

fn outside(region: &str) -> String {
    format!(
        r#"{{"Effect":"Deny","Action":"*","Resource":"*","Condition":{{"StringNotEquals":{{"aws:RequestedRegion":"{region}"}}}}}}"#
    )
}

/// "If you create a policy that denies access to all services if the requested Region is not us-west-2, then IAM calls
/// always fail."
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-requestedregion>
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_aws_deny-requested-region.html>
#[test]
fn calls_of_services_with_one_endpoint_are_made_to_its_region() {
    let role = "arn:aws:iam::111122223333:role/app";
    for (action, resource, elsewhere, there) in [
        ("iam:CreateUser", "arn:aws:iam::111122223333:user/x", False, True),
        ("IAM:listusers", "*", False, True),
        ("organizations:LeaveOrganization", "*", False, True),
        ("cloudfront:ListDistributions", "*", False, True),
        ("route53:ListHostedZones", "*", False, True),
        ("support:CreateCase", "*", False, True),
        // No call, but a permission that other services ask for.
        ("iam:PassRole", role, Depends, Depends),
        ("sts:GetFederationToken", "*", Depends, Depends),
        ("sqs:SendMessage", QUEUE, Depends, Depends),
    ] {
        let within = |region| {
            let world = World::default().identity(&allow("*"));
            world.service_control(&[&format!("{},{}", allow("*"), outside(region))])
        };
        assert_eq!(within("us-west-2").truth(&user(), action, resource), elsewhere, "{action}");
        assert_eq!(within("us-east-1").truth(&user(), action, resource), there, "{action}");
    }
    for (partition, action, region) in [
        ("aws", "waf:ListRules", "us-east-1"),
        ("aws", "globalaccelerator:ListAccelerators", "us-west-2"),
        ("aws", "networkmanager:DescribeGlobalNetworks", "us-west-2"),
        ("aws", "devicefarm:ListProjects", "us-west-2"),
        ("aws", "importexport:ListJobs", "us-east-1"),
        ("aws", "budgets:ViewBudget", "us-east-1"),
        ("aws", "ce:GetCostAndUsage", "us-east-1"),
        ("aws", "health:DescribeEvents", "us-east-1"),
        ("aws", "shield:ListProtections", "us-east-1"),
        ("aws", "route53domains:ListDomains", "us-east-1"),
        // botocore calls these two services "taxsettings" and "notificationscontacts".
        ("aws", "tax:GetTaxInheritance", "us-east-1"),
        ("aws", "notifications-contacts:ListEmailContacts", "us-east-1"),
        ("aws-cn", "iam:ListUsers", "cn-north-1"),
        ("aws-cn", "organizations:ListRoots", "cn-northwest-1"),
        ("aws-cn", "route53:ListHostedZones", "cn-northwest-1"),
        ("aws-us-gov", "iam:ListUsers", "us-gov-west-1"),
        ("aws-us-gov", "support:CreateCase", "us-gov-west-1"),
        ("aws-iso-b", "iam:ListUsers", "us-isob-east-1"),
    ] {
        let ann = Principal::iam(&format!("arn:{partition}:iam::111122223333:user/ann")).unwrap();
        let truth = |region| {
            let world = World::default().identity(&format!("{},{}", allow("*"), outside(region)));
            world.truth(&ann, action, "*")
        };
        assert_eq!([truth("eu-west-1"), truth(region)], [False, True], "{partition} {action}");
    }
    // Services that have the prefix of another one, and endpoints in many Regions.
    let world = World::default().identity(&format!("{},{}", allow("*"), outside("eu-central-1")));
    for action in ["chime:CreateMeeting", "sts:DecodeAuthorizationMessage", "waf-regional:ListRules"] {
        assert_eq!(world.truth(&user(), action, "*"), Depends, "{action}");
    }
}

/// What is said of the region counts, before and behind a change of the action.
#[test]
fn region_follows_the_action() {
    let region = |request: &Request| format!("{:?}", request.context().get("aws:RequestedRegion"));
    let queue = Request::new(user(), "sqs:SendMessage", QUEUE, Context::auditor());
    let iam = queue.instead("iam:GetRole", TARGET);
    let passed = iam.instead("iam:PassRole", TARGET);
    assert_eq!(region(&queue), "CallerChosen");
    assert!(region(&iam).contains("us-east-1"), "{}", region(&iam));
    assert_eq!(region(&passed), "CallerChosen");
    assert!(region(&iam.instead("iam:GetRole", AWAY_TARGET)).contains("us-east-1"));
    let owned = queue.instead("iam:ListUsers", "*").owned_by(AWAY);
    assert!(region(&owned).contains("us-east-1"));
    let said = iam.with_key("aws:RequestedRegion", crate::Key::NotKnown);
    assert_eq!(region(&said.instead("iam:GetRole", AWAY_TARGET)), "NotKnown");
}

/// AWS's own example of a trust policy for IAM Roles Anywhere asks for the issuer of the certificate.
/// <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/attribute-mapping-and-trust-policy.html>
/// <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html>
#[test]
fn tags_of_roles_anywhere_come_from_the_certificate() {
    let by = |service: &str, statements: &[(&str, &str)]| {
        let mut world = World::default();
        for (effect, condition) in statements {
            world = world.resource(&format!(
                r#"{{"Effect":"{effect}","Principal":{{"Service":"{service}"}},"Action":"sts:*","Condition":{{{condition}}}}}"#
            ));
        }
        let principal = Principal::service(service);
        ["sts:AssumeRole", "sts:TagSession"].map(|action| world.truth(&principal, action, TARGET))
    };
    let anywhere = "rolesanywhere.amazonaws.com";
    let issuer = ("Allow", r#""StringEquals":{"aws:PrincipalTag/x509Issuer/CN":"Bob"}"#);
    assert_eq!(by(anywhere, &[issuer]), [Depends; 2]);
    for tag in ["x509Subject/OU", "X509SAN/URI", "x509SAN/Name/CN", "x509Issuer/C"] {
        let condition = format!(r#""StringEquals":{{"aws:PrincipalTag/{tag}":"guests"}}"#);
        assert_eq!(by(anywhere, &[("Allow", ""), ("Deny", &condition)]), [Depends; 2], "{tag}");
        // Not from other services, nor other tags.
        assert_eq!(by("ec2.amazonaws.com", &[("Allow", &condition)]), [False; 2], "{tag}");
    }
    let team = r#""StringEquals":{"aws:PrincipalTag/team":"a"}"#;
    assert_eq!(by(anywhere, &[("Allow", team)]), [False; 2]);
    assert_eq!(by(anywhere, &[("Allow", r#""Null":{"sts:SourceIdentity":"false"}"#)]), [True; 2]);
    assert_eq!(by(anywhere, &[("Allow", r#""StringLike":{"sts:SourceIdentity":"host-*"}"#)]), [Depends; 2]);
}

/// <https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html>
/// <https://docs.aws.amazon.com/datazone/latest/userguide/AmazonDataZoneDomainExecutionRole.html>
#[test]
fn tags_of_a_pod_come_from_its_cluster() {
    let request = |key: &str| {
        let principal = Principal::service("pods.eks.amazonaws.com");
        let request = Request::new(principal, "sts:AssumeRole", TARGET, Context::auditor());
        request.context().get(key).clone()
    };
    for tag in
        ["kubernetes-namespace", "kubernetes-service-account", "eks-cluster-arn", "kubernetes-pod-name"]
    {
        assert_eq!(request(&format!("aws:RequestTag/{tag}")), crate::Key::Environment, "{tag}");
    }
    assert_eq!(request("aws:RequestTag/team"), crate::Key::Absent);
    assert_eq!(request("aws:TagKeys"), crate::Key::Environment);
    assert_eq!(request("aws:PrincipalTag/kubernetes-namespace"), crate::Key::Absent);
    let datazone = Principal::service("datazone.amazonaws.com");
    let datazone = Request::new(datazone, "sts:AssumeRole", TARGET, Context::auditor());
    assert_eq!(datazone.context().get("aws:RequestTag/datazone:domain"), &crate::Key::Environment);
    assert_eq!(datazone.context().get("aws:RequestTag/team"), &crate::Key::Absent);
}

/// "DateLessThan": {"aws:TokenIssueTime": …} is how sessions are revoked. None that can exist now is older than 36 hours.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html>
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html>
#[test]
fn sessions_that_can_exist_are_at_most_36_hours_old() {
    let at = |principal: &Principal, operator: &str, date: &str| {
        let statement = format!(
            r#"{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{{"{operator}":{{"aws:TokenIssueTime":"{date}"}}}}}}"#
        );
        let world = World::default().identity(&statement).session(&allow("*"));
        let context = Context::auditor().with("aws:CurrentTime", "2026-11-29T12:00:00Z");
        world.answer_to(&Request::new(principal.clone(), "sqs:SendMessage", QUEUE, context)).decision.truth()
    };
    for (operator, date, of_session, of_user) in [
        ("DateLessThan", "2020-01-01T00:00:00Z", False, False),
        ("DateLessThan", "1577836800", False, False),
        ("DateLessThan", "2026-11-27T23:59:59Z", False, False),
        ("DateLessThan", "2026-11-28T00:00:00Z", Depends, Depends),
        ("DateLessThan", "2026-11-29T11:59:59Z", Depends, Depends),
        ("DateLessThan", "2030-01-01T00:00:00Z", True, Depends),
        ("DateGreaterThan", "2020-01-01T00:00:00Z", True, Depends),
        ("DateGreaterThanIfExists", "2020-01-01T00:00:00Z", True, True),
        ("DateGreaterThan", "2030-01-01T00:00:00Z", False, False),
        ("DateEquals", "2020-01-01T00:00:00Z", False, False),
        ("DateNotEquals", "2020-01-01T00:00:00Z", True, True),
        ("DateLessThan", "no date", False, False),
        ("DateLessThan", "2020", Depends, Depends),
    ] {
        assert_eq!(at(&session(), operator, date), of_session, "{operator} {date}");
        assert_eq!(at(&bob(), operator, date), of_session, "{operator} {date}");
        assert_eq!(at(&user(), operator, date), of_user, "{operator} {date}");
    }
    // The time of the request is not known.
    let condition = r#""DateLessThan":{"aws:TokenIssueTime":"2020-01-01T00:00:00Z"}"#;
    assert_eq!(under(&session(), condition), Depends);
}

/// "This key is always included in the request context."
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-requestedregion>
#[test]
fn keys_that_every_request_has_are_never_null() {
    for key in [
        "aws:CurrentTime",
        "aws:EpochTime",
        "aws:PrincipalType",
        "aws:RequestedRegion",
        "aws:SecureTransport",
        "aws:UserAgent",
        "aws:ViaAWSService",
    ] {
        for principal in [user(), session(), service(), Principal::anonymous()] {
            let null = |asks| under(&principal, &format!(r#""Null":{{"{key}":"{asks}"}}"#));
            assert_eq!((null("false"), null("true")), (True, False), "{key} {}", principal.name());
        }
    }
    let referer = |asks| under(&user(), &format!(r#""Null":{{"aws:Referer":"{asks}"}}"#));
    assert_eq!((referer("false"), referer("true")), (Depends, Depends));
}

/// "For anonymous requests, the request context returns `anonymous`."
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalaccount>
#[test]
fn account_of_an_anonymous_request_is_anonymous() {
    for (condition, wanted) in [
        (r#""StringEqualsIfExists":{"aws:PrincipalAccount":"111122223333"}"#, False),
        (r#""StringEquals":{"aws:PrincipalAccount":"anonymous"}"#, True),
        (r#""Null":{"aws:PrincipalAccount":"true"}"#, False),
        (r#""Null":{"aws:PrincipalAccount":"false"}"#, True),
    ] {
        assert_eq!(under(&Principal::anonymous(), condition), wanted, "{condition}");
    }
    let named = Request::new(Principal::anonymous(), "sqs:SendMessage", QUEUE, Context::complete());
    assert_eq!(named.principal().account(), None);
}

/// "This key is present in the request context for all signed API requests that use AWS credentials. Anonymous requests do
/// not include this key."
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalisawsservice>
#[test]
fn anonymous_requests_do_not_say_whether_a_service_calls() {
    let by_service = |operator: &str, value: &str| {
        under(&Principal::anonymous(), &format!(r#""{operator}":{{"aws:PrincipalIsAWSService":"{value}"}}"#))
    };
    assert_eq!(by_service("Bool", "false"), False);
    assert_eq!(by_service("Bool", "true"), False);
    assert_eq!(by_service("BoolIfExists", "true"), True);
    assert_eq!(by_service("Null", "true"), True);
    let deny = r#"{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"Bool":{"aws:PrincipalIsAWSService":"false"}}}"#;
    let world = World::default().resource(&allow_to("*")).resource(deny);
    assert_eq!(world.truth(&Principal::anonymous(), "sqs:SendMessage", QUEUE), True);
    assert_eq!(world.truth(&user(), "sqs:SendMessage", QUEUE), False);
    assert_eq!(world.truth(&service(), "sqs:SendMessage", QUEUE), True);
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable>
#[test]
fn user_id_by_the_kind_of_principal() {
    for (principal, id, wanted) in [
        (Principal::anonymous(), "anonymous", True),
        (root(), HOME, True),
        (bob(), "111122223333:bob", True),
        // Those of users and roles do not follow from their names.
        (user(), "AIDACKCEVSQ6C2EXAMPLE", Unknown),
        (session(), "AROADBQP57FF2AEXAMPLE:s", Unknown),
    ] {
        let allow = format!(
            r#"{{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{{"StringNotEquals":{{"aws:userid":"{id}"}}}}}}"#
        );
        let world = World::default().resource(&allow_to("*")).resource(&allow);
        assert_eq!(world.truth(&principal, "sqs:SendMessage", QUEUE), wanted, "{id}");
    }
}

/// They are "included in the request context for all requests", or for all that are signed; what they hold, AWS does not say.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principaltype>
#[test]
fn account_type_and_arn_of_a_service_are_not_known() {
    for (key, value) in
        [("aws:PrincipalAccount", HOME), ("aws:PrincipalType", "User"), ("aws:PrincipalArn", USER)]
    {
        let if_exists = format!(r#""StringEqualsIfExists":{{"{key}":"{value}"}}"#);
        assert_eq!(under(&service(), &if_exists), Unknown, "{key}");
    }
    // Whoever says that everything is known has said so of these too.
    let complete = Request::new(service(), "sqs:SendMessage", QUEUE, Context::complete());
    assert_eq!(complete.context().get("aws:PrincipalType"), &crate::Key::Absent);
}

/// "Multivalued context keys require a condition set operator": without one a list never matches, negated or not.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>
#[test]
fn key_declared_as_a_list_never_matches_an_operator_for_single_values() {
    let table = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders";
    let truth = |condition: &str, context: Context| {
        let statement =
            format!(r#"{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{{{condition}}}}}"#);
        let action = if condition.contains("aws:TagKeys") { "TagResource" } else { "GetItem" };
        let request = Request::new(user(), &format!("dynamodb:{action}"), table, context);
        World::default().identity(&statement).answer_to(&request).decision.truth()
    };
    for key in ["dynamodb:LeadingKeys", "aws:VpceOrgPaths", "aws:TagKeys", "aws:PrincipalOrgPaths"] {
        let there = || Context::auditor().with(key, "ann");
        let unsaid = |state| Context::auditor().with_state(key, state);
        for (operator, when_there, when_open) in [
            ("StringEquals", False, False),
            ("StringLike", False, False),
            // They hold where it is missing.
            ("StringNotEquals", False, Depends),
            ("StringEqualsIfExists", False, Depends),
            ("ForAnyValue:StringEquals", True, Depends),
            ("ForAllValues:StringEquals", True, Depends),
        ] {
            let condition = format!(r#""{operator}":{{"{key}":"ann"}}"#);
            assert_eq!(truth(&condition, there()), when_there, "{condition}");
            assert_eq!(truth(&condition, unsaid(crate::Key::Environment)), when_open, "{condition}");
            assert_eq!(truth(&condition, unsaid(crate::Key::CallerChosen)), when_open, "{condition}");
            let unknown = if when_open == False { False } else { Unknown };
            assert_eq!(truth(&condition, unsaid(crate::Key::NotKnown)), unknown, "{condition}");
            let present = if operator.starts_with("For") { Depends } else { False };
            assert_eq!(truth(&condition, unsaid(crate::Key::Present)), present, "{condition}");
        }
    }
}
