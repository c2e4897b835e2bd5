//! `cargo xtask policies`: what holds of the policy engine, tried longer than the tests do.

use std::path::Path;
use std::process::Command;

use crate::process::{cargo, root, run, target};
use crate::python;

/// Requests that both engines decide in `cargo xtask test`.
pub const SHORT: u32 = 20_000;
/// In the long form.
const LONG: u32 = 100_000;
/// Made-up worlds for each property in the long form.
const WORLDS: &str = "40000";
/// How long each engine is measured in each round, seconds.
const MEASURED: &str = "2";

/// The long form: properties in many worlds, and many requests beside an independent engine.
pub fn policies() -> Result<(), String> {
    run(cargo()
        .args(["test", "--release", "-p", "orgsweep-policy", "properties", "--", "--nocapture"])
        .env("POLICY_WORLDS", WORLDS))?;
    match python::environment(&target()?)? {
        Ok(python) => engines(&python, LONG),
        Err(reason) => Err(format!("the other engine is run by Python: {reason}")),
    }
}

/// Lets our engine and an independent one decide the same requests, each in its own process.
pub fn engines(python: &Path, requests: u32) -> Result<(), String> {
    run(cargo().args(["build", "--quiet", "-p", "orgsweep-policy", "--example", "decide"]))?;
    run(judge(python, "debug")?.args(["--requests", &requests.to_string()]))
}

/// What parts of our engine cost, and how many requests both engines decide in a second.
pub fn bench() -> Result<(), String> {
    run(cargo().args(["bench", "-p", "orgsweep-policy", "--bench", "policies"]))?;
    run(cargo().args(["build", "--quiet", "--release", "-p", "orgsweep-policy", "--example", "decide"]))?;
    let python = python::environment(&target()?)?
        .map_err(|reason| format!("the other engine is run by Python: {reason}"))?;
    run(judge(&python, "release")?.args(["--measure", MEASURED]))
}

fn judge(python: &Path, profile: &str) -> Result<Command, String> {
    let target = target()?;
    let mut judge = Command::new(python);
    judge
        .arg(root().join("tests/judges/policy_engines.py"))
        .env("ORGSWEEP_DECIDE", target.join(profile).join("examples/decide"))
        .env("ORGSWEEP_ENGINES", target.join("judges-engines"))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    Ok(judge)
}
