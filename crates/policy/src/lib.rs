//! The IAM policy language.
#![warn(missing_docs)]

mod administrator;
mod document;
mod parse;
mod position;
mod print;
mod truth;

pub use administrator::{Verdict, denies_something, grants_everything};
pub use parse::ParseError;
pub use position::Position;
pub use truth::Truth;
