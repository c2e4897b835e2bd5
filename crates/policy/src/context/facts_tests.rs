//! What facts make of condition keys. What policies make of those is in `evaluate::tests::keys`.

use super::*;

const ACCOUNT: AccountFacts<'static> =
    AccountFacts { id: "111122223333", organization: "o-a1b2c3d4e5", units: Some("r-ab12/ou-ab12-11111111") };

fn user() -> Principal {
    Principal::iam("arn:aws:iam::111122223333:user/ann").unwrap()
}

fn role() -> Principal {
    Principal::iam("arn:aws:iam::111122223333:role/ci").unwrap()
}

fn value(facts: RequestFacts<'_>, principal: &Principal, key: &str) -> String {
    match facts.keys(principal).over(Context::auditor()).get(key) {
        Key::Known { values, .. } => values.join(","),
        other => format!("{other:?}"),
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
#[test]
fn keys_that_facts_give() {
    let other = AccountFacts { id: "444455556666", units: None, ..ACCOUNT };
    let facts = RequestFacts {
        moment: Some("2026-06-01T00:00:00.5Z"),
        accounts: &[ACCOUNT, other],
        owner: Some("444455556666"),
        resource: Some("arn:aws:sqs:eu-west-1:444455556666:q"),
        tags: Some(&[("team", "blue")]),
        unique_id: Some("AIDAEXAMPLE"),
        resource_tags: Some(&[("tier", "gold")]),
        trust: &[],
        source: None,
    };
    for (key, wanted) in [
        ("aws:CurrentTime", "2026-06-01T00:00:00.5Z"),
        ("aws:EpochTime", "1780272000"),
        ("aws:RequestedRegion", "eu-west-1"),
        ("aws:PrincipalOrgID", "o-a1b2c3d4e5"),
        ("aws:PrincipalOrgPaths", "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/"),
        ("aws:ResourceOrgID", "o-a1b2c3d4e5"),
        // Which units it is in was not read.
        ("aws:ResourceOrgPaths", "NotKnown"),
        ("aws:PrincipalTag/team", "blue"),
        ("aws:PrincipalTag/project", "Absent"),
        ("aws:ResourceTag/tier", "gold"),
        ("iam:ResourceTag/tier", "gold"),
        ("aws:ResourceTag/team", "Absent"),
        ("aws:userid", "AIDAEXAMPLE"),
    ] {
        assert_eq!(value(facts, &user(), key), wanted, "{key}");
    }
    let paths = facts.keys(&user()).over(Context::auditor());
    assert!(matches!(paths.get("aws:PrincipalOrgPaths"), Key::Known { multivalued: true, .. }));
    let session = RequestFacts { unique_id: Some("AROAEXAMPLE"), ..RequestFacts::default() };
    assert_eq!(value(session, &role().in_session("build-7"), "aws:userid"), "AROAEXAMPLE:build-7");
    assert_eq!(value(session, &role(), "aws:userid"), "Present");
    // For whose workload a service asks.
    let facts = RequestFacts { source: Some("111122223333"), ..facts };
    let events = Principal::service("events.amazonaws.com");
    assert_eq!(value(facts, &events, "aws:SourceAccount"), "111122223333");
    assert_eq!(value(facts, &events, "aws:SourceOrgID"), "o-a1b2c3d4e5");
    assert_eq!(value(facts, &events, "aws:SourceOrgPaths"), "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/");
}

/// What could not be read stays open: it is neither absent nor another account's.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
#[test]
fn what_facts_do_not_say_stays_open() {
    let elsewhere = AccountFacts { id: "444455556666", ..ACCOUNT };
    let facts = RequestFacts { accounts: &[elsewhere], ..RequestFacts::default() };
    for key in [
        "aws:CurrentTime",
        "aws:EpochTime",
        "aws:PrincipalOrgID",
        "aws:PrincipalOrgPaths",
        "aws:ResourceOrgID",
        "aws:PrincipalTag/team",
        "aws:ResourceTag/team",
        "aws:userid",
    ] {
        assert_eq!(value(facts, &user(), key), "NotKnown", "{key}");
    }
    assert_eq!(value(facts, &user(), "aws:RequestedRegion"), "CallerChosen");
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html>
#[test]
fn tags_that_differ_only_in_case_are_not_known() {
    let facts =
        RequestFacts { tags: Some(&[("Team", "a"), ("team", "b"), ("env", "c")]), ..RequestFacts::default() };
    assert_eq!(value(facts, &user(), "aws:PrincipalTag/Team"), "NotKnown");
    assert_eq!(value(facts, &user(), "aws:PrincipalTag/env"), "c");
}

/// "Session tags … override existing tag values" of the same key, in whatever case; they need sts:TagSession in the trust.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html>
#[test]
fn tags_of_a_session_win_over_those_of_its_role() {
    let trust = |actions: &str| {
        let text = format!(r#"{{"Statement":{{"Effect":"Allow","Principal":"*","Action":{actions}}}}}"#);
        [Attached::new("trust", Policy::compiled(&text))]
    };
    let of = |trust: &[Attached], principal: &Principal, key: &str| {
        let facts = RequestFacts { tags: Some(&[("Project", "alpha")]), trust, ..RequestFacts::default() };
        value(facts, principal, key)
    };
    let plain = trust(r#""sts:AssumeRole""#);
    let tagging = trust(r#"["sts:AssumeRole","sts:Tag*"]"#);
    let unreadable = [Attached::unreadable("trust", "lost")];
    for key in ["aws:PrincipalTag/Project", "aws:principaltag/project"] {
        assert_eq!(of(&plain, &role(), key), "alpha");
        for open in [&tagging[..], &unreadable, &[]] {
            assert_eq!(of(open, &role(), key), "Present");
        }
        // A user's own requests have the user's tags.
        assert_eq!(of(&[], &user(), key), "alpha");
    }
    assert_eq!(of(&plain, &role(), "aws:PrincipalTag/other"), "Absent");
    assert_eq!(of(&tagging, &role(), "aws:PrincipalTag/other"), "Environment");
}

/// "an explicit deny in any policy overrides any allows", in a trust policy as in any other.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>
#[test]
fn a_deny_in_the_trust_keeps_a_session_from_being_tagged() {
    const ANN: &str = r#"{"AWS":"arn:aws:iam::111122223333:user/ann"}"#;
    const ACCOUNT: &str = r#"{"AWS":"111122223333"}"#;
    const ROOT: &str = r#"{"AWS":"arn:aws:iam::111122223333:root"}"#;
    const EVERYONE: &str = r#""*""#;
    let allow = |whom: &str| format!(r#"{{"Effect":"Allow","Principal":{whom},"Action":"sts:*"}}"#);
    let deny = |whom: &str, action: &str, more: &str| {
        format!(r#"{{"Effect":"Deny","Principal":{whom},"Action":"{action}"{more}}}"#)
    };
    let value = |statements: &str| {
        let trust = [Attached::new("trust", Policy::compiled(&format!(r#"{{"Statement":[{statements}]}}"#)))];
        let facts =
            RequestFacts { tags: Some(&[("Project", "alpha")]), trust: &trust, ..RequestFacts::default() };
        value(facts, &role(), "aws:PrincipalTag/Project")
    };
    let if_untagged = r#","Condition":{"Null":{"aws:RequestTag/team":"true"}}"#;
    for (allowed, denied, wanted) in [
        (ACCOUNT, deny(EVERYONE, "sts:TagSession", ""), "alpha"),
        (EVERYONE, deny(EVERYONE, "sts:Tag*", ""), "alpha"),
        (EVERYONE, deny(r#"{"AWS":"*"}"#, "sts:TagSession", ""), "alpha"),
        (ANN, deny(EVERYONE, "sts:TagSession", ""), "alpha"),
        (ANN, deny(ACCOUNT, "sts:TagSession", ""), "alpha"),
        (ANN, deny(ANN, "sts:TagSession", ""), "alpha"),
        (ROOT, deny(ACCOUNT, "sts:TagSession", ""), "alpha"),
        // It spares some.
        (ACCOUNT, deny(ANN, "sts:TagSession", ""), "Present"),
        (EVERYONE, deny(ACCOUNT, "sts:TagSession", ""), "Present"),
        (r#"{"Service":"ec2.amazonaws.com"}"#, deny(ACCOUNT, "sts:TagSession", ""), "Present"),
        (ACCOUNT, deny(EVERYONE, "sts:SetSourceIdentity", ""), "Present"),
        // It may spare some.
        (ACCOUNT, deny(EVERYONE, "sts:TagSession", if_untagged), "Present"),
        (ACCOUNT, deny(EVERYONE, "sts:TagSession", r#","Resource":"*""#), "Present"),
    ] {
        assert_eq!(value(&format!("{},{denied}", allow(allowed))), wanted, "{allowed} {denied}");
    }
    let spared = deny(ANN, "sts:TagSession", "").replace("Principal", "NotPrincipal");
    assert_eq!(value(&format!("{},{spared}", allow(ACCOUNT))), "Present");
}
