//! `orgsweep scan --plan`: what would be done, and nothing done but listing the accounts.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use orgsweep_model::text::printable;
use orgsweep_model::{Account, Gap};
use orgsweep_sweep::filter::{RosterKey, inactive};
use orgsweep_sweep::{Listed, ScanError, Source};

use crate::exit::Failure;
use crate::prepare::Prepared;

/// Lists the accounts and prints the plan.
pub async fn print(source: Arc<dyn Source>, prepared: &Prepared) -> Result<u8, Failure> {
    let failed = |error: orgsweep_sweep::SourceError| Failure::new(error.to_string());
    let organization = source.organization().await.map_err(failed)?;
    let plan = &prepared.plan;
    let names = if plan.needs_paths() || source.needs_paths() {
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
    let mut roster = Vec::new();
    let mut is_whole = false;
    while let Some(listed) = listing.recv().await {
        let Listed::Account(account) = listed.map_err(failed)? else {
            is_whole = true;
            break;
        };
        let mut account = *account;
        account.ou_path = account.ou_path.take().or_else(|| orgsweep_sweep::filter::path(&account, &names));
        roster.push(RosterKey::of(&account));
        match refusal(prepared, &account) {
            None => chosen.push(account),
            Some(gap) => *left_out.entry(gap.to_string()).or_default() += 1,
        }
    }
    if !is_whole {
        return Err(Failure::new("listing the accounts broke off before its end"));
    }
    // What the scan would refuse, the plan refuses.
    let unmatched = if plan.is_a_shard { Vec::new() } else { plan.filter.unmatched(&roster) };
    if let Some(message) = unmatched.iter().find(|message| !message.starts_with("--exclude")) {
        return Err(Failure::new(message.clone()));
    }
    if chosen.is_empty() && !plan.is_a_shard {
        return Err(Failure::new(ScanError::NothingToScan { listed: roster.len() }.to_string()));
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
    for message in unmatched {
        let _ = writeln!(text, "  warning: {}", printable(&message));
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
    let _ = writeln!(
        text,
        "\nRoles       {} (the caller needs sts:AssumeRole on them)",
        prepared.access.roles.iter().map(ToString::to_string).collect::<Vec<_>>().join(", then ")
    );
    let _ = writeln!(text, "\nActions     in each account, read-only");
    for action in plan.actions() {
        let _ = writeln!(text, "  {action}");
    }
    let per_scan: u32 = plan.collectors.iter().map(|collector| collector.needs().calls_per_scan).sum();
    // Every candidate role that refuses is one more AssumeRole.
    let each = plan.calls_per_account() + prepared.access.roles.len().saturating_sub(1) as u32;
    let _ = writeln!(
        text,
        "\nCalls       at most {each} in each account of up to 1,000 entities (polls of the credential report not \
         counted), about {per_scan} once: about {} in all, besides listing",
        u64::from(each) * chosen.len() as u64 + u64::from(per_scan),
    );
    match &prepared.access.session_policy {
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
    prepared.plan.filter.refuses(account).or_else(|| inactive(account))
}
