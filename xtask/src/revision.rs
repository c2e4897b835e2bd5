//! The program of another revision, built in a scratch worktree with a target folder of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{FULL, cargo, output, root, run};

fn git(arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.current_dir(root()).args(arguments);
    command
}

/// The commit that a revision names.
pub fn commit(revision: &str) -> Result<String, String> {
    let name = format!("{revision}^{{commit}}");
    let found = output(&mut git(&["rev-parse", "--quiet", "--verify", "--end-of-options", &name]));
    found.map(|text| text.trim().to_owned()).map_err(|_| {
        format!("--against {revision}: no such revision; expected a commit, tag or branch of this repository")
    })
}

/// A worktree that is gone when this is.
pub struct Checkout(PathBuf);

impl Checkout {
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Checkout {
    fn drop(&mut self) {
        let _ = git(&["worktree", "remove", "--force"]).arg(&self.0).status();
    }
}

/// The sources of a commit, in a worktree inside a folder.
pub fn checkout(folder: &Path, commit: &str) -> Result<Checkout, String> {
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let checkout = Checkout(folder.join("worktree"));
    // One that was left behind by a command that was killed.
    if checkout.0.exists() {
        let _ = git(&["worktree", "remove", "--force"]).arg(&checkout.0).status();
    }
    run(git(&["worktree", "add", "--quiet", "--detach"]).arg(&checkout.0).arg(commit))?;
    Ok(checkout)
}

/// Builds the program of a commit and keeps it in a folder under its name, so that it is built once.
pub fn built(folder: &Path, commit: &str, optimized: bool) -> Result<PathBuf, String> {
    let kept = folder.join(format!("orgsweep-{commit}"));
    if kept.exists() {
        return Ok(kept);
    }
    let checkout = checkout(folder, commit)?;
    eprintln!("building {commit}");
    let target = folder.join("target");
    // In the worktree, whose own `.cargo/config.toml` sets its allocator.
    let mut build = cargo();
    build.current_dir(&checkout.0).env("CARGO_TARGET_DIR", &target);
    build.args(["build", "--quiet", "--package", "orgsweep", "--bin", "orgsweep"]);
    build.args(has_full(checkout.path()).then_some(FULL));
    run(build.args(optimized.then_some("--release")))?;
    let made = target.join(if optimized { "release/orgsweep" } else { "debug/orgsweep" });
    fs::copy(&made, &kept).map_err(|error| format!("{}: {error}", made.display()))?;
    Ok(kept)
}

/// Whether something is left out without the feature `full`: earlier revisions have no such feature.
fn has_full(source: &Path) -> bool {
    let manifest = fs::read_to_string(source.join("Cargo.toml")).unwrap_or_default();
    manifest.lines().any(|line| line.starts_with("full = ["))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_that_is_not_there_is_named() {
        let error = commit("no-such-revision").unwrap_err();
        assert!(error.contains("--against no-such-revision: no such revision"), "{error}");
        assert!(commit("--all").is_err());
    }

    #[test]
    fn this_revision_has_the_feature() {
        assert!(has_full(&root()));
        assert!(!has_full(&root().join("xtask")));
    }
}
