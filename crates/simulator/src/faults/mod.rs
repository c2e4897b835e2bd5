//! What goes wrong: the script that says it, and what is answered then.

pub mod answers;
pub mod script;
