//! The errors that people meet first. Those of every wrong input are in `wrong-inputs`, held by [`crate::wrong_input`].

use super::Record;
use crate::support::program;

#[test]
fn mistyped() {
    let folder = tempfile::tempdir().unwrap();
    let mut record = Record::new(&[(&folder.path().display().to_string(), "FOLDER")]);
    let config = folder.path().join("orgsweep.toml");
    std::fs::write(&config, "role-nmae = 'x'\n").unwrap();
    for arguments in [
        &["scna"][..],
        &["scan", "--rol-name", "x"],
        &["explain"],
        &["policy"],
        &["finalize"],
        &["scan", "--resume"],
        &["man", "scna"],
        &["completions", "tcsh"],
        &["scan", "--log-format", "json", "--nosuch"],
        &["scan", "--config", "orgsweep.toml"],
        &["scan", "--config", "none.toml"],
        &["explain", "--principal", "*", "--action", "s3:GetObject", "--resource", "*"],
    ] {
        record.run(program().current_dir(folder.path()).args(arguments));
    }
    record.compare("mistyped");
}
