//! Whose keys are known: those of the hub user, and of the role sessions that AssumeRole made.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use crate::identity::{Identity, Permissions};
use crate::random::Random;

/// The hub user's key. It opens nothing but a simulator.
pub const HUB_KEY_ID: &str = "AKIAORGSWEEPDEMOHUB0";
/// Its secret.
pub const HUB_SECRET: &str = "orgsweep/demo+secret/that/opens/nothing0";

/// A role session, as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionInfo {
    /// Of the role.
    pub account: String,
    /// The role's path and name, without the first slash.
    pub role: String,
    /// ARN of who asked.
    pub caller: String,
    /// RoleSessionName.
    pub session_name: String,
    /// SourceIdentity: given, or kept from the session before.
    pub source_identity: Option<String>,
    /// Tags, as given.
    pub tags: Vec<(String, String)>,
    /// DurationSeconds, as given or AWS's default.
    pub duration_seconds: u64,
    /// ExternalId.
    pub external_id: Option<String>,
    /// Policy.
    pub session_policy: Option<String>,
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
    open: Mutex<HashMap<String, Arc<Identity>>>,
    made: Mutex<Vec<SessionInfo>>,
    /// How many sessions each account has given out.
    issued: Mutex<HashMap<String, u64>>,
}

impl Sessions {
    /// None yet.
    pub fn new(seed: u64) -> Self {
        Self { seed, open: Mutex::default(), made: Mutex::default(), issued: Mutex::default() }
    }

    /// Who a key belongs to.
    pub fn find(&self, key_id: &str) -> Option<Arc<Identity>> {
        self.open().get(key_id).cloned()
    }

    /// Every role session so far, in the order in which they were made.
    pub fn made(&self) -> Vec<SessionInfo> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets the hub user in.
    pub fn add_hub(&self, account: &str, arn: String, permissions: Permissions) {
        let identity = Identity {
            account: account.to_owned(),
            principal_arn: arn.clone(),
            arn,
            user_id: "AIDAORGSWEEPDEMOHUB0".to_owned(),
            is_role_session: false,
            permissions,
            source_identity: None,
            secret: HUB_SECRET.to_owned(),
            token: None,
            expires: None,
        };
        self.open().insert(HUB_KEY_ID.to_owned(), Arc::new(identity));
    }

    /// Opens a session with fresh credentials. They follow from the seed, the account and how many it gave out before,
    /// so that requests signed for one simulator hold in another: the bench replays a recording (`record.rs`).
    pub fn issue(&self, mut identity: Identity, info: SessionInfo, seconds: u64) -> Issued {
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
        self.open().insert(key_id, Arc::new(identity));
        self.made.lock().unwrap_or_else(PoisonError::into_inner).push(info);
        issued
    }

    fn open(&self) -> MutexGuard<'_, HashMap<String, Arc<Identity>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
