//! What is known of the requests of others than the actor: the same keys as of its own.

use super::EscalationVerdict::{Conditional, Yes};
use super::*;
use crate::context::AccountFacts;

const A: &str = "arn:aws:iam::111122223333:role/a";
const REQUESTS: RequestFacts<'static> = RequestFacts {
    moment: Some("2026-06-01T00:00:00Z"),
    accounts: &[AccountFacts {
        id: "111122223333",
        organization: "o-a1b2c3d4e5",
        units: Some("r-ab12/ou-ab12-11111111"),
    }],
    owner: None,
    resource: None,
    tags: None,
    trust: &[],
    unique_id: None,
    source: None,
    resource_tags: None,
};

/// Ann may assume A, which is an administrator under a condition.
fn administrator_if(condition: &str, trusted: &str) -> World {
    let everything =
        format!(r#"{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{{{condition}}}}}"#);
    let mut role = Someone::new(A, &everything);
    role.trust = vec![attached("trust", trusted)];
    World { requests: REQUESTS, ..World::of(Someone::new(ANN, "")).role(role) }
}

const PLAIN: &str = r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/ann"},"Action":"sts:AssumeRole"}"#;
const TAGGING: &str = r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/ann"},"Action":["sts:AssumeRole","sts:TagSession"]}"#;

/// How sure it is that she gets there.
fn gained(world: &World) -> Option<EscalationVerdict> {
    let found = world.rule("sts-001")?;
    let mut ways = found.ways.iter().filter(|way| way.gain == Gain::Administrator);
    ways.next().map(|way| way.verdict)
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
#[test]
fn moment_and_organization_are_known_of_targets_too() {
    for (condition, wanted) in [
        (r#""StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}"#, Some(Yes)),
        (r#""StringEquals":{"aws:PrincipalOrgID":"o-other"}"#, None),
        (r#""ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-a1b2c3d4e5/r-ab12/*"}"#, Some(Yes)),
        (r#""StringEquals":{"aws:ResourceOrgID":"${aws:PrincipalOrgID}"}"#, Some(Yes)),
        (r#""DateGreaterThan":{"aws:CurrentTime":"2026-01-01T00:00:00Z"}"#, Some(Yes)),
        (r#""DateLessThan":{"aws:CurrentTime":"2026-01-01T00:00:00Z"}"#, None),
        (r#""DateLessThan":{"aws:EpochTime":"1767225600"}"#, None),
    ] {
        assert_eq!(gained(&administrator_if(condition, PLAIN)), wanted, "{condition}");
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html>
#[test]
fn tags_are_known_of_targets_too() {
    let blue = r#""StringEquals":{"aws:PrincipalTag/team":"blue"}"#;
    for (trust, tag, wanted) in [
        (PLAIN, "blue", Some(Yes)),
        (PLAIN, "red", None),
        // Whoever assumes it may bring another.
        (TAGGING, "red", Some(Conditional)),
    ] {
        let world = administrator_if(blue, trust).tagged(A, &[("Team", tag)]);
        assert_eq!(gained(&world), wanted, "{trust} {tag}");
    }
    // Of a role that is not listed the tags are not known: nothing is reported for sure, and nothing is passed over.
    assert_eq!(administrator_if(blue, PLAIN).verdict("sts-001"), Some(EscalationVerdict::Potential));
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-sourceorgid>
#[test]
fn workload_that_takes_on_a_role_is_of_the_organization() {
    let ask = |organization: &str| {
        let condition = format!(r#"{{"StringEquals":{{"aws:SourceOrgID":"{organization}"}}}}"#);
        let mut worker = Someone::new(TARGET, EVERYTHING);
        worker.trust = vec![attached(
            "trust",
            &format!(
                r#"{{"Effect":"Allow","Principal":{{"Service":"lambda.amazonaws.com"}},"Action":"sts:AssumeRole","Condition":{condition}}}"#
            ),
        )];
        let world =
            World::ann(&["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"]).role(worker);
        World { requests: REQUESTS, ..world }.verdict("lambda-001")
    };
    assert_eq!(ask("o-a1b2c3d4e5"), Some(Yes));
    assert_eq!(ask("o-other"), None);
}

/// The one question finds what all rules find.
#[test]
fn surest_way_to_an_administrator_is_the_best_of_all_ways() {
    let alone = |statements: &str| World::of(Someone::new(CI, statements));
    let top = || Someone::new(TARGET, EVERYTHING).trusting(r#"{"AWS":"arn:aws:iam::111122223333:root"}"#);
    let own = |action: &str| allow(&[action], CI);
    let worlds = [
        alone(&own("iam:PutRolePolicy")),
        alone(&allow(&["sts:AssumeRole"], "*")).role(top()),
        alone(&allow(&["s3:GetObject"], "*")).role(top()),
        alone(&own("iam:UpdateAssumeRolePolicy")),
        alone(&allow(&["iam:CreateAccessKey"], "*")).user(Someone::new(BOB, EVERYTHING)),
        World {
            access_keys: None,
            ..alone(&allow(&["iam:CreateAccessKey"], "*")).user(Someone::new(BOB, EVERYTHING))
        },
        World { users: None, ..alone(&allow(&["iam:CreateAccessKey"], "*")) },
        World { roles: None, ..alone(&allow(&["sts:AssumeRole"], "*")) },
    ];
    let mut verdicts = Vec::new();
    for world in &worlds {
        let all = world.ask();
        let ways = all.rules().iter().flat_map(|rule| &rule.ways);
        let best = ways
            .filter(|way| {
                way.gain == Gain::Administrator || (way.gain == Gain::NotKnown && !way.missing.is_empty())
            })
            .filter(|way| way.verdict != EscalationVerdict::Speculative)
            .map(|way| way.verdict)
            .max();
        let found = world.with_map(|(map, actor)| map.way_to_administrator(actor));
        assert_eq!(found.as_ref().map(|found| found.verdict), best, "{world:?}");
        assert!(found.is_none_or(|found| found.ways.len() == 1));
        let may = may_lead_to_administrator(&world.actor.identity);
        assert!(may || best.is_none(), "{world:?}");
        verdicts.push(best);
    }
    let potential = Some(EscalationVerdict::Potential);
    assert_eq!(verdicts, [Some(Yes), Some(Yes), None, None, Some(Yes), potential, potential, potential]);
}
