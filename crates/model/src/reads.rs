//! What a check reads is the type of its argument: declared equals used.
//!
//! - `&[Row]`: the table must have been read, or the check is UNKNOWN and never called.
//! - `Result<&[Row], &Gap>`: the table only lessens the evidence; the check runs either way.
//! - `OneOf<A, B>`: either table is enough; the check is UNKNOWN only if both were lost.
//! - `Within<P>`: one part of a table is enough, such as the account's own policies.
//! - `&View`, `Result<&View, &Gap>`: what is computed once for all checks (see [`view`](crate::view)).
//! - a tuple of up to six of these.

use crate::dependency::Dependency;
use crate::gap::Gap;
use crate::table::{Row, TableSchema};
use crate::tables::Tables;
use crate::view::View;

/// Something that can be taken out of an account's tables.
pub trait Reads<'a>: Sized {
    /// The tables, in the order of the argument's type.
    fn dependencies() -> Vec<Dependency>;
    /// The rows, or the first required table's gap.
    fn fetch(tables: &'a Tables) -> Result<Self, &'a Gap>;
}

impl<'a, R: Row> Reads<'a> for &'a [R] {
    fn dependencies() -> Vec<Dependency> {
        R::SCHEMA.sources().map(Dependency::required).collect()
    }

    fn fetch(tables: &'a Tables) -> Result<Self, &'a Gap> {
        tables.get::<R>()
    }
}

impl<'a, R: Row> Reads<'a> for Result<&'a [R], &'a Gap> {
    fn dependencies() -> Vec<Dependency> {
        R::SCHEMA.sources().map(Dependency::optional).collect()
    }

    fn fetch(tables: &'a Tables) -> Result<Self, &'a Gap> {
        Ok(tables.get::<R>())
    }
}

/// A part of a table, as a type.
pub trait Part: 'static {
    /// The rows of the table.
    type Row: Row;
    /// Its name and meaning.
    const SCHEMA: &'static TableSchema;
}

/// A table of which one part is enough. The rows are those of the whole table as far as it is there: the check looks only at
/// those of the part.
#[derive(Debug)]
pub struct Within<'a, P: Part> {
    /// The rows.
    pub rows: &'a [P::Row],
}

// Derived, these would ask the same of the part, which is only a name.
impl<P: Part> Clone for Within<'_, P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P: Part> Copy for Within<'_, P> {}

impl<'a, P: Part> Reads<'a> for Within<'a, P> {
    fn dependencies() -> Vec<Dependency> {
        vec![Dependency::required(P::SCHEMA)]
    }

    fn fetch(tables: &'a Tables) -> Result<Self, &'a Gap> {
        tables.read(P::SCHEMA)?;
        Ok(Self { rows: tables.rows_of() })
    }
}

impl<'a, P: Part> Reads<'a> for Result<Within<'a, P>, &'a Gap> {
    fn dependencies() -> Vec<Dependency> {
        vec![Dependency::optional(P::SCHEMA)]
    }

    fn fetch(tables: &'a Tables) -> Result<Self, &'a Gap> {
        Ok(Within::fetch(tables))
    }
}

impl<'a, V: View> Reads<'a> for &'a V {
    fn dependencies() -> Vec<Dependency> {
        V::dependencies()
    }

    fn fetch(tables: &'a Tables) -> Result<Self, &'a Gap> {
        tables.view()
    }
}

impl<'a, V: View> Reads<'a> for Result<&'a V, &'a Gap> {
    fn dependencies() -> Vec<Dependency> {
        V::dependencies().into_iter().map(|dependency| Dependency { required: false, ..dependency }).collect()
    }

    fn fetch(tables: &'a Tables) -> Result<Self, &'a Gap> {
        Ok(tables.view())
    }
}

/// Two sources of which one can be enough for a verdict. The check runs unless both were lost, and says for itself which verdict
/// the one that is there is enough for.
#[derive(Clone, Copy, Debug)]
pub struct OneOf<'a, A, B> {
    /// The first one.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dependency::merged;
    use crate::facts::{Document, Group, OrganizationPolicy, Role, User};
    use crate::table::Grain;

    #[test]
    fn what_reads_tables_of_the_organization_alone_is_decided_once() {
        let grain = |dependencies: Vec<Dependency>| Grain::of(&dependencies);
        assert_eq!(grain(<(&[OrganizationPolicy], &[Document])>::dependencies()), Grain::Organization);
        assert_eq!(grain(<(&[OrganizationPolicy], &[User])>::dependencies()), Grain::Account);
        assert_eq!(grain(<(&[User], Result<&[OrganizationPolicy], &Gap>)>::dependencies()), Grain::Account);
        assert_eq!(grain(<&[Document]>::dependencies()), Grain::Account);
        assert_eq!(grain(Vec::new()), Grain::Account);
    }

    #[test]
    fn a_table_that_is_read_twice_is_one_dependency_and_required_if_either_is() {
        type Both<'a> =
            (Result<&'a [User], &'a Gap>, OneOf<'a, Role, Group>, &'a [User], Result<&'a [Group], &'a Gap>);
        let read = merged(Both::dependencies());
        let shown: Vec<_> = read.iter().map(|one| (one.table.name, one.required, one.replaceable)).collect();
        assert_eq!(shown, [("users", true, false), ("roles", false, true), ("groups", false, true)]);
    }
}
