//! The integration tests of the standard distribution: one binary.

// Every check against the clean and the bad fixture accounts.
mod every_check;
