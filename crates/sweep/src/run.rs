//! The dispatcher: the one loop that faces the world. It starts accounts, takes finished ones, and stops.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use orgsweep_model::{Account, AccountId, Gap, Organization, Reason};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::account::{AccountRows, Visit};
use crate::filter::RosterKey;
use crate::plan::Plan;
use crate::source::{Source, SourceError};
use crate::totals::{AccountLine, Totals};

/// Accounts that may wait for another account's session to read what is the same everywhere. They are held in
/// memory, so the number is bounded; past it, an account's own answer counts.
const MOST_WAITING: usize = 16;

/// What happens while a scan runs, for the screen.
#[derive(Clone, Debug)]
pub enum Event {
    /// So many accounts are listed so far; `done` when that is all of them.
    Listed { accounts: usize, done: bool },
    /// An account is finished.
    Finished(AccountLine),
    /// Something worth a line.
    Warning(String),
}

/// Where finished accounts go.
pub trait Sink {
    /// Takes one account's rows.
    fn take(&mut self, rows: AccountRows) -> Result<(), String>;
}

/// Why a scan could not be done.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// The roster could not be read whole.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The choice of accounts names something that does not exist.
    #[error("the choice of accounts does not fit the organization:\n  {}", .0.join("\n  "))]
    Unmatched(Vec<String>),
    /// Nothing is left to scan.
    #[error(
        "no account to scan: {listed} listed, none of them chosen and active\n  Check --ou, --account, --tag and \
         their --exclude- forms; an audit of nothing is not a success."
    )]
    NothingToScan {
        /// Accounts on the roster.
        listed: usize,
    },
    /// The rows could not be kept.
    #[error("{0}")]
    Sink(String),
    /// Stopped by the caller.
    #[error("stopped; nothing was published")]
    Cancelled,
}

type Names = Shared<BoxFuture<'static, Arc<Result<BTreeMap<String, String>, Gap>>>>;

/// What an account's task gives back.
enum Finished {
    Rows(Box<AccountRows>),
    Waiting(Box<Visit>),
}

/// Scans every account of the source.
pub async fn run(
    source: Arc<dyn Source>,
    plan: Arc<Plan>,
    sink: &mut dyn Sink,
    cancel: CancellationToken,
    on_event: &mut dyn FnMut(Event),
) -> Result<(Totals, Organization), ScanError> {
    let organization = tokio::select! {
        () = cancel.cancelled() => return Err(ScanError::Cancelled),
        organization = source.organization() => Arc::new(organization?),
    };
    let names: Names = {
        let source = Arc::clone(&source);
        async move { Arc::new(source.unit_names().await) }.boxed().shared()
    };
    // Names are read beside the listing; what needs them waits for them.
    let reading_names = tokio::spawn(names.clone());

    let mut dispatcher = Dispatcher {
        source: Arc::clone(&source),
        plan: Arc::clone(&plan),
        organization: Arc::clone(&organization),
        names: names.clone(),
        tasks: JoinSet::new(),
        pending: VecDeque::new(),
        waiting: Vec::new(),
        in_flight: BTreeMap::new(),
        roster: Vec::new(),
        seen: HashSet::new(),
        chosen: 0,
        totals: Totals::default(),
    };
    let mut listing = source.accounts();
    let mut listed_all = false;

    loop {
        dispatcher.start();
        if listed_all && dispatcher.tasks.is_empty() && !dispatcher.release_waiting() {
            break;
        }
        tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(ScanError::Cancelled),
            Some(finished) = dispatcher.tasks.join_next_with_id(), if !dispatcher.tasks.is_empty() => {
                if let Some(rows) = dispatcher.finished(finished) {
                    dispatcher.totals.add(&rows);
                    if let Some(line) = dispatcher.totals.accounts.last() {
                        on_event(Event::Finished(line.clone()));
                    }
                    sink.take(rows).map_err(ScanError::Sink)?;
                }
            }
            listed = listing.recv(), if !listed_all => {
                let Some(account) = listed else {
                    listed_all = true;
                    dispatcher.check_roster(on_event)?;
                    on_event(Event::Listed { accounts: dispatcher.roster.len(), done: true });
                    continue;
                };
                let mut account = account?;
                if plan.filter.needs_paths() {
                    match &*names.clone().await {
                        Ok(known) => account.ou_path = path(&account, known),
                        Err(gap) => return Err(names_needed(gap).into()),
                    }
                }
                dispatcher.listed(account);
                on_event(Event::Listed { accounts: dispatcher.roster.len(), done: false });
            }
        }
    }
    if let Err(gap) = &*names.await {
        on_event(Event::Warning(format!("names of organizational units are unknown: {gap}")));
    }
    reading_names.abort();
    let totals = std::mem::take(&mut dispatcher.totals);
    Ok((totals, Organization::clone(&organization)))
}

struct Dispatcher {
    source: Arc<dyn Source>,
    plan: Arc<Plan>,
    organization: Arc<Organization>,
    names: Names,
    tasks: JoinSet<Finished>,
    pending: VecDeque<(Account, Option<Gap>)>,
    waiting: Vec<Visit>,
    /// Which account a task is about, so that a task that dies still has a name.
    in_flight: BTreeMap<tokio::task::Id, Account>,
    roster: Vec<RosterKey>,
    seen: HashSet<AccountId>,
    chosen: usize,
    totals: Totals,
}

impl Dispatcher {
    /// Takes an account from the listing. Organizations may repeat one while accounts come and go: once is enough.
    fn listed(&mut self, account: Account) {
        if !self.seen.insert(account.id) {
            return;
        }
        let refusal = self.plan.filter.refuses(&account).or_else(|| inactive(&account));
        self.chosen += usize::from(refusal.is_none());
        self.roster.push(RosterKey {
            id: account.id,
            ou_ids: account.ou_ids.clone(),
            ou_path: account.ou_path.clone(),
        });
        self.pending.push_back((account, refusal));
    }

    /// Once the roster is whole: names that match nothing, and a choice that leaves nothing.
    fn check_roster(&self, on_event: &mut dyn FnMut(Event)) -> Result<(), ScanError> {
        let (excluded, wanted): (Vec<_>, Vec<_>) = self
            .plan
            .filter
            .unmatched(&self.roster)
            .into_iter()
            .partition(|message| message.starts_with("--exclude"));
        for message in excluded {
            on_event(Event::Warning(message));
        }
        if !wanted.is_empty() {
            return Err(ScanError::Unmatched(wanted));
        }
        if self.chosen == 0 {
            return Err(ScanError::NothingToScan { listed: self.roster.len() });
        }
        Ok(())
    }

    /// Fills the free places.
    fn start(&mut self) {
        while self.tasks.len() < self.plan.concurrency {
            let Some((account, refusal)) = self.pending.pop_front() else {
                return;
            };
            let (source, plan) = (Arc::clone(&self.source), Arc::clone(&self.plan));
            let (organization, names) = (Arc::clone(&self.organization), self.names.clone());
            let about = account.clone();
            let may_wait = self.waiting.len() < MOST_WAITING;
            let handle = self.tasks.spawn(async move {
                let visit = match refusal {
                    Some(gap) => Visit::refused(account, gap, &plan),
                    None => Visit::collect(source, Arc::clone(&plan), account).await,
                };
                if may_wait && visit.awaits_shared_table(&plan) {
                    return Finished::Waiting(Box::new(visit));
                }
                finish(visit, &plan, &organization, names).await
            });
            self.in_flight.insert(handle.id(), about);
        }
    }

    /// Starts what waited for another session. False: nothing waited.
    fn release_waiting(&mut self) -> bool {
        if self.waiting.is_empty() {
            return false;
        }
        for mut visit in std::mem::take(&mut self.waiting) {
            let plan = Arc::clone(&self.plan);
            let (organization, names) = (Arc::clone(&self.organization), self.names.clone());
            let about = visit.account.clone();
            let handle = self.tasks.spawn(async move {
                visit.retry_shared(&plan).await;
                finish(visit, &plan, &organization, names).await
            });
            self.in_flight.insert(handle.id(), about);
        }
        true
    }

    /// Takes a task's end. A task that died is an account that was lost, not a scan that ends.
    fn finished(
        &mut self,
        finished: Result<(tokio::task::Id, Finished), tokio::task::JoinError>,
    ) -> Option<AccountRows> {
        match finished {
            Ok((id, finished)) => {
                self.in_flight.remove(&id);
                match finished {
                    Finished::Rows(rows) => Some(*rows),
                    Finished::Waiting(visit) => {
                        self.waiting.push(*visit);
                        None
                    }
                }
            }
            Err(error) => {
                let account = self.in_flight.remove(&error.id())?;
                let gap =
                    Gap::new(Reason::MalformedAnswer).because(&format!("the account's task failed: {error}"));
                Some(Visit::refused(account, gap, &self.plan).finish(&self.plan, &self.organization))
            }
        }
    }
}

async fn finish(mut visit: Visit, plan: &Plan, organization: &Organization, names: Names) -> Finished {
    if visit.account.ou_path.is_none()
        && let Ok(known) = &*names.await
    {
        visit.account.ou_path = path(&visit.account, known);
    }
    Finished::Rows(Box::new(visit.finish(plan, organization)))
}

fn inactive(account: &Account) -> Option<Gap> {
    (!account.state.is_scannable()).then(|| {
        let words = format!("the account is {} in the organization", account.state);
        Gap::new(Reason::AccountNotActive).because(&words)
    })
}

/// `/Root/Workloads/Prod`; `None` when a unit has no known name.
pub fn path(account: &Account, names: &BTreeMap<String, String>) -> Option<String> {
    if account.ou_ids.is_empty() {
        return None;
    }
    let mut path = String::new();
    for id in &account.ou_ids {
        path.push('/');
        path.push_str(names.get(id)?);
    }
    Some(path)
}

fn names_needed(gap: &Gap) -> SourceError {
    SourceError {
        doing: "reading the names of organizational units".to_owned(),
        problem: gap.to_string(),
        advice: "Name units by id (ou-…) instead of by path, or allow organizations:ListRoots and \
                 organizations:ListOrganizationalUnitsForParent."
            .to_owned(),
    }
}
