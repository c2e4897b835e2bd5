//! What comes of a way, and which of several is the strongest.

use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;

use super::attempt::Attempt;
use super::found::Gain;
use super::samples::Sample;
use super::strength::{self, Strength};
use crate::answer::{Doubt, Residual};
use crate::truth::Truth;

/// What comes of a way: [`Gain`], of which the text is made only for what is reported.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    Administrator,
    More(Arc<Sample>),
    NotKnown,
    NotTold(Rc<[Doubt]>),
}

impl Outcome {
    pub(super) fn gain(&self) -> Gain {
        match self {
            Self::Administrator => Gain::Administrator,
            Self::More(sample) => {
                Gain::More { action: sample.action.to_string(), resource: sample.resource.to_string() }
            }
            Self::NotKnown | Self::NotTold(_) => Gain::NotKnown,
        }
    }

    pub(super) fn doubts(&self) -> &[Doubt] {
        if let Self::NotTold(doubts) = self { doubts } else { &[] }
    }
}

/// What comes of a way, with what that takes beyond its steps.
#[derive(Clone, Debug)]
pub(super) struct Gained {
    pub(super) outcome: Outcome,
    pub(super) strength: Strength,
    /// What must hold for it.
    pub(super) residuals: Vec<Residual>,
    /// The hops from the target to where it is gained.
    pub(super) chain: Vec<Arc<Attempt>>,
    /// Place of the role at the end of the chain.
    pub(super) end: Option<usize>,
    /// The least sure of the hops.
    pub(super) truth: Truth,
}

impl Gained {
    pub(super) fn new(outcome: Outcome, strength: Strength) -> Self {
        Self { outcome, strength, residuals: Vec::new(), chain: Vec::new(), end: None, truth: Truth::True }
    }

    pub(super) fn not_known() -> Self {
        Self::new(Outcome::NotKnown, strength::NOT_KNOWN)
    }

    /// How sure it is, once the steps are taken. Who is an administrator under a condition need not be one; but where it may
    /// do something more under a condition, that is what is gained, whether or not it can be used.
    pub(super) fn truth(&self) -> Truth {
        let is_administrator = matches!(self.outcome, Outcome::Administrator);
        if is_administrator && !self.residuals.is_empty() {
            self.truth.min(Truth::Depends)
        } else {
            self.truth
        }
    }

    /// Whether another is at least as sure and as strong, and hangs on no condition if this does not.
    pub(super) fn yields_to(&self, other: &Self) -> bool {
        let rank = |gained: &Self| match gained.outcome {
            Outcome::NotTold(_) => (0, 0),
            _ => (1, gained.strength),
        };
        rank(other) >= rank(self)
            && other.truth() >= self.truth()
            && (other.residuals.is_empty() || !self.residuals.is_empty())
    }
}

/// All that is gained by a way, shared by those that gain the same. Of most there is nothing, which takes no memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Gains(Option<Rc<[Gained]>>);

impl From<Vec<Gained>> for Gains {
    fn from(all: Vec<Gained>) -> Self {
        Self((!all.is_empty()).then(|| all.into()))
    }
}

impl Deref for Gains {
    type Target = [Gained];

    fn deref(&self) -> &[Gained] {
        self.0.as_deref().unwrap_or_default()
    }
}

/// Those that yield to none of the others, in their order.
pub(super) fn strongest(all: Vec<Gained>) -> Gains {
    if all.len() < 2 {
        return all.into();
    }
    let mut kept: Vec<Gained> = Vec::new();
    for gained in all {
        if !kept.iter().any(|other| gained.yields_to(other)) {
            kept.retain(|other| !other.yields_to(&gained));
            kept.push(gained);
        }
    }
    kept.into()
}
