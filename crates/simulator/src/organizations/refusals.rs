//! How Organizations refuses.

use crate::wire::Refusal;

/// A refusal of what is about nothing.
pub fn missing(code: &str) -> Refusal {
    Refusal::new(400, code, "You specified something that doesn't exist.")
}

/// A refusal of what is asked for.
pub fn invalid(message: &str) -> Refusal {
    Refusal::new(400, "InvalidInputException", message)
}

/// What AWS says of a policy that is not there, or no longer.
pub fn no_such_policy() -> Refusal {
    Refusal::new(
        400,
        "PolicyNotFoundException",
        "We can't find a policy with the PolicyId that you specified.",
    )
}
