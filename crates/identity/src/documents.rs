//! Policy texts, compiled when they are first needed and once per distinct text, whichever account has it.

use std::collections::HashMap;
use std::mem;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use ahash::RandomState;
use orgsweep_policy::{Attached, Policy};

/// Bytes of text in one generation; two generations are kept. Compiled, they take a few times as much.
const GENERATION: usize = 1024 * 1024;

/// Compiled policies by the hash of their text, for all accounts of a scan. Memory is bounded: policies that have not been used
/// for a long time are dropped and compiled again when needed.
#[derive(Debug)]
pub struct CompiledDocuments {
    generations: Mutex<Generations>,
    /// Bytes of text in one generation.
    limit: usize,
}

/// By the hash of a text.
type ByName<T> = HashMap<Arc<str>, T, RandomState>;

/// A place for a policy that one thread fills while others wait.
type Slot = Arc<OnceLock<Arc<Policy>>>;

#[derive(Debug, Default)]
struct Generations {
    recent: ByName<(Slot, usize)>,
    bytes: usize,
    previous: ByName<(Slot, usize)>,
}

impl Default for CompiledDocuments {
    fn default() -> Self {
        Self { generations: Mutex::default(), limit: GENERATION }
    }
}

impl CompiledDocuments {
    /// The policy of a text; of a text that is no policy, the stand-in for what could not be read.
    pub fn get(&self, sha256: &Arc<str>, text: &str) -> Arc<Policy> {
        let generations = || self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = generations().slot(sha256, text.len(), self.limit);
        // Not under the lock: others compile other texts meanwhile.
        let policy = slot.get_or_init(|| {
            let parsed = Policy::parse(text);
            let unreadable = |error| Policy::unreadable(&format!("the document is not a policy: {error}"));
            Arc::new(parsed.unwrap_or_else(unreadable))
        });
        Arc::clone(policy)
    }
}

impl Generations {
    fn slot(&mut self, sha256: &Arc<str>, bytes: usize, limit: usize) -> Slot {
        if let Some((slot, _)) = self.recent.get(sha256) {
            return Arc::clone(slot);
        }
        let (slot, bytes) = self.previous.remove(sha256).unwrap_or((Slot::default(), bytes));
        if self.bytes + bytes > limit {
            self.previous = mem::take(&mut self.recent);
            self.bytes = 0;
        }
        self.bytes += bytes;
        self.recent.insert(Arc::clone(sha256), (Arc::clone(&slot), bytes));
        slot
    }
}

/// The texts of an account or an organization, with the policies that were compiled of them.
#[derive(Clone, Debug, Default)]
pub struct Documents {
    texts: Arc<ByName<Arc<str>>>,
    compiled: Arc<CompiledDocuments>,
}

impl Documents {
    /// These texts by their hash, compiled together with those of other accounts.
    pub fn new(
        texts: impl IntoIterator<Item = (Arc<str>, Arc<str>)>,
        compiled: Arc<CompiledDocuments>,
    ) -> Self {
        Self { texts: Arc::new(texts.into_iter().collect()), compiled }
    }

    /// A text by its hash.
    pub fn text(&self, sha256: &str) -> Option<&str> {
        self.texts.get(sha256).map(|text| &**text)
    }

    /// All texts, in no order.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.texts.values().map(|text| &**text)
    }

    /// The policy of a text.
    pub fn policy(&self, sha256: &str) -> Option<Arc<Policy>> {
        let (name, text) = self.texts.get_key_value(sha256)?;
        Some(self.compiled.get(name, text))
    }

    /// The policy of a text under a name; without the text, it is unreadable.
    pub fn attached(&self, name: &str, sha256: Option<&str>) -> Attached {
        match sha256.and_then(|sha256| self.policy(sha256)) {
            Some(policy) => Attached::new(name, policy),
            None => Attached::unreadable(name, "the document is not in the lake"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    fn text(number: usize, length: usize) -> String {
        let resource = "x".repeat(length);
        format!(
            r#"{{"Statement":{{"Sid":"s{number}","Effect":"Allow","Action":"a:b","Resource":"{resource}"}}}}"#
        )
    }

    fn name(number: usize) -> Arc<str> {
        format!("hash-{number}").into()
    }

    #[test]
    fn every_text_is_compiled_once_however_many_threads_ask() {
        let compiled = CompiledDocuments::default();
        let text = text(0, 10);
        let policies: Vec<Arc<Policy>> = thread::scope(|scope| {
            let asked: Vec<_> = (0..8).map(|_| scope.spawn(|| compiled.get(&name(0), &text))).collect();
            asked.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert!(policies.iter().all(|policy| Arc::ptr_eq(policy, &policies[0])));
    }

    #[test]
    fn memory_is_bounded_and_what_is_in_use_stays() {
        let compiled = CompiledDocuments { limit: 3000, ..CompiledDocuments::default() };
        let get = |number: usize| compiled.get(&name(number), &text(number, 900));
        let (first, second) = (get(0), get(1));
        for number in 2..20 {
            get(number);
            // Asked for again and again.
            assert!(Arc::ptr_eq(&first, &get(0)), "{number}");
        }
        assert!(!Arc::ptr_eq(&second, &get(1)));
        let generations = compiled.generations.lock().unwrap();
        for kept in [&generations.recent, &generations.previous] {
            let bytes: usize = kept.values().map(|(_, bytes)| bytes).sum();
            assert!((1..=3000).contains(&bytes), "{bytes}");
        }
    }

    #[test]
    fn a_text_that_is_no_policy_and_one_that_is_missing_are_unreadable() {
        let documents = Documents::new([(name(0), Arc::from("no policy"))], Arc::default());
        let doubt = |attached: &Attached| attached.policy.statements()[0].doubts().collect::<String>();
        let broken = doubt(&documents.attached("p", Some("hash-0")));
        assert!(broken.starts_with("the document is not a policy: line 1 column 1"), "{broken}");
        let missing = doubt(&documents.attached("p", Some("hash-1")));
        assert_eq!(missing, "the document is not in the lake");
    }
}
