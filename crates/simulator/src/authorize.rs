//! What an identity may do here: its own policies, the session policy, refusals set by a test; and whom a role trusts.

use crate::account::Role;
use crate::identity::{Identity, Permissions};
use crate::managed;
use crate::policy::{Document, Question, Value, Verdict};
use crate::wire::Refusal;
use crate::world::World;

/// What the request of a role session says besides its action.
#[derive(Clone, Debug, Default)]
pub struct SessionRequest {
    pub external_id: Option<String>,
    pub session_name: String,
    pub source_identity: Option<String>,
}

/// Refuses a call in AWS's words, or lets it pass.
pub fn check(world: &World, identity: &Identity, api: &str, resource: &str) -> Result<(), Refusal> {
    let denial = world.options.denied.iter().find(|denial| {
        denial.action == api && denial.account.as_ref().is_none_or(|account| *account == identity.account)
    });
    if let Some(denial) = denial {
        return Err(if denial.by_scp {
            denied_by_scp(identity, api, "*")
        } else {
            not_allowed(identity, api, "*")
        });
    }
    may(world, identity, api, resource, &SessionRequest::default())
}

/// Refuses what the identity's policies do not allow.
pub fn may(
    world: &World,
    identity: &Identity,
    api: &str,
    resource: &str,
    request: &SessionRequest,
) -> Result<(), Refusal> {
    let Permissions::Granted { documents, session } = &identity.permissions else {
        return Ok(());
    };
    let keys = |key: &str| value_of(world, identity, resource, request, key);
    let question = Question { action: api, resource, keys: &keys };
    let verdicts: Vec<Verdict> = documents.iter().map(|document| document.decide(&question)).collect();
    if verdicts.contains(&Verdict::Denied) {
        let said = said(identity, api, resource);
        return Err(Refusal::denied(format!("{said} with an explicit deny in an identity-based policy")));
    }
    if !verdicts.contains(&Verdict::Allowed) {
        return Err(not_allowed(identity, api, resource));
    }
    if session.as_ref().is_some_and(|session| session.decide(&question) != Verdict::Allowed) {
        let said = said(identity, api, resource);
        return Err(Refusal::denied(format!("{said} because no session policy allows the {api} action")));
    }
    Ok(())
}

/// Whether a role's trust policy lets the caller do this: assume it, tag the session, set a source identity.
pub fn trusts(world: &World, role: &Role, caller: &Identity, api: &str, request: &SessionRequest) -> bool {
    let root = format!("arn:{}:iam::{}:root", world.options.partition, caller.account);
    let keys = |key: &str| value_of(world, caller, "", request, key);
    let question = Question { action: api, resource: "", keys: &keys };
    let verdict = Document::parse(&role.trust).trusts(&question, |principal| {
        let own =
            [caller.arn.as_str(), caller.principal_arn.as_str(), caller.account.as_str(), root.as_str()];
        principal == "*" || own.contains(&principal)
    });
    verdict == Verdict::Allowed
}

/// The policies of a role, with those of AWS that are attached.
pub fn permissions(world: &World, role: &Role, session_policy: Option<&str>) -> Permissions {
    let partition = &world.options.partition;
    let attached = role.attached.iter().filter_map(|attached| {
        managed::POLICIES
            .iter()
            .find(|(name, _, _)| managed::arn(partition, name) == attached.arn)
            .map(|(_, _, document)| *document)
    });
    let inline = role.inline.iter().map(|inline| inline.document.as_str());
    Permissions::Granted {
        documents: attached.chain(inline).map(Document::parse).collect(),
        session: session_policy.map(Document::parse),
    }
}

/// The value of a condition key.
fn value_of(world: &World, caller: &Identity, resource: &str, request: &SessionRequest, key: &str) -> Value {
    let perhaps = |value: Option<&str>| value.map_or(Value::Absent, |value| Value::Is(value.to_owned()));
    let resource_account = resource.split(':').nth(4).filter(|account| !account.is_empty());
    match key {
        "aws:principalarn" => Value::Is(caller.principal_arn.clone()),
        "aws:principalaccount" => Value::Is(caller.account.clone()),
        "aws:principalorgid" => Value::Is(world.organization_id.clone()),
        "aws:resourceaccount" => perhaps(resource_account),
        "aws:resourceorgid" => {
            let account = resource_account.and_then(|account| world.account(account));
            perhaps(account.map(|_| world.organization_id.as_str()))
        }
        "sts:externalid" => perhaps(request.external_id.as_deref()),
        "sts:rolesessionname" => Value::Is(request.session_name.clone()),
        "sts:sourceidentity" => perhaps(request.source_identity.as_deref()),
        "aws:sourceidentity" => perhaps(caller.source_identity.as_deref()),
        _ => Value::Unknown,
    }
}

fn said(identity: &Identity, api: &str, resource: &str) -> String {
    format!("User: {} is not authorized to perform: {api} on resource: {resource}", identity.arn)
}

/// Nothing allows it.
pub fn not_allowed(identity: &Identity, api: &str, resource: &str) -> Refusal {
    let said = said(identity, api, resource);
    Refusal::denied(format!("{said} because no identity-based policy allows the {api} action"))
}

/// The organization forbids it.
pub fn denied_by_scp(identity: &Identity, api: &str, resource: &str) -> Refusal {
    let said = said(identity, api, resource);
    Refusal::denied(format!("{said} with an explicit deny in a service control policy"))
}

/// The role does not trust the caller, or is not there: AWS does not say which.
pub fn not_trusted(identity: &Identity, api: &str, role_arn: &str) -> Refusal {
    Refusal::denied(said(identity, api, role_arn))
}
