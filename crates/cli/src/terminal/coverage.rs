//! What was covered, in a line; and what to look at for what was not.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use orgsweep_model::Reason;
use orgsweep_model::records::ScanState;
use orgsweep_sweep::Totals;

/// `56 of 59 active accounts fully scanned, 2 not scanned, 1 partial; 1 suspended`.
pub fn coverage_line(totals: &Totals) -> String {
    let mut line =
        format!("{} of {} active accounts fully scanned", totals.count(ScanState::Scanned), totals.wanted());
    let lost = totals.lost();
    let partial = lost.iter().filter(|account| account.scan_state == ScanState::Partial).count();
    for (count, word) in [(lost.len() - partial, "not scanned"), (partial, "partial")] {
        if count > 0 {
            let _ = write!(line, ", {count} {word}");
        }
    }
    let mut left_out: BTreeMap<String, usize> = BTreeMap::new();
    for account in totals.accounts.iter().filter(|account| account.is_left_out()) {
        let excluded = account.reason_code.as_deref() == Some(Reason::Excluded.as_str());
        let word = if excluded { "excluded".to_owned() } else { account.state.as_str().to_lowercase() };
        *left_out.entry(word.replace('_', " ")).or_default() += 1;
    }
    for (number, (word, count)) in left_out.into_iter().enumerate() {
        let _ = write!(line, "{} {count} {word}", if number == 0 { ";" } else { "," });
    }
    if !totals.organization_gaps.is_empty() {
        line.push_str("; not all of the organization could be read");
    }
    line
}

/// What to look at for the losses that have a usual cause.
pub fn hint(reason: Reason) -> Option<&'static str> {
    match reason {
        Reason::RoleMissingOrUntrusted => Some(
            "AWS does not say whether a role is missing or does not trust the caller: check both, and the external ID",
        ),
        Reason::Denied => Some(
            "the role's own policy lacks the action, or a permissions boundary blocks it; `policy --for member` prints all \
             that is needed",
        ),
        Reason::DeniedByScp => {
            Some("a service control policy denies the action: exempt the audit role from it")
        }
        Reason::ThrottledOut => Some(
            "scan with a lower --max-rate, or at a quieter time; --retry-incomplete reads only what is missing",
        ),
        _ => None,
    }
}
