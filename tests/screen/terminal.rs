//! A terminal: what the program writes to one, and what is on it in the end.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::support::{World, options, signal};

/// What a program wrote to a terminal.
pub struct Seen {
    /// Exit code.
    pub code: i32,
    /// Every byte, as text.
    pub written: String,
    /// Lines that are there in the end, without colors.
    pub lines: Vec<String>,
}

/// Runs a command whose standard output and error are one terminal.
pub fn on_a_terminal(command: &mut Command, columns: u16) -> Seen {
    with_a_terminal(command, columns, true, |_| ())
}

/// The same; standard output is there too, or thrown away. `meanwhile` has the process while it runs.
fn with_a_terminal(
    command: &mut Command,
    columns: u16,
    output_too: bool,
    meanwhile: impl FnOnce(&std::process::Child),
) -> Seen {
    let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&controller).unwrap();
    unlockpt(&controller).unwrap();
    let size = Winsize { ws_row: 50, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&controller, size).unwrap();
    let name = ptsname(&controller, Vec::new()).unwrap();
    let terminal = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    let stream = || Stdio::from(OwnedFd::from(terminal.try_clone().unwrap()));
    command.stderr(stream()).stdout(if output_too { stream() } else { Stdio::null() });
    command.env("TERM", "xterm-256color");
    let mut child = command.spawn().unwrap();
    // Nobody but the program has it open then: it ends where the program ends.
    command.stderr(Stdio::null()).stdout(Stdio::null());
    drop(terminal);
    let reader = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let mut piece = [0; 4096];
        let mut controller = File::from(controller);
        // Linux says EIO once the other side is closed.
        while let Ok(count @ 1..) = controller.read(&mut piece) {
            bytes.extend_from_slice(&piece[..count]);
        }
        String::from_utf8(bytes).unwrap()
    });
    meanwhile(&child);
    let code = child.wait().unwrap().code().unwrap_or(-1);
    let written = reader.join().unwrap();
    let lines = lines_left(&written);
    Seen { code, written, lines }
}

/// What a terminal shows after all of that: it knows the line that is erased and drawn again, and colors.
fn lines_left(written: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut column = 0;
    let mut characters = written.chars();
    while let Some(character) = characters.next() {
        match character {
            '\r' => column = 0,
            '\n' => {
                lines.push(String::new());
                column = 0;
            }
            '\u{1b}' => {
                assert_eq!(characters.next(), Some('['), "{written:?}");
                let sequence: String =
                    characters.by_ref().take_while_inclusive_of(|character| !character.is_ascii_alphabetic());
                match sequence.as_str() {
                    "2K" => lines.last_mut().unwrap().clear(),
                    color if color.ends_with('m') => {}
                    other => panic!("the terminal of this test does not know {other:?}"),
                }
            }
            character => {
                let line = lines.last_mut().unwrap();
                assert_eq!(column, line.chars().count(), "written over {line:?} in {written:?}");
                line.push(character);
                column += 1;
            }
        }
    }
    lines
}

trait TakeWhileInclusive: Iterator<Item = char> {
    /// Up to and with the first character that is not wanted.
    fn take_while_inclusive_of(self, wanted: impl Fn(char) -> bool) -> String;
}

impl<I: Iterator<Item = char>> TakeWhileInclusive for I {
    fn take_while_inclusive_of(self, wanted: impl Fn(char) -> bool) -> String {
        let mut taken = String::new();
        for character in self {
            taken.push(character);
            if !wanted(character) {
                break;
            }
        }
        taken
    }
}

/// An organization that takes long enough to watch.
fn slow() -> World {
    World::start(orgsweep_simulator::Options { latency: std::time::Duration::from_millis(30), ..options(30) })
}

#[test]
fn nothing_is_printed_twice_and_nothing_of_the_moving_line_stays() {
    for columns in [80, 120] {
        let world = slow();
        let seen = on_a_terminal(&mut world.command(&["--concurrency", "4"]), columns);
        assert_eq!(seen.code, 2, "{}", seen.written);
        // It moved, its clock with it, and it is gone.
        assert!(seen.written.contains(" elapsed"), "{}", seen.written);
        assert!(
            seen.written.contains("0s elapsed") && seen.written.contains("1s elapsed"),
            "{}",
            seen.written
        );
        let text = seen.lines.join("\n");
        assert!(!text.contains("elapsed"), "{text}");
        for account in world.running.planted() {
            let times = text.matches(&account.account_id).count();
            let wanted = usize::from(account.kind != orgsweep_simulator::PlantedKind::NotActive);
            assert!(times >= wanted, "{} is {times} times in\n{text}", account.account_id);
            // The worst accounts may hold one that is partial; its loss stands in one place all the same.
            let as_a_loss = seen
                .lines
                .iter()
                .filter(|line| line.starts_with("      ") && line.contains(&account.account_id));
            assert_eq!(as_a_loss.count(), wanted, "{text}");
        }
        let mut told: Vec<&String> = seen.lines.iter().filter(|line| line.trim().len() > 20).collect();
        let all = told.len();
        told.sort();
        told.dedup();
        assert_eq!(told.len(), all, "a line is there twice in\n{text}");
        for line in &seen.lines {
            assert!(line.chars().count() <= usize::from(columns), "{columns}: {line:?}");
        }
    }
}

/// What the doctor says fits too, but for commands, which are there to be copied; and nothing of it is cut but names.
#[test]
fn the_doctors_findings_fit_the_terminal() {
    for columns in [80, 120] {
        let world = World::start(options(30));
        let doctor = ["doctor", "--unlimited", "--sample", "all"];
        let seen = on_a_terminal(&mut world.other(&doctor), columns);
        assert_eq!(seen.code, 2, "{}", seen.written);
        let is_command = |line: &str| line.starts_with("      ") && line.contains(" policy --for ");
        let commands = seen.lines.iter().filter(|line| is_command(line)).count();
        assert!(commands > 1, "{}", seen.lines.join("\n"));
        for line in seen.lines.iter().filter(|line| !is_command(line)) {
            assert!(line.chars().count() <= usize::from(columns), "{columns}: {line:?}");
        }
        let words: Vec<&str> = seen.lines.iter().flat_map(|line| line.split_whitespace()).collect();
        let text = words.join(" ");
        for whole in [
            "ROLE_MISSING_OR_UNTRUSTED at sts:AssumeRole",
            "DENIED at iam:GetCredentialReport in 1 account",
            "because no identity-based policy allows the iam:GetCredentialReport action",
            "AWS does not say which: where the role is missing, roll it out",
        ] {
            assert!(text.contains(whole), "{columns}: {whole}: {text}");
        }
    }
}

#[test]
fn losses_are_told_on_the_way_where_the_summary_goes_elsewhere() {
    let world = slow();
    let seen = with_a_terminal(&mut world.command(&[]), 80, false, |_| ());
    let lost =
        seen.lines.iter().filter(|line| line.starts_with("not scanned: ") || line.starts_with("partial: "));
    assert_eq!(
        lost.count(),
        world
            .running
            .planted()
            .iter()
            .filter(|one| one.kind != orgsweep_simulator::PlantedKind::NotActive)
            .count()
    );
}

#[test]
fn losses_are_told_where_no_summary_comes() {
    let world = World::start(orgsweep_simulator::Options {
        latency: std::time::Duration::from_millis(60),
        refusing: Some(20),
        ..options(40)
    });
    let mut command = world.command(&["--concurrency", "3"]);
    let seen = with_a_terminal(&mut command, 80, true, |child| {
        std::thread::sleep(std::time::Duration::from_secs(4));
        signal(child, "INT");
    });
    assert_eq!(seen.code, 130, "{}", seen.written);
    let text = seen.lines.join("\n");
    assert!(seen.lines.iter().any(|line| line.starts_with("not scanned: ")), "{text}");
    assert_eq!(text.matches("stopping: waiting for").count(), 1, "{text}");
    assert!(!text.contains("elapsed"), "{text}");
}

#[test]
fn colors_mean_something_and_are_left_away_where_nobody_wants_them() {
    let world = World::start(options(30));
    let red_loss = "\u{1b}[31mnot scanned\u{1b}[0m";
    for (variables, arguments, colored) in [
        (&[][..], &[][..], true),
        (&[("NO_COLOR", "1")], &[], false),
        (&[("NO_COLOR", "1")], &["--color", "always"], true),
        (&[], &["--color", "never"], false),
        (&[("CLICOLOR", "0")], &[], false),
    ] {
        let mut command = world.command(arguments);
        command.envs(variables.iter().copied());
        let seen = on_a_terminal(&mut command, 100);
        assert_eq!(seen.written.contains(red_loss), colored, "{variables:?} {arguments:?}: {}", seen.written);
        assert_eq!(seen.written.contains("m2 (incomplete coverage)\u{1b}"), colored, "{}", seen.written);
    }
    // No terminal, no colors, unless they are asked for.
    assert!(!world.scan(&[]).output.contains('\u{1b}'));
    assert!(world.scan(&["--color", "always"]).output.contains(red_loss));
}
