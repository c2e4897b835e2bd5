//! What goes wrong: the script that says it, whom it strikes, and what is answered then.

pub mod answers;
pub mod script;
pub mod strikes;
