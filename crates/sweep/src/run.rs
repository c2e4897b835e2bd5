//! The dispatcher: the one loop that faces the world. It starts accounts, takes finished ones, and stops.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use orgsweep_model::{Account, AccountId, AccountState, Gap, Organization, Reason, Usage};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::account::{AccountRows, Visit};
use crate::ending::{Early, Ended, Stop, Unfinished};
use crate::filter::{RosterKey, inactive, path};
use crate::plan::{Plan, Unmatched};
use crate::source::{Listed, Source, SourceError};
use crate::totals::{AccountLine, AccountTally, Totals};

/// Accounts that may wait for another account's session to read what is the same everywhere. They are held in
/// memory, so the number is bounded; past it, an account's own answer counts.
const MOST_WAITING: usize = 64;
/// What is lost where units cannot be read: the paths of all accounts.
const UNIT_NAMES: &str = "names of organizational units";
/// Collected accounts that may wait for the names of their units beside those in flight.
const MOST_PARKED: usize = 256;

/// What happens while a scan runs, for the screen.
#[derive(Clone, Debug)]
pub enum Event {
    /// So many accounts are listed so far, and so many of them are to be scanned: neither left out nor finished before;
    /// `done` when that is all of them.
    Listed { accounts: usize, to_scan: usize, done: bool },
    /// An account is finished; whether it was one of those to be scanned.
    Finished { line: AccountLine, was_to_scan: bool },
    /// An account that was to be scanned could not be entered, and keeps what an earlier scan has.
    Kept(AccountId),
    /// Something worth a line; the name is for programs and never changes its meaning.
    Warning { name: &'static str, message: String },
    /// No further account is begun; so many are still in flight.
    Stopping(usize),
}

/// Where finished accounts go.
pub trait Sink {
    /// An account's rows, as this sink wants them.
    type Packed: Send + 'static;

    /// What turns rows into that: it works where the rows were made, for several accounts side by side.
    fn packer(&self) -> Packer<Self::Packed>;

    /// Takes one account, and what it adds to the sums.
    fn take(&mut self, packed: Self::Packed, tally: &AccountTally) -> Result<(), String>;
}

/// Turns an account's rows into what a sink takes.
pub type Packer<P> = Arc<dyn Fn(AccountRows) -> Result<P, String> + Send + Sync>;

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
    /// The deadline came before any account could be entered.
    #[error("the deadline came; nothing was published")]
    Deadline,
    /// Stopped by the caller, at once.
    #[error("stopped; nothing was published")]
    Cancelled,
}

type Names = Shared<BoxFuture<'static, Arc<Result<BTreeMap<String, String>, Gap>>>>;

/// What an account's task gives back.
enum Finished<P> {
    /// Rows, and whether a table that is the same in every account was read.
    Rows(Box<Rows<P>>, bool),
    Waiting(Box<Visit>),
    /// Could not be entered again: its rows of an earlier scan stay.
    Kept(AccountId),
}

/// A finished account.
struct Rows<P> {
    packed: Result<P, String>,
    tally: AccountTally,
}

/// What the end of a task means for the run.
enum TaskEnd<P> {
    /// Rows, and whether the account was to be scanned.
    Rows(Box<Rows<P>>, bool),
    /// See [`Event::Kept`].
    Kept(AccountId),
    /// The account goes on later.
    Nothing,
}

impl<P> Rows<P> {
    fn pack(rows: AccountRows, packer: &Packer<P>) -> Self {
        let tally = AccountTally::of(&rows);
        Self { packed: packer(rows), tally }
    }
}

/// Scans every account of the source.
pub async fn run<S: Sink>(
    source: Arc<dyn Source>,
    plan: Arc<Plan>,
    sink: &mut S,
    stop: Stop,
    on_event: &mut dyn FnMut(Event),
) -> Result<Ended, ScanError> {
    let organization = tokio::select! {
        () = stop.now.cancelled() => return Err(ScanError::Cancelled),
        () = stop.gently.cancelled() => return Err(ScanError::Cancelled),
        () = moment(stop.deadline) => return Err(ScanError::Deadline),
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
        packer: sink.packer(),
        organization: Arc::clone(&organization),
        names: names.clone(),
        tasks: JoinSet::new(),
        pending: VecDeque::new(),
        waiting: Vec::new(),
        retrying: HashSet::new(),
        parked: Arc::default(),
        in_flight: BTreeMap::new(),
        taken: BTreeMap::new(),
        unstated: 0,
        roster: Vec::new(),
        seen: HashSet::new(),
        chosen: 0,
        to_scan: 0,
        totals: Totals::default(),
    };
    let needs_paths = plan.needs_paths() || source.needs_paths();
    let mut listing = source.accounts();
    let mut listed_all = false;
    // Once set: why, and when what is still in flight is dropped.
    let mut stopping: Option<(Early, Instant)> = None;

    loop {
        if stopping.is_none() && (listed_all || !plan.waits_for_roster()) {
            dispatcher.start();
        }
        if listed_all
            && dispatcher.tasks.is_empty()
            && (stopping.is_some() || !dispatcher.release_waiting(true))
        {
            break;
        }
        // Only now: what waited may just have been started.
        let idle = dispatcher.tasks.is_empty();
        let drop_at = stopping.map(|(_, moment)| moment);
        tokio::select! {
            biased;
            () = stop.now.cancelled() => return Err(ScanError::Cancelled),
            () = moment(drop_at), if drop_at.is_some() => break,
            () = stop.gently.cancelled(), if stopping.is_none() => {
                stopping = Some((Early::Interrupted, Instant::now() + stop.grace));
                on_event(Event::Stopping(dispatcher.in_flight.len()));
            }
            () = moment(stop.deadline), if stopping.is_none() && stop.deadline.is_some() => {
                stopping = Some((Early::Deadline, Instant::now() + stop.grace));
                on_event(Event::Stopping(dispatcher.in_flight.len()));
            }
            Some(finished) = dispatcher.tasks.join_next_with_id(), if !idle => {
                match dispatcher.finished(finished) {
                    TaskEnd::Rows(rows, was_to_scan) => {
                        let Rows { packed, tally } = *rows;
                        on_event(Event::Finished { line: tally.line.clone(), was_to_scan });
                        packed.and_then(|packed| sink.take(packed, &tally)).map_err(ScanError::Sink)?;
                        dispatcher.totals.add(tally);
                    }
                    TaskEnd::Kept(account) => on_event(Event::Kept(account)),
                    TaskEnd::Nothing => {}
                }
            }
            listed = listing.recv(), if !listed_all => {
                let mut account = match listed.ok_or_else(SourceError::broken_off)?? {
                    Listed::Whole => {
                        listed_all = true;
                        dispatcher.check_roster(on_event)?;
                        on_event(dispatcher.listed_so_far(true));
                        continue;
                    }
                    Listed::Account(account) => *account,
                };
                if needs_paths && account.ou_path.is_none() {
                    let known = tokio::select! {
                        () = stop.now.cancelled() => return Err(ScanError::Cancelled),
                        () = stop.gently.cancelled() => return Err(ScanError::Cancelled),
                        () = moment(stop.deadline) => return Err(ScanError::Deadline),
                        known = names.clone() => known,
                    };
                    match &*known {
                        Ok(known) => account.ou_path = path(&account, known),
                        Err(gap) => return Err(SourceError::names_needed(gap).into()),
                    }
                }
                dispatcher.listed(account);
                on_event(dispatcher.listed_so_far(false));
            }
            // A task that waits for names has given its place up.
            () = dispatcher.parked.changed.notified() => {}
        }
    }
    // A run that was stopped does not wait for names.
    let known = if stopping.is_some() { names.now_or_never() } else { Some(names.await) };
    if let Some(Err(gap)) = known.as_deref() {
        let message = format!("names of organizational units are unknown: {gap}");
        on_event(Event::Warning { name: "unit_names_unknown", message });
        dispatcher.totals.organization_gaps.push(format!("{UNIT_NAMES}: {gap}"));
    }
    reading_names.abort();
    let unfinished = dispatcher.unfinished(known.as_deref().and_then(|names| names.as_ref().ok()));
    Ok(Ended {
        early: stopping.map(|(why, _)| why).filter(|_| !unfinished.is_empty() || !listed_all),
        roster_is_whole: listed_all,
        unfinished,
        taken: std::mem::take(&mut dispatcher.taken),
        totals: std::mem::take(&mut dispatcher.totals),
        organization: Organization::clone(&organization),
    })
}

/// Waits until a moment; for ever where there is none.
async fn moment(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// Tasks that only wait for names.
#[derive(Default)]
struct Parked {
    count: AtomicUsize,
    changed: Notify,
}

struct Dispatcher<P> {
    source: Arc<dyn Source>,
    plan: Arc<Plan>,
    packer: Packer<P>,
    organization: Arc<Organization>,
    names: Names,
    tasks: JoinSet<Finished<P>>,
    pending: VecDeque<Unfinished>,
    waiting: Vec<Visit>,
    /// Those of them that try once more.
    retrying: HashSet<tokio::task::Id>,
    /// Collected accounts that wait for the names of their units.
    parked: Arc<Parked>,
    /// Accounts to be taken over from an earlier scan.
    taken: BTreeMap<AccountId, Option<Arc<Usage>>>,
    /// Accounts about whose state Organizations says nothing.
    unstated: usize,
    /// Which account a task is about, so that a task that dies still has a name.
    in_flight: BTreeMap<tokio::task::Id, Unfinished>,
    /// Until it is whole and looked at.
    roster: Vec<RosterKey>,
    seen: HashSet<AccountId>,
    chosen: usize,
    /// Chosen accounts that no earlier attempt has.
    to_scan: usize,
    totals: Totals,
}

impl<P: Send + 'static> Dispatcher<P> {
    /// Takes an account from the listing. Organizations may repeat one while accounts come and go: once is enough.
    fn listed(&mut self, account: Account) {
        if !self.seen.insert(account.id) {
            return;
        }
        let refusal = self.plan.filter.refuses(&account).or_else(|| inactive(&account));
        self.chosen += usize::from(refusal.is_none());
        self.unstated += usize::from(account.state == AccountState::Unstated);
        self.roster.push(RosterKey::of(&account));
        if self.plan.done.contains(&account.id) {
            return;
        }
        if refusal.is_none() && self.plan.taken.contains(&account.id) {
            self.taken.insert(account.id, None);
        } else {
            self.to_scan += usize::from(refusal.is_none());
            self.pending.push_back(Unfinished { account, refusal, usage: None });
        }
    }

    fn listed_so_far(&self, done: bool) -> Event {
        Event::Listed { accounts: self.seen.len(), to_scan: self.to_scan, done }
    }

    /// Once the roster is whole: names that match nothing, and a choice that leaves nothing.
    fn check_roster(&mut self, on_event: &mut dyn FnMut(Event)) -> Result<(), ScanError> {
        let roster = std::mem::take(&mut self.roster);
        if self.unstated > 0 && self.organization.id != Organization::NONE {
            let message = format!(
                "Organizations does not say whether {} of the accounts are active; they are scanned",
                self.unstated
            );
            on_event(Event::Warning { name: "account_states_unknown", message });
        }
        if self.plan.is_a_shard {
            // What matches nothing here may match in another shard.
            return Ok(());
        }
        let Unmatched { excluded, wanted } = self.plan.unmatched(&roster);
        for message in excluded {
            on_event(Event::Warning { name: "filter_matches_nothing", message });
        }
        if !wanted.is_empty() {
            return Err(ScanError::Unmatched(wanted));
        }
        if self.chosen == 0 {
            return Err(ScanError::NothingToScan { listed: roster.len() });
        }
        Ok(())
    }

    /// Fills the free places.
    fn start(&mut self) {
        // What waits for names holds no place, but memory.
        let parked = self.parked.count.load(Ordering::Relaxed).min(MOST_PARKED);
        while self.tasks.len() < self.plan.concurrency + parked {
            let Some(mut next) = self.pending.pop_front() else {
                return;
            };
            let (source, plan) = (Arc::clone(&self.source), Arc::clone(&self.plan));
            let (organization, names) = (Arc::clone(&self.organization), self.names.clone());
            let (parked, packer) = (Arc::clone(&self.parked), Arc::clone(&self.packer));
            let usage = Arc::clone(next.usage.get_or_insert_default());
            let about = next.clone();
            let Unfinished { account, refusal, .. } = next;
            let may_wait = self.waiting.len() + self.retrying.len() < MOST_WAITING;
            let handle = self.tasks.spawn(async move {
                let visit = match refusal {
                    Some(gap) => Visit::refused(account, gap, &plan),
                    None => Visit::collect(source, Arc::clone(&plan), account, usage).await,
                };
                if visit.keeps_what_it_had() {
                    return Finished::Kept(visit.account.id);
                }
                if may_wait && visit.awaits_shared_table(&plan) {
                    return Finished::Waiting(Box::new(visit));
                }
                finish(visit, &plan, &organization, names, &parked, &packer).await
            });
            self.in_flight.insert(handle.id(), about);
        }
    }

    /// Starts what waited for another session. What is refused to it still waits on, unless this is the last time: who can
    /// read it may come later, and the order may not matter. False: nothing waited.
    fn release_waiting(&mut self, is_last: bool) -> bool {
        if self.waiting.is_empty() {
            return false;
        }
        for mut visit in std::mem::take(&mut self.waiting) {
            let plan = Arc::clone(&self.plan);
            let (organization, names) = (Arc::clone(&self.organization), self.names.clone());
            let (parked, packer) = (Arc::clone(&self.parked), Arc::clone(&self.packer));
            let about = visit.unfinished();
            let handle = self.tasks.spawn(async move {
                visit.retry_shared(&plan).await;
                if !is_last && visit.is_refused_shared_table(&plan) {
                    return Finished::Waiting(Box::new(visit));
                }
                finish(visit, &plan, &organization, names, &parked, &packer).await
            });
            self.retrying.insert(handle.id());
            self.in_flight.insert(handle.id(), about);
        }
        true
    }

    /// Takes a task's end. A task that died is an account that was lost, not a scan that ends.
    fn finished(
        &mut self,
        finished: Result<(tokio::task::Id, Finished<P>), tokio::task::JoinError>,
    ) -> TaskEnd<P> {
        match finished {
            Ok((id, finished)) => {
                self.retrying.remove(&id);
                let about = self.in_flight.remove(&id);
                let was_to_scan = about.as_ref().is_none_or(|about| about.refusal.is_none());
                match finished {
                    Finished::Rows(rows, shared_was_read) => {
                        if shared_was_read {
                            // What could be read here can now be read for everyone.
                            self.release_waiting(false);
                        }
                        TaskEnd::Rows(rows, was_to_scan)
                    }
                    Finished::Kept(account) => {
                        self.taken.insert(account, about.and_then(|about| about.usage));
                        TaskEnd::Kept(account)
                    }
                    Finished::Waiting(visit) => {
                        self.waiting.push(*visit);
                        TaskEnd::Nothing
                    }
                }
            }
            Err(error) => {
                self.retrying.remove(&error.id());
                let Some(Unfinished { account, refusal, usage }) = self.in_flight.remove(&error.id()) else {
                    return TaskEnd::Nothing;
                };
                let was_to_scan = refusal.is_none();
                if refusal.is_none() && self.plan.retained.contains_key(&account.id) {
                    // As for an account that could not be entered again.
                    self.taken.insert(account.id, usage);
                    return TaskEnd::Kept(account.id);
                }
                let gap =
                    Gap::new(Reason::MalformedAnswer).because(&format!("the account's task failed: {error}"));
                let visit = Visit::refused(account, gap, &self.plan).having_asked(usage);
                TaskEnd::Rows(
                    Box::new(Rows::pack(visit.finish(&self.plan, &self.organization), &self.packer)),
                    was_to_scan,
                )
            }
        }
    }

    /// What was listed and is not finished, by account id, with its path where that is known.
    fn unfinished(&mut self, names: Option<&BTreeMap<String, String>>) -> Vec<Unfinished> {
        let mut unfinished: Vec<Unfinished> = std::mem::take(&mut self.pending).into();
        unfinished.extend(std::mem::take(&mut self.in_flight).into_values());
        let waiting = std::mem::take(&mut self.waiting);
        unfinished.extend(waiting.iter().map(Visit::unfinished));
        for one in &mut unfinished {
            if one.account.ou_path.is_none() {
                one.account.ou_path = names.and_then(|names| path(&one.account, names));
            }
        }
        unfinished.sort_by_key(|one| one.account.id);
        unfinished
    }
}

async fn finish<P>(
    mut visit: Visit,
    plan: &Plan,
    organization: &Organization,
    names: Names,
    parked: &Parked,
    packer: &Packer<P>,
) -> Finished<P> {
    if visit.account.ou_path.is_none() {
        let known = match names.clone().now_or_never() {
            Some(known) => known,
            None => {
                parked.count.fetch_add(1, Ordering::Relaxed);
                parked.changed.notify_one();
                let known = names.await;
                parked.count.fetch_sub(1, Ordering::Relaxed);
                known
            }
        };
        if let Ok(known) = &*known {
            visit.account.ou_path = path(&visit.account, known);
        }
    }
    let shared_was_read = visit.has_read_shared_table(plan);
    visit.read_details(plan, organization).await;
    let rows = Rows::pack(visit.finish(plan, organization), packer);
    Finished::Rows(Box::new(rows), shared_was_read)
}
