//! The IAM policy language.
#![warn(missing_docs)]

mod administrator;
mod answer;
mod arn;
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

pub use administrator::{Verdict, denies_something, grants_everything};
pub use answer::{Answer, Citation, Decision, Denial, Doubt, Layer, Residual, Term};
pub use condition::Condition;
pub use context::{Context, Key, class_of, is_multivalued};
pub use evaluate::{decide, evaluate, evaluate_resource_side};
pub use layers::{Attached, Guardrails, Layers, Level};
pub use parse::ParseError;
pub use policy::{Policy, Version};
pub use position::Position;
pub use questions::{Administrator, Door, Organization, Outsider, administrator, doors, is_guard};
pub use request::{NotAPrincipal, Principal, PrincipalKind, Request};
pub use statement::{Effect, PrincipalEntry, Principals, Statement};
pub use truth::Truth;
