//! The organization's service and resource control policies: read once, beside the accounts, for whoever asks later what
//! somebody may do.

use std::sync::Arc;
use std::time::Duration;

use orgsweep_model::facts::{
    AWS_MANAGED_POLICIES, BOUNDARY_POLICIES, OWN_POLICIES, OrganizationPolicies, OrganizationPolicy,
    PolicyAttachment, Role,
};
use orgsweep_model::{Gap, Reason, Row as _};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use crate::plan::Plan;
use crate::source::Source;
use crate::stop::Stop;

/// A wait of so long is told.
const A_WHILE: Duration = Duration::from_secs(2);

/// What came of it; `None`: nobody asked, or there is no organization to ask.
pub type ReadPolicies = Option<Result<OrganizationPolicies, Gap>>;

/// The tables that say what a principal may do.
const POLICIES: [&str; 5] = [
    OWN_POLICIES.name,
    AWS_MANAGED_POLICIES.name,
    BOUNDARY_POLICIES.name,
    Role::SCHEMA.name,
    PolicyAttachment::SCHEMA.name,
];

/// They are read where the accounts' own policies are: one without the other decides nothing.
pub fn are_wanted(plan: &Plan) -> bool {
    let is_stored = |name| plan.stored.iter().any(|table| table.name == name);
    is_stored(OrganizationPolicy::SCHEMA.name)
        && plan.tables().iter().any(|table| POLICIES.contains(&table.name))
}

/// A reading that goes on beside the scan.
pub struct Reading(Option<JoinHandle<ReadPolicies>>);

impl Reading {
    /// Begins, if anybody wants them.
    pub fn begin(source: &Arc<dyn Source>, plan: &Plan, is_a_shard: bool) -> Self {
        if is_a_shard || !are_wanted(plan) {
            return Self(None);
        }
        let source = Arc::clone(source);
        Self(Some(tokio::spawn(async move { source.organization_policies().await })))
    }

    /// Waits for the end of it, but not for longer than the scan may take; `on_wait` is told if that takes a while.
    pub async fn end(self, stop: &Stop, was_stopped: bool, on_wait: impl FnOnce()) -> ReadPolicies {
        let mut handle = self.0?;
        let stopped = || Gap::new(Reason::Cancelled).because("the scan was stopped before its end");
        if was_stopped && !handle.is_finished() {
            handle.abort();
            return Some(Err(stopped()));
        }
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
            tokio::select! {
                biased;
                ended = &mut handle => break Some(ended),
                () = stop.gently.cancelled() => break None,
                () = &mut deadline => break None,
                () = sleep_until(silent_until), if on_wait.is_some() => {
                    if let Some(tell) = on_wait.take() {
                        tell();
                    }
                }
            }
        };
        match ended {
            Some(Ok(guardrails)) => guardrails,
            Some(Err(error)) => Some(Err(Gap::new(Reason::MalformedAnswer).because(&error.to_string()))),
            None => {
                handle.abort();
                Some(Err(stopped()))
            }
        }
    }
}

/// What the scan lacks of them, if it does.
pub fn lost(guardrails: &ReadPolicies) -> Option<String> {
    let gap = guardrails.as_ref()?.as_ref().err()?;
    Some(format!("{}: {gap}", OrganizationPolicy::SCHEMA.name))
}
