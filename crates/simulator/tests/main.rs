//! The simulator as its callers meet it: over HTTP, signed, with nothing of its inside in hand.
#![expect(clippy::unwrap_used, reason = "a test ends where something is not as expected")]

mod client;
mod fault_kinds;
mod guardrails;
mod permissions;
mod recording;
mod session_rules;
mod shapes;
mod texts;
