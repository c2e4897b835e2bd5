//! Running other programs, and where things are.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What the first build of a newcomer leaves out is tested too.
pub const FULL: &str = "--features=orgsweep/full";

/// The workspace's root.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// The cargo that runs us.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// Runs a command; not ending with 0 is an error that names it.
pub fn run(command: &mut Command) -> Result<(), String> {
    let name = described(command);
    let status = command.status().map_err(|error| format!("{name}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{name} ended with {status}")) }
}

/// Runs a command and takes what it prints; if it does not end with 0, the error holds all of it.
pub fn output(command: &mut Command) -> Result<String, String> {
    let name = described(command);
    let output = command.output().map_err(|error| format!("{name}: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        let said = [&*output.stdout, &*output.stderr].concat();
        Err(format!("{name} ended with {}: {}", output.status, String::from_utf8_lossy(&said).trim()))
    }
}

fn described(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut text = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}

/// `cargo metadata` of the workspace's own packages.
pub fn metadata() -> Result<serde_json::Value, String> {
    metadata_of(&root())
}

/// The same of a workspace that is elsewhere.
pub fn metadata_of(root: &Path) -> Result<serde_json::Value, String> {
    let mut command = cargo();
    let text = output(command.current_dir(root).args(["metadata", "--no-deps", "--format-version", "1"]))?;
    serde_json::from_str(&text).map_err(|error| format!("cargo metadata: {error}"))
}

/// Cargo's target directory.
pub fn target() -> Result<PathBuf, String> {
    let metadata = metadata()?;
    let path = metadata["target_directory"].as_str().ok_or("cargo metadata names no target directory")?;
    Ok(PathBuf::from(path))
}
