//! What `policy` prints, for every kind in every format.

use super::Record;
use crate::support::program;

const CHAIN: [&str; 4] = [
    "--role-chain",
    "arn:aws:iam::111122223333:role/Audit",
    "--discovery-role",
    "arn:aws:iam::111122223333:role/Discovery",
];
const CALLER: [&str; 2] = ["--trusted-principal", "arn:aws:iam::111122223333:role/Scanner"];

/// The kinds that the help lists.
fn kinds() -> Vec<String> {
    let help = crate::support::orgsweep(&["policy", "--help"]).output;
    let start = help.find("--for <KIND>\n").unwrap();
    let end = help[start..].find("--format").unwrap();
    let lines = help[start..start + end].lines().filter_map(|line| line.trim().strip_prefix("- "));
    lines.filter_map(|line| line.split_once(':')).map(|(kind, _)| kind.to_owned()).collect()
}

#[test]
fn every_kind_in_every_format() {
    let kinds = kinds();
    assert!(kinds.len() >= 9, "{kinds:?}");
    for format in ["json", "terraform", "cloudformation"] {
        let mut record = Record::new(&[]);
        for kind in &kinds {
            record
                .run(program().args(["policy", "--for", kind, "--format", format]).args(CALLER).args(CHAIN));
        }
        record.compare(&format!("policy-{format}"));
    }
}

#[test]
fn what_is_left_open() {
    let mut record = Record::new(&[]);
    for arguments in [
        &["policy", "--for", "trust"][..],
        &["policy", "--for", "member", "--check", "iam-root-mfa-missing"],
        &["policy", "--for", "chain"],
        &[
            "policy",
            "--for",
            "trust",
            "--organization-id",
            "o-abcdefghij",
            "--external-id",
            "blue-42",
            "--session-tag",
            "team=audit",
        ],
        &["policy", "--for", "member", "--except", "arn:aws:iam::*:role/x"],
    ] {
        record.run(program().args(arguments));
    }
    record.compare("policy-otherwise");
}
