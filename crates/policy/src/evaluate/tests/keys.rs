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

/// `iam:PassedToService` applies only to `iam:PassRole`, and limits no other action.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#ck_passedtoservice>
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html>
#[test]
fn keys_of_certain_actions_are_in_no_others() {
    let by = |effect: &str, condition: &str, action: &str| {
        let resource = match action.split_once(':') {
            Some(("iam", "PassRole" | "CreateRole" | "PutRolePolicy" | "AttachRolePolicy")) => {
                "arn:aws:iam::111122223333:role/app"
            }
            Some(("s3", "ListBucket")) => "arn:aws:s3:::bucket",
            Some(("s3", _)) => "arn:aws:s3:::bucket/key",
            _ => "*",
        };
        let everything = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
        let statement =
            format!(r#"{{"Effect":"{effect}","Action":"*","Resource":"*","Condition":{{{condition}}}}}"#);
        let statements = if effect == "Deny" { format!("{everything},{statement}") } else { statement };
        World::default().identity(&statements).truth(&user(), action, resource)
    };
    let passed = r#""StringEquals":{"iam:PassedToService":"ec2.amazonaws.com"}"#;
    let prefix = r#""StringLike":{"s3:prefix":"home/*"}"#;
    let boundary = r#""StringEquals":{"iam:PermissionsBoundary":"arn:aws:iam::111122223333:policy/b"}"#;
    let policy = r#""ArnEquals":{"iam:PolicyARN":"arn:aws:iam::aws:policy/ReadOnlyAccess"}"#;
    let linked = r#""StringEquals":{"iam:AWSServiceName":"ecs.amazonaws.com"}"#;
    let created = r#""StringEquals":{"ec2:CreateAction":"RunInstances"}"#;
    let endpoint = r#""StringEquals":{"ec2:VpceServiceName":"com.amazonaws.us-east-1.s3"}"#;
    for (condition, has, has_not) in [
        (passed, "iam:PassRole", &["iam:CreateRole", "ec2:RunInstances", "lambda:ListFunctions"][..]),
        (boundary, "iam:PutRolePolicy", &["iam:PassRole", "iam:ListRoles"]),
        (policy, "iam:AttachRolePolicy", &["iam:PutRolePolicy", "iam:CreateRole", "ec2:DescribeVpcs"]),
        (prefix, "s3:ListBucket", &["s3:GetObject", "s3:PutObject"]),
        (linked, "iam:CreateServiceLinkedRole", &["iam:CreateRole", "iam:PassRole", "ecs:CreateCluster"]),
        (created, "ec2:CreateTags", &["ec2:RunInstances", "ec2:DeleteTags", "iam:TagRole"]),
        (endpoint, "ec2:CreateVpcEndpoint", &["ec2:CreateVpc", "ec2:RunInstances", "s3:GetObject"]),
    ] {
        assert_eq!(by("Allow", condition, has), Depends, "{condition} {has}");
        assert_eq!(by("Deny", condition, has), Depends, "{condition} {has}");
        for action in has_not {
            assert_eq!(by("Allow", condition, action), False, "{condition} {action}");
            // What is not there is not equal to anything.
            assert_eq!(by("Deny", condition, action), True, "{condition} {action}");
            let negated = condition.replace("Equals", "NotEquals").replace("Like", "NotLike");
            assert_eq!(by("Deny", &negated, action), False, "{negated} {action}");
            assert_eq!(by("Allow", &negated, action), True, "{negated} {action}");
            let if_exists = condition.replacen("\":{", "IfExists\":{", 1);
            assert_eq!(by("Allow", &if_exists, action), True, "{if_exists} {action}");
        }
    }
    // What most actions have, what a session brings along, and what is not listed.
    for (condition, action) in [
        (r#""NumericLessThan":{"s3:TlsVersion":"1.2"}"#, "s3:GetObject"),
        (r#""NumericLessThan":{"s3:TlsVersion":"1.2"}"#, "s3:ListAllMyBuckets"),
        (passed, "iam:NoSuchAction"),
        // AWS's own policies grant these on them, though its reference does not list the key with the action.
        // <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSPanoramaFullAccess.html>
        // <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSApplicationAutoscalingNeptuneClusterPolicy.html>
        (r#""ArnLike":{"s3:DataAccessPointArn":"arn:aws:s3:*:*:accesspoint/panorama*"}"#, "s3:GetObject"),
        (r#""StringEquals":{"rds:DatabaseEngine":"neptune"}"#, "rds:CreateDBInstance"),
        (r#""StringEquals":{"iam:NoSuchKey":"a"}"#, "iam:ListRoles"),
        (r#""StringEquals":{"nosuch:Key":"a"}"#, "iam:ListRoles"),
    ] {
        assert_eq!(by("Allow", condition, action), Depends, "{condition} {action}");
    }
    let runs_on = r#"{"Effect":"Allow","Action":"*","Resource":"*",
        "Condition":{"ArnLike":{"ssm:SourceInstanceARN":"arn:aws:ec2:*:*:instance/i-1"}}}"#;
    assert_eq!(World::default().identity(runs_on).truth(&session(), "ssm:ListDocuments", "*"), Depends);
}

/// AWS sends them to listed services only: STS and Secrets Manager are not among them, nor is the passing of a role.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-vpceaccount>
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-sourcevpcarn>
#[test]
fn keys_of_the_endpoint_are_sent_to_some_services_only() {
    let by = |effect: &str, condition: &str, action: &str, resource: &str| {
        let everything = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
        let statement =
            format!(r#"{{"Effect":"{effect}","Action":"*","Resource":"*","Condition":{{{condition}}}}}"#);
        let statements = if effect == "Deny" { format!("{everything},{statement}") } else { statement };
        World::default().identity(&statements).truth(&user(), action, resource)
    };
    let role = "arn:aws:iam::111122223333:role/app";
    let secret = "arn:aws:secretsmanager:us-east-1:111122223333:secret:s-AbCdEf";
    for condition in [
        r#""StringEquals":{"aws:VpceAccount":"111122223333"}"#,
        r#""StringEquals":{"aws:VpceOrgID":"o-a1b2c3d4e5"}"#,
        r#""ForAnyValue:StringLike":{"aws:VpceOrgPaths":"o-a1b2c3d4e5/*"}"#,
        r#""ArnLike":{"aws:SourceVpcArn":"arn:aws:ec2:*:111122223333:vpc/*"}"#,
    ] {
        for (action, resource) in [
            ("sts:GetFederationToken", "*"),
            ("secretsmanager:GetSecretValue", secret),
            ("iam:PassRole", role),
        ] {
            assert_eq!(by("Allow", condition, action, resource), False, "{condition} {action}");
            assert_eq!(by("Deny", condition, action, resource), True, "{condition} {action}");
        }
        for (action, resource) in [("iam:CreateRole", role), ("s3:GetObject", "arn:aws:s3:::bucket/key")] {
            assert_eq!(by("Allow", condition, action, resource), Depends, "{condition} {action}");
            assert_eq!(by("Deny", condition, action, resource), Depends, "{condition} {action}");
        }
    }
    // A perimeter denies whatever comes without the key.
    let perimeter = r#""StringNotEqualsIfExists":{"aws:VpceOrgID":"o-a1b2c3d4e5"}"#;
    assert_eq!(by("Deny", perimeter, "secretsmanager:GetSecretValue", secret), False);
    assert_eq!(by("Deny", perimeter, "s3:GetObject", "arn:aws:s3:::bucket/key"), Depends);
}

/// What a statement with this condition comes to for an action, on whatever it is about.
fn for_action(effect: &str, condition: &str, action: &str) -> Truth {
    let everything = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
    let statement =
        format!(r#"{{"Effect":"{effect}","Action":"*","Resource":"*","Condition":{{{condition}}}}}"#);
    let statements = if effect == "Deny" { format!("{everything},{statement}") } else { statement };
    let resource = match action.split(':').next() {
        Some("iam") => "arn:aws:iam::111122223333:user/ann",
        Some("kms") => "arn:aws:kms:us-east-1:111122223333:key/0a1b2c3d-0000-1111-2222-333344445555",
        Some("ec2") => "arn:aws:ec2:us-east-1:111122223333:instance/i-1",
        Some("secretsmanager") => "arn:aws:secretsmanager:us-east-1:111122223333:secret:s-AbCdEf",
        _ => "*",
    };
    World::default().identity(&statements).truth(&user(), action, resource)
}

/// A key with a service's prefix is in the requests of that service: the reference lists it for no action of another one.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>
#[test]
fn keys_of_a_service_are_in_no_request_for_another() {
    for (key, has) in [
        ("kms:ViaService", "kms:Decrypt"),
        ("kms:EncryptionContext:a", "kms:Decrypt"),
        // Of its resource type.
        ("kms:KeySpec", "kms:Decrypt"),
        ("s3:TlsVersion", "s3:ListAllMyBuckets"),
        ("ec2:Region", "ec2:StartInstances"),
        ("ec2:ResourceTag/a", "ec2:StopInstances"),
        ("secretsmanager:ResourceTag/a", "secretsmanager:GetSecretValue"),
        ("iam:ResourceTag/x", "iam:PutUserPolicy"),
        ("iam:ResourceTag/x", "sts:AssumeRole"),
        ("sts:ExternalId", "sts:AssumeRole"),
        ("sts:RoleSessionName", "sts:TagSession"),
    ] {
        let condition = format!(r#""StringEquals":{{"{key}":"a"}}"#);
        // Those of KMS and STS are also decided by the policy of what they are about.
        if !has.starts_with("sts:") && !has.starts_with("kms:") {
            assert!(for_action("Allow", &condition, has) > False, "{key} {has}");
        }
        assert!(!crate::is_never_sent_with(key, has), "{key} {has}");
        let others = ["ec2:StopInstances", "iam:PutUserPolicy", "sqs:ListQueues", "lambda:ListFunctions"];
        for action in others.into_iter().filter(|action| action.split(':').next() != key.split(':').next()) {
            assert_eq!(for_action("Allow", &condition, action), False, "{key} {action}");
            let negated = condition.replace("Equals", "NotEquals");
            assert_eq!(for_action("Deny", &negated, action), False, "{key} {action}");
            assert_eq!(for_action("Deny", &condition, action), True, "{key} {action}");
        }
        assert_eq!(
            for_action("Allow", &condition, "ec2:NewerAction"),
            for_action("Allow", &condition, "a:b")
        );
    }
    // Of the service's own actions too, where the reference lists the key for some.
    for (key, action) in [
        ("kms:EncryptionContext:a", "kms:ScheduleKeyDeletion"),
        ("sts:ExternalId", "sts:DecodeAuthorizationMessage"),
        ("sts:RoleSessionName", "sts:DecodeAuthorizationMessage"),
    ] {
        let condition = format!(r#""StringEquals":{{"{key}":"a"}}"#);
        assert_eq!(for_action("Allow", &condition, action), False, "{key} {action}");
    }
    // What a session brings along, what is newer, and what is no service's.
    for key in [
        "sts:SourceIdentity",
        "ec2:SourceInstanceARN",
        "lambda:SourceFunctionArn",
        "kms:NewerKey",
        "accounts.google.com:sub",
        "saml:aud",
        "cognito-identity.amazonaws.com:sub",
    ] {
        assert!(!crate::is_never_sent_with(key, "ec2:StopInstances"), "{key}");
    }
}

/// "This key is included in the request context when tag key-value pairs are passed in the request".
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-requesttag>
#[test]
fn tags_are_in_requests_for_actions_about_tags_only() {
    let equals = r#""StringEquals":{"aws:RequestTag/CostCenter":"a"}"#;
    let differs = r#""StringNotEquals":{"aws:RequestTag/CostCenter":"a"}"#;
    let names = r#""ForAnyValue:StringEquals":{"aws:TagKeys":"CostCenter"}"#;
    let missing = r#""Null":{"aws:RequestTag/CostCenter":"true"}"#;
    for action in ["ec2:StopInstances", "iam:PutUserPolicy", "sqs:SendMessage"] {
        for (effect, condition, wanted) in [
            ("Allow", equals, False),
            ("Allow", names, False),
            ("Allow", differs, True),
            ("Deny", equals, True),
            ("Deny", names, True),
            ("Deny", differs, False),
            ("Deny", missing, False),
        ] {
            assert_eq!(for_action(effect, condition, action), wanted, "{effect} {condition} {action}");
        }
    }
    // And what is newer, and what AWS's own policies grant on them.
    // <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonDataZoneSageMakerManageAccessRolePolicy.html>
    for action in ["ec2:RunInstances", "iam:TagUser", "iam:CreateUser", "ec2:NewerAction"] {
        for condition in [equals, differs, names, missing] {
            assert_eq!(for_action("Allow", condition, action), Depends, "{condition} {action}");
            assert_eq!(for_action("Deny", condition, action), Depends, "{condition} {action}");
        }
    }
    assert!(!crate::is_never_sent_with("aws:TagKeys", "kms:CreateGrant"));
    assert!(crate::is_never_sent_with("aws:RequestTag/a", "kms:CreateGrant"));
    assert!(crate::is_never_sent_with("aws:TagKeys", "kms:Decrypt"));
}
