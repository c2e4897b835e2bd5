//! The program's own name: a distribution of one's own has another, and hints must name what was started.

use std::path::{Path, PathBuf};

/// The package of the standard distribution, which `cargo run` runs where none is named.
const STANDARD: &str = "orgsweep";

/// How the user started the program, for commands that can be typed again.
pub fn command() -> String {
    let variable = |name| std::env::var(name).ok();
    // Cargo sets both for what it runs, and only for that.
    let package = variable("CARGO").and_then(|_| variable("CARGO_PKG_NAME"));
    started_as(package.as_deref(), std::env::args_os().next().map(PathBuf::from).as_deref())
}

/// The name alone, as in a sentence or on a manual page.
pub fn name() -> String {
    let started = std::env::args_os().next().map(PathBuf::from);
    let name = started.as_deref().and_then(Path::file_stem).and_then(|name| name.to_str());
    name.unwrap_or(STANDARD).to_owned()
}

fn started_as(package: Option<&str>, started: Option<&Path>) -> String {
    match (package, started) {
        (Some(STANDARD), _) => "cargo run --release --".to_owned(),
        (Some(package), _) => format!("cargo run --release --package {package} --"),
        (None, Some(path)) => quoted(&path.to_string_lossy()),
        (None, None) => STANDARD.to_owned(),
    }
}

/// For a shell.
fn quoted(text: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "/._-+:@%".contains(character);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_started_is_named() {
        for (package, started, wanted) in [
            (Some("orgsweep"), "target/release/orgsweep", "cargo run --release --"),
            (Some("acme-audit"), "target/release/acme-audit", "cargo run --release --package acme-audit --"),
            (None, "/opt/acme/acme-audit", "/opt/acme/acme-audit"),
            (None, "acme-audit", "acme-audit"),
            (None, "/opt/our tools/it's", r"'/opt/our tools/it'\''s'"),
        ] {
            assert_eq!(started_as(package, Some(Path::new(started))), wanted);
        }
    }
}
