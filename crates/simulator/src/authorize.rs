//! What an identity may do here: the role's own policies, the session policy, refusals set by a test; and who may
//! assume a role.

use serde_json::Value as Json;

use crate::account::Role;
use crate::session::Identity;
use crate::wire::Refusal;
use crate::world::World;

/// Refuses a call in AWS's words, or lets it pass.
pub fn check(world: &World, identity: &Identity, action: &str) -> Result<(), Refusal> {
    let who = &identity.arn;
    let said = format!("User: {who} is not authorized to perform: {action} on resource: *");
    let denial = world.options.denied.iter().find(|denial| {
        denial.action == action && denial.account.as_ref().is_none_or(|account| *account == identity.account)
    });
    if let Some(denial) = denial {
        return Err(Refusal::denied(if denial.by_scp {
            format!("{said} with an explicit deny in a service control policy")
        } else {
            format!("{said} because no identity-based policy allows the {action} action")
        }));
    }
    // The hub user is an administrator of the management account.
    let Some(role_name) = &identity.role else {
        return Ok(());
    };
    let account = world.account(&identity.account);
    let role = account
        .and_then(|account| world.content(account).roles.iter().find(|role| role.full_name() == *role_name));
    let Some(role) = role else {
        return Err(Refusal::denied(said));
    };
    if !role_allows(role, action) {
        return Err(Refusal::denied(format!(
            "{said} because no identity-based policy allows the {action} action"
        )));
    }
    if let Some(policy) = &identity.session_policy
        && !document_allows(policy, action)
    {
        return Err(Refusal::denied(format!("{said} because no session policy allows the {action} action")));
    }
    Ok(())
}

fn role_allows(role: &Role, action: &str) -> bool {
    let managed = role.attached.iter().filter_map(|attached| {
        crate::managed::POLICIES
            .iter()
            .find(|(name, _, _)| crate::managed::arn(name) == attached.arn)
            .map(|(_, _, document)| *document)
    });
    let inline = role.inline.iter().map(|inline| inline.document.as_str());
    managed.chain(inline).any(|document| document_allows(document, action))
}

/// Whether a document allows an action and nothing in it denies it. Resources are not looked at: what is called
/// here has none.
fn document_allows(document: &str, action: &str) -> bool {
    let Ok(parsed) = serde_json::from_str::<Json>(document) else {
        return false;
    };
    let mut allowed = false;
    for statement in one_or_many(&parsed["Statement"]) {
        let named = one_or_many(&statement["Action"])
            .filter_map(Json::as_str)
            .any(|pattern| matches(&pattern.to_ascii_lowercase(), &action.to_ascii_lowercase()));
        if named && statement["Effect"] == "Deny" {
            return false;
        }
        allowed |= named && statement["Effect"] == "Allow" && statement.get("Condition").is_none();
    }
    allowed
}

/// Who may assume the role: the caller's account as a whole, or the caller by ARN, with the right external id.
pub fn trusts(role: &Role, caller: &Identity, external_id: Option<&str>) -> bool {
    let Ok(parsed) = serde_json::from_str::<Json>(&role.trust) else {
        return false;
    };
    let root = format!("arn:aws:iam::{}:root", caller.account);
    one_or_many(&parsed["Statement"]).any(|statement| {
        let named = one_or_many(&statement["Principal"]["AWS"])
            .filter_map(Json::as_str)
            .any(|principal| principal == root || principal == caller.arn || principal == caller.account);
        let wanted = statement["Condition"]["StringEquals"]["sts:ExternalId"].as_str();
        statement["Effect"] == "Allow" && named && wanted.is_none_or(|wanted| external_id == Some(wanted))
    })
}

fn one_or_many(value: &Json) -> impl Iterator<Item = &Json> {
    match value {
        Json::Array(many) => many.iter(),
        Json::Null => [].iter(),
        one => std::slice::from_ref(one).iter(),
    }
}

/// `*` is any run of characters.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, wanted) in [
            ("*", "iam:listroles", true),
            ("iam:*", "iam:listroles", true),
            ("iam:list*", "iam:getrole", false),
            ("iam:*roles", "iam:listroles", true),
            ("iam:listroles", "iam:listroles", true),
            ("iam:listroles", "iam:listrolestags", false),
            ("i*:*s", "iam:listroles", true),
        ] {
            assert_eq!(matches(pattern, text), wanted, "{pattern} {text}");
        }
    }

    #[test]
    fn a_deny_wins_and_a_condition_does_not_grant() {
        let document =
            r#"{"Statement":[{"Effect":"Allow","Action":"*"},{"Effect":"Deny","Action":"iam:ListRoles"}]}"#;
        assert!(document_allows(document, "iam:GetRole"));
        assert!(!document_allows(document, "iam:ListRoles"));
        let conditional = r#"{"Statement":{"Effect":"Allow","Action":"*","Condition":{}}}"#;
        assert!(!document_allows(conditional, "iam:GetRole"));
        assert!(!document_allows("not json", "iam:GetRole"));
    }
}
