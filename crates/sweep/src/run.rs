//! The one loop that faces the world. It starts accounts, takes finished ones, and stops; what that means is decided in
//! `dispatcher.rs`.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::FutureExt;
use orgsweep_model::{Account, Gap, Organization};
use tokio::time::Instant;

use crate::dispatcher::{Dispatcher, Names, Rows, TaskEnd};
use crate::filter::path;
use crate::plan::Plan;
use crate::sink::{Event, ScanError, Sink, Taken};
use crate::source::{Listed, Source, SourceError};
use crate::stop::{RunResult, Stop, StopReason};

/// What is lost where units cannot be read: the paths of all accounts.
const UNIT_NAMES: &str = "names of organizational units";

/// Scans every account of the source.
#[expect(clippy::too_many_lines, reason = "the one loop of a scan, whose arms share its state")]
pub async fn run<S: Sink>(
    source: Arc<dyn Source>,
    plan: Arc<Plan>,
    sink: &mut S,
    stop: Stop,
    on_event: &mut dyn FnMut(Event),
) -> Result<RunResult, ScanError> {
    let organization = Arc::new(unless_stopped(&stop, source.organization()).await??);
    let names: Names = {
        let source = Arc::clone(&source);
        async move { Arc::new(source.unit_names().await) }.boxed().shared()
    };
    // Names are read beside the listing; what needs them waits for them.
    let reading_names = tokio::spawn(names.clone());

    let mut dispatcher = Dispatcher::new(
        Arc::clone(&source),
        Arc::clone(&plan),
        Arc::clone(&organization),
        names.clone(),
        sink.packer(),
    );
    let needs_paths = plan.needs_paths() || source.needs_paths();
    let mut listing = source.accounts();
    let mut listed_all = false;
    // Once set: why, and when what is still in flight is dropped.
    let mut stopping: Option<(StopReason, Instant)> = None;

    loop {
        if stopping.is_none() && (listed_all || !plan.waits_for_roster()) {
            dispatcher.start();
        }
        if listed_all && dispatcher.tasks.is_empty() {
            break;
        }
        let idle = dispatcher.tasks.is_empty();
        let drop_at = stopping.map(|(_, moment)| moment);
        tokio::select! {
            biased;
            () = stop.now.cancelled() => return Err(ScanError::Cancelled),
            () = moment(drop_at), if drop_at.is_some() => break,
            () = stop.gently.cancelled(), if stopping.is_none() => {
                stopping = Some((StopReason::Interrupted, Instant::now() + stop.grace));
                on_event(Event::Stopping(dispatcher.in_flight.len()));
            }
            () = moment(stop.deadline), if stopping.is_none() && stop.deadline.is_some() => {
                stopping = Some((StopReason::Deadline, Instant::now() + stop.grace));
                on_event(Event::Stopping(dispatcher.in_flight.len()));
            }
            Some(finished) = dispatcher.tasks.join_next_with_id(), if !idle => {
                match dispatcher.finished(finished) {
                    TaskEnd::Rows(rows, was_to_scan) => {
                        let Rows { packed, tally } = *rows;
                        on_event(Event::Finished { line: tally.line.clone(), was_to_scan });
                        let taken =
                            packed.and_then(|packed| sink.take(packed, &tally)).map_err(ScanError::Sink)?;
                        if taken == Taken::Finished {
                            dispatcher.totals.add(tally);
                        }
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
                    account.ou_path = path_of(&account, &*unless_stopped(&stop, names.clone()).await?)?;
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
    reading_names.abort();
    if let Some(Err(gap)) = known.as_deref() {
        let message = format!("names of organizational units are unknown: {gap}");
        on_event(Event::Warning { name: "unit_names_unknown", message });
        dispatcher.totals.organization_gaps.push(format!("{UNIT_NAMES}: {gap}"));
    }
    let pending = dispatcher.left(known.as_deref().and_then(|names| names.as_ref().ok()));
    Ok(RunResult {
        stopped: stopping.map(|(why, _)| why).filter(|_| !pending.is_empty() || !listed_all),
        roster_is_complete: listed_all,
        pending,
        taken: dispatcher.taken,
        totals: dispatcher.totals,
        organization: Organization::clone(&organization),
    })
}

/// Waits for what no account can be entered without.
async fn unless_stopped<T>(stop: &Stop, work: impl Future<Output = T>) -> Result<T, ScanError> {
    tokio::select! {
        () = stop.now.cancelled() => Err(ScanError::Cancelled),
        () = stop.gently.cancelled() => Err(ScanError::Cancelled),
        () = moment(stop.deadline) => Err(ScanError::Deadline),
        done = work => Ok(done),
    }
}

/// The path of an account's unit.
fn path_of(
    account: &Account,
    names: &Result<BTreeMap<String, String>, Gap>,
) -> Result<Option<String>, SourceError> {
    match names {
        Ok(names) => Ok(path(account, names)),
        Err(gap) => Err(SourceError::names_needed(gap)),
    }
}

/// Waits until a moment; for ever where there is none.
async fn moment(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
