//! What is computed once and shared: by the checks of an account, or by all accounts of a scan.

use std::any::{Any, TypeId};
use std::sync::{Arc, OnceLock};

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

    /// The value of a type, created on first use.
    pub fn get<T: Any + Default + Send + Sync>(&self) -> &T {
        self.0.get(T::default)
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Shared")
    }
}
