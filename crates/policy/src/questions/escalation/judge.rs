//! Whether a rule holds: its facts, its requests and its gain, put together.

use std::cmp::Reverse;
use std::rc::Rc;
use std::sync::Arc;

use super::abroad;
use super::attempts::{Asker, Call, Meets};
use super::foreign::Site;
use super::found::{Escalation, EscalationStep, EscalationVerdict, EscalationWay, Escalations, Gain};
use super::gain::{Outcome, Worth};
use super::inventory::Actor;
use super::map::EscalationMap;
use super::rules::{Alternative, Bind, Effect, Need, RULES, Rule, TrustedService};
use super::targets::{Aim, aims};
use super::unrestricted::Anywhere;
use crate::questions::administrator::Administrator;
use crate::request::PrincipalKind;
use crate::truth::Truth;

/// The requests of a way, and what they leave open.
struct Taken {
    calls: Vec<Rc<Call>>,
    lacking: Vec<String>,
}

/// A way that holds or may, before its requests are asked for their reasons.
pub(super) struct Found<'m> {
    verdict: EscalationVerdict,
    aim: Aim<'m>,
    calls: Vec<Rc<Call>>,
    lacking: Vec<String>,
    worth: Worth,
    proviso: Option<&'static str>,
}

impl Found<'_> {
    fn is_same(&self, other: &Self) -> bool {
        self.aim.is_at_same(&other.aim)
            && (self.worth.end, self.worth.strength) == (other.worth.end, other.worth.strength)
    }

    /// Place of the role whose permissions are gained.
    pub(super) fn end(&self) -> Option<usize> {
        self.worth.end.or(self.aim.role)
    }

    pub(super) fn verdict(&self) -> EscalationVerdict {
        self.verdict
    }

    /// Whether an administrator is gained, or it is not known what is.
    fn may_make_administrator(&self) -> bool {
        let may = match self.worth.outcome {
            Outcome::Gained(Gain::Administrator) | Outcome::NotTold(_) => true,
            Outcome::Gained(Gain::NotKnown) => !self.aim.missing.is_empty(),
            Outcome::Gained(_) => false,
        };
        may && self.proviso.is_none() && self.verdict != EscalationVerdict::Speculative
    }

    /// How sure it is, and whether that is that an administrator is gained.
    fn sureness(&self) -> (EscalationVerdict, bool) {
        (self.verdict, matches!(self.worth.outcome, Outcome::Gained(Gain::Administrator)))
    }

    /// How long its chain is, the surest of ways first.
    pub(super) fn hops(&self) -> (Reverse<EscalationVerdict>, usize) {
        (Reverse(self.verdict), self.worth.chain.len())
    }
}

impl EscalationMap<'_> {
    /// Asks which rules hold for one user or role: see [`escalations`](crate::escalations).
    pub fn escalations(&self, actor: &Actor<'_>) -> Escalations {
        escalations(self, actor)
    }

    /// The surest way by which one user or role, who is no administrator, becomes one, or may. Cheaper than all ways of all
    /// rules. `None`: there is no way, or only such as take more than policies say: those with provisos, and those on which no
    /// finding rests ([`EscalationVerdict::Speculative`](EscalationVerdict::Speculative)).
    ///
    /// It leads there if its gain is [`Gain::Administrator`](Gain::Administrator), as surely as its verdict says. With
    /// another gain it may, and what would tell could not be read: it is in the way's doubts, or in what is missing.
    pub fn way_to_administrator(&self, actor: &Actor<'_>) -> Option<Escalation> {
        way_to_administrator(self, actor)
    }
}

fn escalations(map: &EscalationMap<'_>, actor: &Actor<'_>) -> Escalations {
    let administrator = map.administrator(actor);
    if matches!(administrator, Administrator::Yes) {
        return Escalations::AlreadyAdministrator(abroad::escalations(map, actor));
    }
    let asker = Asker::new(map, actor);
    let rules = RULES.rules.iter().filter_map(|rule| asker.rule(rule)).collect();
    match administrator {
        Administrator::If(residuals) => Escalations::AdministratorIf { residuals, rules },
        _ => Escalations::Rules(rules),
    }
}

/// The surest way that ends at an administrator, or may.
fn way_to_administrator(map: &EscalationMap<'_>, actor: &Actor<'_>) -> Option<Escalation> {
    let asker = Asker::new(map, actor);
    let mut best: Option<(&Rule, Found<'_>)> = None;
    for rule in RULES.rules.iter().filter(|rule| rule.leads_to_administrator()) {
        let found = asker.found(rule).into_iter().filter(Found::may_make_administrator);
        let Some(found) = found.max_by_key(Found::sureness) else { continue };
        if best.as_ref().is_none_or(|(_, known)| found.sureness() > known.sureness()) {
            let is_sure = found.sureness() == (EscalationVerdict::Yes, true);
            best = Some((rule, found));
            if is_sure {
                break;
            }
        }
    }
    let (rule, found) = best?;
    let way = asker.tell(rule, found);
    Some(Escalation { rule: &rule.id, verdict: way.verdict, ways: vec![way], count: 1 })
}

impl<'m> Asker<'m> {
    fn rule(&self, rule: &'static Rule) -> Option<Escalation> {
        self.told_of(rule, self.found(rule))
    }

    /// The ways of a rule, in no order.
    pub(super) fn found(&self, rule: &'static Rule) -> Vec<Found<'m>> {
        let open_to_actor = match self.actor.principal.kind() {
            PrincipalKind::User => rule.user,
            PrincipalKind::Role => rule.role,
            _ => false,
        };
        if !open_to_actor {
            return Vec::new();
        }
        let mut found: Vec<Found<'m>> = Vec::new();
        for alternative in &rule.alternatives {
            let needs = &alternative.needs[..];
            if needs.iter().any(|need| !self.may(need.action)) {
                continue;
            }
            let is_at_home = self.found_in(self.home(), rule, alternative, &mut found);
            for site in self.sites_abroad(rule, needs) {
                self.found_in(site, rule, alternative, &mut found);
            }
            if is_at_home {
                continue;
            }
            for account in self.accounts_named(rule, needs) {
                self.found_in(self.abroad_in(&account), rule, alternative, &mut found);
            }
        }
        found
    }

    /// Adds the ways of an alternative that act on something in an account; whether there may be such a thing.
    fn found_in(
        &self,
        site: Site<'_>,
        rule: &'static Rule,
        alternative: &'static Alternative,
        found: &mut Vec<Found<'m>>,
    ) -> bool {
        // What is bound to nothing is the same for every target.
        let Some(anywhere) = self.all_anywhere(&alternative.needs, site) else { return false };
        let several = rule.alternatives.len() > 1;
        for aim in aims(self, rule, alternative, site) {
            if self.abroad && !self.may_lead_abroad(rule, &aim) {
                continue;
            }
            for way in self.ways(rule, alternative, aim, &anywhere) {
                // Of alternatives that come to the same, the first of the best is told.
                let same = found.iter_mut().find(|other| several && other.is_same(&way));
                match same {
                    Some(other) if way.verdict > other.verdict => *other = way,
                    Some(_) => {}
                    None => found.push(way),
                }
            }
        }
        true
    }

    /// A rule with its ways.
    pub(super) fn told_of(&self, rule: &'static Rule, mut found: Vec<Found<'m>>) -> Option<Escalation> {
        let count = found.len();
        found.sort_by_key(|found| Reverse((found.verdict, found.worth.strength)));
        found.truncate(Escalation::MOST_WAYS);
        let ways: Vec<EscalationWay> = found.into_iter().map(|found| self.tell(rule, found)).collect();
        let verdict = ways.first()?.verdict;
        Some(Escalation { rule: &rule.id, verdict, ways, count })
    }

    /// The requests that are bound to nothing, service by service; `None` if one is denied.
    fn all_anywhere(&self, needs: &[Need], site: Site<'_>) -> Option<Anywhere> {
        let service = |action: usize| RULES.lower.get(action).and_then(|action| action.split(':').next());
        let free: Vec<usize> =
            needs.iter().filter(|need| need.bind == Bind::Somewhere).map(|need| need.action).collect();
        let mut all = Anywhere::default();
        let mut done = Vec::new();
        for action in &free {
            let of = service(*action);
            if done.contains(&of) {
                continue;
            }
            done.push(of);
            let together: Vec<usize> = free.iter().copied().filter(|other| service(*other) == of).collect();
            let found = self.anywhere(&together, site)?;
            all.calls.extend(found.calls);
            all.lacking.extend(found.lacking);
        }
        Some(all)
    }

    /// What an alternative comes to on a target: once for what is gained for sure, and for more that is less sure.
    fn ways(
        &self,
        rule: &'static Rule,
        alternative: &'static Alternative,
        mut aim: Aim<'m>,
        anywhere: &Anywhere,
    ) -> Vec<Found<'m>> {
        let Some(Taken { mut calls, lacking }) = self.taken(rule, &alternative.needs, &mut aim, anywhere)
        else {
            return Vec::new();
        };
        let is_direct = alternative.needs.iter().all(|need| RULES.is_assuming(need));
        let untagged = aim.role.filter(|index| is_direct && self.may_not_tag_sessions_of(*index));
        let gain = match untagged.filter(|_| rule.effect == Effect::Target) {
            Some(index) => self.gain_untagged(index),
            None => self.gain(rule, &aim),
        };
        if gain.is_empty() {
            return Vec::new();
        }
        calls.extend(self.visit(&aim));
        gain.iter()
            .filter_map(|worth| self.judged((rule, alternative), &aim, (&calls, &lacking), worth))
            .collect()
    }

    /// The requests of an alternative on a target, if none is denied.
    fn taken(&self, rule: &Rule, needs: &[Need], aim: &mut Aim<'m>, anywhere: &Anywhere) -> Option<Taken> {
        let mut calls = Vec::new();
        let mut lacking = anywhere.lacking.clone();
        for fact in &rule.facts {
            if !self.fact(rule, *fact, aim, &mut calls) {
                return None;
            }
        }
        for need in needs.iter().filter(|need| need.bind != Bind::Somewhere) {
            let Some(call) = self.at(rule, need.action, need.bind, aim) else {
                let anywhere = self.anywhere(&[need.action], self.home())?;
                lacking.extend(anywhere.lacking);
                calls.extend(anywhere.calls);
                continue;
            };
            if call.truth == Truth::False {
                return None;
            }
            let rewrites = call.request.action() == "iam:UpdateAssumeRolePolicy";
            calls.push(call);
            if let (true, Some(role)) = (rewrites, self.target(aim)) {
                calls.push(match aim.role {
                    Some(index) => self.rewritten(index, role),
                    None => Rc::new(self.call(&self.start, "sts:AssumeRole", role, Meets::Rewritten(None))),
                });
            }
        }
        if calls.iter().any(|call| call.truth == Truth::False) {
            return None;
        }
        calls.extend(anywhere.calls.iter().cloned());
        Some(Taken { calls, lacking })
    }

    /// A way that comes to something.
    fn judged(
        &self,
        (rule, alternative): (&'static Rule, &'static Alternative),
        aim: &Aim<'m>,
        (calls, lacking): (&[Rc<Call>], &[String]),
        worth: &Worth,
    ) -> Option<Found<'m>> {
        // That there is a role which the target assumes is a proviso only where it is none of the inventory.
        let (at_most, proviso) = match rule.effect {
            Effect::Executed if worth.end.is_some() => (EscalationVerdict::Yes, None),
            _ => (alternative.at_most, alternative.proviso.as_deref()),
        };
        let lacks = !lacking.is_empty() || calls.iter().any(|call| call.lacking.is_some());
        let least = calls.iter().map(|call| call.truth).min()?.min(worth.truth());
        let verdict = match least {
            Truth::False => return None,
            Truth::Unknown => EscalationVerdict::Unknown,
            // Doubt about what is gained leaves the steps as sure as they are.
            _ if matches!(worth.outcome, Outcome::NotTold(_)) => EscalationVerdict::Potential,
            _ if !aim.missing.is_empty() || lacks => EscalationVerdict::Potential,
            Truth::Depends => at_most.min(EscalationVerdict::Conditional),
            Truth::True => at_most,
        };
        let verdict = if self.has_sign(rule) { verdict } else { verdict.min(EscalationVerdict::Speculative) };
        Some(Found {
            verdict,
            aim: aim.clone(),
            calls: calls.to_vec(),
            lacking: lacking.to_vec(),
            worth: worth.clone(),
            proviso,
        })
    }

    /// The role is taken on by the service, or by whom the provider vouches for.
    fn visit(&self, aim: &Aim<'m>) -> Option<Rc<Call>> {
        let index = aim.role?;
        let role = self.map.roles.get(index)?;
        if let Some((service, truth)) = aim.service {
            return self.visited(index, service, truth);
        }
        let service = TrustedService { name: aim.provider?.to_owned(), federated: true };
        let mut request = role.visit(&service, self.map.inventory.requests);
        if service.name.contains(":saml-provider/") {
            request = request.instead("sts:AssumeRoleWithSAML", role.facts.arn);
        }
        let truth = role.admits(&request);
        Some(Rc::new(Call::new(request, Meets::Visitor(index, None), truth)))
    }

    /// Whose permissions are gained, if it is another.
    fn target(&self, aim: &Aim<'m>) -> Option<&'m str> {
        let role = aim.role.and_then(|index| self.map.roles.get(index)).map(|role| role.facts.arn);
        let user = || aim.user.and_then(|index| self.map.users.get(index)).map(|user| user.facts.arn);
        role.or_else(user)
    }

    /// A way with the reasons of its requests.
    fn tell(&self, rule: &Rule, found: Found<'m>) -> EscalationWay {
        let Found { verdict, aim, calls, lacking, worth, proviso } = found;
        let (gain, mut doubts) = match worth.outcome {
            Outcome::Gained(gain) => (gain, Vec::new()),
            Outcome::NotTold(doubts) => (Gain::NotKnown, doubts),
        };
        let mut steps: Vec<Arc<EscalationStep>> = Vec::new();
        let mut missing: Vec<String> =
            aim.missing.iter().map(|what| (*what).to_owned()).chain(lacking).collect();
        for call in &calls {
            for step in call.first.iter().map(|first| self.step(first)).chain([self.step(call)]) {
                let is_same = |one: &Arc<EscalationStep>| {
                    (&one.action, &one.resource) == (&step.action, &step.resource)
                };
                if call.first.is_empty() || !steps.iter().any(is_same) {
                    steps.push(step);
                }
            }
            missing.extend(call.lacking.clone().filter(|lacking| !missing.contains(lacking)));
        }
        let chain: Vec<Arc<EscalationStep>> = worth.chain.iter().map(|call| self.step(call)).collect();
        doubts.extend(steps.iter().chain(&chain).flat_map(|step| step.doubts.iter().cloned()));
        let own = || aim.missing.is_empty().then(|| self.actor.principal.name());
        let is_own =
            !matches!(rule.effect, Effect::Target | Effect::Within | Effect::Executed | Effect::NotTold);
        let joined = aim.group.filter(|_| rule.effect == Effect::Group);
        let target = self.target(&aim).or(joined).or_else(|| own().filter(|_| is_own));
        EscalationWay {
            verdict,
            target: target.map(str::to_owned),
            through: aim
                .policy
                .or(aim.provider)
                .or(aim.group.filter(|_| joined.is_none()))
                .map(str::to_owned),
            version: aim.change.and_then(|change| change.version).map(|(name, _)| name.clone()),
            steps,
            provisos: proviso.into_iter().map(str::to_owned).collect(),
            missing,
            doubts,
            gain,
            chain,
            gain_if: worth.residuals,
        }
    }
}
