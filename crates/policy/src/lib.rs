//! The IAM policy language. Knows no AWS API and nothing of the rest of orgsweep.
//!
//! So far it answers one question: does a document, taken by itself, plainly grant everything? And whether it denies.
#![warn(missing_docs)]

mod administrator;

pub use administrator::{Verdict, denies_something, grants_everything};
