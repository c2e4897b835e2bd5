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

use std::borrow::Borrow;
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

/// Those of several actions.
pub(super) type Classes = Box<[Class]>;

/// Accounts of others that policies name.
pub(super) type Accounts = Arc<[Box<str>]>;

/// For each role, the object that it reads of what someone writes.
pub(super) type Objects = Arc<[OnceLock<Option<Arc<str>>>]>;

type Map<Key, Value> = Mutex<HashMap<Key, Value, ahash::RandomState>>;

/// What is remembered for the principals of one account.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// Numbers of what policies say, of policies as they are attached, and of what is known of condition keys.
    pub(super) words: Map<Box<[u8]>, u32>,
    pub(super) classes: Map<Box<[u32]>, Class>,
    pub(super) unrestricted: Map<Classes, Option<Arc<Unrestricted>>>,
    pub(super) accounts: Map<Classes, Accounts>,
    pub(super) objects: Map<Classes, Objects>,
    /// By class and object.
    pub(super) writing: Map<Box<[u8]>, Option<Arc<Attempt>>>,
}

/// The number of what is in a map, which is put into it if it is not.
pub(super) fn number<Part: Clone + Eq + Hash>(numbers: &Map<Box<[Part]>, u32>, key: &[Part]) -> u32 {
    let mut numbers = numbers.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = numbers.get(key) {
        return *known;
    }
    let next = numbers.len() as u32;
    numbers.insert(key.into(), next);
    next
}

/// What is remembered, or is found and remembered. Nothing is locked while it is found.
pub(super) fn remembered<Key, Wanted, Value: Clone>(
    known: &Map<Key, Value>,
    most: usize,
    wanted: &Wanted,
    find: impl FnOnce() -> Value,
) -> Value
where
    Key: Eq + Hash + Borrow<Wanted> + for<'w> From<&'w Wanted>,
    Wanted: Eq + Hash + ?Sized,
{
    let lock = || known.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = lock().get(wanted) {
        return known.clone();
    }
    let found = find();
    let mut known = lock();
    if known.len() < most {
        known.insert(wanted.into(), found.clone());
    }
    found
}
