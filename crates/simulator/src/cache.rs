//! Accounts' identities, kept for as long as somebody is at work in them.
//!
//! A caller is in one account for a dozen requests and then never comes back; ten thousand accounts with everything
//! that is in them would fill gigabytes. What is dropped is made again when it is asked for, the same as before.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::account::AccountState;

/// More accounts than any caller has in flight.
const HELD: usize = 256;

#[derive(Default)]
struct Held {
    uses: u64,
    /// By the account's index: when last used, and what.
    contents: HashMap<usize, (u64, Arc<AccountState>)>,
}

/// The contents of the accounts that were used last.
#[derive(Default)]
pub struct Cache {
    held: Mutex<Held>,
}

impl Cache {
    /// What is held of an account, or what `make` makes.
    pub fn get_or_make(&self, index: usize, make: impl FnOnce() -> AccountState) -> Arc<AccountState> {
        if let Some(content) = self.get(index) {
            return content;
        }
        // Not under the lock: others go on. Two may make the same; it comes out the same.
        let fresh = Arc::new(make());
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.uses += 1;
        let now = held.uses;
        held.contents.insert(index, (now, Arc::clone(&fresh)));
        if held.contents.len() > HELD {
            let oldest = held.contents.iter().min_by_key(|(_, (used, _))| *used).map(|(index, _)| *index);
            oldest.and_then(|oldest| held.contents.remove(&oldest));
        }
        fresh
    }

    fn get(&self, index: usize) -> Option<Arc<AccountState>> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.uses += 1;
        let now = held.uses;
        let (used, content) = held.contents.get_mut(&index)?;
        *used = now;
        Some(Arc::clone(content))
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).contents.len()
    }
}
