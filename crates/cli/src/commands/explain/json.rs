//! The answer for a program.

use orgsweep_explain::nearest::catalogue_day;
use orgsweep_explain::{Decider, Explanation, LayerView, Usual, by_choice, open_conditions};
use orgsweep_policy::{Answer, Catalogue, Decision, Effect, Request, Statement, Term, Truth};
use serde_json::{Value as Json, json};

use super::text::{doubts_of, says};

/// One object.
pub fn render(explanation: &Explanation) -> Json {
    let request = &explanation.request;
    let supposing = |is_meant: fn(&Usual) -> bool| {
        let supposing = explanation.supposing.as_ref().filter(|(usual, _)| is_meant(usual));
        supposing.map(|(_, supposed)| answer(supposed, None, request))
    };
    json!({
        "scan_id": explanation.scan_id,
        "principal": explanation.principal,
        "action": explanation.action,
        "resource": explanation.resource,
        "action_known": explanation.is_action_known,
        "catalogue_date": catalogue_day(),
        "principal_known": !explanation.unrecognized.is_principal,
        "service_principals_date": Catalogue::get().service_principals_as_of(),
        "context_keys_unknown": explanation.unrecognized.keys,
        "context_services_unknown": explanation.unrecognized.services,
        "side": explanation.side.unwrap_or("both"),
        "answer": answer(&explanation.answer, explanation.denial.as_deref(), request),
        "if_the_resource_policy_says_nothing": supposing(|usual| matches!(usual, Usual::Silent)),
        "if_the_key_policy_is_the_default_one": supposing(|usual| matches!(usual, Usual::OfKey(_))),
        "layers": explanation.layers.iter().map(|one| layer(one, request)).collect::<Vec<_>>(),
        "notes": explanation.notes,
    })
}

fn answer(answer: &Answer, denial: Option<&str>, request: &Request) -> Json {
    let (word, reason, conditions, unknown) = match &answer.decision {
        Decision::Allowed => ("allowed", None, Vec::new(), Vec::new()),
        Decision::AllowedIf(residual) => {
            let terms = residual.terms().into_iter().map(|one| term(one, request)).collect();
            ("allowed_if", Some(residual.to_string()), terms, Vec::new())
        }
        Decision::Denied(why) => {
            let why = denial.map_or_else(|| why.to_string(), str::to_owned);
            ("denied", Some(why), Vec::new(), Vec::new())
        }
        Decision::Unknown(doubts) => ("unknown", None, Vec::new(), doubts_of(doubts)),
    };
    let by_choice = by_choice(&answer.decision, request).map(|best| match best {
        Truth::True => "allowed",
        Truth::Depends => "allowed_if",
        Truth::Unknown => "unknown",
        Truth::False => "denied",
    });
    let evidence: Vec<String> = answer.evidence.iter().map(ToString::to_string).collect();
    json!({
        "decision": word,
        "reason": reason,
        "conditions": conditions,
        "by_choice": by_choice,
        "unknown": unknown,
        "evidence": evidence,
    })
}

/// A condition that must hold, or must not, with who decides it.
fn term(term: &Term, request: &Request) -> Json {
    let citation = term.citation();
    json!({
        "condition": term.to_string(),
        "decided_by": Decider::of(term, request).word(),
        "policy": &*citation.attached.name,
        "statement": citation.index + 1,
        "sid": citation.statement().and_then(Statement::sid),
    })
}

fn layer(layer: &LayerView, request: &Request) -> Json {
    let statements = layer.step.iter().flat_map(|step| &step.statements).map(|(citation, applies)| {
        let statement = citation.statement();
        let open = open_conditions(statement, request).map(
            |(decider, condition)| json!({"condition": condition.to_string(), "decided_by": decider.word()}),
        );
        json!({
            "policy": &*citation.attached.name,
            "version": citation.attached.version.as_deref(),
            "group": citation.attached.group.as_deref(),
            "statement": citation.index + 1,
            "sid": statement.and_then(Statement::sid),
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
            "open": open.collect::<Vec<_>>(),
        })
    });
    json!({
        "layer": layer.name,
        "says": layer.step.as_ref().map(says).or(layer.note.as_deref()),
        "statements": statements.collect::<Vec<_>>(),
    })
}
