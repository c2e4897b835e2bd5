//! Which conditions keep an outsider away.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html>
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-user_externalid.html>

use std::net::IpAddr;

use super::tenant;
use crate::answer::{Residual, Term};
use crate::condition::{Condition, Restriction};

/// Keys that tell who asks, from where, or on whose behalf, and what a value must say that may have wildcards.
const KEYS: [(&str, Says); 20] = [
    ("aws:multifactorauthage", Says::Something),
    ("aws:multifactorauthpresent", Says::Something),
    ("aws:principalaccount", Says::Whole),
    ("aws:principalarn", Says::Account),
    ("aws:principalorgid", Says::Whole),
    ("aws:principalorgpaths", Says::Until('/')),
    ("aws:sourceaccount", Says::Whole),
    ("aws:sourcearn", Says::Account),
    ("aws:sourceip", Says::Addresses),
    ("aws:sourceorgid", Says::Whole),
    ("aws:sourceorgpaths", Says::Until('/')),
    ("aws:sourcevpc", Says::Whole),
    ("aws:sourcevpce", Says::Whole),
    // `AROA…:session`: ids are unique in all of AWS.
    ("aws:userid", Says::Until(':')),
    ("saml:aud", Says::Something),
    ("saml:iss", Says::Something),
    ("saml:sub", Says::Something),
    ("sts:externalid", Says::Something),
    ("sts:rolesessionname", Says::Something),
    ("sts:sourceidentity", Says::Something),
];

/// What a value must say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    /// Anything that does not begin with a wildcard.
    Something,
    /// All: a part of an id is anybody's.
    Whole,
    /// All up to this character.
    Until(char),
    /// An ARN with its account, or with a name where it has none.
    Account,
    /// Addresses; not all of them together.
    Addresses,
}

/// Whether a condition, by itself, keeps an outsider away: from an Allow if `must_hold`, or from the request that a Deny
/// spares if not.
///
/// It must ask for a value that is not trivial, of a key that tells who asks, from where or on whose behalf; and it must not
/// be satisfied where that key is missing. So `…IfExists`, `ForAllValues` and `Null` do not count in an Allow, nor
/// negated operators; nor a pattern that begins with a wildcard, leaves open the account of an ARN, or any part of the id
/// of an account, an organization, a network or a role; nor addresses that are all that there are. In a Deny it is the
/// negated operators that count, and a `Null` that spares a service which acts for
/// [no other account](https://github.com/aws-samples/data-perimeter-policy-examples).
///
/// Of the claims of an issuer of tokens that
/// [many share](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc_secure-by-default.html) only those
/// count that tell its tenants apart, with a value that names one: for GitHub a `sub` like `repo:org/*`, and not an `aud`.
pub fn is_guard(condition: &Condition, must_hold: bool) -> bool {
    let key = condition.key().to_lowercase();
    if !must_hold && spares_nobody_elses(condition, &key) {
        return true;
    }
    let is_open = |value: &str| value.starts_with(['*', '?']) || !is_telling(value);
    match condition.restricts(must_hold) {
        Restriction::None => false,
        // On durations it limits nobody.
        Restriction::Order => key == "aws:multifactorauthage",
        Restriction::Exactly(value) => value && is_guarding_key(&key),
        Restriction::Value => says(&key, condition, |value| !is_telling(value)),
        Restriction::Pattern => says(&key, condition, is_open),
    }
}

/// Whether the values say of a key what they must.
fn says(key: &str, condition: &Condition, is_open: impl Fn(&str) -> bool) -> bool {
    if condition.values().any(is_open) {
        return false;
    }
    if let Some((issuer, claim)) = key.rsplit_once(':').filter(|(issuer, _)| issuer.contains('.')) {
        return tenant::binds(issuer, claim, condition.values()).unwrap_or(true);
    }
    let whole = |value: &str| !value.is_empty() && !value.contains(['*', '?']);
    match KEYS.iter().find(|(name, _)| *name == key).map(|(_, says)| *says) {
        Some(Says::Something) => true,
        Some(Says::Whole) => condition.values().all(whole),
        Some(Says::Until(end)) => condition.values().all(|value| value.split(end).next().is_some_and(whole)),
        Some(Says::Account) => condition.values().all(names_account),
        Some(Says::Addresses) => !are_all_addresses(condition.values()),
        None => is_guarding_key(key),
    }
}

fn is_guarding_key(key: &str) -> bool {
    KEYS.iter().any(|(name, _)| *name == key)
        || key.strip_prefix("aws:principaltag/").is_some_and(|tag| !tag.is_empty())
}

/// A Deny of what a service does for another account spares it where it does something for none.
fn spares_nobody_elses(condition: &Condition, key: &str) -> bool {
    condition.operator() == "Null"
        && matches!(key, "aws:sourceaccount" | "aws:sourcearn" | "aws:sourceorgid")
        && condition.values().all(|value| value.eq_ignore_ascii_case("false"))
}

/// Not empty, not of wildcards only.
fn is_telling(value: &str) -> bool {
    !value.bytes().all(|byte| matches!(byte, b'*' | b'?'))
}

/// An ARN with a wildcard for its account can be had by anybody; so can one without an account that leaves its name open.
fn names_account(value: &str) -> bool {
    let mut segments = value.splitn(6, ':');
    if segments.next() != Some("arn") {
        return true;
    }
    match (segments.nth(3), segments.next()) {
        (Some(""), Some(name)) => is_telling(name) && !name.starts_with(['*', '?']),
        (Some(account), _) => !account.contains(['*', '?']),
        (None, _) => false,
    }
}

/// Whether ranges make up all addresses of a kind.
fn are_all_addresses<'v>(values: impl Iterator<Item = &'v str>) -> bool {
    let (mut short, mut long) = (Vec::new(), Vec::new());
    for value in values {
        let (address, length) = value.split_once('/').unwrap_or((value, ""));
        let length: Option<u32> = if length.is_empty() { Some(u32::MAX) } else { length.parse().ok() };
        match (address.parse(), length) {
            (Ok(IpAddr::V4(address)), Some(length)) => {
                short.push(range(u128::from(u32::from(address)), 32, length));
            }
            (Ok(IpAddr::V6(address)), Some(length)) => long.push(range(u128::from(address), 128, length)),
            // What it matches is not documented.
            _ => {}
        }
    }
    are_all(short, u128::from(u32::MAX)) || are_all(long, u128::MAX)
}

/// First and last address of so many bits that begin alike.
fn range(address: u128, bits: u32, length: u32) -> (u128, u128) {
    let open = bits.saturating_sub(length);
    let mask = 1_u128.checked_shl(open).map_or(u128::MAX, |size| size - 1);
    (address & !mask, address | mask)
}

fn are_all(mut ranges: Vec<(u128, u128)>, last: u128) -> bool {
    ranges.sort_unstable();
    let mut next = 0;
    for (start, end) in ranges {
        if start > next {
            return false;
        }
        match end.checked_add(1) {
            Some(after) if end < last => next = next.max(after),
            _ => return true,
        }
    }
    false
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
            r#""StringEquals":{"token.actions.githubusercontent.com:repository_owner_id":"65"}"#,
            r#""StringEquals":{"oidc.eks.eu-west-1.amazonaws.com/id/1A:aud":"sts.amazonaws.com"}"#,
            r#""StringLike":{"aws:userid":"AROAEXAMPLE:*"}"#,
            r#""ArnLike":{"aws:SourceArn":"arn:aws:sns:*:111122223333:*"}"#,
            r#""IpAddress":{"aws:SourceIp":["0.0.0.0/1","203.0.113.0/24"]}"#,
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
            r#""IpAddress":{"aws:SourceIp":["0.0.0.0/1","128.0.0.0/1"]}"#,
            r#""IpAddress":{"aws:SourceIp":["128.0.0.0/1","10.0.0.0/8","0.0.0.0/2","64.0.0.0/2"]}"#,
            r#""IpAddress":{"aws:SourceIp":["::/1","8000::/1"]}"#,
            r#""ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/ci"}"#,
            r#""ArnLike":{"aws:SourceArn":"arn:aws:s3:::*"}"#,
            r#""StringLike":{"aws:PrincipalAccount":"1*"}"#,
            r#""StringLike":{"aws:PrincipalOrgID":"o-*"}"#,
            r#""ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-*/r-1/*"}"#,
            r#""StringLike":{"aws:SourceVpc":"vpc-*"}"#,
            r#""StringLike":{"aws:userid":"AROA*"}"#,
            r#""StringEquals":{"aws:username":"ann"}"#,
            r#""StringEquals":{"token.actions.githubusercontent.com:aud":"sts.amazonaws.com"}"#,
            r#""StringLike":{"token.actions.githubusercontent.com:sub":"repo:*"}"#,
            r#""StringEquals":{"app.terraform.io:aud":"aws.workload.identity"}"#,
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
            r#""StringNotLike":{"gitlab.com:sub":"project_path:group/*"}"#,
            r#""Null":{"aws:SourceAccount":"false"}"#,
        ] {
            assert!(guards(condition, false), "{condition}");
            assert!(!guards(condition, true), "in an Allow: {condition}");
        }
        assert!(!guards(r#""StringNotLike":{"gitlab.com:sub":"project_path:*"}"#, false));
        assert!(!guards(r#""Null":{"aws:SourceAccount":"true"}"#, false));
        // Without the key the Deny does not apply.
        assert!(!guards(r#""Bool":{"aws:MultiFactorAuthPresent":"false"}"#, false));
        assert!(!guards(r#""ForAnyValue:StringNotLike":{"aws:PrincipalOrgPaths":"o-1/*"}"#, false));
    }
}
