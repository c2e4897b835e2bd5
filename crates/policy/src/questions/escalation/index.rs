//! What policies say of the actions of the rules, found once for each policy.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::rules::RULES;
use super::tags;
use crate::context::Context;
use crate::layers::Attached;
use crate::policy::Policy;
use crate::questions::kind::Kinds;
use crate::questions::requests::{self, Named, Place};

/// One policy.
#[derive(Debug)]
pub(super) struct Indexed {
    /// Kept, so that no other has its address.
    policy: Arc<Policy>,
    /// Whether it has conditions on tags of what a request is about.
    pub(super) speaks_of_tags: bool,
    /// For each action what it names, where no variable hangs on who asks.
    named: Box<[OnceLock<Fixed>]>,
}

/// The same for every caller; `None`: it is not.
type Fixed = Option<Box<[Named]>>;

/// What is the same for everyone of an account.
#[derive(Debug)]
pub(super) struct Index {
    /// For each action, resources to ask for, for each of what it takes together.
    typical: Box<[OnceLock<Vec<Vec<String>>>]>,
    policies: Mutex<HashMap<usize, Arc<Indexed>>>,
}

fn for_each_action<T>() -> Box<[OnceLock<T>]> {
    RULES.actions.iter().map(|_| OnceLock::new()).collect()
}

impl Index {
    pub(super) fn new() -> Self {
        Self { typical: for_each_action(), policies: Mutex::default() }
    }

    pub(super) fn typical(&self, action: usize, kinds: &Kinds, place: Place<'_>) -> &[Vec<String>] {
        let find = || kinds.groups.iter().map(|group| place.of_group(group)).collect();
        self.typical.get(action).map_or(&[], |known| known.get_or_init(find))
    }

    pub(super) fn policy(&self, policy: &Arc<Policy>) -> Arc<Indexed> {
        let mut known = self.policies.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known.entry(Arc::as_ptr(policy).addr()).or_insert_with(|| {
            let speaks_of_tags = tags::speaks_of_tags(policy);
            Arc::new(Indexed { policy: policy.clone(), speaks_of_tags, named: for_each_action() })
        });
        found.clone()
    }
}

impl Indexed {
    /// Whether it may allow an action on anything.
    pub(super) fn may(&self, action: usize) -> bool {
        self.policy.of_rules(&RULES.lower).has(action)
    }

    /// What the policy names of what a listed action is about.
    pub(super) fn named<R>(
        &self,
        (action, kinds): (usize, &Kinds),
        attached: &Attached,
        place: Place<'_>,
        context: &Context,
        tell: impl FnOnce(&[Named]) -> R,
    ) -> Option<R> {
        let name = RULES.lower.get(action)?;
        let fixed = self.named.get(action)?.get_or_init(|| {
            let (named, is_fixed) = requests::named(&self.policy, name, kinds, place, context);
            is_fixed.then(|| named.into())
        });
        Some(match fixed {
            Some(named) => tell(named),
            None => tell(&requests::named(&attached.policy, name, kinds, place, context).0),
        })
    }
}
