//! A made-up organization that speaks AWS's own wire protocols on loopback.
//!
//! STS and IAM as awsQuery and XML, Organizations as AWS JSON 1.1, on one port. Requests must be signed with a key
//! that the simulator gave out; trust policies, external ids, session policies and the roles' own permissions are
//! enforced; pages are as small, and as empty, as AWS's. Everything that is a fact follows from the seed and from
//! `now`, never from the clock or from the order of requests.
//!
//! It shares no code with the scanner: a shared mistake would test itself.

mod account;
mod account_management;
mod api;
mod authorize;
mod cache;
mod call;
mod faults;
mod generate;
mod guardrails;
mod iam;
mod identity;
mod managed;
mod names;
mod options;
mod organizations;
mod outgoing;
mod parameters;
mod policy;
mod random;
mod rates;
mod record;
mod server;
mod session;
mod signature;
mod state;
mod sts;
mod wire;
mod world;
mod xml;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

pub use faults::script::{Fault, FaultKind, parse_faults};
pub use names::ROLE_NAME;
pub use options::{Denial, GivenRole, Options};
pub use session::SessionInfo;
pub use world::{Planted, PlantedKind};

use crate::account::{Account, AccountState};
use crate::server::Server;

/// One account, as a test wants to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountInfo {
    /// Twelve digits.
    pub id: String,
    /// Its name.
    pub name: String,
    /// As Organizations says it.
    pub state: &'static str,
}

/// What people wrote in an account, as IAM tells it: whoever hands it on may not change a byte.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountTexts {
    /// Of users and roles: ARN, key, value.
    pub tags: BTreeSet<(String, String, String)>,
    /// Trust policies, by the role's ARN.
    pub trusts: BTreeMap<String, String>,
    /// Inline policies, by the ARN of whose it is and its name.
    pub inline: BTreeMap<(String, String), String>,
    /// Customer policies in force, by ARN.
    pub policies: BTreeMap<String, String>,
}

/// A running simulator. Stops when dropped.
pub struct Running {
    server: Arc<Server>,
    address: SocketAddr,
    task: tokio::task::JoinHandle<()>,
}

/// Starts serving on 127.0.0.1; port 0 takes a free one. Options that could never come true are invalid input.
pub async fn start(options: Options, port: u16) -> std::io::Result<Running> {
    let invalid = |message: String| std::io::Error::new(std::io::ErrorKind::InvalidInput, message);
    options.check().map_err(invalid)?;
    let record = options.record.as_deref().map(record::Record::create).transpose()?;
    let server = Arc::new(Server::new(options, record));
    server.faults.check(&server.state.world).map_err(invalid)?;
    for role in &server.state.world.options.given_roles {
        if server.state.world.account(&role.account).is_none() {
            return Err(invalid(format!("given role {}: there is no account {}", role.name, role.account)));
        }
    }
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    let address = listener.local_addr()?;
    let task = tokio::spawn(server::serve(Arc::clone(&server), listener));
    Ok(Running { server, address, task })
}

impl Running {
    /// For `AWS_ENDPOINT_URL`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Of the hub user in the management account.
    pub fn access_key_id(&self) -> &'static str {
        session::HUB_KEY_ID
    }

    /// Of the hub user in the management account. It opens nothing but this process.
    pub fn secret_access_key(&self) -> &'static str {
        session::HUB_SECRET
    }

    /// The management account.
    pub fn management_account_id(&self) -> String {
        self.server.state.world.management().id.clone()
    }

    /// The organization's id.
    pub fn organization_id(&self) -> &str {
        &self.server.state.world.organization_id
    }

    /// What was made to go wrong, by account.
    pub fn planted(&self) -> &[Planted] {
        &self.server.state.world.planted
    }

    /// All accounts.
    pub fn accounts(&self) -> Vec<AccountInfo> {
        let info = |account: &Account| AccountInfo {
            id: account.id.clone(),
            name: account.name.clone(),
            state: account.state,
        };
        self.server.state.world.accounts.iter().map(info).collect()
    }

    /// Names of units, the root among them, by id.
    pub fn unit_names(&self) -> BTreeMap<String, String> {
        self.server.state.world.units.iter().map(|unit| (unit.id.clone(), unit.name.clone())).collect()
    }

    /// Service and resource control policies: name and document by id.
    pub fn organization_policies(&self) -> BTreeMap<String, (String, String)> {
        let policies = self.server.state.world.guardrails.iter();
        policies.map(|policy| (policy.id.clone(), (policy.name.clone(), policy.document.clone()))).collect()
    }

    /// What people wrote in an account; nothing in one that does not exist.
    pub fn texts(&self, account_id: &str) -> AccountTexts {
        let state = &self.server.state;
        let account = state.world.account(account_id);
        account.map_or_else(AccountTexts::default, |account| texts(account, &state.content(account)))
    }

    /// The role between the hub user and the audit roles: `Some` with `Options.chain`.
    pub fn hub_role_arn(&self) -> Option<String> {
        self.server.state.world.hub_role_arn()
    }

    /// Every role session so far, in the order in which they were made.
    pub fn sessions(&self) -> Vec<SessionInfo> {
        self.server.state.sessions.made()
    }

    /// Account and session policy of every role session so far.
    pub fn session_policies(&self) -> Vec<(String, Option<String>)> {
        self.sessions().into_iter().map(|session| (session.account, session.session_policy)).collect()
    }

    /// How often each fault of the script has struck, in its order.
    pub fn faults_struck(&self) -> Vec<u64> {
        self.server.faults.struck()
    }

    /// Requests so far, by account and `service:Action`; retries count.
    pub fn calls(&self) -> BTreeMap<(String, String), u64> {
        self.server.calls()
    }
}

fn texts(account: &Account, content: &AccountState) -> AccountTexts {
    let users = content.users.iter().map(|user| (user.arn(account), &user.tags[..], &user.inline));
    let roles = content.roles.iter().map(|role| (role.arn(account), &role.tags[..], &role.inline));
    let groups =
        content.groups.iter().map(|group| (account.arn("group", &group.name), &[][..], &group.inline));
    let mut texts = AccountTexts::default();
    for (arn, tags, inline) in users.chain(roles).chain(groups) {
        for (key, value) in tags {
            texts.tags.insert((arn.clone(), key.clone(), value.clone()));
        }
        for policy in inline {
            texts.inline.insert((arn.clone(), policy.name.clone()), policy.document.clone());
        }
    }
    texts.trusts = content.roles.iter().map(|role| (role.arn(account), role.trust.clone())).collect();
    texts.policies = content
        .policies
        .iter()
        .filter_map(|policy| Some((account.arn("policy", &policy.name), policy.versions.last()?.clone())))
        .collect();
    texts
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}
