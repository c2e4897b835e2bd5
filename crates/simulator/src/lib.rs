//! A made-up organization that speaks AWS's own wire protocols on loopback.
//!
//! STS and IAM as awsQuery and XML, Organizations as AWS JSON 1.1, on one port. Requests must be signed with a key
//! that the simulator gave out; trust policies, external ids, session policies and the roles' own permissions are
//! enforced; pages are as small, and as empty, as AWS's. Everything that is a fact follows from the seed and from
//! `now`, never from the clock or from the order of requests.
//!
//! It shares no code with the scanner: a shared mistake would test itself.

mod account;
mod authorize;
mod generate;
mod iam;
mod iam_details;
mod managed;
mod options;
mod organizations;
mod random;
mod record;
mod report;
mod server;
mod session;
mod signature;
mod sts;
mod wire;
mod world;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

pub use options::{Denial, Options};
pub use world::{Planted, PlantedKind};

use crate::server::Server;

/// The audit role of every account that has one, with its path.
pub const ROLE_NAME: &str = "orgsweep/OrgsweepAudit";

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

/// A running simulator. Stops when dropped.
pub struct Running {
    server: Arc<Server>,
    address: SocketAddr,
    task: tokio::task::JoinHandle<()>,
}

/// Starts serving on 127.0.0.1; port 0 takes a free one.
pub async fn start(options: Options, port: u16) -> std::io::Result<Running> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    let address = listener.local_addr()?;
    let record = options.record.as_deref().map(record::Record::create).transpose()?;
    let server = Arc::new(Server::new(options, record));
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
        self.server.world.management().id.clone()
    }

    /// What was made to go wrong, by account.
    pub fn planted(&self) -> &[Planted] {
        &self.server.world.planted
    }

    /// All accounts.
    pub fn accounts(&self) -> Vec<AccountInfo> {
        let info = |account: &world::Account| AccountInfo {
            id: account.id.clone(),
            name: account.name.clone(),
            state: account.state,
        };
        self.server.world.accounts.iter().map(info).collect()
    }

    /// Account and session policy of every role session so far.
    pub fn session_policies(&self) -> Vec<(String, Option<String>)> {
        self.server.sessions.policies()
    }

    /// Requests so far, by account and `service:Action`; retries count.
    pub fn calls(&self) -> BTreeMap<(String, String), u64> {
        self.server.calls()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}
