//! The values of three-valued evaluation, "unknown" distinguished by what is missing.

/// What is known of a statement's, a layer's or a whole request's outcome.
///
/// The values are ordered, so that "and" is the smaller and "or" the greater of two:
/// `False < Unknown < Depends < True`. A doubt outweighs a dependency in an "and" (no assignment of context keys makes it
/// surely true), and yields to it in an "or" (some assignment does).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Truth {
    /// It does not hold, whatever is not known.
    False,
    /// It cannot be known: an input is missing, or AWS does not document what it means.
    Unknown,
    /// It depends on context keys that only the moment of the request fixes.
    Depends,
    /// It holds, whatever is not known.
    True,
}

impl Truth {
    /// `True` or `False`.
    pub(crate) fn of(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }

    /// The opposite of one single thing. An "and" of several is negated part by part instead, as an "or": what is
    /// both in doubt and dependent has no one opposite.
    pub(crate) fn negated(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            other => other,
        }
    }

    /// "Or" within one single thing, such as the values of one condition: a doubt outweighs a dependency here, so that
    /// the result may be negated.
    pub(crate) fn or_in_one(self, other: Self) -> Self {
        match (self, other) {
            (Self::True, _) | (_, Self::True) => Self::True,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Depends, _) | (_, Self::Depends) => Self::Depends,
            _ => Self::False,
        }
    }

    /// "And" within one single thing, the mirror image of [`Truth::or_in_one`].
    pub(crate) fn and_in_one(self, other: Self) -> Self {
        self.negated().or_in_one(other.negated()).negated()
    }
}

#[cfg(test)]
mod tests {
    use super::Truth::{self, Depends, False, True, Unknown};

    #[test]
    fn and_is_the_smaller_or_is_the_greater() {
        assert_eq!(True.min(Depends), Depends);
        assert_eq!(Depends.min(Unknown), Unknown);
        assert_eq!(Unknown.min(False), False);
        assert_eq!(False.max(Unknown), Unknown);
        assert_eq!(Unknown.max(Depends), Depends);
        assert_eq!(Depends.max(True), True);
    }

    #[test]
    fn within_one_thing_de_morgan_holds() {
        let all: [Truth; 4] = [False, Unknown, Depends, True];
        for left in all {
            for right in all {
                assert_eq!(
                    left.or_in_one(right).negated(),
                    left.negated().and_in_one(right.negated()),
                    "{left:?} {right:?}"
                );
            }
        }
        assert_eq!(Unknown.or_in_one(Depends), Unknown);
        assert_eq!(Unknown.and_in_one(Depends), Unknown);
    }
}
