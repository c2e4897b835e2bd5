//! The decision: explicit denies, SCPs, RCPs, the core grant, boundary, session policy, both sides of an account border.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>
//! The rules are in [`crate::reference::decision`].

mod case;
mod evidence;
mod exemptions;
mod logic;
#[cfg(test)]
pub(crate) mod tests;

use crate::answer::{Answer, Citation, Decision, Denial, Doubt, Layer, Step};
use crate::layers::Layers;
use crate::request::Request;
use crate::truth::Truth;
use case::Case;
use exemptions::Special;
use logic::Formula;

/// Whether a request is allowed, without the reasons: `True` is allowed, `Depends` allowed if, `False` denied. It does not
/// allocate, unless a policy variable, non-ASCII text, the key of an alias or an ARN that only AWS's AccessDenied messages name
/// must be compared.
///
/// ```
/// use orgsweep_policy::{Attached, Context, Layers, Policy, Principal, Request, Truth, decide};
/// use std::sync::Arc;
///
/// let policy = Policy::parse(r#"{"Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}}"#)?;
/// let identity = [Attached::new("readers", Arc::new(policy))];
/// let layers = Layers { identity: &identity, ..Layers::default() };
/// let ann = Principal::iam("arn:aws:iam::111122223333:user/ann")?;
/// let request = Request::new(ann, "s3:GetObject", "arn:aws:s3:::bucket/key", Context::auditor());
/// assert_eq!(decide(&request, &layers), Truth::True);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn decide(request: &Request, layers: &Layers<'_>) -> Truth {
    match exemptions::special(request) {
        Some(Special::Allowed) => Truth::True,
        Some(Special::Denied(_)) => Truth::False,
        None => {
            let outcome: Truth = Case::new(request, layers).outcome();
            let is_open = outcome > Truth::Unknown && exemptions::is_newer_than_known(request).is_some();
            if is_open { Truth::Unknown } else { outcome }
        }
    }
}

/// Whether a request is allowed, with the deciding statements.
///
/// ```
/// use orgsweep_policy::{Attached, Context, Decision, Layers, Policy, Principal, Request, evaluate};
/// use std::sync::Arc;
///
/// let policy = Policy::parse(
///     r#"{"Statement": [
///         {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
///         {"Effect": "Deny", "Action": "s3:*", "Resource": "*",
///          "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}}]}"#,
/// )?;
/// let identity = [Attached::new("storage", Arc::new(policy))];
/// let layers = Layers { identity: &identity, ..Layers::default() };
/// let ann = Principal::iam("arn:aws:iam::111122223333:user/ann")?;
/// let request = Request::new(ann, "s3:GetObject", "arn:aws:s3:::bucket/key", Context::auditor());
/// let answer = evaluate(&request, &layers);
/// let Decision::AllowedIf(residual) = &answer.decision else { panic!() };
/// assert_eq!(residual.to_string(), "not Bool aws:MultiFactorAuthPresent [\"false\"]");
/// assert_eq!(answer.evidence.len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn evaluate(request: &Request, layers: &Layers<'_>) -> Answer {
    if let Some(answer) = without_policies(request) {
        return answer;
    }
    let case = Case::new(request, layers);
    let answer = case.answer(case.outcome::<Truth>(), || case.outcome::<Formula>());
    match exemptions::is_newer_than_known(request) {
        Some(reason) if answer.decision.truth() > Truth::Unknown => {
            let doubt = |citation: &Citation| Doubt { citation: citation.clone(), reason: reason.to_owned() };
            let doubts = answer.evidence.first().map(doubt);
            Answer { decision: Decision::Unknown(doubts.into_iter().collect()), ..answer }
        }
        _ => answer,
    }
}

fn without_policies(request: &Request) -> Option<Answer> {
    let decision = match exemptions::special(request)? {
        Special::Allowed => Decision::Allowed,
        Special::Denied(denial) => Decision::Denied(denial),
    };
    Some(Answer { decision, evidence: Vec::new() })
}

/// The decision of each layer by itself, in order of evaluation; layers that do not apply are omitted. [`evaluate`] combines
/// them.
pub fn trace(request: &Request, layers: &Layers<'_>) -> Vec<Step> {
    Case::new(request, layers).trace()
}

/// The decision of the resource's owner, assuming that everything on the principal's side allows the request: the resource's
/// policy and the RCPs of its account. The other layers are ignored.
pub fn evaluate_resource_side(request: &Request, layers: &Layers<'_>) -> Answer {
    if let Some(answer) = without_policies(request) {
        return answer;
    }
    let layers =
        Layers { resource: layers.resource, resource_control: layers.resource_control, ..Layers::default() };
    let case = Case::new(request, &layers);
    let answer = case.answer(case.resource_side::<Truth>(), || case.resource_side::<Formula>());
    match answer.decision {
        Decision::Denied(Denial::Implicit(_)) => {
            Answer { decision: Decision::Denied(Denial::Implicit(Layer::Resource)), ..answer }
        }
        _ => answer,
    }
}
