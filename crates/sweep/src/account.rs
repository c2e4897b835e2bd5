//! One account, from opening to rows. Everything that goes wrong in here becomes a gap of this account.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use futures::FutureExt;
use orgsweep_model::evaluate::{evaluate, panic_message};
use orgsweep_model::facts::RosterEntry;
use orgsweep_model::records::{ApiCallRecord, ScanAccountRecord, ScanState, TableRead};
use orgsweep_model::{
    Account, Collector, Context, Details, DynCheck, Gap, Organization, Reason, Row as _, Rows, Session,
    Status, TableSchema, Tables, Usage,
};

use crate::account_rows::AccountRows;
use crate::plan::Plan;
use crate::retained::{Retained, fills_any};
use crate::rows;
use crate::source::{Opened, Source};
use crate::stop::Pending;

/// The longest text of an account's notes, characters.
const LONGEST_NOTES: usize = 2000;

impl Pending {
    /// The account's rows in a scan that is published without it.
    pub fn rows(self, plan: &Plan, organization: &Organization) -> AccountRows {
        let stopped = || Gap::new(Reason::Cancelled).because("the scan was stopped before this account");
        let gap = self.refusal.unwrap_or_else(stopped);
        Visit::refused(self.account, gap, plan).with_usage(self.usage).finish(plan, organization)
    }
}

/// An account between collecting and evaluating.
pub(crate) struct Visit {
    pub(crate) account: Account,
    tables: Tables,
    entered: Option<Opened>,
    /// Why the account as a whole was not entered.
    refusal: Option<Gap>,
    /// What an earlier scan read whole.
    retained: Option<Arc<Retained>>,
    usage: Arc<Usage>,
    started: Instant,
    lost_details: Option<Gap>,
}

impl Visit {
    /// Opens the account and runs the collectors; never fails. What is asked of AWS on the way is counted in `usage`.
    pub(crate) async fn collect(
        source: Arc<dyn Source>,
        plan: Arc<Plan>,
        account: Account,
        usage: Arc<Usage>,
    ) -> Self {
        let started = Instant::now();
        let mut tables = Tables::sharing(Arc::clone(&plan.shared));
        let retained = plan.retained.get(&account.id).cloned();
        let wanted = retained.as_ref().map(|retained| retained.tables(&plan));
        let collectors: Vec<&Arc<dyn Collector>> = plan
            .collectors
            .iter()
            .filter(|collector| wanted.as_ref().is_none_or(|tables| fills_any(&***collector, tables)))
            .collect();
        if collectors.is_empty() {
            // The roster is enough: nobody has to be let in.
            return Self {
                account,
                tables,
                entered: None,
                refusal: None,
                retained,
                usage,
                started,
                lost_details: None,
            };
        }
        let opened = match AssertUnwindSafe(source.open(&account, Arc::clone(&usage))).catch_unwind().await {
            Ok(opened) => opened,
            Err(panic) => Err(Gap::new(Reason::MalformedAnswer).because(&panic_message(&*panic))),
        };
        match opened {
            Err(gap) => {
                Self { retained, started, ..Self::refused(account, gap, &plan).with_usage(Some(usage)) }
            }
            Ok(opened) => {
                for note in &opened.notes {
                    tables.note(note.clone());
                }
                for collector in &collectors {
                    // A panic here shows again in collect, where it becomes a gap.
                    let _ = AssertUnwindSafe(collector.begin(&opened.session)).catch_unwind().await;
                }
                for collector in &collectors {
                    run_collector(&***collector, &opened.session, &mut tables).await;
                }
                Self {
                    account,
                    tables,
                    entered: Some(opened),
                    refusal: None,
                    retained,
                    usage,
                    started,
                    lost_details: None,
                }
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
        let (refusal, started) = (Some(gap), Instant::now());
        Self { account, tables, entered: None, refusal, retained: None, usage, started, lost_details: None }
    }

    /// With what was asked of AWS for it.
    pub(crate) fn with_usage(mut self, usage: Option<Arc<Usage>>) -> Self {
        self.usage = usage.unwrap_or_default();
        self
    }

    /// What stays of it if the run ends now.
    pub(crate) fn pending(&self) -> Pending {
        let (account, usage) = (self.account.clone(), Some(Arc::clone(&self.usage)));
        Pending { account, refusal: None, usage }
    }

    /// Whether the account could not be entered this time, and an earlier scan has more of it than nothing.
    pub(crate) fn reuses_previous(&self) -> bool {
        self.refusal.is_some() && self.retained.is_some()
    }

    /// Whether a table that is the same in every account was lost here, so that another session may help.
    pub(crate) fn awaits_shared_table(&self, plan: &Plan) -> bool {
        self.entered.is_some() && plan.collectors.iter().any(|collector| self.lost_shared(&**collector))
    }

    /// Whether such a table is refused to it, and not lost by trouble that every further attempt would add to.
    pub(crate) fn is_refused_shared_table(&self, plan: &Plan) -> bool {
        let refused = |name: &str| {
            let gap = self.tables.gap(name);
            gap.is_some_and(|gap| matches!(gap.reason, Reason::Denied | Reason::DeniedByScp))
        };
        plan.collectors.iter().any(|collector| {
            self.lost_shared(&**collector) && collector.fills().iter().any(|table| refused(table.name))
        })
    }

    /// Whether a table that is the same in every account was read here, and not only found empty.
    pub(crate) fn has_read_shared_table(&self, plan: &Plan) -> bool {
        plan.collectors
            .iter()
            .filter(|collector| collector.is_shared())
            .any(|collector| collector.fills().iter().any(|table| self.tables.count(table.name) > 0))
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
        let Some(session) = self.entered.as_ref().map(|opened| opened.session.clone()) else {
            return;
        };
        for collector in &plan.collectors {
            if self.lost_shared(&**collector) {
                run_collector(&**collector, &session, &mut self.tables).await;
            }
        }
    }

    /// The checks that judge this account, with its settings.
    fn checks<'p>(&self, plan: &'p Plan) -> Vec<&'p dyn DynCheck> {
        let mut checks = plan.checks.for_account(&self.account);
        if let Some(retained) = &self.retained {
            checks.retain(|check| retained.concerns(*check));
        }
        checks
    }

    /// Judges once, and lets the collectors read what is worth a call only for what is flagged. `account` now carries its
    /// path.
    pub(crate) async fn read_details(&mut self, plan: &Plan, organization: &Organization) {
        let Some(session) = self.entered.as_ref().map(|opened| opened.session.clone()) else {
            return;
        };
        for (collector, details) in plan.detailed() {
            if self.tables.rows(details.table.name).is_none() {
                continue;
            }
            let flagged = self.flagged(details, plan, organization);
            if flagged.is_empty() {
                continue;
            }
            let reading = collector.read_details(&session, &flagged, plan.most_details, &mut self.tables);
            let read = AssertUnwindSafe(reading).catch_unwind().await;
            let gap = match read {
                Ok(read) => read.err(),
                Err(panic) => {
                    let message =
                        format!("collector {} failed: {}", collector.name(), panic_message(&*panic));
                    self.tables.note(format!("details were not read: {message}"));
                    Some(Gap::new(Reason::MalformedAnswer).because(&message))
                }
            };
            self.lost_details = gap.or(self.lost_details.take());
        }
    }

    /// The ARNs of what checks that read this table flag: the gravest first, then by ARN, so that the order in which
    /// answers come decides nothing.
    fn flagged(&mut self, details: Details, plan: &Plan, organization: &Organization) -> Vec<String> {
        self.tables.insert(vec![RosterEntry::from(&self.account)], plan.clock.now());
        let checks: Vec<&dyn DynCheck> =
            self.checks(plan).into_iter().filter(|check| details.are_of(*check)).collect();
        let context = Context { now: plan.now, account: &self.account, organization };
        let mut gravest: BTreeMap<String, i32> = BTreeMap::new();
        for result in evaluate(&self.tables, &checks, &context) {
            for outcome in result.outcomes.into_iter().filter(|outcome| outcome.status == Status::Fail) {
                let rank = outcome.severity.unwrap_or(result.metadata.severity).rank();
                let known = gravest.entry(outcome.resource.uid).or_insert(rank);
                *known = rank.max(*known);
            }
        }
        let mut flagged: Vec<(String, i32)> = gravest.into_iter().collect();
        flagged.sort_by_key(|(_, rank)| Reverse(*rank));
        flagged.into_iter().map(|(arn, _)| arn).collect()
    }

    /// Runs the checks and makes the rows. `account` now carries its path.
    pub(crate) fn finish(mut self, plan: &Plan, organization: &Organization) -> AccountRows {
        match &self.refusal {
            // Nothing was asked about an account that was left out on purpose, its standing included.
            Some(gap) if gap.reason == Reason::Excluded => {
                self.tables.insert_gap(RosterEntry::SCHEMA.name, gap.clone(), plan.clock.now());
            }
            _ => self.tables.insert(vec![RosterEntry::from(&self.account)], plan.clock.now()),
        }
        let checks = self.checks(plan);
        let context = Context { now: plan.now, account: &self.account, organization };
        let computed = compute(&mut self.tables, plan, &context);
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
            role_arn: self.entered.as_ref().map(|opened| opened.role_arn.clone()),
            api_calls: self.usage.calls() as i64,
            throttles: self.usage.throttles() as i64,
            duration_ms: self.started.elapsed().as_millis() as i64,
            taken_from_scan_id: self.retained.as_ref().map(|retained| retained.scan_id.clone()),
            notes: (!self.tables.notes().is_empty())
                .then(|| orgsweep_model::text::bounded(&self.tables.notes().join("; "), LONGEST_NOTES)),
            ou_ids: (!self.account.ou_ids.is_empty()).then(|| self.account.ou_ids.join("/")),
        };
        let mut table_reads = self.table_reads(plan);
        table_reads.extend(computed);
        let mut rows = AccountRows {
            headline,
            coverage: results.iter().map(|result| rows::coverage(&self.account, result)).collect(),
            findings: rows::findings(&self.account, organization, results),
            table_reads,
            api_calls: ApiCallRecord::of(Some(self.account.id), &self.usage),
            facts: self.facts(plan),
            lost_details: self.lost_details.take(),
            record,
        };
        if let Some(retained) = &self.retained {
            rows.keep(retained);
        }
        rows
    }

    /// A line for every table that was to be read, the parts of one each, and then one for the whole of it.
    fn table_reads(&self, plan: &Plan) -> Vec<TableRead> {
        let collected = plan.tables();
        let is_there = |table: &&TableSchema| self.tables.contains(table.name);
        let mut reads: Vec<TableRead> = collected
            .iter()
            .copied()
            .filter(is_there)
            .map(|table| self.table_read(table.name, table.name, plan))
            .collect();
        for table in plan.stored.iter().filter(|table| !table.parts.is_empty()) {
            let parts: Vec<&str> =
                table.parts.iter().copied().filter(is_there).map(|part| part.name).collect();
            let lost = parts.iter().find(|part| self.tables.gap(part).is_some());
            if let Some(like) = lost.or(parts.first()) {
                reads.push(self.table_read(table.name, like, plan));
            }
        }
        reads
    }

    /// What became of a table; `like` says why, and when it was read.
    fn table_read(&self, table: &'static str, like: &str, plan: &Plan) -> TableRead {
        let observed_at = self.tables.observed_at(like).unwrap_or(plan.now);
        let read = self.tables.gap(like).map_or(Ok(self.tables.count(table)), Err);
        TableRead {
            row_count: self.tables.count(table) as i64,
            ..TableRead::of(self.account.id, table, read, observed_at)
        }
    }

    fn facts(&self, plan: &Plan) -> Vec<Arc<dyn Rows>> {
        let renewed = self.retained.as_ref().map(|retained| retained.renewed_facts(plan));
        plan.stored
            .iter()
            .filter(|table| renewed.as_ref().is_none_or(|renewed| renewed.contains(table.name)))
            .filter_map(|table| self.tables.rows(table.name))
            .collect()
    }
}

/// Computes the tables that are made of others, and says what became of each: what was lost of an input is lost of it too.
fn compute(tables: &mut Tables, plan: &Plan, context: &Context<'_>) -> Vec<TableRead> {
    let collected = plan.tables();
    let mut reads = Vec::new();
    for table in plan.computed_tables() {
        let name = table.schema().name;
        let wanted = table.dependencies();
        let is_wanted = |input: &&str| collected.iter().any(|table| table.name == *input);
        let inputs: Vec<&str> =
            wanted.iter().map(|dependency| dependency.table.name).filter(is_wanted).collect();
        if !inputs.iter().any(|input| tables.contains(input)) {
            continue;
        }
        let lost = inputs.iter().copied().find(|input| tables.gap(input).is_some());
        let observed_at = tables.observed_at(lost.unwrap_or(inputs[0])).unwrap_or(plan.now);
        let made = table.compute(tables, context);
        let read = match (&made, lost.and_then(|lost| tables.gap(lost))) {
            (Err(gap), _) | (Ok(_), Some(gap)) => Err(gap),
            (Ok(rows), None) => Ok(rows.len()),
        };
        let read = TableRead::of(context.account.id, name, read, observed_at);
        match made {
            Ok(rows) => {
                reads.push(TableRead { row_count: rows.len() as i64, ..read });
                tables.insert_rows(rows, observed_at);
            }
            Err(gap) => {
                reads.push(read);
                tables.insert_gap(name, gap, observed_at);
            }
        }
    }
    reads
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
