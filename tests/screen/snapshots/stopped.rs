//! Scans that end before their end, and the screens that follow: `--resume`, `--retry-incomplete`.

use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::process::Child;
use std::time::Duration;

use orgsweep_simulator::{FaultKind, Options};

use super::scans::{clean, fault, record_of};
use crate::support::{Said, World, options, signal};

/// One account never answers; with one account in flight the same ones are finished before it in every run.
fn hanging() -> (World, String) {
    let account = World::start(clean(6)).running.accounts()[4].id.clone();
    let faults = vec![fault(FaultKind::Hang, "iam:ListRoles", Some(account.clone()))];
    (World::start(Options { faults, ..clean(6) }), account)
}

/// Waits until the account that never answers was asked.
fn until_it_hangs(world: &World, account: &str) {
    while !world.calls_of(account).contains_key("iam:ListRoles") {
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What a process prints on standard error until a text comes.
fn until_printed(child: &mut Child, text: &str) -> String {
    let errors = child.stderr.as_mut().unwrap();
    let mut seen = Vec::new();
    let mut byte = [0];
    while !String::from_utf8_lossy(&seen).contains(text) {
        assert_eq!(errors.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&seen));
        seen.push(byte[0]);
    }
    String::from_utf8(seen).unwrap()
}

#[test]
fn interrupted() {
    let (world, account) = hanging();
    let mut record = record_of(&world);
    let mut command = world.command(&["--concurrency", "1"]);
    let mut child = command.arg0("orgsweep").spawn().unwrap();
    until_it_hangs(&world, &account);
    signal(&child, "INT");
    let mut errors = until_printed(&mut child, "waiting for");
    signal(&child, "INT");
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = Said {
        code: output.status.code().unwrap_or(-1),
        output: String::from_utf8(output.stdout).unwrap(),
        errors,
    };
    record.add(&command, &said);
    // With its scan kept, others are refused or told what is there.
    record.run(&mut world.command(&["--resume", "01ARZ3NDEKTSV4RRFFQ69G5FAV"]));
    record.run(&mut world.command(&["--resume", "--check", "iam-root-mfa-missing"]));
    record.run(&mut world.command(&[
        "--resume",
        "--concurrency",
        "1",
        "--publish-partial",
        "--deadline",
        "20s",
    ]));
    record.compare("scan-interrupted");
}

#[test]
fn stopped_by_its_deadline() {
    let (world, _) = hanging();
    let mut record = record_of(&world);
    record.run(&mut world.command(&["--concurrency", "1", "--deadline", "20s"]));
    record.compare("scan-stopped-by-its-deadline");
}

#[test]
fn retried() {
    let world = World::start(options(12));
    let mut record = record_of(&world);
    record.run(&mut world.command(&[]));
    record.run(&mut world.command(&["--retry-incomplete", "newest"]));
    let id = std::fs::read_to_string(world.lake().join("latest.json")).unwrap();
    let id = id.split('"').find(|text| text.len() == 26).unwrap().to_owned();
    record.run(&mut world.command(&["--retry-incomplete", &id]));
    record.run(&mut world.command(&["--retry-incomplete", "01ARZ3NDEKTSV4RRFFQ69G5FAV"]));
    record.run(&mut world.command(&["--resume"]));
    record.compare("scan-retried");
}
