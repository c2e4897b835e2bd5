//! Each distinct text compiled once: the same managed policy is in a thousand accounts.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use crate::policy::Policy;

/// Bytes of the texts that are remembered; compiled, they take a few times as much.
const MOST: usize = 2 * 1024 * 1024;

/// What was compiled, by its text.
#[derive(Default)]
struct Compiled {
    /// The hash is a fast one: texts are a kilobyte or more, and looked up for every role.
    policies: HashMap<Box<str>, Arc<Policy>, ahash::RandomState>,
    bytes: usize,
}

static COMPILED: LazyLock<Mutex<Compiled>> = LazyLock::new(Mutex::default);

impl Policy {
    /// The policy of a text, compiled on first use and shared by the whole process; for a text that is not a policy, the
    /// placeholder for an unreadable one. If too many different texts accumulate, the cache is cleared and texts are compiled
    /// again.
    ///
    /// ```
    /// use orgsweep_policy::Policy;
    /// use std::sync::Arc;
    ///
    /// let text = r#"{"Statement": {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}}"#;
    /// assert!(Arc::ptr_eq(&Policy::compiled(text), &Policy::compiled(text)));
    /// ```
    pub fn compiled(text: &str) -> Arc<Self> {
        let known = || COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(policy) = known().policies.get(text) {
            return Arc::clone(policy);
        }
        // Not under the lock: others compile meanwhile, and twice is no harm.
        let policy = Arc::new(
            Self::parse(text)
                .unwrap_or_else(|error| Self::unreadable(&format!("the document is not a policy: {error}"))),
        );
        let mut known = known();
        if known.bytes + text.len() > MOST {
            *known = Compiled::default();
        }
        if text.len() <= MOST && known.policies.insert(text.into(), Arc::clone(&policy)).is_none() {
            known.bytes += text.len();
        }
        policy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(number: usize) -> String {
        format!(
            r#"{{"Statement":{{"Sid":"s{number}","Effect":"Allow","Action":"a:b","Resource":"{}"}}}}"#,
            "x".repeat(100_000)
        )
    }

    /// One test: the cache is one for all.
    #[test]
    fn texts_are_compiled_once_and_not_kept_for_ever() {
        let first = Policy::compiled(&text(0));
        assert!(Arc::ptr_eq(&first, &Policy::compiled(&text(0))));
        for number in 1..30 {
            Policy::compiled(&text(number));
        }
        assert!(!Arc::ptr_eq(&first, &Policy::compiled(&text(0))));
        assert!(COMPILED.lock().unwrap().bytes <= MOST);
        let doubt = Policy::compiled("no policy");
        let doubt = doubt.statements()[0].doubts().collect::<String>();
        assert!(doubt.starts_with("the document is not a policy: line 1 column 1"), "{doubt}");
    }
}
