//! `cargo xtask bench build [--against REV]`: what the first build costs. `cargo build --release` into an empty target folder,
//! packages downloaded before: CPU time of cargo and all that it starts, wall, units and the slowest of them, and the size of
//! the program. With `--against`, the other revision is built the same way right before.

use std::fs;
use std::path::Path;

use serde_json::Value as Json;

use crate::bench::measure::measured;
use crate::process::{cargo, root, run, target};
use crate::revision;

/// How many of the slowest units are shown.
const SHOWN: usize = 12;

/// What one build took.
struct Built {
    cpu: f64,
    wall: f64,
    /// Name and wall of every unit, the slowest first.
    units: Vec<(String, f64)>,
    program_bytes: u64,
}

/// Builds this tree, and the other revision before it.
pub fn build(arguments: &[&str]) -> Result<(), String> {
    let against = match arguments {
        [] => None,
        ["--against", revision] => Some(revision::commit(revision)?),
        _ => return Err("expected `bench build` or `bench build --against REV`".to_owned()),
    };
    let folder = target()?.join("bench");
    let theirs = match &against {
        Some(commit) => {
            let checkout = revision::checkout(&folder, commit)?;
            Some((&commit[..commit.len().min(8)], cold(checkout.path(), &folder)?))
        }
        None => None,
    };
    print!("{}", render(&cold(&root(), &folder)?, theirs.as_ref().map(|(name, built)| (*name, built))));
    Ok(())
}

/// The front door's build of a source tree, in a target folder that is new and is removed afterwards.
fn cold(source: &Path, folder: &Path) -> Result<Built, String> {
    let target = folder.join("cold");
    let place = |error: std::io::Error| format!("{}: {error}", target.display());
    // One that was left behind by a command that was killed.
    if target.exists() {
        fs::remove_dir_all(&target).map_err(place)?;
    }
    run(cargo().current_dir(source).args(["fetch", "--locked", "--quiet"]))?;
    eprintln!("building {} from nothing", source.display());
    let mut build = cargo();
    build.current_dir(source).env("CARGO_TARGET_DIR", &target);
    let taken = measured(build.args(["build", "--release", "--locked", "--quiet", "--timings"]))?;
    if taken.code != 0 {
        return Err(format!("cargo build --release in {} ended with {}", source.display(), taken.code));
    }
    let read = |path: &str| fs::read_to_string(target.join(path)).map_err(place);
    let units = units(&read("cargo-timings/cargo-timing.html")?)?;
    let program_bytes = fs::metadata(target.join("release/orgsweep")).map_err(place)?.len();
    fs::remove_dir_all(&target).map_err(place)?;
    Ok(Built { cpu: taken.cpu.total(), wall: taken.wall, units, program_bytes })
}

/// The units of cargo's page of timings, the slowest first.
fn units(page: &str) -> Result<Vec<(String, f64)>, String> {
    let unknown = || "cargo's page of timings has no list of units that this bench can read".to_owned();
    let list = page.split_once("UNIT_DATA = ").and_then(|(_, rest)| rest.split_once("];"));
    let list: Json =
        list.and_then(|(list, _)| serde_json::from_str(&format!("{list}]")).ok()).ok_or_else(unknown)?;
    let unit = |unit: &Json| {
        let name = [unit["name"].as_str()?, unit["target"].as_str().unwrap_or_default()].concat();
        let run = if unit["mode"] == "run-custom-build" { " (run)" } else { "" };
        Some((format!("{name}{run}"), unit["duration"].as_f64()?))
    };
    let units: Option<Vec<(String, f64)>> = list.as_array().ok_or_else(unknown)?.iter().map(unit).collect();
    let mut units = units.ok_or_else(unknown)?;
    units.sort_by(|one, other| other.1.total_cmp(&one.1));
    Ok(units)
}

/// What is compared: its name, its unit, and how it is read.
type Figure = (&'static str, &'static str, fn(&Built) -> f64);

fn render(ours: &Built, theirs: Option<(&str, &Built)>) -> String {
    let figures: [Figure; 4] = [
        ("CPU", "s", |built| built.cpu),
        ("wall", "s", |built| built.wall),
        ("units", "", |built| built.units.len() as f64),
        ("program", "MB", |built| built.program_bytes as f64 / 1e6),
    ];
    let mut text = format!("\n{:<40}{:>14}", "cargo build --release, cold", "this tree");
    if let Some((name, _)) = theirs {
        text.push_str(&format!("{name:>14}  this / {name}"));
    }
    for (name, unit, figure) in figures {
        let cell = |built: &Built| format!("{:.0} {unit}", figure(built)).trim_end().to_owned();
        text.push_str(&format!("\n{name:<40}{:>14}", cell(ours)));
        if let Some((_, theirs)) = theirs {
            text.push_str(&format!("{:>14}  {:.2}", cell(theirs), figure(ours) / figure(theirs)));
        }
    }
    let trees = [("this tree", ours)].into_iter().chain(theirs);
    for (name, built) in trees {
        text.push_str(&format!("\n\nThe slowest units of {name}, seconds of wall"));
        for (unit, seconds) in built.units.iter().take(SHOWN) {
            text.push_str(&format!("\n  {unit:<52}{seconds:>6.1}"));
        }
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"<script>
const UNIT_DATA = [
  {"i": 0, "name": "zstd-sys", "version": "2.1.3", "mode": "run-custom-build", "target": " build script", "start": 1.0, "duration": 20.5},
  {"i": 1, "name": "aws-sdk-iam", "version": "1.133.0", "mode": "build", "target": "", "start": 2.0, "duration": 90.25}
];
const CONCURRENCY_DATA = [];
</script>"#;

    #[test]
    fn the_slowest_units_come_first_and_ratios_are_shown() {
        let ours = units(PAGE).unwrap();
        assert_eq!(ours[0], ("aws-sdk-iam".to_owned(), 90.25));
        assert_eq!(ours[1], ("zstd-sys build script (run)".to_owned(), 20.5));
        let built = |cpu| Built { cpu, wall: 400.0, units: ours.clone(), program_bytes: 20_000_000 };
        let text = render(&built(600.0), Some(("01234567", &built(1000.0))));
        assert!(text.contains("this / 01234567\n"), "{text}");
        assert!(text.contains("600 s        1000 s  0.60\n"), "{text}");
        assert!(text.contains("The slowest units of 01234567"), "{text}");
    }

    #[test]
    fn a_page_of_another_form_is_an_error() {
        assert!(units("<html></html>").unwrap_err().contains("no list of units"));
        assert!(units("UNIT_DATA = [{}];").is_err());
    }

    #[test]
    fn anything_else_is_refused() {
        assert!(build(&["--accounts", "3"]).unwrap_err().contains("--against REV"));
        assert!(build(&["--against", "no-such-revision"]).unwrap_err().contains("no such revision"));
    }
}
