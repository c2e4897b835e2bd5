//! The `Source` of a scan: who the caller is, which accounts there are, and how to get into them.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use aws_types::sdk_config::SdkConfig;
use orgsweep_model::collector::Clock;
use orgsweep_model::{Account, AccountId, Gap, Organization, Session, Usage, async_trait};
use orgsweep_sweep::source::listing;
use orgsweep_sweep::{Listed, Opened, OrganizationAccess, Source, SourceError};
use tokio::sync::{OnceCell, mpsc};

use crate::access::Access;
use crate::caller::{Caller, identify};
use crate::chain::{self, sts_client};
use crate::connection::Connection;
use crate::ledger::Ledger;
use crate::managed::ManagedPolicies;
use crate::member::Member;
use crate::organization::{OrganizationReader, Roster, Tree, accounts};
use crate::reader::Reader;
use crate::session::{self, Assumer, LONGEST_CHAINED, SessionCredentials};

/// What a scan asks of its source.
pub struct SourceOptions {
    /// Where the accounts come from.
    pub roster: Roster,
    /// How accounts are entered.
    pub access: Access,
    /// Read the tags of accounts.
    pub with_tags: bool,
    /// Actions that collectors of the organization need: a discovery role's session is limited to them.
    pub organization_actions: Vec<&'static str>,
    /// The scan's time.
    pub clock: Clock,
}

/// Accounts and sessions of AWS.
pub struct AwsSource {
    connection: Connection,
    options: SourceOptions,
    access: Arc<Access>,
    caller: Caller,
    /// Who enters the accounts.
    assumer: Assumer,
    organizations: aws_sdk_organizations::Client,
    /// Whoever lists the organization reads it.
    discovery: SdkConfig,
    /// Seconds of a member session, as far as they are ours to ask for.
    session_duration: Option<u32>,
    tree: Arc<Tree>,
    described: Arc<OnceCell<(String, AccountId)>>,
    managed: Arc<ManagedPolicies>,
    usage: Arc<Usage>,
}

impl AwsSource {
    /// Identifies the caller; everything else is read on demand.
    pub async fn connect(connection: Connection, options: SourceOptions) -> Result<Self, SourceError> {
        let usage = Arc::new(Usage::default());
        let base = &connection.config;
        let caller = identify(&sts_client(base), &usage, &connection).await?;
        let access = Arc::new(options.access.clone());
        let chained_already = caller.arn.contains(":assumed-role/");
        // No role is assumed that the scan has no use for.
        let (enters, lists) = match options.roster {
            Roster::Organization => (true, true),
            Roster::Discovered(_) | Roster::File(_) => (true, false),
            Roster::CallerOnly => (false, false),
        };
        let assumer = if enters {
            chain::follow(base, &access, chained_already, &usage).await?
        } else {
            Assumer { sts: sts_client(base), session: None }
        };
        let discovery = if lists {
            chain::discovery(base, &access, &options.organization_actions, chained_already, &usage).await?
        } else {
            base.clone()
        };
        let managed = Arc::new(ManagedPolicies::new(callers_reader(base, &caller, &assumer, &usage)));
        let organizations = aws_sdk_organizations::Client::from_conf(
            aws_sdk_organizations::config::Builder::from(&discovery)
                .retry_partition(session::shared_retry_partition("orgsweep-organizations"))
                .interceptor(Ledger::new(&usage))
                .build(),
        );
        let chained = chained_already || !access.chain.is_empty();
        let session_duration = access
            .session_duration
            .map(|seconds| if chained { seconds.min(session::LONGEST_CHAINED) } else { seconds });
        Ok(Self {
            assumer,
            connection,
            options,
            access,
            caller,
            organizations,
            discovery,
            session_duration,
            tree: Arc::default(),
            described: Arc::default(),
            managed,
            usage,
        })
    }
}

/// The principal that enters the accounts also reads what is the same in all of them.
fn callers_reader(base: &SdkConfig, caller: &Caller, assumer: &Assumer, usage: &Arc<Usage>) -> Reader {
    let own_part = Arc::new(Usage::default());
    let retries = session::shared_retry_partition("orgsweep-shared-documents");
    Reader {
        account: caller.account,
        iam: session::iam_client(base, assumer.session.as_ref(), &retries, &[usage, &own_part]),
        usage: own_part,
        session: assumer.session.clone(),
    }
}

#[async_trait]
impl Source for AwsSource {
    async fn organization(&self) -> Result<Organization, SourceError> {
        let (id, management_account_id) = match &self.options.roster {
            Roster::Organization => {
                let described = || accounts::describe(&self.organizations);
                self.described.get_or_try_init(described).await?.clone()
            }
            Roster::Discovered(roster) => return Ok(roster.organization.clone()),
            Roster::File(_) | Roster::CallerOnly => (Organization::NONE.to_owned(), self.caller.account),
        };
        Ok(Organization { id, management_account_id, partition: self.caller.partition.clone() })
    }

    fn accounts(&self) -> mpsc::Receiver<Result<Listed, SourceError>> {
        match &self.options.roster {
            Roster::Organization => {
                let (sender, receiver) = mpsc::channel(64);
                let client = self.organizations.clone();
                let tree = Arc::clone(&self.tree);
                let with_tags = self.options.with_tags;
                let described = Arc::clone(&self.described);
                tokio::spawn(async move {
                    match described.get_or_try_init(|| accounts::describe(&client)).await {
                        Ok((_, management)) => {
                            accounts::list(client.clone(), tree, *management, with_tags, sender).await;
                        }
                        Err(error) => {
                            let _ = sender.send(Err(error)).await;
                        }
                    }
                });
                receiver
            }
            Roster::Discovered(roster) => listing(roster.accounts.clone()),
            Roster::File(accounts) => listing(accounts.clone()),
            Roster::CallerOnly => listing(vec![Account::new(self.caller.account)]),
        }
    }

    async fn unit_names(&self) -> Result<BTreeMap<String, String>, Gap> {
        match &self.options.roster {
            Roster::Organization => self.tree.names(&self.organizations).await,
            Roster::Discovered(roster) => Ok(roster.unit_names.clone()),
            Roster::File(_) | Roster::CallerOnly => Ok(BTreeMap::new()),
        }
    }

    async fn open(&self, account: &Account, usage: Arc<Usage>) -> Result<Opened, Gap> {
        self.enter(account, usage).await
    }

    fn needs_paths(&self) -> bool {
        self.access.needs_paths()
    }

    async fn organization_access(&self) -> OrganizationAccess {
        match &self.options.roster {
            Roster::Organization => OrganizationAccess::Session(Box::new(self.organization_session())),
            Roster::Discovered(roster) => OrganizationAccess::Snapshot(Arc::clone(roster)),
            Roster::File(_) | Roster::CallerOnly => OrganizationAccess::None,
        }
    }

    fn usage(&self) -> Arc<Usage> {
        Arc::clone(&self.usage)
    }
}

impl AwsSource {
    /// For collectors of the organization.
    fn organization_session(&self) -> Session {
        let reader = OrganizationReader {
            organizations: self.organizations.clone(),
            base: self.discovery.clone(),
            usage: Arc::clone(&self.usage),
        };
        // Described before the accounts are listed; otherwise the caller's account stands for it.
        let management = self.described.get().map_or(self.caller.account, |(_, account)| *account);
        let partition = self.caller.partition.clone();
        Session::new(Account::new(management), partition, self.options.clock, Arc::new(reader))
    }

    /// Who runs the scan.
    pub fn caller_arn(&self) -> &str {
        &self.caller.arn
    }

    async fn enter(&self, account: &Account, usage: Arc<Usage>) -> Result<Opened, Gap> {
        let session = if account.id == self.caller.account {
            None
        } else {
            let partition = &self.caller.partition;
            let (by, access) = (&self.assumer, &self.access);
            Some(session::enter(by, access, self.session_duration, partition, account, &usage).await?)
        };
        let role_arn =
            session.as_ref().map_or(self.caller.arn.as_str(), |session| session.role_arn()).to_owned();
        let notes = session.as_ref().and_then(|session| self.duration_note(session)).into_iter().collect();
        let retries = session::retry_partition(account.id);
        let client = |usages: &[&Arc<Usage>]| {
            session::iam_client(&self.connection.config, session.as_ref(), &retries, usages)
        };
        let own_part = Arc::new(Usage::default());
        let shared = Reader {
            account: account.id,
            iam: client(&[&self.usage, &own_part]),
            usage: own_part,
            session: session.clone(),
        };
        let member = Member {
            iam: client(&[&usage]),
            base: self.connection.config.clone(),
            account: account.id,
            usage,
            report_timeout: self.connection.pace.report_timeout,
            report_max_age: self.connection.pace.report_max_age,
            no_new_report: OnceLock::new(),
            session: session.clone(),
            managed: Arc::clone(&self.managed),
            shared,
        };
        let partition = self.caller.partition.clone();
        let session = Session::new(account.clone(), partition, self.options.clock, Arc::new(member));
        Ok(Opened { session, role_arn, notes })
    }

    /// Whether the requested session duration was reduced, and why.
    fn duration_note(&self, session: &SessionCredentials) -> Option<String> {
        let wanted = self.access.session_duration?;
        if session.was_shortened() {
            return Some(format!(
                "the role does not allow a session duration of {wanted} s: the AWS default is used and the session is renewed"
            ));
        }
        (self.session_duration != Some(wanted)).then(|| {
            format!(
                "a session duration of {wanted} s was requested: role chaining allows at most {LONGEST_CHAINED} s"
            )
        })
    }
}
