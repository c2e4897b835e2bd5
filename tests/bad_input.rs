//! One clear message that names the thing and the way out, exit 3, nothing half-written.

use crate::support::{World, is_empty_lake, options, orgsweep, program, run};

#[track_caller]
fn refused(arguments: &[&str], wanted: &[&str]) {
    let said = orgsweep(arguments);
    assert_eq!(said.code, 3, "{arguments:?}: {}", said.errors);
    for word in wanted {
        assert!(said.errors.contains(word), "{arguments:?} should say {word:?}: {}", said.errors);
    }
    assert!(!said.errors.contains("panicked"), "{}", said.errors);
}

#[test]
fn usage_errors() {
    refused(&["scan", "--chekc", "x"], &["--chekc"]);
    refused(&["scna"], &["scna"]);
    refused(&["scan", "--account", "1234"], &["12 digits"]);
    refused(&["scan", "--severity", "severe"], &["severe", "critical"]);
    refused(&["scan", "--now", "yesterday"], &["yesterday"]);
    refused(&["scan", "--concurrency", "0"], &["--concurrency"]);
    refused(&["scan", "--session-duration", "60"], &["900"]);
    refused(&["scan", "--min-coverage", "150"], &["0 to 100"]);
}

#[test]
fn names_that_do_not_exist_and_the_nearest_that_do() {
    refused(&["scan", "--check", "iam-role-unsued"], &["iam-role-unused"]);
    refused(&["scan", "--exclude-check", "iam-group-emty"], &["iam-group-empty"]);
    refused(&["checks", "show", "iam-role-unsued"], &["iam-role-unused"]);
    refused(&["scan", "--collect", "server_certs"], &["server_certificates"]);
    refused(&["scan", "--framework", "hipaa"], &["hipaa", "cis_aws_foundations"]);
    refused(&["scan", "--check", "iam-role-unused", "--severity", "critical"], &["no check is left"]);
}

#[test]
fn accounts_units_roles() {
    refused(&["scan", "--ou", "Workloads"], &["Workloads", "/Root/Workloads"]);
    refused(&["scan", "--tag", "prod"], &["KEY=VALUE"]);
    refused(&["scan", "--role-name", "arn:aws:iam::111122223333:role/Audit"], &["{account_id}"]);
    refused(&["scan", "--role-name", "two words"], &["two words"]);
    refused(&["scan", "--accounts-file", "/nonexistent/list"], &["/nonexistent/list"]);
}

#[test]
fn configuration_files() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("orgsweep.toml");
    let path = file.display().to_string();
    for (text, wanted) in [
        ("roel-name = ['x']", vec!["roel-name", &path]),
        ("[checks.iam-role-unsued]\ndays = 3", vec!["iam-role-unused"]),
        ("[checks.iam-role-unused]\ndasy = 3", vec!["iam-role-unused", "dasy"]),
        ("[checks.iam-role-unused]\ndays = 'many'", vec!["iam-role-unused", "days"]),
        ("[checks.iam-role-unused]\ndays = 500", vec!["400"]),
        ("[[override]]\nou = '/Root'\n[override.checks.iam-role-unused]\ndays = 500", vec!["400"]),
        ("concurrency = ", vec![&path]),
    ] {
        std::fs::write(&file, text).unwrap();
        refused(&["scan", "--config", &path], &wanted);
    }
    refused(&["scan", "--config", "/nonexistent/orgsweep.toml"], &["/nonexistent/orgsweep.toml"]);
}

#[test]
fn no_credentials() {
    let said = run(program().args(["scan", "--out", "/nonexistent/out"]).env("AWS_REGION", "us-east-1"));
    assert_eq!(said.code, 3, "{}", said.errors);
    assert!(said.errors.contains("no credentials were found\n"), "{}", said.errors);
    assert!(said.errors.contains("--profile NAME"), "{}", said.errors);
    let said = run(program().args(["scan", "--profile", "nobody"]).env("AWS_REGION", "us-east-1"));
    assert_eq!(said.code, 3, "{}", said.errors);
    assert!(said.errors.contains("profile \"nobody\""), "{}", said.errors);
}

#[test]
fn wrong_credentials_and_a_dead_endpoint() {
    let world = World::start(options(3));
    let said = run(world.command(&[]).env("AWS_SECRET_ACCESS_KEY", "wrong"));
    assert_eq!(said.code, 3, "{}", said.errors);
    assert!(said.errors.contains("SignatureDoesNotMatch"), "{}", said.errors);
    assert!(!said.errors.contains("wrong\n") && is_empty_lake(&world.lake()));
    // Port 9 is nobody's.
    let said = run(world.command(&[]).env("AWS_ENDPOINT_URL", "http://127.0.0.1:9"));
    assert_eq!(said.code, 3, "{}", said.errors);
    assert!(said.errors.contains("NETWORK") && said.errors.contains("AWS_ENDPOINT_URL"), "{}", said.errors);
}

#[test]
fn output_that_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a-file");
    std::fs::write(&file, "in the way").unwrap();
    let out = file.join("lake").display().to_string();
    refused(&["demo", "--accounts", "3", "--out", &out], &["--out", "a-file"]);
}

/// A limit on the size of files fails a write in the middle of the scan, as a full disk does.
#[test]
fn a_write_that_fails_in_mid_scan_publishes_nothing() {
    let world = World::start(options(6));
    let scan = world.command(&[]);
    let mut limited = std::process::Command::new("bash");
    limited
        .args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$@\"", "bash"])
        .arg(scan.get_program())
        .args(scan.get_args())
        .env_clear()
        .env("PATH", "/usr/bin:/bin");
    for (name, value) in scan.get_envs() {
        if let Some(value) = value {
            limited.env(name, value);
        }
    }
    let said = run(&mut limited);
    assert_eq!(said.code, 3, "{}", said.errors);
    assert!(said.errors.contains("writing") && said.errors.contains("staging"), "{}", said.errors);
    assert!(is_empty_lake(&world.lake()));
}
