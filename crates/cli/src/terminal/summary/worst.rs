//! The checks, accounts and organizational units with the worst findings.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use orgsweep_model::Severity;
use orgsweep_model::text::printable;
use orgsweep_sweep::totals::{add, score};
use orgsweep_sweep::{AccountLine, Totals};

use crate::terminal::Screen;
use crate::terminal::layout::{HEADING, Layout, columns, fitted, severity_style};

/// Rows of each table.
const MOST_ROWS: usize = 5;
/// The columns at the right: head, width, severity. Informational findings are counted above.
const SEVERITIES: [Severity; 4] = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];
/// Columns of the number of accounts.
const ACCOUNTS: usize = 9;

struct Row {
    label: String,
    failed: [u64; 5],
    accounts: Option<u64>,
}

/// The check that weighs most.
pub fn check(totals: &Totals) -> Option<&str> {
    worst_checks(totals).first().map(|(check, ..)| *check)
}

fn worst_checks(totals: &Totals) -> Vec<(&str, [u64; 5], u64)> {
    let mut checks: Vec<_> = totals
        .failed_checks
        .iter()
        .map(|(check, sum)| (check.as_str(), sum.failed, sum.accounts))
        .filter(|(_, failed, _)| is_shown(failed))
        .collect();
    checks.sort_by_key(|(check, failed, _)| (Reverse(score(failed)), *check));
    checks
}

/// A row of zeros says nothing.
fn is_shown(failed: &[u64; 5]) -> bool {
    SEVERITIES.iter().any(|severity| count(failed, *severity) > 0)
}

fn count(failed: &[u64; 5], severity: Severity) -> u64 {
    failed[(severity.rank() - 1) as usize]
}

/// Writes the three tables.
pub fn write(screen: &mut Screen, totals: &Totals) {
    let checks = worst_checks(totals).into_iter().map(|(check, failed, accounts)| Row {
        label: check.to_owned(),
        failed,
        accounts: Some(accounts),
    });
    let mut accounts: Vec<&AccountLine> =
        totals.accounts.iter().filter(|line| is_shown(&line.failed)).collect();
    accounts.sort_by_key(|line| (Reverse(line.score()), line.id));
    let accounts = accounts.into_iter().map(|line| Row {
        label: format!("{} {}", line.id, printable(line.name.as_deref().unwrap_or("-"))),
        failed: line.failed,
        accounts: None,
    });
    let mut units: BTreeMap<&str, ([u64; 5], u64)> = BTreeMap::new();
    for line in totals.accounts.iter().filter(|line| is_shown(&line.failed)) {
        let unit = units.entry(line.ou_path.as_deref().unwrap_or("(unit not known)")).or_default();
        add(&mut unit.0, line.failed);
        unit.1 += 1;
    }
    let mut units: Vec<_> = units.into_iter().collect();
    units.sort_by_key(|(path, (failed, _))| (Reverse(score(failed)), *path));
    let units = units.into_iter().map(|(path, (failed, accounts))| Row {
        label: printable(path).into_owned(),
        failed,
        accounts: Some(accounts),
    });
    table(screen, "Worst checks", checks.take(MOST_ROWS).collect());
    table(screen, "Worst accounts", accounts.take(MOST_ROWS).collect());
    table(screen, "Worst organizational units", units.take(MOST_ROWS).collect());
}

fn table(screen: &mut Screen, title: &str, rows: Vec<Row>) {
    if rows.is_empty() {
        return;
    }
    let layout = screen.layout;
    let right: usize = SEVERITIES.iter().map(|severity| width(*severity)).sum::<usize>() + ACCOUNTS;
    let widest = rows.iter().map(|row| columns(&row.label)).max().unwrap_or(0);
    // The tables stand under one another: the numbers are in the same columns in all of them.
    let label =
        widest.max(42).min(layout.width.saturating_sub(2 + right)).max(columns(title).saturating_sub(2));
    let mut heads = String::new();
    for severity in SEVERITIES {
        let _ = write!(heads, "{:>width$}", severity.as_str(), width = width(severity));
    }
    if rows.iter().any(|row| row.accounts.is_some()) {
        let _ = write!(heads, "{:>ACCOUNTS$}", "accounts");
    }
    let blank = " ".repeat((2 + label).saturating_sub(columns(title)));
    let _ = writeln!(screen.text, "\n{}{blank}{heads}", layout.paint(HEADING, title));
    for row in rows {
        let _ = write!(screen.text, "  {}", fitted(&row.label, label));
        for severity in SEVERITIES {
            screen.text.push_str(&cell(layout, severity, count(&row.failed, severity)));
        }
        if let Some(accounts) = row.accounts {
            let _ = write!(screen.text, "{accounts:>ACCOUNTS$}");
        }
        screen.text.push('\n');
    }
}

/// Of a column: the head, or seven digits.
fn width(severity: Severity) -> usize {
    if severity == Severity::Critical { 9 } else { 8 }
}

/// A number at the right of its column; zero is a dash, which the eye passes over.
fn cell(layout: Layout, severity: Severity, count: u64) -> String {
    let text = if count == 0 { "-".to_owned() } else { count.to_string() };
    let blank = " ".repeat(width(severity).saturating_sub(text.len()));
    if count == 0 { blank + &text } else { blank + &layout.paint(severity_style(severity), &text) }
}
