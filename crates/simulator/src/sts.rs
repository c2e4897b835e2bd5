//! sts:GetCallerIdentity and sts:AssumeRole.

use serde_json::Value as Json;

use crate::account::{Role, iso};
use crate::api;
use crate::authorize::{self, SessionRequest};
use crate::faults::answers::Change;
use crate::identity::Identity;
use crate::parameters::Parameters;
use crate::session::SessionInfo;
use crate::state::State;
use crate::wire::Refusal;
use crate::xml::{element, wrap};

/// The largest session policy, characters.
const LONGEST_POLICY: usize = 2048;
/// The most tags of a session.
const MOST_TAGS: usize = 50;
/// The longest session that a role session may open, seconds.
const LONGEST_CHAINED: u64 = 3600;

/// Answers one action with the inside of its result element.
pub fn handle(
    state: &State,
    identity: &Identity,
    action: &str,
    parameters: &Parameters,
    change: Option<Change>,
) -> Result<String, Refusal> {
    let is_wrong = change == Some(Change::WrongAccount);
    match action {
        // It needs no permission.
        "GetCallerIdentity" => {
            let account = if is_wrong { state.world.another(&identity.account) } else { &identity.account };
            Ok(element("Arn", &identity.arn.replace(&identity.account, account))
                + &element("UserId", &identity.user_id)
                + &element("Account", account))
        }
        "AssumeRole" => assume_role(state, identity, parameters, is_wrong),
        other => Err(api::unknown(other, "2011-06-15")),
    }
}

/// What is asked for, once its form is right.
struct Asked<'a> {
    role_arn: &'a str,
    policy: Option<&'a str>,
    tags: Vec<(String, String)>,
    seconds: u64,
    session: SessionRequest,
}

fn assume_role(
    state: &State,
    caller: &Identity,
    parameters: &Parameters,
    is_wrong: bool,
) -> Result<String, Refusal> {
    let asked = Asked::of(caller, parameters)?;
    let role_arn = asked.role_arn;
    let refused = || authorize::not_trusted(caller, "sts:AssumeRole", role_arn);
    // Whether a role is missing or does not trust the caller, AWS does not say.
    let world = &state.world;
    let parts: Vec<&str> = role_arn.splitn(6, ':').collect();
    let [_, partition, "iam", "", account_id, resource] = parts[..] else {
        return Err(refused());
    };
    let name = resource.strip_prefix("role/").ok_or_else(refused)?;
    let account =
        world.account(account_id).filter(|account| account.state == "ACTIVE").ok_or_else(refused)?;
    let content = state.content(account);
    let role = content.roles.iter().find(|role| role.full_name() == name).ok_or_else(refused)?;
    if partition != world.options.partition {
        return Err(refused());
    }
    asked.authorize(state, caller, role)?;
    asked.fits(state, caller, role)?;

    // Where the session ends up.
    let account_id = if is_wrong { world.another(account_id) } else { account_id };
    let arn = format!(
        "arn:{partition}:sts::{account_id}:assumed-role/{}/{}",
        role.name, asked.session.session_name
    );
    let user_id = format!("{}:{}", role.id, asked.session.session_name);
    let identity = Identity {
        account: account_id.to_owned(),
        arn: arn.clone(),
        principal_arn: role_arn.to_owned(),
        user_id: user_id.clone(),
        is_role_session: true,
        permissions: authorize::permissions(world, role, asked.policy),
        source_identity: asked.session.source_identity.clone(),
        secret: String::new(),
        token: None,
        expires: None,
    };
    let info = SessionInfo {
        account: account_id.to_owned(),
        role: name.to_owned(),
        caller: caller.arn.clone(),
        session_name: asked.session.session_name.clone(),
        source_identity: asked.session.source_identity.clone(),
        tags: asked.tags,
        duration_seconds: asked.seconds,
        external_id: asked.session.external_id.clone(),
        session_policy: asked.policy.map(str::to_owned),
    };
    let issued = state.sessions.issue(identity, info, world.options.session_seconds.unwrap_or(asked.seconds));
    let expires = issued.expires.duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs();
    let credentials = element("AccessKeyId", &issued.key_id)
        + &element("SecretAccessKey", &issued.secret)
        + &element("SessionToken", &issued.token)
        + &element("Expiration", &iso(expires as i64));
    let user = element("AssumedRoleId", &user_id) + &element("Arn", &arn);
    let packed = asked.policy.map_or(0, |policy| policy.len() * 100 / LONGEST_POLICY).max(1);
    let source =
        asked.session.source_identity.map_or_else(String::new, |text| element("SourceIdentity", &text));
    Ok(wrap("Credentials", &credentials)
        + &wrap("AssumedRoleUser", &user)
        + &element("PackedPolicySize", &packed.to_string())
        + &source)
}

impl<'a> Asked<'a> {
    /// What AWS refuses without looking at any role.
    fn of(caller: &Identity, parameters: &'a Parameters) -> Result<Self, Refusal> {
        let role_arn = parameters.required("RoleArn")?;
        let session_name = parameters.required("RoleSessionName")?;
        let source_identity = parameters.get("SourceIdentity");
        for (name, value) in [("roleSessionName", Some(session_name)), ("sourceIdentity", source_identity)] {
            if value.is_some_and(|value| !is_name(value)) {
                return Err(invalid(
                    name,
                    "Member must satisfy regular expression pattern: [\\w+=,.@-]{2,64}",
                ));
            }
        }
        let seconds = match parameters.get("DurationSeconds") {
            None => 3600,
            Some(text) => text.parse().map_err(|_| Refusal::validation("DurationSeconds is not a number"))?,
        };
        if seconds < 900 {
            return Err(invalid("durationSeconds", "Member must have value greater than or equal to 900"));
        }
        if seconds > 43_200 {
            return Err(invalid("durationSeconds", "Member must have value less than or equal to 43200"));
        }
        let policy = parameters.get("Policy");
        if let Some(policy) = policy {
            if policy.chars().count() > LONGEST_POLICY {
                let rule = format!("Member must have length less than or equal to {LONGEST_POLICY}");
                return Err(invalid("policy", &rule));
            }
            if serde_json::from_str::<Json>(policy).is_err() {
                let message = "The policy is not in the valid JSON format.";
                return Err(Refusal::new(400, "MalformedPolicyDocument", message));
            }
        }
        let tags = parameters.tags();
        if tags.len() > MOST_TAGS {
            let rule = format!("Member must have length less than or equal to {MOST_TAGS}");
            return Err(invalid("tags", &rule));
        }
        let session = SessionRequest {
            external_id: parameters.get("ExternalId").map(str::to_owned),
            session_name: session_name.to_owned(),
            // Once set, it stays through a chain of roles.
            source_identity: source_identity.or(caller.source_identity.as_deref()).map(str::to_owned),
        };
        Ok(Self { role_arn, policy, tags, seconds, session })
    }

    /// The caller's policies and the role's trust policy must both allow it; tags and a source identity too.
    fn authorize(&self, state: &State, caller: &Identity, role: &Role) -> Result<(), Refusal> {
        let mut actions = vec!["sts:AssumeRole"];
        if !self.tags.is_empty() {
            actions.push("sts:TagSession");
        }
        if let Some(source) = &self.session.source_identity {
            actions.push("sts:SetSourceIdentity");
            // Nobody changes it on the way.
            if caller.source_identity.as_ref().is_some_and(|before| before != source) {
                return Err(authorize::not_trusted(caller, "sts:SetSourceIdentity", self.role_arn));
            }
        }
        for api in actions {
            authorize::may(&state.world, caller, api, self.role_arn, &self.session)?;
            if !authorize::trusts(&state.world, role, caller, api, &self.session) {
                return Err(authorize::not_trusted(caller, api, self.role_arn));
            }
        }
        Ok(())
    }

    /// The role's and AWS's own limits.
    fn fits(&self, state: &State, caller: &Identity, role: &Role) -> Result<(), Refusal> {
        if caller.is_role_session && self.seconds > LONGEST_CHAINED {
            return Err(Refusal::validation(
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
            ));
        }
        if self.seconds > role.max_session as u64 {
            return Err(Refusal::validation(
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
            ));
        }
        let packed = self.policy.is_some() || !self.tags.is_empty();
        if packed && state.world.options.packed_policy_too_large {
            let message = "Packed policy consumes 112% of allotted space, please use smaller policy.";
            return Err(Refusal::new(400, "PackedPolicyTooLarge", message));
        }
        Ok(())
    }
}

fn invalid(name: &str, rule: &str) -> Refusal {
    Refusal::validation(format!(
        "1 validation error detected: Value at '{name}' failed to satisfy constraint: {rule}"
    ))
}

fn is_name(text: &str) -> bool {
    (2..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte))
}
