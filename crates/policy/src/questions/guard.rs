//! Which conditions keep an outsider away.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html>
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-user_externalid.html>

use crate::answer::{Residual, Term};
use crate::condition::{Condition, Restriction};

/// Keys that tell who asks, from where, or on whose behalf.
const KEYS: [&str; 18] = [
    "aws:multifactorauthage",
    "aws:multifactorauthpresent",
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "saml:aud",
    "saml:iss",
    "saml:sub",
    "sts:externalid",
    "sts:sourceidentity",
];

/// Whether a condition, by itself, keeps an outsider away: from an Allow if `must_hold`, or from the request that a Deny
/// spares if not.
///
/// It must ask for a value that is not trivial, of a key that tells who asks, from where or on whose behalf; and it must not
/// be satisfied where that key is missing. So `…IfExists`, `ForAllValues` and `Null` do not count in an Allow, nor
/// negated operators; nor a pattern that begins with a wildcard or leaves the account open. In a Deny it is the negated
/// operators that count.
pub fn is_guard(condition: &Condition, must_hold: bool) -> bool {
    let key = condition.key().to_lowercase();
    let restricts = match condition.restricts(must_hold) {
        Restriction::None => false,
        // On durations it limits nobody.
        Restriction::Order => key == "aws:multifactorauthage",
        Restriction::Value => condition.values().all(is_telling),
        Restriction::Pattern => condition
            .values()
            .all(|value| is_telling(value) && !value.starts_with(['*', '?']) && names_account(value)),
        Restriction::Exactly(value) => value,
    };
    restricts && is_guarding_key(&key)
}

fn is_guarding_key(key: &str) -> bool {
    let of_provider = key.split_once(':').is_some_and(|(provider, _)| provider.contains('.'));
    of_provider
        || KEYS.contains(&key)
        || key == "sts:rolesessionname"
        || key.strip_prefix("aws:principaltag/").is_some_and(|tag| !tag.is_empty())
}

/// Not empty, not of wildcards only, not the whole internet.
fn is_telling(value: &str) -> bool {
    !value.bytes().all(|byte| matches!(byte, b'*' | b'?')) && !value.ends_with("/0")
}

/// An ARN with a wildcard for its account can be had by anybody.
fn names_account(value: &str) -> bool {
    let mut segments = value.split(':');
    if segments.next() != Some("arn") {
        return true;
    }
    let account = segments.nth(3);
    account.is_some_and(|account| !account.contains(['*', '?']))
}

/// Whether every way to satisfy a residual leads past a guard.
pub(super) fn is_guarded(residual: &Residual) -> bool {
    let guards =
        |term: &Term| term.condition().is_some_and(|condition| is_guard(condition, term.must_hold()));
    match residual {
        Residual::Term(term) => guards(term),
        Residual::All(parts) => parts.iter().any(is_guarded),
        Residual::Any(parts) => parts.iter().all(is_guarded),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policy;

    fn guards(condition: &str, must_hold: bool) -> bool {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":{{"Condition":{{{condition}}}}}}}"#);
        let policy = Policy::parse(&text).unwrap();
        is_guard(&policy.statements()[0].conditions()[0], must_hold)
    }

    #[test]
    fn positive_operators_on_telling_keys_guard_an_allow() {
        for condition in [
            r#""StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}"#,
            r#""ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-a1b2c3d4e5/*"}"#,
            r#""ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/ci-*"}"#,
            r#""StringEquals":{"aws:PrincipalAccount":["111122223333","444455556666"]}"#,
            r#""StringEquals":{"aws:PrincipalTag/team":"a"}"#,
            r#""StringEquals":{"sts:ExternalId":"f3a9"}"#,
            r#""StringLike":{"sts:SourceIdentity":"ann@*"}"#,
            r#""StringLike":{"sts:RoleSessionName":"ci-*"}"#,
            r#""ArnLike":{"aws:SourceArn":"arn:aws:s3:::bucket"}"#,
            r#""StringEquals":{"aws:SourceAccount":"111122223333"}"#,
            r#""StringEquals":{"aws:SourceOrgID":"o-a1b2c3d4e5"}"#,
            r#""ForAnyValue:StringEquals":{"aws:SourceOrgPaths":"o-1/r-1/"}"#,
            r#""IpAddress":{"aws:SourceIp":"203.0.113.0/24"}"#,
            r#""StringEquals":{"aws:SourceVpc":"vpc-1"}"#,
            r#""StringEqualsIgnoreCase":{"aws:SourceVpce":"vpce-1"}"#,
            r#""Bool":{"aws:MultiFactorAuthPresent":true}"#,
            r#""NumericLessThan":{"aws:MultiFactorAuthAge":"3600"}"#,
            r#""StringLike":{"token.actions.githubusercontent.com:sub":"repo:org/repo:*"}"#,
            r#""StringEquals":{"SAML:aud":"https://signin.aws.amazon.com/saml"}"#,
        ] {
            assert!(guards(condition, true), "{condition}");
            assert!(!guards(condition, false), "in a Deny: {condition}");
        }
    }

    #[test]
    fn what_does_not_count_as_a_guard() {
        for condition in [
            r#""StringEqualsIfExists":{"sts:ExternalId":"f3a9"}"#,
            r#""BoolIfExists":{"aws:MultiFactorAuthPresent":"true"}"#,
            r#""ForAllValues:StringEquals":{"aws:PrincipalOrgPaths":"o-1/*"}"#,
            r#""StringLike":{"sts:ExternalId":"*"}"#,
            r#""StringLike":{"sts:ExternalId":"?*"}"#,
            r#""StringLike":{"sts:ExternalId":"**"}"#,
            r#""StringEquals":{"sts:ExternalId":""}"#,
            r#""StringEquals":{"sts:ExternalId":[]}"#,
            r#""StringEquals":{"sts:ExternalId":["f3a9","*"]}"#,
            r#""StringLike":{"token.actions.githubusercontent.com:sub":"*:ref:refs/heads/main"}"#,
            r#""StringNotEquals":{"sts:ExternalId":"f3a9"}"#,
            r#""NumericLessThan":{"sts:DurationSeconds":"3600"}"#,
            r#""Null":{"sts:ExternalId":"false"}"#,
            r#""IpAddress":{"aws:SourceIp":["203.0.113.0/24","0.0.0.0/0"]}"#,
            r#""IpAddress":{"aws:SourceIp":"::/0"}"#,
            r#""ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/ci"}"#,
            r#""StringEquals":{"aws:RequestTag/team":"a"}"#,
            r#""Bool":{"aws:MultiFactorAuthPresent":"false"}"#,
            r#""Bool":{"aws:SecureTransport":"true"}"#,
            r#""StringResembles":{"sts:ExternalId":"f3a9"}"#,
            r#""StringEquals":{"ExternalId":"f3a9"}"#,
        ] {
            assert!(!guards(condition, true), "{condition}");
        }
    }

    #[test]
    fn in_a_deny_the_negated_operators_guard() {
        for condition in [
            r#""StringNotEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}"#,
            r#""StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}"#,
            r#""NotIpAddressIfExists":{"aws:SourceIp":"203.0.113.0/24"}"#,
            r#""ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/*"}"#,
            r#""BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}"#,
        ] {
            assert!(guards(condition, false), "{condition}");
            assert!(!guards(condition, true), "in an Allow: {condition}");
        }
        // Without the key the Deny does not apply.
        assert!(!guards(r#""Bool":{"aws:MultiFactorAuthPresent":"false"}"#, false));
        assert!(!guards(r#""ForAnyValue:StringNotLike":{"aws:PrincipalOrgPaths":"o-1/*"}"#, false));
    }
}
