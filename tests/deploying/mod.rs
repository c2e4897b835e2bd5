//! The printed documents follow everything that a configuration says: by hand, and put before the simulator.
//!
//! Who has to allow what: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_terms-and-concepts.html> (chaining),
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html> (sts:TagSession on both sides),
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html> (sts:SetSourceIdentity on
//! both sides, at every hop).

// Configurations with their documents.
mod by_hand;
// A configuration, a world that has what was printed for it, and its scan.
mod enforced;
// Configurations at random.
mod random;
