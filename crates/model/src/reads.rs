//! What a check reads is the type of its argument: declared equals used.
//!
//! - `&[Row]`: the table must have been read, or the check is UNKNOWN and never called.
//! - `Result<&[Row], &Gap>`: the table only lessens the evidence; the check runs either way.
//! - `OneOf<A, B>`: either table is enough; the check is UNKNOWN only if both were lost.
//! - `Within<P>`: one part of a table is enough, such as the account's own policies.
//! - `&View`, `Result<&View, &Gap>`: what is computed once for all checks (see [`view`](crate::view)).
//! - a tuple of up to six of these.

use crate::gap::Gap;
use crate::table::{Grain, Row, TableSchema};
use crate::tables::Tables;
use crate::view::View;

/// One table that a check reads; of a table in parts, one part.
#[derive(Clone, Copy, Debug)]
pub struct Dependency {
    /// The table.
    pub table: &'static TableSchema,
    /// Without it there is no verdict.
    pub required: bool,
    /// Another table can stand in for it: there is no verdict only if that one is lost too.
    pub replaceable: bool,
}

impl Dependency {
    /// A table or a part without which there is no verdict.
    pub const fn required(table: &'static TableSchema) -> Self {
        Self { table, required: true, replaceable: false }
    }

    /// A table or a part that only lessens the evidence.
    pub const fn optional(table: &'static TableSchema) -> Self {
        Self { table, required: false, replaceable: false }
    }
}

/// Each table once: views and checks may read the same. It is required if one of them requires it, and those come first.
pub fn merged(dependencies: Vec<Dependency>) -> Vec<Dependency> {
    let mut merged: Vec<Dependency> = Vec::with_capacity(dependencies.len());
    for dependency in dependencies {
        match merged.iter_mut().find(|known| known.table.name == dependency.table.name) {
            None => merged.push(dependency),
            Some(known) => {
                known.required |= dependency.required;
                known.replaceable = !known.required && (known.replaceable || dependency.replaceable);
            }
        }
    }
    // Stable: each kind in the order in which it is read.
    merged.sort_by_key(|dependency| !dependency.required);
    merged
}

impl Grain {
    /// What is decided by something that reads these tables: the organization as a whole, or each account. Texts belong to what
    /// names them.
    pub fn of(dependencies: &[Dependency]) -> Self {
        let mut grains =
            dependencies.iter().map(|dependency| dependency.table.grain).filter(|grain| *grain != Self::Text);
        let is_once = grains.next() == Some(Self::Organization) && grains.all(|grain| grain == Self::Organization);
        if is_once { Self::Organization } else { Self::Account }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Document, Group, OrganizationPolicy, Role, User};

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
