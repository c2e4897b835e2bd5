//! What every pack must keep to; `pack!` turns these into the pack's own tests.

use std::collections::BTreeSet;
use std::path::Path;

use orgsweep_frameworks::controls;
use orgsweep_model::records::CoverageOutcome;
use orgsweep_model::table::Grain;
use orgsweep_model::{DynCheck, Pack, Status};

use crate::Fixtures;

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

/// Every manual page says why, what the check cannot see, how to verify, fix and back out, and where the rule comes from.
#[track_caller]
pub fn every_manual_page_is_whole(pack: &Pack) {
    for check in &pack.checks {
        let metadata = check.metadata();
        let page = metadata.manual_page();
        for heading in [
            "## Why it matters",
            "## What it cannot see",
            "## How to verify",
            "## How to fix",
            "## How to back out",
        ] {
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

/// Every control that a check cites is one of its framework's.
#[track_caller]
pub fn every_cited_control_exists(pack: &Pack) {
    for check in &pack.checks {
        for control in check.metadata().controls.iter() {
            let known = controls(&control.framework, &control.version);
            let known = known.unwrap_or_else(|| panic!("{}: no list of {control:?}", check.id()));
            assert!(
                known.contains(&control.id.as_ref()),
                "{}: {control:?} is not in plugins/frameworks",
                check.id()
            );
        }
    }
}

/// The clean account has something to judge for every check, and nothing to flag.
#[track_caller]
pub fn the_clean_account_is_clean(pack: &Pack, fixtures: fn() -> Fixtures) {
    for result in fixtures().clean.results(&running(pack)) {
        let id = &result.metadata.id;
        assert!(!result.outcomes.is_empty(), "{id}: the clean account has nothing to judge");
        for outcome in result.outcomes {
            let fine = matches!(outcome.status, Status::Pass | Status::NotApplicable);
            assert!(fine, "{id}: {outcome:#?}");
        }
    }
}

/// Each check flags something in a bad account.
#[track_caller]
pub fn every_check_flags_a_bad_account(pack: &Pack, fixtures: fn() -> Fixtures) {
    let checks = running(pack);
    let mut silent: BTreeSet<&str> = checks.iter().map(|check| check.id()).collect();
    for case in fixtures().bad {
        for result in case.results(&checks) {
            if result.count(Status::Fail) > 0 {
                silent.remove(result.metadata.id.as_ref());
            }
        }
    }
    assert!(silent.is_empty(), "no bad account is flagged by {silent:?}");
}

/// Without a table that it cannot do without, a check is not run and UNKNOWN, also where all else was read. Where one of two
/// tables is enough, both have to be lost.
#[track_caller]
pub fn a_lost_required_table_is_unknown(pack: &Pack, fixtures: fn() -> Fixtures) {
    for check in running(pack) {
        let dependencies = check.dependencies();
        // A text is looked up by its digest: each is there or missing by itself, and never the table.
        let required = dependencies
            .iter()
            .filter(|dependency| dependency.required && dependency.table.grain != Grain::Text);
        let mut losses: Vec<Vec<_>> = required.map(|dependency| vec![dependency.table]).collect();
        let replaceable = dependencies.iter().filter(|dependency| dependency.replaceable);
        let replaceable: Vec<_> = replaceable.map(|dependency| dependency.table).collect();
        if !replaceable.is_empty() {
            losses.push(replaceable);
        }
        assert!(!losses.is_empty(), "{}: it needs no table", check.id());
        for lost in losses {
            let case = lost.iter().fold(fixtures().clean, |case, table| case.lost_table(table));
            let result = case.results(&[check]).remove(0);
            let names: Vec<&str> = lost.iter().map(|table| table.name).collect();
            assert_eq!(result.outcome, CoverageOutcome::NotRun, "{} without {names:?}", check.id());
            assert_eq!(result.outcomes.len(), 1, "{} without {names:?}", check.id());
            assert_eq!(result.count(Status::Unknown), 1, "{} without {names:?}", check.id());
        }
    }
}

/// The checks that may run.
fn running(pack: &Pack) -> Vec<&dyn DynCheck> {
    let checks = pack.checks.iter().map(|check| &**check);
    checks.filter(|check| !check.metadata().status.is_retired()).collect()
}
