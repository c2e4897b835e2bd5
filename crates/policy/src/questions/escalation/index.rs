//! What policies say of the actions of the rules, found once for each policy.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::rules::RULES;
use super::shared::Shared;
use super::tags;
use crate::condition::Condition;
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
    named: ForEachAction<Fixed>,
    says: ForEachAction<Says>,
    content: OnceLock<u32>,
}

/// What a policy says of an action.
#[derive(Debug)]
pub(super) enum Says {
    /// Nothing: no statement may have it.
    Nothing,
    Something {
        /// What its conditions look at, in lower case.
        keys: Box<[Box<str>]>,
        /// A resource may be a user or a role.
        names_identities: bool,
    },
    /// Something that hangs on who asks in other ways.
    OfTheCaller,
}

impl Says {
    pub(super) fn names_identities(&self) -> bool {
        matches!(self, Self::Something { names_identities: true, .. })
    }

    fn of(policy: &Policy, lower: &str) -> Self {
        let statements = policy.statements().iter().enumerate();
        let of_action = statements.filter(|(_, statement)| statement.may_have_action(lower));
        let (mut keys, mut names_identities, mut is_something) = (Vec::new(), false, false);
        for (index, statement) in of_action {
            if statement.principals().is_some() || !requests::is_fixed(policy, index) {
                return Self::OfTheCaller;
            }
            is_something = true;
            let conditions = statement.conditions().iter();
            keys.extend(conditions.flat_map(Condition::keys).map(|key| key.to_lowercase().into()));
            names_identities |= policy.resource_texts(index).iter().any(|text| text.contains(":iam:"));
        }
        if is_something { Self::Something { keys: keys.into(), names_identities } } else { Self::Nothing }
    }
}

/// The same for every caller; `None`: it is not.
type Fixed = Option<Box<[Named]>>;

/// What is the same for everyone of an account.
#[derive(Debug)]
pub(super) struct Index {
    /// For each action, resources to ask for, for each of what it takes together.
    typical: Box<[OnceLock<Vec<Vec<String>>>]>,
    /// For each action, whether one of these is of IAM. The same for every policy, so it is looked for once.
    takes_identities: Box<[OnceLock<bool>]>,
    policies: Mutex<HashMap<usize, Arc<Indexed>>>,
    pub(super) shared: Shared,
}

/// For each action, found when it is first asked for: most policies are asked about none.
type ForEachAction<T> = OnceLock<Box<[OnceLock<T>]>>;

fn for_each_action<T>() -> Box<[OnceLock<T>]> {
    RULES.actions.iter().map(|_| OnceLock::new()).collect()
}

impl Index {
    pub(super) fn new() -> Self {
        Self {
            typical: for_each_action(),
            takes_identities: for_each_action(),
            policies: Mutex::default(),
            shared: Shared::default(),
        }
    }

    pub(super) fn typical(&self, action: usize, kinds: &Kinds, place: Place<'_>) -> &[Vec<String>] {
        let find = || kinds.groups.iter().map(|group| place.of_group(group)).collect();
        self.typical.get(action).map_or(&[], |known| known.get_or_init(find))
    }

    /// Whether what an action takes, whatever policies name, may be a user or a role.
    pub(super) fn takes_identities(&self, action: usize, kinds: &Kinds, place: Place<'_>) -> bool {
        let find = || {
            let typical = self.typical(action, kinds, place);
            typical.iter().flatten().any(|resource| resource.contains(":iam:"))
        };
        self.takes_identities.get(action).is_some_and(|known| *known.get_or_init(find))
    }

    pub(super) fn policy(&self, policy: &Arc<Policy>) -> Arc<Indexed> {
        let mut known = self.policies.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known.entry(Arc::as_ptr(policy).addr()).or_insert_with(|| {
            let speaks_of_tags = tags::speaks_of_tags(policy);
            let (named, says, content) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
            Arc::new(Indexed { policy: policy.clone(), speaks_of_tags, named, says, content })
        });
        found.clone()
    }
}

impl Indexed {
    /// Whether it may allow an action on anything.
    pub(super) fn may(&self, action: usize) -> bool {
        self.policy.of_rules(&RULES.list).has(action)
    }

    /// What tells the policy from others, as a number among the words of its index: what is written in it, and where. What could not be read is like nothing
    /// else.
    pub(super) fn content(&self, number: impl FnOnce(String) -> u32) -> u32 {
        *self.content.get_or_init(|| {
            number(match self.policy.document() {
                Some(document) => format!("{document:?}"),
                None => format!("{:p}", Arc::as_ptr(&self.policy)),
            })
        })
    }

    /// Whether a statement may have an action. Cheaper than what it says of it.
    pub(super) fn may_speak_of(&self, action: usize) -> bool {
        self.policy.may_deny() || self.may(action)
    }

    pub(super) fn says(&self, action: usize) -> &Says {
        if !self.may_speak_of(action) {
            return &Says::Nothing;
        }
        let lower = RULES.lower.get(action);
        let known = self.says.get_or_init(for_each_action);
        let known = lower.and_then(|lower| Some((known.get(action)?, lower)));
        known.map_or(&Says::OfTheCaller, |(known, lower)| known.get_or_init(|| Says::of(&self.policy, lower)))
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
        let fixed = self.named.get_or_init(for_each_action).get(action)?.get_or_init(|| {
            let (named, is_fixed) = requests::named(&self.policy, name, kinds, place, context);
            is_fixed.then(|| named.into())
        });
        Some(match fixed {
            Some(named) => tell(named),
            None => tell(&requests::named(&attached.policy, name, kinds, place, context).0),
        })
    }
}
