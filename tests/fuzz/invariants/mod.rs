//! What holds for any bytes at all that AWS, or something that answers in its place, may send.
//!
//! Shared by the fuzz targets, which look for bytes for which it does not hold, and by `tests/fuzz_seeds.rs`, which
//! tries the committed ones on every run of the tests.

pub mod answer;
pub mod credential_report;
pub mod policy_document;
pub mod policy_evaluation;

use orgsweep_model::{AccountId, Gap, Reason, Timestamp};

/// The account that everything is read from.
fn account_id() -> AccountId {
    "111122223333".parse().unwrap()
}

/// The scan's moment.
fn now() -> Timestamp {
    "2026-06-01T00:00:00Z".parse().unwrap()
}

/// A gap that says that the answer was not understood, in a message that a ledger can hold.
fn is_malformed(gap: &Gap) {
    assert_eq!(gap.reason, Reason::MalformedAnswer, "{gap}");
    is_bounded(gap);
}

/// However long what AWS sent, the message is not.
fn is_bounded(gap: &Gap) {
    let message = gap.message.as_deref().unwrap_or_default();
    assert!(message.chars().count() <= orgsweep_model::text::LONGEST_MESSAGE + 1, "{} bytes", message.len());
}
