//! Which condition keys a request has, by its action.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>

use super::*;
use crate::truth::Truth::{Depends, False, True};

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
