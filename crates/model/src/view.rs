//! Views: what several checks compute from the same tables is computed once an account.
//!
//! A view names its tables, like a check; a check that reads `&V` reads those. It is computed when the first check asks for it,
//! and the others get the same one.

use std::any::Any;

use crate::dependency::Dependency;
use crate::gap::Gap;
use crate::table::Grain;
use crate::tables::Tables;

/// Something that is computed from an account's tables and shared by the checks that read it.
pub trait View: Any + Send + Sync + Sized {
    /// The tables that it reads, those first without which it is a gap.
    fn dependencies() -> Vec<Dependency>;

    /// Computes it, or says which table keeps it from that. Pure, like a check.
    fn compute(tables: &Tables) -> Result<Self, Gap>;
}

impl Tables {
    /// A view over these tables, computed on first use. A view over tables of the organization alone is computed once for all
    /// its accounts.
    pub fn view<V: View>(&self) -> Result<&V, &Gap> {
        let is_about_organization = || Grain::of(&V::dependencies()) == Grain::Organization;
        let holder = self.organization().filter(|_| is_about_organization()).unwrap_or(self);
        holder.views().get(|| V::compute(holder)).as_ref()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::facts::{Group, User};
    use crate::gap::Reason;
    use crate::reads::Reads as _;
    use crate::{Row as _, Timestamp};

    static COMPUTED: AtomicUsize = AtomicUsize::new(0);

    struct Names(Vec<String>);

    impl View for Names {
        fn dependencies() -> Vec<Dependency> {
            vec![Dependency::required(User::SCHEMA)]
        }

        fn compute(tables: &Tables) -> Result<Self, Gap> {
            COMPUTED.fetch_add(1, Ordering::Relaxed);
            let users = tables.get::<User>().map_err(Clone::clone)?;
            Ok(Self(users.iter().map(|user| user.user_name.clone()).collect()))
        }
    }

    struct Count(usize);

    impl View for Count {
        fn dependencies() -> Vec<Dependency> {
            vec![Dependency::required(Group::SCHEMA)]
        }

        fn compute(tables: &Tables) -> Result<Self, Gap> {
            Ok(Self(tables.get::<Group>().map_err(Clone::clone)?.len()))
        }
    }

    #[test]
    fn a_view_is_computed_once_and_its_gap_is_that_of_its_table() {
        let mut tables = Tables::new();
        tables.insert(Vec::<User>::new(), Timestamp::UNIX_EPOCH);
        tables.insert_gap(Group::SCHEMA.name, Gap::new(Reason::Denied), Timestamp::UNIX_EPOCH);
        let (names, count) = <(&Names, Result<&Count, &Gap>)>::fetch(&tables).unwrap();
        assert!(names.0.is_empty());
        assert_eq!(count.map(|count| count.0).unwrap_err().reason, Reason::Denied);
        assert!(<&Names>::fetch(&tables).is_ok());
        assert_eq!(COMPUTED.load(Ordering::Relaxed), 1);
        assert!(<&Count>::fetch(&tables).is_err());
        let tables: Vec<&str> =
            <(&Names, Result<&Count, &Gap>)>::dependencies().iter().map(|one| one.table.name).collect();
        assert_eq!(tables, ["users", "groups"]);
    }
}
