//! Conditions on keys that AWS never sends with an action: the policy was written by mistake.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>

use std::fmt;

use crate::condition::Condition;
use crate::context::{is_never_sent, is_of_the_endpoint};
use crate::policy::Policy;
use crate::statement::Effect;
use crate::truth::Truth;

/// A condition of a statement on a key that no request for an action ever has.
#[derive(Clone, Debug)]
pub struct NeverSent {
    /// The statement's place in the policy, from 0.
    pub statement: usize,
    /// What the statement does.
    pub effect: Effect,
    /// The action, as given.
    pub action: String,
    /// The condition.
    pub condition: Condition,
    /// Whether the condition holds of every request for the action; if not, it holds of none.
    pub always_holds: bool,
}

impl fmt::Display for NeverSent {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { statement, effect, action, condition, always_holds } = self;
        let outcome = match (effect, always_holds) {
            (Effect::Allow, false) => "the statement never allows it",
            (Effect::Allow, true) => "the condition does not limit the Allow",
            (Effect::Deny, false) => "the statement never denies it",
            (Effect::Deny, true) => "the condition exempts nothing from the Deny",
            (Effect::Unknown, _) => "the condition has no effect",
        };
        let key = condition.key();
        write!(
            out,
            "statement {}: {condition}: {key} is a key that AWS never sends with {action}: {outcome}",
            statement + 1
        )
    }
}

/// The conditions of a policy that are mistakes for an action: of the keys of the VPC endpoint all those that AWS does not send
/// with it; of keys that belong to other actions those that keep a statement from allowing it, since a statement may have
/// several actions and a Deny that spares the others is meant.
///
/// ```
/// use orgsweep_policy::{Policy, never_sent};
///
/// let trust = Policy::parse(
///     r#"{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole",
///         "Condition": {"StringEquals": {"aws:VpceOrgID": "o-a1b2c3d4e5"}}}}"#,
/// )?;
/// assert!(!never_sent(&trust, "sts:AssumeRole")[0].always_holds);
/// assert!(never_sent(&trust, "kms:Decrypt").is_empty());
/// # Ok::<(), orgsweep_policy::ParseError>(())
/// ```
pub fn never_sent(policy: &Policy, action: &str) -> Vec<NeverSent> {
    let lower = action.to_ascii_lowercase();
    let mut found = Vec::new();
    for (index, statement) in policy.statements().iter().enumerate() {
        if !statement.may_have_action(&lower) {
            continue;
        }
        for condition in statement.conditions() {
            let key = condition.key().to_lowercase();
            let without = condition.without_key();
            let is_decided = matches!(without, Truth::True | Truth::False);
            if !is_decided || !is_never_sent(&key, &lower) {
                continue;
            }
            let always_holds = without == Truth::True;
            let is_of_the_endpoint = is_of_the_endpoint(&key);
            if is_of_the_endpoint || (statement.effect() == Effect::Allow && !always_holds) {
                found.push(NeverSent {
                    statement: index,
                    effect: statement.effect(),
                    action: action.to_owned(),
                    condition: condition.clone(),
                    always_holds,
                });
            }
        }
    }
    found
}

/// Whether AWS never sends a condition key with an action.
///
/// ```
/// use orgsweep_policy::is_never_sent_with;
///
/// assert!(is_never_sent_with("iam:PassedToService", "iam:CreateRole"));
/// assert!(is_never_sent_with("aws:VpceAccount", "sts:AssumeRole"));
/// assert!(!is_never_sent_with("aws:SourceVpce", "sts:AssumeRole"));
/// ```
pub fn is_never_sent_with(key: &str, action: &str) -> bool {
    is_never_sent(&key.to_lowercase(), &action.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#ck_passedtoservice>
    #[test]
    fn conditions_on_keys_of_other_actions_are_mistakes_where_they_keep_a_statement_from_allowing() {
        let mistakes = |effect: &str, condition: &str, action: &str| {
            let text = format!(
                r#"{{"Version":"2012-10-17","Statement":{{"Effect":"{effect}","Action":["iam:PassRole","iam:CreateRole"],
                    "Resource":"*","Condition":{{{condition}}}}}}}"#
            );
            never_sent(&Policy::parse(&text).unwrap(), action).len()
        };
        let passed = r#""StringEquals":{"iam:PassedToService":"ec2.amazonaws.com"}"#;
        let if_exists = r#""StringEqualsIfExists":{"iam:PassedToService":"ec2.amazonaws.com"}"#;
        assert_eq!(mistakes("Allow", passed, "iam:CreateRole"), 1);
        for (effect, condition, action) in [
            ("Allow", passed, "iam:PassRole"),
            ("Allow", passed, "iam:DeleteRole"),
            ("Allow", if_exists, "iam:CreateRole"),
            ("Deny", passed, "iam:CreateRole"),
        ] {
            assert_eq!(mistakes(effect, condition, action), 0, "{effect} {condition} {action}");
        }
    }
}
