//! What is gained under a condition is reported with it.

use super::EscalationVerdict::{Conditional, Yes};
use super::*;

const A: &str = "arn:aws:iam::111122223333:role/a";

/// Ann may assume A, who may do this.
fn assuming(statements: &str) -> World {
    let role = Someone::new(A, statements).trusting(r#"{"AWS":"111122223333"}"#);
    World::ann(&["sts:AssumeRole"]).role(role).tagged(A, &[("admin", "false")])
}

fn under(actions: &str, resource: &str, condition: &str) -> String {
    format!(
        r#"{{"Effect":"Allow","Action":"{actions}","Resource":"{resource}","Condition":{{{condition}}}}}"#
    )
}

const MFA: &str = r#""Bool":{"aws:MultiFactorAuthPresent":"true"}"#;

/// That the role can be assumed is sure; what its policy allows only under a condition is not gained without it.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html>
#[test]
fn a_condition_of_what_is_gained_is_told() {
    for (condition, key) in [
        (MFA, "aws:MultiFactorAuthPresent"),
        (r#""IpAddress":{"aws:SourceIp":"10.0.0.0/8"}"#, "aws:SourceIp"),
    ] {
        for (action, resource) in [("*", "*"), ("s3:GetObject", "arn:aws:s3:::b/*"), ("ec2:*", "*")] {
            let found = assuming(&under(action, resource, condition)).rule("sts-001").unwrap();
            assert_eq!(found.verdict, Yes, "{action} {condition}");
            for way in &found.ways {
                assert!(way.steps.iter().all(|step| step.residual.is_none()));
                assert!(
                    way.gain_if.iter().any(|one| one.to_string().contains(key)),
                    "{action} {condition}: {way:?}"
                );
                let wanted = if way.gain == Gain::Administrator { Conditional } else { Yes };
                assert_eq!(way.verdict, wanted);
            }
        }
    }
}

/// What hangs on nothing is reported beside what is stronger and hangs on a condition.
#[test]
fn what_hangs_on_no_condition_is_told_too() {
    let both = format!("{},{}", under("iam:*", "*", MFA), allow(&["s3:GetObject"], "*"));
    let found = assuming(&both).rule("sts-001").unwrap();
    let more = |way: &EscalationWay| match &way.gain {
        Gain::More { action, .. } => Some((action.split(':').next().unwrap().to_owned(), way.gain_if.len())),
        _ => None,
    };
    let told: Vec<_> = found.ways.iter().filter_map(more).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.contains(&("iam".to_owned(), 1)) && told.contains(&("s3".to_owned(), 0)), "{told:?}");
    // What is weaker and hangs on a condition is not.
    let weaker = format!("{},{}", under("s3:GetObject", "*", MFA), allow(&["iam:PutUserPolicy"], "*"));
    let found = assuming(&weaker).rule("sts-001").unwrap();
    assert!(found.ways.iter().all(|way| way.gain_if.is_empty()), "{:?}", found.ways);
}

/// A condition that no session can meet lets nothing through: a principal that may not set the tags of a session, by the trust policy
/// or by its own policies, has the role's own.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_permissions-required>
#[test]
fn a_condition_that_cannot_hold_gains_nothing() {
    let on_tag = under("*", "*", r#""StringEquals":{"aws:PrincipalTag/admin":"true"}"#);
    let ask = |own: &[&str], trusted: &str, tag: &'static str| {
        let mut role = Someone::new(A, &on_tag);
        role.trust = vec![attached("trust", trusted)];
        World::ann(own).role(role).tagged(A, &[("admin", tag)]).verdict("sts-001")
    };
    let trust = |principal: &str, actions: &str| {
        format!(r#"{{"Effect":"Allow","Principal":{{"AWS":"{principal}"}},"Action":{actions}}}"#)
    };
    let account = "111122223333";
    let (plain, tagging) = (r#""sts:AssumeRole""#, r#"["sts:AssumeRole","sts:TagSession"]"#);
    let both = &["sts:AssumeRole", "sts:TagSession"][..];
    for (own, principal, actions, wanted) in [
        (both, account, plain, None),
        (&["sts:AssumeRole"], account, tagging, None),
        (&["sts:AssumeRole"], account, plain, None),
        (both, account, tagging, Some(Yes)),
        // A trust policy that names her is enough.
        (&["sts:AssumeRole"], ANN, tagging, Some(Yes)),
    ] {
        assert_eq!(ask(own, &trust(principal, actions), "false"), wanted, "{own:?} {principal} {actions}");
        assert_eq!(ask(own, &trust(principal, actions), "true"), Some(Yes), "{own:?} {principal} {actions}");
    }
    let denied = r#"{"Effect":"Deny","Principal":"*","Action":"sts:TagSession"}"#;
    assert_eq!(ask(both, &format!("{},{denied}", trust(account, tagging)), "false"), None);
}
