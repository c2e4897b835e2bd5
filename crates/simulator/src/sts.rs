//! sts:GetCallerIdentity and sts:AssumeRole.

use crate::account::iso;
use crate::authorize;
use crate::iam::Parameters;
use crate::server::Server;
use crate::session::Identity;
use crate::wire::{Refusal, element, wrap};

/// The largest session policy, characters.
const LONGEST_POLICY: usize = 2048;

/// Answers one action with the inside of its result element.
pub fn handle(
    server: &Server,
    identity: &Identity,
    action: &str,
    parameters: &Parameters,
) -> Result<String, Refusal> {
    match action {
        "GetCallerIdentity" => Ok(element("Arn", &identity.arn)
            + &element("UserId", &identity.user_id)
            + &element("Account", &identity.account)),
        "AssumeRole" => assume_role(server, identity, parameters),
        other => Err(Refusal::new(
            400,
            "InvalidAction",
            format!("Could not find operation {other} for version 2011-06-15"),
        )),
    }
}

fn assume_role(server: &Server, caller: &Identity, parameters: &Parameters) -> Result<String, Refusal> {
    let role_arn = parameters.required("RoleArn")?;
    let session_name = parameters.required("RoleSessionName")?;
    let refused = || {
        Refusal::denied(format!(
            "User: {} is not authorized to perform: sts:AssumeRole on resource: {role_arn}",
            caller.arn
        ))
    };
    let policy = parameters.get("Policy");
    if let Some(policy) = policy {
        if policy.chars().count() > LONGEST_POLICY {
            return Err(Refusal::validation(format!(
                "1 validation error detected: Value at 'policy' failed to satisfy constraint: Member must have \
                 length less than or equal to {LONGEST_POLICY}"
            )));
        }
        if serde_json::from_str::<serde_json::Value>(policy).is_err() {
            return Err(Refusal::new(
                400,
                "MalformedPolicyDocument",
                "The policy is not in the valid JSON format.",
            ));
        }
    }
    // Whether a role is missing or does not trust the caller, AWS does not say.
    let parts: Vec<&str> = role_arn.splitn(6, ':').collect();
    let [_, "aws", "iam", "", account_id, resource] = parts[..] else {
        return Err(refused());
    };
    let name = resource.strip_prefix("role/").ok_or_else(refused)?;
    let account =
        server.world.account(account_id).filter(|account| account.state == "ACTIVE").ok_or_else(refused)?;
    let roles = &server.world.content(account).roles;
    let role = roles.iter().find(|role| role.full_name() == name).ok_or_else(refused)?;
    if !authorize::trusts(role, caller, parameters.get("ExternalId")) {
        return Err(refused());
    }
    let seconds: i64 = match parameters.get("DurationSeconds") {
        None => 3600,
        Some(text) => text.parse().map_err(|_| Refusal::validation("DurationSeconds is not a number"))?,
    };
    if seconds < 900 || seconds > role.max_session {
        return Err(Refusal::validation(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    if caller.role.is_some() && seconds > 3600 {
        return Err(Refusal::validation(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        ));
    }
    let arn = format!("arn:aws:sts::{account_id}:assumed-role/{}/{session_name}", role.name);
    let user_id = format!("{}:{session_name}", role.id);
    let issued = server.sessions.issue(
        Identity {
            account: account_id.to_owned(),
            arn: arn.clone(),
            user_id: user_id.clone(),
            role: Some(name.to_owned()),
            session_policy: policy.map(str::to_owned),
            secret: String::new(),
            token: None,
            expires: None,
        },
        server.world.options.session_seconds.unwrap_or(seconds as u64),
    );
    let expires = issued.expires.duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs();
    let credentials = element("AccessKeyId", &issued.key_id)
        + &element("SecretAccessKey", &issued.secret)
        + &element("SessionToken", &issued.token)
        + &element("Expiration", &iso(expires as i64));
    let user = element("AssumedRoleId", &user_id) + &element("Arn", &arn);
    let packed = policy.map_or(0, |policy| policy.len() * 100 / LONGEST_POLICY).max(1);
    Ok(wrap("Credentials", &credentials)
        + &wrap("AssumedRoleUser", &user)
        + &element("PackedPolicySize", &packed.to_string()))
}
