//! Whether a rule holds: its facts, its requests and its gain, combined.

use super::actor::Evaluator;
use super::attempt::{Attempt, PolicyContext, Unrestricted};
use super::gained::{Gained, Outcome};
use super::targets::{Target, targets};
use super::way::{Aim, FoundWay, Least, Taken, Ways};
use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;

use super::abroad;
use super::chain::Member;
use super::foreign::Site;
use super::found::{Escalation, EscalationStep, EscalationVerdict, EscalationWay, Escalations};
use super::inventory::Actor;
use super::map::EscalationMap;
use super::rules::{Alternative, Bind, Effect, Fact, Need, RULES, Rule, TrustedService};
use crate::questions::administrator::Standing;
use crate::truth::Truth;

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
    /// another gain it may, and what would decide that could not be read: it is in the way's doubts, or in what is missing.
    pub fn way_to_administrator(&self, actor: &Actor<'_>) -> Option<Escalation> {
        way_to_administrator(self, actor)
    }
}

fn escalations(map: &EscalationMap<'_>, actor: &Actor<'_>) -> Escalations {
    let standing = map.numbers.standing(actor.principal, &actor.context, &actor.layers);
    let residuals = match standing {
        Standing::Administrator => {
            return Escalations::AlreadyAdministrator(abroad::escalations(map, actor));
        }
        Standing::If(residuals) => Some(residuals),
        Standing::Other => None,
    };
    let rules = if map.numbers.prunes && !may_begin(map, actor) {
        Vec::new()
    } else {
        let evaluator = Evaluator::new(map, actor);
        RULES.rules.iter().filter_map(|rule| evaluator.rule(rule)).collect()
    };
    match residuals {
        Some(residuals) => Escalations::AdministratorIf { residuals, rules },
        None => Escalations::Rules(rules),
    }
}

/// Whether an actor may take all steps of some rule, by a look at what its policies may allow at all, and who may assume a role.
fn may_begin(map: &EscalationMap<'_>, actor: &Actor<'_>) -> bool {
    let allowed = RULES.allowed_by(actor.layers.identity);
    let admitted = OnceCell::new();
    let may_assume = || {
        let is_admitted = || {
            let roles = map.admitting.may_admit(actor.principal, &actor.layers);
            map.inventory.roles.is_none() || !roles.is_empty()
        };
        *admitted.get_or_init(is_admitted)
    };
    let assumes = |need: &Need| need.bind == Bind::TargetRole && RULES.is_assuming(need);
    let rules = RULES.rules.iter().filter(|rule| rule.is_open_to(actor.principal.kind()));
    rules.flat_map(|rule| &rule.alternatives).any(|alternative| {
        allowed.has_all(&alternative.of_identity) && (!alternative.needs.iter().any(assumes) || may_assume())
    })
}

/// The surest way that ends at an administrator, or may.
fn way_to_administrator(map: &EscalationMap<'_>, actor: &Actor<'_>) -> Option<Escalation> {
    if map.numbers.prunes && !may_begin(map, actor) {
        return None;
    }
    let evaluator = Evaluator::new(map, actor);
    let mut best: Option<(&Rule, FoundWay<'_>)> = None;
    for rule in RULES.rules.iter().filter(|rule| rule.leads_to_administrator()) {
        let found = evaluator.found(rule).into_iter().filter(FoundWay::may_make_administrator);
        let Some(found) = found.max_by_key(FoundWay::sureness) else { continue };
        if best.as_ref().is_none_or(|(_, known)| found.sureness() > known.sureness()) {
            let is_sure = found.sureness() == (EscalationVerdict::Yes, true);
            best = Some((rule, found));
            if is_sure {
                break;
            }
        }
    }
    let (rule, found) = best?;
    let way = evaluator.tell(rule, found);
    Some(Escalation { rule: &rule.id, verdict: way.verdict, ways: vec![way], count: 1 })
}

impl<'m> Evaluator<'m> {
    fn rule(&self, rule: &'static Rule) -> Option<Escalation> {
        let mut ways = Ways::best(Escalation::MOST_WAYS);
        self.find(rule, &mut ways);
        self.told_of(rule, ways)
    }

    /// The ways of a rule, in no order.
    pub(super) fn found(&self, rule: &'static Rule) -> Vec<FoundWay<'m>> {
        let mut ways = Ways::all();
        self.find(rule, &mut ways);
        ways.kept
    }

    fn find(&self, rule: &'static Rule, found: &mut Ways<'m>) {
        if !rule.is_open_to(self.actor.principal.kind()) {
            return;
        }
        if rule.alternatives.len() > 1 {
            found.distinguish();
        }
        for alternative in &rule.alternatives {
            let needs = &alternative.needs[..];
            if !self.may(alternative) {
                continue;
            }
            let is_at_home = self.found_in(self.home(), rule, alternative, found);
            for site in self.sites_abroad(rule, needs) {
                self.found_in(site, rule, alternative, found);
            }
            if is_at_home {
                continue;
            }
            for account in self.accounts_named(rule, needs).iter() {
                self.found_in(self.abroad_in(account), rule, alternative, found);
            }
        }
    }

    /// Adds the ways of an alternative that act on something in an account; whether there may be such a thing.
    fn found_in(
        &self,
        site: Site<'_>,
        rule: &'static Rule,
        alternative: &'static Alternative,
        found: &mut Ways<'m>,
    ) -> bool {
        let mut targets = targets(self, rule, alternative, site).peekable();
        if targets.peek().is_none() {
            return true;
        }
        // What is bound to nothing is the same for every target.
        let Some(unrestricted) = self.all_unrestricted(&alternative.needs, site) else { return false };
        for target in targets {
            if self.abroad && !self.may_lead_abroad(rule, &target) {
                continue;
            }
            self.ways((rule, alternative), target, &unrestricted, found);
        }
        true
    }

    /// A rule with its ways.
    pub(super) fn told_of(&self, rule: &'static Rule, found: Ways<'m>) -> Option<Escalation> {
        let (best, count) = found.into_best();
        let ways: Vec<EscalationWay> = best.into_iter().map(|found| self.tell(rule, found)).collect();
        let verdict = ways.first()?.verdict;
        Some(Escalation { rule: &rule.id, verdict, ways, count })
    }

    /// The requests that are bound to nothing; `None` if one is denied.
    fn all_unrestricted(&self, needs: &[Need], site: Site<'_>) -> Option<Arc<Unrestricted>> {
        let free = needs.iter().filter(|need| need.bind == Bind::Somewhere);
        let free: Vec<usize> = free.map(|need| need.action).collect();
        let find = || self.service_by_service(&free, site).map(Arc::new);
        if site.foreign.is_some() || free.is_empty() {
            return find();
        }
        self.shared_unrestricted(&free, find)
    }

    fn service_by_service(&self, free: &[usize], site: Site<'_>) -> Option<Unrestricted> {
        let service = |action: usize| RULES.lower.get(action).and_then(|action| action.split(':').next());
        let mut all = Unrestricted::default();
        let mut done = Vec::new();
        for action in free {
            let of = service(*action);
            if done.contains(&of) {
                continue;
            }
            done.push(of);
            let together: Vec<usize> = free.iter().copied().filter(|other| service(*other) == of).collect();
            let found = self.unrestricted(&together, site)?;
            all.attempts.extend(found.attempts);
            all.lacking.extend(found.lacking);
        }
        Some(all)
    }

    /// Adds what an alternative comes to on a target: once for what is gained for sure, and for more that is less sure.
    fn ways(
        &self,
        (rule, alternative): (&'static Rule, &'static Alternative),
        mut target: Target<'m>,
        unrestricted: &Unrestricted,
        found: &mut Ways<'m>,
    ) {
        // Of hundreds of targets few are reported: the requests of the others are not even put together.
        if found.is_full()
            && let Some(least) = self.least_at_a_glance(rule, &alternative.needs, &mut target, unrestricted)
        {
            let gain = self.gain(rule, &target);
            let ranks = gain.iter().filter_map(|gained| {
                let (verdict, _) = self.verdict((rule, alternative), &target, least, gained)?;
                Some((verdict, gained.strength))
            });
            if !ranks.clone().any(|rank| found.takes(rank)) {
                found.count += ranks.count();
                return;
            }
        }
        let Some(mut taken) = self.taken(rule, &alternative.needs, &mut target, unrestricted) else { return };
        let is_direct = alternative.needs.iter().all(|need| RULES.is_assuming(need));
        let untagged = target.role.filter(|index| is_direct && self.may_not_tag_sessions_of(*index));
        let gain = match untagged.filter(|_| rule.effect == Effect::Target) {
            Some(index) => self.gain_untagged(index),
            None => self.gain(rule, &target),
        };
        if gain.is_empty() {
            return;
        }
        taken.attempts.extend(self.visit(&target));
        let Some(least) = taken.least() else { return };
        let aim = Rc::new(Aim { target, taken });
        for gained in gain.iter() {
            let verdict = self.verdict((rule, alternative), &aim.target, least, gained);
            let Some((verdict, proviso)) = verdict else { continue };
            found.add(FoundWay { verdict, aim: aim.clone(), gained: gained.clone(), proviso });
        }
    }

    /// How sure the requests of an alternative on a target are, if that is known before they are put together: the actor's
    /// policies do not distinguish the targets.
    fn least_at_a_glance(
        &self,
        rule: &Rule,
        needs: &[Need],
        target: &mut Target<'m>,
        unrestricted: &Unrestricted,
    ) -> Option<Least> {
        let mut attempts = Vec::new();
        let member = target.role.map(Member::Role).or(target.user.map(Member::User));
        let is_plain = rule.facts.iter().all(|fact| fact.is_of_the_target()) && target.policy.is_none();
        if !is_plain || target.provider.is_some() || target.object.is_some() {
            return None;
        }
        let is_so = |fact: &Fact| self.fact(rule, *fact, target, &mut attempts);
        let are_allowed = rule.facts.iter().all(is_so)
            && needs.iter().filter(|need| need.bind != Bind::Somewhere).all(|need| {
                let is_of_target = matches!(need.bind, Bind::TargetRole | Bind::TargetUser);
                let is_simple = is_of_target && !RULES.is_assuming(need) && !RULES.is_rewriting(need);
                let truth = member.filter(|_| is_simple).and_then(|one| self.everywhere_on(need.action, one));
                truth == Some(Truth::True)
            });
        let visit = target.service.map_or(Truth::True, |(_, truth)| truth);
        are_allowed.then(|| {
            let least = unrestricted.attempts.iter().map(|attempt| attempt.truth).min().unwrap_or(visit);
            Least { truth: least.min(visit), lacks: unrestricted.lacks() }
        })
    }

    /// The requests of an alternative on a target, if none is denied.
    fn taken(
        &self,
        rule: &Rule,
        needs: &[Need],
        target: &mut Target<'m>,
        unrestricted: &Unrestricted,
    ) -> Option<Taken> {
        // With room for what a trust policy's rewriting and a visit add.
        let mut attempts =
            Vec::with_capacity(rule.facts.len() + needs.len() + unrestricted.attempts.len() + 2);
        let mut lacking = unrestricted.lacking.clone();
        for fact in &rule.facts {
            if !self.fact(rule, *fact, target, &mut attempts) {
                return None;
            }
        }
        for need in needs.iter().filter(|need| need.bind != Bind::Somewhere) {
            let Some(attempt) = self.at(rule, need.action, need.bind, target) else {
                let unrestricted = self.unrestricted(&[need.action], self.home())?;
                lacking.extend(unrestricted.lacking);
                attempts.extend(unrestricted.attempts);
                continue;
            };
            if attempt.truth == Truth::False {
                return None;
            }
            let rewrites = attempt.request.action() == "iam:UpdateAssumeRolePolicy";
            attempts.push(attempt);
            if let (true, Some(role)) = (rewrites, self.arn_of(target)) {
                attempts.push(match target.role {
                    Some(index) => self.rewritten(index, role),
                    None => Arc::new(self.attempt(
                        &self.start,
                        "sts:AssumeRole",
                        role,
                        PolicyContext::Rewritten(None),
                    )),
                });
            }
        }
        if attempts.iter().any(|attempt| attempt.truth == Truth::False) {
            return None;
        }
        attempts.extend(unrestricted.attempts.iter().cloned());
        Some(Taken { attempts, lacking })
    }

    /// What a way comes to, and with which proviso. `None`: nothing.
    fn verdict(
        &self,
        (rule, alternative): (&'static Rule, &'static Alternative),
        target: &Target<'m>,
        least: Least,
        gained: &Gained,
    ) -> Option<(EscalationVerdict, Option<&'static str>)> {
        // That there is a role which the target assumes is a proviso only where it is none of the inventory.
        let (at_most, proviso) = match rule.effect {
            Effect::Executed if gained.end.is_some() => (EscalationVerdict::Yes, None),
            _ => (alternative.at_most, alternative.proviso.as_deref()),
        };
        let verdict = match least.truth.min(gained.truth()) {
            Truth::False => return None,
            Truth::Unknown => EscalationVerdict::Unknown,
            // Doubt about what is gained leaves the steps as sure as they are.
            _ if matches!(gained.outcome, Outcome::NotTold(_)) => EscalationVerdict::Potential,
            _ if !target.missing.is_empty() || least.lacks => EscalationVerdict::Potential,
            Truth::Depends => at_most.min(EscalationVerdict::Conditional),
            Truth::True => at_most,
        };
        let verdict = if self.has_sign(rule) { verdict } else { verdict.min(EscalationVerdict::Speculative) };
        Some((verdict, proviso))
    }

    /// The role is taken on by the service, or by whom the provider vouches for.
    fn visit(&self, target: &Target<'m>) -> Option<Arc<Attempt>> {
        let index = target.role?;
        let role = self.map.roles.get(index)?;
        if let Some((service, truth)) = target.service {
            return self.visited(index, service, truth);
        }
        let service = TrustedService { name: target.provider?.to_owned(), federated: true };
        let mut request = role.visit(&service, self.map.inventory.requests);
        if service.name.contains(":saml-provider/") {
            request = request.instead("sts:AssumeRoleWithSAML", role.facts.arn);
        }
        let truth = role.admits(&request);
        Some(Arc::new(Attempt::new(request, PolicyContext::Visitor(index, None), truth)))
    }

    /// Whose permissions are gained, if it is another.
    fn arn_of(&self, target: &Target<'m>) -> Option<&'m str> {
        let role = target.role.and_then(|index| self.map.roles.get(index)).map(|role| role.facts.arn);
        let user = || target.user.and_then(|index| self.map.users.get(index)).map(|user| user.facts.arn);
        role.or_else(user)
    }

    /// A way with the reasons of its requests.
    fn tell(&self, rule: &Rule, found: FoundWay<'m>) -> EscalationWay {
        let FoundWay { verdict, aim, gained, proviso } = found;
        let Aim { target, taken: Taken { attempts, lacking } } = &*aim;
        let (gain, mut doubts) = (gained.outcome.gain(), gained.outcome.doubts().to_vec());
        let mut steps: Vec<Arc<EscalationStep>> = Vec::with_capacity(attempts.len());
        let mut missing: Vec<String> =
            target.missing.iter().map(|what| (*what).to_owned()).chain(lacking.iter().cloned()).collect();
        for attempt in attempts {
            for step in attempt.first.iter().map(|first| self.step(first)).chain([self.step(attempt)]) {
                let is_same = |one: &Arc<EscalationStep>| {
                    (&one.action, &one.resource) == (&step.action, &step.resource)
                };
                if attempt.first.is_empty() || !steps.iter().any(is_same) {
                    steps.push(step);
                }
            }
            missing.extend(attempt.lacking.clone().filter(|lacking| !missing.contains(lacking)));
        }
        let chain: Vec<Arc<EscalationStep>> = gained.chain.iter().map(|attempt| self.step(attempt)).collect();
        doubts.extend(steps.iter().chain(&chain).flat_map(|step| step.doubts.iter().cloned()));
        let own = || target.missing.is_empty().then(|| self.actor.principal.name());
        let is_own =
            !matches!(rule.effect, Effect::Target | Effect::Within | Effect::Executed | Effect::NotTold);
        let joined = target.group.filter(|_| rule.effect == Effect::Group);
        let whose = self.arn_of(target).or(joined).or_else(|| own().filter(|_| is_own));
        EscalationWay {
            verdict,
            target: whose.map(str::to_owned),
            through: target
                .policy
                .or(target.provider)
                .or(target.group.filter(|_| joined.is_none()))
                .map(str::to_owned),
            version: target.change.and_then(|change| change.version).map(|(name, _)| name.clone()),
            steps,
            proviso,
            missing,
            doubts,
            gain,
            chain,
            gain_if: gained.residuals,
        }
    }
}
