//! One account, from opening to rows. Everything that goes wrong in here becomes a gap of this account.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use futures::FutureExt;
use orgsweep_model::evaluate::{evaluate, panic_message};
use orgsweep_model::facts::{Principal, RosterEntry};
use orgsweep_model::records::{
    CoverageRecord, FindingRecord, ScanAccountRecord, ScanState, TableRead, TableReadOutcome,
};
use orgsweep_model::{
    Account, Collector, Context, Gap, Organization, Reason, Row, Rows, Session, Tables, Usage,
};

use crate::plan::Plan;
use crate::rows;
use crate::source::Source;

/// Everything that one account adds to the lake.
pub struct AccountRows {
    /// The account's part in the scan.
    pub record: ScanAccountRecord,
    /// Why it was not read whole, in a few words.
    pub headline: Option<String>,
    /// One per enabled check.
    pub coverage: Vec<CoverageRecord>,
    /// Sorted as the lake wants them.
    pub findings: Vec<FindingRecord>,
    /// One per wanted table.
    pub table_reads: Vec<TableRead>,
    /// Facts that the lake stores.
    pub facts: Vec<Arc<dyn Rows>>,
}

/// An account between collecting and evaluating.
pub(crate) struct Visit {
    pub(crate) account: Account,
    tables: Tables,
    entered: Option<(Session, String)>,
    /// Why the account as a whole was not entered.
    refusal: Option<Gap>,
    usage: Arc<Usage>,
    started: Instant,
}

impl Visit {
    /// Opens the account and runs the collectors; never fails.
    pub(crate) async fn collect(source: Arc<dyn Source>, plan: Arc<Plan>, account: Account) -> Self {
        let usage = Arc::new(Usage::default());
        let started = Instant::now();
        let mut tables = Tables::new();
        let opened = match AssertUnwindSafe(source.open(&account, Arc::clone(&usage))).catch_unwind().await {
            Ok(opened) => opened,
            Err(panic) => Err(Gap::new(Reason::MalformedAnswer).because(&panic_message(&*panic))),
        };
        match opened {
            Err(gap) => {
                let mut visit = Self::refused(account, gap, &plan);
                visit.usage = usage;
                visit.started = started;
                visit
            }
            Ok(opened) => {
                for collector in &plan.collectors {
                    // A panic here shows again in collect, where it becomes a gap.
                    let _ = AssertUnwindSafe(collector.begin(&opened.session)).catch_unwind().await;
                }
                for collector in &plan.collectors {
                    run_collector(&**collector, &opened.session, &mut tables).await;
                }
                let entered = Some((opened.session, opened.role_arn));
                Self { account, tables, entered, refusal: None, usage, started }
            }
        }
    }

    /// An account that is not entered.
    pub(crate) fn refused(account: Account, gap: Gap, plan: &Plan) -> Self {
        let mut tables = Tables::new();
        let observed_at = plan.clock.now();
        for table in plan.tables() {
            tables.insert_gap(table.name, gap.clone(), observed_at);
        }
        let usage = Arc::new(Usage::default());
        Self { account, tables, entered: None, refusal: Some(gap), usage, started: Instant::now() }
    }

    /// Whether a table that is the same in every account was lost here, so that another session may help.
    pub(crate) fn awaits_shared_table(&self, plan: &Plan) -> bool {
        self.entered.is_some() && plan.collectors.iter().any(|collector| self.lost_shared(&**collector))
    }

    fn lost_shared(&self, collector: &dyn Collector) -> bool {
        let lost = |name: &str| self.tables.gap(name).is_some_and(|gap| !gap.is_expected());
        // A table that is a gap because its own input is one will not get better.
        let inputs = collector.needs().gates;
        collector.is_shared()
            && collector.fills().iter().any(|table| lost(table.name))
            && !inputs.iter().any(|table| lost(table.name))
    }

    /// Tries the lost shared tables once more.
    pub(crate) async fn retry_shared(&mut self, plan: &Plan) {
        let Some((session, _)) = self.entered.clone() else {
            return;
        };
        for collector in &plan.collectors {
            if self.lost_shared(&**collector) {
                run_collector(&**collector, &session, &mut self.tables).await;
            }
        }
    }

    /// Runs the checks and makes the rows. `account` now carries its path.
    pub(crate) fn finish(mut self, plan: &Plan, organization: &Organization) -> AccountRows {
        self.tables.insert(vec![RosterEntry::from(&self.account)], plan.clock.now());
        let checks = plan.checks.for_account(&self.account);
        let context = Context { now: plan.now, account: &self.account, organization };
        let results = evaluate(&self.tables, &checks, &context);

        let lost: Vec<(&'static str, &Gap)> = plan
            .tables()
            .iter()
            .filter_map(|table| self.tables.gap(table.name).map(|gap| (table.name, gap)))
            .collect();
        let scan_state = match (&self.refusal, lost.is_empty()) {
            (Some(_), _) => ScanState::NotScanned,
            (None, true) => ScanState::Scanned,
            (None, false) => ScanState::Partial,
        };
        let (reason_code, reason, headline) = match (&self.refusal, lost.first()) {
            (Some(gap), _) => (Some(gap.reason), Some(gap.to_string()), Some(gap.headline())),
            (None, Some((_, gap))) => {
                let whole = rows::lost_tables(&lost, Gap::to_string);
                (Some(gap.reason), Some(whole), Some(rows::lost_tables(&lost, Gap::headline)))
            }
            (None, None) => (None, None, None),
        };
        let record = ScanAccountRecord {
            account_id: self.account.id,
            account_name: self.account.name.clone(),
            account_email_sha256: self.account.email_sha256.clone(),
            account_status: self.account.state,
            ou_id: self.account.ou_id().map(str::to_owned),
            ou_path: self.account.ou_path.clone(),
            scan_state,
            reason_code: reason_code.map(|code| code.as_str().to_owned()),
            reason,
            last_scanned_scan_id: None,
            role_arn: self.entered.as_ref().map(|(_, role_arn)| role_arn.clone()),
            api_calls: self.usage.calls() as i64,
            throttles: self.usage.throttles() as i64,
            duration_ms: self.started.elapsed().as_millis() as i64,
            taken_from_scan_id: None,
        };
        let table_reads = plan.tables().iter().map(|table| self.table_read(table.name, plan)).collect();
        AccountRows {
            headline,
            coverage: results.iter().map(|result| rows::coverage(&self.account, result)).collect(),
            findings: rows::findings(&self.account, organization, &results),
            table_reads,
            facts: self.facts(plan, organization),
            record,
        }
    }

    fn table_read(&self, table: &'static str, plan: &Plan) -> TableRead {
        let gap = self.tables.gap(table);
        TableRead {
            account_id: self.account.id,
            table_name: table.to_owned(),
            outcome: if gap.is_some() { TableReadOutcome::Gap } else { TableReadOutcome::Read },
            row_count: self.tables.rows(table).map_or(0, |rows| rows.len()) as i64,
            observed_at: self.tables.observed_at(table).unwrap_or(plan.now),
            reason_code: gap.map(|gap| gap.reason.as_str().to_owned()),
            api: gap.and_then(|gap| gap.api.clone()),
            error_code: gap.and_then(|gap| gap.code.clone()),
            error_message: gap.and_then(|gap| gap.message.clone()),
            attempts: gap.map_or(0, |gap| gap.attempts) as i32,
        }
    }

    fn facts(&self, plan: &Plan, organization: &Organization) -> Vec<Arc<dyn Rows>> {
        let derived: Arc<dyn Rows> = Arc::new(Principal::derive(&self.account, organization, &self.tables));
        plan.stored
            .iter()
            .filter_map(|table| {
                if table.name == Principal::SCHEMA.name {
                    Some(Arc::clone(&derived))
                } else {
                    self.tables.rows(table.name)
                }
            })
            .collect()
    }
}

/// Runs one collector; whatever it leaves out, a panic included, is a gap.
async fn run_collector(collector: &dyn Collector, session: &Session, tables: &mut Tables) {
    let ran = AssertUnwindSafe(collector.collect(session, tables)).catch_unwind().await;
    let message = match ran {
        Ok(()) => format!("collector {} did not fill the table", collector.name()),
        Err(panic) => format!("collector {} failed: {}", collector.name(), panic_message(&*panic)),
    };
    for table in collector.fills() {
        if !tables.contains(table.name) {
            let gap = Gap::new(Reason::MalformedAnswer).because(&message);
            tables.insert_gap(table.name, gap, session.clock.now());
        }
    }
}
