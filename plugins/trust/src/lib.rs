//! Check pack: trust.
