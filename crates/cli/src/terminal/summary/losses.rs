//! Accounts that were lost, by what they were lost for: a reason is never cut, the list of accounts may be.

use std::collections::{BTreeMap, BTreeSet};

use orgsweep_model::Reason;
use orgsweep_model::records::ScanState;
use orgsweep_model::text::printable;
use orgsweep_sweep::{AccountLine, Totals};

use crate::resolve::access::DEFAULT_ROLE;
use crate::terminal::Screen;
use crate::terminal::coverage::hint;
use crate::terminal::layout::{BAD, DOUBTFUL, cut};
use crate::terminal::words::plural;

/// Reasons that are listed in full; accounts of rarer ones are grouped by the class of the reason.
const MOST_REASONS: usize = 20;
/// Accounts that are named for each reason; the rest is counted, and the tables hold them all.
const MOST_ACCOUNTS: usize = 10;
/// Columns of an account's name.
const LONGEST_NAME: usize = 32;
/// AWS's own word for a loss whose way out is ours to name; its reason is the general one.
const PACKED_TOO_LARGE: &str = "PackedPolicyTooLarge";
/// Where a role is refused.
const ASSUME_ROLE: &str = "sts:AssumeRole";

/// Accounts that share a reason.
struct Group<'a> {
    is_partial: bool,
    reason: String,
    accounts: Vec<&'a AccountLine>,
}

/// Writes the accounts that are lost, under their reasons.
pub fn write(screen: &mut Screen, totals: &Totals, roles: &[String]) {
    for gap in &totals.organization_gaps {
        screen.paragraph(&format!("  {:<13}", "organization"), 15, &printable(gap));
    }
    let lost = totals.lost();
    let headings = [(false, "not scanned"), (true, "partial")];
    if let Some(headline) = no_role_anywhere(totals) {
        no_role(screen, &lost, headline, roles);
        return;
    }
    for group in groups(&lost) {
        let word =
            headings.iter().find(|(partial, _)| *partial == group.is_partial).map_or("", |(_, word)| word);
        let style = if group.is_partial { DOUBTFUL } else { BAD };
        let before = screen.text.len();
        let words = format!("{}: {}", plural(group.accounts.len(), "account"), group.reason);
        screen.paragraph(&format!("  {word:<13}"), 15, &words);
        let painted = screen.layout.paint(style, word);
        screen.text.replace_range(before + 2..before + 2 + word.len(), &painted);
        names(screen, &group.accounts);
    }
    let codes: BTreeSet<&str> = lost.iter().filter_map(|account| account.reason_code.as_deref()).collect();
    for code in codes {
        if let Some(hint) = Reason::from_word(code).and_then(hint) {
            screen.paragraph("  ", 4, &format!("{code}: {hint}"));
        }
    }
    packed(screen, &lost);
}

/// What to do where AWS cannot pack what a session is given.
fn packed(screen: &mut Screen, lost: &[&AccountLine]) {
    if lost.iter().any(|account| headline(account).contains(PACKED_TOO_LARGE)) {
        let hint = "AWS packs the session policy and the tags together: choose fewer checks, or disable the session \
                    policy with --no-session-policy";
        screen.paragraph("  ", 4, &format!("{PACKED_TOO_LARGE}: {hint}"));
    }
}

fn headline(account: &AccountLine) -> &str {
    account.headline.as_deref().or(account.reason_code.as_deref()).unwrap_or("no reason is known")
}

/// By reason, accounts that were not scanned first, then the most frequent.
fn groups<'a>(lost: &[&'a AccountLine]) -> Vec<Group<'a>> {
    let mut by_reason: BTreeMap<(bool, &str), Vec<&AccountLine>> = BTreeMap::new();
    for account in lost {
        let is_partial = account.scan_state == ScanState::Partial;
        by_reason.entry((is_partial, headline(account))).or_default().push(account);
    }
    let mut groups: Vec<Group<'a>> = by_reason
        .into_iter()
        .map(|((is_partial, reason), accounts)| Group {
            is_partial,
            reason: printable(reason).into_owned(),
            accounts,
        })
        .collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.accounts.len()));
    let rare = groups.split_off(MOST_REASONS.min(groups.len()));
    let mut classes: BTreeMap<(bool, &str), Vec<Group<'a>>> = BTreeMap::new();
    for group in rare {
        let code = group.accounts.first().and_then(|account| account.reason_code.as_deref()).unwrap_or("-");
        classes.entry((group.is_partial, code)).or_default().push(group);
    }
    for ((is_partial, code), mut class) in classes {
        if class.len() == 1 {
            groups.append(&mut class);
            continue;
        }
        groups.push(Group {
            is_partial,
            reason: format!("{code} in {} ways; the table scan_accounts has each", class.len()),
            accounts: class.into_iter().flat_map(|group| group.accounts).collect(),
        });
    }
    groups.sort_by_key(|group| (group.is_partial, std::cmp::Reverse(group.accounts.len())));
    groups
}

fn names(screen: &mut Screen, accounts: &[&AccountLine]) {
    let more = accounts.len().saturating_sub(MOST_ACCOUNTS);
    let words: Vec<String> = accounts
        .iter()
        .take(MOST_ACCOUNTS)
        .map(|account| match &account.name {
            Some(name) => format!("{} {}", account.id, cut(&printable(name), LONGEST_NAME)),
            None => account.id.to_string(),
        })
        .chain((more > 0).then(|| format!("and {more} more in the table scan_accounts")))
        .collect();
    screen.list(words.into_iter());
}

/// The one reason for which every role failed, if there is one: then no account is to blame, but the request.
pub fn no_role_anywhere(totals: &Totals) -> Option<&str> {
    let lost = totals.lost();
    let first = headline(lost.first()?);
    let every_one =
        lost.iter().all(|account| account.scan_state == ScanState::NotScanned && headline(account) == first);
    let any_role =
        totals.accounts.iter().any(|account| account.by_role && account.scan_state != ScanState::NotScanned);
    (every_one && !any_role && first.contains(ASSUME_ROLE)).then_some(first)
}

fn no_role(screen: &mut Screen, lost: &[&AccountLine], headline: &str, roles: &[String]) {
    let reason = lost.first().and_then(|account| Reason::from_word(account.reason_code.as_deref()?));
    let check = match reason {
        Some(Reason::RoleMissingOrUntrusted) => "check --role-name",
        Some(Reason::DeniedByScp) => "a service control policy denies it",
        Some(Reason::RegionDisabled) => "check --region",
        Some(Reason::Network | Reason::TimedOut) => "check the network",
        _ => "see the reason",
    };
    let message = format!("no role could be assumed in any account: {check}");
    let before = screen.text.len();
    screen.paragraph("  ", 4, &message);
    if screen.text[before..].lines().count() == 1 {
        let painted = screen.layout.paint(BAD, &message);
        screen.text.replace_range(before + 2..before + 2 + message.len(), &painted);
    }
    let tried = if roles.is_empty() { DEFAULT_ROLE.to_owned() } else { roles.join(", then ") };
    screen.paragraph("  ", 4, &format!("{}: {}", plural(lost.len(), "account"), printable(headline)));
    screen.paragraph("  ", 4, &format!("roles tried: {}", printable(&tried)));
    if let Some(hint) = reason.and_then(hint) {
        screen.paragraph("  ", 4, hint);
    }
    packed(screen, lost);
}
