//! What is known about one condition key of a request.

use std::sync::Arc;

/// What is known about one condition key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// Its values. Whether a key is multivalued is its declared type, not the number of values: a multivalued key with
    /// one value still never matches an operator without `ForAllValues` or `ForAnyValue`.
    Known {
        /// The values; a key that is not multivalued has one.
        values: Arc<[Box<str>]>,
        /// Declared as a list of values.
        multivalued: bool,
    },
    /// The caller may send any value, or none.
    CallerChosen,
    /// The environment of the request decides; nothing is known about it.
    Environment,
    /// The key is present; the environment decides its value.
    Present,
    /// The request does not have it.
    Absent,
    /// It should be known but is not: everything that depends on it is unknown.
    NotKnown,
}
