//! What a check reads is the type of its argument: declared equals used.
//!
//! - `&[Row]`: the table must have been read, or the check is UNKNOWN and never called.
//! - `Result<&[Row], &Gap>`: the table only lessens the evidence; the check runs either way.
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
        vec![Dependency { table: R::SCHEMA, required: true }]
    }

    fn fetch(tables: &'a Tables) -> Result<Self, &'a Gap> {
        tables.get::<R>()
    }
}

impl<'a, R: Row> Reads<'a> for Result<&'a [R], &'a Gap> {
    fn dependencies() -> Vec<Dependency> {
        vec![Dependency { table: R::SCHEMA, required: false }]
    }

    fn fetch(tables: &'a Tables) -> Result<Self, &'a Gap> {
        Ok(tables.get::<R>())
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
