//! A way that holds or may, as it is found.

use std::cmp::Reverse;
use std::rc::Rc;

use super::attempt::Attempt;
use super::found::{EscalationVerdict, Gain};
use super::gained::{Gained, Outcome};
use super::strength::Strength;
use super::targets::Target;

/// The requests of a way, and what they leave open.
pub(super) struct Taken {
    pub(super) attempts: Vec<Rc<Attempt>>,
    pub(super) lacking: Vec<String>,
}

/// A way that holds or may, before its requests are asked for their reasons.
pub(super) struct FoundWay<'m> {
    pub(super) verdict: EscalationVerdict,
    pub(super) target: Rc<Target<'m>>,
    pub(super) taken: Rc<Taken>,
    pub(super) gained: Gained,
    pub(super) proviso: Option<&'static str>,
}

/// A role, a user, a policy; where the gain ends, and how strong it is.
pub(super) type Identity<'m> = ((Option<usize>, Option<usize>, Option<&'m str>), (Option<usize>, Strength));

impl<'m> FoundWay<'m> {
    /// What it has in common with another that comes to the same: target, and what is gained.
    pub(super) fn identity(&self) -> Identity<'m> {
        let Target { role, user, policy, .. } = *self.target;
        ((role, user, policy), (self.gained.end, self.gained.strength))
    }

    /// Place of the role whose permissions are gained.
    pub(super) fn end(&self) -> Option<usize> {
        self.gained.end.or(self.target.role)
    }

    pub(super) fn verdict(&self) -> EscalationVerdict {
        self.verdict
    }

    /// Whether an administrator is gained, or it is not known what is.
    pub(super) fn may_make_administrator(&self) -> bool {
        let may = match *self.gained.outcome {
            Outcome::Gain(Gain::Administrator) | Outcome::NotTold(_) => true,
            Outcome::Gain(Gain::NotKnown) => !self.target.missing.is_empty(),
            Outcome::Gain(_) => false,
        };
        may && self.proviso.is_none() && self.verdict != EscalationVerdict::Speculative
    }

    /// How sure it is, and whether that is that an administrator is gained.
    pub(super) fn sureness(&self) -> (EscalationVerdict, bool) {
        (self.verdict, matches!(*self.gained.outcome, Outcome::Gain(Gain::Administrator)))
    }

    /// How long its chain is, the surest of ways first.
    pub(super) fn hops(&self) -> (Reverse<EscalationVerdict>, usize) {
        (Reverse(self.verdict), self.gained.chain.len())
    }
}
