//! What comes of the question which rules of escalation hold.

use std::sync::Arc;

use crate::answer::{Citation, Doubt, Residual};

/// Whether a rule holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EscalationVerdict {
    /// Not known: a policy that decides a step could not be read, or the evaluation of a step is unknown.
    Unknown,
    /// It would, if something were so of which the account has no sign: what an object, a secret or a key is good for. No
    /// finding rests on that.
    Speculative,
    /// It may: something that would have to exist, or be so, is not known, or it is not known what is gained.
    Potential,
    /// It does if the residuals and the proviso hold.
    Conditional,
    /// It does.
    Yes,
}

/// What is gained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gain {
    /// Control of every identity of the account in which it is gained, as [`administrator`](crate::administrator) has it.
    Administrator,
    /// Among other things this, which the actor may not do: the strongest, as far as AWS's access levels show.
    More {
        /// The action, with a made-up name where the policy has a wildcard.
        action: String,
        /// The resource, likewise.
        resource: String,
    },
    /// Not known from policies, or from those that could be read.
    NotKnown,
}

/// One request of a way.
#[derive(Clone, Debug)]
pub struct EscalationStep {
    /// Who makes it, if not the actor: the service, or the provider, that the role trusts; in a chain the one who assumes
    /// the next role.
    pub by: Option<String>,
    /// The action.
    pub action: String,
    /// The resource. Where any may do, one with a made-up name. An action that takes several at once has a step for each.
    pub resource: String,
    /// The condition that must hold for it to be allowed.
    pub residual: Option<Residual>,
    /// The statements that decide.
    pub evidence: Vec<Citation>,
    /// What keeps it from being understood.
    pub doubts: Vec<Doubt>,
}

/// One way in which a rule holds.
#[derive(Clone, Debug)]
pub struct EscalationWay {
    /// Whether it holds this way.
    pub verdict: EscalationVerdict,
    /// ARN of the role, user or group whose permissions are gained; the actor's own, where it changes its own. `None`
    /// where it is none of the inventory.
    pub target: Option<String>,
    /// What it goes by besides: ARN of a policy, a group or a provider, name of an inline policy.
    pub through: Option<String>,
    /// The stored version that is to be put in force.
    pub version: Option<Arc<str>>,
    /// What is done, in this order.
    pub steps: Vec<Arc<EscalationStep>>,
    /// In words, what must be so besides, and cannot be known.
    pub proviso: Option<&'static str>,
    /// What the inventory, or AWS's list of what an action takes, would have to say for the verdict to be more than
    /// potential.
    pub missing: Vec<String>,
    /// What keeps the steps, and what is gained, from being understood.
    pub doubts: Vec<Doubt>,
    /// What is gained.
    pub gain: Gain,
    /// Where what is gained is not the target's own: the roles that are assumed from there, one after the other. The first
    /// is assumed by the target. What is gained is what the last of them may do.
    pub chain: Vec<Arc<EscalationStep>>,
    /// What must hold for that to be gained, and does not decide whether the steps can be taken.
    pub gain_if: Vec<Residual>,
}

impl EscalationWay {
    /// ARN of whom it is whose permissions are gained: the end of the chain, or else the target.
    pub fn gained_from(&self) -> Option<&str> {
        self.chain.last().map(|hop| &*hop.resource).or(self.target.as_deref())
    }
}

/// A rule that holds, or may hold, for a principal.
#[derive(Clone, Debug)]
pub struct Escalation {
    /// Its id: that of pathfinding.cloud, such as `iam-012`, or one that begins with `x-`.
    pub rule: &'static str,
    /// The best verdict of its ways.
    pub verdict: EscalationVerdict,
    /// Its ways, the best first; [`Escalation::MOST_WAYS`] at most.
    pub ways: Vec<EscalationWay>,
    /// How many there are.
    pub count: usize,
}

impl Escalation {
    /// How many ways of one rule are reported.
    pub const MOST_WAYS: usize = 8;
}

/// What comes of the question.
#[derive(Clone, Debug)]
pub enum Escalations {
    /// The principal is an administrator already: there is nothing to gain in its account. The ways that lead to roles of
    /// other accounts, each of which is reported once.
    AlreadyAdministrator(Vec<Escalation>),
    /// The principal is an administrator if all of these hold, one for each action that is open; and the rules that hold or
    /// may hold.
    AdministratorIf {
        /// What must hold.
        residuals: Vec<Residual>,
        /// The rules.
        rules: Vec<Escalation>,
    },
    /// The rules that hold or may hold, in the order of the rules.
    Rules(Vec<Escalation>),
}

impl Escalations {
    /// The rules that hold or may hold; for an administrator those that lead into other accounts.
    pub fn rules(&self) -> &[Escalation] {
        match self {
            Self::AlreadyAdministrator(rules) | Self::AdministratorIf { rules, .. } | Self::Rules(rules) => {
                rules
            }
        }
    }
}
