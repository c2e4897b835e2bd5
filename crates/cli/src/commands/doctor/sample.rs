//! Which accounts are inspected: as many units as there are places, the management account first.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::str::FromStr;

use orgsweep_model::{Account, AccountId};

/// How many accounts are inspected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sample {
    /// All that are chosen.
    All,
    /// At most so many.
    AtMost(usize),
}

impl Sample {
    /// Without `--sample`.
    pub const DEFAULT: Self = Self::AtMost(10);
}

impl FromStr for Sample {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            Ok(number @ 1..) => Ok(Self::AtMost(number)),
            _ if text == "all" => Ok(Self::All),
            _ => Err("expected a number of accounts, at least 1, or all".to_owned()),
        }
    }
}

/// Picks one account of each unit in turn, the same ones each time. The caller enters the management account in another
/// way than the others where it is the caller's own, so it comes first.
pub fn pick(candidates: &[Account], sample: Sample) -> BTreeSet<AccountId> {
    let Sample::AtMost(most) = sample else {
        return candidates.iter().map(|account| account.id).collect();
    };
    let mut picked: BTreeSet<AccountId> = candidates
        .iter()
        .filter(|account| account.is_management)
        .take(most)
        .map(|account| account.id)
        .collect();
    let mut units: BTreeMap<&str, VecDeque<AccountId>> = BTreeMap::new();
    for account in candidates.iter().filter(|account| !account.is_management) {
        units.entry(account.ou_id().unwrap_or_default()).or_default().push_back(account.id);
    }
    let mut turns: VecDeque<VecDeque<AccountId>> = units
        .into_values()
        .map(|mut unit| {
            unit.make_contiguous().sort();
            unit
        })
        .collect();
    while picked.len() < most
        && let Some(mut unit) = turns.pop_front()
    {
        if let Some(account) = unit.pop_front() {
            picked.insert(account);
            turns.push_back(unit);
        }
    }
    picked
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(number: u32, unit: &str) -> Account {
        let mut account = Account::new(format!("{number:012}").parse().unwrap());
        account.ou_ids = vec!["r-ab12".to_owned(), unit.to_owned()];
        account
    }

    fn picked(candidates: &[Account], sample: Sample) -> Vec<String> {
        pick(candidates, sample).iter().map(|id| id.as_str().trim_start_matches('0').to_owned()).collect()
    }

    #[test]
    fn every_unit_has_its_turn_before_any_has_two() {
        let mut candidates: Vec<Account> = (1..=9).map(|number| account(number, "ou-big")).collect();
        candidates.push(account(10, "ou-small"));
        candidates.push(Account { is_management: true, ..account(11, "r-ab12") });
        assert_eq!(picked(&candidates, Sample::AtMost(1)), ["11"]);
        assert_eq!(picked(&candidates, Sample::AtMost(3)), ["1", "10", "11"]);
        assert_eq!(picked(&candidates, Sample::AtMost(5)), ["1", "2", "3", "10", "11"]);
        assert_eq!(picked(&candidates, Sample::AtMost(50)).len(), 11);
        assert_eq!(picked(&candidates, Sample::All).len(), 11);
        candidates.reverse();
        assert_eq!(picked(&candidates, Sample::AtMost(3)), ["1", "10", "11"]);
    }

    #[test]
    fn numbers_and_all() {
        assert_eq!("all".parse(), Ok(Sample::All));
        assert_eq!("25".parse(), Ok(Sample::AtMost(25)));
        for text in ["0", "-1", "some", ""] {
            assert!(text.parse::<Sample>().is_err(), "{text}");
        }
    }
}
