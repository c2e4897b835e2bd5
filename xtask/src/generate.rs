//! `cargo xtask generate`: files that follow from the code. They are committed, so that they are read without building and
//! reviewed as text; `--check` says which are not current.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value as Json;

use crate::process::{FULL, cargo, output, root, run, target};

/// The folder of the pages of checks: what is there and not generated goes.
const CHECKS: &str = "docs/checks";

/// Writes every generated file.
pub fn write() -> Result<(), String> {
    let root = root();
    let files = files()?;
    for path in surplus(&root, &files)? {
        fs::remove_file(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    for (path, text) in &files {
        let path = root.join(path);
        let failed = |error| format!("{}: {error}", path.display());
        fs::create_dir_all(path.parent().unwrap_or(&root)).map_err(failed)?;
        fs::write(&path, text).map_err(failed)?;
    }
    // The stored columns are in a file beside the code that stores them; its test refuses one that loses a column.
    run(cargo().args(["test", "--quiet", "--package", "orgsweep-lake", "schema"]).env("ORGSWEEP_BLESS", "1"))
}

/// Names the generated files that are not current. `crates/lake/schema.txt` has its own test.
pub fn check() -> Result<(), String> {
    let root = root();
    let files = files()?;
    let is_current =
        |path: &str, text: &str| fs::read_to_string(root.join(path)).is_ok_and(|now| now == *text);
    let stale = files.iter().filter(|(path, text)| !is_current(path, text)).map(|(path, _)| path.clone());
    let surplus = surplus(&root, &files)?.into_iter().map(|path| path.display().to_string());
    let stale: Vec<String> = stale.chain(surplus).collect();
    if stale.is_empty() {
        return Ok(());
    }
    Err(format!("not current: {}; run `cargo xtask generate` and commit what it writes", stale.join(", ")))
}

/// Every generated file below the workspace's root, with its text.
fn files() -> Result<BTreeMap<String, String>, String> {
    run(cargo().args(["build", "--quiet", "--bin", "orgsweep", FULL]))?;
    let binary = target()?.join("debug/orgsweep");
    // Under its own name, and not as something that cargo runs.
    let printed = |arguments: &[&str]| {
        output(Command::new(&binary).arg0("orgsweep").args(arguments).env_remove("CARGO"))
    };
    let mut files = BTreeMap::from([
        ("docs/orgsweep.schema.json".to_owned(), printed(&["config", "schema"])?),
        ("docs/tables.md".to_owned(), printed(&["tables"])?),
    ]);
    let list = printed(&["checks", "list", "--format", "json"])?;
    let list: Vec<Json> =
        serde_json::from_str(&list).map_err(|error| format!("checks list --format json: {error}"))?;
    files.insert(format!("{CHECKS}/README.md"), index(&list));
    for check in &list {
        let id = check["id"].as_str().unwrap_or_default();
        files.insert(format!("{CHECKS}/{id}.md"), page(&printed(&["checks", "show", id])?));
    }
    Ok(files)
}

/// Pages of checks that are no more.
fn surplus(root: &Path, files: &BTreeMap<String, String>) -> Result<Vec<PathBuf>, String> {
    let folder = root.join(CHECKS);
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let surplus = names.filter(|name| !files.contains_key(&format!("{CHECKS}/{name}")));
    Ok(surplus.map(|name| folder.join(name)).collect())
}

/// The list of checks.
fn index(checks: &[Json]) -> String {
    let mut text = String::from("# Checks\n\n| check | severity | what it reports |\n|---|---|---|\n");
    for check in checks {
        let word = |name: &str| check[name].as_str().unwrap_or_default();
        text.push_str(&format!(
            "| [{0}]({0}.md) | {1} | {2} |\n",
            word("id"),
            word("severity"),
            word("title")
        ));
    }
    text
}

/// What `checks show` prints, as a page: its first lines become a heading and a table, its settings a block.
fn page(shown: &str) -> String {
    let mut lines = shown.lines().peekable();
    let mut text = format!("# {}\n\n", lines.next().unwrap_or_default());
    text.push_str(&format!("{}\n\n|  |  |\n|---|---|\n", lines.next().unwrap_or_default()));
    lines.next();
    while let Some(line) = lines.next_if(|line| !line.is_empty()) {
        let (name, value) = line.split_once(' ').unwrap_or((line, ""));
        text.push_str(&format!("| {name} | {} |\n", value.trim()));
    }
    lines.next();
    if let Some(line) = lines.next_if(|line| line.starts_with("Settings, under ")) {
        text.push_str(&format!("\n## {line}\n\n```\n"));
        while let Some(line) = lines.next_if(|line| !line.is_empty()) {
            text.push_str(&format!("{}\n", line.strip_prefix("  ").unwrap_or(line)));
        }
        text.push_str("```\n");
        lines.next();
    }
    text.push('\n');
    for line in lines {
        text.push_str(&format!("{line}\n"));
    }
    format!("{}\n", text.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_becomes_a_page() {
        let shown = "iam-x\nX is y\n\nseverity    low\ntables      roles\n\nSettings, under [checks.iam-x]:\n  days = 9   (u32)\n\
                     \x20     Days.\n\nWhat it is.\n\n## Why\nSo.\n";
        assert_eq!(
            page(shown),
            "# iam-x\n\nX is y\n\n|  |  |\n|---|---|\n| severity | low |\n| tables | roles |\n\n## Settings, under \
             [checks.iam-x]:\n\n```\ndays = 9   (u32)\n    Days.\n```\n\nWhat it is.\n\n## Why\nSo.\n"
        );
        let plain = page("iam-x\nX\n\nseverity    low\n\nWhat it is.\n");
        assert!(plain.ends_with("| severity | low |\n\nWhat it is.\n"), "{plain}");
    }
}
