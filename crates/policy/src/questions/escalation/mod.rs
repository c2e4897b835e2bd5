//! Which rules of escalation hold for a principal: ways to more permissions than it was given.
//! <https://pathfinding.cloud>

mod gain;
mod inventory;
mod rules;
mod sample;

use std::sync::Arc;

use crate::answer::{Citation, Doubt, Residual};
use crate::truth::Truth;

/// Whether a rule holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EscalationVerdict {
    /// It may: something that would have to exist, or a policy, is not known.
    Potential,
    /// It does if the residuals and provisos hold.
    Conditional,
    /// It does.
    Yes,
}

/// What is gained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gain {
    /// Control of every identity of the account, as [`administrator`](crate::administrator) has it.
    Administrator,
    /// Among other things this, which the actor may not do.
    More {
        /// The action, with a made-up name where the policy has a wildcard.
        action: String,
        /// The resource, likewise.
        resource: String,
    },
    /// Not to be told from policies, or from those that could be read.
    NotKnown,
}

/// One action of a way, on what it was found to be allowed. [`evaluate`](crate::evaluate) replays it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EscalationStep {
    /// The action.
    pub action: String,
    /// The resource. Where any may do, one with a made-up name.
    pub resource: String,
}

/// A rule that holds, or may hold, for a principal and a target.
#[derive(Clone, Debug)]
pub struct Escalation {
    /// Its id: that of pathfinding.cloud, such as `iam-012`, or one that begins with `x-`.
    pub rule: &'static str,
    /// Whether it holds.
    pub verdict: EscalationVerdict,
    /// ARN of the role, user, group or policy that it goes by; `None` where it goes by none, or none is known.
    pub target: Option<String>,
    /// The stored version that is to be put in force.
    pub version: Option<Arc<str>>,
    /// What is done.
    pub steps: Vec<EscalationStep>,
    /// Conditions that must all hold.
    pub residuals: Vec<Residual>,
    /// In words, what must be so besides, and cannot be told.
    pub provisos: Vec<String>,
    /// What keeps policies from being understood.
    pub doubts: Vec<Doubt>,
    /// The statements that speak for it.
    pub evidence: Vec<Citation>,
    /// What is gained.
    pub gain: Gain,
}

/// How one request of a way comes out, if it is not denied.
#[derive(Clone, Debug)]
struct Part {
    truth: Truth,
    step: EscalationStep,
    residual: Option<Residual>,
    doubts: Vec<Doubt>,
    evidence: Vec<Citation>,
}
