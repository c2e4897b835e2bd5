//! What follows from each kind of principal. What policies make of it is in `evaluate::tests::keys`.

use super::super::Request;
use super::*;

/// "Role session properties": what a session of another kind never has.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-role-properties>
#[test]
fn keys_of_role_sessions_are_absent_for_others() {
    let user = Principal::iam("arn:aws:iam::111122223333:user/ann").unwrap();
    let root = Principal::iam("arn:aws:iam::111122223333:root").unwrap();
    let bob = Principal::federated_user(user.name(), "bob").unwrap();
    let role = Principal::iam("arn:aws:iam::111122223333:role/ci").unwrap();
    for key in OF_ROLE_SESSIONS {
        for other in [&user, &root, &bob] {
            assert_eq!(value(other.clone(), key), "Absent", "{} {key}", other.name());
        }
        assert_eq!(value(role.clone(), key), "Environment", "{key}");
    }
    for principal in [user, root, bob, role] {
        assert_eq!(value(principal, "aws:AssumedRoot"), "Absent");
    }
}

fn value(principal: Principal, key: &str) -> String {
    let request = Request::new(principal, "s3:GetObject", "arn:aws:s3:::b/k", Context::auditor());
    match request.context().get(key) {
        Key::Known { values, .. } => values.join(","),
        other => format!("{other:?}"),
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable>
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn keys_that_follow_from_the_principal() {
    let root = Principal::iam("arn:aws:iam::111122223333:root").unwrap();
    let user = Principal::iam("arn:aws:iam::111122223333:user/team/ann").unwrap();
    let role = Principal::iam("arn:aws:iam::111122223333:role/team/ci").unwrap().in_session("s");
    let federated = Principal::federated_user(user.name(), "bob").unwrap();
    let service = Principal::service("ec2.amazonaws.com");
    let provider = Principal::federated("cognito-identity.amazonaws.com");
    let account = "111122223333";
    let arn = |resource: &str| format!("arn:aws:iam::{account}:{resource}");
    let bob = "arn:aws:sts::111122223333:federated-user/bob";
    let keys = [
        "aws:PrincipalArn",
        "aws:PrincipalAccount",
        "aws:PrincipalType",
        "aws:userid",
        "aws:username",
        "aws:PrincipalIsAWSService",
        "aws:PrincipalServiceName",
        "aws:TokenIssueTime",
        "aws:MultiFactorAuthPresent",
        "aws:PrincipalOrgID",
        "aws:PrincipalTag/team",
        "aws:SourceAccount",
    ];
    // Open: the circumstances decide. Unknown: it follows from what was not said, or AWS does not say.
    let (none, open, unknown) = ("Absent", "Environment", "NotKnown");
    for (principal, wanted) in [
        (
            root,
            [
                &*arn("root"),
                account,
                "Account",
                account,
                none,
                "false",
                none,
                open,
                open,
                unknown,
                none,
                none,
            ],
        ),
        (
            user,
            [
                &*arn("user/team/ann"),
                account,
                "User",
                unknown,
                "ann",
                "false",
                none,
                open,
                open,
                unknown,
                unknown,
                none,
            ],
        ),
        (
            role,
            [
                &*arn("role/team/ci"),
                account,
                "AssumedRole",
                unknown,
                none,
                "false",
                none,
                "Present",
                open,
                unknown,
                unknown,
                none,
            ],
        ),
        (
            federated,
            [
                bob,
                account,
                "FederatedUser",
                "111122223333:bob",
                none,
                "false",
                none,
                "Present",
                open,
                unknown,
                unknown,
                none,
            ],
        ),
        (
            service,
            [
                unknown,
                unknown,
                unknown,
                unknown,
                none,
                "true",
                "ec2.amazonaws.com",
                none,
                none,
                none,
                none,
                open,
            ],
        ),
        (
            provider,
            [unknown, unknown, unknown, unknown, none, unknown, none, open, none, unknown, unknown, none],
        ),
        (
            Principal::anonymous(),
            [none, "anonymous", "Anonymous", "anonymous", none, none, none, none, none, none, none, none],
        ),
    ] {
        for (key, wanted) in keys.iter().zip(wanted) {
            assert_eq!(value(principal.clone(), key), wanted, "{} {key}", principal.name());
        }
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-resourceorgid>
#[test]
fn resource_of_ones_own_account_is_in_ones_own_organization() {
    let context = Context::auditor()
        .with("aws:PrincipalOrgID", "o-a1b2c3d4e5")
        .with("aws:PrincipalOrgPaths", "o-a1b2c3d4e5/r-ab12/");
    let ask = |resource: &str, context: &Context| {
        let user = Principal::iam("arn:aws:iam::111122223333:user/ann").unwrap();
        let request = Request::new(user, "sqs:SendMessage", resource, context.clone());
        ["aws:ResourceOrgID", "aws:ResourceOrgPaths"].map(|key| match request.context().get(key) {
            Key::Known { values, .. } => values.join(","),
            other => format!("{other:?}"),
        })
    };
    let own = "arn:aws:sqs:eu-west-1:111122223333:q";
    assert_eq!(ask(own, &context), ["o-a1b2c3d4e5", "o-a1b2c3d4e5/r-ab12/"]);
    assert_eq!(ask("arn:aws:sqs:eu-west-1:444455556666:q", &context), ["NotKnown", "NotKnown"]);
    assert_eq!(ask(own, &Context::auditor()), ["NotKnown", "NotKnown"]);
    let said = context.with_state("aws:ResourceOrgID", Key::Environment);
    assert_eq!(ask(own, &said)[0], "Environment");
}
