//! Judging: from an account's tables to verdicts and computed tables. The same for a scan, for its shards, and for a stored scan
//! that is checked again.

use std::sync::Arc;

use orgsweep_model::evaluate::evaluate;
use orgsweep_model::records::{CoverageRecord, FindingRecord, TableRead};
use orgsweep_model::selection::CheckSet;
use orgsweep_model::{Account, Context, DynComputed, Organization, TableSchema, Tables, Timestamp};
use orgsweep_sweep::Plan;

use crate::rows;

/// What decides verdicts, besides an account's tables.
#[derive(Clone)]
pub struct Judge {
    /// The moment that ages count to.
    pub now: Timestamp,
    /// The organization.
    pub organization: Organization,
    /// Enabled checks with their settings.
    pub checks: Arc<CheckSet>,
    /// What is computed from other tables.
    pub computed: Vec<Arc<dyn DynComputed>>,
    /// Tables in parts, of which the whole is reported too.
    pub stored: Vec<&'static TableSchema>,
}

/// What came of an account.
pub struct Judged {
    /// One per enabled check.
    pub coverage: Vec<CoverageRecord>,
    /// Sorted as the lake wants them.
    pub findings: Vec<FindingRecord>,
    /// What became of the tables that are put together or computed here.
    pub table_reads: Vec<TableRead>,
}

impl Judge {
    /// Of a scan's plan.
    pub fn new(plan: &Plan, organization: &Organization) -> Self {
        Self {
            now: plan.now,
            organization: organization.clone(),
            checks: Arc::clone(&plan.checks),
            computed: plan.computed.clone(),
            stored: plan.stored.clone(),
        }
    }

    /// Judges an account: computed tables first, so that checks may read them. Their rows are put into the tables.
    pub fn judge(&self, account: &Account, tables: &mut Tables) -> Judged {
        let context = Context { now: self.now, account, organization: &self.organization };
        let mut table_reads = self.whole_tables(account, tables);
        table_reads.extend(self.computed.iter().filter_map(|table| compute(&**table, tables, &context)));
        let results = evaluate(tables, &self.checks.for_account(account), &context);
        Judged {
            coverage: results.iter().map(|result| rows::coverage(account, result)).collect(),
            findings: rows::findings(account, &self.organization, results),
            table_reads,
        }
    }

    /// What became of tables that several collectors fill, as a whole: lost where a part was lost, whatever rows there are.
    fn whole_tables(&self, account: &Account, tables: &Tables) -> Vec<TableRead> {
        let in_parts = self.stored.iter().filter(|table| !table.parts.is_empty());
        in_parts
            .filter_map(|table| {
                let inputs: Vec<&str> = table.parts.iter().map(|part| part.name).collect();
                made_of(account, table.name, &inputs, tables, tables.count(table.name), self.now)
            })
            .collect()
    }
}

/// Computes a table and says what became of it: what was lost of an input is lost of it too. `None`: nothing that it is made of
/// was to be read.
fn compute(table: &dyn DynComputed, tables: &mut Tables, context: &Context<'_>) -> Option<TableRead> {
    let name = table.schema().name;
    let dependencies = table.dependencies();
    let inputs: Vec<&str> = dependencies.iter().map(|dependency| dependency.table.name).collect();
    // Nothing at all is read of it where no input is.
    made_of(context.account, name, &inputs, tables, 0, context.now)?;
    let made = table.compute(tables, context);
    let count = made.as_ref().map_or(0, |rows| rows.len());
    let read = made_of(context.account, name, &inputs, tables, count, context.now)?;
    let observed_at = read.observed_at;
    match made {
        Ok(rows) => {
            tables.insert_rows(rows, observed_at);
            Some(read)
        }
        Err(gap) => {
            let read = TableRead::of(context.account.id, name, Err(&gap), observed_at);
            tables.insert_gap(name, gap, observed_at);
            Some(read)
        }
    }
}

/// The line of a table that is made of others.
fn made_of(
    account: &Account,
    name: &str,
    inputs: &[&str],
    tables: &Tables,
    count: usize,
    now: Timestamp,
) -> Option<TableRead> {
    let there: Vec<&str> = inputs.iter().copied().filter(|input| tables.contains(input)).collect();
    let lost = there.iter().copied().find(|input| tables.gap(input).is_some());
    let like = lost.or(there.first().copied())?;
    let observed_at = tables.observed_at(like).unwrap_or(now);
    let read = tables.gap(like).map_or(Ok(count), Err);
    Some(TableRead { row_count: count as i64, ..TableRead::of(account.id, name, read, observed_at) })
}
