//! What is remembered while the ways of an actor are looked for.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use super::attempt::Attempt;
use super::chain::{Hop, Kind, Member};
use super::gained::Gains;
use super::named::NamedPattern;
use super::objects::Object;
use super::shared::{Class, Objects};
use crate::layers::Attached;
use crate::request::Request;
use crate::statement::Statement;
use crate::truth::Truth;

/// What an action on a target is determined by: its place, that of the target, and for the passing of a role that of the service
/// and whether IAM sees that one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct OnTarget {
    pub(super) action: usize,
    pub(super) target: Member,
    pub(super) service: Option<(usize, bool)>,
}

/// A resource on which an action is worth evaluating, and how that comes out.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) resource: Box<str>,
    pub(super) attempt: OnceCell<Option<Arc<Attempt>>>,
}

impl Candidate {
    pub(super) fn new(resource: impl Into<Box<str>>) -> Self {
        Self { resource: resource.into(), attempt: OnceCell::new() }
    }
}

/// For each of what an action takes together.
pub(super) type Candidates = Rc<[Vec<Candidate>]>;

/// For another account than the actor's, if it is one, and an action.
pub(super) type KnownCandidates = Map<(Option<Box<str>>, usize), Candidates>;

/// For an action, and a place among what it takes together, the request about anything of the type, if it is allowed.
pub(super) type OnAny = Map<(usize, usize), Option<Arc<Attempt>>>;

/// Whose powers are measured, and whether that is with `AdministratorAccess`. `None`: the actor's own.
pub(super) type Measured = (bool, Option<Member>);

/// What the actor may do, by number.
pub(super) type Current = Vec<Option<Truth>>;

/// Places among the users, or the roles, in order. `None`: it may be any of them.
pub(super) type Reach = Option<Rc<[usize]>>;

/// What a statement names. `None`: it may be anything.
pub(super) type OfStatement<'m> = Option<Rc<[NamedPattern<'m>]>>;

/// What the actor's policies say of an action.
#[derive(Debug, Default)]
pub(super) struct OfAction<'m> {
    /// Patterns of which one matches whatever identity policies may allow it on. `None`: it may be anything.
    pub(super) named: Option<Box<[NamedPattern<'m>]>>,
    /// Allows that hang on nothing but what it is about, if nothing stands against them.
    pub(super) sure: OnceCell<Vec<&'m Statement>>,
    /// How it comes out on everything, if the policies distinguish nothing.
    pub(super) everywhere: OnceCell<Option<Truth>>,
}

/// With a fast hash: keys are looked up for every rule and target.
type Map<Key, Value> = std::collections::HashMap<Key, Value, ahash::RandomState>;

/// What was found for one actor.
#[derive(Default)]
pub(super) struct Memo<'m> {
    /// For each action, the identity policies that may allow it.
    pub(super) allowing: RefCell<Map<usize, Rc<[Attached]>>>,
    /// For each action, whether it was allowed on the last target.
    pub(super) likely: OnceCell<Box<[Cell<bool>]>>,
    pub(super) candidates: RefCell<KnownCandidates>,
    /// For an action, and a place among what it takes together, whether it is allowed on anything.
    pub(super) on_any: RefCell<OnAny>,
    /// For each service, the actor as one that passes a role to it.
    pub(super) passing: OnceCell<Box<[OnceCell<Request>]>>,
    /// As one that passes a role on.
    pub(super) passing_on: OnceCell<Request>,
    /// For each action, the users or the roles on which it may be allowed at all.
    pub(super) reach: RefCell<Map<(usize, Kind), Reach>>,
    /// By the numbers of actions.
    pub(super) of_actions: RefCell<Vec<Option<Rc<OfAction<'m>>>>>,
    /// What statements, by their addresses, name for the actor.
    pub(super) of_statements: RefCell<Map<usize, OfStatement<'m>>>,
    pub(super) on_targets: RefCell<Map<OnTarget, Arc<Attempt>>>,
    pub(super) rewritten: RefCell<Map<usize, Arc<Attempt>>>,
    pub(super) current: RefCell<Current>,
    pub(super) gains: RefCell<Map<Measured, Gains>>,
    /// What is gained from roles as they are, by their places.
    pub(super) gains_of_roles: RefCell<Map<usize, Gains>>,
    pub(super) own_hops: OnceCell<Vec<Hop>>,
    /// Objects of S3 that it may write, of those that its policies distinguish.
    pub(super) written: OnceCell<Vec<Object>>,
    /// For each role, what it reads of that, if others may find that too.
    pub(super) objects: OnceCell<Option<Objects>>,
    /// For each action, the actor's [class](super::shared) on whatever its policies name: many rules ask for it.
    pub(super) classes_for_anything: RefCell<Map<usize, Option<Class>>>,
    /// For each action, the actor's class, once it was looked for.
    pub(super) classes: RefCell<Map<usize, Option<Class>>>,
    /// What makes a class, put together for one after the other.
    pub(super) parts: Cell<Vec<u32>>,
    /// Numbers of the actor's policies as they are attached.
    pub(super) names: OnceCell<Box<[OnceCell<u32>]>>,
    /// Whether it may write an object.
    pub(super) writing: RefCell<Map<Box<str>, bool>>,
}
