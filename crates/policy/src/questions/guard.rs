//! Which conditions keep an outsider away.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html>
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-user_externalid.html>

use std::net::IpAddr;

use super::tenant;
use crate::answer::{Residual, Term};
use crate::condition::{Condition, Restriction};

/// Whom a condition must keep away to be a guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Anyone: the principals of all accounts of AWS.
    Anyone,
    /// The principals of an account outside the organization.
    ForeignAccount,
    /// The users of an identity provider.
    ProviderUser,
    /// A service that acts for a principal.
    Service,
    /// A principal with a certificate, for whom Roles Anywhere asks.
    RolesAnywhere,
    /// The principals of the own account or organization.
    Member,
}

/// A key, what a value of it must say that may have wildcards, and whom it keeps away.
type Rule = (&'static str, Says, &'static [Caller]);

use Caller::{Anyone, ForeignAccount, Member, ProviderUser, RolesAnywhere, Service};

const EVERYBODY: &[Caller] = &[Anyone, ForeignAccount, ProviderUser, Service, RolesAnywhere, Member];

/// Keys that show who asks, from where, or on whose behalf.
///
/// Whom a key keeps away depends on who sets it. What an account sets for its own principals (their tags, their devices, the
/// name of a session) keeps away no principal of another account. Of the last four of `aws:` STS is sent none, so that a trust policy
/// that asks for one admits no principal.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
const KEYS: [Rule; 28] = [
    ("aws:federatedprovider", Says::AccountOfArn, EVERYBODY),
    ("aws:multifactorauthage", Says::Something, &[Member]),
    ("aws:multifactorauthpresent", Says::True, &[Member]),
    ("aws:principalaccount", Says::Whole, EVERYBODY),
    ("aws:principalarn", Says::Account, EVERYBODY),
    ("aws:principalorgid", Says::Whole, EVERYBODY),
    ("aws:principalorgpaths", Says::Until('/'), EVERYBODY),
    ("aws:sourceaccount", Says::Whole, EVERYBODY),
    ("aws:sourcearn", Says::Account, EVERYBODY),
    ("aws:sourceip", Says::Addresses, EVERYBODY),
    ("aws:sourceorgid", Says::Whole, EVERYBODY),
    ("aws:sourceorgpaths", Says::Until('/'), EVERYBODY),
    ("aws:sourcevpc", Says::Whole, EVERYBODY),
    ("aws:sourcevpce", Says::Whole, EVERYBODY),
    // `AROA…:session`: ids are unique in all of AWS.
    ("aws:userid", Says::Until(':'), EVERYBODY),
    ("aws:sourcevpcarn", Says::AccountOfArn, EVERYBODY),
    ("aws:vpceaccount", Says::Whole, EVERYBODY),
    ("aws:vpceorgid", Says::Whole, EVERYBODY),
    ("aws:vpceorgpaths", Says::Until('/'), EVERYBODY),
    // An outsider has a provider of its own that says what it likes.
    ("saml:aud", Says::Something, &[ProviderUser]),
    ("saml:iss", Says::Something, &[ProviderUser]),
    ("saml:sub", Says::Something, &[ProviderUser]),
    // A secret between two accounts, which anyone who knows it may send.
    ("sts:externalid", Says::Written, &[ForeignAccount]),
    // The provider lists the roles that each of its users may have.
    ("sts:roleauthorizedbyidp", Says::True, &[ProviderUser]),
    ("aws:principaltag/", Says::Something, &[Member]),
    // Of the certificate with which Roles Anywhere was asked: its subject's common name is the source identity.
    // <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html>
    ("aws:principaltag/x509", Says::Something, &[Member, RolesAnywhere]),
    ("sts:sourceidentity", Says::Something, &[RolesAnywhere]),
    // The person behind sessions that people share; the certificate's, which the caller cannot set either.
    // <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trusted-identity-propagation.html>
    ("aws:originidentity/", Says::Something, &[Member, RolesAnywhere]),
];

/// What a value must say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    /// Anything that does not begin with a wildcard.
    Something,
    /// Anything that is written out.
    Written,
    /// `true`.
    True,
    /// All: a part of an id is anybody's.
    Whole,
    /// All up to this character.
    Until(char),
    /// An ARN with its account, or with a name where it has none.
    Account,
    /// An ARN with its account.
    AccountOfArn,
    /// Addresses; not all of them together.
    Addresses,
}

/// Whether a condition, by itself, excludes a caller that nothing else excludes: from an Allow if `must_hold`, or from the
/// request that a Deny spares if not.
///
/// It must require a non-trivial value of a key that identifies the caller, its network or the party that it acts for; and it
/// must not be satisfied if that key is missing. So `…IfExists`, `ForAllValues` and `Null` do not count in an Allow, nor
/// negated operators; nor a pattern that begins with a wildcard, leaves open the account of an ARN, or any part of the id of an
/// account, an organization, a network or a role; nor addresses that are all that there are. In a Deny it is the negated
/// operators that count, and a `Null` that spares a service which acts for [no other
/// account](https://github.com/aws-samples/data-perimeter-policy-examples).
///
/// The caller must not be able to set the key. Callers choose session names and source identities (only Roles Anywhere sets the
/// latter from a certificate); outsiders tag their own principals and register their own devices. An external id keeps an
/// account from being [tricked into acting for another](https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html),
/// written out and as a secret; whether it is used for several, or can be guessed, one condition does not show.
///
/// Of the claims of an issuer of tokens that
/// [many share](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc_secure-by-default.html) only those
/// count that distinguish its tenants, with a value that names one: for GitHub a `sub` like `repo:org/*`, and not an `aud`.
///
/// ```
/// use orgsweep_policy::{Caller, Policy, is_guard};
///
/// let trust = Policy::parse(
///     r#"{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole",
///         "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}}"#,
/// )?;
/// let condition = &trust.statements()[0].conditions()[0];
/// assert!(is_guard(condition, true, Caller::Member));
/// assert!(!is_guard(condition, true, Caller::Anyone));
/// # Ok::<(), orgsweep_policy::ParseError>(())
/// ```
pub fn is_guard(condition: &Condition, must_hold: bool, against: Caller) -> bool {
    let key = condition.key().to_lowercase();
    if !must_hold && matches!(against, Service | RolesAnywhere) && spares_nobody_elses(condition, &key) {
        return true;
    }
    let asked = condition.restricts(must_hold);
    let is_open = |value: &str| value.starts_with(['*', '?']) || !is_telling(value);
    let rule = rule(&key).filter(|(_, _, callers)| callers.contains(&against));
    match (asked, rule) {
        (Restriction::None, _) => false,
        // On durations it limits no principal.
        (Restriction::Order, rule) => rule.is_some() && key == "aws:multifactorauthage",
        (Restriction::Exactly(value), rule) => value && rule.is_some_and(|(_, says, _)| says == Says::True),
        (Restriction::Value, _) if condition.values().any(|value| !is_telling(value)) => false,
        (Restriction::Pattern, _) if condition.values().any(is_open) => false,
        (_, Some((_, says, _))) => is_said(says, asked, condition),
        (_, None) => claim(&key)
            .is_some_and(|(issuer, claim)| tenant::binds(issuer, claim, condition.values()).unwrap_or(true)),
    }
}

/// Whether a condition binds the tenant of an issuer that its vendor's customers share by the name that they give to the
/// session: weak, since every principal of the vendor's chooses that name.
pub(super) fn names_tenants_session(condition: &Condition, must_hold: bool) -> bool {
    let whole = |value: &str| !value.is_empty() && !value.contains(['*', '?']);
    condition.key().eq_ignore_ascii_case("sts:RoleSessionName")
        && matches!(condition.restricts(must_hold), Restriction::Value | Restriction::Pattern)
        && condition.values().all(whole)
}

fn rule(key: &str) -> Option<Rule> {
    let is_of = |name: &str| match name.split_once('/') {
        Some((_, start)) => key.strip_prefix(name).is_some_and(|rest| !(start.is_empty() && rest.is_empty())),
        None => name == key,
    };
    // The narrower of two families stands behind.
    KEYS.into_iter().rev().find(|(name, ..)| is_of(name))
}

/// The issuer of tokens whose claim a key is.
fn claim(key: &str) -> Option<(&str, &str)> {
    key.rsplit_once(':').filter(|(issuer, _)| issuer.contains('.'))
}

/// Whether the values say of a key what they must.
fn is_said(says: Says, asked: Restriction, condition: &Condition) -> bool {
    let whole = |value: &str| !value.is_empty() && !value.contains(['*', '?']);
    let mut values = condition.values();
    match says {
        Says::Something => true,
        Says::Written => asked == Restriction::Value,
        Says::True => values.all(|value| value.eq_ignore_ascii_case("true")),
        Says::Whole => values.all(whole),
        Says::Until(end) => values.all(|value| value.split(end).next().is_some_and(whole)),
        Says::Account => values.all(names_account),
        Says::AccountOfArn => values.all(|value| value.starts_with("arn:") && names_account(value)),
        Says::Addresses => !are_all_addresses(values),
    }
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

/// Whether every way to satisfy a residual leads past a condition that guards.
pub(super) fn is_guarded(residual: &Residual, guards: &dyn Fn(&Condition, bool) -> bool) -> bool {
    let is_guard =
        |term: &Term| term.condition().is_some_and(|condition| guards(condition, term.must_hold()));
    match residual {
        Residual::Term(term) => is_guard(term),
        Residual::All(parts) => parts.iter().any(|part| is_guarded(part, guards)),
        Residual::Any(parts) => parts.iter().all(|part| is_guarded(part, guards)),
    }
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
