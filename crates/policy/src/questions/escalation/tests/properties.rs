//! What holds in every account, tried in many.

use std::collections::BTreeSet;

use super::*;
use crate::evaluate::tests::generator::Dice;
use crate::questions::escalation::rules::{Effect, RULES};

/// In how many accounts a property is tried; `POLICY_WORLDS=100000` for longer.
pub(super) fn worlds() -> u64 {
    std::env::var("POLICY_WORLDS").ok().and_then(|number| number.parse().ok()).unwrap_or(400) / 4
}

/// An action of the rules, or a pattern that has several.
fn action(dice: &mut Dice) -> String {
    let name = &RULES.actions[dice.below(RULES.actions.len())];
    let (service, _) = name.split_once(':').unwrap();
    match dice.below(4) {
        0 => format!("{service}:*"),
        1 => format!("{}*", &name[..name.len() - 3]),
        _ => name.clone(),
    }
}

pub(super) fn statement(dice: &mut Dice, effect: &str) -> String {
    let actions: Vec<String> = (0..=dice.below(6)).map(|_| action(dice)).collect();
    let resources =
        ["*", "*", "arn:aws:iam::*:role/t*", "arn:aws:iam::*:user/${aws:username}", "arn:aws:*:*:*:*dev-*"];
    let condition =
        if dice.one_in(5) { r#","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"# } else { "" };
    format!(
        r#"{{"Effect":"{effect}","Action":{actions:?},"Resource":"{}"{condition}}}"#,
        dice.pick(&resources)
    )
}

/// One in three takes back what the actor was given.
fn denial(dice: &mut Dice, world: &World) -> String {
    if !dice.one_in(3) {
        return statement(dice, "Deny");
    }
    let given = world.actor.identity[0].policy.to_string().replace(r#""Allow""#, r#""Deny""#);
    let (_, statements) = given.split_once(r#""Statement":["#).unwrap();
    let (statements, _) = statements.rsplit_once(']').unwrap();
    statements.to_owned()
}

/// Everyone but the actor is an administrator, so that what is gained does not hang on what the actor has.
fn world(dice: &mut Dice) -> World {
    let arn = if dice.one_in(3) { CI } else { ANN };
    let allows =
        [allow(&["iam:PassRole"], "*"), statement(dice, "Allow"), statement(dice, "Allow")].join(",");
    let mut world = World::of(Someone::new(arn, &allows)).user(Someone::new(BOB, EVERYTHING));
    for number in 0..3 {
        let service = &RULES.services[dice.below(RULES.services.len())].name;
        let admitted = match number {
            0 => r#"{"AWS":"111122223333"}"#.to_owned(),
            _ => format!(r#"{{"Service":"{service}"}}"#),
        };
        world = world.role(Someone::new(&format!("{TARGET}{number}"), EVERYTHING).trusting(&admitted));
    }
    if dice.one_in(3) {
        world.actor.boundary =
            Some(attached("b", &format!("{},{}", allow(&["iam:*"], "*"), statement(dice, "Allow"))));
    }
    world
}

/// Worlds with dice for more, without those whose actor has nothing to gain.
fn ordinary(first: u64, make: impl Fn(&mut Dice) -> World) -> impl Iterator<Item = (World, Dice)> {
    let all = (first..).map(move |seed| {
        let mut dice = Dice::new(seed);
        (make(&mut dice), dice)
    });
    let some = all.filter(|(world, _)| !matches!(world.ask(), Escalations::AlreadyAdministrator(_)));
    some.take(usize::try_from(worlds()).unwrap())
}

fn ways(world: &World) -> BTreeSet<(String, Option<String>)> {
    let found = world.ask();
    let ways = found.rules().iter().flat_map(|rule| {
        // To get rid of what denies is a way that a Deny opens.
        let freed = rule.rule.starts_with("x-iam-014") || rule.rule.starts_with("x-iam-015");
        rule.ways.iter().filter(move |_| !freed).map(|way| (rule.rule.to_owned(), way.target.clone()))
    });
    ways.collect()
}

#[test]
fn adding_a_deny_never_adds_a_way() {
    let mut found = 0;
    let mut taken = 0;
    for (before, mut dice) in ordinary(0, world) {
        let mut after = before.clone();
        let deny = denial(&mut dice, &before);
        let mut is_in_boundary = false;
        match dice.below(3) {
            0 => after.actor.identity.push(attached("deny", &deny)),
            1 if after.actor.boundary.is_some() => {
                let boundary = after.actor.boundary.take().unwrap().policy.to_string();
                let (start, _) = boundary.rsplit_once(']').unwrap();
                let policy = Policy::parse(&format!("{start},{deny}]}}")).unwrap();
                after.actor.boundary = Some(Attached::new("b", Arc::new(policy)));
                is_in_boundary = true;
            }
            _ => after.session = Some(vec![attached("session", &format!("{EVERYTHING},{deny}"))]),
        }
        let (before_ways, after_ways) = (ways(&before), ways(&after));
        found += before_ways.len();
        taken += before_ways.difference(&after_ways).count();
        // A Deny of the boundary goes with the boundary, as one of a policy with the policy.
        let lifted = |rule: &str| {
            let of_boundary = RULES.rules.iter().filter(|rule| rule.effect == Effect::NoBoundary);
            is_in_boundary && of_boundary.map(|rule| &*rule.id).any(|id| id == rule)
        };
        let added: Vec<_> = after_ways.difference(&before_ways).filter(|(rule, _)| !lifted(rule)).collect();
        assert!(added.is_empty(), "{added:?}\n{deny}\n{:?}", before.actor);
    }
    // Otherwise the property would say little.
    assert!(found as u64 > worlds() && taken as u64 > worlds() / 8, "{found} {taken}");
}

#[test]
fn adding_a_service_control_policy_never_adds_a_way() {
    for (before, mut dice) in ordinary(1_000_000, |dice| world(dice).control(EVERYTHING)) {
        let deny = denial(&mut dice, &before);
        let after = before.clone().control(&format!("{EVERYTHING},{deny}"));
        let (before_ways, after_ways) = (ways(&before), ways(&after));
        let added: Vec<_> = after_ways.difference(&before_ways).collect();
        assert!(added.is_empty(), "{added:?}\n{deny}\n{:?}", before.actor);
    }
}

#[test]
fn order_of_roles_is_irrelevant() {
    for seed in 0..worlds() {
        let mut dice = Dice::new(seed + 2_000_000);
        let one = world(&mut dice);
        let mut other = one.clone();
        other.roles.as_mut().unwrap().reverse();
        other.actor.identity.reverse();
        assert_eq!(ways(&one), ways(&other));
    }
}
