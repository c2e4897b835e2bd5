//! Requests that statements are about, found once for each policy of an account.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::strength::{self, Strength};
use crate::arn::Arn;
use crate::context::Context;
use crate::layers::Attached;
use crate::policy::Policy;
use crate::questions::requests::{self, POWERS, Place};

/// A request that a statement is about.
#[derive(Debug)]
pub(super) struct Sample {
    pub(super) action: Box<str>,
    /// The action in lower case, where it is not in lower case itself.
    lower: OnceLock<Option<Box<str>>>,
    pub(super) resource: Box<str>,
    pub(super) strength: Strength,
    /// Its number among those of the account, once it was asked for.
    pub(super) number: OnceLock<usize>,
    /// The number of its action, once it was asked for.
    pub(super) of_action: OnceLock<usize>,
    /// See [`Sample::is_plain`].
    plain: OnceLock<bool>,
}

impl Sample {
    pub(super) fn new(action: impl Into<Box<str>>, resource: impl Into<Box<str>>) -> Self {
        let action = action.into();
        Self {
            strength: strength::of_action(&action),
            action,
            lower: OnceLock::new(),
            resource: resource.into(),
            number: OnceLock::new(),
            of_action: OnceLock::new(),
            plain: OnceLock::new(),
        }
    }

    pub(super) fn lower(&self) -> &str {
        let is_other = || self.action.bytes().any(|byte| byte.is_ascii_uppercase());
        let find = || is_other().then(|| self.action.to_ascii_lowercase().into());
        self.lower.get_or_init(find).as_deref().unwrap_or(&self.action)
    }

    /// Whether nothing but policies of the account decides on it. `place`: always the one in which it is sampled.
    pub(super) fn is_plain(&self, place: Place<'_>) -> bool {
        *self.plain.get_or_init(|| is_plain(place, self.lower(), &self.resource))
    }
}

/// Whether nothing but policies of the account decides on an action (in lower case) on a resource.
pub(super) fn is_plain(place: Place<'_>, lower: &str, resource: &str) -> bool {
    !lower.starts_with("sts:")
        && !lower.starts_with("kms:")
        && Arn::read(resource).is_some_and(|arn| {
            let is_here = arn.account == place.account
                || (arn.account.is_empty() && !matches!(arn.service, "iam" | "sts" | "kms"));
            is_here && arn.partition == place.partition && !arn.resource.starts_with("role/aws-")
        })
}

/// Those of one policy, for callers of one account: for each statement, if they are the same for all of them.
#[derive(Debug)]
struct OfPolicy {
    /// Kept, so that no other has its address.
    policy: Arc<Policy>,
    partition: Box<str>,
    account: Box<str>,
    statements: Box<[OfStatement]>,
}

/// `None`: each caller has its own.
type OfStatement = Option<Box<[Arc<Sample>]>>;

#[derive(Debug, Default)]
pub(super) struct Samples {
    known: Mutex<HashMap<usize, Vec<Arc<OfPolicy>>>>,
}

impl Samples {
    /// Requests that the Allows of these policies are about, as [`requests::powers`] finds them.
    pub(super) fn of(&self, policies: &[Attached], place: Place<'_>, context: &Context) -> Vec<Arc<Sample>> {
        let mut all: Vec<Arc<Sample>> = Vec::new();
        for attached in policies {
            let known = self.of_policy(&attached.policy, place, context);
            for (index, samples) in known.statements.iter().enumerate() {
                match samples {
                    Some(samples) => all.extend(samples.iter().cloned()),
                    None => all.extend(of_statement(&known.policy, index, place, context)),
                }
                if all.len() >= POWERS {
                    return all;
                }
            }
        }
        all
    }

    fn of_policy(&self, policy: &Arc<Policy>, place: Place<'_>, context: &Context) -> Arc<OfPolicy> {
        let address = Arc::as_ptr(policy).addr();
        let is_of =
            |one: &&Arc<OfPolicy>| *one.partition == *place.partition && *one.account == *place.account;
        let lock = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(&address).and_then(|all| all.iter().find(is_of)) {
            return known.clone();
        }
        let of = |index: usize| {
            let samples = || of_statement(policy, index, place, context).collect();
            requests::is_fixed(policy, index).then(samples)
        };
        let found = Arc::new(OfPolicy {
            policy: policy.clone(),
            partition: place.partition.into(),
            account: place.account.into(),
            statements: (0..policy.statements().len()).map(of).collect(),
        });
        lock().entry(address).or_default().push(found.clone());
        found
    }
}

fn of_statement(
    policy: &Policy,
    index: usize,
    place: Place<'_>,
    context: &Context,
) -> impl Iterator<Item = Arc<Sample>> {
    let found = requests::powers_of(policy, index, place, context).into_iter();
    found.map(|(action, resource)| Arc::new(Sample::new(action, resource)))
}
