//! What is known of one condition key of a request.

/// What is known of one condition key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// Its values. Whether a key is multivalued is its declared type, not the number of values: a multivalued key with
    /// one value still never matches an operator without `ForAllValues` or `ForAnyValue`.
    Known {
        /// The values; a key that is not multivalued has one.
        values: Box<[Box<str>]>,
        /// Declared as a list of values.
        multivalued: bool,
    },
    /// The caller sends what it likes, or nothing.
    CallerChosen,
    /// The circumstances of the request decide, and nothing is known of them.
    Environment,
    /// There is a value, and the circumstances decide which.
    Present,
    /// The request does not have it.
    Absent,
    /// It should be known and is not: what hangs on it is unknown.
    NotKnown,
}
