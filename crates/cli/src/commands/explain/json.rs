//! The answer for a program.

use orgsweep_explain::nearest::catalogue_day;
use orgsweep_explain::{Decider, Explanation, LayerView, Usual, by_choice, open_conditions};
use orgsweep_policy::{Answer, Catalogue, Citation, Decision, Effect, Request, Statement, Term, Truth};

use super::text::{doubts_of, says};
use crate::terminal::json::v1::Version;
use crate::terminal::json::v1::explain as v1;

/// One object.
pub fn render(explanation: &Explanation) -> v1::Explanation {
    let request = &explanation.request;
    let supposing = |is_meant: fn(&Usual) -> bool| {
        let supposing = explanation.supposing.as_ref().filter(|(usual, _)| is_meant(usual));
        supposing.map(|(_, supposed)| answer(supposed, None, request))
    };
    v1::Explanation {
        schema_version: Version,
        scan_id: explanation.scan_id.clone(),
        principal: explanation.principal.clone(),
        action: explanation.action.clone(),
        resource: explanation.resource.clone(),
        action_known: explanation.is_action_known,
        catalogue_date: catalogue_day().clone(),
        principal_known: !explanation.unrecognized.is_principal,
        service_principals_date: Catalogue::get().service_principals_as_of().to_owned(),
        context_keys_unknown: explanation.unrecognized.keys.clone(),
        context_services_unknown: explanation.unrecognized.services.clone(),
        side: explanation.side.unwrap_or("both"),
        answer: answer(&explanation.answer, explanation.denial.as_deref(), request),
        if_the_resource_policy_says_nothing: supposing(|usual| matches!(usual, Usual::Silent)),
        if_the_key_policy_is_the_default_one: supposing(|usual| matches!(usual, Usual::OfKey(_))),
        layers: explanation.layers.iter().map(|one| layer(one, request)).collect(),
        notes: explanation.notes.clone(),
    }
}

fn answer(answer: &Answer, denial: Option<&str>, request: &Request) -> v1::Answer {
    let (decision, reason, conditions, unknown) = match &answer.decision {
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
    let evidence = answer.evidence.iter().map(ToString::to_string).collect();
    v1::Answer { decision, reason, conditions, by_choice, unknown, evidence }
}

/// A condition that must hold, or must not, with who decides it.
fn term(term: &Term, request: &Request) -> v1::Condition {
    let citation = term.citation();
    v1::Condition {
        condition: term.to_string(),
        decided_by: Decider::of(term, request).word(),
        policy: citation.attached.name.to_string(),
        statement: citation.index + 1,
        sid: citation.statement().and_then(Statement::sid).map(str::to_owned),
    }
}

fn layer(layer: &LayerView, request: &Request) -> v1::Layer {
    let statements = layer.step.iter().flat_map(|step| &step.statements);
    v1::Layer {
        layer: layer.name.clone(),
        says: layer.step.as_ref().map(says).or(layer.note.as_deref()).map(str::to_owned),
        statements: statements.map(|(citation, applies)| statement(citation, *applies, request)).collect(),
    }
}

fn statement(citation: &Citation, applies: Truth, request: &Request) -> v1::Statement {
    let statement = citation.statement();
    let open = open_conditions(statement, request).map(|(decider, condition)| v1::OpenCondition {
        condition: condition.to_string(),
        decided_by: decider.word(),
    });
    v1::Statement {
        policy: citation.attached.name.to_string(),
        version: citation.attached.version.as_deref().map(str::to_owned),
        group: citation.attached.group.as_deref().map(str::to_owned),
        statement: citation.index + 1,
        sid: statement.and_then(Statement::sid).map(str::to_owned),
        effect: match statement.map(Statement::effect) {
            Some(Effect::Allow) => Some("Allow"),
            Some(Effect::Deny) => Some("Deny"),
            _ => None,
        },
        applies: match applies {
            Truth::True => "yes",
            Truth::Depends => "under its conditions",
            _ => "unknown",
        },
        open: open.collect(),
    }
}
