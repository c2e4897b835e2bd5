//! What holds in every world, tried in many.

use super::generator::{self, Dice, Elements, Scene, statements, text};
use super::*;
use crate::document::Document;
use crate::truth::Truth::{False, True};

/// In how many worlds a property is tried; `POLICY_WORLDS=100000` for longer.
fn worlds() -> u64 {
    std::env::var("POLICY_WORLDS").ok().and_then(|number| number.parse().ok()).unwrap_or(400)
}

fn for_all(property: impl Fn(&mut Dice, &Scene, &Request)) {
    for seed in 0..worlds() {
        let mut dice = Dice::new(seed);
        let scene = generator::scene(&mut dice);
        let principal = generator::principal(&mut dice);
        let (action, resource) = generator::target(&mut dice);
        let (whole, seen) = generator::contexts(&mut dice, action, true);
        let context = if dice.one_in(5) { whole } else { seen };
        property(&mut dice, &scene, &Request::new(principal, action, resource, context));
    }
}

fn truth(scene: &Scene, request: &Request) -> Truth {
    scene.world().answer_to(request).decision.truth()
}

/// Otherwise the other properties would say little.
#[test]
fn worlds_are_various() {
    let mut seen = [0; 4];
    let counted = std::cell::RefCell::new(&mut seen);
    for_all(|_, scene, request| counted.borrow_mut()[truth(scene, request) as usize] += 1);
    assert!(seen.iter().all(|count| *count > worlds() as usize / 40), "{seen:?}");
}

#[test]
fn adding_a_deny_never_allows() {
    for_all(|dice, scene, request| {
        let deny = |principal, dice: &mut Dice| -> Elements {
            let mut elements = generator::statement(dice, principal);
            elements[0] = r#""Effect":"Deny""#.to_owned();
            elements
        };
        let mut more = scene.clone();
        let layer = match (dice.below(7), &mut more) {
            (0, Scene { service_control: Some(levels), .. })
            | (1, Scene { resource_control: Some(levels), .. }) => &mut levels[0],
            (2, Scene { boundary: Some(boundary), .. }) => boundary,
            (3, Scene { session: Some(session), .. }) => session,
            (4, Scene { endpoint: Some(endpoint), .. }) => endpoint,
            (5, Scene { resource, .. }) => resource,
            (_, Scene { identity, .. }) => identity,
        };
        let principal = layer.iter().flatten().any(|element| element.contains("Principal\":"));
        layer.push(deny(principal, dice));
        assert!(truth(&more, request) <= truth(scene, request), "{scene:?}\n{more:?}\n{request:?}");
    });
}

#[test]
fn adding_a_layer_never_turns_denied_into_allowed() {
    for_all(|dice, scene, request| {
        let mut more = scene.clone();
        let kind = request.principal().kind();
        match dice.below(5) {
            0 => more.service_control.get_or_insert_default().push(statements(dice, false)),
            1 => more.resource_control.get_or_insert_default().push(statements(dice, true)),
            2 if more.boundary.is_none() => more.boundary = Some(statements(dice, false)),
            // To a session of GetFederationToken, its policy is what gives it permissions.
            3 if more.session.is_none() && kind != crate::PrincipalKind::FederatedUser => {
                more.session = Some(statements(dice, false));
            }
            _ if more.endpoint.is_none() => more.endpoint = Some(statements(dice, true)),
            _ => {}
        }
        assert!(truth(&more, request) <= truth(scene, request), "{scene:?}\n{more:?}\n{request:?}");
    });
}

#[test]
fn adding_an_allow_never_denies() {
    for_all(|dice, scene, request| {
        let mut more = scene.clone();
        let mut allow = generator::statement(dice, false);
        allow[0] = r#""Effect":"Allow""#.to_owned();
        more.identity.push(allow);
        assert!(truth(&more, request) >= truth(scene, request), "{scene:?}\n{more:?}\n{request:?}");
    });
}

#[test]
fn order_of_levels_statements_elements_keys_and_values_is_irrelevant() {
    for_all(|_, scene, request| {
        let other_way = |statements: &[Elements]| {
            let other_way = |elements: &Elements| elements.iter().rev().map(|text| reversed(text)).collect();
            statements.iter().rev().map(other_way).collect()
        };
        let mut other = scene.map(other_way);
        if let Some(levels) = &mut other.service_control {
            levels.reverse();
        }
        assert_eq!(truth(scene, request), truth(&other, request), "{scene:?}\n{request:?}");
    });
}

/// JSON with the members of every object and list the other way round.
fn reversed(text: &str) -> String {
    let mut stack = vec![vec![String::new()]];
    let mut in_text = false;
    for character in text.chars() {
        in_text ^= character == '"';
        match character {
            '{' | '[' if !in_text => stack.push(vec![character.to_string(), String::new()]),
            '}' | ']' if !in_text => {
                let inside = stack.pop().unwrap();
                let members: Vec<String> = inside[1..].iter().rev().cloned().collect();
                let whole = format!("{}{}{character}", inside[0], members.join(","));
                stack.last_mut().unwrap().last_mut().unwrap().push_str(&whole);
            }
            ',' if !in_text => stack.last_mut().unwrap().push(String::new()),
            _ => stack.last_mut().unwrap().last_mut().unwrap().push(character),
        }
    }
    stack.pop().unwrap().join(",")
}

#[test]
fn members_are_turned_round_and_nothing_else() {
    let text = r#""Condition":{"A":{"k":["1, {","2"]},"B":{"l":true,"m":[]}}"#;
    assert_eq!(reversed(text), r#""Condition":{"B":{"m":[],"l":true},"A":{"k":["2","1, {"]}}"#);
    assert_eq!(reversed(&reversed(text)), text);
}

#[test]
fn one_policy_or_several_is_irrelevant() {
    for_all(|_, scene, request| {
        let (first, second) = scene.identity.split_at(scene.identity.len() / 2);
        let halves = Scene { identity: first.to_vec(), ..scene.clone() };
        let world = halves.world().identity(&text(second));
        assert_eq!(truth(scene, request), world.answer_to(request).decision.truth(), "{scene:?}");
    });
}

#[test]
fn case_of_actions_and_keys_is_irrelevant() {
    for_all(|_, scene, request| {
        let upper = scene.map(|statements| {
            let change = |element: &String| {
                if element.contains("Action\"") {
                    let (name, value) = element.split_once(':').unwrap();
                    return format!("{name}:{}", value.to_uppercase());
                }
                element
                    .replace("\"aws:SourceIp", "\"AWS:SOURCEIP")
                    .replace("${aws:PrincipalTag/team}", "${AWS:principaltag/TEAM}")
                    .replace("\"aws:RequestTag/team", "\"aws:requesttag/Team")
            };
            statements.iter().map(|elements| elements.iter().map(change).collect()).collect()
        });
        let action = request.action().to_uppercase();
        let shouted =
            Request::new(request.principal().clone(), &action, request.resource(), request.context().clone());
        assert_eq!(truth(scene, request), truth(&upper, &shouted), "{upper:?}\n{request:?}");
    });
}

#[test]
fn parse_print_parse_is_the_identity() {
    for_all(|_, scene, _| {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, text(&scene.resource));
        let read = |text: &str| -> Document { crate::parse::document(text).unwrap() };
        let printed = Policy::parse(&text).unwrap().to_string();
        let sorted = |text: &str| {
            let value: serde_json::Value = serde_json::from_str(text).unwrap();
            value.to_string()
        };
        assert_eq!(sorted(&printed), sorted(&text));
        assert_eq!(read(&printed).to_string(), printed);
    });
}

/// Less seen, less said, and never the contrary; and where the residual is assigned, it gives the verdict.
#[test]
fn what_is_not_seen_never_decides_and_residuals_give_the_verdict() {
    let mut depended = 0;
    for seed in 0..worlds() * 2 {
        let mut dice = Dice::new(seed);
        let scene = generator::scene(&mut dice);
        let principal = generator::principal(&mut dice);
        let (action, resource) = generator::target(&mut dice);
        let may_doubt = dice.one_in(4);
        let (whole, seen) = generator::contexts(&mut dice, action, may_doubt);
        let request = Request::new(principal.clone(), action, resource, whole);
        let partly = Request::new(principal, action, resource, seen);
        let verdict = truth(&scene, &request);
        match scene.world().answer_to(&partly).decision {
            Decision::Allowed => assert_eq!(verdict, True, "{scene:?}\n{partly:?}"),
            Decision::Denied(_) => assert_eq!(verdict, False, "{scene:?}\n{partly:?}"),
            Decision::AllowedIf(residual) => {
                depended += 1;
                let assigned = residual.holds(&request);
                let told = || format!("{residual}\n{scene:?}\n{request:?}\n{partly:?}");
                // Alternatives in doubt are left out of a residual: it suffices, and without doubts it is needed too.
                match assigned {
                    True => assert_eq!(verdict, True, "{}", told()),
                    False if !may_doubt && verdict == True => {
                        let doubtful =
                            format!("{scene:?}").contains("Unless") || format!("{scene:?}").contains("s?s:");
                        let listed = format!("{scene:?}").contains("NotPrincipal");
                        assert!(doubtful || listed, "{}", told());
                    }
                    _ => {}
                }
            }
            Decision::Unknown(doubts) => assert!(!doubts.is_empty(), "{scene:?}\n{partly:?}"),
        }
    }
    assert!(depended > worlds() / 20, "{depended}");
}

#[test]
fn every_answer_rests_on_what_it_cites() {
    for_all(|_, scene, request| {
        let answer = scene.world().answer_to(request);
        let effects = |effect| {
            answer.evidence.iter().filter(|citation| citation.statement().unwrap().effect() == effect).count()
        };
        let (allows, denies) = (effects(crate::Effect::Allow), effects(crate::Effect::Deny));
        match &answer.decision {
            Decision::Denied(Denial::Explicit(layer)) => {
                assert_eq!((allows, answer.evidence[0].layer), (0, *layer));
            }
            Decision::Denied(_) => assert_eq!((allows, denies), (0, 0)),
            Decision::Allowed => {
                let needs_none = request.principal().kind() == crate::PrincipalKind::Root
                    || super::super::exemptions::needs_no_permission(request);
                assert!(denies == 0 && (allows > 0 || needs_none), "{scene:?}\n{request:?}\n{answer:?}");
            }
            Decision::AllowedIf(residual) => {
                for term in residual.terms() {
                    let cited = answer.evidence.iter().any(|citation| {
                        citation.layer == term.citation().layer
                            && citation.index == term.citation().index
                            && Arc::ptr_eq(&citation.attached.policy, &term.citation().attached.policy)
                    });
                    assert!(cited, "{term}\n{answer:?}");
                }
            }
            Decision::Unknown(doubts) => {
                assert!(doubts.iter().all(|doubt| !doubt.reason.is_empty()), "{doubts:?}");
            }
        }
    });
}
