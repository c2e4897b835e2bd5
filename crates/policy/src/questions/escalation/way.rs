//! A way that holds or may, as it is found.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use super::attempt::Attempt;
use super::found::{Escalation, EscalationVerdict};
use super::gained::{Gained, Outcome};
use super::strength::Strength;
use super::targets::Target;
use crate::truth::Truth;

/// The requests of a way, and what they leave open.
pub(super) struct Taken {
    pub(super) attempts: Vec<Arc<Attempt>>,
    pub(super) lacking: Vec<String>,
}

/// How sure requests are.
#[derive(Clone, Copy)]
pub(super) struct Least {
    /// The least of them.
    pub(super) truth: Truth,
    /// Something would have to be known.
    pub(super) lacks: bool,
}

impl Taken {
    /// `None`: there are none.
    pub(super) fn least(&self) -> Option<Least> {
        let lacks = !self.lacking.is_empty() || self.attempts.iter().any(|attempt| attempt.lacking.is_some());
        let truth = self.attempts.iter().map(|attempt| attempt.truth).min()?;
        Some(Least { truth, lacks })
    }
}

/// The ways of a rule that were found.
pub(super) struct Ways<'m> {
    /// In the order in which they were found, or, if only some are kept, the best first.
    pub(super) kept: Vec<FoundWay<'m>>,
    /// How many were found.
    pub(super) count: usize,
    /// How many are kept; `None`: all.
    most: Option<usize>,
    /// Where those are that come to the same, if that is asked: all are kept then.
    places: Option<HashMap<Identity<'m>, usize>>,
}

impl<'m> Ways<'m> {
    pub(super) fn all() -> Self {
        Self { kept: Vec::new(), count: 0, most: None, places: None }
    }

    /// Of which only so many of the best will be reported.
    pub(super) fn best(most: usize) -> Self {
        Self { most: Some(most), ..Self::all() }
    }

    pub(super) fn of(kept: Vec<FoundWay<'m>>) -> Self {
        Self { count: kept.len(), kept, ..Self::all() }
    }

    /// Of alternatives that come to the same, the first of the best is reported.
    pub(super) fn distinguish(&mut self) {
        self.most = None;
        self.places = Some(HashMap::new());
    }

    /// Whether only what is better than the worst is kept of what comes now.
    pub(super) fn is_full(&self) -> bool {
        self.most.is_some_and(|most| self.kept.len() >= most)
    }

    /// Whether a way of this rank is kept.
    pub(super) fn takes(&self, rank: Rank) -> bool {
        !self.is_full() || self.kept.last().is_none_or(|worst| rank > worst.rank())
    }

    pub(super) fn add(&mut self, way: FoundWay<'m>) {
        if let Some(places) = &mut self.places {
            let place = *places.entry(way.identity()).or_insert(self.kept.len());
            match self.kept.get_mut(place) {
                Some(other) if way.verdict > other.verdict => *other = way,
                Some(_) => {}
                None => self.kept.push(way),
            }
            self.count = self.kept.len();
            return;
        }
        self.count += 1;
        let Some(most) = self.most else {
            self.kept.push(way);
            return;
        };
        // Of those of one rank, the first come first.
        let place = self.kept.partition_point(|other| other.rank() >= way.rank());
        if place < most {
            self.kept.insert(place, way);
            self.kept.truncate(most);
        }
    }

    /// Those that are reported, the best first, and how many there are.
    pub(super) fn into_best(mut self) -> (Vec<FoundWay<'m>>, usize) {
        self.kept.sort_by_key(|way| Reverse(way.rank()));
        self.kept.truncate(Escalation::MOST_WAYS);
        (self.kept, self.count)
    }
}

/// What decides which ways are reported: how sure one is, then how strong what is gained.
pub(super) type Rank = (EscalationVerdict, Strength);

/// What a way is aimed at, and what is taken for it.
pub(super) struct Aim<'m> {
    pub(super) target: Target<'m>,
    pub(super) taken: Taken,
}

/// A way that holds or may, before its requests are asked for their reasons.
pub(super) struct FoundWay<'m> {
    pub(super) verdict: EscalationVerdict,
    pub(super) aim: Rc<Aim<'m>>,
    pub(super) gained: Gained,
    pub(super) proviso: Option<&'static str>,
}

/// A role, a user, a policy; where the gain ends, and how strong it is.
pub(super) type Identity<'m> = ((Option<usize>, Option<usize>, Option<&'m str>), (Option<usize>, Strength));

impl<'m> FoundWay<'m> {
    /// What it has in common with another that comes to the same: target, and what is gained.
    pub(super) fn identity(&self) -> Identity<'m> {
        let Target { role, user, policy, .. } = self.aim.target;
        ((role, user, policy), (self.gained.end, self.gained.strength))
    }

    fn rank(&self) -> Rank {
        (self.verdict, self.gained.strength)
    }

    /// Place of the role whose permissions are gained.
    pub(super) fn end(&self) -> Option<usize> {
        self.gained.end.or(self.aim.target.role)
    }

    pub(super) fn verdict(&self) -> EscalationVerdict {
        self.verdict
    }

    /// Whether an administrator is gained, or it is not known what is.
    pub(super) fn may_make_administrator(&self) -> bool {
        let may = match self.gained.outcome {
            Outcome::Administrator | Outcome::NotTold(_) => true,
            Outcome::NotKnown => !self.aim.target.missing.is_empty(),
            Outcome::More(_) => false,
        };
        may && self.proviso.is_none() && self.verdict != EscalationVerdict::Speculative
    }

    /// How sure it is, and whether that is that an administrator is gained.
    pub(super) fn sureness(&self) -> (EscalationVerdict, bool) {
        (self.verdict, matches!(self.gained.outcome, Outcome::Administrator))
    }

    /// How long its chain is, the surest of ways first.
    pub(super) fn hops(&self) -> (Reverse<EscalationVerdict>, usize) {
        (Reverse(self.verdict), self.gained.chain.len())
    }
}
