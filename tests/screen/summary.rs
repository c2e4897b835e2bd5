//! The last screen of a scan.

use orgsweep_model::records::{ScanAccountRecord, ScanState};
use orgsweep_simulator::Options;

use super::all_refuse;
use super::terminal::on_a_terminal;
use crate::support::{NOW, World, options, run};

#[test]
fn one_line_says_that_no_role_could_be_assumed_anywhere() {
    let world = all_refuse();
    let said = world.scan(&["--role-name", "Nobody/HasThis"]);
    assert_eq!(said.code, 2, "{}", said.errors);
    let line = "  no role could be assumed in any account: check --role-name\n";
    assert!(said.output.contains(line), "{}", said.output);
    assert!(said.output.contains("roles tried: Nobody/HasThis"), "{}", said.output);
    assert!(
        said.output.contains("ROLE_MISSING_OR_UNTRUSTED at sts:AssumeRole (AccessDenied)"),
        "{}",
        said.output
    );
    // A retry takes the same options, and would be refused again.
    assert!(
        said.output.contains(" doctor\n") && !said.output.contains("--retry-incomplete"),
        "{}",
        said.output
    );
    let member =
        world.rows::<ScanAccountRecord>().into_iter().find(|row| row.scan_state == ScanState::NotScanned);
    let only =
        world.scan(&["--role-name", "Nobody/HasThis", "--account", &member.unwrap().account_id.to_string()]);
    assert!(only.output.contains(line), "{}", only.output);
    assert!(
        only.output.contains(" doctor\n") && !only.output.contains("--retry-incomplete"),
        "{}",
        only.output
    );
}

#[test]
fn a_role_that_lets_in_anywhere_is_not_no_role() {
    let world = World::start(options(30));
    let said = world.scan(&[]);
    assert!(!said.output.contains("no role could be assumed"), "{}", said.output);
    assert!(
        said.output.contains("  not scanned  1 account: ROLE_MISSING_OR_UNTRUSTED at sts:AssumeRole"),
        "{}",
        said.output
    );
}

#[test]
fn the_reason_is_never_what_is_cut() {
    let world = World::start(Options { refusing: Some(40), suspended: Some(0), ..options(60) });
    for columns in [40, 80, 120] {
        let seen = on_a_terminal(&mut world.command(&[]), columns);
        let flowing = seen.lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ");
        for reason in [
            "40 accounts: ROLE_MISSING_OR_UNTRUSTED at sts:AssumeRole (AccessDenied)",
            "role_session_limits: DENIED at iam:ListRoles (AccessDenied); credentials, access_keys: DENIED at \
             iam:GetCredentialReport (AccessDenied)",
        ] {
            assert!(flowing.contains(reason), "{columns}: {}", seen.lines.join("\n"));
        }
        assert!(flowing.contains("and 30 more in the table scan_accounts"), "{flowing}");
    }
}

#[test]
fn the_exit_code_is_explained() {
    let good = Options { refusing: Some(0), broken: Some(0), suspended: Some(0), ..options(6) };
    let whole = World::start(good);
    let lossy =
        World::start(Options { refusing: Some(2), broken: Some(1), suspended: Some(0), ..options(20) });
    for (world, arguments, code, wanted) in [
        (&whole, &[][..], 0, "0 (complete): all chosen accounts fully scanned"),
        (
            &whole,
            &["--fail-on", "critical", "--check", "iam-group-empty"],
            0,
            "no finding at or above --fail-on critical",
        ),
        (&whole, &["--fail-on", "low", "--check", "iam-role-unused"], 1, "1 (findings): "),
        (&lossy, &[], 2, "2 (incomplete coverage): 2 accounts not scanned, 1 partial"),
        (&lossy, &["--min-coverage", "85"], 0, "0 (complete): 85.0 % of the chosen accounts fully scanned"),
        (
            &lossy,
            &["--min-coverage", "86"],
            2,
            "85.0 % of the chosen accounts fully scanned, less than --min-coverage 86",
        ),
        (&lossy, &["--min-coverage", "80", "--fail-on", "low"], 1, " low findings at or above --fail-on low"),
    ] {
        let said = world.scan(arguments);
        assert_eq!(said.code, code, "{arguments:?} {}", said.errors);
        let flowing = said.output.split_whitespace().collect::<Vec<_>>().join(" ");
        let at = flowing.find("Exit code").unwrap();
        assert!(flowing[at..].contains(wanted), "{arguments:?}: {}", &flowing[at..]);
    }
}

#[test]
fn the_retry_that_is_suggested_is_one_that_works() {
    let world = World::start(options(20));
    let said = world.scan(&[]);
    let complete = world.rows::<ScanAccountRecord>();
    let complete = complete.iter().filter(|row| row.scan_state == ScanState::Scanned).count();
    let from = said.output.find("  # with the same options").unwrap();
    // The comment, and a command that may go on in the next line: a shell takes both, with the options of the first scan.
    let mut taken: Vec<&str> = Vec::new();
    for line in said.output[from..].lines() {
        taken.push(line);
        if !line.starts_with("  #") && !line.ends_with('\\') {
            break;
        }
    }
    let command = format!("{} --unlimited --now {NOW}", taken.join("\n"));
    assert!(command.contains("--retry-incomplete"), "{command}");
    let mut shell = world.program_of("bash");
    let again = run(shell.args(["--norc", "-c", &command]));
    assert_eq!(again.code, 2, "{}", again.errors);
    let taken =
        world.rows::<ScanAccountRecord>().into_iter().filter(|row| row.taken_from_scan_id.is_some()).count();
    assert!(complete >= 15);
    assert_eq!(taken, complete);
    // Nothing to try again where nothing was lost.
    let good = World::start(Options { refusing: Some(0), broken: Some(0), ..options(4) });
    assert!(!good.scan(&[]).output.contains("--retry-incomplete"));
}

#[test]
fn unknown_verdicts_are_counted_as_the_tables_count_them() {
    use orgsweep_model::records::FindingRecord;
    use orgsweep_model::{Status, records::CoverageOutcome, records::CoverageRecord};
    let world = World::start(options(20));
    let said = world.scan(&[]);
    let left_out: Vec<_> = world
        .rows::<ScanAccountRecord>()
        .into_iter()
        .filter(|row| row.reason_code.as_deref() == Some("ACCOUNT_NOT_ACTIVE"))
        .map(|row| row.account_id)
        .collect();
    let rows = world.rows::<FindingRecord>().into_iter().filter(|row| row.status == Status::Unknown);
    let (unasked, unknown): (Vec<_>, Vec<_>) = rows.partition(|row| left_out.contains(&row.account_id));
    assert!(!unknown.is_empty() && !unasked.is_empty());
    let line = format!("unknown {} · in accounts left out {}", unknown.len(), unasked.len());
    assert!(said.output.contains(&line), "{line}: {}", said.output);
    let pairs = world
        .rows::<CoverageRecord>()
        .into_iter()
        .filter(|row| row.outcome != CoverageOutcome::Complete && !left_out.contains(&row.account_id))
        .count();
    let line = format!("{pairs} pairs of a check and an account without a complete verdict");
    assert!(said.output.contains(&line), "{line}: {}", said.output);
}

#[test]
fn the_worst_checks_are_named_with_counts_and_no_row_is_all_zeros() {
    let world = World::start(options(20));
    let said = world.scan(&[]);
    let section = &said.output[said.output.find("Worst checks").unwrap()..];
    let rows: Vec<&str> = section.lines().skip(1).take_while(|line| line.starts_with("  ")).collect();
    assert_eq!(rows.len(), 5, "{section}");
    assert!(rows[0].starts_with("  iam-"), "{section}");
    for title in ["Worst checks", "Worst accounts", "Worst organizational units"] {
        let section = &said.output[said.output.find(title).unwrap()..];
        for row in section.lines().skip(1).take_while(|line| line.starts_with("  ")) {
            let counts = row
                .split_whitespace()
                .filter(|word| word.parse::<u64>().is_ok_and(|count| count < 1_000_000));
            assert!(counts.count() > 0, "{row}");
        }
    }
}
