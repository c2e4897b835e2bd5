//! What a check reads is the type of its argument: declared equals used.
//!
//! - `&[Row]`: the table must have been read, or the check is UNKNOWN and never called.
//! - `Result<&[Row], &Gap>`: the table only lessens the evidence; the check runs either way.
//! - `OneOf<A, B>`: either table is enough; the check is UNKNOWN only if both were lost.
//! - a tuple of up to six of these.

use crate::gap::Gap;
use crate::table::{Row, TableSchema};
use crate::tables::Tables;

/// One table that a check reads.
#[derive(Clone, Copy, Debug)]
pub struct Dependency {
    /// The table.
    pub table: &'static TableSchema,
    /// Without it there is no verdict.
    pub required: bool,
    /// Another table can stand in for it: there is no verdict only if that one is lost too.
    pub replaceable: bool,
}

/// Something that can be taken out of an account's tables.
pub trait Reads<'a>: Sized {
    /// The tables, in the order of the argument's type.
    fn dependencies() -> Vec<Dependency>;
    /// The rows, or the first required table's gap.
    fn fetch(tables: &'a Tables) -> Result<Self, &'a Gap>;
}

impl<'a, R: Row> Reads<'a> for &'a [R] {
    fn dependencies() -> Vec<Dependency> {
        vec![Dependency { table: R::SCHEMA, required: true, replaceable: false }]
    }

    fn fetch(tables: &'a Tables) -> Result<Self, &'a Gap> {
        tables.get::<R>()
    }
}

impl<'a, R: Row> Reads<'a> for Result<&'a [R], &'a Gap> {
    fn dependencies() -> Vec<Dependency> {
        vec![Dependency { table: R::SCHEMA, required: false, replaceable: false }]
    }

    fn fetch(tables: &'a Tables) -> Result<Self, &'a Gap> {
        Ok(tables.get::<R>())
    }
}

/// Two sources of which one can be enough for a verdict. The check runs unless both were lost, and says for itself which verdict
/// the one that is there is enough for.
#[derive(Clone, Copy, Debug)]
pub struct OneOf<'a, A, B> {
    /// The one that is asked first.
    pub first: Result<&'a [A], &'a Gap>,
    /// The one that can stand in for it.
    pub second: Result<&'a [B], &'a Gap>,
}

impl<'a, A: Row, B: Row> Reads<'a> for OneOf<'a, A, B> {
    fn dependencies() -> Vec<Dependency> {
        let replaceable = |table| Dependency { table, required: false, replaceable: true };
        vec![replaceable(A::SCHEMA), replaceable(B::SCHEMA)]
    }

    fn fetch(tables: &'a Tables) -> Result<Self, &'a Gap> {
        let (first, second) = (tables.get::<A>(), tables.get::<B>());
        match (first, second) {
            (Err(gap), Err(_)) => Err(gap),
            _ => Ok(Self { first, second }),
        }
    }
}

macro_rules! tuple {
    ($($part:ident)+) => {
        impl<'a, $($part: Reads<'a>),+> Reads<'a> for ($($part,)+) {
            fn dependencies() -> Vec<Dependency> {
                let mut all = Vec::new();
                $( all.extend($part::dependencies()); )+
                all
            }

            fn fetch(tables: &'a Tables) -> Result<Self, &'a Gap> {
                Ok(($($part::fetch(tables)?,)+))
            }
        }
    };
}

tuple!(A B);
tuple!(A B C);
tuple!(A B C D);
tuple!(A B C D E);
tuple!(A B C D E F);
