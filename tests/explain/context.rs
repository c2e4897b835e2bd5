//! Condition keys: what whoever asks says of them, what the facts say, and what stays open.

use super::{DEMO, answer, asked, layer};

fn operator() -> String {
    DEMO.arn_of("operator", |_| true)
}

fn instance(who: &str, region: &str) -> String {
    format!("arn:aws:ec2:{region}:{}:instance/i-0123456789abcdef0", &who[13..25])
}

fn notes_with(key_and_value: &str) -> String {
    let operator = operator();
    let (said, json) = answer(&operator, "iam:CreateUser", &operator, &["--context", key_and_value]);
    let notes = json["notes"].to_string();
    for note in json["notes"].as_array().unwrap() {
        assert!(said.output.contains(note.as_str().unwrap()), "{notes}: {}", said.output);
    }
    notes
}

/// A misspelt key would be believed and would decide nothing.
#[test]
fn keys_that_nobody_has_heard_of_are_noted() {
    for (given, wanted) in [
        ("aws:TagKey=a", &["aws:TagKey is not a known condition key", "did you mean aws:TagKeys?"][..]),
        ("aws:SourceIP4=192.0.2.7", &["did you mean aws:SourceIp?"]),
        ("iam:PolicyArm=x", &["did you mean iam:PolicyARN?"]),
        ("nosuch:Key=x", &["nosuch:Key is not a known condition key"]),
        ("aws:PrincipalTags/team=x", &["did you mean aws:PrincipalTag/team?"]),
        ("nocolon=x", &["nocolon is not a known condition key"]),
        // Of another action, so that AWS does not send it along.
        ("ec2:InstanceType=t3.micro", &["iam:CreateUser does not send ec2:InstanceType", "so it is ignored"]),
        ("aws:SourceVpc=vpc-1", &["no policy in the scan mentions aws:SourceVpc"]),
    ] {
        let notes = notes_with(given);
        for wanted in wanted {
            assert!(notes.contains(wanted), "{given}: {wanted}: {notes}");
        }
    }
    for given in [
        "aws:RequestedRegion=us-east-1",
        "AWS:MULTIFACTORAUTHPRESENT=true",
        "iam:PermissionsBoundary=arn:aws:iam::111122223333:policy/edge",
        "aws:RequestTag/team=a",
        "token.actions.githubusercontent.com:sub=repo:a/b",
        "login.example.com/tenant:sub=x",
    ] {
        let notes = notes_with(given);
        assert!(
            !notes.contains("not a known condition key") && !notes.contains("does not send"),
            "{given}: {notes}"
        );
    }
}

/// What does not convert matches nothing, and the answer would be one to another question.
#[test]
fn values_are_of_the_type_of_their_key() {
    let operator = operator();
    for (given, wanted) in [
        (&["aws:SourceIp=office"][..], "expected a single IP address"),
        (&["aws:SourceIp=192.0.2.0/24"], "expected a single IP address"),
        (&["aws:MultiFactorAuthPresent=yes"], "expected true or false"),
        (&["aws:MultiFactorAuthAge=ten"], "expected a number"),
        (&["aws:CurrentTime=tomorrow"], "expected a time"),
        (&["aws:EpochTime=2026"], "expected a time"),
        (&["aws:SourceArn=bucket"], "expected an ARN"),
        (&["iam:PolicyARN=AdministratorAccess"], "expected an ARN"),
        (&["aws:SourceVpc=a", "aws:SourceVpc=b"], "has only one value"),
    ] {
        let more: Vec<&str> = given.iter().flat_map(|given| ["--context", given]).collect();
        let said = asked(&operator, "iam:AttachUserPolicy", &operator, &more);
        assert_eq!(said.code, 3, "{given:?}: {}", said.output);
        assert!(said.errors.contains(wanted), "{given:?}: {}", said.errors);
    }
    for given in [
        "aws:SourceIp=2001:db8::1",
        "aws:SecureTransport=FALSE",
        "aws:MultiFactorAuthAge=10",
        "aws:CurrentTime=2026-01-01T00:00:00Z",
        "aws:CurrentTime=2026-01-01",
        "aws:TokenIssueTime=1790000000",
        "aws:SourceArn=arn:aws:s3:::b",
    ] {
        let said = asked(&operator, "iam:AttachUserPolicy", &operator, &["--context", given]);
        assert_eq!(said.code, 0, "{given}: {}", said.errors);
    }
}

/// Who asks is said once.
#[test]
fn what_follows_from_the_question_is_not_said_otherwise() {
    let operator = operator();
    let broker = operator.replace("user/operator", "role/platform/KeyBroker");
    for (given, wanted) in [
        // The policy that denies spares this role.
        (format!("aws:PrincipalArn={broker}"), format!("it is determined by the question: {operator}")),
        ("aws:username=ann".to_owned(), "by the question: operator".to_owned()),
        ("aws:PrincipalAccount=444455556666".to_owned(), format!("by the question: {}", &operator[13..25])),
        ("aws:ResourceAccount=444455556666".to_owned(), format!("by the question: {}", &operator[13..25])),
        (
            "aws:PrincipalServiceName=ec2.amazonaws.com".to_owned(),
            "such a request does not contain it".to_owned(),
        ),
    ] {
        let said = asked(&operator, "iam:CreateAccessKey", &operator, &["--context", &given]);
        assert_eq!(said.code, 3, "{given}: {}", said.output);
        assert!(said.errors.contains(&wanted), "{given}: {}", said.errors);
    }
    let same = format!("aws:principalarn={operator}");
    assert_eq!(asked(&operator, "iam:GetUser", &operator, &["--context", &same]).code, 0);
}

/// What the facts say otherwise may be supposed, but not in silence.
#[test]
fn what_the_scan_says_otherwise_is_noted() {
    let notes = notes_with("aws:PrincipalOrgID=o-other12345");
    assert!(notes.contains("the scan says \\\"o-") && notes.contains("o-other12345"), "{notes}");
}

/// An instance in Frankfurt is stopped in Frankfurt.
#[test]
fn region_is_that_of_the_resource() {
    let operator = operator();
    let (_, json) = answer(&operator, "ec2:StopInstances", &instance(&operator, "us-east-1"), &[]);
    assert_eq!(json["answer"]["decision"], "allowed", "{json:#}");
    let far = instance(&operator, "af-south-1");
    let (_, json) = answer(&operator, "ec2:StopInstances", &far, &[]);
    assert_eq!(json["answer"]["decision"], "denied", "{json:#}");
    assert!(json["answer"]["reason"].as_str().unwrap().contains("deny-other-regions"), "{json:#}");
    let (_, json) =
        answer(&operator, "ec2:StopInstances", &far, &["--context", "aws:RequestedRegion=us-east-1"]);
    assert_eq!(json["answer"]["decision"], "allowed", "{json:#}");
    assert!(json["notes"].to_string().contains("the ARN says \\\"af-south-1\\\""), "{json:#}");
}

fn decided_by(json: &serde_json::Value) -> Vec<(String, String)> {
    let conditions = json["answer"]["conditions"].as_array().unwrap();
    let text = |one: &serde_json::Value, name: &str| one[name].as_str().unwrap().to_owned();
    conditions.iter().map(|one| (text(one, "condition"), text(one, "decided_by"))).collect()
}

/// The caller names the Region; whether it has signed in with a second factor, the moment decides.
#[test]
fn what_the_caller_chooses_is_told_from_circumstances() {
    let on_call = DEMO.arn_of("OnCall", |_| true);
    let (said, json) = answer(&on_call, "ec2:DescribeInstances", "*", &[]);
    assert_eq!(json["answer"]["decision"], "allowed_if", "{json:#}");
    let found = decided_by(&json);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found[0].0.starts_with("not StringNotEquals aws:RequestedRegion") && found[0].1 == "caller",
        "{found:?}"
    );
    assert!(
        found[1].0.starts_with("Bool aws:MultiFactorAuthPresent") && found[1].1 == "environment",
        "{found:?}"
    );
    assert_eq!(json["answer"]["by_choice"], "allowed_if", "{json:#}");
    assert_eq!(json["answer"]["conditions"][1]["policy"], "servers", "{json:#}");
    for wanted in [
        "  if         all of\n",
        "\n               caller       not StringNotEquals aws:RequestedRegion",
        "\n               environment  Bool aws:MultiFactorAuthPresent [\"true\"], of servers, statement 1 (WithMfa)\n",
        "\n             The caller does not control all of these conditions.\n",
    ] {
        assert!(said.output.contains(wanted), "{wanted}: {}", said.output);
    }
    // Every layer says what it hangs on.
    let statement = &layer(&json, "identity policies")["statements"][0];
    assert_eq!(statement["open"][0]["decided_by"], "environment", "{json:#}");

    let (said, json) = answer(&operator(), "ec2:DescribeInstances", "*", &[]);
    assert_eq!(json["answer"]["by_choice"], "allowed", "{json:#}");
    assert_eq!(decided_by(&json)[0].1, "caller");
    assert!(
        said.output.contains(
            "\n             The caller controls this condition, so treat the request as allowed.\n"
        ),
        "{}",
        said.output
    );
    let (_, json) = answer(&on_call, "ec2:StopInstances", &instance(&on_call, "us-east-1"), &[]);
    assert_eq!(json["answer"]["by_choice"], "allowed_if", "{json:#}");
    assert_eq!(decided_by(&json).len(), 1);
    // An answer without conditions has nothing to choose.
    let (_, json) = answer(&operator(), "iam:CreateUser", &operator(), &[]);
    assert!(json["answer"]["by_choice"].is_null(), "{json:#}");
}

/// The default policy of a key leaves it to the account: that nothing is said of it does not mean that it denies.
#[test]
fn a_key_is_as_its_policy_says_which_no_scan_reads() {
    let operator = operator();
    let key = format!("arn:aws:kms:us-east-1:{}:key/1234abcd-12ab-34cd-56ef-1234567890ab", &operator[13..25]);
    let (said, json) = answer(&operator, "kms:Decrypt", &key, &[]);
    assert_eq!((said.code, json["answer"]["decision"].as_str()), (2, Some("unknown")), "{json:#}");
    assert_eq!(json["if_the_key_policy_is_the_default_one"]["decision"], "allowed", "{json:#}");
    assert!(json["if_the_resource_policy_says_nothing"].is_null(), "{json:#}");
    assert!(
        said.output
            .contains("If the key's policy is the default one, which leaves it to the account: ALLOWED"),
        "{}",
        said.output
    );
    // An alias has no policy.
    let alias = key.replace("key/1234abcd-12ab-34cd-56ef-1234567890ab", "alias/x");
    let (_, json) = answer(&operator, "kms:CreateAlias", &alias, &[]);
    assert_eq!(json["answer"]["decision"], "allowed", "{json:#}");
}

/// Subnets and the like may be shared with other accounts, and no scan reads with which.
#[test]
fn what_may_be_shared_with_another_account_is_unknown() {
    let admin =
        DEMO.arn_of("OrganizationAccountAccessRole", |one| one.account_id.as_str() == DEMO.management());
    let theirs = instance(&operator(), "us-east-1").replace("instance/", "subnet/");
    let (said, json) = answer(&admin, "ec2:CreateNetworkInterface", &theirs, &[]);
    assert_eq!((said.code, json["answer"]["decision"].as_str()), (2, Some("unknown")), "{json:#}");
    assert!(said.output.contains("resource shares of AWS RAM"), "{}", said.output);
    // Users are shared with nobody.
    let (_, json) = answer(&admin, "iam:GetUser", &operator(), &[]);
    assert_eq!(json["answer"]["decision"], "denied", "{json:#}");
}

/// Whether a service's resources have policies is AWS's table, "AWS services that work with IAM", and not a handful known by hand.
#[test]
fn services_without_policies_of_resources_are_decided() {
    let admin =
        DEMO.arn_of("OrganizationAccountAccessRole", |one| one.account_id.as_str() == DEMO.management());
    let account = DEMO.management();
    let decision = |action: &str, resource: &str| {
        let resource = resource.replace("{}", &account);
        let (said, json) = answer(&admin, action, &resource, &[]);
        (said.code, json["answer"]["decision"].as_str().unwrap().to_owned())
    };
    for (action, resource) in [
        ("guardduty:GetDetector", "arn:aws:guardduty:us-east-1:{}:detector/d1"),
        ("config:DeleteConfigRule", "arn:aws:config:us-east-1:{}:config-rule/config-rule-1"),
        ("athena:GetWorkGroup", "arn:aws:athena:us-east-1:{}:workgroup/primary"),
        ("account:GetContactInformation", "arn:aws:account::{}:account"),
        ("budgets:ViewBudget", "arn:aws:budgets::{}:budget/monthly"),
        ("states:StartExecution", "arn:aws:states:us-east-1:{}:stateMachine:s"),
        ("ec2:StopInstances", "arn:aws:ec2:us-east-1:{}:instance/i-1"),
    ] {
        assert_eq!(decision(action, resource), (0, "allowed".to_owned()), "{action}");
    }
    for (action, resource) in [
        ("sqs:SendMessage", "arn:aws:sqs:us-east-1:{}:q"),
        // With an action for such policies that is newer than the table's "no".
        ("dsql:GetCluster", "arn:aws:dsql:us-east-1:{}:cluster/c1"),
    ] {
        assert_eq!(decision(action, resource), (2, "unknown".to_owned()), "{action}");
    }
}

#[test]
fn latest_scan_is_asked_by_that_name_too() {
    let operator = operator();
    let said = asked(&operator, "iam:GetUser", &operator, &["--scan", "latest"]);
    assert_eq!(said.code, 0, "{}", said.errors);
    let said = asked(&operator, "iam:GetUser", &operator, &["--scan", "newest"]);
    assert_eq!(said.code, 3);
    assert!(said.errors.contains("latest"), "{}", said.errors);
}

/// Its rights are those of a user that its ARN does not name.
#[test]
fn a_federated_user_is_asked_about_by_its_user() {
    let who = operator().replace(":iam:", ":sts:").replace("user/", "federated-user/");
    let said = asked(&who, "iam:GetUser", &operator(), &[]);
    assert_eq!(said.code, 3);
    for wanted in ["GetFederationToken", "ask about the user instead"] {
        assert!(said.errors.contains(wanted), "{}", said.errors);
    }
}
