//! The requests of an actor's ways, and how they come out.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use super::chain::{Hop, Member};
use super::found::EscalationStep;
use super::gain::{Measured, Current, Gained};
use super::index::{Index, Indexed};
use super::inventory::Actor;
use super::map::EscalationMap;
use super::powers::{REWRITTEN, DelegatingOwner};
use super::rules::{Bind, RULES, Rule};
use super::tags::{self, Tags};
use super::targets::Target;
use super::unrestricted::{OnAny, KnownCandidates};
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
pub(super) enum PolicyContext {
    /// None.
    Own,
    /// The trust policy of the role at this place; `None` where the roles are not known.
    Trust(Option<usize>),
    /// The same, when the actor has written itself into it.
    Rewritten(Option<usize>),
    /// That of an owner who leaves it to the account.
    DelegatingOwner,
    /// The same in another account, whose RCPs are those of the role at this place, if one is known.
    Foreign(Option<usize>),
    /// That of a role, and none of the actor: a service, of this place, or another makes the request.
    Visitor(usize, Option<usize>),
    /// The trust policy of the role at this place, and those of another than the actor, who assumes it.
    Hop(Member, usize),
}

/// A request of a way with how it comes out.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    pub(super) request: Request,
    pub(super) policy_context: PolicyContext,
    pub(super) truth: Truth,
    /// What is not known and would have to be so: which tags its resource has, or on what AWS checks it.
    pub(super) lacking: Option<String>,
    /// What must be done before: tags that are set.
    pub(super) first: Vec<Rc<Attempt>>,
    /// With its reasons, if they were wanted.
    step: OnceCell<Arc<EscalationStep>>,
}

/// What an action on a target is told by: its place, that of the target, and for the passing of a role that of the service
/// and whether IAM sees that one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct OnTarget {
    action: usize,
    target: Member,
    service: Option<(usize, bool)>,
}

/// An actor, prepared for asking.
pub(super) struct Evaluator<'m> {
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
    pub(super) candidates: RefCell<KnownCandidates>,
    /// For an action, and a place among what it takes together, whether it is allowed on anything.
    pub(super) on_any: RefCell<OnAny>,
    pub(super) owner: DelegatingOwner,
    /// For each service, the actor as one that passes a role to it.
    passing: Vec<OnceCell<Request>>,
    /// As one that passes a role on.
    passing_on: OnceCell<Request>,
    on_targets: RefCell<HashMap<OnTarget, Rc<Attempt>>>,
    rewritten: RefCell<HashMap<usize, Rc<Attempt>>>,
    visits: RefCell<HashMap<(usize, usize), Rc<Attempt>>>,
    pub(super) current: RefCell<Current>,
    pub(super) gains: RefCell<HashMap<Measured, Rc<[Gained]>>>,
    /// What is gained from roles as they are, by their places.
    pub(super) gains_of_roles: RefCell<HashMap<usize, Rc<[Gained]>>>,
    own_hops: OnceCell<Vec<Hop>>,
    /// Objects of S3 that it may write, of those that its policies tell apart.
    pub(super) written: OnceCell<Vec<Box<str>>>,
    /// Whether it may write an object.
    pub(super) writing: RefCell<HashMap<Box<str>, bool>>,
    /// Only what leads into other accounts counts.
    pub(super) abroad: bool,
}

impl<'m> Evaluator<'m> {
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
            candidates: RefCell::default(),
            on_any: RefCell::default(),
            owner: DelegatingOwner::new(place.account),
            passing_on: OnceCell::new(),
            passing: RULES.services.iter().map(|_| OnceCell::new()).collect(),
            on_targets: RefCell::default(),
            rewritten: RefCell::default(),
            visits: RefCell::default(),
            current: RefCell::default(),
            gains: RefCell::default(),
            gains_of_roles: RefCell::default(),
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
    pub(super) fn layers_of(&self, target: &Target<'m>) -> Layers<'m> {
        let role = target.role.and_then(|index| self.map.roles.get(index)).map(|role| role.facts.layers);
        let user = target.user.and_then(|index| self.map.users.get(index)).map(|user| user.facts.layers);
        role.or(user).unwrap_or(self.actor.layers)
    }

    /// Whether an identity policy may allow an action on anything. A role's trust policy may do so alone.
    pub(super) fn may(&self, action: usize) -> bool {
        let Some(lower) = RULES.lower.get(action) else { return false };
        lower == "sts:assumerole" || self.may.get(action) == Some(&true)
    }

    /// The resource that an action is bound to; `None` where any may do.
    fn bound<'b>(&'b self, bind: Bind, target: &'b Target<'m>) -> Option<&'b str> {
        match bind {
            Bind::TargetRole => {
                target.role.and_then(|index| self.map.roles.get(index)).map(|role| role.facts.arn)
            }
            Bind::TargetUser => {
                target.user.and_then(|index| self.map.users.get(index)).map(|user| user.facts.arn)
            }
            Bind::TargetGroup | Bind::OwnGroup => target.group,
            Bind::TargetPolicy | Bind::OwnPolicy => target.policy,
            Bind::OwnUser | Bind::OwnRole => Some(self.actor.principal.name()),
            Bind::Provider => target.provider,
            Bind::ReadByTarget => target.object.as_deref(),
            Bind::Somewhere => None,
        }
    }

    /// Asks for one action where it is bound to. `None`: it is bound to nothing that is known.
    pub(super) fn at(&self, rule: &Rule, action: usize, bind: Bind, target: &Target<'m>) -> Option<Rc<Attempt>> {
        // The same is asked of the same target for many rules.
        let member = match bind {
            Bind::TargetRole => target.role.map(Member::Role),
            Bind::TargetUser => target.user.map(Member::User),
            _ => None,
        };
        let find = || self.new_at(rule, action, bind, target).map(Rc::new);
        // What is taken away is not told by the target alone.
        let Some(member) = member.filter(|_| target.policy.is_none()) else { return find() };
        let service = target.service.map(|(service, _)| rule.passed_to.unwrap_or(service));
        let service = service.map(|service| (service, rule.passed_to_unconfirmed));
        let key = OnTarget { action, target: member, service };
        if let Some(known) = self.on_targets.borrow().get(&key) {
            return Some(known.clone());
        }
        let attempt = find()?;
        self.on_targets.borrow_mut().insert(key, attempt.clone());
        Some(attempt)
    }

    /// The role at this place is taken on by the actor, who has written itself into its trust policy.
    pub(super) fn rewritten(&self, index: usize, role: &str) -> Rc<Attempt> {
        let policy_context = PolicyContext::Rewritten(Some(index));
        let find = || Rc::new(self.settled_attempt(&self.start, "sts:AssumeRole", role, policy_context));
        self.rewritten.borrow_mut().entry(index).or_insert_with(find).clone()
    }

    /// The role at this place is taken on by the service at that.
    pub(super) fn visited(&self, index: usize, service: usize, truth: Truth) -> Option<Rc<Attempt>> {
        if let Some(known) = self.visits.borrow().get(&(index, service)) {
            return Some(known.clone());
        }
        let mut trusting = self.map.trusting.get(service)?.iter();
        let request = trusting.find(|trusting| trusting.role == index)?.visit.clone();
        let attempt = Rc::new(Attempt::new(request, PolicyContext::Visitor(index, Some(service)), truth));
        self.visits.borrow_mut().insert((index, service), attempt.clone());
        Some(attempt)
    }

    /// The roles that the actor may assume as it is.
    pub(super) fn own_hops(&self) -> &[Hop] {
        let Actor { principal, context, layers, .. } = self.actor;
        self.own_hops.get_or_init(|| self.map.hops(principal, context, layers))
    }

    /// The role at this place is assumed by another than the actor.
    pub(super) fn hop_of(&self, by: Member, role: usize) -> Option<Rc<Attempt>> {
        let (subject, layers) = self.map.member(by)?;
        let assumed = self.map.roles.get(role)?;
        let start = Request::new(subject.principal.clone()?, "", "*", subject.context.clone());
        let request = start.instead("sts:AssumeRole", assumed.facts.arn);
        let truth = decide(&request, &assumed.assumed_by(layers));
        Some(Rc::new(Attempt::new(request, PolicyContext::Hop(by, role), truth)))
    }

    /// The role at this place is assumed by the target, or by the actor, after the step.
    pub(super) fn hop_of_changed(
        &self,
        principal: &Principal,
        context: &Context,
        layers: &Layers<'_>,
        role: usize,
    ) -> Option<Rc<Attempt>> {
        let assumed = self.map.roles.get(role)?;
        let request = Request::new(principal.clone(), "sts:AssumeRole", assumed.facts.arn, context.clone());
        let layers = assumed.assumed_by(layers);
        let truth = decide(&request, &layers);
        let attempt = Attempt::new(request, PolicyContext::Own, truth);
        // Its policies are not kept: it is asked for its reasons now.
        let step = self.told_by(&attempt, evaluate(&attempt.request, &layers));
        Some(Rc::new(Attempt { step: OnceCell::from(Arc::new(step)), ..attempt }))
    }

    fn new_at(&self, rule: &Rule, action: usize, bind: Bind, target: &Target<'m>) -> Option<Attempt> {
        let name = RULES.actions.get(action)?;
        let policy_context = if name == "sts:AssumeRole" { PolicyContext::Trust(target.role) } else { PolicyContext::Own };
        if matches!(policy_context, PolicyContext::Trust(None)) {
            let nobody =
                format!("arn:{}:iam::{}:role/any-7c1f0d52", self.place.partition, self.place.account);
            return Some(self.attempt(&self.start, name, &nobody, PolicyContext::Rewritten(None)));
        }
        let resource = self.bound(bind, target)?;
        let base = self.base(rule, action, target, self.attaching.first());
        if policy_context != PolicyContext::Own {
            return Some(self.settled_attempt(base.as_deref().unwrap_or(&self.start), name, resource, policy_context));
        }
        let mut best = self.decided(action, base.as_deref(), name, resource);
        // One of the policies will do.
        for other in self.attaching.iter().skip(1).filter(|_| name.starts_with("iam:Attach")) {
            if best.1 != Truth::True {
                let base = self.base(rule, action, target, Some(other));
                let next = self.decided(action, base.as_deref(), name, resource);
                best = if next.1 > best.1 { next } else { best };
            }
        }
        Some(self.settled(best.0, policy_context, best.1))
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
            decide(&request, &self.layers(PolicyContext::Own))
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
    pub(super) fn settled_attempt(&self, base: &Request, name: &str, resource: &str, policy_context: PolicyContext) -> Attempt {
        let Attempt { request, truth, .. } = self.attempt(base, name, resource, policy_context);
        self.settled(request, policy_context, truth)
    }

    pub(super) fn attempt(&self, base: &Request, name: &str, resource: &str, policy_context: PolicyContext) -> Attempt {
        let request = base.instead(name, resource);
        let truth = decide(&request, &self.layers(policy_context));
        Attempt::new(request, policy_context, truth)
    }

    /// The circumstances of an action on a target, where they are not the actor's alone.
    fn base<'b>(
        &'b self,
        rule: &Rule,
        action: usize,
        target: &Target<'m>,
        attaching: Option<&'b Request>,
    ) -> Option<Cow<'b, Request>> {
        let name = RULES.lower.get(action)?.strip_prefix("iam:")?;
        if name == "passrole" {
            let (service, _) = target.service?;
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
        if let Some(policy) = target.policy.filter(|_| name.starts_with("detach")) {
            base = Cow::Owned(base.into_owned().with_key("iam:PolicyARN", known(policy)));
        }
        let is_bounded = RULES.bounded.get(action) == Some(&true);
        if let Some(boundary) = self.layers_of(target).boundary.filter(|_| is_bounded) {
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
            PolicyContext::Visitor(index, _) => role(Some(index)).map(|role| role.facts.layers).unwrap_or_default(),
            PolicyContext::Hop(by, index) => match (self.map.member(by), role(Some(index))) {
                (Some((_, layers)), Some(role)) => role.assumed_by(layers),
                _ => Layers::default(),
            },
        }
    }

    /// A request with its reasons. The same ones are asked for many rules.
    pub(super) fn step(&self, attempt: &Attempt) -> Arc<EscalationStep> {
        attempt.step.get_or_init(|| Arc::new(self.told(attempt))).clone()
    }

    fn told(&self, attempt: &Attempt) -> EscalationStep {
        self.told_by(attempt, self.answer(attempt))
    }

    fn told_by(&self, attempt: &Attempt, answer: Answer) -> EscalationStep {
        let (residual, doubts) = match answer.decision {
            Decision::AllowedIf(open) => (Some(open), Vec::new()),
            Decision::Unknown(doubts) => (None, doubts),
            Decision::Allowed | Decision::Denied(_) => (None, Vec::new()),
        };
        let principal = attempt.request.principal().name();
        EscalationStep {
            by: (principal != self.actor.principal.name()).then(|| principal.to_owned()),
            action: attempt.request.action().to_owned(),
            resource: attempt.request.resource().to_owned(),
            residual,
            evidence: answer.evidence,
            doubts,
        }
    }

    /// The whole answer to a request.
    pub(super) fn answer(&self, attempt: &Attempt) -> Answer {
        let layers = self.layers(attempt.policy_context);
        match attempt.policy_context {
            PolicyContext::Visitor(..) => evaluate_resource_side(&attempt.request, &layers),
            _ => evaluate(&attempt.request, &layers),
        }
    }
}

impl Attempt {
    /// How sure it is: what lacks something that would have to be known is less than what hangs on circumstances.
    pub(super) fn rank(&self) -> (bool, Truth) {
        (self.truth >= Truth::Depends && self.lacking.is_none(), self.truth)
    }

    pub(super) fn new(request: Request, policy_context: PolicyContext, truth: Truth) -> Self {
        Self { request, policy_context, truth, lacking: None, first: Vec::new(), step: OnceCell::new() }
    }
}

fn known(value: &str) -> Key {
    Key::Known { values: [value.into()].into(), multivalued: false }
}
