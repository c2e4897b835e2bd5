//! Which rules of escalation hold for a principal: ways to more permissions than it was given.
//!
//! How each part is decided: [`reference::escalation`](crate::reference::escalation). Asked in rounds: which actions a rule
//! takes and on what (`ask`), what comes of it (`gain`, `worth`), and how sure that is (`judge`).

mod abroad;
mod aims;
mod anywhere;
mod ask;
mod chain;
mod facts;
mod foreign;
mod gain;
mod index;
mod inventory;
mod judge;
mod map;
mod rules;
mod sample;
mod strength;
mod tags;
#[cfg(test)]
mod tests;
mod worth;

use std::sync::Arc;

use super::kind::Kinds;
use crate::answer::{Citation, Doubt, Residual};
use crate::context::Context;
use crate::layers::{Attached, Layers};
use crate::request::Principal;
use rules::RULES;
use sample::Place;

pub use inventory::{
    Actor, GroupFacts, Inventory, PolicyFacts, RoleFacts, StoredVersion, TagFacts, UserFacts,
};
pub use map::EscalationMap;

/// Whether a rule holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EscalationVerdict {
    /// Not to be told: a policy that decides a step could not be read, or the evaluation of a step is unknown.
    Unknown,
    /// It would, if something were so of which the account has no sign: what an object, a secret or a key is good for. No
    /// finding rests on that.
    Speculative,
    /// It may: something that would have to exist, or be so, is not known, or it is not known what is gained.
    Potential,
    /// It does if the residuals and provisos hold.
    Conditional,
    /// It does.
    Yes,
}

/// What is gained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gain {
    /// Control of every identity of the account in which it is gained, as [`administrator`](crate::administrator) has it.
    Administrator,
    /// Among other things this, which the actor may not do: the strongest, as far as AWS's access levels tell.
    More {
        /// The action, with a made-up name where the policy has a wildcard.
        action: String,
        /// The resource, likewise.
        resource: String,
    },
    /// Not to be told from policies, or from those that could be read.
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
    /// In words, what must be so besides, and cannot be told.
    pub provisos: Vec<String>,
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
    /// How many ways of one rule are told.
    pub const MOST_WAYS: usize = 8;
}

/// What comes of the question.
#[derive(Clone, Debug)]
pub enum Escalations {
    /// The principal is an administrator already: there is nothing to gain in its account. The ways that lead to roles of
    /// other accounts, each of which is told once.
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

/// Asks which rules of escalation hold for one user or role. For many of one account, [`EscalationMap`] prepares what they
/// have in common.
///
/// ```
/// use orgsweep_policy::{
///     Actor, Attached, Context, EscalationVerdict, Inventory, Layers, Policy, Principal, RoleFacts, escalations,
/// };
/// use std::sync::Arc;
///
/// let policy = |text: &str| Policy::parse(text).map(|policy| [Attached::new("p", Arc::new(policy))]);
/// let hers = policy(
///     r#"{"Statement": {"Effect": "Allow", "Resource": "*",
///         "Action": ["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"]}}"#,
/// )?;
/// let its = policy(r#"{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}"#)?;
/// let trust = policy(
///     r#"{"Statement": {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}}"#,
/// )?;
/// let worker = RoleFacts {
///     arn: "arn:aws:iam::111122223333:role/worker",
///     layers: Layers { identity: &its, resource: &trust, ..Layers::default() },
///     instance_profile: Some(false),
/// };
/// let ann = Principal::iam("arn:aws:iam::111122223333:user/ann")?;
/// let layers = Layers { identity: &hers, ..Layers::default() };
/// let actor = Actor { principal: &ann, context: Context::auditor(), layers, groups: Some(&[]) };
/// let inventory = Inventory { roles: Some(&[worker]), ..Inventory::default() };
/// let found = escalations(&actor, &inventory);
/// let lambda = found.rules().iter().find(|found| found.rule == "lambda-001").ok_or("not found")?;
/// assert_eq!(lambda.verdict, EscalationVerdict::Yes);
/// assert_eq!(lambda.ways[0].target.as_deref(), Some(worker.arn));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn escalations(actor: &Actor<'_>, inventory: &Inventory<'_>) -> Escalations {
    EscalationMap::new(inventory).escalations(actor)
}

/// Whether it is worth asking for ways of a role with these identity policies to an administrator: whether they may allow all
/// steps of some rule. Cheap; that another role's trust policy names the role is not looked at, and leads on without any policy.
pub fn may_lead_to_administrator(identity: &[Attached]) -> bool {
    RULES.may_begin(identity)
}

/// Resources on which actions of one resource type are worth asking for: see [`sample::places`].
pub(super) fn places_of(
    actions: &[&str],
    principal: &Principal,
    context: &Context,
    layers: &Layers<'_>,
) -> Vec<String> {
    let place = Place::of(principal.name());
    let of = |action: &&str| -> Vec<String> {
        let Some(kinds) = Kinds::of(action) else { return Vec::new() };
        let lower = action.to_ascii_lowercase();
        let places = sample::places(sample::policies(layers), &lower, &kinds, place, context);
        places.into_iter().flatten().map(String::from).collect()
    };
    let mut places: Vec<String> = actions.iter().flat_map(of).collect();
    places.extend(sample::all_met(&places));
    places.sort_unstable();
    places.dedup();
    places
}

/// Whether roles are passed to a service.
pub(super) fn takes_passed_roles(service: &str) -> bool {
    RULES.takes_passed_roles(service.trim_end_matches(".cn"))
}
