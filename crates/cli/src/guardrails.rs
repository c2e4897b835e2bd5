//! The organization's service and resource control policies: read once, beside the accounts, for whoever asks later what
//! somebody may do.

use std::sync::Arc;
use std::time::Duration;

use orgsweep_lake::ScanWriter;
use orgsweep_model::facts::{OrganizationPolicies, OrganizationPolicy, Policy};
use orgsweep_model::records::{TableRead, TableReadOutcome};
use orgsweep_model::{AccountId, Gap, Reason, Row as _, Rows, Timestamp};
use orgsweep_sweep::{Plan, Source, Stop};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

/// A wait of so long is told.
const A_WHILE: Duration = Duration::from_secs(2);

/// What came of it; `None`: nobody asked, or there is no organization to ask.
pub type Guardrails = Option<Result<OrganizationPolicies, Gap>>;

/// They are read where the accounts' own policies are: one without the other decides nothing.
pub fn are_wanted(plan: &Plan) -> bool {
    let is_stored = |name| plan.stored.iter().any(|table| table.name == name);
    is_stored(OrganizationPolicy::SCHEMA.name)
        && plan.tables().iter().any(|table| Policy::INPUTS.contains(&table.name))
}

/// A reading that goes on beside the scan.
pub struct Reading(Option<JoinHandle<Guardrails>>);

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
    pub async fn end(self, stop: &Stop, was_stopped: bool, on_wait: impl FnOnce()) -> Guardrails {
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
pub fn lost(guardrails: &Guardrails) -> Option<String> {
    let gap = guardrails.as_ref()?.as_ref().err()?;
    Some(format!("{}: {gap}", OrganizationPolicy::SCHEMA.name))
}

/// Their rows, and a line in the ledger of the management account, which they are read for.
pub fn rows(
    guardrails: Guardrails,
    management: AccountId,
    now: Timestamp,
    writer: &mut ScanWriter,
) -> Vec<Arc<dyn Rows>> {
    let Some(guardrails) = guardrails else {
        return Vec::new();
    };
    let gap = guardrails.as_ref().err();
    writer.record_read(TableRead {
        account_id: management,
        table_name: OrganizationPolicy::SCHEMA.name.to_owned(),
        outcome: if gap.is_some() { TableReadOutcome::Gap } else { TableReadOutcome::Read },
        row_count: guardrails.as_ref().map_or(0, |guardrails| guardrails.policies.len()) as i64,
        observed_at: now,
        reason_code: gap.map(|gap| gap.reason.as_str().to_owned()),
        api: gap.and_then(|gap| gap.api.clone()),
        error_code: gap.and_then(|gap| gap.code.clone()),
        error_message: gap.and_then(|gap| gap.message.clone()),
        attempts: gap.map_or(0, |gap| gap.attempts) as i32,
    });
    match guardrails {
        Ok(OrganizationPolicies { policies, documents }) => {
            vec![Arc::new(policies), Arc::new(documents)]
        }
        Err(_) => Vec::new(),
    }
}
