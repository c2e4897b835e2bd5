//! The requests of an actor's ways, and how they come out.

use super::actor::{Evaluator, known_value};
use super::attempt::Attempt;
use super::attempt::PolicyContext;
use super::memo::OnTarget;
use super::targets::Target;
use std::borrow::Cow;
use std::cell::Cell;
use std::sync::{Arc, OnceLock};

use super::chain::{Hop, Member};
use super::found::EscalationStep;
use super::inventory::Actor;
use super::rules::{Bind, RULES, Rule};
use crate::answer::{Answer, Decision};
use crate::context::Context;
use crate::evaluate::{decide, evaluate, evaluate_resource_side};
use crate::layers::Layers;
use crate::questions::administrator::making_administrators;
use crate::request::{Principal, Request};
use crate::truth::Truth;

impl<'m> Evaluator<'m> {
    /// The policies of whom a way is aimed at: the actor's own, if it is at none.
    pub(super) fn layers_of(&self, target: &Target<'m>) -> Layers<'m> {
        let role = target.role.and_then(|index| self.map.roles.get(index)).map(|role| role.facts.layers);
        let user = target.user.and_then(|index| self.map.users.get(index)).map(|user| user.facts.layers);
        role.or(user).unwrap_or(self.actor.layers)
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
    pub(super) fn at(
        &self,
        rule: &Rule,
        action: usize,
        bind: Bind,
        target: &Target<'m>,
    ) -> Option<Arc<Attempt>> {
        // The same is asked of the same target for many rules.
        let member = match bind {
            Bind::TargetRole => target.role.map(Member::Role),
            Bind::TargetUser => target.user.map(Member::User),
            _ => None,
        };
        let find = || self.new_at(rule, action, bind, target).map(Arc::new);
        if let (Bind::ReadByTarget, Some(object)) = (bind, &target.object) {
            return self.shared_writing(action, object, find);
        }
        // What is taken away is not determined by the target alone.
        let Some(member) = member.filter(|_| target.policy.is_none()) else { return find() };
        let service = target.service.map(|(service, _)| rule.passed_to.unwrap_or(service));
        let service = service.map(|service| (service, rule.passed_to_unconfirmed));
        let key = OnTarget { action, target: member, service };
        if let Some(known) = self.memo.on_targets.borrow().get(&key) {
            return Some(known.clone());
        }
        let attempt = find()?;
        self.memo.on_targets.borrow_mut().insert(key, attempt.clone());
        Some(attempt)
    }

    /// The role at this place is taken on by the actor, who has written itself into its trust policy.
    pub(super) fn rewritten(&self, index: usize, role: &str) -> Arc<Attempt> {
        let policy_context = PolicyContext::Rewritten(Some(index));
        let find = || Arc::new(self.settled_attempt(&self.start, "sts:AssumeRole", role, policy_context));
        self.memo.rewritten.borrow_mut().entry(index).or_insert_with(find).clone()
    }

    /// The role at this place is taken on by the service at that.
    pub(super) fn visited(&self, index: usize, service: usize, truth: Truth) -> Option<Arc<Attempt>> {
        let mut trusting = self.map.trusting(service).iter();
        let trusting = trusting.find(|trusting| trusting.role == index)?;
        let attempt = || {
            let policy_context = PolicyContext::Visitor(index, Some(service));
            Arc::new(Attempt::new(trusting.visit.clone(), policy_context, truth))
        };
        Some(trusting.attempt.get_or_init(attempt).clone())
    }

    /// The roles that the actor may assume as it is.
    pub(super) fn own_hops(&self) -> &[Hop] {
        let Actor { principal, context, layers, .. } = self.actor;
        self.memo.own_hops.get_or_init(|| self.map.hops(principal, context, layers))
    }

    /// The role at this place is assumed by another than the actor.
    pub(super) fn hop_of(&self, by: Member, role: usize) -> Option<Arc<Attempt>> {
        let (subject, layers) = self.map.member(by)?;
        let assumed = self.map.roles.get(role)?;
        let start = Request::new(subject.principal.clone()?, "", "*", subject.context.clone());
        let request = start.instead("sts:AssumeRole", assumed.facts.arn);
        let truth = decide(&request, &assumed.assumed_by(layers));
        Some(Arc::new(Attempt::new(request, PolicyContext::Hop(by, role), truth)))
    }

    /// The role at this place is assumed by the target, or by the actor, after the step.
    pub(super) fn hop_of_changed(
        &self,
        principal: &Principal,
        context: &Context,
        layers: &Layers<'_>,
        role: usize,
    ) -> Option<Arc<Attempt>> {
        let assumed = self.map.roles.get(role)?;
        let request = Request::new(principal.clone(), "sts:AssumeRole", assumed.facts.arn, context.clone());
        let layers = assumed.assumed_by(layers);
        let truth = decide(&request, &layers);
        let attempt = Attempt::new(request, PolicyContext::Own, truth);
        // Its policies are not kept: it is asked for its reasons now.
        let by = Some(principal.name()).filter(|by| !self.is_actor(by));
        let step = told_by(&attempt, evaluate(&attempt.request, &layers), by);
        Some(Arc::new(Attempt { step: OnceLock::from(Arc::new(step)), ..attempt }))
    }

    fn new_at(&self, rule: &Rule, action: usize, bind: Bind, target: &Target<'m>) -> Option<Attempt> {
        let name = RULES.actions.get(action)?;
        let policy_context =
            if name == "sts:AssumeRole" { PolicyContext::Trust(target.role) } else { PolicyContext::Own };
        if matches!(policy_context, PolicyContext::Trust(None)) {
            let nobody =
                format!("arn:{}:iam::{}:role/any-7c1f0d52", self.place.partition, self.place.account);
            return Some(self.attempt(&self.start, name, &nobody, PolicyContext::Rewritten(None)));
        }
        let resource = self.bound(bind, target)?;
        let base = self.base(rule, action, target, 0);
        if policy_context != PolicyContext::Own {
            return Some(self.settled_attempt(
                base.as_deref().unwrap_or(&self.start),
                name,
                resource,
                policy_context,
            ));
        }
        let member = match bind {
            Bind::TargetRole => target.role.map(Member::Role),
            Bind::TargetUser => target.user.map(Member::User),
            _ => None,
        };
        if let Some(truth) = member.and_then(|member| self.everywhere_on(action, member)) {
            let request = base.as_deref().unwrap_or(&self.start).instead(name, resource);
            return Some(Attempt::new(request, policy_context, truth));
        }
        let mut best = self.decided(action, base.as_deref(), name, resource);
        // One of the policies will do.
        let others = if name.starts_with("iam:Attach") { 1..self.attaching().len() } else { 0..0 };
        for other in others {
            if best.1 != Truth::True {
                let base = self.base(rule, action, target, other);
                let next = self.decided(action, base.as_deref(), name, resource);
                best = if next.1 > best.1 { next } else { best };
            }
        }
        Some(self.settled(best.0, policy_context, best.1))
    }

    /// How an action of the actor's own comes out.
    fn decided(&self, action: usize, base: Option<&Request>, name: &str, resource: &str) -> (Request, Truth) {
        let request = base.unwrap_or(&self.start).instead(name, resource);
        let allowing = self.allowing(action);
        let identity = Layers { identity: &allowing, ..Layers::default() };
        // Most are allowed by nothing, and that is found quickly; but what was allowed on one target will be on the next.
        let likely =
            self.memo.likely.get_or_init(|| RULES.actions.iter().map(|_| Cell::new(false)).collect());
        let likely = likely.get(action);
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

    /// With what is known of the tags of its resource.
    pub(super) fn settled_attempt(
        &self,
        base: &Request,
        name: &str,
        resource: &str,
        policy_context: PolicyContext,
    ) -> Attempt {
        let Attempt { request, truth, .. } = self.attempt(base, name, resource, policy_context);
        self.settled(request, policy_context, truth)
    }

    pub(super) fn attempt(
        &self,
        base: &Request,
        name: &str,
        resource: &str,
        policy_context: PolicyContext,
    ) -> Attempt {
        let request = base.instead(name, resource);
        let truth = decide(&request, &self.layers(policy_context));
        Attempt::new(request, policy_context, truth)
    }

    /// The circumstances of an action on a target, where they are not the actor's alone. `attached`: which of the policies that
    /// make an administrator, if one is attached.
    fn base<'b>(
        &'b self,
        rule: &Rule,
        action: usize,
        target: &Target<'m>,
        attached: usize,
    ) -> Option<Cow<'b, Request>> {
        let name = RULES.lower.get(action)?.strip_prefix("iam:")?;
        if name == "passrole" {
            let (service, _) = target.service?;
            let service = rule.passed_to.unwrap_or(service);
            return Some(Cow::Borrowed(self.passing(service, rule.passed_to_unconfirmed)));
        }
        if let "putuserpermissionsboundary" | "putrolepermissionsboundary" = name {
            let [looser, _] = making_administrators(self.place.partition);
            let looser = known_value(&looser);
            return Some(Cow::Owned(self.start.clone().with_key("iam:PermissionsBoundary", looser)));
        }
        let changes = ["put", "attach", "delete", "detach"].iter().any(|verb| name.starts_with(verb));
        if !changes {
            return None;
        }
        let is_attaching = name.starts_with("attach");
        let base = if is_attaching { self.attaching().get(attached) } else { None };
        let base = base.unwrap_or_else(|| self.changing());
        let mut base = Cow::Borrowed(base);
        if let Some(policy) = target.policy.filter(|_| name.starts_with("detach")) {
            base = Cow::Owned(base.into_owned().with_key("iam:PolicyARN", known_value(policy)));
        }
        let is_bounded = RULES.bounded.get(action) == Some(&true);
        if let Some(boundary) = self.layers_of(target).boundary.filter(|_| is_bounded) {
            base = Cow::Owned(
                base.into_owned().with_key("iam:PermissionsBoundary", known_value(&boundary.name)),
            );
        }
        Some(base)
    }

    /// A request with its reasons. The same ones are asked for many rules.
    pub(super) fn step(&self, attempt: &Attempt) -> Arc<EscalationStep> {
        attempt.step.get_or_init(|| Arc::new(self.told(attempt))).clone()
    }

    fn told(&self, attempt: &Attempt) -> EscalationStep {
        // What is remembered for others may have been asked for one of them.
        let is_by_another =
            matches!(attempt.policy_context, PolicyContext::Visitor(..) | PolicyContext::Hop(..));
        let by = Some(attempt.request.principal().name()).filter(|by| is_by_another && !self.is_actor(by));
        told_by(attempt, self.answer(attempt), by)
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

/// A request with its reasons. `by`: who makes it, if that is another than the actor.
fn told_by(attempt: &Attempt, answer: Answer, by: Option<&str>) -> EscalationStep {
    let (residual, doubts) = match answer.decision {
        Decision::AllowedIf(open) => (Some(open), Vec::new()),
        Decision::Unknown(doubts) => (None, doubts),
        Decision::Allowed | Decision::Denied(_) => (None, Vec::new()),
    };
    EscalationStep {
        by: by.map(str::to_owned),
        action: attempt.request.action().to_owned(),
        resource: attempt.request.resource().to_owned(),
        residual,
        evidence: answer.evidence,
        doubts,
    }
}
