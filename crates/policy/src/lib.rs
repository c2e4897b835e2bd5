//! The IAM policy language: what AWS policies mean, who may do what, and what cannot be known.
//!
//! This crate calls no AWS API and does not depend on the rest of orgsweep: text in, decisions out. An enforcement point has the
//! complete request; an auditor does not. Decisions therefore have more than two values, and name the statements they are based on:
//!
//! | decision | when |
//! |---|---|
//! | [`Decision::Allowed`] | the request is allowed, regardless of what is unknown |
//! | [`Decision::AllowedIf`] | it is allowed if a [`Residual`] holds: conditions on keys that are fixed only when the request is made |
//! | [`Decision::Denied`] | it is denied, regardless of what is unknown: by a Deny statement, or by a layer without a matching Allow |
//! | [`Decision::Unknown`] | a policy could not be read, a key that should be known is not, or AWS does not document the case |
//!
//! # Usage
//!
//! [`Policy::parse`] compiles a document; [`Policy::compiled`] does so once per text for the whole process. [`Attached`] adds where the
//! policy comes from, and [`Layers`] contains all policies that apply to a request. A [`Request`] consists of a principal, an action, a
//! resource and a [`Context`] of condition keys; [`RequestFacts`] derives keys from the facts of an account. [`evaluate`] returns an
//! [`Answer`] with the deciding statements; [`decide`] returns only a [`Truth`], more than a million times per second; [`trace`] shows the
//! decision of each layer. [`administrator`], [`capabilities`], [`doors`] and [`escalations`] answer the questions of an audit. For
//! other languages and processes, `examples/decide.rs` reads requests as lines of JSON.
//!
//! ```
//! use orgsweep_policy::{Attached, Context, Layers, Policy, Principal, Request, evaluate};
//!
//! let text = r#"{"Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::reports/*",
//!     "Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}}}"#;
//! let identity = [Attached::new("readers", Policy::compiled(text))];
//! let layers = Layers { identity: &identity, ..Layers::default() };
//! let ann = Principal::iam("arn:aws:iam::111122223333:user/ann")?;
//!
//! let request = Request::new(ann, "s3:GetObject", "arn:aws:s3:::reports/june", Context::auditor());
//! let show = |request: &Request| format!("{:?}", evaluate(request, &layers).decision.truth());
//! // The source address is known only when the request is made.
//! assert_eq!(show(&request), "Depends");
//! let context = Context::auditor().with("aws:SourceIp", "203.0.113.7");
//! let from_office = Request::new(request.principal().clone(), request.action(), request.resource(), context);
//! assert_eq!(show(&from_office), "True");
//! assert_eq!(show(&request.instead("s3:PutObject", "arn:aws:s3:::reports/june")), "False");
//! # Ok::<(), orgsweep_policy::NotAPrincipal>(())
//! ```
//!
//! # The rules
//!
//! [`reference`](mod@reference) lists all rules, each with its test and the AWS page: what [matches](reference::matching), which
//! [principals](reference::principals) are named, how [conditions](reference::conditions) are evaluated and which
//! [keys](reference::keys) a request has, the [order](reference::decision) of evaluation, [limits](reference::limits), the
//! [organization's policies](reference::organization), and what is [unknown](reference::unknown).
//!
//! # Not covered
//!
//! KMS grants, S3 access control lists, S3 Block Public Access, and resources shared through AWS RAM: they are not policies. The
//! actions that exist, and the resources that they support, are in the [`Catalogue`], which does not affect decisions: matching is
//! textual, so an action that is newer than the catalogue is decided correctly.
#![warn(missing_docs)]

mod action_set;
mod answer;
mod arn;
mod catalogue;
mod choice;
mod compiled;
mod condition;
mod context;
mod document;
mod evaluate;
mod layers;
mod parse;
mod pattern;
mod policy;
mod position;
mod print;
mod questions;
pub mod reference;
mod request;
mod statement;
mod truth;
mod variable;
mod wildcard;

pub use answer::{Answer, Citation, Decision, Denial, Doubt, Layer, Residual, Step, Term};
pub use catalogue::{AccessLevel, Action, Catalogue, ConditionKey, ResourceType};
pub use condition::Condition;
pub use context::{AccountFacts, Context, FactKeys, Key, RequestFacts, class_of, is_multivalued};
pub use evaluate::{decide, evaluate, evaluate_resource_side, trace};
pub use layers::{Attached, Guardrails, Layers, Level};
pub use parse::ParseError;
pub use policy::{Policy, Version};
pub use position::Position;
pub use questions::{
    Actor, Administrator, Caller, Capability, Door, Escalation, EscalationMap, EscalationStep,
    EscalationVerdict, EscalationWay, Escalations, Gain, GroupFacts, Inventory, NeverSent, Organization,
    Outsider, PolicyFacts, Reach, RoleFacts, StoredVersion, TagFacts, UserFacts, administrator,
    administrator_among, capabilities, doors, escalations, is_guard, is_never_sent_with,
    may_be_administrator, may_lead_to_administrator, never_sent,
};
pub use request::{NotAPrincipal, Principal, PrincipalKind, Request};
pub use statement::{Effect, PrincipalEntry, Principals, Statement};
pub use truth::Truth;
