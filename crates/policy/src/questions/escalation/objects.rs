//! Objects of S3 that one identity writes and another reads.

use crate::pattern::MADE_UP;

/// An object, which may have a made-up name in it.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) name: Box<str>,
    /// Where its first made-up name begins.
    open: Option<usize>,
}

impl Object {
    pub(super) fn new(name: impl Into<Box<str>>) -> Self {
        let name = name.into();
        Self { open: name.find(MADE_UP), name }
    }

    /// What stands before its first made-up name, and behind it.
    fn parts(&self) -> Option<(&str, &str)> {
        let (start, rest) = self.name.split_at_checked(self.open?)?;
        Some((start, rest.get(MADE_UP.len()..)?))
    }

    /// The bucket of this with the key of another, where one may be in what the other stands for.
    pub(super) fn joined(&self, other: &Self) -> Option<String> {
        let (start, _) = self.parts()?;
        let (other_start, end) = other.parts()?;
        let may_meet = start.starts_with(other_start) || other_start.starts_with(start);
        may_meet.then(|| format!("{start}{MADE_UP}{end}"))
    }
}
