//! The answer for people.

use std::fmt::Write as _;

use orgsweep_explain::{Decider, Explanation, LayerView, Usual, open_conditions};
use orgsweep_model::text::{bounded, printable};
use orgsweep_policy::{Answer, Citation, Decision, Doubt, Effect, Request, Residual, Statement, Step, Truth};

/// Characters of one line: a condition may hold a long list.
const LONGEST: usize = 400;

/// The decision, why, what else there is to know of it, and every layer with what it says.
pub fn render(explanation: &Explanation) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let mut line = |line: &str| {
        let _ = writeln!(text, "{}", bounded(&printable(line), LONGEST));
    };
    // A denial of one side is one of the whole.
    let is_denied = matches!(explanation.answer.decision, Decision::Denied(_));
    let side = explanation.side.filter(|_| !is_denied);
    let side = side.map(|side| format!(" ON THE {}'S SIDE", side.to_uppercase())).unwrap_or_default();
    line(&format!("{}{side}  {}", word(&explanation.answer.decision), explanation.action));
    line(&format!("  principal  {}", explanation.principal));
    line(&format!("  resource   {}", explanation.resource));
    reasons(&explanation.answer, explanation.denial.as_deref(), &explanation.request, &mut line);
    if let Some((usual, answer)) = &explanation.supposing {
        let supposed = match usual {
            Usual::Silent => "If the resource's own policy says nothing",
            Usual::OfKey(_) => "If the key's policy is the default one, which leaves it to the account",
        };
        line("");
        line(&format!("{supposed}: {}", word(&answer.decision)));
        reasons(answer, None, &explanation.request, &mut line);
    }
    if !explanation.notes.is_empty() {
        line("");
    }
    for note in &explanation.notes {
        line(&format!("Note: {note}"));
    }
    line("");
    line("Layers");
    for layer in &explanation.layers {
        shown(layer, &explanation.request, &mut line);
    }
    line("");
    line(&format!("From scan {} of {}", explanation.scan_id, explanation.observed));
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

fn reasons(answer: &Answer, denial: Option<&str>, request: &Request, line: &mut dyn FnMut(&str)) {
    match &answer.decision {
        Decision::Allowed => {}
        Decision::AllowedIf(residual) => {
            hangs_on(residual, request, "  if         ", line);
            let one = matches!(residual, Residual::Term(_));
            line(&format!("             {}", choice(residual.by_choice(request), one)));
        }
        Decision::Denied(why) => {
            let why = denial.map_or_else(|| why.to_string(), str::to_owned);
            line(&format!("  reason     {why}"));
        }
        Decision::Unknown(doubts) => {
            for doubt in doubts_of(doubts) {
                line(&format!("  reason     {doubt}"));
            }
        }
    }
}

/// A condition a line, with who decides it, below the word that says how many of them must hold.
fn hangs_on(residual: &Residual, request: &Request, start: &str, line: &mut dyn FnMut(&str)) {
    let (word, parts) = match residual {
        Residual::Term(term) => {
            let decider = Decider::of(term, request).word();
            let condition = bounded(&term.to_string(), LONGEST / 2);
            // The others are named after their statement.
            let of = term.condition().map(|_| format!(", of {}", term.citation())).unwrap_or_default();
            line(&format!("{start}{decider:<11}  {condition}{of}"));
            return;
        }
        Residual::All(parts) => ("all of", parts),
        Residual::Any(parts) => ("any of", parts),
    };
    line(&format!("{start}{word}"));
    let inner = " ".repeat(start.len() + 2);
    for part in parts {
        hangs_on(part, request, &inner, line);
    }
}

/// What the best choice of the caller makes of it.
fn choice(best: Truth, is_one: bool) -> String {
    let these = if is_one { "this condition" } else { "these conditions" };
    match best {
        Truth::True => format!("The caller controls {these}, so treat the request as allowed."),
        Truth::Depends if is_one => "The caller does not control this condition.".to_owned(),
        Truth::Depends => "The caller does not control all of these conditions.".to_owned(),
        Truth::Unknown => format!("It is unknown whether the caller controls {these}."),
        Truth::False => format!("Nothing satisfies {these}, so treat the request as denied."),
    }
}

fn shown(layer: &LayerView, request: &Request, line: &mut dyn FnMut(&str)) {
    let says = layer.step.as_ref().map(says).or(layer.note.as_deref()).unwrap_or_default();
    line(&format!("  {}: {says}", layer.name));
    for (citation, applies) in layer.step.iter().flat_map(|step| &step.statements) {
        line(&format!("      {}", statement(citation, *applies)));
        for (decider, condition) in open_conditions(citation.statement(), request) {
            line(&format!("          {:<11}  {condition}", decider.word()));
        }
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
    let mut shown: Vec<String> = Vec::new();
    for doubt in doubts {
        let text = if is_stand_in(&doubt.citation) {
            format!("{}: {}", doubt.citation.attached, doubt.reason)
        } else {
            doubt.to_string()
        };
        if !shown.contains(&text) {
            shown.push(text);
        }
    }
    shown
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
