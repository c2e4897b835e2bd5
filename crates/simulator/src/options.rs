//! What kind of organization to make up, and how its AWS misbehaves.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;

/// One action that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// Where; `None`: everywhere.
    pub account: Option<String>,
    /// `iam:ListRoles`.
    pub action: String,
    /// By a service control policy, as AWS's message then says.
    pub by_scp: bool,
}

/// Settings of a simulator.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many accounts, the management account included.
    pub accounts: usize,
    /// Another number, another organization.
    pub seed: u64,
    /// The moment that dates follow.
    pub now: Timestamp,
    /// Wait before every answer.
    pub latency: Duration,
    /// Accounts that are suspended; `None`: one in sixty.
    pub suspended: Option<usize>,
    /// Accounts that refuse the audit role; `None`: one in thirty.
    pub refusing: Option<usize>,
    /// Accounts whose audit role may not read everything; `None`: one in sixty.
    pub broken: Option<usize>,
    /// What the audit roles' trust policies ask for.
    pub external_id: Option<String>,
    /// Sessions end after so many seconds, whatever was asked for.
    pub session_seconds: Option<u64>,
    /// Users in every account, instead of a made-up number.
    pub users: Option<usize>,
    /// Every account has identity providers, certificates and service credentials.
    pub with_everything: bool,
    /// Organizations leaves out `State`.
    pub without_state: bool,
    /// Organizations leaves out `Status`.
    pub without_status: bool,
    /// Organizations leaves out `Paths`.
    pub without_paths: bool,
    /// The n-th page of ListAccounts, counted from 1, is refused.
    pub refused_list_page: Option<usize>,
    /// Names of accounts, units and tags that try to break whoever prints or stores them.
    pub hostile_names: bool,
    /// Refused actions.
    pub denied: Vec<Denial>,
    /// `service:Action` → every n-th request is throttled.
    pub throttled: BTreeMap<String, u64>,
    /// Write down every request, one JSON line each.
    pub record: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            accounts: 60,
            seed: 7,
            now: Timestamp::now(),
            latency: Duration::ZERO,
            suspended: None,
            refusing: None,
            broken: None,
            external_id: None,
            session_seconds: None,
            users: None,
            with_everything: false,
            without_state: false,
            without_status: false,
            without_paths: false,
            refused_list_page: None,
            hostile_names: false,
            denied: Vec::new(),
            throttled: BTreeMap::new(),
            record: None,
        }
    }
}
