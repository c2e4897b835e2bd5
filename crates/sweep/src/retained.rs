//! What an account keeps from an earlier scan when only what was lost is read again.

use std::collections::BTreeSet;

use orgsweep_model::check::DynCheck;
use orgsweep_model::records::{CoverageRecord, FindingRecord, TableRead, TableReadOutcome};
use orgsweep_model::registry::ROSTER;
use orgsweep_model::{Collector, Grain};

use crate::plan::Plan;

/// The rows of an account that was scanned in part.
#[derive(Clone, Debug, Default)]
pub struct Retained {
    /// The scan that they are from.
    pub scan_id: String,
    /// One per enabled check.
    pub coverage: Vec<CoverageRecord>,
    /// All findings.
    pub findings: Vec<FindingRecord>,
    /// One per wanted table.
    pub table_reads: Vec<TableRead>,
}

impl Retained {
    fn lost(&self) -> BTreeSet<&str> {
        let lost = self.table_reads.iter().filter(|read| read.outcome == TableReadOutcome::Gap);
        lost.map(|read| read.table_name.as_str()).collect()
    }

    /// Whether a check has to be run again: it reads a table that was lost.
    pub fn concerns(&self, check: &dyn DynCheck) -> bool {
        let lost = self.lost();
        check.dependencies().iter().any(|dependency| lost.contains(dependency.table.name))
    }

    /// The tables to read again: those that were lost, and what is looked at together with them, so that no verdict rests
    /// on facts of two moments.
    pub fn tables(&self, plan: &Plan) -> BTreeSet<&'static str> {
        let lost = self.lost();
        let known: BTreeSet<&'static str> = plan.tables().iter().map(|table| table.name).collect();
        let mut tables: BTreeSet<&'static str> =
            known.iter().copied().filter(|name| lost.contains(name)).collect();
        for check in plan.checks.checks().filter(|check| self.concerns(*check)) {
            tables.extend(check.dependencies().iter().map(|dependency| dependency.table.name));
        }
        tables.remove(ROSTER);
        loop {
            let before = tables.len();
            // What is stored in one table is of one moment.
            for group in together(plan) {
                if group.iter().any(|input| tables.contains(input)) {
                    tables.extend(group.iter().filter(|input| known.contains(*input)));
                }
            }
            // A collector fills all of its tables or none.
            for collector in &plan.collectors {
                if fills_any(&**collector, &tables) {
                    tables.extend(collector.fills().iter().map(|table| table.name));
                }
            }
            if tables.len() == before {
                return tables;
            }
        }
    }

    /// The stored fact tables that are made anew.
    pub fn renewed_facts(&self, plan: &Plan) -> BTreeSet<&'static str> {
        let mut tables = self.tables(plan);
        for table in plan.computed_tables() {
            if table.dependencies().iter().any(|input| tables.contains(input.table.name)) {
                tables.insert(table.schema().name);
            }
        }
        for table in &plan.stored {
            let is_renewed = table.parts.iter().any(|part| tables.contains(part.name));
            // What an earlier scan has of texts stays; what is new is added.
            if is_renewed || table.grain == Grain::Text {
                tables.insert(table.name);
            }
        }
        tables
    }
}

/// Tables that are stored as one: parts, and what is computed together.
fn together(plan: &Plan) -> Vec<Vec<&'static str>> {
    let computed = plan
        .computed_tables()
        .map(|table| table.dependencies().iter().map(|dependency| dependency.table.name).collect());
    let parts = plan.stored.iter().map(|table| table.parts.iter().map(|part| part.name).collect());
    computed.chain(parts).collect()
}

/// Whether a collector fills one of the tables.
pub fn fills_any(collector: &dyn Collector, tables: &BTreeSet<&'static str>) -> bool {
    collector.fills().iter().any(|table| tables.contains(table.name))
}
