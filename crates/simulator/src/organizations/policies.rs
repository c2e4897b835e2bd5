//! What Organizations answers about service and resource control policies.

use serde_json::{Value as Json, json};

use crate::account::Account;
use crate::guardrails::{Attached, Guardrail, GuardrailKind, KINDS};
use crate::organizations::arns::{account_arn, organizations_arn, unit_arn};
use crate::organizations::pages::{Asked, page};
use crate::organizations::refusals::{invalid, missing, no_such_policy};
use crate::wire::Refusal;
use crate::world::{Unit, World};

/// What a policy can be attached to.
#[derive(Clone, Copy)]
enum Target<'a> {
    /// The root too.
    Unit(&'a Unit),
    Account(&'a Account),
}

/// Answers one of the four actions; `None` if it is none of them.
pub fn handle(world: &World, action: &str, asked: &Asked<'_>) -> Option<Result<Json, Refusal>> {
    Some(match action {
        "ListPolicies" => kind(asked).and_then(|kind| list(world, asked, kind, kind.word(), |_| true)),
        "ListPoliciesForTarget" => kind(asked).and_then(|kind| for_target(world, asked, kind)),
        "DescribePolicy" => policy(world, asked).map(
            |policy| json!({"Policy": {"PolicySummary": summary(world, policy), "Content": policy.document}}),
        ),
        "ListTargetsForPolicy" => policy(world, asked).and_then(|policy| {
            let targets = targets(world, policy.attached);
            let page = page(world, asked, &policy.id, targets.len())?;
            let targets = targets[page.range()].iter().map(|one| target(world, *one)).collect();
            Ok(page.answer("Targets", targets))
        }),
        _ => return None,
    })
}

fn for_target(world: &World, asked: &Asked<'_>, kind: GuardrailKind) -> Result<Json, Refusal> {
    let id = asked.input["TargetId"].as_str().unwrap_or_default();
    let unit = world.units.iter().position(|unit| unit.id == id);
    if unit.is_none() && world.account(id).is_none() {
        return Err(missing("TargetNotFoundException"));
    }
    list(world, asked, kind, &format!("{id} {}", kind.word()), |policy| match policy.attached {
        Attached::Everywhere => true,
        Attached::Unit(index) => unit == Some(index),
        Attached::Nowhere => false,
    })
}

fn list(
    world: &World,
    asked: &Asked<'_>,
    kind: GuardrailKind,
    listing: &str,
    is_meant: impl Fn(&Guardrail) -> bool,
) -> Result<Json, Refusal> {
    let all = &world.guardrails;
    let of_kind: Vec<&Guardrail> =
        all.iter().filter(|policy| policy.kind == kind && is_meant(policy)).collect();
    let page = page(world, asked, listing, of_kind.len())?;
    let policies = of_kind[page.range()].iter().map(|policy| summary(world, policy)).collect();
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

fn policy<'a>(world: &'a World, asked: &Asked<'_>) -> Result<&'a Guardrail, Refusal> {
    let id = asked.input["PolicyId"].as_str().unwrap_or_default();
    let all = &world.guardrails;
    all.iter().find(|policy| policy.id == id).ok_or_else(no_such_policy)
}

fn targets(world: &World, attached: Attached) -> Vec<Target<'_>> {
    match attached {
        Attached::Everywhere => {
            let units = world.units.iter().map(Target::Unit);
            units.chain(world.accounts.iter().map(Target::Account)).collect()
        }
        Attached::Unit(index) => vec![Target::Unit(&world.units[index])],
        Attached::Nowhere => Vec::new(),
    }
}

fn target(world: &World, target: Target<'_>) -> Json {
    let (id, arn, name, kind) = match target {
        Target::Unit(unit) => {
            let kind = if unit.parent.is_none() { "ROOT" } else { "ORGANIZATIONAL_UNIT" };
            (&unit.id, unit_arn(world, unit), &unit.name, kind)
        }
        Target::Account(account) => (&account.id, account_arn(world, account), &account.name, "ACCOUNT"),
    };
    json!({"TargetId": id, "Arn": arn, "Name": name, "Type": kind})
}

fn summary(world: &World, policy: &Guardrail) -> Json {
    let kind = policy.kind.word();
    let place = format!("{}/{}", kind.to_ascii_lowercase(), policy.id);
    let arn = if policy.aws_managed {
        format!("arn:{}:organizations::aws:policy/{place}", world.options.partition)
    } else {
        organizations_arn(world, "policy", Some(&place))
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
