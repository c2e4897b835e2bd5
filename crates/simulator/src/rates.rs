//! Rates beyond which answers are throttled: a token bucket for a service or an action, over all accounts.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// What is left of one rate.
struct Bucket {
    /// A service or `service:Action`.
    key: String,
    /// Tokens a second; a bucket holds those of one second, and at least one.
    rate: f64,
    tokens: f64,
    filled: Instant,
}

/// All rates.
pub struct Rates {
    buckets: Mutex<Vec<Bucket>>,
    none: bool,
}

impl Rates {
    pub fn new(rates: &BTreeMap<String, f64>) -> Self {
        let now = Instant::now();
        let bucket = |(key, rate): (&String, &f64)| Bucket {
            key: key.clone(),
            rate: *rate,
            tokens: rate.max(1.0),
            filled: now,
        };
        Self { buckets: Mutex::new(rates.iter().map(bucket).collect()), none: rates.is_empty() }
    }

    /// Takes a token from every bucket that `service:Action` draws on, or from none of them.
    pub fn admit(&self, api: &str, now: Instant) -> bool {
        if self.none {
            return true;
        }
        let service = api.split(':').next().unwrap_or_default();
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let mut drawn_on: Vec<&mut Bucket> =
            buckets.iter_mut().filter(|bucket| bucket.key == api || bucket.key == service).collect();
        for bucket in &mut drawn_on {
            let passed = now.saturating_duration_since(bucket.filled).as_secs_f64();
            bucket.tokens = (bucket.tokens + passed * bucket.rate).min(bucket.rate.max(1.0));
            bucket.filled = now;
        }
        let enough = drawn_on.iter().all(|bucket| bucket.tokens >= 1.0);
        if enough {
            for bucket in &mut drawn_on {
                bucket.tokens -= 1.0;
            }
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_second_of_burst_and_then_the_rate() {
        let rates =
            Rates::new(&BTreeMap::from([("iam".to_owned(), 10.0), ("iam:ListRoles".to_owned(), 2.0)]));
        let start = Instant::now();
        let admitted = |api: &str, at: f64| {
            let now = start + Duration::from_secs_f64(at);
            (0..100).filter(|_| rates.admit(api, now)).count()
        };
        assert_eq!(admitted("iam:ListRoles", 0.0), 2, "the narrower rate");
        assert_eq!(admitted("iam:ListUsers", 0.0), 8, "what is left of the wider one");
        assert_eq!(admitted("iam:ListUsers", 0.5), 5);
        assert_eq!(admitted("iam:ListUsers", 100.0), 10, "no more than a second is saved up");
        assert_eq!(admitted("sts:AssumeRole", 100.0), 100);
    }
}
