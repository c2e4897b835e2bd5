//! Which account is entered next, and what the end of a task means: the decisions of a run, as plain functions.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use orgsweep_model::{Account, AccountId, AccountState, Gap, Organization, Reason};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::account::Visit;
use crate::account_facts::AccountFacts;
use crate::filter::{RosterKey, inactive, path};
use crate::plan::{Plan, Unmatched};
use crate::sink::{Event, Packer, ScanError};
use crate::source::Source;
use crate::stop::{Copied, Pending};
use crate::totals::{AccountTally, Totals};

/// Collected accounts that may wait for the names of their units beside those in flight.
const MOST_PARKED: usize = 256;

/// The names of organizational units, which several wait for.
pub(crate) type Names = Shared<BoxFuture<'static, Arc<Result<BTreeMap<String, String>, Gap>>>>;

/// What an account's task gives back.
pub(crate) enum Finished<P> {
    Rows(Box<Rows<P>>),
    /// Could not be entered again: its rows of an earlier scan stay.
    Kept(AccountId),
}

/// A finished account.
pub(crate) struct Rows<P> {
    pub(crate) packed: Result<P, String>,
    pub(crate) tally: AccountTally,
}

/// What the end of a task means for the run.
pub(crate) enum TaskEnd<P> {
    /// Rows, and whether the account was to be scanned.
    Rows(Box<Rows<P>>, bool),
    /// See [`Event::Kept`].
    Kept(AccountId),
    /// The task of no account that is known.
    Nothing,
}

impl<P> Rows<P> {
    fn pack(facts: AccountFacts, packer: &Packer<P>) -> Self {
        let (rows, tally) = packer(facts);
        Self { packed: rows, tally }
    }
}

/// Tasks that only wait for names.
#[derive(Default)]
pub(crate) struct Parked {
    count: AtomicUsize,
    pub(crate) changed: Notify,
}

/// What is listed, in progress and finished.
pub(crate) struct Dispatcher<P> {
    source: Arc<dyn Source>,
    plan: Arc<Plan>,
    packer: Packer<P>,
    organization: Arc<Organization>,
    names: Names,
    pub(crate) tasks: JoinSet<Finished<P>>,
    pending: VecDeque<Pending>,
    /// Collected accounts that wait for the names of their units.
    pub(crate) parked: Arc<Parked>,
    /// Accounts to be taken over from an earlier scan.
    pub(crate) taken: BTreeMap<AccountId, Copied>,
    /// Accounts about whose state Organizations says nothing.
    unstated: usize,
    /// Which account a task is about, so that a task that dies still has a name.
    pub(crate) in_flight: BTreeMap<tokio::task::Id, Pending>,
    /// Until it is whole and looked at.
    roster: Vec<RosterKey>,
    seen: HashSet<AccountId>,
    chosen: usize,
    /// Chosen accounts that no earlier attempt has.
    to_scan: usize,
    pub(crate) totals: Totals,
}

impl<P: Send + 'static> Dispatcher<P> {
    pub(crate) fn new(
        source: Arc<dyn Source>,
        plan: Arc<Plan>,
        organization: Arc<Organization>,
        names: Names,
        packer: Packer<P>,
    ) -> Self {
        Self {
            source,
            plan,
            packer,
            organization,
            names,
            tasks: JoinSet::new(),
            pending: VecDeque::new(),
            parked: Arc::default(),
            taken: BTreeMap::new(),
            unstated: 0,
            in_flight: BTreeMap::new(),
            roster: Vec::new(),
            seen: HashSet::new(),
            chosen: 0,
            to_scan: 0,
            totals: Totals::default(),
        }
    }

    /// Takes an account from the listing. Organizations may repeat one while accounts come and go: once is enough.
    pub(crate) fn listed(&mut self, account: Account) {
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
            self.taken.insert(account.id, Copied { account, usage: None });
        } else {
            self.to_scan += usize::from(refusal.is_none());
            self.pending.push_back(Pending { account, refusal, usage: None });
        }
    }

    pub(crate) fn listed_so_far(&self, done: bool) -> Event {
        Event::Listed { accounts: self.seen.len(), to_scan: self.to_scan, done }
    }

    /// Once the roster is whole: names that match nothing, and a choice that leaves nothing.
    pub(crate) fn check_roster(&mut self, on_event: &mut dyn FnMut(Event)) -> Result<(), ScanError> {
        let roster = std::mem::take(&mut self.roster);
        if self.unstated > 0 && self.organization.id != Organization::NONE {
            let message = format!(
                "AWS Organizations did not return the state of {} of the accounts; they are scanned",
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
    pub(crate) fn start(&mut self) {
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
            let Pending { account, refusal, .. } = next;
            let handle = self.tasks.spawn(async move {
                let visit = match refusal {
                    // Left out or inactive by now: what an earlier scan has of it does not stay.
                    Some(gap) => Visit::refused(account, gap, &plan),
                    None => {
                        let visit = Visit::collect(source, Arc::clone(&plan), account, usage).await;
                        if visit.reuses_previous(&plan) {
                            return Finished::Kept(visit.account.id);
                        }
                        visit
                    }
                };
                finish(visit, &plan, &organization, names, &parked, &packer).await
            });
            self.in_flight.insert(handle.id(), about);
        }
    }

    /// Takes a task's end. A task that died is an account that was lost, not a scan that ends.
    pub(crate) fn finished(
        &mut self,
        finished: Result<(tokio::task::Id, Finished<P>), tokio::task::JoinError>,
    ) -> TaskEnd<P> {
        match finished {
            Ok((id, finished)) => {
                let about = self.in_flight.remove(&id);
                let was_to_scan = about.as_ref().is_none_or(|about| about.refusal.is_none());
                match finished {
                    Finished::Rows(rows) => TaskEnd::Rows(rows, was_to_scan),
                    Finished::Kept(account) => {
                        if let Some(Pending { account, usage, .. }) = about {
                            self.taken.insert(account.id, Copied { account, usage });
                        }
                        TaskEnd::Kept(account)
                    }
                }
            }
            Err(error) => {
                let Some(Pending { account, refusal, usage }) = self.in_flight.remove(&error.id()) else {
                    return TaskEnd::Nothing;
                };
                let was_to_scan = refusal.is_none();
                if refusal.is_none() && self.plan.had.contains(&account.id) {
                    // As for an account that could not be entered again.
                    let id = account.id;
                    self.taken.insert(id, Copied { account, usage });
                    return TaskEnd::Kept(id);
                }
                let gap =
                    Gap::new(Reason::MalformedAnswer).because(&format!("the account's task failed: {error}"));
                let visit = Visit::refused(account, gap, &self.plan).with_usage(usage);
                TaskEnd::Rows(Box::new(Rows::pack(visit.finish(&self.plan), &self.packer)), was_to_scan)
            }
        }
    }

    /// What was listed and is not finished, by account id, with its path where that is known.
    pub(crate) fn left(&mut self, names: Option<&BTreeMap<String, String>>) -> Vec<Pending> {
        let mut left: Vec<Pending> = std::mem::take(&mut self.pending).into();
        left.extend(std::mem::take(&mut self.in_flight).into_values());
        let listed = left.iter_mut().map(|one| &mut one.account);
        for account in listed.chain(self.taken.values_mut().map(|one| &mut one.account)) {
            if account.ou_path.is_none() {
                account.ou_path = names.and_then(|names| path(account, names));
            }
        }
        left.sort_by_key(|one| one.account.id);
        left
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
    visit.read_details(plan, organization).await;
    Finished::Rows(Box::new(Rows::pack(visit.finish(plan), packer)))
}
