//! What is found for one principal of an account and is the same for others, so that it is found once.
//!
//! How an action comes out hangs on the statements that may have it, in every layer, on what their conditions look at, and on
//! what kind of principal asks. What is the same of all that puts principals into one *class* for that action, whatever else
//! their policies say. Answers that hang on nothing but the classes of their actions are remembered by these: on which resources
//! actions that are bound to nothing are allowed, which other accounts policies name for them, and which objects a role reads that
//! the principal writes. Nobody has a class
//! of whom a statement says something of its own: by a policy variable in a resource, or an RCP that denies. Nor has anybody where
//! conditions speak of tags of the target, since other actions may set these, or where an answer may be about the principal
//! itself as a target.
//!
//! The memory is bounded: beyond [`MOST`] answers nothing more is kept.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::attempt::{Attempt, Unrestricted};

/// Answers of one kind that are kept.
pub(super) const MOST: usize = 4096;
/// Roles of which it is kept what they read of what a class writes, in all classes together.
pub(super) const MOST_READERS: usize = 100_000;

/// A class by its number.
pub(super) type Class = u32;

/// Accounts of others that policies name.
pub(super) type Accounts = Arc<[Box<str>]>;

/// For each role, the object that it reads of what someone writes.
pub(super) type Objects = Arc<[OnceLock<Option<Arc<str>>>]>;

type Map<Key, Value> = Mutex<HashMap<Key, Value, ahash::RandomState>>;

/// What is remembered for the principals of one account.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// Numbers of policies as they are attached, and of what is known of condition keys.
    pub(super) words: Map<Box<str>, u32>,
    pub(super) classes: Map<Box<[u32]>, Class>,
    pub(super) unrestricted: Map<Box<[Class]>, Option<Arc<Unrestricted>>>,
    pub(super) accounts: Map<Box<[Class]>, Accounts>,
    pub(super) objects: Map<Class, Objects>,
    /// By object.
    pub(super) writing: Map<(Class, Arc<str>), Option<Arc<Attempt>>>,
}

/// The number of what is in a map, which is put into it if it is not.
pub(super) fn number<Key: Eq + Hash>(numbers: &Map<Key, u32>, key: Key) -> u32 {
    let mut numbers = numbers.lock().unwrap_or_else(PoisonError::into_inner);
    let next = numbers.len() as u32;
    *numbers.entry(key).or_insert(next)
}

/// What is remembered, or is found and remembered. Nothing is locked while it is found.
pub(super) fn remembered<Key: Eq + Hash, Value: Clone>(
    known: &Map<Key, Value>,
    most: usize,
    key: Key,
    find: impl FnOnce() -> Value,
) -> Value {
    let lock = || known.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = lock().get(&key) {
        return known.clone();
    }
    let found = find();
    let mut known = lock();
    if known.len() < most {
        known.insert(key, found.clone());
    }
    found
}
