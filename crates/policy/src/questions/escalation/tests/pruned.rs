//! What is left out without a question changes no answer: the same accounts, with and without.

use std::fmt::Write;

use super::properties::{statement, worlds};
use super::*;
use crate::evaluate::decide;
use crate::evaluate::tests::generator::Dice;
use crate::questions::escalation::actor::Evaluator;
use crate::questions::escalation::rules::RULES;
use crate::questions::escalation::samples::Sample;
use crate::request::Request;
use crate::truth::Truth;

/// An account whose policies name some of its users and roles, and whose targets have something of their own.
pub(super) fn world(dice: &mut Dice) -> World {
    let policies = |dice: &mut Dice, most: usize| -> Vec<Attached> {
        let one = |dice: &mut Dice| {
            let denies = if dice.one_in(4) { format!(",{}", statement(dice, "Deny")) } else { String::new() };
            attached("inline", &format!("{}{denies}", statement(dice, "Allow")))
        };
        (0..=dice.below(most)).map(|_| one(dice)).collect()
    };
    let arn = if dice.one_in(3) { CI } else { ANN };
    let mut actor = Someone { arn: arn.to_owned(), identity: policies(dice, 4), ..Someone::default() };
    if dice.one_in(3) {
        actor.identity.push(attached("everything of a service", &allow(&["iam:*", "s3:*", "lambda:*"], "*")));
    }
    if dice.one_in(4) {
        actor.boundary = Some(attached("b", &format!("{},{}", allow(&["*"], "*"), statement(dice, "Deny"))));
    }
    if dice.one_in(12) {
        actor.identity.push(Attached::unreadable("gone", "it was not read"));
    }
    let mut world = World::of(actor);
    for name in ["bob", "team-a", "dev-1"] {
        let identity = policies(dice, 2);
        let arn = format!("arn:aws:iam::111122223333:user/{name}");
        world = world.user(Someone { arn, identity, ..Someone::default() });
    }
    for (number, name) in ["t1", "team-b", "dev-2", "aws-reserved/x", "other"].iter().enumerate() {
        let account = if number == 4 { "444455556666" } else { "111122223333" };
        let service = &RULES.services[dice.below(RULES.services.len())].name;
        let admitted = match dice.below(4) {
            0 => r#"{"AWS":"111122223333"}"#.to_owned(),
            1 => format!(r#"{{"AWS":"{ANN}"}}"#),
            _ => format!(r#"{{"Service":"{service}"}}"#),
        };
        let arn = format!("arn:aws:iam::{account}:role/{name}");
        let role = Someone { arn, identity: policies(dice, 2), ..Someone::default() };
        world = world.role(role.trusting(&admitted));
    }
    if dice.one_in(3) {
        world = world.control(&format!("{EVERYTHING},{}", statement(dice, "Deny")));
    }
    world
}

fn citations(evidence: &[crate::answer::Citation]) -> String {
    let all = evidence.iter().map(|one| format!("{:?} {} {}", one.layer, one.attached, one.index));
    all.collect::<Vec<_>>().join(",")
}

fn doubts(doubts: &[crate::answer::Doubt]) -> String {
    let all =
        doubts.iter().map(|one| format!("{} {}", citations(std::slice::from_ref(&one.citation)), one.reason));
    all.collect::<Vec<_>>().join(",")
}

/// Everything that is answered, as text.
pub(super) fn text(found: &[Escalation]) -> String {
    let mut text = String::new();
    for one in found {
        writeln!(text, "{} {:?} {}", one.rule, one.verdict, one.count).unwrap();
        for way in &one.ways {
            let EscalationWay { verdict, target, through, version, proviso, missing, gain, gain_if, .. } =
                way;
            writeln!(
                text,
                " {verdict:?} {target:?} {through:?} {version:?} {proviso:?} {missing:?} {gain:?}"
            )
            .unwrap();
            let gain_if: Vec<String> = gain_if.iter().map(ToString::to_string).collect();
            writeln!(text, " {} {gain_if:?}", doubts(&way.doubts)).unwrap();
            for step in way.steps.iter().chain(&way.chain) {
                let residual = step.residual.as_ref().map(ToString::to_string);
                let (evidence, doubts) = (citations(&step.evidence), doubts(&step.doubts));
                writeln!(text, "  {:?} {} {}", step.by, step.action, step.resource).unwrap();
                writeln!(text, "  {residual:?} {evidence} {doubts}").unwrap();
            }
        }
    }
    text
}

fn answers(world: &World, prunes: bool) -> String {
    world.with_map_that(prunes, true, |(map, actor)| {
        let found = map.escalations(actor);
        let kind = match &found {
            Escalations::AlreadyAdministrator(_) => "already".to_owned(),
            Escalations::AdministratorIf { residuals, .. } => {
                format!("if {:?}", residuals.iter().map(ToString::to_string).collect::<Vec<_>>())
            }
            Escalations::Rules(_) => "rules".to_owned(),
        };
        let way: Vec<Escalation> = map.way_to_administrator(actor).into_iter().collect();
        format!("{kind}\n{}\n{}", text(found.rules()), text(&way))
    })
}

#[test]
fn what_is_left_out_without_a_question_changes_no_answer() {
    let (mut found, mut nothing) = (0, 0);
    for seed in 0..worlds() {
        let world = world(&mut Dice::new(seed + 3_000_000));
        let answer = answers(&world, true);
        assert_eq!(answer, answers(&world, false), "{:?}", world.actor);
        let lines = answer.lines().filter(|line| !line.starts_with(' ') && !line.is_empty()).count();
        found += lines - 1;
        nothing += usize::from(lines == 1);
    }
    // Otherwise it would say little.
    assert!(found as u64 > worlds() && nothing as u64 > worlds() / 20, "{found} {nothing}");
}

/// Whatever the evaluation allows is in the set of actions of some policy, and its resource among those that are named; and
/// what is reported at a glance is what the evaluation gives.
#[test]
fn a_look_at_what_policies_name_is_never_narrower_than_the_evaluation() {
    let (mut allowed, mut left_out, mut seen) = (0, 0, 0);
    for seed in 0..worlds() {
        let world = world(&mut Dice::new(seed + 4_000_000));
        world.with_map(|(map, actor)| {
            let evaluator = Evaluator::new(map, actor);
            let set = RULES.allowed_by(actor.layers.identity);
            let own = Layers { resource: &[], ..actor.layers };
            let start = Request::new(actor.principal.clone(), "", "*", actor.context.clone());
            let start = start.owned_by("111122223333").supposing_own();
            for (place, action) in RULES.actions.iter().enumerate() {
                let users = world.users.iter().flatten().chain(world.roles.iter().flatten());
                let arns = users.map(|someone| someone.arn.clone());
                let typical = map.index(evaluator.place);
                let kinds = RULES.kinds[place].as_ref();
                let typical = kinds.map(|kinds| typical.typical(place, kinds, evaluator.place).concat());
                for resource in arns.chain(typical.into_iter().flatten()) {
                    let request = start.instead(action, &resource);
                    if request.resource_kind() != crate::request::ResourceKind::Ordinary {
                        continue;
                    }
                    let truth = decide(&request, &own);
                    if truth == Truth::False {
                        left_out += usize::from(!set.has(place) || !evaluator.may_name(place, &resource));
                    } else {
                        allowed += 1;
                        assert!(set.has(place), "{action}: {:?}", world.actor);
                        assert!(
                            evaluator.may_name(place, &resource),
                            "{action} {resource}: {:?}",
                            world.actor
                        );
                    }
                    if let Some(glance) =
                        evaluator.at_a_glance(&Sample::new(action.as_str(), resource.as_str()))
                    {
                        seen += 1;
                        assert_eq!(glance, truth, "{action} {resource}: {:?}", world.actor);
                    }
                }
            }
        });
    }
    assert!(allowed > 1000 && left_out > 1000 && seen > 1000, "{allowed} {left_out} {seen}");
}
