//! The last screen: coverage first, then findings, then why the program ends as it does and what to do next.

mod losses;
mod worst;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use orgsweep_model::Severity;
use orgsweep_model::records::ScanState;
use orgsweep_model::text::printable;
use orgsweep_sweep::Totals;

use crate::exit::Exit;
use crate::terminal::coverage::coverage_line;
use crate::terminal::layout::{BAD, DOUBTFUL, GOOD, HEADING, Layout, columns, severity_style};
use crate::terminal::words::{plural, quoted_path};
use crate::terminal::{HEAD, Screen};
use crate::verdict::Verdict;

/// Checks that are named under a reason; more are counted, and `coverage` names them.
const MOST_NAMED: usize = 12;

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
    /// How the program ends.
    pub verdict: &'a Verdict,
    /// The requested roles, in order; empty: the usual one.
    pub roles: &'a [String],
    /// Of the made-up organization, where nothing is scanned a second time.
    pub is_demo: bool,
}

/// The whole screen.
pub fn render(totals: &Totals, facts: &Facts<'_>, layout: Layout) -> String {
    let mut screen = Screen { text: "\n".to_owned(), layout };
    let title = format!(
        "Scan {} of {}{}: {} accounts, {} calls to AWS ({} for the organization as a whole)",
        facts.scan_id,
        printable(facts.organization),
        facts.seconds.map(|seconds| format!(" took {seconds:.1} s")).unwrap_or_default(),
        totals.accounts.len(),
        totals.calls.calls + facts.shared_calls,
        facts.shared_calls,
    );
    screen.paragraph("", 2, &title);
    screen.section("Coverage", &coverage_line(totals));
    losses::write(&mut screen, totals, facts.roles);
    findings(&mut screen, totals);
    worst::write(&mut screen, totals);
    unknown(&mut screen, totals);
    ending(&mut screen, facts);
    next(&mut screen, totals, facts);
    screen.text
}

fn findings(screen: &mut Screen, totals: &Totals) {
    let layout = screen.layout;
    let mut parts: Vec<(String, String)> = Severity::ALL
        .into_iter()
        .zip(totals.failed)
        .rev()
        .map(|(severity, count)| {
            let plain = format!("{severity} {count}");
            let painted =
                if count > 0 { layout.paint(severity_style(severity), &plain) } else { plain.clone() };
            (plain, painted)
        })
        .collect();
    parts.push((format!("passed {}", totals.passed), format!("passed {}", totals.passed)));
    let wanted = totals.unknown_rows - totals.unasked_rows;
    let unknown = format!("unknown {wanted}");
    let painted = if wanted > 0 { layout.paint(DOUBTFUL, &unknown) } else { unknown.clone() };
    parts.push((unknown, painted));
    if totals.unasked_rows > 0 {
        let left_out = format!("in accounts left out {}", totals.unasked_rows);
        parts.push((left_out.clone(), left_out));
    }
    let _ = write!(screen.text, "\n{}    ", layout.paint(HEADING, "Findings"));
    let mut taken = HEAD;
    for (number, (plain, painted)) in parts.iter().enumerate() {
        let width = columns(plain);
        if number > 0 && taken + 3 + width > layout.prose {
            let _ = write!(screen.text, "\n{:HEAD$}", "");
            taken = HEAD;
        } else if number > 0 {
            screen.text.push_str(" · ");
            taken += 3;
        }
        screen.text.push_str(painted);
        taken += width;
    }
    screen.text.push('\n');
}

fn unknown(screen: &mut Screen, totals: &Totals) {
    if totals.unknown.is_empty() {
        return;
    }
    let mut reasons: BTreeMap<&str, Vec<(&str, u64)>> = BTreeMap::new();
    for ((check, reason), accounts) in &totals.unknown {
        reasons.entry(reason).or_default().push((check, *accounts));
    }
    let count: u64 = totals.unknown.values().sum();
    let pairs = if count == 1 {
        "1 check of 1 account".to_owned()
    } else {
        format!("{count} pairs of a check and an account")
    };
    screen.section("Unknown", &format!("{pairs} without a complete verdict, by reason"));
    for (reason, checks) in reasons {
        let most = checks.iter().map(|(_, accounts)| *accounts).max().unwrap_or(0);
        let _ = writeln!(
            screen.text,
            "  {}: {} in up to {}",
            screen.layout.paint(DOUBTFUL, reason),
            plural(checks.len(), "check"),
            plural(most as usize, "account")
        );
        if checks.len() <= MOST_NAMED {
            screen.list(checks.iter().map(|(check, accounts)| format!("{check} ({accounts})")));
        }
    }
    for (check, accounts) in &totals.check_failures {
        let message = format!(
            "{check} crashed in {}; this is a bug, please report it",
            plural(*accounts as usize, "account")
        );
        screen.paragraph("  ", 4, &message);
    }
}

/// The exit code and why it is that one. The demo has one of its own.
fn ending(screen: &mut Screen, facts: &Facts<'_>) {
    if facts.is_demo {
        return;
    }
    let exit = facts.verdict.exit;
    let style = match exit {
        Exit::Complete => GOOD,
        Exit::Found => BAD,
        _ => DOUBTFUL,
    };
    let before = screen.text.len();
    screen.section("Exit code", &facts.verdict.sentence());
    let plain = format!("{exit} ({})", facts.verdict.word());
    if let Some(at) = screen.text[before..].find(&plain) {
        let painted = screen.layout.paint(style, &plain);
        screen.text.replace_range(before + at..before + at + plain.len(), &painted);
    }
}

fn nothing_was_read(totals: &Totals) -> bool {
    totals.count(ScanState::Scanned) + totals.count(ScanState::Partial) == 0
}

fn next(screen: &mut Screen, totals: &Totals, facts: &Facts<'_>) {
    let out = quoted_path(facts.out);
    let program: Vec<&str> = facts.program.split(' ').collect();
    let command = |words: &[&'static str]| -> Vec<String> {
        program.iter().chain(words).map(ToString::to_string).collect()
    };
    screen.section("Tables", &format!("{out}/v1 (Parquet; the index is {out}/latest.json)"));
    let _ = writeln!(screen.text, "\n{}", screen.layout.paint(HEADING, "Next"));
    let mut commands = Vec::new();
    if let Some(check) = worst::check(totals) {
        commands.push([command(&["checks", "show"]), vec![check.to_owned()]].concat());
    }
    if !facts.is_demo && !totals.lost().is_empty() {
        // Where no role lets in, the same options would fail again, and a retry takes no others.
        if losses::no_role_anywhere(totals).is_some() || nothing_was_read(totals) {
            let _ = writeln!(screen.text, "  # with the same options, find out what is missing:");
            commands.insert(0, command(&["doctor"]));
        } else {
            let _ =
                writeln!(screen.text, "  # with the same options, scan again only what could not be read:");
            let id = facts.scan_id.to_owned();
            let words = [command(&["scan", "--out"]), vec![out.clone(), "--retry-incomplete".to_owned(), id]];
            commands.insert(0, words.concat());
        }
    }
    commands.push(
        [command(&["ddl", "--engine", "duckdb", "--out"]), vec![out, "> views.sql".to_owned()]].concat(),
    );
    for words in commands {
        screen.command(&words.iter().map(String::as_str).collect::<Vec<_>>());
    }
    let select = "SELECT account_name, count(*) AS open FROM findings_latest";
    let rest = "WHERE status = 'FAIL' GROUP BY ALL ORDER BY open DESC LIMIT 10";
    // A quoted text may continue in the next line.
    let _ = writeln!(screen.text, "  duckdb -init views.sql -c \"\n      {select}\n      {rest}\"");
}

#[cfg(test)]
mod tests {
    use orgsweep_model::AccountState;
    use orgsweep_sweep::AccountLine;

    use super::*;

    fn line(number: usize, state: ScanState, headline: Option<&str>) -> AccountLine {
        let word = headline.and_then(|text| text.split(' ').next()).map(ToOwned::to_owned);
        AccountLine {
            id: format!("{number:012}").parse().unwrap(),
            name: Some(format!("account number {number} \u{202e}with a hostile name that is very long indeed")),
            ou_path: Some("/Root/データ基盤/An organizational unit with a name that no line has a place for, really none".to_owned()),
            state: AccountState::Active,
            scan_state: state,
            reason_code: word,
            headline: headline.map(ToOwned::to_owned),
            by_role: state != ScanState::NotScanned,
            failed: [0; 5],
        }
    }

    fn rendered(totals: &Totals, layout: Layout) -> String {
        let verdict = Verdict::of(totals, &crate::options::ScanOptions::default(), false);
        let facts = Facts {
            scan_id: "01M86PTPG0HY97S1RGNX4N2NY7",
            organization: "o-example",
            seconds: Some(1.5),
            shared_calls: 3,
            out: Path::new("/somewhere/that is/quite far away"),
            program: "cargo run --release --",
            verdict: &verdict,
            roles: &[],
            is_demo: false,
        };
        render(totals, &facts, layout)
    }

    fn layout(columns: usize) -> Layout {
        Layout { width: columns, prose: columns, color: false }
    }

    #[test]
    fn every_line_fits_and_every_reason_is_there_in_full() {
        let mut totals = Totals::default();
        let mut reasons = Vec::new();
        for number in 0..120 {
            let (state, reason) = match number % 3 {
                0 => (ScanState::Scanned, None),
                1 => (
                    ScanState::NotScanned,
                    Some(format!("TIMED_OUT at iam:Call{number} (Timeout) after a long time")),
                ),
                _ => (ScanState::Partial, Some("DENIED at iam:ListRoles (AccessDenied)".to_owned())),
            };
            let mut account = line(number, state, reason.as_deref());
            account.failed = [1, 2, 3, 4, 1_234_567];
            totals.accounts.push(account);
            reasons.extend(reason);
        }
        for columns in [80, 120] {
            let screen = rendered(&totals, layout(columns));
            for line in screen.lines() {
                assert!(crate::terminal::columns(line) <= columns, "{columns}: {line:?}");
            }
            let flowing = screen.split_whitespace().collect::<Vec<_>>().join(" ");
            // The twenty most frequent are listed in full, a class of rarer ones by its number: none is cut in its middle.
            let listed = reasons.iter().filter(|reason| flowing.contains(reason.as_str()));
            assert_eq!(listed.count(), 40 + 19, "{screen}");
            assert!(
                flowing.contains("21 accounts: TIMED_OUT in 21 ways; the table scan_accounts has each"),
                "{screen}"
            );
            assert!(!screen.contains('\u{202e}'), "{screen}");
            let cut = screen.lines().filter(|line| line.contains('…'));
            assert!(
                cut.into_iter().all(|line| line.starts_with("  /Root") || line.contains("account number")),
                "{screen}"
            );
        }
        // Elsewhere no sentence is broken.
        let screen = rendered(&totals, Layout { width: 100, prose: usize::MAX, color: false });
        assert!(
            screen.contains("  partial      40 accounts: DENIED at iam:ListRoles (AccessDenied)\n"),
            "{screen}"
        );
    }

    #[test]
    fn a_row_without_findings_is_in_no_table_and_a_whole_scan_has_no_losses() {
        let mut totals = Totals::default();
        for number in 0..3 {
            let mut account = line(number, ScanState::Scanned, None);
            // Informational findings stand in none of the columns.
            account.failed = [9, 0, 0, 0, 0];
            totals.accounts.push(account);
        }
        let screen = rendered(&totals, layout(80));
        assert!(!screen.contains("Worst"), "{screen}");
        for word in ["not scanned", "partial", "--retry-incomplete", "doctor", "checks show"] {
            assert!(!screen.contains(word), "{word}: {screen}");
        }
        assert!(screen.contains("Exit code   0 (complete): all chosen accounts fully scanned\n"), "{screen}");
    }

    #[test]
    fn a_long_command_goes_on_in_the_next_line() {
        let mut totals = Totals::default();
        totals.accounts.push(line(1, ScanState::Scanned, None));
        totals.accounts.push(line(2, ScanState::Partial, Some("DENIED at iam:ListRoles")));
        let screen = rendered(&totals, layout(80));
        let wanted = "  cargo run --release -- scan --out '/somewhere/that is/quite far away' \\\n      --retry-incomplete \
                      01M86PTPG0HY97S1RGNX4N2NY7\n";
        assert!(screen.contains(wanted), "{screen}");
    }
}
