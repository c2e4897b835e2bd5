//! Where accounts and sessions come from. `aws` implements it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use orgsweep_model::organization::OrganizationSnapshot;
use orgsweep_model::{Account, Gap, Organization, Session, Usage, async_trait};
use tokio::sync::mpsc;

/// Why there is no roster. One message: what was tried, what went wrong, what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct SourceError {
    /// What was being done, such as `listing the accounts of the organization`.
    pub doing: String,
    /// What happened, in AWS's words where it has some.
    pub problem: String,
    /// The way out.
    pub advice: String,
}

impl fmt::Display for SourceError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} failed: {}", self.doing, self.problem)?;
        if !self.advice.is_empty() {
            write!(formatter, "\n  {}", self.advice)?;
        }
        Ok(())
    }
}

impl SourceError {
    /// A listing that ended without its last word.
    pub fn broken_off() -> Self {
        Self {
            doing: "listing the accounts".to_owned(),
            problem: "the list ended early".to_owned(),
            advice:
                "Please report this as a bug: scanning an incomplete list would not cover the organization."
                    .to_owned(),
        }
    }

    /// A unit is named by its path, and the names could not be read.
    pub fn names_needed(gap: &Gap) -> Self {
        Self {
            doing: "reading the names of organizational units".to_owned(),
            problem: gap.to_string(),
            advice: "Name OUs by ID (ou-…) instead of by path, or allow organizations:ListRoots and \
                     organizations:ListOrganizationalUnitsForParent."
                .to_owned(),
        }
    }
}

/// What a listing sends.
#[derive(Clone, Debug)]
pub enum Listed {
    /// One account.
    Account(Box<Account>),
    /// That was the last one. A listing that ends without this word broke off, and is no roster.
    Whole,
}

/// A listing of accounts that are known already.
pub fn listing(accounts: Vec<Account>) -> mpsc::Receiver<Result<Listed, SourceError>> {
    let (sender, receiver) = mpsc::channel(64);
    tokio::spawn(async move {
        let accounts = accounts.into_iter().map(|account| Listed::Account(Box::new(account)));
        for listed in accounts.chain([Listed::Whole]) {
            // A receiver that has gone away has stopped caring.
            if sender.send(Ok(listed)).await.is_err() {
                return;
            }
        }
    });
    receiver
}

/// An account that was entered.
#[derive(Clone)]
pub struct Opened {
    /// For the collectors.
    pub session: Session,
    /// The role assumed; the caller's own ARN where the caller was there already, without a role and so without a
    /// session policy.
    pub role_arn: String,
    /// What is worth knowing about how the account was entered.
    pub notes: Vec<String>,
}

/// How the organization is read.
pub enum OrganizationAccess {
    /// With this session.
    Session(Box<Session>),
    /// It was read before: by `discover`, for the shards of a scan.
    Snapshot(Arc<OrganizationSnapshot>),
    /// There is none to read: the accounts come from a file, or the caller's own is the only one.
    None,
}

/// A source of accounts and sessions.
#[async_trait]
pub trait Source: Send + Sync + 'static {
    /// The organization, or the stand-in for one.
    async fn organization(&self) -> Result<Organization, SourceError>;

    /// Starts listing. Accounts arrive while later pages are still being read; [`Listed::Whole`] is the last word. An
    /// error means that the listing failed as a whole, whatever came before it.
    fn accounts(&self) -> mpsc::Receiver<Result<Listed, SourceError>>;

    /// The names of the organizational units and roots, by id. A gap leaves paths unknown, no more.
    async fn unit_names(&self) -> Result<BTreeMap<String, String>, Gap>;

    /// Enters an account. Calls made for it are counted in `usage`.
    async fn open(&self, account: &Account, usage: Arc<Usage>) -> Result<Opened, Gap>;

    /// Whether an account's path must be known before it is entered.
    fn needs_paths(&self) -> bool {
        false
    }

    /// How collectors of the organization's grain get at it; no call is made for that.
    async fn organization_access(&self) -> OrganizationAccess {
        OrganizationAccess::None
    }

    /// What was asked of AWS for no account in particular.
    fn usage(&self) -> Arc<Usage>;
}
