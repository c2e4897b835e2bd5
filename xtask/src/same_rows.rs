//! `cargo xtask same-rows`: this tree's program and another revision's find the same rows (tests/judges/same_rows.py). It is
//! for changes that must change no row, and takes minutes; CI does not run it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{cargo, root, run, target};
use crate::{python, revision};

/// Compares with a revision, or with a program by its path, in all worlds or in those that are named.
pub fn same_rows(against: &str, worlds: &[&str]) -> Result<(), String> {
    let target = target()?;
    let other = match Path::new(against) {
        path if path.is_file() => path.to_owned(),
        _ => revision::built(&target.join("same-rows"), &revision::commit(against)?, false)?,
    };
    let python =
        python::environment(&target)?.map_err(|reason| format!("same-rows needs Python: {reason}"))?;
    run(cargo().args(["build", "--quiet", "--bin", "orgsweep"]))?;
    run(&mut judge(&python, [&other, &target.join("debug/orgsweep")], worlds))
}

fn judge(python: &Path, programs: [&PathBuf; 2], worlds: &[&str]) -> Command {
    let mut command = Command::new(python);
    command.env("PYTHONDONTWRITEBYTECODE", "1").arg(root().join("tests/judges/same_rows.py"));
    command.args(programs).args(worlds);
    command
}
