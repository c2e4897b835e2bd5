//! The screens of `demo`, `scan` and `scan --plan`.

use std::os::unix::process::CommandExt as _;
use std::path::Path;

use orgsweep_simulator::{Fault, FaultKind, Options};

use super::{DEMO, Record};
use crate::screen::all_refuse;
use crate::screen::terminal::on_a_terminal;
use crate::support::{World, options};

pub fn clean(accounts: usize) -> Options {
    Options { refusing: Some(0), broken: Some(0), suspended: Some(0), ..options(accounts) }
}

/// A fault that lasts.
pub fn fault(kind: FaultKind, action: &str, account: Option<String>) -> Fault {
    Fault {
        kind,
        action: action.to_owned(),
        account,
        nth: None,
        times: None,
        share: None,
        page: None,
        retry_after_ms: None,
    }
}

/// A record of commands against a world.
pub fn record_of(world: &World) -> Record {
    let folder = world.file("").display().to_string();
    let folder = folder.trim_end_matches('/');
    Record::new(&[(&world.running.endpoint(), "ENDPOINT"), (folder, "FOLDER")])
}

#[test]
fn demo() {
    let mut record = DEMO.record();
    record.add(super::demo(&DEMO.folder), &DEMO.said);
    record.compare("demo");
}

#[test]
fn scan_with_losses() {
    let world = World::start(options(30));
    let mut record = record_of(&world);
    record.run(&mut world.command(&[]));
    record.run(&mut world.command(&["--fail-on", "critical", "--min-coverage", "90"]));
    record.run(&mut world.command(&["--quiet", "--check", "iam-root-*"]));
    record.compare("scan-with-losses");
}

#[test]
fn scan_without_a_loss() {
    let world = World::start(clean(4));
    let mut record = record_of(&world);
    record.run(&mut world.command(&[]));
    record.run(&mut world.command(&["--check", "iam-root-mfa-missing"]));
    record.run(&mut world.command(&["--single-account"]));
    record.compare("scan-without-a-loss");
}

#[test]
fn scan_that_no_account_lets_in() {
    let world = all_refuse();
    let mut record = record_of(&world);
    record.run(&mut world.command(&["--role-name", "Nobody/HasThis"]));
    record.compare("scan-that-no-account-lets-in");
}

#[test]
fn scan_with_faults() {
    let faults = vec![
        fault(FaultKind::Denied, "organizations:ListPolicies", None),
        fault(FaultKind::ReportNeverReady, "iam:GenerateCredentialReport", None),
        fault(FaultKind::DeniedByScp, "iam:ListServerCertificates", None),
    ];
    let world = World::start(Options { faults, ..clean(4) });
    let mut record = record_of(&world);
    record.run(&mut world.command(&["--collect", "all", "--report-timeout", "1s"]));
    record.compare("scan-with-faults");
}

/// The first paragraph has numbers of any length, so that it breaks anywhere.
fn with_the_first_paragraph_on_one_line(text: &str) -> String {
    let (first, rest) = text.trim_start().split_once("\n\n").unwrap();
    format!("{}\n\n{rest}", first.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[test]
fn scan_on_a_terminal() {
    let world = World::start(options(30));
    let mut record = record_of(&world);
    for (columns, variable) in [(80, Some(("NO_COLOR", "1"))), (80, None), (120, None)] {
        // Neither the folder's length nor the program's may break lines.
        let mut command = world.command_into(Path::new("lake"), &[]);
        command.arg0("orgsweep").current_dir(world.file("")).envs(variable);
        let seen = on_a_terminal(&mut command, columns);
        record.add_text(&format!("{columns} columns {variable:?}\n"));
        // Only the coloured text shows where colors are; the plain one is what stays on the screen.
        let written = seen.written.replace('\r', "");
        let last = written.rfind("\u{1b}[2K").map_or(0, |start| start + "\u{1b}[2K".len());
        record.add_text(&with_the_first_paragraph_on_one_line(&written[last..]).replace('\u{1b}', "ESC"));
        record.add_text(&format!("[exit {}]\n\n", seen.code));
    }
    record.compare("scan-on-a-terminal");
}

#[test]
fn plan() {
    let world = World::start(options(12));
    let mut record = record_of(&world);
    record.run(&mut world.other(&["scan", "--plan"]));
    record.run(&mut world.other(&["scan", "--plan", "--format", "json"]));
    record.run(&mut world.other(&["scan", "--plan", "--check", "iam-root-mfa-missing", "--unlimited"]));
    record.compare("scan-plan");
}
