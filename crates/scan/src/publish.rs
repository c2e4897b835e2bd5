//! A scan's last step: the rows of the scan itself, and the commit.

use std::sync::Arc;
use std::time::Duration;

use orgsweep_lake::{LakeError, ScanId, ScanWriter};
use orgsweep_model::collector::CallCounts;
use orgsweep_model::records::{ApiCallRecord, ScanRecord, ScanState, ScanStatus};
use orgsweep_model::registry::Registry;
use orgsweep_model::{Organization, Rows, Timestamp, Usage};
use orgsweep_sweep::Totals;
use serde_json::{Value as Json, json};
use tokio::time::Instant;

use crate::error::Error;
use crate::event::Event;
use crate::options::Options;
use crate::organization::WhenComplete;

/// Grows when columns are added to a table.
const SCHEMA_VERSION: i32 = 6;
/// A wait of so long is an event.
const A_WHILE: Duration = Duration::from_secs(1);

/// A scan whose accounts are all finished.
pub struct Publication<'a> {
    /// What is linked in.
    pub registry: &'a Registry,
    /// What was done.
    pub options: &'a Options,
    /// The organization.
    pub organization: &'a Organization,
    /// The scan's name.
    pub scan_id: &'a ScanId,
    /// When it began.
    pub started_at: Timestamp,
    /// How many processes took part, if several.
    pub shards: Option<i32>,
    /// The scan whose rows were copied.
    pub retried_scan_id: Option<String>,
    /// The stored scan whose facts were checked again.
    pub checked_from_scan_id: Option<String>,
    /// Ended early.
    pub is_partial: bool,
    /// How long it took, where one process did it all.
    pub seconds: Option<Duration>,
    /// The calls to AWS for the organization as a whole.
    pub shared: &'a Usage,
    /// What was read and computed of the organization.
    pub facts: &'a WhenComplete,
    /// Another publisher is not waited for beyond this moment.
    pub deadline: Option<Instant>,
}

/// A scan that is in the lake.
#[derive(Debug)]
pub struct Published {
    /// Its name.
    pub scan_id: ScanId,
    /// The organization.
    pub organization: Organization,
    /// Ended early, or complete.
    pub status: ScanStatus,
    /// How long it took, where one process did it all.
    pub seconds: Option<Duration>,
    /// Calls for the organization as a whole.
    pub shared: CallCounts,
    /// The sums of its accounts.
    pub totals: Totals,
}

impl Publication<'_> {
    /// Publishes. Once the scan is in the lake, nothing makes it a failure any more. `patience` decides whether another
    /// publisher is still waited for.
    pub fn publish(
        self,
        mut writer: ScanWriter,
        totals: Totals,
        patience: &mut dyn FnMut(Duration) -> bool,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<Published, Error> {
        let refused = Error::lake(&self.options.out);
        // What was checked again follows no other scan.
        let previous_scan_id = match &self.checked_from_scan_id {
            None => self.options.lake()?.latest_scan_id().map_err(refused)?,
            Some(_) => None,
        };
        let record = self.record(&totals, previous_scan_id.map(|id| id.to_string()));
        let coverage = self.coverage(&record, &totals);
        let whole = self.rows_of_the_scan(&mut writer);
        let mut is_noticed = false;
        let mut wait = |waited: Duration| {
            if !is_noticed && waited > A_WHILE {
                is_noticed = true;
                on_event(Event::WaitingForPublisher);
            }
            patience(waited) && self.deadline.is_none_or(|moment| Instant::now() < moment)
        };
        let published = match writer.publish(&whole, record, &coverage, &mut wait) {
            Err(LakeError::Locked { .. }) if self.deadline.is_some_and(|moment| Instant::now() >= moment) => {
                return Err(Error::DeadlineWhilePublishing {
                    scan_id: self.scan_id.to_string(),
                    root: self.options.out.clone(),
                    of_shards: self.shards.is_some(),
                });
            }
            published => published.map_err(refused)?,
        };
        published.warnings.into_iter().for_each(|warning| on_event(Event::PublishedWithWarning(warning)));
        for (table, gap) in self.facts.get().iter().flat_map(|facts| facts.gaps()) {
            on_event(Event::OrganizationTableUnknown(table.to_owned(), gap));
        }
        Ok(Published {
            scan_id: self.scan_id.clone(),
            organization: self.organization.clone(),
            status: self.status(),
            seconds: self.seconds,
            shared: self.shared.total(),
            totals,
        })
    }

    fn status(&self) -> ScanStatus {
        if self.is_partial { ScanStatus::Partial } else { ScanStatus::Complete }
    }

    fn record(&self, totals: &Totals, previous_scan_id: Option<String>) -> ScanRecord {
        let mut calls = totals.calls;
        calls.add(&self.shared.total());
        let plan = &self.options.plan;
        ScanRecord {
            org_id: self.organization.id.clone(),
            management_account_id: self.organization.management_account_id,
            started_at: self.started_at,
            finished_at: plan.clock.now(),
            status: self.status(),
            previous_scan_id,
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            schema_version: SCHEMA_VERSION,
            config_sha256: self.options.config_sha256().to_owned(),
            accounts_in_scope: totals.accounts.len() as i32,
            accounts_scanned: totals.count(ScanState::Scanned) as i32,
            accounts_partial: totals.count(ScanState::Partial) as i32,
            accounts_not_scanned: totals.count(ScanState::NotScanned) as i32,
            api_calls: calls.calls as i64,
            throttles: calls.throttles as i64,
            session_policy: self.options.session_policy.clone(),
            duration_ms: self.seconds.map_or_else(
                || plan.clock.now().as_millisecond() - self.started_at.as_millisecond(),
                |seconds| seconds.as_millis() as i64,
            ),
            api_attempts: Some(calls.attempts as i64),
            api_errors: Some(calls.errors as i64),
            response_bytes: Some(calls.response_bytes as i64),
            retried_scan_id: self.retried_scan_id.clone(),
            shards: self.shards,
            organization_gaps: (!totals.organization_gaps.is_empty())
                .then(|| totals.organization_gaps.join("; ")),
            aws_partition: Some(self.organization.partition.clone()),
            ages_counted_to: Some(plan.now),
            checked_from_scan_id: self.checked_from_scan_id.clone(),
            configuration_json: Some(self.options.configuration().to_string()),
        }
    }

    /// The coverage as the manifest has it.
    fn coverage(&self, record: &ScanRecord, totals: &Totals) -> Json {
        json!({
            "accounts_in_scope": record.accounts_in_scope,
            "accounts_scanned": record.accounts_scanned,
            "accounts_partial": record.accounts_partial,
            "accounts_not_scanned": record.accounts_not_scanned,
            "enabled_checks": self.options.plan.checks.len(),
            "coverage_rows": totals.coverage_rows,
            "findings": totals.finding_rows,
            "organization_gaps": totals.organization_gaps,
        })
    }

    /// What belongs to no account in particular.
    fn rows_of_the_scan(&self, writer: &mut ScanWriter) -> Vec<Arc<dyn Rows>> {
        let plan = &self.options.plan;
        let (checks, controls) = crate::rows::catalog(self.registry, &plan.checks);
        let mut whole: Vec<Arc<dyn Rows>> =
            vec![Arc::new(checks), Arc::new(controls), Arc::new(ApiCallRecord::of(None, self.shared))];
        if let Some(facts) = self.facts.get() {
            // Lines of the management account, in whose name they are read.
            facts.reads.iter().for_each(|read| writer.record_read(read.clone()));
            whole.extend(facts.stored(&plan.stored));
        }
        whole
    }
}
