//! `cargo xtask tidy`: what the house keeps to and a compiler does not see.

mod circles;
mod json;
mod options;
mod tokens;
mod words;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use crate::process::{metadata, metadata_of, root};

/// Who may name whom: the only place where the arrows stand. `crates/README.md` draws them.
const ARROWS: [(&str, &[&str], &[&str]); 15] = [
    ("orgsweep-policy", &[], &[]),
    ("orgsweep-model", &[], &[]),
    ("orgsweep-sweep", &["orgsweep-model"], &[]),
    ("orgsweep-aws", &["orgsweep-model", "orgsweep-sweep"], &[]),
    ("orgsweep-lake", &["orgsweep-model"], &[]),
    ("orgsweep-scan", &["orgsweep-model", "orgsweep-sweep", "orgsweep-lake"], &[]),
    ("orgsweep-identity", &["orgsweep-model", "orgsweep-policy"], &[]),
    ("orgsweep-explain", &["orgsweep-model", "orgsweep-policy", "orgsweep-identity", "orgsweep-lake"], &[]),
    ("orgsweep-simulator", &[], &[]),
    (
        "orgsweep-cli",
        &[
            "orgsweep-policy",
            "orgsweep-model",
            "orgsweep-sweep",
            "orgsweep-aws",
            "orgsweep-lake",
            "orgsweep-scan",
            "orgsweep-explain",
            "orgsweep-simulator",
        ],
        &[],
    ),
    ("orgsweep-frameworks", &[], &[]),
    ("orgsweep-testkit", &["orgsweep-model", "orgsweep-frameworks"], &[]),
    (
        "orgsweep",
        &["orgsweep-cli", "orgsweep-standard"],
        &[
            "orgsweep-aws",
            "orgsweep-identity",
            "orgsweep-lake",
            "orgsweep-model",
            "orgsweep-policy",
            "orgsweep-simulator",
            "orgsweep-testkit",
        ],
    ),
    ("orgsweep-fuzz", &["orgsweep-aws", "orgsweep-model", "orgsweep-policy", "orgsweep-standard"], &[]),
    ("xtask", &[], &[]),
];
const PACK: &[&str] = &["orgsweep-model", "orgsweep-policy", "orgsweep-identity"];
const PACK_TESTS: &[&str] = &["orgsweep-testkit"];
/// A pack of one's own under `plugins/`, with or without a distribution of its own: nothing has to be written here. It may name
/// the standard packs too.
const IN_HOUSE: &[&str] =
    &["orgsweep-model", "orgsweep-policy", "orgsweep-aws", "orgsweep-identity", "orgsweep-cli"];

/// What names the packs of the standard distribution: its dependencies are those packs.
const STANDARD: &str = "orgsweep-standard";

/// Packages besides `orgsweep-aws` that name AWS SDK crates: packs with a collector of their own, and the tests, which have one.
const SDK_CRATES: [(&str, &[&str]); 1] = [("orgsweep", &["aws-sdk-account"])];

/// Files whose name says nothing.
const NAMELESS: [&str; 4] = ["utils.rs", "misc.rs", "imp.rs", "helpers.rs"];

/// Looks at everything and lists every violation.
pub fn tidy() -> Result<(), String> {
    tidy_in(&root(), &metadata()?)
}

/// The same of a workspace that may be elsewhere.
pub fn tidy_in(root: &Path, metadata: &Json) -> Result<(), String> {
    let mut problems = Vec::new();
    arrows(metadata, &mut problems);
    // A workspace of its own.
    arrows(&metadata_of(&root.join("tests/fuzz"))?, &mut problems);
    let mut files = Vec::new();
    for folder in ["crates", "plugins", "tests", "benches", "xtask"] {
        rust_files(&root.join(folder), &mut files)?;
    }
    let mut read = Vec::new();
    for file in &files {
        let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
        let shown = file.strip_prefix(root).unwrap_or(file);
        source(shown, &text, &mut problems);
        read.push((shown.display().to_string(), text));
    }
    crates_have_no_circles(&read, &mut problems);
    options_are_in_groups(&read, &mut problems);
    outputs_are_structs(&read, &mut problems);
    words_are_plain(root, &read, &mut problems)?;
    if problems.is_empty() { Ok(()) } else { Err(format!("\n  {}", problems.join("\n  "))) }
}

fn arrows(metadata: &Json, problems: &mut Vec<String>) {
    let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let packs = standard_packs(packages);
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let manifest = package["manifest_path"].as_str().unwrap_or_default();
        let Some((allowed, in_tests)) = arrows_of(name, manifest, &packs) else {
            problems.push(format!("{name}: a new package needs its arrows in xtask/src/tidy.rs"));
            continue;
        };
        for dependency in package["dependencies"].as_array().map(Vec::as_slice).unwrap_or_default() {
            let target = dependency["name"].as_str().unwrap_or_default();
            let dev = dependency["kind"] == "dev";
            if let Some(problem) = forbidden(name, target, dev, &allowed, in_tests) {
                problems.push(problem);
            }
        }
    }
}

/// The packs of the standard distribution.
fn standard_packs(packages: &[Json]) -> Vec<&str> {
    let standard = packages.iter().find(|package| package["name"] == STANDARD);
    let dependencies = standard.and_then(|package| package["dependencies"].as_array());
    let names = dependencies.into_iter().flatten().filter_map(|dependency| dependency["name"].as_str());
    names.filter(|name| name.starts_with("orgsweep-") && *name != "orgsweep-model").collect()
}

/// What a package may name, and what only its tests may; `None` for a package that nobody has placed.
fn arrows_of<'p>(
    name: &str,
    manifest: &str,
    packs: &[&'p str],
) -> Option<(Vec<&'p str>, &'static [&'static str])> {
    if name == STANDARD {
        return Some(([&["orgsweep-model"], packs].concat(), &[]));
    }
    if packs.contains(&name) {
        return Some((PACK.to_vec(), PACK_TESTS));
    }
    if let Some((_, allowed, in_tests)) = ARROWS.iter().find(|(known, _, _)| *known == name) {
        return Some((allowed.to_vec(), *in_tests));
    }
    let is_pack = Path::new(manifest).ancestors().nth(2).is_some_and(|folder| folder.ends_with("plugins"));
    is_pack.then(|| ([IN_HOUSE, packs].concat(), PACK_TESTS))
}

/// Why one package may not name another.
fn forbidden(name: &str, target: &str, dev: bool, allowed: &[&str], in_tests: &[&str]) -> Option<String> {
    if target.starts_with("orgsweep") {
        let fine = allowed.contains(&target) || (dev && in_tests.contains(&target));
        return (!fine).then(|| format!("{name} -> {target}: not an arrow of this house (crates/README.md)"));
    }
    let is_listed = SDK_CRATES.iter().any(|(pack, crates)| *pack == name && crates.contains(&target));
    if target.starts_with("aws-") && name != "orgsweep-aws" && !is_listed {
        return Some(format!(
            "{name} -> {target}: only orgsweep-aws names an AWS crate, and packs that SDK_CRATES lists"
        ));
    }
    if target == "arrow" {
        return Some(format!(
            "{name} -> arrow: it compiles kernels that nothing calls; name arrow-array, arrow-select and so on"
        ));
    }
    let is_storage = target.starts_with("arrow-") || ["parquet", "object_store"].contains(&target);
    if is_storage && name != "orgsweep-lake" {
        return Some(format!("{name} -> {target}: only orgsweep-lake names it"));
    }
    None
}

fn files_with(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let paths = entries.flatten().map(|entry| entry.path());
    Ok(paths.filter(|path| path.extension().is_some_and(|other| other == extension)).collect())
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            rust_files(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(())
}

fn source(path: &Path, text: &str, problems: &mut Vec<String>) {
    let shown = path.display();
    if !text.starts_with("//! ") {
        problems
            .push(format!("{shown}: begin with `//!`: what the file is for and what it leaves to others"));
    }
    // In two parts, so that this line does not name itself.
    if text.contains(concat!("#[", "allow(")) {
        problems.push(format!("{shown}: `#[expect(lint, reason = \"…\")]` instead of allow"));
    }
    if path.file_name().is_some_and(|name| NAMELESS.iter().any(|nameless| name == *nameless)) {
        problems.push(format!("{shown}: name the file after what is in it"));
    }
    let lines = text.lines().count();
    if lines > 500 {
        problems.push(format!("{shown}: {lines} lines; split what has more than one purpose"));
    }
}

/// Files of one crate import each other in one direction.
fn crates_have_no_circles(read: &[(String, String)], problems: &mut Vec<String>) {
    let mut crates: BTreeMap<&str, Vec<(String, String)>> = BTreeMap::new();
    for (path, text) in read {
        if let Some((name, below)) = path.split_once("/src/") {
            crates.entry(name).or_default().push((below.to_owned(), text.clone()));
        }
    }
    for (name, files) in &crates {
        let circles = circles::circles(files);
        let is_allowed = circles::ALLOWED.contains(name);
        if circles.is_empty() && is_allowed {
            problems.push(format!(
                "{name}: no circle is left: take it off the list in xtask/src/tidy/circles.rs"
            ));
        }
        for circle in circles.iter().filter(|_| !is_allowed) {
            problems.push(format!(
                "{name}: files import each other in a circle: {} -> {}",
                circle.join(" -> "),
                circle[0]
            ));
        }
    }
}

/// Structs of options have a dozen fields at most.
fn options_are_in_groups(read: &[(String, String)], problems: &mut Vec<String>) {
    for (path, text) in read {
        for options in options::structs(text).iter().filter(|options| options.is_too_large()) {
            problems.push(format!(
                "{path}:{}: {} has {} options: make groups of them that commands flatten",
                options.line, options.name, options.fields
            ));
        }
    }
}

/// Nothing for programs is put together by hand.
fn outputs_are_structs(read: &[(String, String)], problems: &mut Vec<String>) {
    for (path, text) in read {
        for line in json::by_hand(path, text) {
            problems.push(format!(
                "{path}:{line}: json! is not for what commands print: use a struct of terminal/json/v1"
            ));
        }
    }
}

/// What users read: texts and help of these folders, and pages.
const SPOKEN: [&str; 9] = [
    "crates/cli/src",
    "crates/aws/src",
    "crates/explain/src",
    "crates/lake/src",
    "crates/scan/src",
    "crates/sweep/src",
    "crates/model/src",
    "crates/policy/src",
    "plugins",
];

/// Public documentation, besides the folders that users read.
const DOCUMENTED: [&str; 2] = ["crates/identity/src", "crates/testkit/src"];

/// Pages that users read, and folders of pages.
const PAGES: [&str; 8] = [
    "README.md",
    "benches/README.md",
    "crates/README.md",
    "crates/policy/docs",
    "crates/simulator/README.md",
    "docs",
    "docs/checks",
    "plugins/README.md",
];

/// Retired words are not used where users read.
fn words_are_plain(root: &Path, read: &[(String, String)], problems: &mut Vec<String>) -> Result<(), String> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut add = |room: String, path: &str, words: Vec<words::Found>| {
        let lines =
            words.iter().map(|one| format!("{path}:{}: \"{}\": {}", one.line, one.words, one.instead));
        found.entry(room).or_default().extend(lines);
    };
    for (path, text) in
        read.iter().filter(|(path, _)| !path.ends_with("tests.rs") && !path.contains("/tests/"))
    {
        if let Some(room) = SPOKEN.iter().find(|room| path.starts_with(**room)) {
            add((*room).to_owned(), path, words::in_source(text));
        }
        if let Some(room) = SPOKEN.iter().chain(&DOCUMENTED).find(|room| path.starts_with(**room)) {
            add(format!("documentation in {room}"), path, words::in_documentation(text));
        }
    }
    for page in PAGES {
        let place = root.join(page);
        let pages = if place.is_dir() { files_with(&place, "md")? } else { vec![place] };
        for file in pages {
            let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
            let path = file.strip_prefix(root).unwrap_or(&file).display().to_string();
            add(page.to_owned(), &path, words::in_prose(&text));
        }
    }
    for (room, lines) in found.iter().filter(|(_, lines)| !lines.is_empty()) {
        problems.push(format!("{room}: {} retired words:\n    {}", lines.len(), lines.join("\n    ")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrows_point_one_way() {
        assert!(forbidden("orgsweep-model", "orgsweep-sweep", false, &[], &[]).is_some());
        assert!(forbidden("orgsweep-trust", "orgsweep-testkit", true, PACK, PACK_TESTS).is_none());
        assert!(forbidden("orgsweep-trust", "orgsweep-testkit", false, PACK, PACK_TESTS).is_some());
        assert!(forbidden("orgsweep-cli", "aws-config", false, &[], &[]).is_some());
        assert!(forbidden("orgsweep-aws", "aws-config", false, &[], &[]).is_none());
        assert!(forbidden("orgsweep-sweep", "parquet", false, &[], &[]).is_some());
        assert!(forbidden("orgsweep-sweep", "arrow-array", false, &[], &[]).is_some());
        assert!(forbidden("orgsweep-lake", "arrow-array", false, &[], &[]).is_none());
        assert!(forbidden("orgsweep-lake", "arrow", false, &[], &[]).is_some());
    }

    #[test]
    fn a_pack_of_ones_own_needs_no_entry() {
        let packs = ["orgsweep-trust"];
        let of = |name: &'static str, manifest: &str| arrows_of(name, manifest, &packs);
        let (allowed, in_tests) = of("acme-checks", "/w/plugins/acme/Cargo.toml").unwrap();
        assert!(forbidden("acme-checks", "orgsweep-cli", false, &allowed, in_tests).is_none());
        assert!(forbidden("acme-checks", "orgsweep-trust", false, &allowed, in_tests).is_none());
        assert!(forbidden("acme-checks", "orgsweep-testkit", true, &allowed, in_tests).is_none());
        assert!(forbidden("acme-checks", "orgsweep-lake", false, &allowed, in_tests).is_some());
        assert!(forbidden("acme-checks", "aws-sdk-s3", false, &allowed, in_tests).is_some());
        // The standard packs keep their own, and no other room is open.
        assert_eq!(of("orgsweep-trust", "/w/plugins/trust/Cargo.toml").unwrap().0, PACK);
        assert!(of("acme-checks", "/w/crates/acme/Cargo.toml").is_none());
    }

    #[test]
    fn the_standard_packs_are_what_the_standard_crate_names() {
        let packages = serde_json::json!([
            {"name": STANDARD, "dependencies": [{"name": "orgsweep-model"}, {"name": "orgsweep-trust"}]},
            {"name": "orgsweep-acme", "dependencies": [{"name": "orgsweep-permissions"}]},
        ]);
        let packs = standard_packs(packages.as_array().unwrap());
        assert_eq!(packs, ["orgsweep-trust"]);
        let (allowed, _) = arrows_of(STANDARD, "/w/plugins/standard/Cargo.toml", &packs).unwrap();
        assert_eq!(allowed, ["orgsweep-model", "orgsweep-trust"]);
    }

    #[test]
    fn sources_are_looked_at() {
        let mut problems = Vec::new();
        source(Path::new("a/utils.rs"), concat!("fn x() {}\n#[", "allow(dead_code)]\n"), &mut problems);
        assert_eq!(problems.len(), 3, "{problems:?}");
        problems.clear();
        source(Path::new("a/good.rs"), "//! Good.\n", &mut problems);
        assert!(problems.is_empty());
    }
}
