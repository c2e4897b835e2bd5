//! Principals whose own side is not evaluated: principals of accounts outside the scan, and any principal (`*`).

use std::collections::BTreeSet;

use orgsweep_model::{AccountId, Organization};
use orgsweep_policy::{
    Answer, Attached, Context, Decision, Guardrails, Key, Layers, Level, Request, Statement,
    evaluate_resource_side,
};

use crate::error::ExplainError;
use crate::facts::Facts;
use crate::sides::{ResourceSide, opens_a_role};
use crate::subject::Subject;

/// The key that tells ours from others.
const ORGANIZATION: &str = "aws:PrincipalOrgID";
/// One that nobody has.
const ANOTHER: &str = "o-0000000000";

/// A principal outside the scan can be evaluated only if the scan has the other side, a role's trust policy. Any principal
/// (`*`) can be evaluated if the resource may have a policy.
pub fn is_answerable(
    subject: &Subject,
    (action, resource): (&str, &str),
    owner: Option<AccountId>,
    side: &ResourceSide,
    facts: &Facts,
) -> Result<(), ExplainError> {
    let is_here = owner.is_some_and(|owner| facts.accounts.contains_key(&owner));
    if opens_a_role(action, resource) && is_here {
        return Ok(());
    }
    match subject {
        Subject::Anyone if opens_a_role(action, resource) => Err(ExplainError::Invalid(format!(
            "--resource: its account is not in scan {}, so the role's trust policy is unknown",
            facts.scan_id
        ))),
        Subject::Anyone if !side.policies.is_empty() || needs_no_permission(action) => Ok(()),
        Subject::Anyone => Err(ExplainError::Invalid(format!(
            "--principal *: the resource has no policy, so {action} depends on the caller's policies: name a principal"
        ))),
        _ if subject.is_many() => Err(ExplainError::Invalid(
            "--principal: an account as a whole is accepted only for assuming a role (sts:AssumeRole); name one of its \
             principals"
                .to_owned(),
        )),
        _ => {
            let account = subject.account().map(|account| account.to_string()).unwrap_or_default();
            Err(ExplainError::Invalid(format!(
                "--principal: account {account} is not in scan {}: for a principal outside it, only assuming a role of the \
                 organization can be evaluated (sts:AssumeRole)",
                facts.scan_id
            )))
        }
    }
}

/// AWS answers this to anybody, whatever the policies say.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>
fn needs_no_permission(action: &str) -> bool {
    action.eq_ignore_ascii_case("sts:GetCallerIdentity")
}

/// What AWS derives from a principal, where it is not one that is meant: each of them may be any.
const OF_ONE: [&str; 5] =
    ["aws:PrincipalArn", "aws:PrincipalType", "aws:TokenIssueTime", "aws:userid", "aws:username"];

/// The assumptions about a principal of which nothing is known.
pub fn supposed(subject: &Subject) -> Context {
    let open = match subject {
        Subject::Anyone => &[&OF_ONE[..], &["aws:PrincipalAccount"]].concat(),
        Subject::Account { .. } => &OF_ONE[..],
        _ => &[],
    };
    open.iter().fold(Context::stranger(), |context, key| context.with_state(key, Key::Environment))
}

/// The layers of the role's side.
pub fn known_of<'a>(layers: &Layers<'a>) -> Layers<'a> {
    Layers { resource_control: layers.resource_control, resource: layers.resource, ..Layers::default() }
}

/// Which organization an outsider is in is not known, only that it is another one or none; anyone may be in the scan's too.
/// If it is denied in every organization that the policies speak of, in any other, and in none, it is denied.
pub fn answer(
    subject: &Subject,
    layers: &Layers<'_>,
    facts: &Facts,
    context: &Context,
    request: &dyn Fn(Context) -> Request,
) -> (Answer, Request) {
    let open = request(context.clone());
    let answer = evaluate_resource_side(&open, layers);
    let is_said = matches!(context.get(ORGANIZATION), Key::Known { .. });
    if is_said
        || facts.scan.org_id == Organization::NONE
        || !matches!(answer.decision, Decision::AllowedIf(_))
    {
        return (answer, open);
    }
    let Some(mentioned) = mentioned(layers, ORGANIZATION) else {
        return (answer, open);
    };
    let others = mentioned.iter().map(String::as_str).chain([ANOTHER]);
    let others = others.filter(|id| *subject == Subject::Anyone || *id != facts.scan.org_id);
    let states = others.map(|id| Key::Known { values: [id.into()].into(), multivalued: false });
    let mut denied = None;
    for state in states.chain([Key::Absent]) {
        let supposed = request(context.clone().with_state(ORGANIZATION, state));
        let answer = evaluate_resource_side(&supposed, layers);
        if !matches!(answer.decision, Decision::Denied(_)) {
            return (evaluate_resource_side(&open, layers), open);
        }
        denied.get_or_insert((answer, supposed));
    }
    denied.unwrap_or((answer, open))
}

/// The values that conditions compare a key with; `None`: some of them stand for many.
fn mentioned(layers: &Layers<'_>, key: &str) -> Option<BTreeSet<String>> {
    let levels: &[Level] = match layers.resource_control {
        Guardrails::InForce(levels) => levels,
        _ => &[],
    };
    let policies = layers.resource.iter().chain(levels.iter().flat_map(|level| &level.policies));
    let statements = policies.flat_map(|attached: &Attached| attached.policy.statements());
    let conditions = statements.flat_map(Statement::conditions);
    let mut values = BTreeSet::new();
    for condition in conditions.filter(|condition| condition.key().eq_ignore_ascii_case(key)) {
        for value in condition.values() {
            if value.contains(['*', '?', '$']) {
                return None;
            }
            values.insert(value.to_owned());
        }
    }
    Some(values)
}
