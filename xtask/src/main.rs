//! The project's own commands. `test` is what the README and CI call; see `cargo xtask help`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "commands answer on the terminal")]

mod bench;
mod catalogue;
mod fuzz;
mod generate;
mod new_check;
mod newcomer;
mod policies;
mod process;
mod python;
mod revision;
mod same_rows;
mod test;
mod tidy;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask test [--skip-judges]     formatting, lints, house rules, all tests, short fuzzing, the independent judges
cargo xtask faults                   the long form of the fault suite: twenty organizations of 200 accounts
cargo xtask policies                 property tests of the policy engine in 40,000 worlds, and 100,000 requests
                                     compared with an independent engine
cargo xtask fuzz [--seconds N] [TARGET]
                                     fuzzes the parsers, 20 seconds per target (tests/fuzz/README.md)
cargo xtask tidy                     house rules: dependencies between crates, file headers, retired words
cargo xtask generate [--check]       writes the generated files (docs, crates/lake/schema.txt), or lists those that
                                     are out of date
cargo xtask new-check PACK ID        scaffolds a check that compiles and fails its test until it is written
cargo xtask catalogue                updates the policy engine's data on actions, services and endpoints from pinned packages
cargo xtask newcomer                 tests the steps of plugins/README.md in a scratch copy
cargo xtask same-rows --against REV|PROGRAM [WORLD...]
                                     compares the rows that this tree's program and another one find in the same organizations
cargo xtask bench [--accounts N[,N...]] [--latency MS] [--users N] [--roles N] [--policies N]
                  [--requests N] [--concurrency N] [--runs N] [--faults FILE|refuse5throttle1] [--json FILE]
                                     whole scans against the simulator, compared with the cost of the same calls alone
cargo xtask bench --against REV [the same, without --faults]
                                     whole scans by this tree's program and by that revision's, alternating
cargo xtask bench scale [the same]   100, 1,000 and 10,000 accounts, a run with faults, and the targets
cargo xtask bench build [--against REV]
                                     what the first build costs: CPU time, wall, units, and the size of the program
cargo xtask bench policies           the policy engine: its parts, and requests a second beside an independent engine";

/// What the help says of a command.
fn usage(command: &str) -> String {
    let mut in_section = false;
    let belongs = |line: &&str| {
        if let Some(words) = line.strip_prefix("cargo xtask ") {
            in_section = words.split(' ').next() == Some(command);
        }
        in_section
    };
    HELP.lines().filter(belongs).collect::<Vec<_>>().join("\n")
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["test"] => test::test(false),
        ["test", "--skip-judges"] => test::test(true),
        ["tidy"] => tidy::tidy(),
        ["fuzz", ..] => fuzz::command(&arguments[1..]),
        ["generate"] => generate::write(),
        ["generate", "--check"] => generate::check(),
        ["new-check", pack, id] => new_check::new_check(pack, id),
        ["faults"] => test::faults(),
        ["policies"] => policies::policies(),
        ["same-rows", "--against", against, ref worlds @ ..] => same_rows::same_rows(against, worlds),
        ["catalogue"] => catalogue::catalogue(),
        ["newcomer"] => newcomer::newcomer(),
        ["bench", "policies"] => policies::bench(),
        ["bench", "build", ref rest @ ..] => bench::build::build(rest),
        ["bench", ..] => bench::bench(&arguments[1..]),
        ["help" | "--help" | "-h"] => {
            println!("{HELP}");
            Ok(())
        }
        [command, ..] if !usage(command).is_empty() => {
            Err(format!("cargo xtask {}: expected\n{}", arguments.join(" "), usage(command)))
        }
        _ => Err(format!("unknown command: {}\n\n{HELP}", arguments.join(" "))),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}
