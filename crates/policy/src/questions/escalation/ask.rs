//! The requests of an actor's ways, and how they come out.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use super::aims::Aim;
use super::rules::{Bind, RULES, Rule};
use super::sample::{self, Place};
use super::worth::{Measured, Now, Outcome};
use super::{Actor, EscalationMap, EscalationStep};
use crate::answer::Answer;
use crate::context::Key;
use crate::evaluate::{decide, evaluate, evaluate_resource_side};
use crate::layers::Layers;
use crate::request::{PrincipalKind, Request};
use crate::truth::Truth;

use super::gain::REWRITTEN;

/// Resources that patterns of several actions have in common, at most.
const MET: usize = 48;

/// Which policies a request meets beside those of the actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Meets {
    /// None.
    Own,
    /// The trust policy of the role at this place; `None` where the roles are not known.
    Trust(Option<usize>),
    /// The same, when the actor has written itself into it.
    Rewritten(Option<usize>),
    /// That of a role, and none of the actor: a service, of this place, or another makes the request.
    Visitor(usize, Option<usize>),
}

/// A request of a way with how it comes out.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) request: Request,
    pub(super) meets: Meets,
    pub(super) truth: Truth,
}

/// What one request is told by: action, resource, the policies it meets, the service or
/// the policy that it names.
pub(super) type Asked = (Box<str>, Box<str>, Meets, Option<Box<str>>);

/// An actor, prepared for asking.
pub(super) struct Asker<'m> {
    pub(super) map: &'m EscalationMap<'m>,
    pub(super) actor: &'m Actor<'m>,
    pub(super) place: Place<'m>,
    pub(super) start: Request,
    /// Changes to an identity without a boundary, and the attaching of `AdministratorAccess` to it.
    changing: Request,
    attaching: Request,
    administrator_access: String,
    /// For each identity policy, and each action of the rules, whether it may allow it on anything.
    may: Vec<Arc<[bool]>>,
    places: RefCell<HashMap<usize, Rc<[String]>>>,
    /// For each service, the actor as one that passes a role to it.
    passing: Vec<OnceCell<Request>>,
    passed: RefCell<HashMap<(bool, usize, usize), Call>>,
    pub(super) now: RefCell<Now>,
    pub(super) steps: RefCell<HashMap<Asked, Arc<EscalationStep>>>,
    pub(super) gains: RefCell<HashMap<Measured, Outcome>>,
}

impl<'m> Asker<'m> {
    pub(super) fn new(map: &'m EscalationMap<'m>, actor: &'m Actor<'m>) -> Self {
        let place = Place::of(actor.principal.name());
        let start = Request::new(actor.principal.clone(), "", "*", actor.context.clone());
        let administrator_access = format!("arn:{}:iam::aws:policy/AdministratorAccess", place.partition);
        let changing = start.clone().with_key("iam:PermissionsBoundary", Key::Absent);
        let attaching = changing.clone().with_key("iam:PolicyARN", known(&administrator_access));
        Self {
            may: actor.layers.identity.iter().map(|attached| map.may_allow(&attached.policy)).collect(),
            places: RefCell::default(),
            passing: RULES.services.iter().map(|_| OnceCell::new()).collect(),
            passed: RefCell::default(),
            now: RefCell::default(),
            steps: RefCell::default(),
            gains: RefCell::default(),
            map,
            actor,
            place,
            start,
            changing,
            attaching,
            administrator_access,
        }
    }

    pub(super) fn is_actor(&self, arn: &str) -> bool {
        self.actor.principal.name() == arn
    }

    pub(super) fn is_role(&self) -> bool {
        self.actor.principal.kind() == PrincipalKind::Role
    }

    /// The policies of whom a way is aimed at: the actor's own, if it is at none.
    pub(super) fn subject(&self, aim: &Aim<'m>) -> Layers<'m> {
        let role = aim.role.and_then(|index| self.map.roles.get(index)).map(|role| role.facts.layers);
        let user = aim.user.and_then(|index| self.map.users.get(index)).map(|user| user.facts.layers);
        role.or(user).unwrap_or(self.actor.layers)
    }

    /// Whether an identity policy may allow an action on anything. A role's trust policy may do so alone.
    pub(super) fn may(&self, action: usize) -> bool {
        let Some(lower) = RULES.lower.get(action) else { return false };
        lower == "sts:assumerole" || self.may.iter().any(|of| of.get(action).is_some_and(|may| *may))
    }

    /// The resource that an action is bound to; `None` where any may do.
    fn bound<'b>(&'b self, bind: Bind, aim: &'b Aim<'m>) -> Option<&'b str> {
        match bind {
            Bind::TargetRole => {
                aim.role.and_then(|index| self.map.roles.get(index)).map(|role| role.facts.arn)
            }
            Bind::TargetUser => {
                aim.user.and_then(|index| self.map.users.get(index)).map(|user| user.facts.arn)
            }
            Bind::TargetGroup | Bind::OwnGroup => aim.group,
            Bind::TargetPolicy | Bind::OwnPolicy => aim.policy,
            Bind::OwnUser | Bind::OwnRole => Some(self.actor.principal.name()),
            Bind::Provider => aim.provider,
            Bind::Somewhere => None,
        }
    }

    /// Asks for one action where it is bound to. `None`: it is bound to nothing that is known.
    pub(super) fn at(&self, rule: &Rule, action: usize, bind: Bind, aim: &Aim<'m>) -> Option<Call> {
        // The same role is passed to the same service by many rules.
        let key = match (bind, aim.role, aim.service) {
            (Bind::TargetRole, Some(index), Some((service, _))) => {
                (rule.passed_to_unconfirmed, index, service)
            }
            _ => return self.at_anew(rule, action, bind, aim),
        };
        if let Some(known) = self.passed.borrow().get(&key) {
            return Some(known.clone());
        }
        let call = self.at_anew(rule, action, bind, aim)?;
        self.passed.borrow_mut().insert(key, call.clone());
        Some(call)
    }

    fn at_anew(&self, rule: &Rule, action: usize, bind: Bind, aim: &Aim<'m>) -> Option<Call> {
        let name = RULES.actions.get(action)?;
        let meets = if name == "sts:AssumeRole" { Meets::Trust(aim.role) } else { Meets::Own };
        if matches!(meets, Meets::Trust(None)) {
            let nobody =
                format!("arn:{}:iam::{}:role/any-7c1f0d52", self.place.partition, self.place.account);
            return Some(self.call(&self.start, name, &nobody, Meets::Rewritten(None)));
        }
        let resource = self.bound(bind, aim)?;
        let base = self.base(rule, action, aim);
        Some(self.call(base.as_ref().unwrap_or(&self.start), name, resource, meets))
    }

    pub(super) fn call(&self, base: &Request, name: &str, resource: &str, meets: Meets) -> Call {
        let request = base.instead(name, resource);
        let truth = decide(&request, &self.layers(meets));
        Call { request, meets, truth }
    }

    /// The circumstances of an action on a target, where they are not the actor's alone.
    fn base(&self, rule: &Rule, action: usize, aim: &Aim<'m>) -> Option<Request> {
        let name = RULES.lower.get(action)?.strip_prefix("iam:")?;
        if name == "passrole" {
            let (service, _) = aim.service?;
            return Some(self.passing(service, rule.passed_to_unconfirmed));
        }
        if let "putuserpermissionsboundary" | "putrolepermissionsboundary" = name {
            let looser = known(&self.administrator_access);
            return Some(self.start.clone().with_key("iam:PermissionsBoundary", looser));
        }
        let changes = ["put", "attach", "delete", "detach"].iter().any(|verb| name.starts_with(verb));
        if !changes {
            return None;
        }
        let base = if name.starts_with("attach") { &self.attaching } else { &self.changing };
        let mut base = base.clone();
        if let Some(policy) = aim.policy.filter(|_| name.starts_with("detach")) {
            base = base.with_key("iam:PolicyARN", known(policy));
        }
        if let Some(boundary) = self.subject(aim).boundary {
            base = base.with_key("iam:PermissionsBoundary", known(&boundary.name));
        }
        Some(base)
    }

    /// A role is passed to a service. Where it is passed on by another, which of them IAM sees is not confirmed.
    pub(super) fn passing(&self, service: usize, unconfirmed: bool) -> Request {
        let passing = |state| self.start.clone().with_key("iam:PassedToService", state);
        match (RULES.services.get(service), self.passing.get(service)) {
            (Some(service), Some(cell)) if !unconfirmed => {
                cell.get_or_init(|| passing(known(&service.name))).clone()
            }
            _ => passing(Key::Environment),
        }
    }

    /// Asks for actions of one service that are bound to nothing: on one resource for all, or, if there is none, each
    /// where it comes out best, unless those are resources of one type. Empty: one of them is denied everywhere.
    pub(super) fn anywhere(&self, actions: &[usize]) -> Vec<Call> {
        let mut best: Vec<Call> = Vec::new();
        let least = |calls: &[Call]| calls.iter().map(|call| call.truth).min().unwrap_or(Truth::False);
        let named: Vec<Rc<[String]>> = actions.iter().map(|action| self.places(*action)).collect();
        let met = named.iter().flat_map(|names| names.iter()).flat_map(|one| {
            let others = named.iter().flat_map(|names| names.iter()).take(MET);
            others.filter_map(move |two| sample::meet(one, two))
        });
        let all = named.iter().flat_map(|names| names.iter().cloned());
        for resource in all.chain(met.take(MET)) {
            let calls: Vec<Call> = actions.iter().map_while(|action| self.on(*action, &resource)).collect();
            if calls.len() == actions.len() && (best.is_empty() || least(&calls) > least(&best)) {
                best = calls;
            }
            if least(&best) == Truth::True {
                return best;
            }
        }
        let mut apart: Vec<Call> = Vec::new();
        for action in actions {
            let calls = self.places(*action);
            let calls = calls.iter().filter_map(|place| self.on(*action, place));
            let Some(call) = calls.max_by_key(|call| call.truth) else { return best };
            if apart.iter().any(|other| same_type(other.request.resource(), call.request.resource())) {
                return best;
            }
            apart.push(call);
        }
        if least(&apart) > least(&best) { apart } else { best }
    }

    fn on(&self, action: usize, resource: &str) -> Option<Call> {
        let call = self.call(&self.start, RULES.actions.get(action)?, resource, Meets::Own);
        (call.truth != Truth::False && !self.is_actor(resource)).then_some(call)
    }

    fn places(&self, action: usize) -> Rc<[String]> {
        let find = || {
            let policies = sample::policies(&self.actor.layers);
            let action = RULES.lower.get(action).map_or("", String::as_str);
            sample::places(policies, action, self.place, self.start.context()).into()
        };
        self.places.borrow_mut().entry(action).or_insert_with(find).clone()
    }

    fn layers(&self, meets: Meets) -> Layers<'m> {
        let own = Layers { resource: &[], ..self.actor.layers };
        let role = |index: Option<usize>| index.and_then(|index| self.map.roles.get(index));
        match meets {
            Meets::Own => own,
            Meets::Trust(index) | Meets::Rewritten(index) => {
                let role = role(index).map(|role| role.facts.layers).unwrap_or_default();
                let rewritten = matches!(meets, Meets::Rewritten(_));
                let resource = if rewritten { REWRITTEN.as_slice() } else { role.resource };
                Layers { resource, resource_control: role.resource_control, ..own }
            }
            Meets::Visitor(index, _) => role(Some(index)).map(|role| role.facts.layers).unwrap_or_default(),
        }
    }

    /// The whole answer to a request.
    pub(super) fn answer(&self, call: &Call) -> Answer {
        let layers = self.layers(call.meets);
        match call.meets {
            Meets::Visitor(..) => evaluate_resource_side(&call.request, &layers),
            _ => evaluate(&call.request, &layers),
        }
    }
}

fn known(value: &str) -> Key {
    Key::Known { values: [value.into()].into(), multivalued: false }
}

/// Whether two ARNs are of one type of one service.
fn same_type(one: &str, two: &str) -> bool {
    fn kind(arn: &str) -> Option<(&str, &str)> {
        let resource = arn.splitn(6, ':').nth(5)?;
        let service = arn.split(':').nth(2)?;
        Some((service, resource.split_once(['/', ':']).map_or("", |(kind, _)| kind)))
    }
    kind(one).is_some_and(|of| kind(two) == Some(of))
}
