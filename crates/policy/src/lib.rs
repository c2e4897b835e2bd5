//! The IAM policy language.
#![warn(missing_docs)]

mod administrator;
mod arn;
mod condition;
mod context;
mod document;
mod parse;
mod pattern;
mod position;
mod print;
mod truth;
mod variable;

pub use administrator::{Verdict, denies_something, grants_everything};
pub use condition::Condition;
pub use context::{Context, Key, class_of, is_multivalued};
pub use parse::ParseError;
pub use position::Position;
pub use truth::Truth;
