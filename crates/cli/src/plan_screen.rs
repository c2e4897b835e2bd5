//! `orgsweep scan --plan`: what would be done, and nothing done but listing the accounts.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use orgsweep_model::text::printable;
use orgsweep_model::{Account, Gap, Reason};
use orgsweep_sweep::Source;

use crate::exit::Failure;
use crate::prepare::Prepared;

/// Lists the accounts and prints the plan.
pub async fn print(
    source: Arc<dyn Source>,
    prepared: &Prepared,
    session_policy: Option<&str>,
) -> Result<u8, Failure> {
    let failed = |error: orgsweep_sweep::SourceError| Failure::new(error.to_string());
    let organization = source.organization().await.map_err(failed)?;
    let plan = &prepared.plan;
    let names = if plan.filter.needs_paths() {
        source
            .unit_names()
            .await
            .map_err(|gap| Failure::new(format!("names of organizational units: {gap}")))?
    } else {
        BTreeMap::new()
    };
    let mut chosen = Vec::new();
    let mut left_out: BTreeMap<String, usize> = BTreeMap::new();
    let mut listing = source.accounts();
    while let Some(account) = listing.recv().await {
        let mut account = account.map_err(failed)?;
        account.ou_path = orgsweep_sweep::run::path(&account, &names);
        match refusal(prepared, &account) {
            None => chosen.push(account),
            Some(gap) => *left_out.entry(gap.to_string()).or_default() += 1,
        }
    }
    let mut text = String::new();
    let _ = writeln!(text, "Organization {} ({})", printable(&organization.id), organization.partition);
    let _ = writeln!(text, "\nAccounts    {} to enter", chosen.len());
    for account in &chosen {
        let _ = writeln!(text, "  {} {}", account.id, printable(account.name.as_deref().unwrap_or("-")));
    }
    for (why, count) in &left_out {
        let _ = writeln!(text, "  {count} left out: {}", printable(why));
    }
    let _ = writeln!(text, "\nChecks      {}", plan.checks.len());
    for check in plan.checks.checks() {
        let _ = writeln!(text, "  {}", check.metadata().id);
    }
    let _ = writeln!(text, "\nTables");
    for collector in &plan.collectors {
        let tables: Vec<&str> = collector.fills().iter().map(|table| table.name).collect();
        let _ = writeln!(text, "  {:<24} {}", collector.name(), tables.join(", "));
    }
    let _ = writeln!(text, "\nActions     in each account, read-only");
    for action in plan.actions() {
        let _ = writeln!(text, "  {action}");
    }
    let per_scan: u32 = plan.collectors.iter().map(|collector| collector.needs().calls_per_scan).sum();
    let _ = writeln!(
        text,
        "\nCalls       at most {} in each account of up to 1,000 entities (polls of the credential report not \
         counted), about {per_scan} once: at most {} in all, besides listing",
        plan.calls_per_account(),
        u64::from(plan.calls_per_account()) * chosen.len() as u64 + u64::from(per_scan),
    );
    match session_policy {
        Some(policy) => {
            let _ = writeln!(text, "\nSession policy ({} of 2048 characters)\n  {policy}", policy.len());
        }
        None => {
            let _ = writeln!(text, "\nSession policy none: roles are used with all their rights");
        }
    }
    crate::print(&text)
}

fn refusal(prepared: &Prepared, account: &Account) -> Option<Gap> {
    prepared.plan.filter.refuses(account).or_else(|| {
        (!account.state.is_scannable())
            .then(|| Gap::new(Reason::AccountNotActive).because(&format!("the account is {}", account.state)))
    })
}
