//! What Organizations answers about service and resource control policies.

use serde_json::{Value as Json, json};

use super::actions::{Asked, account_arn, invalid, missing, organizations_arn, page, unit_arn};
use crate::guardrails::{Attached, Guardrail, GuardrailKind, KINDS};
use crate::server::Server;
use crate::wire::Refusal;
use crate::world::{Account, Unit};

/// What a policy can be attached to.
#[derive(Clone, Copy)]
enum Target<'a> {
    /// The root too.
    Unit(&'a Unit),
    Account(&'a Account),
}

/// Answers one of the four actions; `None` if it is none of them.
pub fn handle(server: &Server, action: &str, asked: &Asked<'_>) -> Option<Result<Json, Refusal>> {
    Some(match action {
        "ListPolicies" => kind(asked).and_then(|kind| list(server, asked, kind, kind.word(), |_| true)),
        "ListPoliciesForTarget" => kind(asked).and_then(|kind| for_target(server, asked, kind)),
        "DescribePolicy" => policy(server, asked).map(|policy| {
            json!({"Policy": {"PolicySummary": summary(server, policy), "Content": policy.document}})
        }),
        "ListTargetsForPolicy" => policy(server, asked).and_then(|policy| {
            let targets = targets(server, policy.attached);
            let page = page(server, asked, &policy.id, targets.len())?;
            let targets = targets[page.range()].iter().map(|one| target(server, *one)).collect();
            Ok(page.answer("Targets", targets))
        }),
        _ => return None,
    })
}

fn for_target(server: &Server, asked: &Asked<'_>, kind: GuardrailKind) -> Result<Json, Refusal> {
    let world = &server.world;
    let id = asked.input["TargetId"].as_str().unwrap_or_default();
    let unit = world.units.iter().position(|unit| unit.id == id);
    if unit.is_none() && world.account(id).is_none() {
        return Err(missing("TargetNotFoundException"));
    }
    list(server, asked, kind, &format!("{id} {}", kind.word()), |policy| match policy.attached {
        Attached::Everywhere => true,
        Attached::Unit(index) => unit == Some(index),
        Attached::Nowhere => false,
    })
}

fn list(
    server: &Server,
    asked: &Asked<'_>,
    kind: GuardrailKind,
    listing: &str,
    is_meant: impl Fn(&Guardrail) -> bool,
) -> Result<Json, Refusal> {
    let all = &server.world.guardrails;
    let of_kind: Vec<&Guardrail> =
        all.iter().filter(|policy| policy.kind == kind && is_meant(policy)).collect();
    let page = page(server, asked, listing, of_kind.len())?;
    let policies = of_kind[page.range()].iter().map(|policy| summary(server, policy)).collect();
    Ok(page.answer("Policies", policies))
}

/// The filter must be there.
fn kind(asked: &Asked<'_>) -> Result<GuardrailKind, Refusal> {
    let wanted = asked.input["Filter"].as_str().unwrap_or_default();
    KINDS
        .into_iter()
        .find(|kind| kind.word() == wanted)
        .ok_or_else(|| invalid("You specified an invalid value for policy type enum."))
}

fn policy<'a>(server: &'a Server, asked: &Asked<'_>) -> Result<&'a Guardrail, Refusal> {
    let id = asked.input["PolicyId"].as_str().unwrap_or_default();
    let all = &server.world.guardrails;
    all.iter().find(|policy| policy.id == id).ok_or_else(no_such_policy)
}

/// What AWS says of a policy that is not there, or no longer.
pub fn no_such_policy() -> Refusal {
    Refusal::new(
        400,
        "PolicyNotFoundException",
        "We can't find a policy with the PolicyId that you specified.",
    )
}

fn targets(server: &Server, attached: Attached) -> Vec<Target<'_>> {
    let world = &server.world;
    match attached {
        Attached::Everywhere => {
            let units = world.units.iter().map(Target::Unit);
            units.chain(world.accounts.iter().map(Target::Account)).collect()
        }
        Attached::Unit(index) => vec![Target::Unit(&world.units[index])],
        Attached::Nowhere => Vec::new(),
    }
}

fn target(server: &Server, target: Target<'_>) -> Json {
    let (id, arn, name, kind) = match target {
        Target::Unit(unit) => {
            let kind = if unit.parent.is_none() { "ROOT" } else { "ORGANIZATIONAL_UNIT" };
            (&unit.id, unit_arn(server, unit), &unit.name, kind)
        }
        Target::Account(account) => (&account.id, account_arn(server, account), &account.name, "ACCOUNT"),
    };
    json!({"TargetId": id, "Arn": arn, "Name": name, "Type": kind})
}

fn summary(server: &Server, policy: &Guardrail) -> Json {
    let kind = policy.kind.word();
    let place = format!("{}/{}", kind.to_ascii_lowercase(), policy.id);
    let arn = if policy.aws_managed {
        format!("arn:{}:organizations::aws:policy/{place}", server.world.options.partition)
    } else {
        organizations_arn(server, "policy", Some(&place))
    };
    json!({
        "Id": policy.id,
        "Arn": arn,
        "Name": policy.name,
        "Description": policy.description,
        "Type": kind,
        "AwsManaged": policy.aws_managed,
    })
}
