//! `cargo xtask catalogue`: what the policy engine knows of actions and services, from a pinned package and AWS's user guide.

use std::path::Path;
use std::process::Command;

use crate::process::{root, run, target};
use crate::python;

/// Where the table is kept, with the list of services that RCPs bind.
const FOLDER: &str = "crates/policy/data";

/// Writes them.
pub fn catalogue() -> Result<(), String> {
    match python::environment(&target()?)? {
        Ok(python) => run(command(&python).arg(root().join(FOLDER))),
        Err(reason) => Err(format!("the table is made by Python: {reason}")),
    }
}

/// Whether they are what the pinned package gives.
pub fn check(python: &Path) -> Result<(), String> {
    run(command(python).arg("--check").arg(root().join(FOLDER)))
}

fn command(python: &Path) -> Command {
    let mut command = Command::new(python);
    command.arg(root().join("xtask/catalogue.py"));
    command
}
