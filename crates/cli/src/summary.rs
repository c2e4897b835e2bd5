//! The last screen: coverage first, then findings, then what to do next.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use orgsweep_model::records::ScanState;
use orgsweep_model::text::{bounded, printable};
use orgsweep_model::{Reason, Severity};
use orgsweep_sweep::{AccountLine, Totals};

/// Lost accounts that are named; the rest is counted, and the tables hold them all.
const MOST_LOST: usize = 20;
/// Rows of the "worst" lists.
const MOST_WORST: usize = 5;
/// Checks that are named under a reason; more are counted, and `coverage` names them.
const MOST_NAMED: usize = 12;
/// Characters of a wrapped line.
const WIDTH: usize = 100;
/// Characters of a reason.
const LONGEST_REASON: usize = 150;

/// AWS's own word for a loss whose way out is ours to name; its reason is the general one.
const PACKED_TOO_LARGE: &str = "PackedPolicyTooLarge";

/// What the screen says besides the sums.
pub struct Facts<'a> {
    /// The scan's name.
    pub scan_id: &'a str,
    /// The organization.
    pub organization: &'a str,
    /// Seconds from start to end, where one process did it all.
    pub seconds: Option<f64>,
    /// Calls outside any account.
    pub shared_calls: u64,
    /// Where the tables are.
    pub out: &'a Path,
    /// The command to type, such as `orgsweep` or `cargo run --release --`.
    pub program: &'a str,
    /// Of the check with most FAIL rows of the highest severity.
    pub worst_check: Option<&'a str>,
}

/// The whole screen.
pub fn render(totals: &Totals, facts: &Facts<'_>) -> String {
    let mut screen = String::new();
    // Writing to a String cannot fail; the results are dropped on purpose throughout.
    let _ = writeln!(
        screen,
        "\nScan {} of {}{}: {} accounts, {} calls to AWS ({} for the organization as a whole)",
        facts.scan_id,
        printable(facts.organization),
        facts.seconds.map(|seconds| format!(" took {seconds:.1} s")).unwrap_or_default(),
        totals.accounts.len(),
        totals.calls.calls + facts.shared_calls,
        facts.shared_calls,
    );
    coverage(&mut screen, totals);
    findings(&mut screen, totals);
    worst(&mut screen, totals);
    unknown(&mut screen, totals);
    next(&mut screen, facts);
    screen
}

fn coverage(screen: &mut String, totals: &Totals) {
    let _ = writeln!(screen, "\nCoverage    {}", coverage_line(totals));
    for gap in &totals.organization_gaps {
        let gap = printable(&bounded(gap, LONGEST_REASON)).into_owned();
        let _ = writeln!(screen, "  lost     organization {gap}");
    }
    let lost = totals.lost();
    for account in lost.iter().take(MOST_LOST) {
        let word = if account.scan_state == ScanState::Partial { "in part" } else { "lost" };
        let _ = writeln!(
            screen,
            "  {word:<8} {} {:<24} {}",
            account.id,
            printable(&bounded(account.name.as_deref().unwrap_or("-"), 24)),
            printable(&bounded(account.headline.as_deref().unwrap_or("-"), LONGEST_REASON)),
        );
    }
    if lost.len() > MOST_LOST {
        let _ =
            writeln!(screen, "  … and {} more; the table scan_accounts has them all", lost.len() - MOST_LOST);
    }
    let codes: BTreeSet<&str> = lost.iter().filter_map(|account| account.reason_code.as_deref()).collect();
    for code in codes {
        if let Some(hint) = Reason::from_word(code).and_then(hint) {
            let _ = writeln!(screen, "  {code}: {hint}");
        }
    }
    let is_packed = |account: &&AccountLine| {
        account.headline.as_deref().is_some_and(|headline| headline.contains(PACKED_TOO_LARGE))
    };
    if lost.iter().any(is_packed) {
        let _ = writeln!(
            screen,
            "  {PACKED_TOO_LARGE}: AWS packs the session policy and the tags together: choose fewer checks, or give up the \
             limit with --no-session-policy"
        );
    }
}

/// What to look at for the losses that have a usual cause.
pub fn hint(reason: Reason) -> Option<&'static str> {
    match reason {
        Reason::RoleMissingOrUntrusted => Some(
            "AWS does not say whether a role is missing or does not trust the caller: look at both, and at the external id",
        ),
        Reason::Denied => Some(
            "the role's own policy lacks the action, or a boundary takes it; `policy --for member` prints all that is needed",
        ),
        Reason::DeniedByScp => {
            Some("a service control policy refuses the action: exempt the audit role from it")
        }
        Reason::ThrottledOut => Some(
            "scan with a lower --max-rate, or when less else is going on; --retry-incomplete reads only what was lost",
        ),
        _ => None,
    }
}

/// `56 of 59 active accounts scanned whole, 1 suspended`.
pub fn coverage_line(totals: &Totals) -> String {
    let mut line =
        format!("{} of {} active accounts scanned whole", totals.count(ScanState::Scanned), totals.wanted());
    let mut left_out: BTreeMap<String, usize> = BTreeMap::new();
    for account in totals.accounts.iter().filter(|account| account.is_left_out()) {
        let excluded = account.reason_code.as_deref() == Some(Reason::Excluded.as_str());
        let word = if excluded { "excluded".to_owned() } else { account.state.as_str().to_lowercase() };
        *left_out.entry(word.replace('_', " ")).or_default() += 1;
    }
    for (word, count) in left_out {
        let _ = write!(line, ", {count} {word}");
    }
    if !totals.organization_gaps.is_empty() {
        line.push_str("; not all of the organization could be read");
    }
    line
}

fn findings(screen: &mut String, totals: &Totals) {
    let parts: Vec<String> = Severity::ALL
        .into_iter()
        .zip(totals.failed)
        .rev()
        .map(|(severity, count)| format!("{severity} {count}"))
        .collect();
    let _ = writeln!(screen, "\nFindings    {}   ({} passed)", parts.join(" · "), totals.passed);
}

fn worst(screen: &mut String, totals: &Totals) {
    let mut accounts: Vec<&AccountLine> = totals.accounts.iter().filter(|line| line.score() > 0).collect();
    accounts.sort_by_key(|line| (std::cmp::Reverse(line.score()), line.id));
    if accounts.is_empty() {
        return;
    }
    let head = "critical high medium   low";
    let _ = writeln!(screen, "\nWorst accounts {head:>48}");
    for line in accounts.iter().take(MOST_WORST) {
        let name = printable(line.name.as_deref().unwrap_or("-")).into_owned();
        let _ = writeln!(screen, "  {} {:<22} {}", line.id, bounded(&name, 22), counts(&line.failed));
    }
    let mut units: BTreeMap<&str, ([u64; 5], u64)> = BTreeMap::new();
    for line in &totals.accounts {
        let unit = units.entry(line.ou_path.as_deref().unwrap_or("(no known unit)")).or_default();
        for (sum, count) in unit.0.iter_mut().zip(line.failed) {
            *sum += count;
        }
        unit.1 += line.score();
    }
    let mut units: Vec<_> = units.into_iter().filter(|(_, (_, score))| *score > 0).collect();
    units.sort_by_key(|(path, (_, score))| (std::cmp::Reverse(*score), *path));
    let _ = writeln!(screen, "Worst organizational units {head:>36}");
    for (path, (failed, _)) in units.iter().take(MOST_WORST) {
        let _ = writeln!(screen, "  {:<35} {}", bounded(&printable(path), 35), counts(failed));
    }
}

/// Critical, high, medium, low under their heads.
fn counts(failed: &[u64; 5]) -> String {
    format!("{:>8} {:>4} {:>6} {:>5}", failed[4], failed[3], failed[2], failed[1])
}

fn unknown(screen: &mut String, totals: &Totals) {
    if totals.unknown.is_empty() {
        return;
    }
    let mut reasons: BTreeMap<&str, Vec<(&str, u64)>> = BTreeMap::new();
    for ((check, reason), accounts) in &totals.unknown {
        reasons.entry(reason).or_default().push((check, *accounts));
    }
    let _ = writeln!(screen, "\nUnknown     what could not be decided, and why");
    for (reason, checks) in reasons {
        let most = checks.iter().map(|(_, accounts)| *accounts).max().unwrap_or(0);
        let _ = writeln!(
            screen,
            "  {reason}: {} in up to {}",
            plural(checks.len(), "check"),
            plural(most as usize, "account")
        );
        if checks.len() <= MOST_NAMED {
            wrapped(screen, checks.iter().map(|(check, accounts)| format!("{check} ({accounts})")));
        }
    }
    for (check, accounts) in &totals.check_failures {
        let _ = writeln!(
            screen,
            "  {check} failed itself in {accounts} accounts: a bug in the check; please report it"
        );
    }
}

/// `1 check`, `2 checks`.
pub fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// Indented, a comma between, no line much longer than a terminal is wide.
pub fn wrapped(screen: &mut String, words: impl Iterator<Item = String>) {
    let mut line = String::new();
    for word in words {
        if !line.is_empty() && line.len() + word.len() > WIDTH {
            let _ = writeln!(screen, "      {line},");
            line.clear();
        }
        if !line.is_empty() {
            line.push_str(", ");
        }
        line.push_str(&word);
    }
    let _ = writeln!(screen, "      {line}");
}

/// A path as a shell takes it.
pub fn quoted(path: &Path) -> String {
    let text = printable(&path.display().to_string()).into_owned();
    let plain = |character: char| character.is_ascii_alphanumeric() || "/._-+:@%=~".contains(character);
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

fn next(screen: &mut String, facts: &Facts<'_>) {
    let out = quoted(facts.out);
    let program = facts.program;
    let _ = writeln!(screen, "\nTables      {out}/v1 (Parquet; the index is {out}/latest.json)");
    let _ = writeln!(screen, "\nNext");
    if let Some(check) = facts.worst_check {
        let _ = writeln!(screen, "  {program} checks show {check}");
    }
    let _ = writeln!(screen, "  {program} ddl --engine duckdb --out {out} > views.sql");
    let _ = writeln!(
        screen,
        "  duckdb -init views.sql -c \"SELECT account_name, count(*) AS open FROM findings_latest WHERE status = \
         'FAIL' GROUP BY ALL ORDER BY open DESC LIMIT 10\""
    );
}
