//! What the user says, and what the facts say beside it.

use orgsweep_policy::Principal;

use super::*;

fn given(arguments: &[&str]) -> Result<Circumstances, ExplainError> {
    given_of("ec2:StopInstances", "arn:aws:ec2:us-east-1:111122223333:instance/i-1", arguments)
}

fn bare() -> Request {
    let ann = Principal::iam("arn:aws:iam::111122223333:user/ann").unwrap();
    Request::new(ann, "ec2:StopInstances", "*", Context::auditor())
}

fn given_of(action: &str, resource: &str, arguments: &[&str]) -> Result<Circumstances, ExplainError> {
    let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
    let question = Question::read(action, resource).unwrap();
    let ann = Principal::iam("arn:aws:iam::111122223333:user/ann").unwrap();
    let bare = Request::new(ann, action, resource, Context::auditor());
    Circumstances::given(&arguments, &question, &bare)
}

#[test]
fn what_the_user_says_wins_in_whatever_case() {
    let mut circumstances =
        given(&["AWS:principalorgid=o-mine", "aws:CalledVia=a", "x:list=1", "x:list=2"]).unwrap();
    let known = |value: &str| Key::Known { values: [value.into()].into(), multivalued: false };
    let keys = [("aws:PrincipalOrgID", known("o-scan")), ("aws:userid", known("AIDA"))];
    let keys = keys.map(|(key, state)| (key.to_owned(), state)).into();
    circumstances.of_facts(FactKeys { keys, families: Vec::new() }, &bare());
    assert_eq!(
        circumstances.notes.last().unwrap(),
        "aws:PrincipalOrgID is assumed to be \"o-mine\", as given; the scan says \"o-scan\""
    );
    let context = circumstances.over(Context::auditor());
    let value = |key: &str| match context.get(key) {
        Key::Known { values, multivalued } => (values.join(","), *multivalued),
        other => panic!("{other:?}"),
    };
    assert_eq!(value("aws:PrincipalOrgID"), ("o-mine".to_owned(), false));
    assert_eq!(value("aws:CalledVia"), ("a".to_owned(), true));
    assert_eq!(value("x:list"), ("1,2".to_owned(), true));
    assert_eq!(value("aws:userid"), ("AIDA".to_owned(), false));
}

#[test]
fn what_is_no_pair_is_refused() {
    for text in ["aws:SourceIp", "=x", ""] {
        assert!(given(&[text]).is_err(), "{text:?}");
    }
    assert!(given(&["a:b="]).is_ok());
}

/// One fact, two names: neither may be open while the other is unknown.
#[test]
fn tags_of_a_resource_are_the_same_under_both_names() {
    let context = given(&[]).unwrap().over(Context::auditor());
    assert_eq!(context.get("aws:ResourceTag/team"), &Key::NotKnown);
    assert_eq!(context.get("ec2:ResourceTag/team"), &Key::NotKnown);
    for said in ["aws:ResourceTag/Team=a", "EC2:ResourceTag/Team=a", "ec2:resourcetag/Team=a"] {
        let context = given(&[said]).unwrap().over(Context::auditor());
        for key in ["aws:ResourceTag/Team", "ec2:ResourceTag/Team"] {
            let is_said = matches!(context.get(key), Key::Known { values, .. } if &*values[0] == "a");
            assert!(is_said, "{said}: {key}: {:?}", context.get(key));
        }
        assert_eq!(context.get("ec2:ResourceTag/other"), &Key::NotKnown);
    }
}

/// The service that is asked need not be the one whose the resource is.
#[test]
fn tags_of_a_role_are_iams_whoever_is_asked() {
    let role = "arn:aws:iam::444455556666:role/ci";
    let context = given_of("sts:AssumeRole", role, &["aws:ResourceTag/team=a"]).unwrap();
    let context = context.over(Context::auditor());
    assert!(matches!(context.get("iam:ResourceTag/team"), Key::Known { values, .. } if &*values[0] == "a"));
    assert_eq!(context.get("iam:ResourceTag/other"), &Key::NotKnown);
    // Of an instance, too, Systems Manager has its own name.
    let instance = "arn:aws:ec2:us-east-1:111122223333:instance/i-1";
    let context = given_of("ssm:StartSession", instance, &["aws:ResourceTag/team=a"]).unwrap();
    let context = context.over(Context::auditor());
    for key in ["ssm:resourceTag/team", "ec2:ResourceTag/team", "aws:ResourceTag/team"] {
        assert!(matches!(context.get(key), Key::Known { values, .. } if &*values[0] == "a"), "{key}");
    }
    assert_eq!(context.get("ssm:resourceTag/other"), &Key::NotKnown);
}

#[test]
fn a_request_about_no_resource_has_no_tags_of_one() {
    let tag = |action: &str, resource: &str| {
        let context = given_of(action, resource, &[]).unwrap().over(Context::auditor());
        context.get("aws:ResourceTag/team").clone()
    };
    assert_eq!(tag("ec2:DescribeInstances", "*"), Key::Absent);
    // One that may name a resource, and does not: of which it is asked is not known.
    assert_eq!(tag("cloudformation:DescribeStacks", "*"), Key::NotKnown);
}

/// What is declared as a list never matches an operator for one value.
#[test]
fn lists_of_services_are_lists() {
    let table = "arn:aws:dynamodb:us-east-1:111122223333:table/t";
    let circumstances = given_of("dynamodb:GetItem", table, &["dynamodb:LeadingKeys=ann"]).unwrap();
    let context = circumstances.over(Context::auditor());
    assert!(matches!(context.get("dynamodb:LeadingKeys"), Key::Known { multivalued: true, .. }));
}

/// AWS sends the keys that the reference lists for the action, and the global ones.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#ck_passedtoservice>
#[test]
fn a_key_that_the_action_does_not_have_does_not_count() {
    let role = "arn:aws:iam::111122223333:role/app";
    let user = "arn:aws:iam::111122223333:user/new";
    let instance = "arn:aws:ec2:us-east-1:111122223333:instance/i-1";
    for (given, action, resource) in [
        ("iam:PassedToService=ec2.amazonaws.com", "iam:CreateRole", role),
        ("iam:PassedToService=ec2.amazonaws.com", "ec2:StopInstances", instance),
        ("iam:PermissionsBoundary=arn:aws:iam::111122223333:policy/b", "iam:PassRole", role),
        ("iam:PolicyARN=arn:aws:iam::aws:policy/ReadOnlyAccess", "iam:CreateUser", user),
        ("iam:AWSServiceName=ecs.amazonaws.com", "iam:CreateRole", role),
        ("ec2:InstanceType=t3.micro", "iam:CreateUser", user),
        ("ec2:VpceServiceName=x", "ec2:StopInstances", instance),
        ("sts:ExternalId=x", "iam:CreateUser", user),
        ("kms:ViaService=s3.us-east-1.amazonaws.com", "ec2:StopInstances", instance),
        // Tags, with actions that take none.
        ("aws:RequestTag/team=a", "iam:GetUser", user),
        ("aws:TagKeys=team", "ec2:StopInstances", instance),
        // Of the endpoint, which these are never sent.
        ("aws:VpceAccount=111122223333", "iam:PassRole", role),
        ("aws:VpceOrgID=o-a1b2c3d4e5", "sts:AssumeRole", role),
    ] {
        let circumstances = given_of(action, resource, &[given]).unwrap();
        let key = given.split('=').next().unwrap();
        let note = format!("{action} does not send {key}: AWS omits it from such requests");
        assert!(circumstances.notes[0].starts_with(&note), "{:?}", circumstances.notes);
        assert!(circumstances.notes[0].ends_with("so it is ignored"), "{:?}", circumstances.notes);
        assert_eq!(circumstances.over(Context::auditor()).get(key), &Key::Absent, "{action} {given}");
    }
    for (given, action, resource) in [
        ("iam:PassedToService=ec2.amazonaws.com", "iam:PassRole", role),
        ("iam:AWSServiceName=ecs.amazonaws.com", "iam:CreateServiceLinkedRole", role),
        ("ec2:InstanceType=t3.micro", "ec2:StopInstances", instance),
        // Global, of a session, and of whatever is newer than the catalogue.
        ("aws:SourceIp=192.0.2.7", "iam:CreateRole", role),
        ("aws:SourceVpce=vpce-1", "sts:AssumeRole", role),
        // The reference has gaps.
        (
            "s3:DataAccessPointArn=arn:aws:s3:us-east-1:111122223333:accesspoint/a",
            "s3:GetObject",
            "arn:aws:s3:::b/k",
        ),
        ("s3:TlsVersion=1.3", "s3:ListAllMyBuckets", "*"),
        ("aws:VpceAccount=111122223333", "iam:CreateRole", role),
        ("aws:PrincipalTag/team=a", "iam:CreateRole", role),
        ("aws:RequestTag/team=a", "iam:CreateUser", user),
        ("ec2:SourceInstanceArn=arn:aws:ec2:us-east-1:111122223333:instance/i-1", "iam:CreateRole", role),
        ("iam:NoSuchKey=a", "iam:CreateRole", role),
        ("iam:PassedToService=ec2.amazonaws.com", "iam:NewerAction", role),
        // One statement of a trust policy allows a role to be assumed, and its session to be tagged.
        ("sts:ExternalId=x", "sts:TagSession", role),
        ("saml:aud=x", "sts:SetSourceIdentity", role),
        ("token.actions.githubusercontent.com:sub=repo:a/b", "sts:TagSession", role),
    ] {
        let context = given_of(action, resource, &[given]).unwrap().over(Context::auditor());
        let key = given.split('=').next().unwrap();
        assert!(matches!(context.get(key), Key::Known { .. }), "{action} {given}");
    }
    // What is said of a resource's tag is known, whatever name of it the action has.
    let context = given_of("iam:PassRole", role, &["iam:ResourceTag/team=a"]).unwrap();
    let context = context.over(Context::auditor());
    assert!(matches!(context.get("aws:ResourceTag/team"), Key::Known { .. }), "{context:?}");
}

/// A statement for the passing of roles that names another action too does not allow that one.
#[test]
fn a_given_key_of_another_action_changes_no_answer() {
    use orgsweep_policy::{Attached, Decision, Layers, Policy, evaluate};

    let statement = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["iam:PassRole","iam:CreateRole"],
        "Resource":"*","Condition":{"StringEquals":{"iam:PassedToService":"ec2.amazonaws.com"}}}}"#;
    let identity = [Attached::new("p", Policy::compiled(statement))];
    let role = "arn:aws:iam::111122223333:role/app";
    let given = ["iam:PassedToService=ec2.amazonaws.com"];
    let allowed = |action: &str| {
        let context = given_of(action, role, &given).unwrap().over(Context::auditor());
        let ann = Principal::iam("arn:aws:iam::111122223333:user/ann").unwrap();
        let request = Request::new(ann, action, role, context);
        evaluate(&request, &Layers { identity: &identity, ..Layers::default() }).decision
    };
    assert!(matches!(allowed("iam:PassRole"), Decision::Allowed));
    assert!(matches!(allowed("iam:CreateRole"), Decision::Denied(_)));
}
