//! The requests of an actor's ways, and how they come out.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use super::chain::{Hop, Member};
use super::found::EscalationStep;
use super::gain::{Measured, Now, Worth};
use super::index::{Index, Indexed};
use super::inventory::Actor;
use super::map::EscalationMap;
use super::powers::{REWRITTEN, Willing};
use super::rules::{Bind, RULES, Rule};
use super::tags::{self, Tags};
use super::targets::Aim;
use super::unrestricted::{Anything, KnownSpots};
use crate::answer::{Answer, Decision};
use crate::context::{Context, Key};
use crate::evaluate::{decide, evaluate, evaluate_resource_side};
use crate::layers::{Attached, Layers};
use crate::questions::administrator::making_administrators;
use crate::questions::requests::{self, Place};
use crate::request::{Principal, PrincipalKind, Request};
use crate::truth::Truth;

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
    /// The same in another account, whose RCPs are those of the role at this place, if one is known.
    Foreign(Option<usize>),
    /// That of a role, and none of the actor: a service, of this place, or another makes the request.
    Visitor(usize, Option<usize>),
    /// The trust policy of the role at this place, and those of another than the actor, who assumes it.
    Hop(Member, usize),
}

/// A request of a way with how it comes out.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) request: Request,
    pub(super) meets: Meets,
    pub(super) truth: Truth,
    /// What is not known and would have to be so: which tags its resource has, or on what AWS checks it.
    pub(super) lacking: Option<String>,
    /// What must be done before: tags that are set.
    pub(super) first: Vec<Rc<Call>>,
    /// With its reasons, if they were wanted.
    step: OnceCell<Arc<EscalationStep>>,
}

/// A target by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Target {
    Role(usize),
    User(usize),
}

/// What an action on a target is told by: its place, that of the target, and for the passing of a role that of the service
/// and whether IAM sees that one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Aimed {
    action: usize,
    target: Target,
    service: Option<(usize, bool)>,
}

/// An actor, prepared for asking.
pub(super) struct Asker<'m> {
    pub(super) map: &'m EscalationMap<'m>,
    pub(super) actor: &'m Actor<'m>,
    pub(super) place: Place<'m>,
    pub(super) start: Request,
    /// The same about resources of which nothing is known.
    pub(super) sampled: Request,
    /// Changes to an identity without a boundary, and the attaching to it of each policy that makes an administrator.
    changing: Request,
    attaching: [Request; 2],
    administrator_access: String,
    /// For each action of the rules, whether an identity policy may allow it on anything.
    may: Box<[bool]>,
    allowing: Box<[OnceCell<Vec<Attached>>]>,
    /// For each action, whether it was allowed on the last target.
    likely: Box<[Cell<bool>]>,
    pub(super) index: Arc<Index>,
    /// Every policy that allows or limits, the identity's first.
    pub(super) policies: Vec<(&'m Attached, Arc<Indexed>)>,
    /// Tags of targets of which conditions speak.
    pub(super) tags: Tags,
    pub(super) spots: RefCell<KnownSpots>,
    /// For an action, and a place among what it takes together, whether it is allowed on anything.
    pub(super) anything: RefCell<Anything>,
    pub(super) willing: Willing,
    /// For each service, the actor as one that passes a role to it.
    passing: Vec<OnceCell<Request>>,
    /// As one that passes a role on.
    passing_on: OnceCell<Request>,
    aimed: RefCell<HashMap<Aimed, Rc<Call>>>,
    rewritten: RefCell<HashMap<usize, Rc<Call>>>,
    visits: RefCell<HashMap<(usize, usize), Rc<Call>>>,
    pub(super) now: RefCell<Now>,
    pub(super) gains: RefCell<HashMap<Measured, Rc<[Worth]>>>,
    /// What is gained from roles as they are, by their places.
    pub(super) roles_worth: RefCell<HashMap<usize, Rc<[Worth]>>>,
    own_hops: OnceCell<Vec<Hop>>,
    /// Objects of S3 that it may write, of those that its policies tell apart.
    pub(super) written: OnceCell<Vec<Box<str>>>,
    /// Whether it may write an object.
    pub(super) writing: RefCell<HashMap<Box<str>, bool>>,
    /// Only what leads into other accounts counts.
    pub(super) abroad: bool,
}

impl<'m> Asker<'m> {
    pub(super) fn new(map: &'m EscalationMap<'m>, actor: &'m Actor<'m>) -> Self {
        let place = Place::of(actor.principal.name());
        let start = Request::new(actor.principal.clone(), "", "*", actor.context.clone());
        // Most of what is asked about belongs to the account, and needs no other context then.
        let start = start.owned_by(place.account).supposing_own();
        let sampled = Request::new(actor.principal.clone(), "", "*", tags::open(actor.context.clone()));
        let sampled = sampled.owned_by(place.account).supposing_own();
        let administrator_access = format!("arn:{}:iam::aws:policy/AdministratorAccess", place.partition);
        let changing = start.clone().with_key("iam:PermissionsBoundary", Key::Absent);
        let attaching = making_administrators(place.partition)
            .map(|arn| changing.clone().with_key("iam:PolicyARN", known(&arn)));
        let index = map.index(place);
        let indexed = requests::policies(&actor.layers).into_iter();
        let policies: Vec<_> = indexed.map(|attached| (attached, index.policy(&attached.policy))).collect();
        let may = |action: usize| {
            let mut identity = policies.iter().take(actor.layers.identity.len());
            identity.any(|(_, indexed)| indexed.may(action))
        };
        let with_tags =
            policies.iter().filter(|(_, indexed)| indexed.speaks_of_tags).map(|(attached, _)| *attached);
        let tags = tags::spoken_of(with_tags.chain(map.with_tags.iter().copied()), start.context());
        Self {
            tags,
            may: (0..RULES.actions.len()).map(may).collect(),
            likely: RULES.actions.iter().map(|_| Cell::new(false)).collect(),
            allowing: RULES.actions.iter().map(|_| OnceCell::new()).collect(),
            index,
            policies,
            spots: RefCell::default(),
            anything: RefCell::default(),
            willing: Willing::new(place.account),
            passing_on: OnceCell::new(),
            passing: RULES.services.iter().map(|_| OnceCell::new()).collect(),
            aimed: RefCell::default(),
            rewritten: RefCell::default(),
            visits: RefCell::default(),
            now: RefCell::default(),
            gains: RefCell::default(),
            roles_worth: RefCell::default(),
            own_hops: OnceCell::new(),
            written: OnceCell::new(),
            writing: RefCell::default(),
            abroad: false,
            map,
            actor,
            place,
            start,
            sampled,
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
        lower == "sts:assumerole" || self.may.get(action) == Some(&true)
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
            Bind::ReadByTarget => aim.object.as_deref(),
            Bind::Somewhere => None,
        }
    }

    /// Asks for one action where it is bound to. `None`: it is bound to nothing that is known.
    pub(super) fn at(&self, rule: &Rule, action: usize, bind: Bind, aim: &Aim<'m>) -> Option<Rc<Call>> {
        // The same is asked of the same target for many rules.
        let target = match bind {
            Bind::TargetRole => aim.role.map(Target::Role),
            Bind::TargetUser => aim.user.map(Target::User),
            _ => None,
        };
        let anew = || self.at_anew(rule, action, bind, aim).map(Rc::new);
        // What is taken away is not told by the target alone.
        let Some(target) = target.filter(|_| aim.policy.is_none()) else { return anew() };
        let service = aim.service.map(|(service, _)| rule.passed_to.unwrap_or(service));
        let service = service.map(|service| (service, rule.passed_to_unconfirmed));
        let key = Aimed { action, target, service };
        if let Some(known) = self.aimed.borrow().get(&key) {
            return Some(known.clone());
        }
        let call = anew()?;
        self.aimed.borrow_mut().insert(key, call.clone());
        Some(call)
    }

    /// The role at this place is taken on by the actor, who has written itself into its trust policy.
    pub(super) fn rewritten(&self, index: usize, role: &str) -> Rc<Call> {
        let meets = Meets::Rewritten(Some(index));
        let find = || Rc::new(self.settled_call(&self.start, "sts:AssumeRole", role, meets));
        self.rewritten.borrow_mut().entry(index).or_insert_with(find).clone()
    }

    /// The role at this place is taken on by the service at that.
    pub(super) fn visited(&self, index: usize, service: usize, truth: Truth) -> Option<Rc<Call>> {
        if let Some(known) = self.visits.borrow().get(&(index, service)) {
            return Some(known.clone());
        }
        let mut trusting = self.map.trusting.get(service)?.iter();
        let request = trusting.find(|trusting| trusting.role == index)?.visit.clone();
        let call = Rc::new(Call::new(request, Meets::Visitor(index, Some(service)), truth));
        self.visits.borrow_mut().insert((index, service), call.clone());
        Some(call)
    }

    /// The roles that the actor may assume as it is.
    pub(super) fn own_hops(&self) -> &[Hop] {
        let Actor { principal, context, layers, .. } = self.actor;
        self.own_hops.get_or_init(|| self.map.hops(principal, context, layers))
    }

    /// The role at this place is assumed by another than the actor.
    pub(super) fn hop_of(&self, by: Member, role: usize) -> Option<Rc<Call>> {
        let (target, layers) = self.map.member(by)?;
        let assumed = self.map.roles.get(role)?;
        let start = Request::new(target.principal.clone()?, "", "*", target.context.clone());
        let request = start.instead("sts:AssumeRole", assumed.facts.arn);
        let truth = decide(&request, &assumed.assumed_by(layers));
        Some(Rc::new(Call::new(request, Meets::Hop(by, role), truth)))
    }

    /// The role at this place is assumed by the target, or by the actor, after the step.
    pub(super) fn hop_of_changed(
        &self,
        principal: &Principal,
        context: &Context,
        layers: &Layers<'_>,
        role: usize,
    ) -> Option<Rc<Call>> {
        let assumed = self.map.roles.get(role)?;
        let request = Request::new(principal.clone(), "sts:AssumeRole", assumed.facts.arn, context.clone());
        let layers = assumed.assumed_by(layers);
        let truth = decide(&request, &layers);
        let call = Call::new(request, Meets::Own, truth);
        // Its policies are not kept: it is asked for its reasons now.
        let step = self.told_by(&call, evaluate(&call.request, &layers));
        Some(Rc::new(Call { step: OnceCell::from(Arc::new(step)), ..call }))
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
        let base = self.base(rule, action, aim, self.attaching.first());
        if meets != Meets::Own {
            return Some(self.settled_call(base.as_deref().unwrap_or(&self.start), name, resource, meets));
        }
        let mut best = self.decided(action, base.as_deref(), name, resource);
        // One of the policies will do.
        for other in self.attaching.iter().skip(1).filter(|_| name.starts_with("iam:Attach")) {
            if best.1 != Truth::True {
                let base = self.base(rule, action, aim, Some(other));
                let next = self.decided(action, base.as_deref(), name, resource);
                best = if next.1 > best.1 { next } else { best };
            }
        }
        Some(self.settled(best.0, meets, best.1))
    }

    /// How an action of the actor's own comes out.
    fn decided(&self, action: usize, base: Option<&Request>, name: &str, resource: &str) -> (Request, Truth) {
        let request = base.unwrap_or(&self.start).instead(name, resource);
        let identity = Layers { identity: self.allowing(action), ..Layers::default() };
        // Most are allowed by nothing, and that is soon told; but what was allowed on one target will be on the next.
        let likely = self.likely.get(action);
        let unlikely = likely.is_none_or(|likely| !likely.get());
        let truth = if unlikely && decide(&request, &identity) == Truth::False {
            Truth::False
        } else {
            decide(&request, &self.layers(Meets::Own))
        };
        if let Some(likely) = likely {
            likely.set(truth != Truth::False);
        }
        (request, truth)
    }

    /// The identity policies that may allow an action on anything.
    fn allowing(&self, action: usize) -> &[Attached] {
        let find = || {
            let identity = self.policies.iter().take(self.actor.layers.identity.len());
            let may = identity.filter(|(_, indexed)| indexed.may(action));
            may.map(|(attached, _)| (*attached).clone()).collect()
        };
        self.allowing.get(action).map_or(&[], |known| known.get_or_init(find))
    }

    /// With what is known of the tags of its resource.
    pub(super) fn settled_call(&self, base: &Request, name: &str, resource: &str, meets: Meets) -> Call {
        let Call { request, truth, .. } = self.call(base, name, resource, meets);
        self.settled(request, meets, truth)
    }

    pub(super) fn call(&self, base: &Request, name: &str, resource: &str, meets: Meets) -> Call {
        let request = base.instead(name, resource);
        let truth = decide(&request, &self.layers(meets));
        Call::new(request, meets, truth)
    }

    /// The circumstances of an action on a target, where they are not the actor's alone.
    fn base<'b>(
        &'b self,
        rule: &Rule,
        action: usize,
        aim: &Aim<'m>,
        attaching: Option<&'b Request>,
    ) -> Option<Cow<'b, Request>> {
        let name = RULES.lower.get(action)?.strip_prefix("iam:")?;
        if name == "passrole" {
            let (service, _) = aim.service?;
            let service = rule.passed_to.unwrap_or(service);
            return Some(Cow::Borrowed(self.passing(service, rule.passed_to_unconfirmed)));
        }
        if let "putuserpermissionsboundary" | "putrolepermissionsboundary" = name {
            let looser = known(&self.administrator_access);
            return Some(Cow::Owned(self.start.clone().with_key("iam:PermissionsBoundary", looser)));
        }
        let changes = ["put", "attach", "delete", "detach"].iter().any(|verb| name.starts_with(verb));
        if !changes {
            return None;
        }
        let attaching = attaching.filter(|_| name.starts_with("attach"));
        let base = attaching.unwrap_or(&self.changing);
        let mut base = Cow::Borrowed(base);
        if let Some(policy) = aim.policy.filter(|_| name.starts_with("detach")) {
            base = Cow::Owned(base.into_owned().with_key("iam:PolicyARN", known(policy)));
        }
        let is_bounded = RULES.bounded.get(action) == Some(&true);
        if let Some(boundary) = self.subject(aim).boundary.filter(|_| is_bounded) {
            base = Cow::Owned(base.into_owned().with_key("iam:PermissionsBoundary", known(&boundary.name)));
        }
        Some(base)
    }

    /// A role is passed to a service. Where it is passed on by another, which of them IAM sees is not confirmed.
    pub(super) fn passing(&self, service: usize, unconfirmed: bool) -> &Request {
        let passing = |state| self.start.clone().with_key("iam:PassedToService", state);
        match (RULES.services.get(service), self.passing.get(service)) {
            (Some(service), Some(cell)) if !unconfirmed => cell.get_or_init(|| passing(known(&service.name))),
            _ => self.passing_on.get_or_init(|| passing(Key::Environment)),
        }
    }

    pub(super) fn layers<'s>(&'s self, meets: Meets) -> Layers<'s>
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
            Meets::Foreign(index) => {
                let resource_control = role(index).map(|role| role.facts.layers.resource_control);
                let resource_control = resource_control.unwrap_or_default();
                Layers { resource_control, ..self.layers(Meets::Willing) }
            }
            Meets::Trust(index) | Meets::Rewritten(index) => {
                let role = role(index).map(|role| role.facts.layers).unwrap_or_default();
                let rewritten = matches!(meets, Meets::Rewritten(_));
                let resource = if rewritten { REWRITTEN.as_slice() } else { role.resource };
                Layers { resource, resource_control: role.resource_control, ..own }
            }
            Meets::Visitor(index, _) => role(Some(index)).map(|role| role.facts.layers).unwrap_or_default(),
            Meets::Hop(by, index) => match (self.map.member(by), role(Some(index))) {
                (Some((_, layers)), Some(role)) => role.assumed_by(layers),
                _ => Layers::default(),
            },
        }
    }

    /// A request with its reasons. The same ones are asked for many rules.
    pub(super) fn step(&self, call: &Call) -> Arc<EscalationStep> {
        call.step.get_or_init(|| Arc::new(self.told(call))).clone()
    }

    fn told(&self, call: &Call) -> EscalationStep {
        self.told_by(call, self.answer(call))
    }

    fn told_by(&self, call: &Call, answer: Answer) -> EscalationStep {
        let (residual, doubts) = match answer.decision {
            Decision::AllowedIf(open) => (Some(open), Vec::new()),
            Decision::Unknown(doubts) => (None, doubts),
            Decision::Allowed | Decision::Denied(_) => (None, Vec::new()),
        };
        let principal = call.request.principal().name();
        EscalationStep {
            by: (principal != self.actor.principal.name()).then(|| principal.to_owned()),
            action: call.request.action().to_owned(),
            resource: call.request.resource().to_owned(),
            residual,
            evidence: answer.evidence,
            doubts,
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

impl Call {
    /// How sure it is: what lacks something that would have to be known is less than what hangs on circumstances.
    pub(super) fn rank(&self) -> (bool, Truth) {
        (self.truth >= Truth::Depends && self.lacking.is_none(), self.truth)
    }

    pub(super) fn new(request: Request, meets: Meets, truth: Truth) -> Self {
        Self { request, meets, truth, lacking: None, first: Vec::new(), step: OnceCell::new() }
    }
}

fn known(value: &str) -> Key {
    Key::Known { values: [value.into()].into(), multivalued: false }
}
