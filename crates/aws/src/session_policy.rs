//! The inline session policy: whatever the role may do, this session may do only what the enabled checks need.

use serde_json::json;

/// AWS's limit on the plain text of session policies, characters.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
pub const LONGEST_SESSION_POLICY: usize = 2048;

/// A policy that allows exactly these actions.
pub fn session_policy(actions: &[&str]) -> Result<String, String> {
    // AssumeRole refuses an empty list; a session that needs nothing still needs a valid policy.
    let actions = if actions.is_empty() { &["sts:GetCallerIdentity"] } else { actions };
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}],
    })
    .to_string();
    if policy.chars().count() > LONGEST_SESSION_POLICY {
        return Err(format!(
            "the session policy for {} actions has {} characters, but AWS allows {LONGEST_SESSION_POLICY}: select fewer checks \
             with --check or --exclude-check, or disable it with --no-session-policy",
            actions.len(),
            policy.chars().count()
        ));
    }
    Ok(policy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_allows_exactly_the_actions() {
        let policy = session_policy(&["iam:GetAccountSummary", "iam:ListRoles"]).unwrap();
        let parsed: serde_json::Value = serde_json::from_str(&policy).unwrap();
        assert_eq!(parsed["Statement"][0]["Action"], json!(["iam:GetAccountSummary", "iam:ListRoles"]));
        assert_eq!(parsed["Statement"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn a_policy_that_does_not_fit_is_refused() {
        let names: Vec<String> =
            (0..100).map(|number| format!("service{number}:DescribeSomething")).collect();
        let actions: Vec<&str> = names.iter().map(String::as_str).collect();
        let message = session_policy(&actions).unwrap_err();
        assert!(message.contains("2048") && message.contains("--exclude-check"), "{message}");
    }
}
