//! `cargo xtask fuzz`: looks for a while for bytes for which `tests/fuzz/invariants` do not hold.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{metadata_of, output, root, run, target};

/// Where the targets are.
const FOLDER: &str = "tests/fuzz";
/// Installed into the target directory when it is not there.
const CARGO_FUZZ: &str = "0.13.2";
/// Asked of rustup when no nightly is there at all. Any will do: what is tried is our code, not the compiler's.
const NIGHTLY: &str = "nightly-2026-05-20";
/// How long one target is tried where nobody says.
const SECONDS: u32 = 20;
/// How long in `cargo xtask test`: enough to show that the targets build and run, and to look around the seeds.
pub const SHORT: u32 = 8;
/// A single input that takes longer is a hang, seconds. The slowest seed takes a tenth of one.
const LONGEST: u32 = 10;
/// Memory beyond which a target ends as if it had crashed. A third is the program itself.
const MOST_MEGABYTES: u32 = 512;
/// What the fuzzer makes up is no longer, bytes: longer inputs are tried slowly, and the seeds have one of each kind.
const LONGEST_INPUT: u32 = 16_384;
/// The same for documents that our own code reads: no service of AWS's takes a policy half as long.
const LONGEST_DOCUMENT: u32 = 131_072;
/// Lines of a failed target's log that are shown.
const SHOWN: usize = 40;

/// What a machine has to have.
pub struct Tools {
    toolchain: String,
    cargo_fuzz: PathBuf,
    folder: PathBuf,
}

/// `fuzz [--seconds N] [TARGET]`.
pub fn command(arguments: &[&str]) -> Result<(), String> {
    let mut seconds = SECONDS;
    let mut only = None;
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match *argument {
            "--seconds" => {
                let number = rest.next().and_then(|text| text.parse().ok()).filter(|number| *number > 0);
                seconds = number.ok_or("--seconds: expected a number of at least 1")?;
            }
            name if !name.starts_with('-') && only.is_none() => only = Some(name),
            other => return Err(format!("fuzz does not take {other}")),
        }
    }
    fuzz(&tools()??, seconds, only)
}

/// Tries the targets one after the other, also after one has failed.
pub fn fuzz(tools: &Tools, seconds: u32, only: Option<&str>) -> Result<(), String> {
    let targets = targets()?;
    if let Some(unknown) = only.filter(|name| !targets.iter().any(|target| target == name)) {
        return Err(format!("{unknown} is none of the fuzz targets, which are {}", targets.join(", ")));
    }
    // One lock for both: what is tried is what is shipped. Cargo strikes out what is not needed.
    let lock = root().join(FOLDER).join("Cargo.lock");
    fs::copy(root().join("Cargo.lock"), &lock).map_err(|error| format!("{}: {error}", lock.display()))?;
    let mut build = tools.cargo_fuzz("build");
    if let Some(name) = only {
        build.arg(name);
    }
    run(&mut build)?;
    let mut failed = Vec::new();
    for name in targets.iter().filter(|name| only.is_none_or(|only| only == *name)) {
        if let Err(message) = one(tools, name, seconds) {
            println!("{name}: {message}");
            failed.push(name.as_str());
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("{}: see above", failed.join(", "))) }
}

fn one(tools: &Tools, name: &str, seconds: u32) -> Result<(), String> {
    let problem = |path: &Path, error: &std::io::Error| format!("{}: {error}", path.display());
    // What is found new goes beside the build, not among the seeds.
    let found = tools.folder.join("found").join(name);
    fs::create_dir_all(&found).map_err(|error| problem(&found, &error))?;
    let log = tools.folder.join(format!("{name}.log"));
    let file = File::create(&log).map_err(|error| problem(&log, &error))?;
    let folder = root().join(FOLDER);
    let mut fuzz = tools.cargo_fuzz("run");
    fuzz.arg(name).arg(&found).arg(folder.join("corpus").join(name)).arg("--").args([
        format!("-max_total_time={seconds}"),
        format!("-timeout={LONGEST}"),
        format!("-rss_limit_mb={MOST_MEGABYTES}"),
        format!("-max_len={}", if name == "policy_evaluation" { LONGEST_DOCUMENT } else { LONGEST_INPUT }),
        format!("-dict={}", folder.join("dictionaries").join(format!("{name}.dict")).display()),
        "-print_final_stats=1".to_owned(),
    ]);
    let ended = fuzz.stderr(file).status().map_err(|error| format!("cargo fuzz: {error}"))?;
    let text = fs::read(&log).map_err(|error| problem(&log, &error))?;
    let text = String::from_utf8_lossy(&text);
    if !ended.success() {
        // Without what the fuzzer says about its progress.
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with(['#', '\t'])).collect();
        let last = &lines[lines.len().saturating_sub(SHOWN)..];
        return Err(format!("{ended}; all of it is in {}\n  {}", log.display(), last.join("\n  ")));
    }
    let figure = |key: &str| {
        let after = text.lines().filter_map(|line| line.strip_prefix(key)).next_back();
        after.map(str::trim).unwrap_or_default().to_owned()
    };
    let runs = figure("stat::number_of_executed_units:");
    if matches!(runs.as_str(), "" | "0") {
        return Err(format!("nothing was tried; see {}", log.display()));
    }
    println!(
        "{name}: {runs} inputs in {seconds} s, at most {} MB, all as they should be",
        figure("stat::peak_rss_mb:")
    );
    Ok(())
}

/// The programs of the package. Each has seeds and a dictionary of its name.
fn targets() -> Result<Vec<String>, String> {
    let metadata = metadata_of(&root().join(FOLDER))?;
    let targets = metadata["packages"][0]["targets"].as_array().map(Vec::as_slice).unwrap_or_default();
    let programs = targets.iter().filter(|target| target["kind"][0] == "bin");
    let names: Vec<String> =
        programs.filter_map(|target| target["name"].as_str().map(str::to_owned)).collect();
    if names.is_empty() { Err(format!("{FOLDER} has no targets")) } else { Ok(names) }
}

/// Finds or installs what is needed; the inner error is the reason why this machine cannot have it.
pub fn tools() -> Result<Result<Tools, String>, String> {
    let target = target()?;
    if let Err(reason) = output(Command::new("c++").arg("--version")) {
        return Ok(Err(format!("no C++ compiler for libFuzzer: {reason}")));
    }
    let toolchain = match nightly() {
        Ok(toolchain) => toolchain,
        Err(reason) => return Ok(Err(reason)),
    };
    let tools = target.join("tools");
    let cargo_fuzz = tools.join("bin/cargo-fuzz");
    let version = output(Command::new(&cargo_fuzz).args(["fuzz", "--version"]));
    if !version.is_ok_and(|text| text.contains(CARGO_FUZZ)) {
        println!("cargo-fuzz {CARGO_FUZZ} is being installed into {}", tools.display());
        // Without debug information and optimization: it only starts other programs.
        let installed = output(
            Command::new("cargo")
                .args([
                    "install",
                    "--quiet",
                    "--debug",
                    "--locked",
                    "--force",
                    "--version",
                    CARGO_FUZZ,
                    "--root",
                ])
                .arg(&tools)
                .arg("cargo-fuzz")
                .env("CARGO_PROFILE_DEV_DEBUG", "0")
                .env_remove("CARGO_TARGET_DIR"),
        );
        if let Err(reason) = installed {
            return Ok(Err(format!("no cargo-fuzz: {reason}")));
        }
    }
    Ok(Ok(Tools { toolchain, cargo_fuzz, folder: target.join("fuzz") }))
}

/// The name of a nightly toolchain: the pinned one, else any that is there, else the pinned one from rustup.
fn nightly() -> Result<String, String> {
    let listed = output(Command::new("rustup").args(["toolchain", "list"]))
        .map_err(|reason| format!("no rustup to ask for a nightly toolchain: {reason}"))?;
    let names = || listed.lines().filter_map(|line| line.split_whitespace().next());
    let mut there = names().filter(|name| name.starts_with("nightly"));
    let pinned = there.clone().find(|name| name.starts_with(NIGHTLY));
    if let Some(name) = pinned.or_else(|| there.next()) {
        return Ok(name.to_owned());
    }
    output(Command::new("rustup").args(["toolchain", "install", NIGHTLY, "--profile", "minimal"]))
        .map_err(|reason| format!("no nightly toolchain: {reason}"))?;
    Ok(NIGHTLY.to_owned())
}

impl Tools {
    /// A command of cargo-fuzz. Without a sanitizer: none of our code is unsafe. Without comparisons traced: it would
    /// spend half of its time on the SDK's, and the dictionaries know the words. Each saves building time as well.
    fn cargo_fuzz(&self, verb: &str) -> Command {
        let mut command = Command::new(&self.cargo_fuzz);
        command
            .current_dir(root())
            .env("RUSTUP_TOOLCHAIN", &self.toolchain)
            .env_remove("CARGO")
            .env_remove("RUSTC")
            // A target's panic shows where it was; that cargo-fuzz saw it end does not matter.
            .env("RUST_LIB_BACKTRACE", "0")
            .args(["fuzz", verb, "--fuzz-dir", FOLDER, "--release", "--sanitizer", "none"])
            .args(["--no-trace-compares", "--codegen-units", "16", "-Z", "profile-hint-mostly-unused"])
            .arg("--target-dir")
            .arg(&self.folder);
        command
    }
}
