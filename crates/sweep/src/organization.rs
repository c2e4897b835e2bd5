//! The visit of the organization: its collectors run once, beside the accounts.

use orgsweep_model::organization::OrganizationSnapshot;
use orgsweep_model::records::TableRead;
use orgsweep_model::{Gap, Organization, Reason, Session, TableSchema, Tables, Timestamp};

use crate::account::{begin_collector, run_collector};
use crate::plan::Plan;
use crate::source::{OrganizationAccess, Source};

/// What was read of the organization.
pub struct OrganizationFacts {
    /// Rows or a gap for every table that was wanted, and the texts that they name.
    pub tables: Tables,
    /// One line for each table, in the name of the management account. Where there is no organization, there is no line.
    pub reads: Vec<TableRead>,
}

impl OrganizationFacts {
    /// Reads what the plan wants of it; never fails.
    pub async fn read(source: &dyn Source, plan: &Plan, organization: &Organization) -> Self {
        match source.organization_access().await {
            OrganizationAccess::Session(session) => Self::collect(&session, plan, organization).await,
            OrganizationAccess::Snapshot(snapshot) => Self::of_snapshot(&snapshot, plan),
            OrganizationAccess::None => Self::none(plan, organization),
        }
    }

    /// Runs the organization's collectors.
    pub async fn collect(session: &Session, plan: &Plan, organization: &Organization) -> Self {
        let mut tables = Tables::new();
        for collector in &plan.organization_collectors {
            begin_collector(&**collector, session).await;
        }
        for collector in &plan.organization_collectors {
            run_collector(&**collector, session, &mut tables).await;
        }
        Self::of(tables, plan, organization)
    }

    /// Of no organization.
    pub fn none(plan: &Plan, organization: &Organization) -> Self {
        let gap = Gap::new(Reason::NotCollected)
            .because("there is no organization to read: the accounts were not listed by Organizations");
        // It has no line of its own: the same whenever the facts are judged.
        Self::lost_at(&gap, plan.now, plan, organization)
    }

    /// Of what `discover` read.
    pub fn of_snapshot(snapshot: &OrganizationSnapshot, plan: &Plan) -> Self {
        let organization = &snapshot.organization;
        match snapshot.facts.tables(&plan.organization_tables(), plan.clock.now()) {
            Ok(tables) => Self::of(tables, plan, organization),
            Err(error) => {
                let gap = Gap::new(Reason::MalformedAnswer).because(&format!("the roster's {error}"));
                Self::lost(&gap, plan, organization)
            }
        }
    }

    /// Of tables that were read, with a gap for each that was not.
    pub fn of(mut tables: Tables, plan: &Plan, organization: &Organization) -> Self {
        let (wanted, now) = (plan.organization_tables(), plan.clock.now());
        for table in &wanted {
            if !tables.contains(table.name) {
                let gap = Gap::new(Reason::NotCollected).because("it was not collected");
                tables.insert_gap(table.name, gap, now);
            }
        }
        let reads = if organization.id == Organization::NONE { Vec::new() } else { wanted };
        let whose = organization.management_account_id;
        let reads = reads.iter().map(|table| TableRead::in_tables(whose, table.name, &tables, now)).collect();
        Self { tables, reads }
    }

    /// Nothing was read.
    pub fn lost(gap: &Gap, plan: &Plan, organization: &Organization) -> Self {
        Self::lost_at(gap, plan.clock.now(), plan, organization)
    }

    fn lost_at(gap: &Gap, moment: Timestamp, plan: &Plan, organization: &Organization) -> Self {
        let mut tables = Tables::new();
        for table in plan.organization_tables() {
            tables.insert_gap(table.name, gap.clone(), moment);
        }
        Self::of(tables, plan, organization)
    }
}

impl Plan {
    /// The tables that the organization's collectors fill, in order.
    pub fn organization_tables(&self) -> Vec<&'static TableSchema> {
        self.organization_collectors.iter().flat_map(|collector| collector.fills().iter().copied()).collect()
    }
}
