//! Statements in policies where they do not belong, or that say what AWS does not document.

use super::*;
use crate::truth::Truth::{Depends, False, True, Unknown};

fn identity(statements: &str) -> Truth {
    World::default().identity(statements).truth(&user(), "sqs:SendMessage", QUEUE)
}

/// "This policy also does not allow actions in other services, because other service actions are not applicable to the S3
/// resources", nor one that "requires the \"*\" resource", nor one of another type of resource.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notaction.html>
#[test]
fn not_action_with_allow_reaches_actions_of_that_resource_only() {
    let bucket = "arn:aws:s3:::bucket";
    let instance = "arn:aws:ec2:eu-west-1:111122223333:instance/i-1";
    let ann = "arn:aws:iam::111122223333:user/x";
    for (listed, on, reached, spared) in [
        (
            "sqs:DeleteQueue",
            "arn:aws:sqs:*:*:queue",
            &[("sqs:SendMessage", QUEUE), ("sqs:TagQueue", QUEUE)][..],
            &[
                ("sqs:DeleteQueue", QUEUE),
                ("sqs:SendMessage", AWAY_QUEUE),
                ("sqs:ListQueues", "*"),
                ("iam:CreateUser", ann),
            ][..],
        ),
        (
            "iam:*",
            "arn:aws:s3:::bucket/*",
            &[("s3:GetObject", "arn:aws:s3:::bucket/key"), ("s3:DeleteObject", "arn:aws:s3:::bucket/a/b")],
            &[
                // Of the same service, but of another type, or of none.
                ("s3:ListBucket", bucket),
                ("s3:DeleteBucketPolicy", bucket),
                ("s3:ListAllMyBuckets", "*"),
                ("ec2:TerminateInstances", instance),
                ("ec2:DescribeInstances", "*"),
                ("sts:AssumeRole", TARGET),
            ],
        ),
        (
            "ec2:*",
            "arn:aws:iam::111122223333:role/*",
            &[("iam:PassRole", TARGET), ("iam:UpdateAssumeRolePolicy", TARGET)],
            &[("iam:CreateUser", ann), ("iam:ListAccountAliases", "*"), ("ec2:TerminateInstances", instance)],
        ),
    ] {
        let statement = format!(r#"{{"Effect":"Allow","NotAction":"{listed}","Resource":"{on}"}}"#);
        let world = World::default().identity(&statement);
        for (action, resource) in reached {
            assert_eq!(world.truth(&user(), action, resource), True, "{statement} {action}");
        }
        for (action, resource) in spared {
            assert_eq!(world.truth(&user(), action, resource), False, "{statement} {action}");
        }
    }
}

/// AWS's reference lists no resource type for any of these. What its refusals name decides; where they are not known, an ARN of
/// the service may.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>
#[test]
fn action_without_a_resource_type_is_checked_on_what_refusals_name() {
    let on = |action: &str, element: &str| {
        let statement = format!(r#"{{"Effect":"Allow","Action":"{action}",{element}}}"#);
        World::default().identity(&statement).truth(&user(), action, "*")
    };
    let resource = |text: &str| format!(r#""Resource":"{text}""#);
    for (action, text, wanted) in [
        ("elasticmapreduce:RunJobFlow", "*", True),
        ("elasticmapreduce:RunJobFlow", "arn:aws:elasticmapreduce:*:*:cluster/*", True),
        ("elasticmapreduce:RunJobFlow", "arn:aws:elasticmapreduce:*:111122223333:*", True),
        ("elasticmapreduce:RunJobFlow", "arn:aws:elasticmapreduce:*", True),
        ("elasticmapreduce:RunJobFlow", "arn:aws:elasticmapreduce:eu-west-1:*:cluster/*", True),
        ("elasticmapreduce:RunJobFlow", "arn:aws:elasticmapreduce:*:444455556666:cluster/*", False),
        ("elasticmapreduce:RunJobFlow", "arn:aws:elasticmapreduce:*:*:cluster/j-1", False),
        ("elasticmapreduce:RunJobFlow", "arn:aws:elasticmapreduce:*:*:studio/*", False),
        ("s3:ListAllMyBuckets", "arn:aws:s3:::*", True),
        ("s3:ListAllMyBuckets", "arn:aws:s3:::bucket/*", False),
        ("iam:ListRoles", "arn:aws:iam::*:role/*", True),
        ("iam:ListRoles", "arn:aws:iam::*:user/*", False),
        // With `PathPrefix` only.
        ("iam:ListRoles", "arn:aws:iam::111122223333:role/team/*", Depends),
        ("iam:ListRoles", "arn:aws:iam::444455556666:role/team/*", False),
        ("logs:DescribeLogGroups", "arn:aws:logs:*:*:log-group:*", True),
        ("logs:DescribeLogGroups", "arn:aws:logs:eu-west-1:111122223333:*", True),
        ("logs:DescribeLogGroups", "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/*", Depends),
        ("logs:DescribeLogGroups", "arn:aws:logs:*:*:destination:*", False),
        // "you must specify all resources": its refusals name none.
        ("ec2:DescribeInstances", "arn:aws:ec2:*:*:instance/*", False),
        ("kms:ListKeys", "arn:aws:kms:*:*:key/*", False),
        // What it is checked on is not known.
        ("datapipeline:CreatePipeline", "arn:aws:datapipeline:*:*:pipeline/*", Unknown),
        ("datapipeline:CreatePipeline", "arn:aws:datapipeline:*:111122223333:*", Unknown),
        ("datapipeline:CreatePipeline", "arn:aws:*:*:*:*", Unknown),
        ("datapipeline:CreatePipeline", "arn:aws:datapipeline:*:444455556666:*", False),
        ("datapipeline:CreatePipeline", "arn:aws-cn:datapipeline:*:*:*", False),
        ("datapipeline:CreatePipeline", "arn:aws:s3:::*", False),
        ("datapipeline:NewerThanTheList", "arn:aws:datapipeline:*:*:pipeline/*", Unknown),
        // The list has a resource type for it.
        ("lambda:InvokeFunction", "arn:aws:lambda:*:*:function:*", False),
    ] {
        assert_eq!(on(action, &resource(text)), wanted, "{action} {text}");
    }
    let not = r#""NotResource":"arn:aws:elasticmapreduce:*:*:cluster/*""#;
    assert_eq!(on("elasticmapreduce:RunJobFlow", not), False);
    assert_eq!(on("elasticmapreduce:ListStudios", not), True);
}

/// A Deny is not reported where AWS may not apply it, and one that is known to be applied is.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>
#[test]
fn deny_on_an_arn_reaches_an_action_without_a_resource_type_only_if_it_is_checked_there() {
    let denied = |action: &str, element: &str, text: &str, region: Option<&str>| {
        let deny = format!(r#"{{"Effect":"Deny","Action":"{action}","{element}":"{text}"}}"#);
        let world = World::default().identity(&allow("*")).identity(&deny);
        let mut context = Context::auditor();
        if let Some(region) = region {
            context = context.with("aws:RequestedRegion", region);
        }
        world.answer_to(&Request::new(user(), action, "*", context)).decision.truth()
    };
    let job = "elasticmapreduce:RunJobFlow";
    let in_ireland = "arn:aws:elasticmapreduce:eu-west-1:*:cluster/*";
    for (action, element, text, region, wanted) in [
        (job, "Resource", "arn:aws:elasticmapreduce:*:*:cluster/*", None, False),
        (job, "Resource", "arn:aws:elasticmapreduce:*:*:studio/*", None, True),
        (job, "Resource", in_ireland, None, Depends),
        (job, "Resource", in_ireland, Some("eu-west-1"), False),
        (job, "Resource", in_ireland, Some("us-east-1"), True),
        (job, "NotResource", "arn:aws:elasticmapreduce:*:*:cluster/*", None, True),
        ("datapipeline:CreatePipeline", "Resource", "arn:aws:datapipeline:*:*:pipeline/*", None, True),
        ("datapipeline:CreatePipeline", "NotResource", "arn:aws:datapipeline:*:*:pipeline/*", None, Unknown),
        ("datapipeline:CreatePipeline", "NotResource", "arn:aws:s3:::*", None, False),
    ] {
        assert_eq!(denied(action, element, text, region), wanted, "{action} {element} {text} {region:?}");
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_statement.html>
#[test]
fn statement_may_be_a_single_object() {
    let policy = Policy::parse(r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#).unwrap();
    let world = World::default().identity_policy(Attached::new("single", Arc::new(policy)));
    assert_eq!(world.truth(&user(), "sqs:SendMessage", QUEUE), True);
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html>
#[test]
fn variables_count_in_version_2012_only() {
    let statement = r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:sqs:*:*:${aws:username}"}"#;
    for (version, of_ann, literal) in [
        (r#""Version":"2012-10-17","#, True, False),
        (r#""Version":"2008-10-17","#, False, True),
        ("", False, True),
    ] {
        let policy = Policy::parse(&format!("{{{version}\"Statement\":{statement}}}")).unwrap();
        let world = World::default().identity_policy(Attached::new("p", Arc::new(policy)));
        let truth =
            |name| world.truth(&user(), "sqs:SendMessage", &format!("arn:aws:sqs:eu-west-1:{HOME}:{name}"));
        assert_eq!((truth("ann"), truth("${aws:username}")), (of_ann, literal), "{version}");
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
#[test]
fn unresolvable_variable_makes_a_deny_with_not_resource_apply() {
    let deny = r#"{"Effect":"Deny","Action":"*","NotResource":"arn:aws:sqs:*:*:${aws:username}"}"#;
    let world = World::default().identity(&format!("{},{deny}", allow("*")));
    let ann = format!("arn:aws:sqs:eu-west-1:{HOME}:ann");
    assert_eq!(world.truth(&user(), "sqs:SendMessage", &ann), True);
    // A role has no user name.
    assert_eq!(world.truth(&session(), "sqs:SendMessage", &ann), False);
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html>
#[test]
fn operators_and_keys_are_joined_by_and() {
    let allow = |condition: &str| {
        format!(r#"{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{{{condition}}}}}"#)
    };
    for (condition, wanted) in [
        (r#""StringEquals":{"aws:username":"ann","aws:PrincipalAccount":"111122223333"}"#, True),
        (r#""StringEquals":{"aws:username":"ann","aws:PrincipalAccount":"444455556666"}"#, False),
        (r#""StringEquals":{"aws:username":"ann"},"StringLike":{"aws:PrincipalArn":"*ann"}"#, True),
        (r#""StringEquals":{"aws:username":"ann"},"StringLike":{"aws:PrincipalArn":"*bob"}"#, False),
        (r#""StringEquals":{"aws:username":["bob","ann"]}"#, True),
        ("", True),
    ] {
        assert_eq!(identity(&allow(condition)), wanted, "{condition}");
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>
#[test]
fn what_is_not_documented_is_unknown_never_ignored() {
    let everything = r#""Action":"*","Resource":"*""#;
    for statement in [
        format!(r#"{{"Effect":"EFFECT",{everything},"Unless":"monday"}}"#),
        format!(
            r#"{{"Effect":"EFFECT",{everything},"Condition":{{"StringSounds":{{"aws:username":"ann"}}}}}}"#
        ),
        format!(
            r#"{{"Effect":"EFFECT",{everything},"Condition":{{"Bool":{{"a":"true"}},"Bool":{{"b":"true"}}}}}}"#
        ),
        format!(r#"{{"Effect":"EFFECT",{everything},"Resource":"arn:aws:s3:::b"}}"#),
        format!(r#"{{"Effect":"EFFECT","Resource":"arn:aws:s3:::b",{everything}}}"#),
        format!(r#"{{"Effect":"EFFECT","Principal":"*",{everything}}}"#),
        r#"{"Effect":"EFFECT","Action":"*"}"#.to_owned(),
    ] {
        let allowing = statement.replace("EFFECT", "Allow");
        assert_eq!(identity(&allowing), Unknown, "{allowing}");
        // It may deny as well as not.
        let denying = statement.replace("EFFECT", "Deny");
        assert_eq!(identity(&denying), False, "{denying}");
        assert_eq!(identity(&format!("{},{denying}", allow("*"))), Unknown, "{denying}");
        // What it surely does not mean, it says nothing of.
        let other = denying.replace(r#""Action":"*""#, r#""Action":"ec2:*""#);
        assert_eq!(identity(&format!("{},{other}", allow("*"))), True, "{other}");
    }
    // Of what is written twice, either may count.
    let twice = format!(r#"{{"Effect":"Deny","Action":"ec2:*",{everything}}}"#);
    assert_eq!(identity(&format!("{},{twice}", allow("*"))), Unknown);
    // What may allow may deny.
    for effect in [r#""Effect":"Permit""#, r#""Effect":"Allow","Effect":"Deny""#, r#""Sid":"none""#] {
        let statement = format!("{{{effect},{everything}}}");
        assert_eq!(identity(&statement), Unknown, "{effect}");
        assert_eq!(identity(&format!("{},{statement}", allow("*"))), Unknown, "{effect}");
    }
    let version = Policy::parse(&format!(
        r#"{{"Version":"2031-01-01","Statement":{{"Effect":"Allow",{everything}}}}}"#
    ));
    let world = World::default().identity_policy(Attached::new("new", Arc::new(version.unwrap())));
    assert_eq!(world.truth(&user(), "sqs:SendMessage", QUEUE), Unknown);
}

/// The document may then say anything.
#[test]
fn element_of_a_document_that_is_not_documented_is_unknown() {
    let policy =
        Policy::parse(r#"{"Exceptions":{},"Statement":{"Effect":"Allow","Action":"ec2:*","Resource":"*"}}"#)
            .unwrap();
    let world = World::default().identity_policy(Attached::new("new", Arc::new(policy)));
    assert_eq!(world.truth(&user(), "sqs:SendMessage", QUEUE), Unknown);
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>
#[test]
fn resource_policy_without_principal_and_control_policy_without_resource_are_unknown() {
    let nameless = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
    assert_eq!(World::default().resource(nameless).truth(&user(), "sqs:SendMessage", QUEUE), Unknown);
    let boundless = r#"{"Effect":"Deny","Principal":"*","Action":"sqs:*"}"#;
    let world = World::default().identity(&allow("*")).resource_control(&[boundless]);
    assert_eq!(world.truth(&user(), "sqs:SendMessage", QUEUE), Unknown);
}

/// A doubt and a dependency: the dependency suffices where either would do, and does not where both must.
#[test]
fn doubt_and_dependency() {
    let open = r#""Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#;
    let doubtful = r#""Unless":"monday""#;
    let statement =
        |effect: &str, more: &str| format!(r#"{{"Effect":"{effect}","Action":"*","Resource":"*",{more}}}"#);
    let both = format!("{doubtful},{open}");
    assert_eq!(identity(&statement("Allow", &both)), Unknown);
    assert_eq!(identity(&format!("{},{}", statement("Allow", doubtful), statement("Allow", open))), Depends);
    assert_eq!(identity(&format!("{},{}", allow("*"), statement("Deny", &both))), Depends);
    assert_eq!(
        identity(&format!("{},{},{}", allow("*"), statement("Deny", doubtful), statement("Deny", open))),
        Unknown
    );
}
