//! What `plugins/README.md` promises a newcomer, done in a scratch copy: copy the example, rename it, scaffold a check.
//! Nothing outside the new pack is touched, everything builds, and only the check that is not written yet fails.

use std::fs;
use std::path::{Path, PathBuf};

use crate::new_check::new_check_in;
use crate::process::{cargo, metadata_of, output, root, target};
use crate::tidy::tidy_in;

/// The new pack.
const PACK: &str = "newcomer";
/// The new check, and the tests that fail until it is written: its own, and the pack's, whose bad account it does not flag yet.
const CHECK: &str = "newcomer-user-without-shoes";
const UNWRITTEN: [&str; 2] = [
    "newcomer_user_without_shoes::tests::the_fault_is_flagged",
    "pack_tests::every_check_flags_a_bad_account",
];
/// What the page tells a newcomer to replace, and where.
const NAMES: [(&str, &str); 3] = [
    ("orgsweep-example", "orgsweep-newcomer"),
    ("orgsweep_example", "orgsweep_newcomer"),
    ("acme-sweep", "newcomer-sweep"),
];
const NAMED: [&str; 3] = ["Cargo.toml", "src/main.rs", "tests/distribution.rs"];

/// Takes the page at its word.
pub fn newcomer() -> Result<(), String> {
    let target = target()?;
    let scratch = target.join("newcomer");
    if scratch.exists() {
        fs::remove_dir_all(&scratch).map_err(|error| format!("{}: {error}", scratch.display()))?;
    }
    copy(&root(), &scratch, &target)?;
    let page = read(&scratch.join("plugins/README.md"))?;
    let pack = scratch.join("plugins").join(PACK);
    copy(&scratch.join("plugins/example"), &pack, &target)?;
    for file in NAMED {
        let path = pack.join(file);
        let mut text = read(&path)?;
        for (old, new) in NAMES {
            text = text.replace(old, new);
        }
        fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    for word in NAMES.iter().map(|(old, _)| old).chain(&NAMED) {
        if !page.contains(&format!("`{word}`")) {
            return Err(format!("plugins/README.md does not tell a newcomer about `{word}`"));
        }
    }
    new_check_in(&scratch, PACK, CHECK)?;
    tidy_in(&scratch, &metadata_of(&scratch)?)?;

    // The copy keeps the times of its files, so that all that was built for the original is fresh here.
    let mut command = cargo();
    command.current_dir(&scratch).env("CARGO_TARGET_DIR", &target);
    command.args(["test", "--offline", "--no-fail-fast", "-p", &format!("orgsweep-{PACK}")]);
    match output(&mut command) {
        Ok(_) => Err(format!("{CHECK} passes its tests before it is written")),
        Err(output) => only_the_unwritten_fails(&output),
    }
}

/// The tests ran, and those of the unwritten check are the ones that failed.
fn only_the_unwritten_fails(output: &str) -> Result<(), String> {
    let failed = output.lines().filter_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... FAILED"));
    let mut failed: Vec<&str> = failed.collect();
    failed.sort_unstable();
    if failed == UNWRITTEN {
        return Ok(());
    }
    Err(format!("expected that only {UNWRITTEN:?} fail, not {failed:?}:\n{output}"))
}

/// Copies a folder without what was built and what version control keeps.
fn copy(from: &Path, to: &Path, target: &Path) -> Result<(), String> {
    let place = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    fs::create_dir_all(to).map_err(|error| place(to, error))?;
    for entry in fs::read_dir(from).map_err(|error| place(from, error))? {
        let path: PathBuf = entry.map_err(|error| place(from, error))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path == target || name == "target" || name == ".git" {
            continue;
        }
        let copied = to.join(name);
        if path.is_dir() {
            copy(&path, &copied, target)?;
        } else {
            let modified = path.metadata().and_then(|metadata| metadata.modified());
            fs::copy(&path, &copied)
                .and_then(|_| fs::File::options().write(true).open(&copied)?.set_modified(modified?))
                .map_err(|error| place(&path, error))?;
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_failure_is_not_taken_for_the_expected_one() {
        let [own, of_the_pack] = UNWRITTEN.map(|test| format!("test {test} ... FAILED\n"));
        assert!(only_the_unwritten_fails(&own).is_err());
        let own = of_the_pack + &own;
        assert!(only_the_unwritten_fails(&own).is_ok());
        assert!(only_the_unwritten_fails(&format!("{own}test other ... FAILED\n")).is_err());
        assert!(only_the_unwritten_fails("error[E0432]: unresolved import").is_err());
    }
}
