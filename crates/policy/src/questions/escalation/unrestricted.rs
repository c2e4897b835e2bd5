//! Actions that are bound to nothing: on what they are allowed, and on what together.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::attempts::{Asker, Call, Meets};
use super::foreign::Site;
use super::rules::RULES;
use crate::answer::{Decision, Doubt};
use crate::questions::kind::{Group, Kinds};
use crate::questions::requests::{self, Places};
use crate::request::ResourceKind;
use crate::truth::Truth;

/// Resources that patterns of several actions have in common, at most.
const MET: usize = 48;

/// How actions that are bound to nothing come out.
#[derive(Clone, Debug, Default)]
pub(super) struct Anywhere {
    /// One for each action and each of what it takes together.
    pub(super) calls: Vec<Rc<Call>>,
    /// What is allowed of an action on some of what it takes together, and not on the rest.
    pub(super) lacking: Vec<String>,
}

/// A resource on which an action is worth asking for, and how that comes out.
#[derive(Debug)]
pub(super) struct Spot {
    resource: Box<str>,
    call: OnceCell<Option<Rc<Call>>>,
}

/// For each of what an action takes together.
pub(super) type Spots = Rc<[Vec<Spot>]>;

/// For another account than the actor's, if it is one, and an action.
pub(super) type KnownSpots = HashMap<(Option<Box<str>>, usize), Spots>;

/// For an action, and a place among what it takes together, the request about anything of the type, if it is allowed.
pub(super) type Anything = HashMap<(usize, usize), Option<Rc<Call>>>;

/// Calls, with how sure the least of them is.
type Ranked = ((bool, Truth), Vec<Rc<Call>>);

impl Asker<'_> {
    /// Asks for actions of one service that are bound to nothing: what they take of one type must be one resource. `None`:
    /// one of them is denied everywhere.
    pub(super) fn anywhere(&self, actions: &[usize], site: Site<'_>) -> Option<Anywhere> {
        let mut found = Anywhere::default();
        let unlisted: Vec<usize> =
            actions.iter().copied().filter(|action| kinds(*action).is_none()).collect();
        if !unlisted.is_empty() {
            found.calls = self.of_any_kind(&unlisted, site)?;
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
                Some(calls) => found.calls.extend(calls),
                None => without.push((group, sharing)),
            }
        }
        if without.is_empty() {
            return Some(found);
        }
        for action in actions.iter().filter_map(|action| RULES.actions.get(*action)) {
            if !found.calls.iter().any(|call| call.request.action() == action) {
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
    fn on_one(&self, group: &Group, sharing: &[(usize, usize)], site: Site<'_>) -> Option<Vec<Rc<Call>>> {
        if let Some(calls) = self.on_any(sharing).filter(|_| site.foreign.is_none()) {
            return Some(calls);
        }
        let named: Vec<Spots> = sharing.iter().map(|(action, _)| self.spots(*action, site)).collect();
        let own = named.iter().zip(sharing).filter_map(|(of, (_, place))| of.get(*place).map(Vec::as_slice));
        let own: Vec<&[Spot]> = own.collect();
        let mut best: Option<Ranked> = None;
        let mut try_on = |resource: &str| {
            let call =
                |((action, _), spots): (&(usize, usize), &&[Spot])| self.on(*action, spots, resource, site);
            let calls: Vec<Rc<Call>> = sharing.iter().zip(&own).map_while(call).collect();
            let least = calls.iter().map(|call| call.rank()).min().filter(|_| calls.len() == sharing.len());
            let best_yet = best.as_ref().map_or((false, Truth::False), |(rank, _)| *rank);
            if let Some(least) = least.filter(|least| *least > best_yet) {
                best = Some((least, calls));
            }
            least == Some((true, Truth::True))
        };
        let all = || own.iter().copied().flatten().map(|spot| &*spot.resource);
        let found = all().any(&mut try_on);
        if !found && sharing.len() > 1 {
            let met =
                all().take(MET).flat_map(|one| all().take(MET).filter_map(|two| requests::meet(one, two)));
            met.filter(|resource| group.has(resource)).take(MET).any(|resource| try_on(&resource));
        }
        best.map(|(_, calls)| calls)
    }

    /// On a resource of the first type, of a made-up name, if all are allowed there: then nothing else comes out better.
    fn on_any(&self, sharing: &[(usize, usize)]) -> Option<Vec<Rc<Call>>> {
        let call = |(action, place): &(usize, usize)| {
            if let Some(known) = self.anything.borrow().get(&(*action, *place)) {
                return known.clone();
            }
            let typical = self.index.typical(*action, kinds(*action)?, self.place);
            let resource = typical.get(*place)?.first()?;
            let call = self.on(*action, &[], resource, self.home()).filter(|call| call.truth == Truth::True);
            self.anything.borrow_mut().insert((*action, *place), call.clone());
            call
        };
        sharing.iter().map(call).collect()
    }

    /// The same of actions that the catalogue does not list: on one resource for all, or, if there is none, each where it
    /// comes out best, unless those are resources of one type.
    fn of_any_kind(&self, actions: &[usize], site: Site<'_>) -> Option<Vec<Rc<Call>>> {
        let mut best: Vec<Rc<Call>> = Vec::new();
        let least =
            |calls: &[Rc<Call>]| calls.iter().map(|call| call.rank()).min().unwrap_or((false, Truth::False));
        let spots: Vec<Spots> = actions.iter().map(|action| self.spots(*action, site)).collect();
        let all = || spots.iter().flat_map(|spots| spots.iter().flatten()).map(|spot| &*spot.resource);
        let met = all().flat_map(|one| all().take(MET).filter_map(move |two| requests::meet(one, two)));
        for resource in all().map(str::to_owned).chain(met.take(MET)) {
            let calls: Vec<Rc<Call>> =
                actions.iter().map_while(|action| self.on(*action, &[], &resource, site)).collect();
            if calls.len() == actions.len() && (best.is_empty() || least(&calls) > least(&best)) {
                best = calls;
            }
            if least(&best) == (true, Truth::True) {
                return Some(best);
            }
        }
        let some = |calls: Vec<Rc<Call>>| Some(calls).filter(|calls| !calls.is_empty());
        let mut apart: Vec<Rc<Call>> = Vec::new();
        for (action, spots) in actions.iter().zip(&spots) {
            let calls = spots.iter().flatten().filter_map(|spot| self.on(*action, &[], &spot.resource, site));
            let Some(call) = calls.max_by_key(|call| call.rank()) else { return some(best) };
            if apart.iter().any(|other| same_type(other.request.resource(), call.request.resource())) {
                return some(best);
            }
            apart.push(call);
        }
        some(if least(&apart) > least(&best) { apart } else { best })
    }

    /// An action on a resource, if it is not denied; what is known of it is with those resources of which it is one.
    fn on(&self, action: usize, spots: &[Spot], resource: &str, site: Site<'_>) -> Option<Rc<Call>> {
        if !site.has(resource) {
            return None;
        }
        let ask = || {
            let call = self.settled_call(&self.start, RULES.actions.get(action)?, resource, Meets::Own);
            let call = self.named_by_refusals(call);
            // Of keys that are not known their policies are not either.
            let call = if call.request.resource_kind() == ResourceKind::Ordinary {
                call
            } else {
                self.settled_call(&self.start, call.request.action(), resource, Meets::Willing)
            };
            let call = match site.foreign {
                Some(meets) => self.let_in(call, meets),
                None => call,
            };
            (call.truth != Truth::False && !self.is_actor(resource)).then(|| Rc::new(call))
        };
        match spots.iter().find(|spot| *spot.resource == *resource) {
            Some(spot) => spot.call.get_or_init(ask).clone(),
            None => ask(),
        }
    }

    /// An action for which no resource type is listed and that is granted on ARNs of its service: on what AWS checks it may
    /// not be known, and then it is potential.
    /// <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>
    fn named_by_refusals(&self, mut call: Call) -> Call {
        if call.truth != Truth::Unknown || call.request.resource() != "*" {
            return call;
        }
        let Decision::Unknown(doubts) = self.answer(&call).decision else { return call };
        let is_about_resource = |doubt: &Doubt| {
            let context = call.request.context();
            doubt.citation.statement().is_some_and(|statement| {
                statement.doubts().len() == 0
                    && statement.conditions().iter().all(|one| one.holds(context) != Truth::Unknown)
            })
        };
        if doubts.iter().all(is_about_resource) {
            let action = call.request.action();
            call.lacking = Some(format!("whether AWS checks {action} on the ARNs that the policies name"));
            call.truth = Truth::Depends;
        }
        call
    }

    /// Resources on which an action is worth asking for.
    pub(super) fn places(&self, action: usize) -> Vec<Box<str>> {
        self.spots(action, self.home()).iter().flatten().map(|spot| spot.resource.clone()).collect()
    }

    /// Whether an action may be allowed on a resource.
    pub(super) fn may_on(&self, action: usize, resource: &str) -> bool {
        self.on(action, &[], resource, self.home()).is_some_and(|call| call.truth >= Truth::Depends)
    }

    fn spots(&self, action: usize, site: Site<'_>) -> Spots {
        let find = || match kinds(action) {
            Some(kinds) => self.spots_of_kinds(action, kinds, site),
            None => {
                let name = RULES.lower.get(action).map_or("", String::as_str);
                let policies = self.policies.iter().map(|(attached, _)| *attached);
                let places = requests::of_any_kind(policies, name, site.place, self.start.context());
                Rc::from([places.into_iter().map(spot).collect()])
            }
        };
        let abroad = site.foreign.map(|_| site.place.account.into());
        self.spots.borrow_mut().entry((abroad, action)).or_insert_with(find).clone()
    }

    fn spots_of_kinds(&self, action: usize, kinds: &Kinds, site: Site<'_>) -> Spots {
        let mut places = Places::default();
        let context = self.start.context();
        let name = RULES.lower.get(action).map_or("", String::as_str);
        for (attached, indexed) in &self.policies {
            match site.foreign {
                None => {
                    indexed.named((action, kinds), attached, site.place, context, |named| places.add(named));
                }
                Some(_) => places.add(&requests::named(&attached.policy, name, kinds, site.place, context).0),
            }
        }
        let groups = kinds.groups.iter().enumerate();
        let spots = |number: usize, group: &Group, typical: &[String]| {
            places.of_group(number, group, typical).into_iter().map(spot).collect()
        };
        match site.foreign {
            None => {
                let typical = self.index.typical(action, kinds, site.place);
                groups.zip(typical).map(|((number, group), typical)| spots(number, group, typical)).collect()
            }
            Some(_) => {
                groups.map(|(number, group)| spots(number, group, &site.place.of_group(group))).collect()
            }
        }
    }
}

fn spot(resource: impl Into<Box<str>>) -> Spot {
    Spot { resource: resource.into(), call: OnceCell::new() }
}

fn kinds(action: usize) -> Option<&'static Kinds> {
    RULES.kinds.get(action)?.as_ref()
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
