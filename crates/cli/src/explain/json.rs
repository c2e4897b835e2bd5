//! The answer for a program.

use orgsweep_policy::{Answer, Decision, Effect, Statement, Truth};
use serde_json::{Value as Json, json};

use super::answer::Told;
use super::shown::ShownLayer;
use super::text::{doubts_of, says};

/// One object.
pub fn render(told: &Told) -> Json {
    json!({
        "scan_id": told.scan_id,
        "principal": told.principal,
        "action": told.action,
        "resource": told.resource,
        "side": if told.is_one_side { "role" } else { "both" },
        "answer": answer(&told.answer, told.denial.as_deref()),
        "if_the_resource_policy_says_nothing": told.without_resource.as_ref().map(|one| answer(one, None)),
        "layers": told.layers.iter().map(layer).collect::<Vec<_>>(),
        "notes": told.notes,
    })
}

fn answer(answer: &Answer, denial: Option<&str>) -> Json {
    let none: Vec<String> = Vec::new();
    let (word, reason, conditions, unknown) = match &answer.decision {
        Decision::Allowed => ("allowed", None, none.clone(), none),
        Decision::AllowedIf(residual) => {
            let terms = residual.terms().iter().map(ToString::to_string).collect();
            ("allowed_if", Some(residual.to_string()), terms, none)
        }
        Decision::Denied(why) => {
            ("denied", Some(denial.map_or_else(|| why.to_string(), str::to_owned)), none.clone(), none)
        }
        Decision::Unknown(doubts) => ("unknown", None, none, doubts_of(doubts)),
    };
    let evidence: Vec<String> = answer.evidence.iter().map(ToString::to_string).collect();
    json!({"decision": word, "reason": reason, "conditions": conditions, "unknown": unknown, "evidence": evidence})
}

fn layer(layer: &ShownLayer) -> Json {
    let statements = layer.step.iter().flat_map(|step| &step.statements).map(|(citation, applies)| {
        let statement = citation.statement();
        json!({
            "policy": &*citation.attached.name,
            "version": citation.attached.version.as_deref(),
            "group": citation.attached.group.as_deref(),
            "statement": citation.index + 1,
            "sid": statement.and_then(|statement| statement.sid()),
            "effect": match statement.map(Statement::effect) {
                Some(Effect::Allow) => Some("Allow"),
                Some(Effect::Deny) => Some("Deny"),
                _ => None,
            },
            "applies": match applies {
                Truth::True => "yes",
                Truth::Depends => "under its conditions",
                _ => "unknown",
            },
        })
    });
    json!({
        "layer": layer.name,
        "says": layer.step.as_ref().map(says).or(layer.note.as_deref()),
        "statements": statements.collect::<Vec<_>>(),
    })
}
