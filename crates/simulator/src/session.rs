//! Who a request comes from: the hub user, or a role session that AssumeRole made.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use crate::random::Random;

/// The hub user's key. It opens nothing but a simulator.
pub const HUB_KEY_ID: &str = "AKIAORGSWEEPDEMOHUB0";
/// Its secret.
pub const HUB_SECRET: &str = "orgsweep/demo+secret/that/opens/nothing0";
/// The hub user's name in the management account.
pub const HUB_USER: &str = "orgsweep-hub";

/// Where a request comes from.
#[derive(Clone, Debug)]
pub struct Identity {
    pub account: String,
    pub arn: String,
    pub user_id: String,
    /// The role's path and name; `None`: the hub user.
    pub role: Option<String>,
    /// The session policy, as given.
    pub session_policy: Option<String>,
    pub secret: String,
    pub token: Option<String>,
    pub expires: Option<SystemTime>,
}

/// Credentials that AssumeRole hands out.
pub struct Issued {
    pub key_id: String,
    pub secret: String,
    pub token: String,
    pub expires: SystemTime,
}

/// All sessions of a simulator.
pub struct Sessions {
    seed: u64,
    open: Mutex<HashMap<String, Identity>>,
    /// How many sessions each account has given out.
    issued: Mutex<HashMap<String, u64>>,
}

impl Sessions {
    /// None yet.
    pub fn new(seed: u64) -> Self {
        Self { seed, open: Mutex::default(), issued: Mutex::default() }
    }

    /// Who a key belongs to.
    pub fn find(&self, key_id: &str) -> Option<Identity> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).get(key_id).cloned()
    }

    /// The session policy of every role session so far, by account.
    pub fn policies(&self) -> Vec<(String, Option<String>)> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.values()
            .filter(|identity| identity.role.is_some())
            .map(|identity| (identity.account.clone(), identity.session_policy.clone()))
            .collect()
    }

    /// Lets the hub user in.
    pub fn add_hub(&self, account: &str) {
        let identity = Identity {
            account: account.to_owned(),
            arn: format!("arn:aws:iam::{account}:user/{HUB_USER}"),
            user_id: "AIDAORGSWEEPDEMOHUB0".to_owned(),
            role: None,
            session_policy: None,
            secret: HUB_SECRET.to_owned(),
            token: None,
            expires: None,
        };
        self.open.lock().unwrap_or_else(PoisonError::into_inner).insert(HUB_KEY_ID.to_owned(), identity);
    }

    /// Opens a session with fresh credentials. They follow from the seed, the account and how many it gave out before,
    /// so that requests signed for one simulator hold in another: the bench replays a recording (`record.rs`).
    pub fn issue(&self, mut identity: Identity, seconds: u64) -> Issued {
        let number = {
            let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
            let number = issued.entry(identity.account.clone()).or_default();
            *number += 1;
            *number
        };
        let mut random = Random::new(self.seed, &format!("session {} {number}", identity.account));
        let key_id = format!("ASIA{}", random.word(16).to_ascii_uppercase());
        let expires = SystemTime::now() + Duration::from_secs(seconds);
        identity.secret = random.word(40);
        let token = random.word(120);
        identity.token = Some(token.clone());
        identity.expires = Some(expires);
        let issued = Issued { key_id: key_id.clone(), secret: identity.secret.clone(), token, expires };
        self.open.lock().unwrap_or_else(PoisonError::into_inner).insert(key_id, identity);
        issued
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_simulators_of_one_seed_give_out_the_same_credentials_and_never_the_same_twice() {
        let (first, second) = (Sessions::new(7), Sessions::new(7));
        first.add_hub("111122223333");
        let caller = first.find(HUB_KEY_ID).unwrap();
        let issue = |sessions: &Sessions| sessions.issue(caller.clone(), 900);
        let (one, two) = (issue(&first), issue(&first));
        assert_ne!(one.key_id, two.key_id);
        assert_ne!(one.secret, two.secret);
        assert_eq!((one.key_id, one.secret, one.token), {
            let again = issue(&second);
            (again.key_id, again.secret, again.token)
        });
        assert_ne!(issue(&Sessions::new(8)).key_id, two.key_id);
    }
}
