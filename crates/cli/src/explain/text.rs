//! The answer for a person.

use std::fmt::Write as _;

use orgsweep_model::text::{bounded, printable};
use orgsweep_policy::{Answer, Citation, Decision, Doubt, Effect, Statement, Step, Truth};

use super::answer::Told;
use super::shown::ShownLayer;

/// Characters of one line: a condition may hold a long list.
const LONGEST: usize = 400;

/// The decision, why, what else there is to know of it, and every layer with what it says.
pub fn render(told: &Told) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let mut line = |line: &str| {
        let _ = writeln!(text, "{}", bounded(&printable(line), LONGEST));
    };
    // A denial of one side is one of the whole.
    let is_half = told.is_one_side && !matches!(told.answer.decision, Decision::Denied(_));
    let side = if is_half { " ON THE ROLE'S SIDE" } else { "" };
    line(&format!("{}{side}  {}", word(&told.answer.decision), told.action));
    line(&format!("  by  {}", told.principal));
    line(&format!("  on  {}", told.resource));
    reasons(&told.answer, told.denial.as_deref(), &mut line);
    if let Some(answer) = &told.without_resource {
        line("");
        line(&format!("If the resource's own policy says nothing: {}", word(&answer.decision)));
        reasons(answer, None, &mut line);
    }
    if !told.notes.is_empty() {
        line("");
    }
    for note in &told.notes {
        line(&format!("Note: {note}"));
    }
    line("");
    line("Layers");
    for layer in &told.layers {
        shown(layer, &mut line);
    }
    line("");
    line(&format!("From scan {} of {}", told.scan_id, told.observed));
    text
}

fn word(decision: &Decision) -> &'static str {
    match decision {
        Decision::Allowed => "ALLOWED",
        Decision::AllowedIf(_) => "ALLOWED IF",
        Decision::Denied(_) => "DENIED",
        Decision::Unknown(_) => "UNKNOWN",
    }
}

fn reasons(answer: &Answer, denial: Option<&str>, line: &mut dyn FnMut(&str)) {
    match &answer.decision {
        Decision::Allowed => {}
        Decision::AllowedIf(residual) => line(&format!("  if  {residual}")),
        Decision::Denied(why) => {
            let why = denial.map_or_else(|| why.to_string(), str::to_owned);
            line(&format!("  as  {why}"));
        }
        Decision::Unknown(doubts) => {
            for doubt in doubts_of(doubts) {
                line(&format!("  as  {doubt}"));
            }
        }
    }
}

fn shown(layer: &ShownLayer, line: &mut dyn FnMut(&str)) {
    let says = layer.step.as_ref().map(says).or(layer.note.as_deref()).unwrap_or_default();
    line(&format!("  {}: {says}", layer.name));
    for (citation, applies) in layer.step.iter().flat_map(|step| &step.statements) {
        line(&format!("      {}", statement(citation, *applies)));
    }
}

/// What a layer says by itself.
pub fn says(step: &Step) -> &'static str {
    match (step.denies, step.allows) {
        (Truth::True, _) => "denies",
        (Truth::Unknown, _) | (_, Truth::Unknown) => "unknown",
        (Truth::Depends, Truth::False) => "may deny, and allows nothing",
        (Truth::Depends, Truth::True) => "allows, and may deny",
        (Truth::Depends, Truth::Depends) => "may allow, and may deny",
        (Truth::False, Truth::True) => "allows",
        (Truth::False, Truth::Depends) => "may allow",
        (Truth::False, Truth::False) => "allows nothing",
    }
}

/// Each once: what could not be read neither allows nor denies for the same reason.
pub fn doubts_of(doubts: &[Doubt]) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    for doubt in doubts {
        let text = if is_stand_in(&doubt.citation) {
            format!("{}: {}", doubt.citation.attached, doubt.reason)
        } else {
            doubt.to_string()
        };
        if !told.contains(&text) {
            told.push(text);
        }
    }
    told
}

/// Whether there is no document, so that there is no first statement either.
fn is_stand_in(citation: &Citation) -> bool {
    let statements = citation.attached.policy.statements();
    statements.len() == 1 && statements[0].position().offset == 0
}

fn statement(citation: &Citation, applies: Truth) -> String {
    if is_stand_in(citation) {
        return format!("not known: {}", citation.attached);
    }
    let effect = match citation.statement().map(Statement::effect) {
        Some(Effect::Allow) => "Allow",
        Some(Effect::Deny) => "Deny",
        _ => "Allow or Deny",
    };
    let sure = match applies {
        Truth::True => "",
        Truth::Depends => ", under its conditions",
        _ => ", perhaps",
    };
    format!("{effect}: {citation}{sure}")
}
