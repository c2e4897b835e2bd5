//! Options from several places, the first of which wins.

/// Values of which one may be given over another.
pub trait Layered {
    /// This one where it is given, and what lies below where it is not.
    #[must_use]
    fn over(self, below: Self) -> Self;
}

impl<T> Layered for Option<T> {
    fn over(self, below: Self) -> Self {
        self.or(below)
    }
}

impl<T> Layered for Vec<T> {
    fn over(self, below: Self) -> Self {
        if self.is_empty() { below } else { self }
    }
}

impl Layered for bool {
    fn over(self, below: Self) -> Self {
        self || below
    }
}

/// A group of options: a struct whose fields are all layered, so that none is forgotten.
macro_rules! options {
    ($(#[$meta:meta])* pub struct $name:ident { $($(#[$field_meta:meta])* pub $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        pub struct $name {
            $($(#[$field_meta])* pub $field: $type,)*
        }

        impl $name {
            /// The names of the fields.
            pub const FIELDS: &[&str] = &[$(stringify!($field)),*];
        }

        impl $crate::options::layered::Layered for $name {
            fn over(self, below: Self) -> Self {
                Self { $($field: $crate::options::layered::Layered::over(self.$field, below.$field),)* }
            }
        }
    };
}
pub(crate) use options;

#[cfg(test)]
mod tests {
    use super::*;

    options! {
        #[derive(Debug, PartialEq)]
        pub struct Some3 {
            pub one: Option<u32>,
            pub list: Vec<u32>,
            pub flag: bool,
        }
    }

    #[test]
    fn what_is_given_wins_and_what_is_not_given_is_taken_from_below() {
        let below = || Some3 { one: Some(1), list: vec![1], flag: true };
        let nothing = Some3 { one: None, list: Vec::new(), flag: false };
        assert_eq!(nothing.over(below()), below());
        let above = Some3 { one: Some(2), list: vec![2], flag: false };
        assert_eq!(above.over(below()), Some3 { one: Some(2), list: vec![2], flag: true });
        assert_eq!(Some3::FIELDS, ["one", "list", "flag"]);
    }
}
