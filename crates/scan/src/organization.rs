//! The organization's facts: read beside the accounts, complete before anything is judged that rests on them, and kept for a
//! process that resumes the scan.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use orgsweep_lake::{LakeError, ScanWriter};
use orgsweep_model::{AccountId, Gap, Organization, Reason, Tables};
use orgsweep_sweep::{OrganizationAccess, OrganizationFacts, Plan, Source, Stop, StopReason};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use crate::evaluate::{CompleteOrganization, Judge};

/// A wait of so long is an event.
const A_WHILE: Duration = Duration::from_secs(2);

/// The organization's facts once they are complete, for all threads.
#[derive(Clone, Default)]
pub struct WhenComplete(Arc<OnceLock<Known>>);

struct Known {
    facts: CompleteOrganization,
    /// No attempt at the same scan reads them again. What this process lost of them, another that resumes the scan may read.
    is_settled: bool,
}

impl WhenComplete {
    /// They are there already.
    pub fn now(facts: CompleteOrganization) -> Self {
        let cell = Self::default();
        cell.set(facts, true);
        cell
    }

    /// The facts, if they are complete: what is lost of them included.
    pub fn get(&self) -> Option<&CompleteOrganization> {
        self.0.get().map(|known| &known.facts)
    }

    /// The facts, if they are complete and stay what they are for every attempt at the scan.
    pub fn settled(&self) -> Option<&CompleteOrganization> {
        self.0.get().filter(|known| known.is_settled).map(|known| &known.facts)
    }

    /// The first ones stay.
    fn set(&self, facts: CompleteOrganization, is_settled: bool) {
        drop(self.0.set(Known { facts, is_settled }));
    }
}

/// What the scan lacks of the organization, each with its reason.
pub fn organization_gaps(complete: &WhenComplete) -> Vec<String> {
    let gaps = complete.get().into_iter().flat_map(CompleteOrganization::gaps);
    gaps.map(|(table, gap)| format!("{table}: {gap}")).collect()
}

/// A reading that runs beside the scan.
pub struct Reading {
    task: Option<JoinHandle<()>>,
    judge: Judge,
    plan: Arc<Plan>,
    complete: WhenComplete,
}

impl Reading {
    /// Starts. What an earlier process kept, or `discover` read, is not read again.
    pub async fn begin(
        source: &Arc<dyn Source>,
        plan: &Arc<Plan>,
        judge: &Judge,
        kept: Option<Tables>,
    ) -> Self {
        let organization = &judge.organization;
        let known = match (kept, source.organization_access().await) {
            (_, OrganizationAccess::None) => Ok(OrganizationFacts::none(plan, organization)),
            // Nothing is wanted of it.
            _ if plan.organization_collectors.is_empty() => Ok(OrganizationFacts::none(plan, organization)),
            (Some(tables), _) => Ok(OrganizationFacts::of(tables, plan, organization)),
            (None, OrganizationAccess::Snapshot(snapshot)) => {
                Ok(OrganizationFacts::of_snapshot(&snapshot, plan))
            }
            (None, OrganizationAccess::Session(session)) => Err(session),
        };
        let complete = WhenComplete::default();
        let task = match known {
            Ok(facts) => {
                complete.set(judge.complete(facts), true);
                None
            }
            Err(session) => {
                let (plan, judge, complete) = (Arc::clone(plan), judge.clone(), complete.clone());
                Some(tokio::spawn(async move {
                    let facts = OrganizationFacts::collect(&session, &plan, &judge.organization).await;
                    let facts = judge.complete(facts);
                    let is_settled = facts.gaps().next().is_none();
                    complete.set(facts, is_settled);
                }))
            }
        };
        Self { task, judge: judge.clone(), plan: Arc::clone(plan), complete }
    }

    /// Where the facts will be.
    pub fn complete(&self) -> WhenComplete {
        self.complete.clone()
    }

    /// Waits for the end of it, but not for longer than the scan may take; `on_wait` is called if that takes a while.
    /// Whether it was stopped before its end, and by what.
    pub async fn end(self, stop: &Stop, was_stopped: bool, on_wait: impl FnOnce()) -> Option<StopReason> {
        let mut task = self.task?;
        let deadline = async {
            match stop.deadline {
                Some(moment) => sleep_until(moment.max(Instant::now())).await,
                None => std::future::pending().await,
            }
        };
        tokio::pin!(deadline);
        let silent_until = Instant::now() + A_WHILE;
        let mut on_wait = Some(on_wait);
        let ended = loop {
            if was_stopped && !task.is_finished() {
                break Err(StopReason::Interrupted);
            }
            tokio::select! {
                biased;
                ended = &mut task => break Ok(ended),
                () = stop.gently.cancelled() => break Err(StopReason::Interrupted),
                () = &mut deadline => break Err(StopReason::Deadline),
                () = sleep_until(silent_until), if on_wait.is_some() => {
                    if let Some(on_wait) = on_wait.take() {
                        on_wait();
                    }
                }
            }
        };
        let (lost, stopped) = match ended {
            Ok(Ok(())) => return None,
            Ok(Err(error)) => (Gap::new(Reason::MalformedAnswer).because(&error.to_string()), None),
            Err(reason) => {
                task.abort();
                let gap = Gap::new(Reason::Cancelled).because("the scan was stopped before its end");
                (gap, Some(reason))
            }
        };
        let organization: &Organization = &self.judge.organization;
        let facts = OrganizationFacts::lost(&lost, &self.plan, organization);
        self.complete.set(self.judge.complete(facts), false);
        stopped
    }
}

/// Keeps what was read for a process that resumes the scan.
pub fn keep_organization(
    writer: &mut ScanWriter,
    complete: &CompleteOrganization,
    plan: &Plan,
    whose: AccountId,
) -> Result<(), LakeError> {
    let encoder = writer.column_encoder();
    let mut rows = vec![encoder.columns(&complete.reads)?];
    for stored in complete.stored(&plan.organization_tables()) {
        rows.push(encoder.columns(&*stored)?);
    }
    writer.keep_organization(whose, &rows)
}
