//! What every pack must keep to; `pack!` turns these into the pack's own tests.

use std::collections::BTreeSet;
use std::path::Path;

use orgsweep_model::Pack;

/// `iam-root-mfa-missing` stands in `iam_root_mfa_missing.rs`.
#[track_caller]
pub fn every_id_matches_its_file(pack: &Pack) {
    for check in &pack.checks {
        let metadata = check.metadata();
        let stem =
            Path::new(metadata.file.as_ref()).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        assert_eq!(stem, metadata.id.replace('-', "_"), "check {} stands in {}", metadata.id, metadata.file);
    }
}

/// Every file that declares a check is in the pack's list.
#[track_caller]
pub fn every_check_file_is_listed(pack: &Pack, source: &str) {
    let listed: BTreeSet<String> =
        pack.checks.iter().map(|check| check.metadata().id.replace('-', "_")).collect();
    let folder = std::fs::read_dir(source).unwrap_or_else(|error| panic!("{source}: {error}"));
    for entry in folder.flatten() {
        let path = entry.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        if text.contains("check! {") {
            assert!(listed.contains(&stem), "{} declares a check that pack! does not list", path.display());
        }
    }
}

/// Every manual page says why, how to fix, how to back out, what it cannot see, and where the rule comes from.
#[track_caller]
pub fn every_manual_page_is_whole(pack: &Pack) {
    for check in &pack.checks {
        let metadata = check.metadata();
        let page = metadata.manual_page();
        for heading in ["## Why it matters", "## How to fix", "## How to back out", "## What it cannot see"] {
            assert!(page.contains(heading), "{}: the manual page lacks \"{heading}\"", metadata.id);
        }
        let (_, fix) = metadata.manual_parts();
        for tool in ["Console", "CLI", "Terraform"] {
            assert!(
                fix.contains(tool),
                "{}: how to fix it in {tool}, or that it cannot be done there",
                metadata.id
            );
        }
        assert!(!metadata.pages.is_empty(), "{}: cite at least one page", metadata.id);
        assert!(!page.contains("todo") && !page.contains("TODO"), "{}: unfinished manual page", metadata.id);
    }
}
