//! The requests of an actor's ways, and how they come out.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use super::aims::Aim;
use super::gain::{REWRITTEN, Willing};
use super::rules::{Bind, RULES, Rule};
use super::sample::{self, Place};
use super::worth::{Measured, Now, Outcome};
use super::{Actor, EscalationMap, EscalationStep};
use crate::answer::Answer;
use crate::context::Key;
use crate::evaluate::{decide, evaluate, evaluate_resource_side};
use crate::layers::Layers;
use crate::questions::kind::Group;
use crate::request::{PrincipalKind, Request, ResourceKind};
use crate::truth::Truth;

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
    /// That of an owner who leaves it to the account.
    Willing,
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

/// How actions that are bound to nothing come out.
#[derive(Clone, Debug, Default)]
pub(super) struct Anywhere {
    /// One for each action and each of what it takes together.
    pub(super) calls: Vec<Call>,
    /// What is allowed of an action on some of what it takes together, and not on the rest.
    pub(super) lacking: Vec<String>,
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
    places: RefCell<HashMap<usize, Rc<[Vec<String>]>>>,
    pub(super) willing: Willing,
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
            willing: Willing::new(place.account),
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
        let is_bounded = RULES.bounded.get(action) == Some(&true);
        if let Some(boundary) = self.subject(aim).boundary.filter(|_| is_bounded) {
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

    /// Asks for actions of one service that are bound to nothing: what they take of one type must be one resource. `None`:
    /// one of them is denied everywhere.
    pub(super) fn anywhere(&self, actions: &[usize]) -> Option<Anywhere> {
        let mut found = Anywhere::default();
        let kinds = |action: usize| RULES.kinds.get(action)?.as_ref();
        let unlisted: Vec<usize> =
            actions.iter().copied().filter(|action| kinds(*action).is_none()).collect();
        if !unlisted.is_empty() {
            found.calls = self.of_any_kind(&unlisted)?;
        }
        let mut slots: Vec<(&Group, Vec<(usize, usize)>)> = Vec::new();
        for action in actions {
            for (place, group) in kinds(*action).into_iter().flat_map(|kinds| kinds.groups.iter().enumerate())
            {
                match slots.iter_mut().find(|(slot, _)| slot.is(group)) {
                    Some((_, sharing)) => sharing.push((*action, place)),
                    None => slots.push((group, vec![(*action, place)])),
                }
            }
        }
        let mut without = Vec::new();
        for (group, sharing) in slots {
            match self.on_one(group, &sharing) {
                Some(calls) => found.calls.extend(calls),
                None => without.push((group, sharing)),
            }
        }
        for action in actions.iter().filter_map(|action| RULES.actions.get(*action)) {
            if !found.calls.iter().any(|call| call.request.action() == action) {
                return None;
            }
        }
        for (group, sharing) in without {
            let kinds: Vec<&str> = group.kinds.iter().map(|kind| kind.name).collect();
            let actions = sharing.iter().filter_map(|(action, _)| RULES.actions.get(*action));
            found.lacking.extend(
                actions.map(|action| format!("whether {action} can do without {}", kinds.join(", "))),
            );
        }
        Some(found)
    }

    /// On the resource of a group on which they come out best.
    fn on_one(&self, group: &Group, sharing: &[(usize, usize)]) -> Option<Vec<Call>> {
        let mut best: Option<(Truth, Vec<Call>)> = None;
        let named: Vec<Rc<[Vec<String>]>> = sharing.iter().map(|(action, _)| self.places(*action)).collect();
        let of_group = || named.iter().zip(sharing).filter_map(|(of, (_, place))| of.get(*place)).flatten();
        let met = of_group()
            .take(MET)
            .flat_map(|one| of_group().take(MET).filter_map(|two| sample::meet(one, two)));
        let met = met.filter(|resource| sharing.len() > 1 && group.has(resource)).take(MET);
        for resource in of_group().cloned().chain(met) {
            let calls: Vec<Call> =
                sharing.iter().map_while(|(action, _)| self.on(*action, &resource)).collect();
            if calls.len() < sharing.len() {
                continue;
            }
            let least = calls.iter().map(|call| call.truth).min()?;
            if best.as_ref().is_none_or(|(truth, _)| least > *truth) {
                best = Some((least, calls));
            }
            if least == Truth::True {
                break;
            }
        }
        best.map(|(_, calls)| calls)
    }

    /// The same of actions that the catalogue does not list: on one resource for all, or, if there is none, each where it
    /// comes out best, unless those are resources of one type.
    fn of_any_kind(&self, actions: &[usize]) -> Option<Vec<Call>> {
        let mut best: Vec<Call> = Vec::new();
        let least = |calls: &[Call]| calls.iter().map(|call| call.truth).min().unwrap_or(Truth::False);
        let named: Vec<Rc<[Vec<String>]>> = actions.iter().map(|action| self.places(*action)).collect();
        let all = || named.iter().flat_map(|names| names.iter().flatten());
        let met = all().flat_map(|one| all().take(MET).filter_map(move |two| sample::meet(one, two)));
        for resource in all().cloned().chain(met.take(MET)) {
            let calls: Vec<Call> = actions.iter().map_while(|action| self.on(*action, &resource)).collect();
            if calls.len() == actions.len() && (best.is_empty() || least(&calls) > least(&best)) {
                best = calls;
            }
            if least(&best) == Truth::True {
                return Some(best);
            }
        }
        let some = |calls: Vec<Call>| Some(calls).filter(|calls| !calls.is_empty());
        let mut apart: Vec<Call> = Vec::new();
        for action in actions {
            let calls = self.places(*action);
            let calls = calls.iter().flatten().filter_map(|place| self.on(*action, place));
            let Some(call) = calls.max_by_key(|call| call.truth) else { return some(best) };
            if apart.iter().any(|other| same_type(other.request.resource(), call.request.resource())) {
                return some(best);
            }
            apart.push(call);
        }
        some(if least(&apart) > least(&best) { apart } else { best })
    }

    fn on(&self, action: usize, resource: &str) -> Option<Call> {
        let call = self.call(&self.start, RULES.actions.get(action)?, resource, Meets::Own);
        // Of keys that are not known their policies are not either.
        let call = if call.request.resource_kind() == ResourceKind::Ordinary {
            call
        } else {
            self.call(&self.start, call.request.action(), resource, Meets::Willing)
        };
        (call.truth != Truth::False && !self.is_actor(resource)).then_some(call)
    }

    fn places(&self, action: usize) -> Rc<[Vec<String>]> {
        let find = || {
            let policies = sample::policies(&self.actor.layers);
            let name = RULES.lower.get(action).map_or("", String::as_str);
            let kinds = RULES.kinds.get(action).and_then(Option::as_ref);
            sample::places(policies, name, kinds, self.place, self.start.context()).into()
        };
        self.places.borrow_mut().entry(action).or_insert_with(find).clone()
    }

    fn layers<'s>(&'s self, meets: Meets) -> Layers<'s>
    where
        'm: 's,
    {
        let own = Layers { resource: &[], ..self.actor.layers };
        let role = |index: Option<usize>| index.and_then(|index| self.map.roles.get(index));
        match meets {
            Meets::Own => own,
            Meets::Willing => {
                Layers { resource: self.willing.policy().map_or(&[], std::slice::from_ref), ..own }
            }
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
