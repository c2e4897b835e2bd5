//! The seeds of the fuzz targets, and what a fuzzer once found, on every run of the tests.
//!
//! The targets themselves want nightly: `cargo xtask fuzz`, `fuzz/README.md`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::invariants;

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn what_holds_for_all_bytes_holds_for_the_seeds() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus");
    let mut broken = Vec::new();
    for folder in files(&corpus) {
        let holds: fn(&[u8]) = match folder.file_name().and_then(|name| name.to_str()) {
            Some("answer") => |bytes| {
                invariants::answer::holds(bytes);
                invariants::answer::holds_for_all(bytes);
            },
            Some("credential_report") => invariants::credential_report::holds,
            Some("policy_document") => invariants::policy_document::holds,
            Some("policy_evaluation") => invariants::policy_evaluation::holds,
            _ => panic!("{}: seeds of no target", folder.display()),
        };
        let seeds = files(&folder);
        assert!(seeds.len() > 10, "{}", folder.display());
        for seed in seeds {
            let bytes = fs::read(&seed).unwrap();
            if std::panic::catch_unwind(|| holds(&bytes)).is_err() {
                broken.push(seed);
            }
        }
    }
    assert!(broken.is_empty(), "why stands above, for {broken:#?}");
}
