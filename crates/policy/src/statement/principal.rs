//! `Principal` and `NotPrincipal`.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>

use super::Effect;
use crate::arn::Arn;
use crate::document::PrincipalText;
use crate::request::{Principal, PrincipalKind};
use crate::truth::Truth;

/// One principal that a policy names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrincipalEntry {
    /// `"*"`, or `{"AWS": "*"}`, which is the same: everyone, signed in or not.
    Everyone,
    /// An account, by its id or as `arn:aws:iam::…:root`, which is the same: everyone in it.
    Account(Box<str>),
    /// The ARN of a user, a role, a role session or a federated user. There are no partial wildcards: it is compared as is.
    Arn(Box<str>),
    /// The unique id that is left of a user (`AIDA…`) or role (`AROA…`) that was deleted. It never matches again.
    Deleted(Box<str>),
    /// An AWS service.
    Service(Box<str>),
    /// An OIDC or SAML provider.
    Federated(Box<str>),
    /// A canonical user id of S3; which account it stands for, the policy does not say.
    CanonicalUser(Box<str>),
    /// A kind of principal that is not documented, with its name.
    Unheard(Box<str>, Box<str>),
}

/// The principals that a statement names.
#[derive(Clone, Debug)]
pub struct Principals {
    negated: bool,
    entries: Box<[PrincipalEntry]>,
}

/// Whether a statement names a principal, by the ways that make a difference when it allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    /// The very user or session, or everyone: within one account that grants by itself, whatever else does not allow.
    pub(crate) alone: Truth,
    /// The role of a session, or the user of a federated session: boundary and session policy still limit it.
    pub(crate) limited: Truth,
    /// Its account, which only delegates.
    pub(crate) account: Truth,
}

impl Named {
    const NOT: Self = Self { alone: Truth::False, limited: Truth::False, account: Truth::False };

    fn or(self, other: Self) -> Self {
        Self {
            alone: self.alone.or_in_one(other.alone),
            limited: self.limited.or_in_one(other.limited),
            account: self.account.or_in_one(other.account),
        }
    }

    /// In one way or another.
    pub(crate) fn at_all(self) -> Truth {
        self.alone.or_in_one(self.limited).or_in_one(self.account)
    }
}

impl Principals {
    pub(crate) fn compile(text: &PrincipalText, negated: bool) -> Self {
        let entries = match text {
            PrincipalText::Everyone => [PrincipalEntry::Everyone].into(),
            PrincipalText::Kinds(kinds) => kinds
                .iter()
                .flat_map(|(kind, names)| names.texts.iter().map(|name| PrincipalEntry::read(kind, name)))
                .collect(),
        };
        Self { negated, entries }
    }

    /// `NotPrincipal`: everyone but those.
    pub fn is_negated(&self) -> bool {
        self.negated
    }

    /// Who is named.
    pub fn entries(&self) -> &[PrincipalEntry] {
        &self.entries
    }

    /// Whether a Deny that names these meets all whom an entry of the same policy stands for; `None`: everyone.
    pub(crate) fn surely_hold(&self, whom: Option<&PrincipalEntry>) -> bool {
        let account = match whom {
            Some(PrincipalEntry::Account(id)) => Some(&**id),
            Some(PrincipalEntry::Arn(arn)) => Arn::read(arn).map(|arn| arn.account),
            _ => None,
        };
        self.entries.iter().any(|entry| match entry {
            PrincipalEntry::Everyone => true,
            PrincipalEntry::Account(id) => account == Some(&**id),
            PrincipalEntry::Arn(_) | PrincipalEntry::Service(_) | PrincipalEntry::Federated(_) => {
                whom == Some(entry)
            }
            _ => false,
        })
    }

    pub(crate) fn name(&self, principal: &Principal, effect: Effect, has_boundary: bool) -> Named {
        if self.negated {
            return Named { alone: self.leave_over(principal, effect, has_boundary), ..Named::NOT };
        }
        self.entries.iter().fold(Named::NOT, |named, entry| named.or(entry.names(principal)))
    }

    /// Whether what an endpoint's policy says of a principal by [`Principals::name`] holds at an interface endpoint only. At
    /// a gateway endpoint "the `Principal` element must be set to `*`"; an account is its root user there, "not all users
    /// and roles", and what anything else is, AWS does not say.
    /// <https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html#vpc-endpoint-policies-gateway>
    pub(crate) fn are_of_interfaces_only(&self, principal: &Principal, named: Truth) -> bool {
        let everyone = self.entries.contains(&PrincipalEntry::Everyone);
        !everyone && (self.negated || (named != Truth::False && principal.kind() != PrincipalKind::Root))
    }

    /// `NotPrincipal`. A user is surely left out of it only with its ARN *and* its account: AWS may look at the account
    /// first. With only one of the two it is unknown, unless the account is there for others: in AWS's example, which lists
    /// Bob and his account, "all principals *except* the user named Bob" are denied. A session must be listed with its role, or
    /// its user, and the account. Where other sessions of the role are listed it is not left out; where none is, it is unknown:
    /// the guide asks for role and account only, the knowledge center for "the role session name of every user". A principal
    /// with a permissions boundary is never left out of a Deny.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>
    /// <https://aws.amazon.com/premiumsupport/knowledge-center/explicit-deny-principal-elements-s3/>
    fn leave_over(&self, principal: &Principal, effect: Effect, has_boundary: bool) -> Truth {
        if has_boundary && effect != Effect::Allow {
            return if effect == Effect::Deny { Truth::True } else { Truth::Unknown };
        }
        let mut listed = Named::NOT;
        for entry in &self.entries {
            match entry {
                PrincipalEntry::Everyone => return Truth::False,
                entry => listed = listed.or(entry.names(principal)),
            }
        }
        match principal.kind() {
            PrincipalKind::Root => listed.account.negated(),
            PrincipalKind::Service | PrincipalKind::Federated | PrincipalKind::Anonymous => {
                listed.alone.negated()
            }
            PrincipalKind::User => match (listed.alone, listed.account) {
                (Truth::True, Truth::True) => Truth::False,
                (Truth::False, Truth::False) => Truth::True,
                (Truth::False, Truth::True) if self.list_others(principal) => Truth::True,
                _ => Truth::Unknown,
            },
            PrincipalKind::Role | PrincipalKind::FederatedUser => {
                match (listed.alone, listed.limited, listed.account) {
                    // A role of which it is not said in which session: the session's name decides.
                    (Truth::True | Truth::Depends, Truth::True, Truth::True) => listed.alone.negated(),
                    (Truth::False, Truth::False, Truth::False) => Truth::True,
                    (Truth::False, Truth::False, Truth::True) if self.list_others(principal) => Truth::True,
                    (Truth::False, Truth::True, _) if self.list_sessions_of(principal) => Truth::True,
                    _ => Truth::Unknown,
                }
            }
        }
    }

    /// Whether they list a principal of someone's account, by its ARN.
    fn list_others(&self, principal: &Principal) -> bool {
        self.entries.iter().any(|entry| match entry {
            PrincipalEntry::Arn(arn) => {
                Arn::read(arn).is_some_and(|arn| principal.account() == Some(arn.account))
            }
            _ => false,
        })
    }

    /// Whether they list a session of someone's role, or of its user.
    fn list_sessions_of(&self, principal: &Principal) -> bool {
        let others = principal.session_arn().and_then(|own| Some(own.rsplit_once('/')?.0));
        self.entries.iter().any(|entry| match (entry, others) {
            (PrincipalEntry::Arn(arn), Some(others)) => {
                arn.rsplit_once('/').is_some_and(|(start, name)| start == others && !name.is_empty())
            }
            _ => false,
        })
    }
}

impl PrincipalEntry {
    fn read(kind: &str, name: &str) -> Self {
        match kind {
            "AWS" if name == "*" => Self::Everyone,
            "AWS" => Self::aws(name),
            // Not documented with wildcards.
            "Service" | "Federated" if name.contains('*') => Self::Unheard(kind.into(), name.into()),
            "Service" => Self::Service(name.into()),
            "Federated" => Self::Federated(name.into()),
            "CanonicalUser" => Self::CanonicalUser(name.into()),
            _ => Self::Unheard(kind.into(), name.into()),
        }
    }

    fn aws(name: &str) -> Self {
        if name.len() == 12 && name.bytes().all(|byte| byte.is_ascii_digit()) {
            return Self::Account(name.into());
        }
        match Arn::read(name) {
            Some(Arn { service: "iam", resource: "root", account, .. }) if !account.contains(['*', '?']) => {
                Self::Account(account.into())
            }
            Some(_) => Self::Arn(name.into()),
            None if name.starts_with("AIDA") || name.starts_with("AROA") => Self::Deleted(name.into()),
            None => Self::Unheard("AWS".into(), name.into()),
        }
    }

    fn names(&self, principal: &Principal) -> Named {
        let kind = principal.kind();
        let is = |kinds: PrincipalKind, name: &str| Truth::of(kind == kinds && principal.name() == name);
        match self {
            Self::Everyone => Named { alone: Truth::True, ..Named::NOT },
            Self::Account(account) => {
                Named { account: Truth::of(principal.account() == Some(&**account)), ..Named::NOT }
            }
            Self::Arn(arn) => {
                let by_name = principal.name() == &**arn;
                let by_session = principal.session_arn() == Some(&**arn);
                match kind {
                    PrincipalKind::User => Named { alone: Truth::of(by_name), ..Named::NOT },
                    PrincipalKind::Role | PrincipalKind::FederatedUser => Named {
                        alone: if principal.may_be_session(arn) {
                            Truth::Depends
                        } else {
                            Truth::of(by_session)
                        },
                        limited: Truth::of(by_name),
                        ..Named::NOT
                    },
                    _ => Named::NOT,
                }
            }
            Self::Deleted(_) => Named::NOT,
            Self::Service(name) => Named { alone: is(PrincipalKind::Service, name), ..Named::NOT },
            Self::Federated(name) => Named { alone: is(PrincipalKind::Federated, name), ..Named::NOT },
            Self::CanonicalUser(_) => {
                let account = if principal.account().is_some() { Truth::Unknown } else { Truth::False };
                Named { account, ..Named::NOT }
            }
            Self::Unheard(..) => {
                Named { alone: Truth::Unknown, limited: Truth::Unknown, account: Truth::Unknown }
            }
        }
    }
}

#[cfg(test)]
#[path = "principal_tests.rs"]
mod tests;
