//! The exit code of a scan, and why it is that one.

use std::collections::BTreeSet;

use orgsweep_model::records::ScanState;
use orgsweep_model::{Reason, Severity};
use orgsweep_sweep::Totals;

use crate::exit::Exit;
use crate::options::ScanOptions;
use crate::terminal::plural;

/// How a scan ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The highest that applies.
    pub exit: Exit,
    /// What led to it, the decisive first; never empty.
    pub reasons: Vec<String>,
}

impl Verdict {
    /// Of these sums under these options.
    pub fn of(totals: &Totals, options: &ScanOptions, stopped_early: bool) -> Self {
        let incomplete = incomplete(totals, options, stopped_early);
        let findings = options.output.fail_on.and_then(|least| findings(totals, least));
        let exit = match (incomplete.is_empty(), &findings) {
            (false, _) => Exit::Incomplete,
            (true, Some(_)) => Exit::Found,
            (true, None) => Exit::Complete,
        };
        let mut reasons = incomplete;
        reasons.extend(findings);
        if reasons.is_empty() {
            reasons.push(complete(totals, options));
        }
        Self { exit, reasons }
    }

    /// The code in a word.
    pub const fn word(&self) -> &'static str {
        match self.exit {
            Exit::Complete => "complete",
            Exit::Found => "findings",
            _ => "incomplete coverage",
        }
    }

    /// `2 (incomplete coverage): 2 accounts not scanned, 1 partial`.
    pub fn sentence(&self) -> String {
        format!("{} ({}): {}", self.exit, self.word(), self.reasons.join("; "))
    }
}

/// What makes the coverage incomplete, if anything does.
fn incomplete(totals: &Totals, options: &ScanOptions, stopped_early: bool) -> Vec<String> {
    let mut reasons = Vec::new();
    if stopped_early {
        reasons.push("the scan was stopped before its end".to_owned());
    }
    let lost = totals.lost();
    match options.output.min_coverage {
        None if !lost.is_empty() => {
            let partial = lost.iter().filter(|line| line.scan_state == ScanState::Partial).count();
            let words: Vec<String> = [(lost.len() - partial, "not scanned"), (partial, "partial")]
                .into_iter()
                .filter(|(count, _)| *count > 0)
                .enumerate()
                .map(|(position, (count, word))| {
                    if position == 0 {
                        format!("{} {word}", plural(count, "account"))
                    } else {
                        format!("{count} {word}")
                    }
                })
                .collect();
            reasons.push(words.join(", "));
        }
        Some(percent) if totals.covered_percent() < percent => reasons.push(format!(
            "{:.1} % of the chosen accounts fully scanned, less than --min-coverage {percent}",
            // Not rounded up to what was requested.
            (totals.covered_percent() * 10.0).floor() / 10.0
        )),
        _ => {}
    }
    // No share of the accounts makes up for this.
    for gap in &totals.organization_gaps {
        reasons.push(format!(
            "not all of the organization could be read ({})",
            gap.split(": ").next().unwrap_or(gap)
        ));
    }
    // Only a stored scan that is checked again can lack what was not collected.
    let checks: BTreeSet<&String> = totals
        .unknown
        .keys()
        .filter(|(_, reason)| reason == Reason::NotCollected.as_str())
        .map(|(check, _)| check)
        .collect();
    if !checks.is_empty() {
        reasons.push(format!("tables of {} were not collected", plural(checks.len(), "check")));
    }
    for (check, accounts) in &totals.check_failures {
        reasons.push(format!("check {check} crashed in {}", plural(*accounts as usize, "account")));
    }
    reasons
}

/// Findings at or above `--fail-on`, if there are any.
fn findings(totals: &Totals, least: Severity) -> Option<String> {
    let counts: Vec<String> = Severity::ALL
        .into_iter()
        .zip(totals.failed)
        .rev()
        .filter(|(severity, count)| *severity >= least && *count > 0)
        .map(|(severity, count)| format!("{count} {severity}"))
        .collect();
    let total: u64 = Severity::ALL
        .into_iter()
        .zip(totals.failed)
        .filter(|(severity, _)| *severity >= least)
        .map(|(_, count)| count)
        .sum();
    let noun = if total == 1 { "finding" } else { "findings" };
    (!counts.is_empty()).then(|| format!("{} {noun} at or above --fail-on {least}", counts.join(" and ")))
}

fn complete(totals: &Totals, options: &ScanOptions) -> String {
    let mut reason = match options.output.min_coverage {
        Some(percent) if !totals.lost().is_empty() => {
            format!(
                "{:.1} % of the chosen accounts fully scanned, --min-coverage is {percent}",
                totals.covered_percent()
            )
        }
        _ => "all chosen accounts fully scanned".to_owned(),
    };
    if let Some(least) = options.output.fail_on {
        reason.push_str(&format!(", no finding at or above --fail-on {least}"));
    }
    reason
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_collected_is_missing_and_what_stays_undecided_is_answered() {
        let verdict = |reason: &str| {
            let unknown = [(("one".to_owned(), reason.to_owned()), 3)].into();
            Verdict::of(&Totals { unknown, ..Totals::default() }, &ScanOptions::default(), false)
        };
        let missing = verdict(Reason::NotCollected.as_str());
        assert_eq!(missing.exit, Exit::Incomplete);
        assert_eq!(missing.sentence(), "2 (incomplete coverage): tables of 1 check were not collected");
        assert_eq!(verdict(Reason::Undecided.as_str()).exit, Exit::Complete);
    }
}
