//! Questions that an auditor asks, put as requests and answered by evaluation.

mod administrator;
mod capabilities;
mod escalation;
mod guard;
mod kind;
mod never_sent;
mod requests;
mod sample;
mod tenant;
mod trust;

pub use administrator::{Administrator, administrator, administrator_among, may_be_administrator};
pub use capabilities::{Capability, Reach, capabilities};
pub use escalation::{
    Actor, Escalation, EscalationMap, EscalationStep, EscalationVerdict, EscalationWay, Escalations, Gain,
    GroupFacts, Inventory, PolicyFacts, RoleFacts, StoredVersion, TagFacts, UserFacts, escalations,
    may_lead_to_administrator,
};
pub use guard::{Caller, is_guard};
pub use never_sent::{NeverSent, is_never_sent_with, never_sent};
pub use trust::{Door, Organization, Outsider, doors};
