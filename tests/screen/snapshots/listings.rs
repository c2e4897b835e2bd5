//! `checks`, `ddl` and `log-schema`.

use super::{DEMO, Record};
use crate::support::program;

#[test]
fn checks() {
    let mut record = Record::new(&[]);
    for arguments in [
        &["checks", "list"][..],
        &["checks", "list", "root", "mfa", "--format", "json"],
        &["checks", "list", "--pack", "trust", "--severity", "high"],
        &["checks", "list", "nothing-has-this-word"],
        &["checks", "list", "--pack", "trsut"],
        &["checks", "show", "iam-user-access-key-unrotated"],
        &["checks", "show", "iam-user-acess-key-unrotated"],
    ] {
        record.run(program().args(arguments));
    }
    record.compare("checks");
}

#[test]
fn definitions_for_engines() {
    let lake = DEMO.lake();
    let mut record = DEMO.record();
    record.run(program().args(["ddl", "--engine", "duckdb", "--out", &lake]));
    record.run(program().args([
        "ddl",
        "--engine",
        "athena",
        "--location",
        "s3://bucket/lake",
        "--out",
        &lake,
    ]));
    record.run(program().args(["ddl", "--engine", "athena", "--out", &lake]));
    record.run(program().args(["ddl", "--engine", "duckdb", "--out", "/nonexistent"]));
    record.compare("ddl");
}

#[test]
fn schema_of_the_log() {
    let mut record = Record::new(&[]);
    record.run(program().arg("log-schema"));
    record.compare("log-schema");
}
