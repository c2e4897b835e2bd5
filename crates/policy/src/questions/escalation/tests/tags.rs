//! Conditions on the tags of a target.

use super::EscalationVerdict::{Conditional, Potential, Yes};
use super::*;

/// Ann may have a key of the principal that has a tag, or has it not.
fn on_tag(operator: &str, more: &str) -> World {
    let statement = format!(
        r#"{{"Effect":"Allow","Action":"iam:CreateAccessKey","Resource":"*",
            "Condition":{{"{operator}":{{"aws:ResourceTag/team":"a"}}}}}}{more}"#
    );
    World::of(Someone::new(ANN, &statement)).user(Someone::new(BOB, EVERYTHING))
}

fn may(actions: &[&str]) -> String {
    format!(",{}", allow(actions, "*"))
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html>
#[test]
fn tags_that_are_not_known_make_a_way_potential() {
    for operator in ["StringEquals", "StringNotEquals"] {
        let found = on_tag(operator, "").rule("iam-002").unwrap();
        assert_eq!(found.verdict, Potential, "{operator}");
        let way = &found.ways[0];
        assert_eq!(way.missing, [format!("the tags of {BOB}")]);
        let residual = way.steps[0].residual.as_ref().unwrap().to_string();
        assert!(residual.contains("aws:ResourceTag/team"), "{residual}");
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>: a key that is not
/// there satisfies a negated operator.
#[test]
fn tags_that_are_known_decide() {
    for (operator, tags, wanted) in [
        ("StringEquals", &[("team", "a")][..], Some(Yes)),
        ("StringEquals", &[("team", "b")], None),
        ("StringEquals", &[], None),
        ("StringEquals", &[("Team", "a")], Some(Yes)),
        ("StringNotEquals", &[("team", "a")], None),
        ("StringNotEquals", &[("team", "b")], Some(Yes)),
        ("StringNotEquals", &[], Some(Yes)),
    ] {
        assert_eq!(on_tag(operator, "").tagged(BOB, tags).verdict("iam-002"), wanted, "{operator} {tags:?}");
    }
}

/// Who may set the tag meets the condition first.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html>
#[test]
fn tags_that_the_actor_may_set_are_met() {
    for tags in [None, Some(&[("team", "b")][..]), Some(&[])] {
        let mut world = on_tag("StringEquals", &may(&["iam:TagUser"]));
        if let Some(tags) = tags {
            world = world.tagged(BOB, tags);
        }
        let found = world.rule("iam-002").unwrap();
        let steps: Vec<_> = found.ways[0].steps.iter().map(|step| (&*step.action, &*step.resource)).collect();
        assert_eq!(
            (found.verdict, &steps[..]),
            (Yes, &[("iam:TagUser", BOB), ("iam:CreateAccessKey", BOB)][..])
        );
        assert!(found.ways[0].missing.is_empty());
    }
    // Where the tag is there already, nothing must be set.
    let world = on_tag("StringEquals", &may(&["iam:TagUser"])).tagged(BOB, &[("team", "a")]);
    assert_eq!(world.rule("iam-002").unwrap().ways[0].steps.len(), 1);
    // To take it away is enough, or to set another.
    for action in ["iam:UntagUser", "iam:TagUser"] {
        let world = on_tag("StringNotEquals", &may(&[action])).tagged(BOB, &[("team", "a")]);
        assert_eq!(world.verdict("iam-002"), Some(Yes), "{action}");
    }
    assert_eq!(
        on_tag("StringEquals", &may(&["iam:TagRole", "iam:UntagUser"])).verdict("iam-002"),
        Some(Potential)
    );
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html#access_tags_control-requests>
#[test]
fn what_the_actor_may_set_is_what_the_request_may_carry() {
    let tagging = |value: &str| {
        format!(
            r#",{{"Effect":"Allow","Action":"iam:TagUser","Resource":"*",
                "Condition":{{"StringEquals":{{"aws:RequestTag/team":"{value}"}},
                              "ForAllValues:StringEquals":{{"aws:TagKeys":["team"]}}}}}}"#
        )
    };
    assert_eq!(on_tag("StringEquals", &tagging("a")).tagged(BOB, &[]).verdict("iam-002"), Some(Yes));
    assert_eq!(on_tag("StringEquals", &tagging("b")).tagged(BOB, &[]).verdict("iam-002"), None);
    let mfa = r#",{"Effect":"Allow","Action":"iam:TagUser","Resource":"*",
        "Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}"#;
    assert_eq!(on_tag("StringEquals", mfa).tagged(BOB, &[]).verdict("iam-002"), Some(Conditional));
}

#[test]
fn a_role_is_assumed_by_its_tag() {
    let assume = r#"{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*",
        "Condition":{"StringEquals":{"iam:ResourceTag/open":"yes"}}}"#;
    let ask = |more: &str| {
        let role = Someone::new(TARGET, EVERYTHING).trusting(r#"{"AWS":"111122223333"}"#);
        World::of(Someone::new(ANN, &format!("{assume}{more}"))).role(role)
    };
    assert_eq!(ask("").verdict("sts-001"), Some(Potential));
    assert_eq!(ask("").tagged(TARGET, &[("open", "yes")]).verdict("sts-001"), Some(Yes));
    assert_eq!(ask("").tagged(TARGET, &[("open", "no")]).verdict("sts-001"), None);
    assert_eq!(ask(&may(&["iam:TagRole"])).verdict("sts-001"), Some(Yes));
    // A Deny on a tag is got rid of likewise.
    let deny = r#",{"Effect":"Allow","Action":["iam:UntagRole","sts:AssumeRole"],"Resource":"*"},
        {"Effect":"Deny","Action":"sts:*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/closed":"yes"}}}"#;
    assert_eq!(ask(deny).tagged(TARGET, &[("closed", "yes")]).verdict("sts-001"), Some(Yes));
}

/// What the inventory does not have may have any tags.
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-restrict-access-examples.html>
#[test]
fn workloads_of_which_nothing_is_known() {
    let instance = || Someone::new(TARGET, EVERYTHING).trusting(r#"{"Service":"ec2.amazonaws.com"}"#);
    let ask = |key: &str, operator: &str, more: &str| {
        let statement = format!(
            r#"{{"Effect":"Allow","Action":"lambda:*","Resource":"*",
                "Condition":{{"{operator}":{{"{key}":"dev"}}}}}}"#
        );
        let statements = format!("{},{statement}{more}", allow(&["iam:PassRole"], "*"));
        let lambda = Someone::new(TARGET, EVERYTHING).trusting(r#"{"Service":"lambda.amazonaws.com"}"#);
        World::of(Someone::new(ANN, &statements)).role(lambda).rule("lambda-001")
    };
    let open = ask("aws:ResourceTag/env", "StringEquals", "").unwrap();
    assert_eq!(open.verdict, Potential);
    assert!(open.ways[0].steps.iter().any(|step| step.residual.is_some()));
    assert_eq!(ask("aws:ResourceTag/env", "StringNotEquals", "").unwrap().verdict, Yes);
    assert_eq!(
        ask("aws:ResourceTag/env", "StringEquals", &may(&["lambda:TagResource"])).unwrap().verdict,
        Yes
    );
    let ssm = |more: &str| {
        let statement = r#"{"Effect":"Allow","Action":"ec2:CreateTags","Resource":"*"}"#;
        let start = r#"{"Effect":"Allow","Action":"ssm:StartSession","Resource":"arn:aws:ec2:*:*:instance/*",
            "Condition":{"StringEquals":{"aws:ResourceTag/env":"dev"}}}"#;
        let statements = if more.is_empty() { start.to_owned() } else { format!("{start},{statement}") };
        World::of(Someone::new(ANN, &statements)).role(instance()).rule("ssm-001").unwrap()
    };
    assert!(ssm("").ways[0].missing.iter().any(|what| what.contains("the tags of")));
    let tagged = ssm("tag");
    assert!(
        tagged.ways[0].steps.iter().any(|step| step.action == "ec2:CreateTags"),
        "{:?}",
        tagged.ways[0].steps
    );
    assert!(tagged.ways[0].missing.is_empty());
}

/// What hangs on tags of resources that are not known is something that is gained, and hides no step.
#[test]
fn what_is_gained_may_hang_on_tags() {
    let tagged = r#"{"Effect":"Allow","Action":"ec2:*","Resource":"*",
        "Condition":{"StringEquals":{"aws:ResourceTag/env":"dev"}}}"#;
    let world = World::ann(&["iam:CreateAccessKey"]).user(Someone::new(BOB, tagged));
    let found = world.rule("iam-002").unwrap();
    assert_eq!(found.verdict, Yes);
    assert!(matches!(&found.ways[0].gain, Gain::More { action, .. } if action.starts_with("ec2:")));
    let by_own_tag = tagged.replace("aws:ResourceTag/env", "aws:PrincipalTag/env");
    let world = World::ann(&["iam:CreateAccessKey"]).user(Someone::new(BOB, &by_own_tag));
    let found = world.rule("iam-002").unwrap();
    assert_eq!((found.verdict, &found.ways[0].gain), (Potential, &Gain::NotKnown));
}

/// Requests about nothing in particular, and about groups, have no such key.
#[test]
fn what_has_no_tags_has_none() {
    let statement = r#"{"Effect":"Allow","Action":"iam:AddUserToGroup","Resource":"*",
        "Condition":{"StringEquals":{"aws:ResourceTag/team":"a"}}}"#;
    let ask = |statement: &str| {
        let mut world = World::of(Someone::new(ANN, statement));
        world.all_groups = Some(vec![Someone::new("arn:aws:iam::111122223333:group/admins", EVERYTHING)]);
        world.verdict("iam-013")
    };
    assert_eq!(ask(statement), None);
    assert_eq!(ask(&statement.replace("StringEquals", "StringNotEquals")), Some(Yes));
}
