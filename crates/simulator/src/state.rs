//! What a simulator knows and what callers change in it: all that the services' handlers look at.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crate::account::{Account, AccountState};
use crate::cache::Cache;
use crate::generate;
use crate::identity::Permissions;
use crate::options::Options;
use crate::policy::Document;
use crate::session::Sessions;
use crate::world::World;

/// A simulator's state.
pub struct State {
    pub world: World,
    pub sessions: Sessions,
    /// How far an account's credential report is: nothing asked for yet, or so many answers still to wait.
    pub reports: Mutex<BTreeMap<String, u32>>,
    contents: Cache,
}

impl State {
    /// Makes the organization up and lets the hub user in.
    pub fn new(options: Options) -> Self {
        let permissions = match &options.hub_policy {
            None => Permissions::Everything,
            Some(policy) => Permissions::Granted { documents: vec![Document::parse(policy)], session: None },
        };
        let world = generate::world(options);
        let sessions = Sessions::new(world.options.seed);
        sessions.add_hub(&world.management().id, world.hub_user_arn(), permissions);
        Self { world, sessions, reports: Mutex::default(), contents: Cache::default() }
    }

    /// An account's identities, made when they are asked for.
    pub fn content(&self, account: &Account) -> Arc<AccountState> {
        self.contents.get_or_make(account.index, || generate::identities(&self.world, account))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iam::report;

    fn state(seed: u64, accounts: usize) -> State {
        let now = "2026-06-01T00:00:00Z".parse().unwrap();
        State::new(Options { accounts, seed, now, ..Options::default() })
    }

    fn everything(state: &State) -> String {
        // In reverse, to show that the order of asking does not matter.
        let texts = state.world.accounts.iter().rev().map(|account| {
            let content = state.content(account);
            format!("{} {} {:?} {}", account.id, account.name, content, report::csv(account, &content, None))
        });
        texts.collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_organization() {
        let first = state(7, 20);
        for account in &first.world.accounts {
            first.content(account);
        }
        assert_eq!(everything(&first), everything(&state(7, 20)));
        assert_ne!(everything(&first), everything(&state(8, 20)));
    }

    #[test]
    fn few_accounts_are_held_and_what_was_dropped_comes_again_the_same() {
        let state = state(7, 600);
        let first = format!("{:?}", state.content(&state.world.accounts[0]));
        for account in &state.world.accounts {
            state.content(account);
        }
        assert_eq!(state.contents.len(), 256);
        assert_eq!(format!("{:?}", state.content(&state.world.accounts[0])), first);
    }
}
