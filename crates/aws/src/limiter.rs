//! How fast AWS is called: one limiter for the whole process, because AWS counts the account that called AssumeRole.
//!
//! Organizations publishes its token buckets, and they are the defaults here:
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>. IAM publishes nothing, so
//! its bucket adapts: it grows by addition while AWS answers and shrinks by multiplication when AWS says to slow
//! down, below a ceiling that leaves production its share. Time is handed in, so that the arithmetic is tested
//! without waiting.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// IAM requests a second that are never exceeded, unless `--max-rate` says otherwise. AWS publishes no number; scans of
/// fifty accounts at a time, about this rate, are reported to work.
pub const DEFAULT_MAX_RATE: f64 = 50.0;
/// Requests in flight, unless `--requests` says otherwise.
pub const DEFAULT_REQUESTS: usize = 32;
/// Of the ceiling: where the adaptive bucket starts.
const START: f64 = 0.4;
/// Of the ceiling, each second without a throttle: how fast it grows.
const GROWTH: f64 = 0.02;
/// What is left of the rate after a throttle.
const SHRINK: f64 = 0.7;
/// Of the ceiling: below this the rate does not fall. One request a second at the default ceiling, over all shards of a scan.
const SLOWEST: f64 = 0.02;
/// Requests a second below which no rate falls: a turn that comes later than four minutes after the signature comes too late.
const SLOWEST_TURN: f64 = 1.0 / 240.0;
/// Seconds of the starting rate that accounts in flight may queue for. Each has one request under way at most, so this bounds
/// the wait for a turn: twelve seconds at the start, and at the slowest rate four minutes, for by then the signature (good
/// for five) was made and the session (renewed five minutes before its end) was looked at. It is many times what keeps
/// the rate used up.
const LONGEST_QUEUE: f64 = 12.0;
/// One burst of throttled answers is one decrease: they were all sent at the old rate.
const ONE_BURST: Duration = Duration::from_millis(500);

/// The calls that AWS counts together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// All of IAM.
    Iam,
    /// All of STS: 600 a second and Region, shared with everyone else in the account.
    Sts,
    /// One action of Organizations.
    Organizations(String),
    /// Another service's, at IAM's ceiling.
    Other(String),
}

/// What a run asks of the limiter.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Maximum IAM requests per second; `None`: no client-side limit, for a simulator.
    pub max_rate: Option<f64>,
    /// Requests in flight at most.
    pub requests: usize,
    /// Processes that share the rates, such as the shards of one scan.
    pub share: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_rate: Some(DEFAULT_MAX_RATE), requests: DEFAULT_REQUESTS, share: 1 }
    }
}

impl Limits {
    /// The shortest time in which so many calls of one family are let out, if AWS throttles none; `None`: no limit.
    pub fn shortest(&self, family: &Family, calls: u64) -> Option<Duration> {
        let bucket = Bucket::of(family, self.max_rate?, f64::from(self.share.max(1)), Instant::now());
        Some(Duration::from_secs_f64(bucket.seconds_for(calls as f64)))
    }

    /// How many accounts in flight the rate can feed; `None`: any number.
    pub fn most_accounts(&self) -> Option<usize> {
        let rate = self.max_rate? * START / f64::from(self.share.max(1));
        Some((rate * LONGEST_QUEUE).max(1.0) as usize)
    }
}

/// The process's limiter.
#[derive(Debug)]
pub struct Limiter {
    limits: Limits,
    buckets: Mutex<HashMap<Family, Bucket>>,
    slots: Arc<Semaphore>,
}

impl Limiter {
    /// Full buckets and free slots.
    pub fn new(limits: Limits) -> Self {
        let slots = Arc::new(Semaphore::new(limits.requests.max(1)));
        Self { limits, buckets: Mutex::default(), slots }
    }

    /// Waits for the family's turn, then for a free slot. The slot is held as long as the permit lives; what waits for its
    /// turn, backs off or waits for a credential report holds none.
    ///
    /// Who stops waiting gives the turn back.
    pub async fn admit(&self, family: &Family) -> Option<OwnedSemaphorePermit> {
        let wait = self.reserve(family, Instant::now());
        let mut turn = Turn { limiter: self, family, is_used: false };
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        // The semaphore is never closed.
        let slot = Arc::clone(&self.slots).acquire_owned().await.ok();
        turn.is_used = true;
        slot
    }

    /// How long until the turn that is hereby taken.
    fn reserve(&self, family: &Family, now: Instant) -> Duration {
        self.with_bucket(family, now, |bucket| bucket.reserve(now)).unwrap_or_default()
    }

    /// Reports how AWS responded.
    pub fn answered(&self, family: &Family, throttled: bool) {
        let now = Instant::now();
        self.with_bucket(family, now, |bucket| bucket.learn(throttled, now));
    }

    fn with_bucket<T>(
        &self,
        family: &Family,
        now: Instant,
        work: impl FnOnce(&mut Bucket) -> T,
    ) -> Option<T> {
        let max_rate = self.limits.max_rate?;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets
            .entry(family.clone())
            .or_insert_with(|| Bucket::of(family, max_rate, f64::from(self.limits.share.max(1)), now));
        Some(work(bucket))
    }
}

/// A turn that was taken and is not yet used.
struct Turn<'a> {
    limiter: &'a Limiter,
    family: &'a Family,
    is_used: bool,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if !self.is_used {
            self.limiter.with_bucket(self.family, Instant::now(), Bucket::give_back);
        }
    }
}

/// A token bucket. Tokens may be owed: who comes next waits longer, so that turns are taken in order of arrival.
#[derive(Clone, Debug)]
struct Bucket {
    rate: f64,
    burst: f64,
    tokens: f64,
    filled: Instant,
    /// The ceiling of a rate that adapts; fixed rates have none and still shrink and recover.
    ceiling: f64,
    shrunk: Option<Instant>,
    grown: Instant,
}

impl Bucket {
    fn of(family: &Family, max_rate: f64, share: f64, now: Instant) -> Self {
        let (start, ceiling, burst) = match family {
            Family::Iam | Family::Other(_) => (max_rate * START, max_rate, max_rate * START / 4.0),
            // Half of the published 600, because others in the account assume roles too.
            Family::Sts => (300.0, 300.0, 100.0),
            Family::Organizations(action) => {
                let (rate, burst) = organizations(action);
                (rate, rate, burst)
            }
        };
        let (start, ceiling, burst) = (start / share, ceiling / share, (burst / share).max(1.0));
        Self { rate: start, burst, tokens: burst, filled: now, ceiling, shrunk: None, grown: now }
    }

    /// What is in the bucket goes at once; then the rate grows by addition to its ceiling, and stays there.
    fn seconds_for(&self, calls: f64) -> f64 {
        let calls = (calls - self.burst).max(0.0);
        let growth = GROWTH * self.ceiling;
        let growing = (self.ceiling - self.rate).max(0.0) / growth;
        let while_growing = growing * f64::midpoint(self.rate, self.ceiling);
        if calls > while_growing {
            return growing + (calls - while_growing) / self.ceiling;
        }
        // calls = rate · t + growth · t² / 2
        ((self.rate * self.rate + 2.0 * growth * calls).sqrt() - self.rate) / growth
    }

    fn fill(&mut self, now: Instant) {
        let seconds = now.saturating_duration_since(self.filled).as_secs_f64();
        self.tokens = (self.tokens + seconds * self.rate).min(self.burst);
        self.filled = now;
    }

    fn reserve(&mut self, now: Instant) -> Duration {
        self.fill(now);
        self.tokens -= 1.0;
        if self.tokens >= 0.0 { Duration::ZERO } else { Duration::from_secs_f64(-self.tokens / self.rate) }
    }

    fn give_back(&mut self) {
        self.tokens = (self.tokens + 1.0).min(self.burst);
    }

    fn learn(&mut self, throttled: bool, now: Instant) {
        self.fill(now);
        if throttled {
            self.grown = now;
            if self.shrunk.is_none_or(|at| now.saturating_duration_since(at) >= ONE_BURST) {
                self.shrunk = Some(now);
                let slowest = (self.ceiling * SLOWEST).max(SLOWEST_TURN);
                self.rate = (self.rate * SHRINK).max(slowest).min(self.rate);
                self.tokens = self.tokens.min(0.0);
            }
            return;
        }
        // A pause teaches nothing: only answers do.
        let quiet = now.saturating_duration_since(self.grown).as_secs_f64().min(1.0);
        self.rate = (self.rate + quiet * GROWTH * self.ceiling).min(self.ceiling);
        self.grown = now;
    }
}

/// Requests a second and burst for the calling account, as published; the strictest for what is not listed.
fn organizations(action: &str) -> (f64, f64) {
    match action {
        "ListAccounts" => (8.0, 12.0),
        "ListAccountsForParent"
        | "ListOrganizationalUnitsForParent"
        | "ListParents"
        | "ListPolicies"
        | "ListPoliciesForTarget"
        | "ListTargetsForPolicy"
        | "ListDelegatedAdministrators" => (5.0, 8.0),
        "ListChildren" => (6.0, 10.0),
        "DescribeAccount" => (20.0, 30.0),
        "DescribeOrganizationalUnit" | "DescribePolicy" => (2.0, 2.0),
        "ListTagsForResource" => (10.0, 15.0),
        "ListAWSServiceAccessForOrganization" | "ListDelegatedServicesForAccount" => (1.0, 3.0),
        _ => (1.0, 2.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(family: &Family, max_rate: f64, share: f64, now: Instant) -> Bucket {
        Bucket::of(family, max_rate, share, now)
    }

    fn later(now: Instant, milliseconds: u64) -> Instant {
        now + Duration::from_millis(milliseconds)
    }

    #[test]
    fn organizations_is_asked_as_fast_as_aws_publishes() {
        let now = Instant::now();
        let mut bucket = bucket(&Family::Organizations("ListAccounts".to_owned()), 50.0, 1.0, now);
        let waits: Vec<u128> = (0..16).map(|_| bucket.reserve(now).as_millis()).collect();
        assert_eq!(waits[..12], [0; 12]);
        assert_eq!(waits[12..], [125, 250, 375, 500]);
    }

    #[test]
    fn the_estimate_is_the_time_that_the_limiter_itself_takes() {
        for (family, calls) in [
            (Family::Iam, 4),
            (Family::Iam, 300),
            (Family::Iam, 1_000),
            (Family::Iam, 9_000),
            (Family::Sts, 1_000),
            (Family::Organizations("ListTargetsForPolicy".to_owned()), 500),
        ] {
            let began = Instant::now();
            let mut bucket = bucket(&family, 50.0, 1.0, began);
            let mut now = began;
            for _ in 0..calls {
                now += bucket.reserve(now);
                bucket.learn(false, now);
            }
            let taken = (now - began).as_secs_f64();
            let limits = Limits { max_rate: Some(50.0), requests: 32, share: 1 };
            let estimate = limits.shortest(&family, calls).unwrap().as_secs_f64();
            // A call that is let out at once needs no time, and the rate grows in steps and not smoothly.
            assert!(
                (estimate - taken).abs() <= 0.05 + taken * 0.02,
                "{family:?} {calls}: {estimate} {taken}"
            );
        }
        assert_eq!(Limits { max_rate: None, requests: 32, share: 1 }.shortest(&Family::Iam, 9), None);
    }

    #[test]
    fn shards_share_the_rates() {
        let now = Instant::now();
        let family = Family::Organizations("ListAccounts".to_owned());
        let whole = bucket(&family, 50.0, 1.0, now);
        let quarter = bucket(&family, 50.0, 4.0, now);
        assert!((quarter.rate * 4.0 - whole.rate).abs() < 1e-9);
        assert!((bucket(&Family::Iam, 50.0, 4.0, now).ceiling - 12.5).abs() < 1e-9);
    }

    #[test]
    fn iam_grows_by_addition_to_the_ceiling_and_no_further() {
        let now = Instant::now();
        let mut bucket = bucket(&Family::Iam, 50.0, 1.0, now);
        assert!((bucket.rate - 20.0).abs() < 1e-9);
        bucket.learn(false, later(now, 1000));
        assert!((bucket.rate - 21.0).abs() < 1e-9, "{}", bucket.rate);
        for second in 2..100 {
            bucket.learn(false, later(now, second * 1000));
        }
        assert!((bucket.rate - 50.0).abs() < 1e-9, "{}", bucket.rate);
    }

    #[test]
    fn a_burst_of_throttles_is_one_decrease_and_the_rate_has_a_floor() {
        let now = Instant::now();
        let mut bucket = bucket(&Family::Iam, 50.0, 1.0, now);
        for _ in 0..10 {
            bucket.learn(true, now);
        }
        assert!((bucket.rate - 14.0).abs() < 1e-9, "{}", bucket.rate);
        for moment in 1..50 {
            bucket.learn(true, later(now, moment * 600));
        }
        assert!((bucket.rate - 50.0 * SLOWEST).abs() < 1e-9, "{}", bucket.rate);
        assert!(bucket.reserve(later(now, 30_000)) <= Duration::from_secs(2));
    }

    #[test]
    fn a_throttle_never_makes_a_slow_rate_faster() {
        let now = Instant::now();
        let mut slow = bucket(&Family::Iam, 1.0, 1.0, now);
        slow.learn(true, now);
        assert!(slow.rate <= 0.4, "{}", slow.rate);
        // One of fifty shards: together they are as slow as one process would be.
        for moment in 1..50 {
            slow.learn(true, later(now, moment * 600));
        }
        assert!((slow.rate - 0.02).abs() < 1e-9, "{}", slow.rate);
        let mut fast = bucket(&Family::Iam, 500.0, 1.0, now);
        for moment in 0..50 {
            fast.learn(true, later(now, moment * 600));
        }
        assert!((fast.rate - 10.0).abs() < 1e-9, "{}", fast.rate);
    }

    #[test]
    fn as_many_accounts_as_the_rate_can_feed_and_none_waits_for_longer_than_a_signature_holds() {
        let limits = |max_rate, share| Limits { max_rate, share, ..Limits::default() };
        for (max_rate, share, accounts) in [(50.0, 1, 240), (50.0, 10, 24), (1.0, 1, 4), (0.1, 1, 1)] {
            let limits = limits(Some(max_rate), share);
            assert_eq!(limits.most_accounts(), Some(accounts), "{max_rate}");
            let now = Instant::now();
            let mut bucket = bucket(&Family::Iam, max_rate, f64::from(share), now);
            for moment in 0..50 {
                bucket.learn(true, later(now, moment * 600));
            }
            let longest = (0..accounts).map(|_| bucket.reserve(later(now, 30_000))).max().unwrap();
            assert!(longest <= Duration::from_mins(4), "{max_rate}: {longest:?}");
        }
        assert_eq!(limits(None, 1).most_accounts(), None);
    }

    #[tokio::test]
    async fn who_stops_waiting_gives_the_turn_back() {
        let limiter = Limiter::new(Limits { max_rate: Some(10.0), requests: 1, share: 1 });
        let slot = limiter.admit(&Family::Iam).await;
        for _ in 0..40 {
            let waited = tokio::time::timeout(Duration::from_millis(1), limiter.admit(&Family::Iam)).await;
            assert!(waited.is_err());
        }
        let next = limiter.reserve(&Family::Iam, Instant::now());
        assert!(next < Duration::from_millis(500), "{next:?} for 40 that are gone");
        // A turn that was used is used, whatever becomes of the answer.
        drop(slot);
        let after = limiter.reserve(&Family::Iam, Instant::now());
        assert!(after > next, "{after:?}");
    }

    #[tokio::test]
    async fn an_open_limiter_bounds_only_what_is_in_flight() {
        let limiter = Limiter::new(Limits { max_rate: None, requests: 2, share: 1 });
        let first = limiter.admit(&Family::Iam).await;
        let second = limiter.admit(&Family::Sts).await;
        assert!(first.is_some() && second.is_some());
        let third = tokio::time::timeout(Duration::from_millis(20), limiter.admit(&Family::Iam)).await;
        assert!(third.is_err(), "a third request was let through");
        drop(first);
        assert!(limiter.admit(&Family::Iam).await.is_some());
    }
}
