//! The fault script in play: which request a fault strikes.
//!
//! Requests are counted per account and action, so that what happens in one account does not depend on how many
//! others are asked at the same time.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::faults::script::{Fault, FaultKind};
use crate::random::Random;
use crate::world::World;

/// A request, as faults look at it.
pub struct Counted<'a> {
    pub account: &'a str,
    /// `service:Action`.
    pub action: &'a str,
    /// 1 without a marker.
    pub page: u64,
    pub behind_an_empty_page: bool,
}

/// Requests of one action in one account.
#[derive(Default)]
struct Counts {
    all: u64,
    by_page: HashMap<u64, u64>,
}

/// The script in play.
pub struct Faults {
    script: Vec<Fault>,
    seed: u64,
    counts: Mutex<HashMap<(String, String), Counts>>,
    struck: Vec<AtomicU64>,
}

impl Faults {
    pub fn new(script: Vec<Fault>, seed: u64) -> Self {
        let struck = script.iter().map(|_| AtomicU64::new(0)).collect();
        Self { script, seed, counts: Mutex::default(), struck }
    }

    /// Says which fault is for an account that does not exist.
    pub fn check(&self, world: &World) -> Result<(), String> {
        for (index, fault) in self.script.iter().enumerate() {
            if let Some(account) = &fault.account
                && world.account(account).is_none()
            {
                return Err(format!(
                    "fault {}: there is no account {account} in this organization",
                    index + 1
                ));
            }
        }
        Ok(())
    }

    /// Counts a request and says what befalls it.
    pub fn strike(&self, request: &Counted<'_>) -> Option<&Fault> {
        if self.script.is_empty() {
            return None;
        }
        let (all, of_page) = self.count(request);
        let index = self.script.iter().enumerate().position(|(index, fault)| {
            let count = if fault.page.is_some() { of_page } else { all };
            fault.is_for(request) && fault.is_due(count) && self.is_drawn(index, fault, request, count)
        })?;
        self.struck[index].fetch_add(1, Ordering::Relaxed);
        Some(&self.script[index])
    }

    fn count(&self, request: &Counted<'_>) -> (u64, u64) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = counts.entry((request.account.to_owned(), request.action.to_owned())).or_default();
        let of_page = counts.by_page.entry(request.page).or_default();
        counts.all += 1;
        *of_page += 1;
        (counts.all, *of_page)
    }

    /// By a number that follows from the seed and from which request it is. The fault's place in the script is mixed
    /// in: two faults with a share would befall the same requests otherwise, and the second none.
    fn is_drawn(&self, index: usize, fault: &Fault, request: &Counted<'_>, count: u64) -> bool {
        let Some(share) = fault.share else {
            return true;
        };
        let purpose =
            format!("fault {index} {} {} {} {count}", request.account, request.action, request.page);
        // The 53 upper bits make every fraction that a double can hold equally likely.
        let fraction = (Random::new(self.seed, &purpose).next() >> 11) as f64 / (1_u64 << 53) as f64;
        fraction < share
    }

    /// How often each fault has struck, in the order of the script.
    pub fn struck(&self) -> Vec<u64> {
        self.struck.iter().map(|count| count.load(Ordering::Relaxed)).collect()
    }
}

impl Fault {
    fn is_for(&self, request: &Counted<'_>) -> bool {
        (self.action == "*" || self.action == request.action)
            && self.kind.can_befall(request.action)
            && self.account.as_ref().is_none_or(|account| account == request.account)
            && self.page.is_none_or(|page| page == request.page)
            // The page behind the empty one is the real one, or a listing would never end.
            && !(self.kind == FaultKind::EmptyPage && request.behind_an_empty_page)
    }

    fn is_due(&self, count: u64) -> bool {
        let first = self.nth.unwrap_or(1);
        let times = self.times.or(self.nth.map(|_| 1));
        count >= first && times.is_none_or(|times| count - first < times)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request<'a>(account: &'a str, action: &'a str, page: u64) -> Counted<'a> {
        Counted { account, action, page, behind_an_empty_page: false }
    }

    fn strikes(fault: Fault, pages: &[u64]) -> Vec<bool> {
        let faults = Faults::new(vec![fault], 7);
        pages.iter().map(|page| faults.strike(&request("a", "iam:ListRoles", *page)).is_some()).collect()
    }

    fn throttle() -> Fault {
        Fault::new(FaultKind::Throttle, "iam:ListRoles")
    }

    #[test]
    fn from_the_nth_request_on_for_so_many() {
        let pages = [1, 1, 1, 1];
        for (fault, wanted) in [
            (throttle(), [true, true, true, true]),
            (Fault { nth: Some(2), ..throttle() }, [false, true, false, false]),
            (Fault { nth: Some(2), times: Some(2), ..throttle() }, [false, true, true, false]),
            (Fault { times: Some(3), ..throttle() }, [true, true, true, false]),
            (Fault { share: Some(0.0), ..throttle() }, [false; 4]),
            (Fault { share: Some(1.0), ..throttle() }, [true; 4]),
        ] {
            assert_eq!(strikes(fault.clone(), &pages), wanted, "{fault:?}");
        }
    }

    #[test]
    fn a_page_is_counted_by_itself() {
        let fault = Fault { page: Some(2), nth: Some(2), ..throttle() };
        assert_eq!(strikes(fault, &[1, 2, 1, 2, 2]), [false, false, false, true, false]);
    }

    #[test]
    fn accounts_and_actions_count_apart_and_their_order_does_not_matter() {
        let fault = Fault { share: Some(0.3), ..Fault::new(FaultKind::Throttle, "*") };
        let script = vec![fault; 2];
        let ask = |order: &[&str]| {
            let faults = Faults::new(script.clone(), 7);
            let mut struck = Vec::new();
            for round in 0..200 {
                for account in order {
                    for action in ["iam:ListRoles", "sts:AssumeRole"] {
                        let fault = faults.strike(&request(account, action, 1));
                        struck.push(((*account).to_owned(), action, round, fault.is_some()));
                    }
                }
            }
            struck.sort();
            (struck, faults.struck())
        };
        let (one, counts) = ask(&["a", "b"]);
        assert_eq!(one, ask(&["b", "a"]).0);
        // 800 requests; the second fault gets its share of what the first leaves.
        assert!((200..280).contains(&counts[0]), "{counts:?}");
        assert!((130..210).contains(&counts[1]), "{counts:?}");
    }
}
