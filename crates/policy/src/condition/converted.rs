//! What becomes of a text that is read as something else.

/// What became of a text that should be a number, a date or an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Converted<T> {
    To(T),
    /// AWS cannot convert it.
    Not,
    /// AWS does not say whether it can.
    Undocumented,
}
