//! One account, from opening to facts. Everything that goes wrong in here becomes a gap of this account.

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
    Account, Collector, Context, Details, DynCheck, Gap, Organization, Reason, Row as _, Session, Status,
    Tables, Usage,
};

use crate::account_facts::AccountFacts;
use crate::plan::Plan;
use crate::source::{Opened, Source};
use crate::stop::Pending;

/// The longest text of an account's notes, characters.
const LONGEST_NOTES: usize = 2000;

impl Pending {
    /// What a scan that is published without the account says of it.
    pub fn facts(self, plan: &Plan) -> AccountFacts {
        let stopped =
            || Gap::new(Reason::Cancelled).because("the scan was stopped before this account was started");
        let gap = self.refusal.unwrap_or_else(stopped);
        Visit::refused(self.account, gap, plan).with_usage(self.usage).finish(plan)
    }
}

/// An account that is being collected.
pub(crate) struct Visit {
    pub(crate) account: Account,
    tables: Tables,
    entered: Option<Opened>,
    /// Why the account as a whole was not entered.
    refusal: Option<Gap>,
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
        if plan.collectors.is_empty() {
            // The roster is enough: nobody has to be let in.
            return Self {
                account,
                tables,
                entered: None,
                refusal: None,
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
            Err(gap) => Self { started, ..Self::refused(account, gap, &plan).with_usage(Some(usage)) },
            Ok(opened) => {
                for note in &opened.notes {
                    tables.note(note.clone());
                }
                for collector in &plan.collectors {
                    begin_collector(&**collector, &opened.session).await;
                }
                for collector in &plan.collectors {
                    run_collector(&**collector, &opened.session, &mut tables).await;
                }
                let entered = Some(opened);
                Self { account, tables, entered, refusal: None, usage, started, lost_details: None }
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
        Self { account, tables, entered: None, refusal, usage, started, lost_details: None }
    }

    /// With what was asked of AWS for it.
    pub(crate) fn with_usage(mut self, usage: Option<Arc<Usage>>) -> Self {
        self.usage = usage.unwrap_or_default();
        self
    }

    /// Whether the account could not be entered this time, and an earlier scan has more of it than nothing.
    pub(crate) fn reuses_previous(&self, plan: &Plan) -> bool {
        self.refusal.is_some() && plan.had.contains(&self.account.id)
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
                    self.tables.note(format!("details could not be read: {message}"));
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
        let checks: Vec<&dyn DynCheck> = plan
            .checks
            .for_account(&self.account)
            .into_iter()
            .filter(|check| details.are_of(*check))
            .collect();
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

    /// What was collected. `account` now carries its path.
    pub(crate) fn finish(mut self, plan: &Plan) -> AccountFacts {
        match &self.refusal {
            // Nothing was asked about an account that was left out on purpose, its standing included.
            Some(gap) if gap.reason == Reason::Excluded => {
                self.tables.insert_gap(RosterEntry::SCHEMA.name, gap.clone(), plan.clock.now());
            }
            _ => self.tables.insert(vec![RosterEntry::from(&self.account)], plan.clock.now()),
        }
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
                let whole = lost_tables(&lost, Gap::to_string);
                (Some(gap.reason), Some(whole), Some(lost_tables(&lost, Gap::headline)))
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
            taken_from_scan_id: None,
            notes: (!self.tables.notes().is_empty())
                .then(|| orgsweep_model::text::bounded(&self.tables.notes().join("; "), LONGEST_NOTES)),
            ou_ids: (!self.account.ou_ids.is_empty()).then(|| self.account.ou_ids.join("/")),
        };
        AccountFacts {
            headline,
            table_reads: self.table_reads(plan),
            api_calls: ApiCallRecord::of(Some(self.account.id), &self.usage),
            lost_details: self.lost_details,
            account: self.account,
            tables: self.tables,
            record,
        }
    }

    /// A line for every table, or part of one, that was to be read.
    fn table_reads(&self, plan: &Plan) -> Vec<TableRead> {
        let collected = plan.tables();
        let names = collected.iter().map(|table| table.name).chain([RosterEntry::SCHEMA.name]);
        let names = names.filter(|name| self.tables.contains(name));
        names.map(|name| TableRead::in_tables(self.account.id, name, &self.tables, plan.now)).collect()
    }
}

/// Starts what takes AWS a while. A panic here shows again in `collect`, where it becomes a gap.
pub(crate) async fn begin_collector(collector: &dyn Collector, session: &Session) {
    let _ = AssertUnwindSafe(collector.begin(session)).catch_unwind().await;
}

/// Runs one collector; whatever it leaves out, a panic included, is a gap.
pub(crate) async fn run_collector(collector: &dyn Collector, session: &Session, tables: &mut Tables) {
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

/// `credentials, access_keys: DENIED at iam:GetCredentialReport …`: the tables that were lost, by reason.
pub fn lost_tables(lost: &[(&'static str, &Gap)], words: impl Fn(&Gap) -> String) -> String {
    let mut parts: Vec<(String, Vec<&str>)> = Vec::new();
    for (table, gap) in lost {
        let why = words(gap);
        match parts.iter_mut().find(|(known, _)| *known == why) {
            Some((_, tables)) => tables.push(table),
            None => parts.push((why, vec![table])),
        }
    }
    let parts: Vec<String> =
        parts.into_iter().map(|(why, tables)| format!("{}: {why}", tables.join(", "))).collect();
    orgsweep_model::text::bounded(&parts.join("; "), 2000)
}
