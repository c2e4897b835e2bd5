//! Who a request comes from: the hub user, or a role session that AssumeRole made.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

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
#[derive(Default)]
pub struct Sessions {
    open: Mutex<HashMap<String, Identity>>,
}

impl Sessions {
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

    /// Opens a session with fresh credentials.
    pub fn issue(&self, mut identity: Identity, seconds: u64) -> Issued {
        let key_id = format!("ASIA{}", word(16).to_ascii_uppercase());
        let expires = SystemTime::now() + Duration::from_secs(seconds);
        identity.secret = word(40);
        let token = word(120);
        identity.token = Some(token.clone());
        identity.expires = Some(expires);
        let issued = Issued { key_id: key_id.clone(), secret: identity.secret.clone(), token, expires };
        self.open.lock().unwrap_or_else(PoisonError::into_inner).insert(key_id, identity);
        issued
    }
}

/// Unpredictable letters and digits. Credentials are no facts: they need not follow the seed.
fn word(length: usize) -> String {
    const DIGITS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let mut number = RandomState::new().build_hasher().finish();
        for _ in 0..10 {
            if text.len() < length {
                text.push(char::from(DIGITS[(number % 36) as usize]));
                number /= 36;
            }
        }
    }
    text
}
