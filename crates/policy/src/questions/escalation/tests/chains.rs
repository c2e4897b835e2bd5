//! What is gained through roles that are assumed from where a way leads.

use super::EscalationVerdict::{Conditional, Potential, Yes};
use super::*;

const A: &str = "arn:aws:iam::111122223333:role/a";
const B: &str = "arn:aws:iam::111122223333:role/b";
const C: &str = "arn:aws:iam::111122223333:role/c";
const FAR: &str = "arn:aws:iam::444455556666:role/far";

fn naming(arn: &str) -> String {
    format!(r#"{{"AWS":"{arn}"}}"#)
}

/// A role that someone may assume, whom its trust policy names.
fn role(arn: &str, statements: &str, trusted: &str) -> Someone {
    let mut role = Someone::new(arn, statements).trusting(&naming(trusted));
    if statements.is_empty() {
        role.identity.clear();
    }
    role
}

fn hops(way: &EscalationWay) -> Vec<(&str, &str)> {
    way.chain.iter().map(|hop| (hop.by.as_deref().unwrap_or("the actor"), &*hop.resource)).collect()
}

/// A trust policy that names the exact principal grants by itself within an account: a role without any policy leads on.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics-cross-account.html>
#[test]
fn chains_by_trust_alone_are_followed_to_the_administrator() {
    let world = World::of(Someone::new(ANN, "")).role(role(A, "", ANN)).role(role(B, EVERYTHING, A));
    let found = world.rule("sts-001").unwrap();
    let way = &found.ways[0];
    assert_eq!((found.count, way.verdict, way.target.as_deref()), (1, Yes, Some(A)));
    assert_eq!(
        (&way.gain, way.gained_from(), &hops(way)[..]),
        (&Gain::Administrator, Some(B), &[(A, B)][..])
    );
    assert!(!way.chain[0].evidence.is_empty());
    // Each of them is needed.
    let without = World::of(Someone::new(ANN, "")).role(role(A, "", BOB)).role(role(B, EVERYTHING, A));
    assert_eq!(without.verdict("sts-001"), None);
    let without = World::of(Someone::new(ANN, "")).role(role(A, "", ANN)).role(role(B, EVERYTHING, BOB));
    assert_eq!(without.verdict("sts-001"), None);
}

#[test]
fn chains_of_any_length_and_in_circles() {
    let mut both = role(B, "", A);
    both.trust = [trust(&naming(A)), trust(&naming(C))].concat();
    let world =
        World::of(Someone::new(ANN, "")).role(role(C, EVERYTHING, B)).role(both).role(role(A, "", ANN));
    let found = world.rule("sts-001").unwrap();
    assert_eq!(hops(&found.ways[0]), [(A, B), (B, C)]);
    assert_eq!((&found.ways[0].gain, found.ways[0].gained_from()), (&Gain::Administrator, Some(C)));
}

/// A chain is as sure as the least sure of its hops, and the surest is taken before the shortest.
#[test]
fn a_chain_is_as_sure_as_its_hops() {
    let mut guarded = role(B, EVERYTHING, A);
    guarded.trust = vec![attached(
        "trust",
        &format!(
            r#"{{"Effect":"Allow","Principal":{},"Action":"sts:AssumeRole",
                "Condition":{{"IpAddress":{{"aws:SourceIp":"192.0.2.0/24"}}}}}}"#,
            naming(A)
        ),
    )];
    let world = World::of(Someone::new(ANN, "")).role(role(A, "", ANN)).role(guarded.clone());
    let found = world.rule("sts-001").unwrap();
    assert_eq!((found.verdict, found.ways[0].gained_from()), (Conditional, Some(B)));
    assert!(found.ways[0].chain[0].residual.is_some());
    guarded.trust.extend(trust(&naming(C)));
    let world = world.role(role(C, "", A));
    let mut world = World {
        roles: world.roles.map(|roles| roles.into_iter().filter(|one| one.arn != B).collect()),
        ..world
    };
    world = world.role(guarded);
    let found = world.rule("sts-001").unwrap();
    assert_eq!((found.verdict, hops(&found.ways[0])), (Yes, vec![(A, C), (C, B)]));
}

/// What is sure is reported beside what is more and less sure.
#[test]
fn the_strongest_that_is_sure_and_what_is_stronger() {
    let mut guarded = role(B, EVERYTHING, A);
    guarded.trust[0] = attached(
        "trust",
        &format!(
            r#"{{"Effect":"Allow","Principal":{},"Action":"sts:AssumeRole",
                "Condition":{{"Bool":{{"aws:SecureTransport":"true"}},"IpAddress":{{"aws:SourceIp":"192.0.2.0/24"}}}}}}"#,
            naming(A)
        ),
    );
    let world = World::of(Someone::new(ANN, "")).role(role(A, &allow(&["sqs:*"], "*"), ANN)).role(guarded);
    let found = world.rule("sts-001").unwrap();
    let told: Vec<_> = found.ways.iter().map(|way| (way.verdict, way.gained_from())).collect();
    assert_eq!(told, [(Yes, Some(A)), (Conditional, Some(B))]);
    assert!(matches!(&found.ways[0].gain, Gain::More { action, .. } if action.starts_with("sqs:")));
    assert_eq!(found.ways[1].gain, Gain::Administrator);
}

/// Every way that leads to an identity leads on from there: a key of a user, a role that is passed, a group that is joined.
#[test]
fn whatever_is_gained_leads_on() {
    let bob = Someone { identity: Vec::new(), ..Someone::new(BOB, "") };
    let world = World::ann(&["iam:CreateAccessKey"]).user(bob).role(role(B, EVERYTHING, BOB));
    let found = world.rule("iam-002").unwrap();
    assert_eq!((found.verdict, hops(&found.ways[0])), (Yes, vec![(BOB, B)]));

    let passed = Someone {
        identity: Vec::new(),
        ..Someone::new(A, "").trusting(r#"{"Service":"lambda.amazonaws.com"}"#)
    };
    let actions = ["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"];
    let world = World::ann(&actions).role(passed).role(role(B, EVERYTHING, A));
    let found = world.rule("lambda-001").unwrap();
    assert_eq!((found.verdict, hops(&found.ways[0])), (Yes, vec![(A, B)]));

    let mut world =
        World::ann(&["iam:AddUserToGroup"]).role(role(B, EVERYTHING, "arn:aws:iam::111122223333:root"));
    let group = Someone::new("arn:aws:iam::111122223333:group/ops", &allow(&["sts:AssumeRole"], "*"));
    world.all_groups = Some(vec![group]);
    let found = world.rule("iam-013").unwrap();
    assert_eq!((found.verdict, hops(&found.ways[0])), (Yes, vec![("the actor", B)]));
    assert_eq!((&found.ways[0].gain, found.ways[0].gained_from()), (&Gain::Administrator, Some(B)));
}

/// Across accounts the one who assumes needs a policy of its own that allows it.
#[test]
fn a_chain_into_another_account_needs_both_sides() {
    let ask = |statements: &str| {
        let world =
            World::of(Someone::new(ANN, "")).role(role(A, statements, ANN)).role(role(FAR, EVERYTHING, A));
        world.rule("sts-001").map(|found| found.ways[0].gained_from().map(str::to_owned))
    };
    assert_eq!(ask(""), None);
    assert_eq!(ask(&allow(&["sts:AssumeRole"], FAR)), Some(Some(FAR.to_owned())));
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html>
#[test]
fn limits_of_the_one_in_between_cut_a_chain() {
    let mut between = role(A, "", ANN);
    between.boundary = Some(attached(
        "boundary",
        r#"{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"sts:*","Resource":"*"}"#,
    ));
    let world = World::of(Someone::new(ANN, "")).role(between).role(role(B, EVERYTHING, A));
    assert_eq!(world.verdict("sts-001"), None);
}

/// Where the actor gets to by itself nothing is reported twice.
#[test]
fn what_the_actor_may_assume_itself_is_no_chain() {
    let mut both = role(B, EVERYTHING, A);
    both.trust = [trust(&naming(A)), trust(&naming(ANN))].concat();
    let world = World::of(Someone::new(ANN, "")).role(role(A, "", ANN)).role(both);
    let found = world.rule("sts-001").unwrap();
    let told: Vec<_> = found.ways.iter().map(|way| (way.target.as_deref(), way.chain.len())).collect();
    assert_eq!(told, [(Some(B), 0)]);
}

/// An administrator has nothing to gain at home: its ways into other accounts are reported, whether it is let in itself or an
/// identity of its account is.
#[test]
fn an_administrators_ways_into_other_accounts_are_told() {
    let told = |world: &World| {
        let Escalations::AlreadyAdministrator(rules) = world.ask() else { panic!("{:?}", world.ask()) };
        let ways = rules.iter().flat_map(|rule| {
            rule.ways
                .iter()
                .map(|way| (rule.rule, way.verdict, way.gained_from().map(str::to_owned), way.chain.len()))
        });
        ways.collect::<Vec<_>>()
    };
    let admin = World::of(Someone::new(ANN, EVERYTHING))
        .role(role(B, EVERYTHING, ANN))
        .user(Someone::new(BOB, EVERYTHING));
    assert_eq!(told(&admin), []);
    let far = |trusted| admin.clone().role(role(FAR, EVERYTHING, trusted));
    let direct = |rule| vec![(rule, Yes, Some(FAR.to_owned()), 0)];
    assert_eq!(told(&far(ANN)), direct("sts-001"));
    assert_eq!(told(&far("111122223333")), direct("sts-001"));
    assert_eq!(told(&far("777788889999")), []);
    // By a role and by a user of its own account.
    assert_eq!(told(&far(B)), [("sts-001", Yes, Some(FAR.to_owned()), 1)]);
    assert_eq!(told(&far(BOB)), [("iam-002", Yes, Some(FAR.to_owned()), 1)]);
    // Who may do everything in IAM gives itself what it needs.
    let on_iam =
        World::of(Someone::new(ANN, &allow(&["iam:*"], "*"))).role(role(FAR, EVERYTHING, "111122223333"));
    assert_eq!(told(&on_iam)[0].2.as_deref(), Some(FAR));
}

/// What is gained is determined by its strongest part, wherever it stands in the policy.
#[test]
fn what_is_gained_is_told_by_its_strongest_part() {
    let gain = |statements: &str| {
        let world = World::ann(&["iam:CreateAccessKey"]).user(Someone::new(BOB, statements));
        world.rule("iam-002").unwrap().ways[0].gain.clone()
    };
    for statements in [
        allow(&["s3:GetObject", "sqs:*", "iam:PutUserPolicy", "ec2:RunInstances"], "*"),
        format!(
            "{},{}",
            allow(&["s3:GetObject"], "*"),
            allow(&["iam:PutUserPolicy"], "arn:aws:iam::*:user/x")
        ),
    ] {
        let Gain::More { action, .. } = gain(&statements) else { panic!("{statements}") };
        assert_eq!(action, "iam:putuserpolicy");
    }
}

/// An administrator if something holds is no administrator for sure, and more than its first action.
#[test]
fn a_conditional_administrator_is_told_with_its_condition() {
    let if_mfa = r#"{"Effect":"Allow","Action":"*","Resource":"*",
        "Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}}"#;
    let world = World::ann(&["iam:CreateAccessKey"]).user(Someone::new(BOB, if_mfa));
    let found = world.rule("iam-002").unwrap();
    let way = found.ways.iter().find(|way| way.gain == Gain::Administrator).unwrap();
    assert_eq!(way.verdict, Conditional);
    assert!(way.gain_if[0].to_string().contains("aws:SourceIp"), "{:?}", way.gain_if);
}

/// What another account's resources let in is not known: the actor may have it already.
#[test]
fn another_accounts_resource_policy_is_not_known() {
    let reads = allow(&["s3:GetObject"], "arn:aws:s3:::data/*");
    let ask = |own: &str| {
        let world = World::of(Someone::new(ANN, own)).role(role(FAR, &reads, ANN));
        world.rule("sts-001").map(|found| (found.verdict, found.ways[0].gain.clone()))
    };
    let assume = allow(&["sts:AssumeRole"], "*");
    let more = |found: Option<(EscalationVerdict, Gain)>| match found {
        Some((verdict, Gain::More { action, .. })) => Some((verdict, action)),
        other => panic!("{other:?}"),
    };
    assert_eq!(more(ask(&assume)), Some((Yes, "s3:getobject".to_owned())));
    assert_eq!(ask(&format!("{assume},{}", allow(&["s3:*"], "*"))), Some((Potential, Gain::NotKnown)));
}

/// Who may make an administrator if something holds gains nothing by any rule, and is reported all the same.
#[test]
fn a_conditional_administrator_is_told_as_one() {
    let makes = r#"{"Effect":"Allow","Action":["iam:CreateUser","iam:AttachUserPolicy","iam:CreateAccessKey"],
        "Resource":"arn:aws:iam::*:user/dev-*","Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}}"#;
    let found = World::of(Someone::new(ANN, makes)).ask();
    let Escalations::AdministratorIf { residuals, rules } = &found else { panic!("{found:?}") };
    assert!(residuals.iter().all(|one| one.to_string().contains("aws:SourceIp")) && !residuals.is_empty());
    assert!(rules.is_empty(), "{rules:?}");
}
