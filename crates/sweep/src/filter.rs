//! Which accounts a scan enters. Exclusion wins over inclusion, whatever the order.

use std::collections::{BTreeMap, BTreeSet};

use orgsweep_model::selection::{Scope, in_path, in_unit, names_of_path};
use orgsweep_model::{Account, AccountId, AccountState, Gap, Reason};

/// The caller's choice of accounts. Empty: all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Units (id or path), with everything below them.
    pub units: Vec<String>,
    /// Units to leave out.
    pub excluded_units: Vec<String>,
    /// Accounts.
    pub accounts: BTreeSet<AccountId>,
    /// Accounts to leave out.
    pub excluded_accounts: BTreeSet<AccountId>,
    /// Tags that an account must carry, all of them.
    pub tags: BTreeMap<String, String>,
    /// Of the accounts that all of this chooses, only these. `None`: all.
    pub sample: Option<BTreeSet<AccountId>>,
}

impl Filter {
    /// Whether a unit is named by its path, so that names have to be known first.
    pub fn needs_paths(&self) -> bool {
        self.units.iter().chain(&self.excluded_units).any(|unit| unit.starts_with('/'))
    }

    /// Whether anything is chosen that may not exist.
    pub fn has_a_choice(&self) -> bool {
        !self.units.is_empty() || !self.accounts.is_empty() || !self.tags.is_empty()
    }

    /// Whether tags have to be read.
    pub fn needs_tags(&self) -> bool {
        !self.tags.is_empty()
    }

    /// Why an account is not entered; `None`: it is.
    pub fn refuses(&self, account: &Account) -> Option<Gap> {
        let excluded = |why: &str| Some(Gap::new(Reason::Excluded).because(why));
        if self.excluded_accounts.contains(&account.id) {
            return excluded("excluded by --exclude-account");
        }
        if let Some(unit) = self.excluded_units.iter().find(|unit| in_unit(account, unit)) {
            return excluded(&format!("excluded by --exclude-ou {unit}"));
        }
        let chosen_by_account = self.accounts.contains(&account.id);
        let chosen_by_unit = self.units.iter().any(|unit| in_unit(account, unit));
        let any_choice = !self.accounts.is_empty() || !self.units.is_empty();
        if any_choice && !chosen_by_account && !chosen_by_unit {
            return excluded("not among the selected accounts and OUs");
        }
        let tags = account.tags.as_ref();
        let carries = |(key, value): (&String, &String)| tags.and_then(|all| all.get(key)) == Some(value);
        if !self.tags.iter().all(carries) {
            return excluded("does not have the selected tags");
        }
        if self.sample.as_ref().is_some_and(|sample| !sample.contains(&account.id)) {
            return excluded("not in the sample");
        }
        None
    }

    /// What was named and is not there, as a message; a name that matches nothing is a mistake, not a filter.
    pub fn unmatched(&self, roster: &[RosterKey]) -> Vec<String> {
        let mut missing = Vec::new();
        for (flag, accounts) in
            [("--account", &self.accounts), ("--exclude-account", &self.excluded_accounts)]
        {
            for id in accounts.iter().filter(|id| !roster.iter().any(|key| key.id == **id)) {
                let nearest = nearest(id.as_str(), roster.iter().map(|key| key.id.as_str().to_owned()));
                missing.push(format!("{flag} {id}: no such account in the roster{nearest}"));
            }
        }
        for (flag, units) in [("--ou", &self.units), ("--exclude-ou", &self.excluded_units)] {
            for unit in units.iter().filter(|unit| !roster.iter().any(|key| in_unit(&key.as_account(), unit)))
            {
                let nearest = nearest_unit(unit, roster);
                missing.push(format!("{flag} {unit}: no account of the roster is in this OU{nearest}"));
            }
        }
        for (key, value) in &self.tags {
            let carried = || roster.iter().flat_map(|account| &account.tags);
            if !carried().any(|(other, has)| other == key && has == value) {
                let all = carried().map(|(key, value)| format!("{key}={value}"));
                let nearest = nearest(&format!("{key}={value}"), all);
                missing.push(format!("--tag {key}={value}: no account of the roster has this tag{nearest}"));
            }
        }
        missing
    }
}

/// What is nearest to a scope that no account is in, as the end of a message.
pub fn nearest_scope(scope: &Scope, roster: &[RosterKey]) -> String {
    match scope {
        Scope::Account(id) => nearest(id.as_str(), roster.iter().map(|key| key.id.as_str().to_owned())),
        Scope::Unit(unit) => nearest_unit(unit, roster),
    }
}

/// Units with accounts, named the way the wrong one is.
fn nearest_unit(unit: &str, roster: &[RosterKey]) -> String {
    if !unit.starts_with('/') {
        return nearest(unit, roster.iter().flat_map(|key| key.ou_ids.clone()));
    }
    let mut paths = BTreeSet::new();
    for path in roster.iter().filter_map(|key| key.ou_path.as_deref()) {
        let mut above = String::new();
        for name in names_of_path(path).unwrap_or_default() {
            above = format!("{above}/{name}");
            paths.insert(above.clone());
        }
    }
    nearest(unit, paths)
}

fn nearest(wanted: &str, known: impl IntoIterator<Item = String>) -> String {
    let known: BTreeSet<String> = known.into_iter().collect();
    let nearest = orgsweep_model::nearest::nearest(wanted, known.iter().map(String::as_str));
    nearest.map(|name| format!("; the nearest is {name}")).unwrap_or_default()
}

/// What is kept of every listed account, to find names that match nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RosterKey {
    /// The account.
    pub id: AccountId,
    /// Its units.
    pub ou_ids: Vec<String>,
    /// Its path, where known.
    pub ou_path: Option<String>,
    /// Its tags, where read.
    pub tags: BTreeMap<String, String>,
}

impl RosterKey {
    /// Of an account.
    pub fn of(account: &Account) -> Self {
        Self {
            id: account.id,
            ou_ids: account.ou_ids.clone(),
            ou_path: account.ou_path.clone(),
            tags: account.tags.clone().unwrap_or_default(),
        }
    }

    /// As far as scopes look at it.
    pub fn as_account(&self) -> Account {
        let mut account = Account::new(self.id);
        account.ou_ids.clone_from(&self.ou_ids);
        account.ou_path.clone_from(&self.ou_path);
        account
    }
}

/// Why an account is never entered, even if selected.
pub fn inactive(account: &Account) -> Option<Gap> {
    // A word that this version does not know may mean anything: the account is not entered, and it is not left out either.
    let reason = match account.state {
        state if state.is_scannable() => return None,
        AccountState::Unrecognized => Reason::MalformedAnswer,
        _ => Reason::AccountNotActive,
    };
    let words = format!("the account is {} in the organization", account.state);
    Some(Gap::new(reason).because(&words))
}

/// `/Root/Workloads/Prod`, with names as [`in_path`] writes them; `None` when a unit has no known name.
pub fn path(account: &Account, names: &BTreeMap<String, String>) -> Option<String> {
    if account.ou_ids.is_empty() {
        return None;
    }
    let mut path = String::new();
    for id in &account.ou_ids {
        path.push('/');
        path.push_str(&in_path(names.get(id)?));
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(id: &str, units: &[&str], path: &str) -> Account {
        let mut account = Account::new(id.parse().unwrap());
        account.ou_ids = units.iter().map(|unit| (*unit).to_owned()).collect();
        account.ou_path = Some(path.to_owned());
        account
    }

    fn prod() -> Account {
        account("111122223333", &["r-ab12", "ou-ab12-workload", "ou-ab12-prod0000"], "/Root/Workloads/Prod")
    }

    #[test]
    fn units_are_recursive_by_id_and_by_path() {
        for unit in [
            "r-ab12",
            "ou-ab12-workload",
            "ou-ab12-prod0000",
            "/Root",
            "/Root/Workloads",
            "/Root/Workloads/Prod/",
        ] {
            let filter = Filter { units: vec![unit.to_owned()], ..Filter::default() };
            assert!(filter.refuses(&prod()).is_none(), "{unit}");
        }
        for unit in ["ou-ab12-other", "/Root/Work", "/Workloads"] {
            let filter = Filter { units: vec![unit.to_owned()], ..Filter::default() };
            assert_eq!(filter.refuses(&prod()).unwrap().reason, Reason::Excluded, "{unit}");
        }
    }

    #[test]
    fn exclusion_wins_in_both_orders() {
        let inner_out = Filter {
            units: vec!["ou-ab12-workload".to_owned()],
            excluded_units: vec!["ou-ab12-prod0000".to_owned()],
            ..Filter::default()
        };
        let outer_out = Filter {
            units: vec!["ou-ab12-prod0000".to_owned()],
            excluded_units: vec!["ou-ab12-workload".to_owned()],
            ..Filter::default()
        };
        assert!(inner_out.refuses(&prod()).is_some());
        assert!(outer_out.refuses(&prod()).is_some());
    }

    #[test]
    fn accounts_and_units_add_up() {
        let filter = Filter {
            units: vec!["ou-ab12-other".to_owned()],
            accounts: BTreeSet::from([prod().id]),
            ..Filter::default()
        };
        assert!(filter.refuses(&prod()).is_none());
    }

    #[test]
    fn tags_must_all_match_and_unread_tags_do_not() {
        let tags = BTreeMap::from([("env".to_owned(), "prod".to_owned())]);
        let filter = Filter { tags: tags.clone(), ..Filter::default() };
        assert!(filter.refuses(&prod()).is_some());
        let tagged = Account { tags: Some(tags), ..prod() };
        assert!(filter.refuses(&tagged).is_none());
    }

    #[test]
    fn a_sample_narrows_what_the_rest_chooses() {
        let other = account("222233334444", &["r-ab12"], "/Root");
        let filter = Filter {
            units: vec!["/Root/Workloads".to_owned()],
            sample: Some(BTreeSet::from([other.id])),
            ..Filter::default()
        };
        for account in [prod(), other.clone()] {
            assert_eq!(filter.refuses(&account).unwrap().reason, Reason::Excluded);
        }
        let both = Filter { units: Vec::new(), ..filter };
        assert!(both.refuses(&other).is_none());
        assert!(both.refuses(&prod()).unwrap().to_string().contains("not in the sample"));
    }

    #[test]
    fn names_that_match_nothing_are_reported() {
        let filter = Filter {
            units: vec!["ou-none".to_owned()],
            excluded_accounts: BTreeSet::from(["999999999999".parse().unwrap()]),
            ..Filter::default()
        };
        let missing = filter.unmatched(&[RosterKey::of(&prod())]);
        assert_eq!(missing.len(), 2, "{missing:?}");
        assert!(missing[0].contains("999999999999") && missing[0].ends_with("the nearest is 111122223333"));
        assert!(missing[1].contains("ou-none") && missing[1].contains("the nearest is ou-ab12-"));
    }

    #[test]
    fn a_tag_that_nobody_carries_is_reported_with_the_nearest() {
        let tags = BTreeMap::from([("env".to_owned(), "prod".to_owned())]);
        let key = RosterKey::of(&Account { tags: Some(tags), ..prod() });
        let wanted = BTreeMap::from([("env".to_owned(), "prd".to_owned())]);
        let missing = Filter { tags: wanted, ..Filter::default() }.unmatched(&[key]);
        assert_eq!(
            missing,
            ["--tag env=prd: no account of the roster has this tag; the nearest is env=prod"]
        );
    }

    #[test]
    fn a_slash_in_a_name_is_not_a_level() {
        let named = |name: &str| {
            let ids = ["r-ab12", "ou-ab12-11111111"];
            let names = BTreeMap::from([
                (ids[0].to_owned(), "Root".to_owned()),
                (ids[1].to_owned(), name.to_owned()),
            ]);
            let mut account = account("111122223333", &ids, "");
            account.ou_path = path(&account, &names);
            account
        };
        for (name, written) in [
            ("CI/CD", r"/Root/CI\/CD"),
            (r"CI\", r"/Root/CI\\"),
            (r"\/", r"/Root/\\\/"),
            ("CI/", r"/Root/CI\/"),
        ] {
            let account = named(name);
            assert_eq!(account.ou_path.as_deref(), Some(written));
            for unit in [written, &format!("{written}/"), "ou-ab12-11111111", "/Root"] {
                assert!(in_unit(&account, unit), "{name} {unit}");
            }
            for unit in ["/Root/CI", "/Root/CI/CD", "/Root/CI/"] {
                assert!(!in_unit(&account, unit), "{name} {unit}");
            }
        }
        let filter = Filter { units: vec!["/Root/CI/CD".to_owned()], ..Filter::default() };
        let missing = filter.unmatched(&[RosterKey::of(&named("CI/CD"))]);
        assert!(missing[0].ends_with(r"the nearest is /Root/CI\/CD"), "{missing:?}");
    }
}
