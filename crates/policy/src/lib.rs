//! The IAM policy language: what AWS's policies mean, who may do what, and what cannot be known.
//!
//! Knows no AWS API and nothing of the rest of orgsweep: text in, answers out. An enforcer has the whole of a request; an
//! auditor has not. So every answer has three values, and says what it rests on:
//!
//! | answer | when |
//! |---|---|
//! | [`Decision::Allowed`] | whatever is not known, the request is allowed |
//! | [`Decision::AllowedIf`] | it is allowed if a [`Residual`] holds: conditions on keys that only the moment fixes |
//! | [`Decision::Denied`] | whatever is not known, it is denied: by a statement, or by a layer in which nothing allows |
//! | [`Decision::Unknown`] | a policy could not be read, a key that should be known is not, or AWS does not document the case |
//!
//! # How to ask
//!
//! [`Policy::parse`] compiles a document once, [`Policy::compiled`] once for the whole process; [`Attached`] says where it
//! comes from; [`Layers`] holds all policies that a request meets; [`Request`] is who, what, on what, with a [`Context`] of
//! condition keys; [`RequestFacts`] makes the keys that facts of an account give. [`evaluate`] gives an [`Answer`] with the deciding statements, [`decide`] only a [`Truth`], a million times
//! a second and more; [`trace`] shows what each layer decides by itself. [`administrator`], [`capabilities`], [`doors`] and
//! [`escalations`] put the questions of an audit as requests. For other languages and processes `examples/decide.rs` takes requests as lines of JSON.
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
//! let told = |request: &Request| format!("{:?}", evaluate(request, &layers).decision.truth());
//! // Where the request comes from only the moment tells.
//! assert_eq!(told(&request), "Depends");
//! let context = Context::auditor().with("aws:SourceIp", "203.0.113.7");
//! let from_office = Request::new(request.principal().clone(), request.action(), request.resource(), context);
//! assert_eq!(told(&from_office), "True");
//! assert_eq!(told(&request.instead("s3:PutObject", "arn:aws:s3:::reports/june")), "False");
//! # Ok::<(), orgsweep_policy::NotAPrincipal>(())
//! ```
//!
//! # The rules
//!
//! [`reference`](mod@reference) has them all, each with its test and AWS's page: what [matches](reference::matching) and whom it
//! [names](reference::principals), what [conditions](reference::conditions) give and which [keys](reference::keys) a request
//! has, in which [order](reference::decision) policies decide, what [limits](reference::limits) them and what the
//! [organization](reference::organization) adds, and what is [unknown](reference::unknown).
//!
//! # What is not here
//!
//! KMS grants, S3 access control lists, the settings by which S3 blocks public access, and resources that are shared through
//! Resource Access Manager: they are not policies. Which actions exist, and which resources they take, is in the
//! [`Catalogue`], and decides nothing: a pattern matches textually, so that an action that is newer than any list changes
//! no verdict.
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
