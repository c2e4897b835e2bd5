//! One set of exit codes: every command, with each code that it can end with.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use orgsweep_lake::Lake;
use orgsweep_simulator::Options;

use crate::support::{World, options, orgsweep, program, run, signal, until_told};

/// What each command can end with. 1 of `demo` takes a bug of the scanner or of the simulator.
const APPLICABLE: [(&str, &[i32]); 20] = [
    ("demo", &[0, 3, 130]),
    ("scan", &[0, 1, 2, 3, 130]),
    ("scan --plan", &[0, 2, 3]),
    ("scan --shard", &[0, 1, 2, 3]),
    ("check", &[0, 1, 2, 3, 130]),
    ("doctor", &[0, 2, 3, 130]),
    ("policy", &[0, 3, 130]),
    ("explain", &[0, 2, 3, 130]),
    ("checks list", &[0, 3]),
    ("checks show", &[0, 3]),
    ("config schema", &[0, 3]),
    ("simulate", &[0, 3]),
    ("discover", &[0, 2, 3, 130]),
    ("finalize", &[0, 1, 2, 3, 130]),
    ("ddl", &[0, 3, 130]),
    ("tables", &[0, 3]),
    ("log-schema", &[0, 3]),
    ("completions", &[0, 3]),
    ("man", &[0, 3]),
    ("help", &[0, 3]),
];

/// The codes that commands have ended with.
#[derive(Default)]
struct Seen(BTreeMap<String, BTreeSet<i32>>);

impl Seen {
    fn ends(&mut self, name: &str, wanted: i32, command: &mut Command) {
        let said = run(command);
        assert_eq!(said.code, wanted, "{command:?}\n{}{}", said.output, said.errors);
        self.0.entry(name.to_owned()).or_default().insert(wanted);
    }

    fn ended(&mut self, name: &str, wanted: i32, mut child: Child) {
        assert_eq!(child.wait().unwrap().code(), Some(wanted), "{name}");
        self.0.entry(name.to_owned()).or_default().insert(wanted);
    }
}

fn good() -> World {
    World::start(Options { refusing: Some(0), broken: Some(0), suspended: Some(0), ..options(4) })
}

#[test]
fn every_command_ends_with_the_codes_of_the_one_table() {
    let mut seen = Seen::default();
    let world = good();
    scans(&world, &mut seen);
    readers(&world, &mut seen);
    around_a_scan(&world, &mut seen);
    printers(&mut seen);
    stopped(&world, &mut seen);
    let wanted: BTreeMap<String, BTreeSet<i32>> = APPLICABLE
        .iter()
        .map(|(command, codes)| ((*command).to_owned(), codes.iter().copied().collect()))
        .collect();
    assert_eq!(seen.0, wanted);
}

/// No role of this name is in any account but the caller's own.
const NOWHERE: [&str; 2] = ["--role-name", "Nowhere"];
const FAIL_ON: [&str; 2] = ["--fail-on", "low"];

fn scans(world: &World, seen: &mut Seen) {
    seen.ends("scan", 0, &mut world.command(&[]));
    seen.ends("scan", 1, &mut world.command(&FAIL_ON));
    seen.ends("scan", 2, &mut world.command_into(&world.file("lost"), &NOWHERE));
    // Both apply.
    seen.ends("scan", 2, world.command_into(&world.file("lost"), &NOWHERE).args(FAIL_ON));
    seen.ends("scan", 3, &mut world.command(&["--check", "nothing"]));
    seen.ends("scan", 3, program().args(["scan", "--profile", "nobody", "--out"]).arg(world.file("never")));
    seen.ends("scan", 3, program().args(["scan", "--nothing"]));
    seen.ends("scan --plan", 0, &mut world.other(&["scan", "--plan"]));
    seen.ends("scan --plan", 3, &mut world.other(&["scan", "--plan", "--ou", "/Root/Nowhere"]));
    let slow = World::start(Options { latency: Duration::from_secs(3), ..options(4) });
    seen.ends("scan --plan", 2, &mut slow.other(&["scan", "--plan", "--deadline", "1s"]));
}

/// Those that read a lake.
fn readers(world: &World, seen: &mut Seen) {
    let check = |lake: &str, more: &[&str]| {
        let mut command = program();
        command.args(["check", "--from", "latest", "--out"]).arg(world.file(lake)).args(more);
        command
    };
    seen.ends("check", 0, &mut check("lake", &[]));
    seen.ends("check", 1, &mut check("lake", &FAIL_ON));
    seen.ends("check", 2, &mut check("lost", &FAIL_ON));
    seen.ends("check", 3, &mut check("nowhere", &[]));

    let principals: Vec<orgsweep_model::facts::Principal> = world.rows();
    let user = principals.into_iter().find(|one| one.principal_arn.contains(":user/")).unwrap().principal_arn;
    let explain = |action: &str, resource: &str| {
        let mut command = program();
        command.args(["explain", "--action", action, "--resource", resource, "--principal", &user]);
        command
    };
    let in_lake = |mut command: Command| {
        command.arg("--out").arg(world.lake());
        command
    };
    seen.ends("explain", 0, &mut in_lake(explain("ec2:DescribeInstances", "*")));
    seen.ends("explain", 2, &mut in_lake(explain("ec2:NoSuchAction", "*")));
    seen.ends("explain", 3, &mut in_lake(explain("ec2:Describe*", "*")));
    seen.ends("explain", 3, explain("ec2:DescribeInstances", "*").arg("--out").arg(world.file("nowhere")));

    let ddl = |lake: &str| {
        let mut command = program();
        command.args(["ddl", "--engine", "duckdb", "--out"]).arg(world.file(lake));
        command
    };
    seen.ends("ddl", 0, &mut ddl("lake"));
    seen.ends("ddl", 3, &mut ddl("nowhere"));

    // A damaged lake: whoever needs it has no answer.
    let damaged = world.file("lost");
    damage(&damaged.join("v1/policies"));
    seen.ends("check", 3, &mut check("lost", &[]));
    seen.ends("explain", 3, explain("ec2:DescribeInstances", "*").arg("--out").arg(&damaged));
    seen.ends("ddl", 3, &mut ddl("lost"));
    let id = Lake::open(&damaged).unwrap().latest_scan_id().unwrap().unwrap();
    seen.ends("scan", 3, &mut world.command_into(&damaged, &["--retry-incomplete", id.as_str()]));
}

/// Takes a byte from every file below a folder.
fn damage(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            damage(&entry.path());
        } else {
            let file = OpenOptions::new().write(true).open(entry.path()).unwrap();
            file.set_len(file.metadata().unwrap().len() - 1).unwrap();
        }
    }
}

/// What is run before a scan, and its shards.
fn around_a_scan(world: &World, seen: &mut Seen) {
    seen.ends("doctor", 0, &mut world.other(&["doctor", "--unlimited"]));
    seen.ends("doctor", 2, world.other(&["doctor", "--unlimited"]).args(NOWHERE));
    seen.ends("doctor", 3, program().args(["doctor", "--profile", "nobody"]));
    seen.ends("policy", 0, program().args(["policy", "--for", "member"]));
    seen.ends("policy", 3, program().args(["policy", "--for", "chain"]));

    let roster = world.file("roster.json").display().to_string();
    let discover = ["discover", "--unlimited", "--roster", &roster];
    seen.ends("discover", 0, &mut world.other(&discover));
    seen.ends("discover", 3, program().args(discover).args(["--profile", "nobody"]));
    let denied = orgsweep_simulator::Denial {
        account: None,
        action: "organizations:ListPolicies".to_owned(),
        by_scp: false,
    };
    let unreadable = World::start(Options { denied: vec![denied], ..options(4) });
    let other = unreadable.file("roster.json").display().to_string();
    seen.ends("discover", 2, &mut unreadable.other(&["discover", "--unlimited", "--roster", &other]));

    let of_shards = |command: &[&str], lake: &str| {
        let mut started = world.other(&["--roster", &roster, "--unlimited", "--out"]);
        started = {
            let mut first = world.other(command);
            first.args(started.get_args()).arg(world.file(lake));
            first
        };
        started
    };
    let shard = ["scan", "--shard", "0/1"];
    seen.ends("finalize", 3, &mut of_shards(&["finalize"], "shards"));
    seen.ends("scan --shard", 0, &mut of_shards(&shard, "shards"));
    seen.ends("scan --shard", 1, of_shards(&shard, "shards").args(FAIL_ON));
    seen.ends("scan --shard", 3, &mut of_shards(&["scan", "--shard", "1/1"], "shards"));
    seen.ends("finalize", 0, &mut of_shards(&["finalize"], "shards"));
    // It is published already.
    seen.ends("finalize", 1, of_shards(&["finalize"], "shards").args(FAIL_ON));
    seen.ends("scan --shard", 2, of_shards(&shard, "lost-shards").args(NOWHERE));
    seen.ends("finalize", 2, of_shards(&["finalize"], "lost-shards").args(NOWHERE));
}

/// Those that print what they know.
fn printers(seen: &mut Seen) {
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake").display().to_string();
    for (name, answered) in [
        ("checks list", &["checks", "list"][..]),
        ("checks show", &["checks", "show", "iam-role-unused"]),
        ("config schema", &["config", "schema"]),
        ("tables", &["tables"]),
        ("log-schema", &["log-schema"]),
        ("completions", &["completions", "bash"]),
        ("man", &["man", "scan"]),
        ("help", &["help", "scan"]),
        ("demo", &["demo", "--accounts", "3", "--quiet", "--out", &lake]),
    ] {
        seen.ends(name, 0, program().args(answered));
        // A word too many, or an option that is not there, is the same everywhere.
        seen.ends(name, 3, program().args(answered).arg("nothing-of-this-name").arg("--nothing"));
    }
    seen.ends("simulate", 3, program().args(["simulate", "--faults", "nowhere"]));
    let nothing = orgsweep(&[]);
    assert_eq!((nothing.code, nothing.errors.is_empty()), (3, false), "no command is wrong usage");
    let version = orgsweep(&["--version"]);
    assert_eq!((version.code, version.errors.as_str()), (0, ""));
}

/// Ctrl-C and SIGTERM.
fn stopped(world: &World, seen: &mut Seen) {
    let slow = World::start(Options { latency: Duration::from_millis(400), ..options(8) });
    let lake = slow.lake().display().to_string();
    let roster = slow.file("roster.json").display().to_string();
    for (name, command) in [
        ("scan", &["scan", "--out", &lake][..]),
        ("doctor", &["doctor"]),
        ("discover", &["discover", "--roster", &roster]),
    ] {
        for word in ["INT", "TERM"] {
            let before = calls(&slow);
            let child = slow.other(command).spawn().unwrap();
            let began = Instant::now();
            while calls(&slow) == before {
                assert!(began.elapsed() < Duration::from_secs(20), "{name} makes no call");
                std::thread::sleep(Duration::from_millis(20));
            }
            signal(&child, word);
            seen.ended(name, 130, child);
        }
    }
    let out = world.file("demo").display().to_string();
    let mut demo =
        program().args(["demo", "--latency", "300", "--log-format", "json", "--out", &out]).spawn().unwrap();
    until_told(&mut demo, "\"scan_started\"", 1);
    signal(&demo, "TERM");
    seen.ended("demo", 130, demo);

    // Whoever opens a pipe that nobody writes to waits.
    let pipe = world.file("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for (name, command) in [
        ("check", &["check", "--from", "latest"][..]),
        ("policy", &["policy", "--for", "member"]),
        ("finalize", &["finalize", "--roster", "nowhere"]),
        ("explain", &["explain", "--principal", "*", "--action", "sts:AssumeRole", "--resource", "*"]),
        ("ddl", &["ddl", "--engine", "duckdb"]),
    ] {
        for word in ["INT", "TERM"] {
            let child = program().args(command).arg("--config").arg(&pipe).spawn().unwrap();
            // Opened as soon as the other side is.
            let _held = OpenOptions::new().write(true).open(&pipe).unwrap();
            signal(&child, word);
            seen.ended(name, 130, child);
        }
    }

    for word in ["INT", "TERM"] {
        let mut server = program().args(["simulate", "--accounts", "3"]).spawn().unwrap();
        let mut first = [0];
        std::io::Read::read_exact(server.stdout.as_mut().unwrap(), &mut first).unwrap();
        signal(&server, word);
        seen.ended("simulate", 0, server);
    }
}

fn calls(world: &World) -> u64 {
    world.running.calls().into_values().sum()
}

#[test]
fn every_command_is_in_the_table_of_this_test() {
    let commands = |words: &[&str]| -> Vec<String> {
        let help = orgsweep(&[words, &["--help"]].concat()).output;
        let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
        // Further lines of a description stand further to the right.
        let names = listed.map_while(|line| line.strip_prefix("  ")).filter(|line| !line.starts_with(' '));
        names.filter_map(|line| line.split(' ').next()).map(ToOwned::to_owned).collect()
    };
    let mut all = Vec::new();
    for command in commands(&[]) {
        let inner = commands(&[&command]);
        if inner.is_empty() {
            all.push(command);
        } else {
            all.extend(inner.iter().filter(|name| *name != "help").map(|name| format!("{command} {name}")));
        }
    }
    let known: BTreeSet<String> = APPLICABLE.iter().map(|(name, _)| (*name).to_owned()).collect();
    let missing: Vec<&String> = all.iter().filter(|name| !known.contains(*name)).collect();
    assert!(all.len() > 15 && missing.is_empty(), "{all:?}: no code is tried of {missing:?}");
}

#[test]
fn readme_and_help_have_one_table() {
    let help = orgsweep(&["--help"]).output;
    let readme = include_str!("../README.md");
    let lines = help.lines().skip_while(|line| !line.starts_with("Exit codes")).skip(1);
    let codes: Vec<(&str, &str)> = lines
        .filter_map(|line| line.trim().split_once(' '))
        .filter(|(code, _)| code.parse::<u8>().is_ok())
        .map(|(code, meaning)| (code, meaning.trim()))
        .collect();
    assert_eq!(codes.iter().map(|(code, _)| *code).collect::<Vec<_>>(), ["0", "1", "2", "3", "130"]);
    for (code, meaning) in codes {
        let row = format!("| {code} | {meaning} |");
        assert!(readme.replace('`', "").contains(&row), "README.md has no {row}");
    }
}
