//! `orgsweep scan --plan`: what would be done, and nothing done but listing the accounts.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use orgsweep_model::text::printable;
use orgsweep_model::{Account, Gap, Organization};
use orgsweep_sweep::filter::{RosterKey, inactive};
use orgsweep_sweep::{Listed, ScanError, Source, Unmatched};

use crate::commands::scan::estimate::Estimate;
use crate::exit::{Exit, Failure};
use crate::options::PrintFormat;
use crate::resolve::Prepared;
use crate::resolve::access;
use crate::terminal::json::{self, v1};
use crate::terminal::{ColorWhen, Layout, wrap};

/// What would be done.
struct Planned<'a> {
    prepared: &'a Prepared,
    organization: Organization,
    chosen: Vec<Account>,
    left_out: BTreeMap<String, usize>,
    warnings: Vec<String>,
    estimate: Estimate,
}

/// Lists the accounts and prints the plan. `share`: processes that share the rates.
pub async fn print(
    source: Arc<dyn Source>,
    prepared: &Prepared,
    format: PrintFormat,
    share: u32,
) -> Result<Exit, Failure> {
    let planned = planned(source, prepared, share).await?;
    match format {
        PrintFormat::Text => crate::terminal::print(&planned.text(Layout::of_output(ColorWhen::Auto))),
        PrintFormat::Json => crate::terminal::print(&(json::lines(&planned.json()) + "\n")),
    }
}

async fn planned(source: Arc<dyn Source>, prepared: &Prepared, share: u32) -> Result<Planned<'_>, Failure> {
    let failed = |error: orgsweep_sweep::SourceError| Failure::new(error.to_string());
    let organization = source.organization().await.map_err(failed)?;
    let plan = &prepared.scan.plan;
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
    let unmatched = if plan.is_a_shard { Unmatched::default() } else { plan.unmatched(&roster) };
    if !unmatched.wanted.is_empty() {
        return Err(Failure::new(ScanError::Unmatched(unmatched.wanted).to_string()));
    }
    if chosen.is_empty() && !plan.is_a_shard {
        return Err(Failure::new(ScanError::NothingToScan { listed: roster.len() }.to_string()));
    }
    let limits = access::pace(&prepared.options.pace, share)?.limits;
    let estimate = Estimate::of(
        plan,
        &limits,
        chosen.len() as u64,
        roster.len() as u64,
        prepared.access.roles.len() as u64,
        organization.id != Organization::NONE,
    );
    Ok(Planned { prepared, organization, chosen, left_out, warnings: unmatched.excluded, estimate })
}

fn refusal(prepared: &Prepared, account: &Account) -> Option<Gap> {
    prepared.scan.plan.filter.refuses(account).or_else(|| inactive(account))
}

impl Planned<'_> {
    fn roles(&self) -> Vec<String> {
        self.prepared.access.roles.iter().map(ToString::to_string).collect()
    }

    fn text(&self, layout: Layout) -> String {
        let plan = &self.prepared.scan.plan;
        let mut text = String::new();
        // Writing to a String cannot fail; the results are dropped on purpose throughout.
        let _ = writeln!(
            text,
            "Organization {} ({})",
            printable(&self.organization.id),
            self.organization.partition
        );
        let _ = writeln!(text, "\nAccounts    {} to enter", self.chosen.len());
        for account in &self.chosen {
            let _ = writeln!(text, "  {} {}", account.id, printable(account.name.as_deref().unwrap_or("-")));
        }
        for (why, count) in &self.left_out {
            let _ = writeln!(text, "  {count} left out: {}", printable(why));
        }
        for message in &self.warnings {
            let _ = writeln!(text, "  warning: {}", printable(message));
        }
        let _ = writeln!(text, "\nChecks      {}", plan.checks.len());
        for check in plan.checks.checks() {
            let _ = writeln!(text, "  {}", check.metadata().id);
        }
        let _ = writeln!(text, "\nTables");
        for collector in &plan.collectors {
            let tables: Vec<&str> = collector.fills().iter().map(|table| table.name).collect();
            beside(&mut text, &format!("  {:<24} ", collector.name()), &tables.join(", "), layout);
        }
        let roles = format!("{} (the caller needs sts:AssumeRole on them)", self.roles().join(", then "));
        text.push('\n');
        beside(&mut text, "Roles       ", &roles, layout);
        let _ = writeln!(text, "\nActions     in each account, read-only");
        for action in plan.actions() {
            let _ = writeln!(text, "  {action}");
        }
        let estimate = &self.estimate;
        let calls = format!(
            "about {}: at most {} in each account of up to 1,000 entities (polls of the credential report not counted) and \
             about {} once, besides listing",
            estimate.calls, estimate.calls_per_account, estimate.calls_per_scan
        );
        text.push('\n');
        beside(&mut text, "Calls       ", &calls, layout);
        beside(&mut text, "Time        ", &estimate.time(), layout);
        match &self.prepared.access.session_policy {
            Some(policy) => {
                let _ = writeln!(text, "\nSession policy ({} of 2048 characters)\n  {policy}", policy.len());
            }
            None => {
                let _ = writeln!(text, "\nSession policy none: roles are used with all their permissions");
            }
        }
        text
    }

    fn json(&self) -> v1::plan::Plan {
        let plan = &self.prepared.scan.plan;
        let left_out = self.left_out.iter();
        v1::plan::Plan {
            schema_version: v1::Version,
            organization: v1::plan::Organization {
                id: self.organization.id.clone(),
                partition: self.organization.partition.clone(),
            },
            accounts: self.chosen.iter().map(v1::plan::Account::from).collect(),
            left_out: left_out
                .map(|(reason, accounts)| v1::plan::LeftOut { reason: reason.clone(), accounts: *accounts })
                .collect(),
            warnings: self.warnings.clone(),
            checks: plan.checks.checks().map(|check| check.id().to_owned()).collect(),
            collectors: plan
                .collectors
                .iter()
                .map(|collector| v1::plan::Collector::from(&**collector))
                .collect(),
            roles: self.roles(),
            actions: plan.actions().into_iter().map(str::to_owned).collect(),
            estimate: self.estimate.json(),
            session_policy: self.prepared.access.session_policy.clone(),
        }
    }
}

/// Words beside a head, the further lines below the first.
fn beside(text: &mut String, head: &str, words: &str, layout: Layout) {
    let lines = wrap(words.split(' '), layout.prose.saturating_sub(head.len()).max(20));
    for (number, line) in lines.iter().enumerate() {
        let head = if number == 0 { head.to_owned() } else { " ".repeat(head.len()) };
        let _ = writeln!(text, "{head}{line}");
    }
}
