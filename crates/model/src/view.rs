//! Views: what several checks compute from the same tables is computed once an account.
//!
//! A view names its tables, like a check; a check that reads `&V` reads those. It is computed when the first check asks for it,
//! and the others get the same one.

use std::any::{Any, TypeId};
use std::sync::{Arc, OnceLock};

use crate::gap::Gap;
use crate::reads::Dependency;
use crate::tables::Tables;

/// Something that is computed from an account's tables and shared by the checks that read it.
pub trait View: Any + Send + Sync + Sized {
    /// The tables that it reads, those first without which it is a gap.
    fn dependencies() -> Vec<Dependency>;

    /// Computes it, or says which table keeps it from that. Pure, like a check.
    fn compute(tables: &Tables) -> Result<Self, Gap>;
}

/// The views of one account that were computed so far: a list that only grows, so that what was handed out stays.
#[derive(Default)]
pub(crate) struct Views(OnceLock<Box<Node>>);

struct Node {
    kind: TypeId,
    value: Box<dyn Any + Send + Sync>,
    next: Views,
}

impl Views {
    /// The value of a type, created if it is not there. To create one may need another.
    pub(crate) fn get<T: Any + Send + Sync>(&self, create: impl FnOnce() -> T) -> &T {
        if let Some(known) = self.find() {
            return known;
        }
        let mut created: Option<Box<dyn Any + Send + Sync>> = Some(Box::new(create()));
        let mut list = self;
        loop {
            let node = list.0.get_or_init(|| match created.take() {
                Some(value) => Box::new(Node { kind: TypeId::of::<T>(), value, next: Self::default() }),
                None => unreachable!("the list ends where the value is put"),
            });
            // Another thread may have been faster: the first one stays.
            if let Some(value) = node.of_type() {
                return value;
            }
            list = &node.next;
        }
    }

    fn find<T: Any>(&self) -> Option<&T> {
        let mut list = self;
        while let Some(node) = list.0.get() {
            if let Some(value) = node.of_type() {
                return Some(value);
            }
            list = &node.next;
        }
        None
    }
}

impl Node {
    fn of_type<T: Any>(&self) -> Option<&T> {
        if self.kind == TypeId::of::<T>() { self.value.downcast_ref() } else { None }
    }
}

/// What all accounts of a scan share, by type: caches of what is the same in many of them.
#[derive(Default)]
pub struct Shared(Views);

impl Shared {
    /// Nothing yet.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// The value of a type, created when it is first asked for.
    pub fn get<T: Any + Default + Send + Sync>(&self) -> &T {
        self.0.get(T::default)
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Shared")
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
