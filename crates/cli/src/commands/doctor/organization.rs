//! What can be read of the organization: tried with a call or two, or read whole where verdicts about accounts rest on it.

use orgsweep_model::facts::OrganizationPolicy;
use orgsweep_model::{Gap, Organization, Row as _};
use orgsweep_sweep::{OrganizationAccess, OrganizationFacts, Plan, Source};

/// What came of it.
pub struct AboutOrganization {
    /// Whether its policies can be read; `None`: no scan with these options reads them.
    pub policies: Option<Result<(), Gap>>,
    /// Other tables that cannot be read.
    pub other_tables: Vec<(&'static str, Gap)>,
    /// What was read, where verdicts about accounts rest on it.
    pub facts: Option<OrganizationFacts>,
}

/// Looks at every table that a scan would read of the organization.
pub async fn look(source: &dyn Source, plan: &Plan, organization: &Organization) -> AboutOrganization {
    let mut about = AboutOrganization { policies: None, other_tables: Vec::new(), facts: None };
    let OrganizationAccess::Session(session) = source.organization_access().await else {
        if plan.judges_with_organization() {
            about.facts = Some(OrganizationFacts::read(source, plan, organization).await);
        }
        return about;
    };
    if plan.judges_with_organization() {
        about.facts = Some(OrganizationFacts::collect(&session, plan, organization).await);
    }
    for collector in &plan.organization_collectors {
        let tables = collector.fills();
        let tried = match &about.facts {
            Some(facts) => tables.iter().try_for_each(|table| facts.tables.read(table).map_err(Clone::clone)),
            None => collector.inspect(&session).await,
        };
        if tables.contains(&OrganizationPolicy::SCHEMA) {
            about.policies = Some(tried);
        } else if let (Err(gap), Some(table)) = (tried, tables.first()) {
            about.other_tables.push((table.name, gap));
        }
    }
    about
}
