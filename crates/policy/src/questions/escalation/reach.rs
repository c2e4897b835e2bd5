//! What the actor's policies say of an action by a look at what they name, so that most resources need no question.

use std::rc::Rc;

use super::actor::Evaluator;
use super::attempt::PolicyContext;
use super::chain::{Kind, Member};
use super::memo::{OfAction, Reach};
use super::named::{Patterns, may_be_named, may_have, may_meet, of_statement};
use super::rules::{ASSUME, Bind, Need, RULES};
use super::samples::{self, Sample};
use super::sure;
use crate::layers::Attached;
use crate::statement::{Effect, Statement};
use crate::truth::Truth;

impl<'m> Evaluator<'m> {
    /// The users, or the roles, on which all actions that are bound to one of them may be allowed.
    pub(super) fn reach(&self, needs: &[Need], kind: Kind) -> Reach {
        if !self.prunes {
            return None;
        }
        let bind = if kind == Kind::User { Bind::TargetUser } else { Bind::TargetRole };
        let bound = needs.iter().filter(|need| need.bind == bind);
        let mut reach: Reach = None;
        for of_action in bound.filter_map(|need| self.reach_of(need.action, kind)) {
            reach = Some(match reach {
                Some(known) => {
                    known.iter().copied().filter(|place| of_action.binary_search(place).is_ok()).collect()
                }
                None => of_action,
            });
        }
        reach
    }

    fn reach_of(&self, action: usize, kind: Kind) -> Reach {
        let find = || {
            let lower = RULES.lower.get(action)?;
            if lower == ASSUME {
                let roles = self.map.admitting.may_admit(self.actor.principal, &self.actor.layers);
                return Some(roles.into());
            }
            self.named(action, lower, kind)
        };
        self.memo.reach.borrow_mut().entry((action, kind)).or_insert_with(find).clone()
    }

    /// Those that the statements name which may allow an action. Nothing but an identity policy allows anything on them.
    fn named(&self, action: usize, lower: &str, kind: Kind) -> Reach {
        let of_action = self.of_action(action, lower);
        let mut places: Vec<usize> = Vec::new();
        for pattern in of_action.named.as_deref()? {
            let fits = |place: &usize| {
                let arn = self.map.arn_of(kind.at(*place));
                arn.is_some_and(|arn| pattern.matches(arn, self.start.context()) != Truth::False)
            };
            match pattern.only_resource() {
                Some(resource) => {
                    places.extend(self.map.by_resource(kind, resource).iter().copied().filter(fits));
                }
                None => places.extend((0..self.map.count(kind)).filter(fits)),
            }
        }
        places.sort_unstable();
        places.dedup();
        Some(places.into())
    }

    /// How an action of the actor's own comes out on a user or a role of its account, if its policies do not distinguish these.
    pub(super) fn everywhere_on(&self, action: usize, member: Member) -> Option<Truth> {
        let lower = RULES.lower.get(action)?;
        let resource = self.map.arn_of(member)?;
        let truth = self
            .is_plain(lower, resource)
            .then(|| self.everywhere(lower, &self.of_action(action, lower)))??;
        matches!(truth, Truth::True | Truth::False).then_some(truth)
    }

    /// How a sample of the actor's account comes out for the actor, if a look at what its policies name decides it.
    pub(super) fn at_a_glance(&self, sample: &Sample) -> Option<Truth> {
        (self.prunes && sample.is_plain(self.place)).then_some(())?;
        let of_action = self.of_action(self.map.numbers.of_action(sample), sample.lower());
        // Where policies distinguish nothing, what they do not name comes out the same: denied.
        if let Some(Some(everywhere)) = of_action.everywhere.get() {
            return Some(*everywhere);
        }
        let (lower, resource) = (sample.lower(), &*sample.resource);
        if !may_have(of_action.named.as_deref(), resource, self.start.context()) {
            return Some(Truth::False);
        }
        self.everywhere(lower, &of_action).or_else(|| {
            let allowing = self.sure(lower, &of_action);
            sure::has(allowing, resource, self.start.context()).then_some(Truth::True)
        })
    }

    /// Allows of the identity that hang on nothing but what an action is about, if nothing stands against them.
    fn sure<'o>(&self, lower: &str, of_action: &'o OfAction<'m>) -> &'o [&'m Statement] {
        of_action.sure.get_or_init(|| sure::allowing(self.actor.principal, &self.actor.layers, lower))
    }

    /// Whether identity policies may allow an action of the rules on a resource at all. Not asked about what other policies
    /// may allow too.
    pub(super) fn may_name(&self, action: usize, resource: &str) -> bool {
        RULES.lower.get(action).is_some_and(|lower| {
            let may_have = |of: &OfAction| may_have(of.named.as_deref(), resource, self.start.context());
            !self.is_plain(lower, resource) || may_have(&self.of_action(action, lower))
        })
    }

    /// Whether there may be a resource that one of these patterns matches, and on which identity policies may allow an action
    /// of the rules.
    pub(super) fn may_meet(&self, action: usize, patterns: Patterns<'_>) -> bool {
        let lower = RULES.lower.get(action);
        lower.is_some_and(|lower| may_meet(self.of_action(action, lower).named.as_deref(), patterns))
    }

    /// Whether nothing but policies of the actor's account decides on an action on a resource.
    fn is_plain(&self, lower: &str, resource: &str) -> bool {
        self.prunes && samples::is_plain(self.place, lower, resource)
    }

    /// `action`: its [number](super::powers::Numbers::of_action).
    fn of_action(&self, action: usize, lower: &str) -> Rc<OfAction<'m>> {
        if let Some(Some(known)) = self.memo.of_actions.borrow().get(action) {
            return known.clone();
        }
        // The same statements have many actions.
        let of_caller = |statement: &'m Statement| {
            let mut known = self.memo.of_statements.borrow_mut();
            let find = || of_statement(statement, self.start.context());
            known.entry(std::ptr::from_ref(statement).addr()).or_insert_with(find).clone()
        };
        // Of the actions of the rules it is known which policies may allow them.
        let may = |attached: &&Attached| action >= RULES.lower.len() || RULES.may_allow(attached, action);
        let named = may_be_named(self.actor.layers.identity.iter().filter(may), lower, of_caller);
        let found = Rc::new(OfAction { named, ..OfAction::default() });
        let mut all = self.memo.of_actions.borrow_mut();
        if all.len() <= action {
            all.resize(action + 1, None);
        }
        if let Some(place) = all.get_mut(action) {
            *place = Some(found.clone());
        }
        found
    }

    fn everywhere(&self, lower: &str, of_action: &OfAction<'m>) -> Option<Truth> {
        *of_action.everywhere.get_or_init(|| {
            if self.sure(lower, of_action).iter().any(|one| one.is_about_everything()) {
                return Some(Truth::True);
            }
            self.are_about_everything(lower).then(|| {
                let service = lower.split(':').next().unwrap_or_default();
                let any =
                    format!("arn:{}:{service}::{}:any-7c1f0d52", self.place.partition, self.place.account);
                self.attempt(&self.start, lower, &any, PolicyContext::Own).truth
            })
        })
    }

    /// Whether the actor's policies say the same of an action on every resource.
    fn are_about_everything(&self, lower: &str) -> bool {
        let layers = &self.actor.layers;
        let boundary = layers.boundary.map_or(&[][..], std::slice::from_ref);
        let levels = layers.service_control.levels().unwrap_or_default().iter();
        let mut groups = levels.map(|level| &level.policies[..]).chain([
            layers.identity,
            boundary,
            layers.session.unwrap_or_default(),
        ]);
        let levels = layers.resource_control.levels().unwrap_or_default().iter();
        let control =
            levels.flat_map(|level| &level.policies).flat_map(|attached| attached.policy.statements());
        let mut denying = control.filter(|statement| statement.effect() != Effect::Allow);
        layers.endpoint.is_none()
            && groups.all(|policies| is_about_everything(policies, lower))
            && !denying.any(|statement| statement.may_have_action(lower))
    }
}

/// Whether policies that allow together say the same of an action on every resource: those of their statements do so that
/// may have it, or one allows it everywhere, beside which no other Allow counts.
fn is_about_everything(policies: &[Attached], lower: &str) -> bool {
    let statements = || policies.iter().flat_map(|attached| attached.policy.statements());
    let is_allowed = statements().any(|one| one.surely_allows_everywhere(lower));
    statements()
        .filter(|one| one.may_have_action(lower))
        .all(|one| one.is_about_everything() || (is_allowed && one.effect() == Effect::Allow))
}
