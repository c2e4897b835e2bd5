//! Which rules of escalation hold for a principal: ways to more permissions than it was given.
//!
//! How each part is decided: [`reference::escalation`](crate::reference::escalation). In rounds: what a look at the
//! policies leaves (`reach`), which actions a rule takes and on what (`targets`, `attempts`, `unrestricted`), what is gained
//! (`gain`, `powers`), and how sure that is (`judge`).

mod abroad;
mod actor;
mod attempt;
mod attempts;
mod chain;
mod classes;
mod facts;
mod foreign;
mod found;
mod gain;
mod gained;
mod hops;
mod index;
mod inventory;
mod judge;
mod map;
mod memo;
mod named;
mod objects;
mod powers;
mod reach;
mod rules;
mod samples;
mod shared;
mod strength;
mod sure;
mod tagging;
mod tags;
mod targets;
#[cfg(test)]
mod tests;
mod unrestricted;
mod way;

use crate::layers::Attached;

pub use found::{Escalation, EscalationStep, EscalationVerdict, EscalationWay, Escalations, Gain};
pub use inventory::{
    Actor, GroupFacts, Inventory, PolicyFacts, RoleFacts, StoredVersion, TagFacts, UserFacts,
};
pub use map::EscalationMap;
pub(super) use rules::takes_passed_roles;

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

/// Whether it is worth evaluating ways of a role with these identity policies to an administrator: whether they may allow all
/// steps of some rule. Cheap; it does not consider that another role's trust policy may name the role, which needs no policy of
/// the role.
pub fn may_lead_to_administrator(identity: &[Attached]) -> bool {
    rules::RULES.may_begin(identity)
}
