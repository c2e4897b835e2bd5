//! An actor, prepared for looking for its ways: what is the same for all of them.

use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;

use super::attempt::PolicyContext;
use super::chain::{Kind, Member};
use super::index::{Index, Indexed};
use super::inventory::Actor;
use super::map::EscalationMap;
use super::memo::Memo;
use super::powers::{DelegatingOwner, REWRITTEN};
use super::rules::{Alternative, RULES};
use super::tags::{self, Tags};
use crate::action_set::ActionSet;
use crate::context::Key;
use crate::layers::{Attached, Layers};
use crate::questions::administrator::making_administrators;
use crate::questions::requests::{self, Place};
use crate::request::{PrincipalKind, Request};

/// An actor, prepared for asking.
pub(super) struct Evaluator<'m> {
    pub(super) map: &'m EscalationMap<'m>,
    pub(super) actor: &'m Actor<'m>,
    pub(super) place: Place<'m>,
    pub(super) start: Request,
    sampled: OnceCell<Request>,
    changing: OnceCell<Request>,
    attaching: OnceCell<[Request; 2]>,
    /// For each action of the rules, whether an identity policy may allow it on anything.
    may: ActionSet,
    pub(super) index: Arc<Index>,
    /// Every policy that allows or limits, the identity's first.
    pub(super) policies: Vec<(&'m Attached, Arc<Indexed>)>,
    /// Tags of targets of which conditions speak.
    pub(super) tags: Tags,
    pub(super) owner: DelegatingOwner,
    /// The actor's places among the roles, and among the users.
    own_places: [Vec<usize>; 2],
    /// Only what leads into other accounts counts.
    pub(super) abroad: bool,
    /// See [`Numbers`](super::powers::Numbers::prunes).
    pub(super) prunes: bool,
    pub(super) memo: Memo<'m>,
}

impl<'m> Evaluator<'m> {
    pub(super) fn new(map: &'m EscalationMap<'m>, actor: &'m Actor<'m>) -> Self {
        let place = Place::of(actor.principal.name());
        let start = Request::new(actor.principal.clone(), "", "*", actor.context.clone());
        // Most of what is asked about belongs to the account, and needs no other context then.
        let start = start.owned_by(place.account).supposing_own();
        let index = map.index(place);
        let indexed = requests::policies(&actor.layers).into_iter();
        let policies: Vec<_> = indexed.map(|attached| (attached, index.policy(&attached.policy))).collect();
        let with_tags =
            policies.iter().filter(|(_, indexed)| indexed.speaks_of_tags).map(|(attached, _)| *attached);
        let tags = tags::spoken_of(with_tags.chain(map.with_tags.iter().copied()), start.context());
        Self {
            tags,
            may: RULES.allowed_by(actor.layers.identity),
            index,
            policies,
            owner: DelegatingOwner::new(place.account),
            own_places: [Kind::Role, Kind::User].map(|kind| map.places_of(kind, actor.principal.name())),
            abroad: false,
            prunes: map.numbers.prunes,
            memo: Memo::default(),
            map,
            actor,
            place,
            start,
            sampled: OnceCell::new(),
            changing: OnceCell::new(),
            attaching: OnceCell::new(),
        }
    }

    /// The actor, as one that asks about resources of which nothing is known.
    pub(super) fn sampled(&self) -> &Request {
        self.sampled.get_or_init(|| {
            let Actor { principal, context, .. } = self.actor;
            let sampled = Request::new((*principal).clone(), "", "*", tags::open(context.clone()));
            sampled.owned_by(self.place.account).supposing_own()
        })
    }

    /// Changes to an identity without a boundary.
    pub(super) fn changing(&self) -> &Request {
        self.changing.get_or_init(|| self.start.clone().with_key("iam:PermissionsBoundary", Key::Absent))
    }

    /// The attaching to it of each policy that makes an administrator.
    pub(super) fn attaching(&self) -> &[Request; 2] {
        self.attaching.get_or_init(|| {
            making_administrators(self.place.partition)
                .map(|arn| self.changing().clone().with_key("iam:PolicyARN", known_value(&arn)))
        })
    }

    pub(super) fn is_actor(&self, arn: &str) -> bool {
        self.actor.principal.name() == arn
    }

    /// The same for a place among the roles or the users. Asked of all of them for each rule.
    pub(super) fn is_at(&self, member: Member) -> bool {
        let [roles, users] = &self.own_places;
        match member {
            Member::Role(place) => roles.contains(&place),
            Member::User(place) => users.contains(&place),
        }
    }

    pub(super) fn is_role(&self) -> bool {
        self.actor.principal.kind() == PrincipalKind::Role
    }

    /// Whether policies may allow all actions of an alternative, each on anything. A role's trust policy may do so alone.
    pub(super) fn may(&self, alternative: &Alternative) -> bool {
        self.may.has_all(&alternative.of_identity)
    }

    /// The identity policies that may allow an action on anything.
    pub(super) fn allowing(&self, action: usize) -> Rc<[Attached]> {
        let find = || {
            let identity = self.policies.iter().take(self.actor.layers.identity.len());
            let may = identity.filter(|(_, indexed)| indexed.may(action));
            may.map(|(attached, _)| (*attached).clone()).collect()
        };
        self.memo.allowing.borrow_mut().entry(action).or_insert_with(find).clone()
    }

    /// A role is passed to a service. Where it is passed on by another, which of them IAM sees is not confirmed.
    pub(super) fn passing(&self, service: usize, unconfirmed: bool) -> &Request {
        let passing = |state| self.start.clone().with_key("iam:PassedToService", state);
        let known = || RULES.services.iter().map(|_| OnceCell::new()).collect();
        match (RULES.services.get(service), self.memo.passing.get_or_init(known).get(service)) {
            (Some(service), Some(cell)) if !unconfirmed => {
                cell.get_or_init(|| passing(known_value(&service.name)))
            }
            _ => self.memo.passing_on.get_or_init(|| passing(Key::Environment)),
        }
    }

    pub(super) fn layers<'s>(&'s self, policy_context: PolicyContext) -> Layers<'s>
    where
        'm: 's,
    {
        let own = Layers { resource: &[], ..self.actor.layers };
        let role = |index: Option<usize>| index.and_then(|index| self.map.roles.get(index));
        match policy_context {
            PolicyContext::Own => own,
            PolicyContext::DelegatingOwner => {
                Layers { resource: self.owner.policy().map_or(&[], std::slice::from_ref), ..own }
            }
            PolicyContext::Foreign(index) => {
                let resource_control = role(index).map(|role| role.facts.layers.resource_control);
                let resource_control = resource_control.unwrap_or_default();
                Layers { resource_control, ..self.layers(PolicyContext::DelegatingOwner) }
            }
            PolicyContext::Trust(index) | PolicyContext::Rewritten(index) => {
                let role = role(index).map(|role| role.facts.layers).unwrap_or_default();
                let rewritten = matches!(policy_context, PolicyContext::Rewritten(_));
                let resource = if rewritten { REWRITTEN.as_slice() } else { role.resource };
                Layers { resource, resource_control: role.resource_control, ..own }
            }
            PolicyContext::Visitor(index, _) => {
                role(Some(index)).map(|role| role.facts.layers).unwrap_or_default()
            }
            PolicyContext::Hop(by, index) => match (self.map.member(by), role(Some(index))) {
                (Some((_, layers)), Some(role)) => role.assumed_by(layers),
                _ => Layers::default(),
            },
        }
    }
}

pub(super) fn known_value(value: &str) -> Key {
    Key::Known { values: [value.into()].into(), multivalued: false }
}
