//! The IAM policy language. Knows no AWS API and nothing of the rest of orgsweep.
//!
//! So far it answers one question: does a document, taken by itself, plainly grant everything?
#![warn(missing_docs)]

mod administrator;

pub use administrator::{Verdict, grants_everything};
