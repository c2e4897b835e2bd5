//! What is asked: actions, resources and condition keys that AWS would never see are refused, or told.

use super::{DEMO, answer, asked};

/// What is refused says why, and what is right; nothing is answered.
fn refused(who: &str, action: &str, what: &str, more: &[&str], wanted: &[&str]) {
    let said = asked(who, action, what, more);
    assert_eq!(said.code, 3, "{action} {what} {more:?}: {}{}", said.output, said.errors);
    for wanted in wanted {
        assert!(said.errors.contains(wanted), "{action} {what} {more:?}: {wanted}: {}", said.errors);
    }
    assert!(said.output.is_empty(), "{}", said.output);
}

fn operator() -> String {
    DEMO.arn_of("operator", |_| true)
}

/// A pattern would be compared as a text: a Deny of what it takes in would not be seen.
#[test]
fn one_action_is_asked_for() {
    let operator = operator();
    for (action, wanted) in [
        ("iam:*", &["a request has a single action", "matches iam:", "more)"][..]),
        ("iam:*AccessKey", &["iam:CreateAccessKey"]),
        ("iam:?etUser", &["matches iam:GetUser)"]),
        ("*", &["a request has a single action"]),
        ("iam:GetUser ", &["white space", "did you mean iam:GetUser?"]),
        (" iam:GetUser", &["white space"]),
        ("iam:Get\u{1b}User", &["control characters", "did you mean iam:GetUser?"]),
        ("GetUser", &["it names no service", "did you mean iam:GetUser"]),
        ("iam:", &["a service and a name"]),
        (":GetUser", &["a service and a name"]),
        ("iam:Get:User", &["a service and a name"]),
        ("", &["names no service"]),
    ] {
        refused(&operator, action, &operator, &[], wanted);
    }
}

#[test]
fn one_resource_is_asked_about() {
    let operator = operator();
    for (what, wanted) in [
        ("", &["it is empty", "expected an ARN"][..]),
        ("operator", &["not an ARN of six parts"]),
        ("arn:aws:iam::111122223333", &["not an ARN of six parts"]),
        ("arn:aws:iam::1111:user/operator", &["does not have 12 digits"]),
        (" arn:aws:iam::111122223333:user/x", &["not an ARN of six parts"]),
        ("arn:aws:iam::111122223333:user/x ", &["white space"]),
        ("arn:aws:iam::111122223333:user/\u{7}x", &["control characters"]),
        ("arn:aws:iam::111122223333:user/*", &["a request has a single resource"]),
        ("arn:aws:iam::111122223333:user/x?", &["a request has a single resource"]),
    ] {
        refused(&operator, "iam:GetUser", what, &[], wanted);
    }
    refused(&operator, "s3:GetObject", "arn:aws:s3:::bucket/*", &[], &["a request has a single resource"]);
    // AWS itself writes a star behind the names of log groups.
    let group = "arn:aws:logs:us-east-1:111122223333:log-group:app:*";
    assert_eq!(asked(&operator, "logs:DescribeLogStreams", group, &[]).code, 2);
}

/// With `*` a bucket's policy and every resource control policy would be left out.
#[test]
fn action_and_resource_belong_together() {
    let operator = operator();
    let account = operator[13..25].to_owned();
    for (action, what, wanted) in [
        (
            "s3:GetObject",
            "*",
            &["requires one resource", "arn:aws:s3:::${BucketName}/${ObjectName} (object)"][..],
        ),
        ("ec2:StopInstances", "*", &["requires one resource", ":instance/${InstanceId} (instance)"]),
        (
            "iam:ListUsers",
            "arn:aws:s3:::bucket",
            &["lists no resource type for iam:ListUsers", "--resource '*'"],
        ),
        (
            "iam:CreateUser",
            "arn:aws:iam::111122223333:role/x",
            &["does not apply to resource type role", ":user/${UserNameWithPath} (user)"],
        ),
        ("iam:CreateUser", "arn:aws:s3:::bucket", &["does not apply to resource type bucket", "(user)"]),
        ("iam:CreateUser", "arn:aws:nosuch:::x", &["does not apply to resources of nosuch"]),
        ("iam:CreateUser", "arn:aws:iam:::user/x", &["its Region or account"]),
        (
            "s3:ListBucket",
            "arn:aws:s3:::bucket/key",
            &["does not apply to resource type object", "arn:aws:s3:::${BucketName} (bucket)"],
        ),
        (
            "kms:Encrypt",
            &format!("arn:aws:kms:us-east-1:{account}:alias/x"),
            &["does not apply to resource type alias", "(key)"],
        ),
        ("sts:AssumeRole", "*", &["requires one resource", "(role)"]),
    ] {
        refused(&operator, action, what, &[], wanted);
    }
}

/// AWS's refusals name an ARN of some of them.
#[test]
fn an_action_without_a_resource_type_is_asked_on_an_arn_of_its_service() {
    let operator = operator();
    let cluster = format!("arn:aws:elasticmapreduce:us-east-1:{}:cluster/*", &operator[13..25]);
    for (what, on, wanted) in [
        (cluster.as_str(), cluster.as_str(), ":cluster/*"),
        (&cluster.replace('*', "j-1"), "*", ":cluster/*, which is used here"),
    ] {
        let (said, json) = answer(&operator, "elasticmapreduce:RunJobFlow", what, &[]);
        assert_eq!(json["answer"]["decision"], if on == "*" { "allowed_if" } else { "allowed" }, "{json:#}");
        assert_eq!(json["resource"], on, "{json:#}");
        assert!(json["notes"].to_string().contains(wanted) && said.output.contains(wanted), "{json:#}");
    }
    // The statement that keeps requests in two Regions decides by that of the ARN.
    let far = cluster.replace("us-east-1", "af-south-1");
    let (_, json) = answer(&operator, "elasticmapreduce:RunJobFlow", &far, &[]);
    assert_eq!(json["answer"]["decision"], "denied", "{json:#}");
    let buckets = answer(
        &operator,
        "s3:ListAllMyBuckets",
        "arn:aws:s3:::*",
        &["--context", "aws:RequestedRegion=us-east-1"],
    )
    .1;
    assert_eq!(buckets["answer"]["decision"], "allowed", "{buckets:#}");
}

/// An action or a form that is newer than the catalogue is asked as it is written, and that is said.
#[test]
fn what_the_catalogue_does_not_list_is_asked_and_noted() {
    let operator = operator();
    for (action, what, wanted) in [
        (
            "iam:CreateAccesKey",
            operator.as_str(),
            &["not in the catalogue of 20", "did you mean iam:CreateAccessKey?"][..],
        ),
        ("iamm:CreateUser", &operator, &["did you mean iam:CreateUser?"]),
        ("nosuchservice:Whatever", "*", &["nosuchservice:Whatever is not in the catalogue of 20"]),
        ("iam:CreateUser", "arn:aws:iam::111122223333:usr/x", &["matches no ARN format", "(user)"]),
    ] {
        let (said, json) = answer(&operator, action, what, &["--context", "aws:RequestedRegion=us-east-1"]);
        let notes = json["notes"].to_string();
        for wanted in wanted {
            assert!(notes.contains(wanted), "{action}: {wanted}: {notes}");
            assert!(said.output.contains(wanted), "{action}: {wanted}: {}", said.output);
        }
        // Before the long list of layers.
        assert!(said.output.find("Note: ") < said.output.find("Layers"), "{}", said.output);
    }
    let (_, json) = answer(&operator, "iam:createuser", &operator, &[]);
    assert_eq!(json["notes"].as_array().unwrap().len(), 0, "{json:#}");
}

/// A start of an instance is asked of its image, its subnet and more; a stack may be one or all.
#[test]
fn what_aws_asks_besides_is_noted() {
    let operator = operator();
    let account = &operator[13..25];
    let instance = format!("arn:aws:ec2:us-east-1:{account}:instance/i-1");
    let (_, json) = answer(&operator, "ec2:RunInstances", &instance, &[]);
    assert_eq!(json["answer"]["decision"], "allowed", "{json:#}");
    let notes = json["notes"].to_string();
    assert!(notes.contains("one of each image, network-interface, security-group"), "{notes}");
    for (action, what, wanted) in [
        ("cloudformation:DescribeStacks", "*", "or to one resource: arn:aws:cloudformation:"),
        // Several types, none of them required.
        ("cloudformation:GetTemplateSummary", "*", "or to one resource: arn:aws:cloudformation:"),
        ("ec2:CreateTags", "*", "applies to all resources, as here"),
        // As in AWS's own messages.
        ("rds:DescribeDBInstances", "arn:aws:rds:us-east-1:111122223333:db:*", "is used as written"),
        ("ec2:CreateVolume", "arn:aws:ec2:us-east-1:111122223333:volume/*", "is used as written"),
        // AWS's own, which no account owns.
        ("ssm:SendCommand", "arn:aws:ssm:us-east-1::document/AWS-RunShellScript", "does not name an account"),
        ("s3:ListBucket", "arn:aws:s3::111122223333:accesspoint/m.mrap", "or a Region"),
        // An index is queried, and its table too; the list does not say which of the two.
        (
            "dynamodb:Query",
            "arn:aws:dynamodb:us-east-1:111122223333:table/t/index/i",
            "may also check one of each table",
        ),
    ] {
        let (_, json) = answer(&operator, action, what, &[]);
        assert!(json["notes"].to_string().contains(wanted), "{action} {what}: {json:#}");
    }
}

#[test]
fn owner_is_the_account_of_the_arn() {
    let operator = operator();
    let other = DEMO.management();
    let more = ["--resource-account", other.as_str()];
    refused(
        &operator,
        "iam:GetUser",
        &operator,
        &more,
        &["--resource-account", "belongs to account", &operator[13..25]],
    );
    refused(&operator, "iam:ListUsers", "*", &more, &["--resource-account", "no account"]);
    let own = ["--resource-account", &operator[13..25]];
    assert_eq!(asked(&operator, "iam:GetUser", &operator, &own).code, 0);
    let (_, json) = answer(&operator, "s3:GetObject", "arn:aws:s3:::b/k", &more);
    let layers = json["layers"].to_string();
    assert!(layers.contains("they do not apply to the management account"), "{layers}");

    // A bucket's ARN does not say whose it is, which decides what binds it.
    let notes =
        |more: &[&str]| answer(&operator, "s3:GetObject", "arn:aws:s3:::b/k", more).1["notes"].to_string();
    assert!(notes(&[]).contains("--resource-account sets another one"), "{}", notes(&[]));
    assert!(!notes(&more).contains("sets another one"));
    let (_, json) = answer("*", "s3:GetObject", "arn:aws:s3:::b/k", &[]);
    let unknown = json["answer"]["unknown"].to_string();
    assert!(unknown.contains("the account that owns the resource is not given"), "{unknown}");
}

/// A misspelt name of somebody whom the scan would know.
#[test]
fn nobody_of_that_name_is_noted() {
    let operator = operator();
    let notes = |action: &str, what: &str| answer(&operator, action, what, &[]).1["notes"].to_string();
    let misspelt = operator.replace("user/operator", "user/opperator");
    let wanted = format!("no such user; the nearest is \\\"{operator}\\\"");
    assert!(notes("iam:GetUser", &misspelt).contains(&wanted), "{}", notes("iam:GetUser", &misspelt));
    let role = operator.replace("user/operator", "role/nosuch");
    assert!(notes("iam:PassRole", &role).contains("no such role"));
    assert!(notes("iam:CreateLoginProfile", &misspelt).contains("no such user"));
    // What is about to be made need not be there, nor what the scan does not know.
    for (action, what) in [
        ("iam:CreateUser", misspelt.as_str()),
        ("iam:CreateRole", &role),
        ("iam:GetUser", &operator),
        ("iam:GetUser", "arn:aws:iam::444455556666:user/x"),
        ("iam:GetPolicy", &operator.replace("user/operator", "policy/x")),
    ] {
        assert_eq!(notes(action, what), "[]", "{action} {what}");
    }
}

/// What somebody else's script hands over steers no terminal, in an answer or in an error.
#[test]
fn hostile_questions_are_data_on_the_screen() {
    let operator = operator();
    for (action, what, given) in [
        ("s3:GetObject", "arn:aws:s3:::b/\u{202e}k\u{200b}", "aws:RequestTag/\u{202e}=\u{202e}"),
        ("s3:GetObject", "arn:aws:s3:::b/k", "\u{212a}ms:ResourceTag/é\u{202e}=\u{1b}[31m"),
        ("iam:\u{202e}resUteG", operator.as_str(), "aws:SourceIp=192.0.2.7"),
        ("iam:GetUser", &operator, "aws:SourceIp=\u{1b}[31m\n"),
        ("iam:GetUser", "arn:aws:iam::111122223333:user/\u{1b}[31m", "a:b=c"),
        ("iam:\u{1b}[31m*", &operator, "a:b=c"),
    ] {
        for format in ["text", "json"] {
            let said = asked(&operator, action, what, &["--context", given, "--format", format]);
            let told = said.output + &said.errors;
            let is_safe = |character: char| {
                character == '\n' || !(character.is_control() || "\u{202e}\u{200b}".contains(character))
            };
            assert!(!told.is_empty() && told.chars().all(is_safe), "{told:?}");
        }
    }
}
