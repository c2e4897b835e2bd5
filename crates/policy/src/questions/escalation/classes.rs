//! The actor's [classes](super::shared), and what is remembered by them.

use std::cell::OnceCell;
use std::sync::{Arc, OnceLock};

use super::actor::Evaluator;
use super::attempt::{Attempt, Unrestricted};
use super::index::{Indexed, Says};
use super::inventory::Actor;
use super::rules::RULES;
use super::shared::{Accounts, Class, Classes, MOST, MOST_READERS, Objects, number, remembered};
use crate::layers::{Attached, Layers};
use crate::statement::Effect;

/// What is between the layers in what makes a class. Numbers of policies stay below.
const LAYER: u32 = u32::MAX;

impl Evaluator<'_> {
    /// The actions that are bound to nothing, as they come out for everyone of the actor's classes.
    pub(super) fn shared_unrestricted(
        &self,
        actions: &[usize],
        find: impl FnOnce() -> Option<Arc<Unrestricted>>,
    ) -> Option<Arc<Unrestricted>> {
        match self.classes_for_anything(actions.iter().copied()) {
            Some(classes) => remembered(&self.index.shared.unrestricted, MOST, &*classes, find),
            None => find(),
        }
    }

    /// The accounts that policies name for actions: they hang on nothing but what the statements name that may have one of
    /// these, which is in the classes.
    pub(super) fn shared_accounts(
        &self,
        actions: impl Iterator<Item = usize>,
        find: impl FnOnce() -> Accounts,
    ) -> Accounts {
        match self.classes_for_anything(actions) {
            Some(classes) => remembered(&self.index.shared.accounts, MOST, &*classes, find),
            None => find(),
        }
    }

    fn classes_for_anything(&self, actions: impl Iterator<Item = usize>) -> Option<Classes> {
        actions.map(|action| self.class_for_anything(action)).collect()
    }

    /// The objects that roles read of what everyone of the actor's class writes.
    pub(super) fn shared_objects(&self, write: usize) -> Option<&Objects> {
        let find = || {
            let class = self.class_for_anything(write)?;
            let roles = self.map.roles.len();
            let none = || (0..roles).map(|_| OnceLock::new()).collect();
            Some(remembered(&self.index.shared.objects, MOST_READERS / roles.max(1), &[class][..], none))
        };
        self.memo.objects.get_or_init(find).as_ref()
    }

    /// The writing of an object, by everyone of the actor's class.
    pub(super) fn shared_writing(
        &self,
        write: usize,
        object: &Arc<str>,
        find: impl FnOnce() -> Option<Arc<Attempt>>,
    ) -> Option<Arc<Attempt>> {
        match self.class(write) {
            Some(class) => {
                let wanted = [&class.to_le_bytes(), object.as_bytes()].concat();
                remembered(&self.index.shared.writing, MOST, &*wanted, find)
            }
            None => find(),
        }
    }

    /// The actor's class for an action on whatever its policies name: none where that may be a user or a role, such as itself.
    fn class_for_anything(&self, action: usize) -> Option<Class> {
        if let Some(known) = self.memo.classes_for_anything.borrow().get(&action) {
            return *known;
        }
        let found = self.find_class_for_anything(action);
        self.memo.classes_for_anything.borrow_mut().insert(action, found);
        found
    }

    fn find_class_for_anything(&self, action: usize) -> Option<Class> {
        let lower = RULES.lower.get(action)?;
        let is_of_identities = lower.starts_with("iam:") || lower.starts_with("sts:");
        let kinds = RULES.kinds.get(action).and_then(Option::as_ref);
        let may_be_identity = || {
            kinds.is_some_and(|kinds| self.index.takes_identities(action, kinds, self.place))
                || self.policies.iter().any(|(_, indexed)| indexed.says(action).names_identities())
        };
        if is_of_identities || may_be_identity() { None } else { self.class(action) }
    }

    /// The actor's class for an action, if it has one.
    fn class(&self, action: usize) -> Option<Class> {
        if !self.map.shares || self.abroad || !self.tags.is_empty() || self.actor.layers.endpoint.is_some() {
            return None;
        }
        if let Some(known) = self.memo.classes.borrow().get(&action) {
            return *known;
        }
        let found = self.find_class(action);
        self.memo.classes.borrow_mut().insert(action, found);
        found
    }

    fn find_class(&self, action: usize) -> Option<Class> {
        if self.may_be_denied_by_resource_control(action) {
            return None;
        }
        let mut parts = self.memo.parts.take();
        parts.clear();
        let class = self.add_parts(action, &mut parts);
        let class = class.map(|()| number(&self.index.shared.classes, &parts));
        self.memo.parts.replace(parts);
        class
    }

    /// What makes the class. `None`: something is of the actor's own.
    fn add_parts(&self, action: usize, parts: &mut Vec<u32>) -> Option<()> {
        let Actor { principal, layers, .. } = self.actor;
        let Layers { identity, boundary, session, service_control, .. } = *layers;
        parts.extend([action as u32, principal.kind() as u32, u32::from(principal.is_service_linked())]);
        let limits = [boundary.is_some(), session.is_some(), service_control.levels().is_some()];
        parts.extend(limits.map(u32::from));
        let levels = service_control.levels().unwrap_or_default().iter();
        let sizes = [identity.len(), usize::from(boundary.is_some()), session.unwrap_or_default().len()];
        let mut places = 0..self.policies.len();
        for size in sizes.into_iter().chain(levels.map(|level| level.policies.len())) {
            parts.push(LAYER);
            for place in places.by_ref().take(size) {
                self.add_policy(action, place, parts)?;
            }
        }
        Some(())
    }

    /// What a policy, by its place among all of them, adds to the class. `None`: it says something of the actor's own.
    fn add_policy(&self, action: usize, place: usize, parts: &mut Vec<u32>) -> Option<()> {
        let (attached, indexed) = self.policies.get(place)?;
        match indexed.says(action) {
            Says::Nothing => {}
            Says::OfTheCaller => return None,
            Says::Something { keys, .. } => {
                let names =
                    self.memo.names.get_or_init(|| self.policies.iter().map(|_| OnceCell::new()).collect());
                parts.push(*names.get(place)?.get_or_init(|| self.name_of(attached, indexed)));
                let context = self.start.context();
                parts.extend(keys.iter().map(|key| {
                    let state = (context.get_lower(key), context.is_said_to_have(key));
                    number(&self.index.shared.words, format!("{key}\n{state:?}").as_bytes())
                }));
            }
        }
        Some(())
    }

    /// The number of a policy as it is attached: steps cite it by all of this.
    fn name_of(&self, attached: &Attached, indexed: &Indexed) -> u32 {
        let words = &self.index.shared.words;
        let content = indexed.content(|content| number(words, content.as_bytes()));
        let mut text = content.to_le_bytes().to_vec();
        let parts = [Some(&attached.name), attached.version.as_ref(), attached.group.as_ref()];
        for part in parts {
            // The length tells where it ends, and that there is none from an empty one.
            let length = part.map_or(u64::MAX, |part| part.len() as u64);
            text.extend(length.to_le_bytes());
            text.extend(part.map_or(&[][..], |part| part.as_bytes()));
        }
        number(words, &text)
    }

    /// RCPs may speak of who asks in ways of their own. What one allows is never needed.
    fn may_be_denied_by_resource_control(&self, action: usize) -> bool {
        let levels = self.actor.layers.resource_control.levels().unwrap_or_default().iter();
        let policies = levels.flat_map(|level| &level.policies);
        let mut statements = policies.flat_map(|attached| attached.policy.statements());
        let Some(lower) = RULES.lower.get(action) else { return true };
        statements.any(|statement| statement.effect() != Effect::Allow && statement.may_have_action(lower))
    }
}
