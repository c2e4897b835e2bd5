//! Actions that are bound to nothing: on what they are allowed, and on what together.

use super::actor::Evaluator;
use super::attempt::{Attempt, PolicyContext, Unrestricted};
use super::memo::{Candidate, Candidates};
use std::rc::Rc;
use std::sync::Arc;

use super::foreign::Site;
use super::rules::RULES;
use crate::answer::{Decision, Doubt};
use crate::questions::kind::{Group, Kinds};
use crate::questions::requests::{self, Places};
use crate::request::ResourceKind;
use crate::truth::Truth;

/// Resources that patterns of several actions have in common, at most.
const MET: usize = 48;

/// Calls, with how sure the least of them is.
type Ranked = ((bool, Truth), Vec<Arc<Attempt>>);

impl Evaluator<'_> {
    /// Asks for actions of one service that are bound to nothing: what they take of one type must be one resource. `None`:
    /// one of them is denied everywhere.
    pub(super) fn unrestricted(&self, actions: &[usize], site: Site<'_>) -> Option<Unrestricted> {
        let mut found = Unrestricted::default();
        let unlisted: Vec<usize> =
            actions.iter().copied().filter(|action| kinds(*action).is_none()).collect();
        if !unlisted.is_empty() {
            found.attempts = self.of_any_kind(&unlisted, site)?;
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
            match self.on_one(group, &sharing, site) {
                Some(attempts) => found.attempts.extend(attempts),
                None => without.push((group, sharing)),
            }
        }
        if without.is_empty() {
            return Some(found);
        }
        for action in actions.iter().filter_map(|action| RULES.actions.get(*action)) {
            if !found.attempts.iter().any(|attempt| attempt.request.action() == action) {
                return None;
            }
        }
        for (group, sharing) in without {
            let kinds: Vec<&str> = group.kinds.iter().map(|kind| kind.name).collect();
            let actions = sharing.iter().filter_map(|(action, _)| RULES.actions.get(*action));
            let lacking =
                actions.map(|action| format!("whether {action} can do without {}", kinds.join(", ")));
            found.lacking.extend(lacking);
        }
        Some(found)
    }

    /// On the resource of a group on which they come out best.
    fn on_one(&self, group: &Group, sharing: &[(usize, usize)], site: Site<'_>) -> Option<Vec<Arc<Attempt>>> {
        if let Some(attempts) = self.on_any(sharing).filter(|_| site.foreign.is_none()) {
            return Some(attempts);
        }
        let named: Vec<Candidates> =
            sharing.iter().map(|(action, _)| self.candidates(*action, site)).collect();
        let own = named.iter().zip(sharing).filter_map(|(of, (_, place))| of.get(*place).map(Vec::as_slice));
        let own: Vec<&[Candidate]> = own.collect();
        let mut best: Option<Ranked> = None;
        let mut try_on = |resource: &str| {
            let attempt = |((action, _), candidates): (&(usize, usize), &&[Candidate])| {
                self.on(*action, candidates, resource, site)
            };
            let attempts: Vec<Arc<Attempt>> = sharing.iter().zip(&own).map_while(attempt).collect();
            let least = attempts
                .iter()
                .map(|attempt| attempt.rank())
                .min()
                .filter(|_| attempts.len() == sharing.len());
            let best_yet = best.as_ref().map_or((false, Truth::False), |(rank, _)| *rank);
            if let Some(least) = least.filter(|least| *least > best_yet) {
                best = Some((least, attempts));
            }
            least == Some((true, Truth::True))
        };
        let all = || own.iter().copied().flatten().map(|candidate| &*candidate.resource);
        let found = all().any(&mut try_on);
        if !found && sharing.len() > 1 {
            let met =
                all().take(MET).flat_map(|one| all().take(MET).filter_map(|two| requests::meet(one, two)));
            met.filter(|resource| group.has(resource)).take(MET).any(|resource| try_on(&resource));
        }
        best.map(|(_, attempts)| attempts)
    }

    /// On a resource of the first type, of a made-up name, if all are allowed there: then nothing else comes out better.
    fn on_any(&self, sharing: &[(usize, usize)]) -> Option<Vec<Arc<Attempt>>> {
        let attempt = |(action, place): &(usize, usize)| {
            if let Some(known) = self.memo.on_any.borrow().get(&(*action, *place)) {
                return known.clone();
            }
            let typical = self.index.typical(*action, kinds(*action)?, self.place);
            let resource = typical.get(*place)?.first()?;
            let attempt =
                self.on(*action, &[], resource, self.home()).filter(|attempt| attempt.truth == Truth::True);
            self.memo.on_any.borrow_mut().insert((*action, *place), attempt.clone());
            attempt
        };
        sharing.iter().map(attempt).collect()
    }

    /// The same of actions that the catalogue does not list: on one resource for all, or, if there is none, each where it
    /// comes out best, unless those are resources of one type.
    fn of_any_kind(&self, actions: &[usize], site: Site<'_>) -> Option<Vec<Arc<Attempt>>> {
        let mut best: Vec<Arc<Attempt>> = Vec::new();
        let least = |attempts: &[Arc<Attempt>]| {
            attempts.iter().map(|attempt| attempt.rank()).min().unwrap_or((false, Truth::False))
        };
        let candidates: Vec<Candidates> =
            actions.iter().map(|action| self.candidates(*action, site)).collect();
        let all = || {
            candidates
                .iter()
                .flat_map(|candidates| candidates.iter().flatten())
                .map(|candidate| &*candidate.resource)
        };
        let met = all().flat_map(|one| all().take(MET).filter_map(move |two| requests::meet(one, two)));
        for resource in all().map(str::to_owned).chain(met.take(MET)) {
            let attempts: Vec<Arc<Attempt>> =
                actions.iter().map_while(|action| self.on(*action, &[], &resource, site)).collect();
            if attempts.len() == actions.len() && (best.is_empty() || least(&attempts) > least(&best)) {
                best = attempts;
            }
            if least(&best) == (true, Truth::True) {
                return Some(best);
            }
        }
        let some = |attempts: Vec<Arc<Attempt>>| Some(attempts).filter(|attempts| !attempts.is_empty());
        let mut apart: Vec<Arc<Attempt>> = Vec::new();
        for (action, candidates) in actions.iter().zip(&candidates) {
            let attempts = candidates
                .iter()
                .flatten()
                .filter_map(|candidate| self.on(*action, &[], &candidate.resource, site));
            let Some(attempt) = attempts.max_by_key(|attempt| attempt.rank()) else { return some(best) };
            if apart.iter().any(|other| same_type(other.request.resource(), attempt.request.resource())) {
                return some(best);
            }
            apart.push(attempt);
        }
        some(if least(&apart) > least(&best) { apart } else { best })
    }

    /// An action on a resource, if it is not denied; what is known of it is with those resources of which it is one.
    fn on(
        &self,
        action: usize,
        candidates: &[Candidate],
        resource: &str,
        site: Site<'_>,
    ) -> Option<Arc<Attempt>> {
        if !site.has(resource) || (site.foreign.is_none() && !self.may_name(action, resource)) {
            return None;
        }
        let ask = || {
            let attempt =
                self.settled_attempt(&self.start, RULES.actions.get(action)?, resource, PolicyContext::Own);
            let attempt = self.named_by_refusals(attempt);
            // Of keys that are not known their policies are not either.
            let attempt = if attempt.request.resource_kind() == ResourceKind::Ordinary {
                attempt
            } else {
                self.settled_attempt(
                    &self.start,
                    attempt.request.action(),
                    resource,
                    PolicyContext::DelegatingOwner,
                )
            };
            let attempt = match site.foreign {
                Some(policy_context) => self.let_in(attempt, policy_context),
                None => attempt,
            };
            (attempt.truth != Truth::False && !self.is_actor(resource)).then(|| Arc::new(attempt))
        };
        match candidates.iter().find(|candidate| *candidate.resource == *resource) {
            Some(candidate) => candidate.attempt.get_or_init(ask).clone(),
            None => ask(),
        }
    }

    /// An action for which no resource type is listed and that is granted on ARNs of its service: on what AWS checks it may
    /// not be known, and then it is potential.
    /// <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>
    fn named_by_refusals(&self, mut attempt: Attempt) -> Attempt {
        if attempt.truth != Truth::Unknown || attempt.request.resource() != "*" {
            return attempt;
        }
        let Decision::Unknown(doubts) = self.answer(&attempt).decision else { return attempt };
        let is_about_resource = |doubt: &Doubt| {
            let context = attempt.request.context();
            doubt.citation.statement().is_some_and(|statement| {
                statement.doubts().len() == 0
                    && statement.conditions().iter().all(|one| one.holds(context) != Truth::Unknown)
            })
        };
        if doubts.iter().all(is_about_resource) {
            let action = attempt.request.action();
            attempt.lacking = Some(format!("whether AWS checks {action} on the ARNs that the policies name"));
            attempt.truth = Truth::Depends;
        }
        attempt
    }

    /// Resources on which an action is worth evaluating.
    pub(super) fn places(&self, action: usize) -> Vec<Box<str>> {
        self.candidates(action, self.home())
            .iter()
            .flatten()
            .map(|candidate| candidate.resource.clone())
            .collect()
    }

    /// Whether an action may be allowed on a resource.
    pub(super) fn may_on(&self, action: usize, resource: &str) -> bool {
        self.on(action, &[], resource, self.home()).is_some_and(|attempt| attempt.truth >= Truth::Depends)
    }

    fn candidates(&self, action: usize, site: Site<'_>) -> Candidates {
        let find = || match kinds(action) {
            Some(kinds) => self.candidates_of_kinds(action, kinds, site),
            None => {
                let name = RULES.lower.get(action).map_or("", String::as_str);
                let policies = self.policies.iter().map(|(attached, _)| *attached);
                let places = requests::of_any_kind(policies, name, site.place, self.start.context());
                Rc::from([places.into_iter().map(Candidate::new).collect()])
            }
        };
        let abroad = site.foreign.map(|_| site.place.account.into());
        self.memo.candidates.borrow_mut().entry((abroad, action)).or_insert_with(find).clone()
    }

    fn candidates_of_kinds(&self, action: usize, kinds: &Kinds, site: Site<'_>) -> Candidates {
        let mut places = Places::default();
        let context = self.start.context();
        let name = RULES.lower.get(action).map_or("", String::as_str);
        let speaking = self.policies.iter().filter(|(_, indexed)| indexed.may_speak_of(action));
        for (attached, indexed) in speaking {
            match site.foreign {
                None => {
                    indexed.named((action, kinds), attached, site.place, context, |named| places.add(named));
                }
                Some(_) => places.add(&requests::named(&attached.policy, name, kinds, site.place, context).0),
            }
        }
        let groups = kinds.groups.iter().enumerate();
        let candidates = |number: usize, group: &Group, typical: &[String]| {
            places.of_group(number, group, typical).into_iter().map(Candidate::new).collect()
        };
        match site.foreign {
            None => {
                let typical = self.index.typical(action, kinds, site.place);
                groups
                    .zip(typical)
                    .map(|((number, group), typical)| candidates(number, group, typical))
                    .collect()
            }
            Some(_) => {
                groups.map(|(number, group)| candidates(number, group, &site.place.of_group(group))).collect()
            }
        }
    }
}

fn kinds(action: usize) -> Option<&'static Kinds> {
    RULES.kinds.get(action)?.as_deref()
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
