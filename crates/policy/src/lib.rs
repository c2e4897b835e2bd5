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
//! condition keys. [`evaluate`] gives an [`Answer`] with the deciding statements, [`decide`] only a [`Truth`], a million times
//! a second and more; [`trace`] tells what each layer says by itself. [`administrator`], [`capabilities`], [`doors`] and [`escalations`] put the questions of an audit as
//! requests. For other languages and processes `examples/decide.rs` takes requests as lines of JSON.
//!
//! # Documents
//!
//! JSON by RFC 8259. `Statement` is an object or a list, every element that takes texts takes one or a list, and quotation
//! marks are optional around numbers and Booleans in conditions
//! ([grammar](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html)). What is not that is a
//! [`ParseError`] with its place. What the grammar does not know (an element, an operator, an effect, a version), and
//! what it wants once and finds twice, makes the effect of the statement unknown: it is never ignored. Only where the rest
//! of the statement surely does not match a request does it say nothing, since every documented element narrows.
//!
//! # What matches
//!
//! | element | rule |
//! |---|---|
//! | [Action](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html) | without regard to case; `*` and `?`; no wildcard in the service, but a lone `*` |
//! | [Resource](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html) | with regard to case; `*` and `?` match any character behind the fifth colon and stay inside their segment before it; an ARN of fewer than six segments is completed with `*`; where an action has no resource type, only `*` matches |
//! | wildcards | `?` is one UTF-16 code unit; `*` crosses newlines |
//! | [Principal](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html) | exactly; `"*"` is `{"AWS": "*"}`; an account's id is its root ARN and means everyone in it; a role's ARN means its sessions, whose ARNs have no path |
//! | [NotPrincipal](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html) | leaves out who is listed together with the account, leaves over who is listed with neither, is unknown for the rest; in an Allow it is public; in a Deny it hits every principal with a boundary |
//! | [variables](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html) | only in version 2012-10-17; literal, never a pattern; one without a value matches nothing, so that a negated condition is true and a Deny with NotResource applies |
//! | [conditions](Condition) | all must hold; a key's values are alternatives; a negated operator refuses them all |
//!
//! # How a request is decided
//!
//! 1. A [Deny that applies](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html), in any
//!    layer, ends it.
//! 2. [SCPs](https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html): at every
//!    level from the root to the principal's account, one must allow. They do not bind the management account,
//!    service-linked roles and services.
//! 3. [RCPs](https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html): only their denies
//!    matter, for the services that they support, whoever asks. They do not bind service-linked roles, AWS-managed keys,
//!    `kms:RetireGrant`, and the management account's resources.
//! 4. The core grant. In one account either side suffices, but a role's trust policy and a KMS key's policy must match, and
//!    an account in them only delegates. [Across accounts](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html)
//!    both sides must allow.
//! 5. [Boundary](https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html) and session policy must
//!    allow what an identity policy grants. Within one account they do not limit what the resource's policy grants to
//!    the very user or session, or to everyone; they do limit what it grants to a session by its role.
//!
//! # What is not here
//!
//! KMS grants, S3 access control lists, the settings by which S3 blocks public access, and session tags that a role's trust
//! policy makes transitive: they are not policies. Which actions exist, and which resources they take, is in the
//! [`Catalogue`], and decides nothing: a pattern matches textually, so that an action that is newer than any list changes
//! no verdict.
#![warn(missing_docs)]

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
mod request;
mod statement;
mod truth;
mod variable;

pub use answer::{Answer, Citation, Decision, Denial, Doubt, Layer, Residual, Step, Term};
pub use catalogue::{AccessLevel, Action, Catalogue, ConditionKey, ResourceType};
pub use condition::Condition;
pub use context::{Context, Key, class_of, is_multivalued};
pub use evaluate::{decide, evaluate, evaluate_resource_side, trace};
pub use layers::{Attached, Guardrails, Layers, Level};
pub use parse::ParseError;
pub use policy::{Policy, Version};
pub use position::Position;
pub use questions::{
    Actor, Administrator, Capability, Door, Escalation, EscalationMap, EscalationStep, EscalationVerdict,
    EscalationWay, Escalations, Gain, GroupFacts, Inventory, Organization, Outsider, PolicyFacts, Reach,
    RoleFacts, StoredVersion, UserFacts, administrator, capabilities, doors, escalations, is_guard,
};
pub use request::{NotAPrincipal, Principal, PrincipalKind, Request};
pub use statement::{Effect, PrincipalEntry, Principals, Statement};
pub use truth::Truth;
