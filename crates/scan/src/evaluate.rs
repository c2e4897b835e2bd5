//! Judging: from tables to verdicts and computed tables, with the organization complete. The same for a scan, for its shards, and
//! for a stored scan that is checked again.

use std::sync::Arc;

use orgsweep_model::evaluate::evaluate;
use orgsweep_model::facts::Document;
use orgsweep_model::records::{CoverageRecord, FindingRecord, TableRead};
use orgsweep_model::selection::CheckSet;
use orgsweep_model::{
    Account, Context, DynComputed, Gap, Grain, Organization, Row as _, Rows, TableSchema, Tables, Timestamp,
};
use orgsweep_sweep::{OrganizationFacts, Plan};

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
    /// Whether a verdict about an account may rest on tables of the organization.
    pub needs_organization: bool,
}

/// Everything about the organization that verdicts about accounts may rest on.
pub struct CompleteOrganization {
    /// What was read and computed of it.
    pub tables: Arc<Tables>,
    /// What became of each table, in the name of the management account.
    pub reads: Vec<TableRead>,
}

impl CompleteOrganization {
    /// The rows that the lake stores, and the texts that they name.
    pub fn stored(&self, tables: &[&'static TableSchema]) -> Vec<Arc<dyn Rows>> {
        let of_organization = tables.iter().filter_map(|table| self.tables.rows(table.name));
        let is_of_accounts = |rows: &Arc<dyn Rows>| rows.schema().grain == Grain::Account;
        let texts = self.tables.rows(Document::SCHEMA.name);
        of_organization.filter(|rows| !is_of_accounts(rows)).chain(texts).collect()
    }

    /// The tables that were lost, each with its reason.
    pub fn gaps(&self) -> impl Iterator<Item = (&str, Gap)> {
        self.reads.iter().filter_map(|read| Some((read.table_name.as_str(), read.gap()?)))
    }
}

/// What came of an account.
pub struct Judged {
    /// One per enabled check.
    pub coverage: Vec<CoverageRecord>,
    /// Sorted as the lake wants them.
    pub findings: Vec<FindingRecord>,
    /// The outcome of the tables that are assembled or computed here.
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
            needs_organization: plan.judges_with_organization(),
        }
    }

    /// Adds to what was read of the organization what is computed from that alone: then accounts may be judged with it.
    pub fn complete(&self, facts: OrganizationFacts) -> CompleteOrganization {
        let OrganizationFacts { mut tables, mut reads } = facts;
        // What is about the organization stands with its management account.
        let account = Account::new(self.organization.management_account_id);
        let context = Context { now: self.now, account: &account, organization: &self.organization };
        reads.extend(self.compute(Grain::Organization, &mut tables, &context));
        CompleteOrganization { tables: Arc::new(tables), reads }
    }

    /// Judges an account: computed tables first, so that checks may read them. Their rows are put into the tables. `None`: the
    /// organization is not complete, and no verdict rests on it.
    pub fn judge(
        &self,
        account: &Account,
        tables: &mut Tables,
        organization: Option<&CompleteOrganization>,
    ) -> Judged {
        if let Some(organization) = organization {
            tables.belong_to(Arc::clone(&organization.tables));
        }
        let context = Context { now: self.now, account, organization: &self.organization };
        let mut table_reads = self.whole_tables(account, tables);
        table_reads.extend(self.compute(Grain::Account, tables, &context));
        let results = evaluate(tables, &self.checks.for_account(account), &context);
        Judged {
            coverage: results.iter().map(|result| rows::coverage(account, result)).collect(),
            findings: rows::findings(account, &self.organization, results),
            table_reads,
        }
    }

    /// Computes the tables of a grain, and says what became of each.
    fn compute(&self, grain: Grain, tables: &mut Tables, context: &Context<'_>) -> Vec<TableRead> {
        let of_grain = self.computed.iter().filter(|table| table.schema().grain == grain);
        of_grain.filter_map(|table| compute(&**table, tables, context)).collect()
    }

    /// What became of tables that several collectors fill, as a whole: lost where a part was lost, whatever rows there are.
    fn whole_tables(&self, account: &Account, tables: &Tables) -> Vec<TableRead> {
        let in_parts = self.stored.iter().filter(|table| !table.parts.is_empty());
        in_parts
            .filter_map(|table| {
                made_of(account, table.name, table.parts, tables, tables.count(table.name), self.now)
            })
            .collect()
    }
}

/// Computes a table and says what became of it: what was lost of an input is lost of it too. `None`: nothing that it is made of
/// was to be read.
fn compute(table: &dyn DynComputed, tables: &mut Tables, context: &Context<'_>) -> Option<TableRead> {
    let name = table.schema().name;
    let dependencies = table.dependencies();
    let inputs: Vec<&TableSchema> = dependencies.iter().map(|dependency| dependency.table).collect();
    // Nothing at all is read of it where no input is.
    made_of(context.account, name, &inputs, tables, 0, context.now)?;
    let made = table.compute(tables, context);
    let count = made.as_ref().map_or(0, |rows| rows.len());
    let read = made_of(context.account, name, &inputs, tables, count, context.now)?;
    let observed_at = read.observed_at;
    match made {
        Ok(rows) => {
            match read.gap() {
                None => tables.insert_rows(rows, observed_at),
                Some(gap) => tables.insert_incomplete(rows, gap, observed_at),
            }
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
    inputs: &[&TableSchema],
    tables: &Tables,
    count: usize,
    now: Timestamp,
) -> Option<TableRead> {
    let there: Vec<&TableSchema> =
        inputs.iter().copied().filter(|input| tables.holding(input).contains(input.name)).collect();
    let gap = |input: &TableSchema| tables.holding(input).gap(input.name);
    let lost = there.iter().copied().find(|input| gap(input).is_some());
    let like = lost.or(there.first().copied())?;
    let observed_at = tables.holding(like).observed_at(like.name).unwrap_or(now);
    let read = gap(like).map_or(Ok(count), Err);
    Some(TableRead { row_count: count as i64, ..TableRead::of(account.id, name, read, observed_at) })
}
