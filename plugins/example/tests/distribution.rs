//! acme's own distribution, run as its users run it.
#![expect(clippy::disallowed_methods, reason = "a test of a program starts the program")]
#![expect(clippy::unwrap_used, reason = "a test ends where something is not as expected")]

use std::process::Command;

fn acme(arguments: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_acme-sweep")).args(arguments).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap(), text)
}

#[test]
fn both_packs_are_listed_with_their_checks() {
    let (code, text) = acme(&["checks", "list", "--json"]);
    assert_eq!(code, 0, "{text}");
    let checks: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    let of = |pack: &str| checks.iter().filter(|check| check["pack"] == pack).count();
    assert_eq!(of("acme"), orgsweep_example::pack().checks.len());
    assert_eq!(of("credentials"), orgsweep_credentials::pack().checks.len());
    assert_eq!(of("permissions"), 0);
}

#[test]
fn an_in_house_check_scans_the_demo() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("lake").display().to_string();
    let only = ["demo", "--accounts", "10", "--check", "acme-role-outside-team-paths", "--out", &out];
    let (code, text) = acme(&only);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("checks show acme-role-outside-team-paths"), "{text}");
}

#[test]
fn settings_come_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("orgsweep.toml");
    std::fs::write(&config, "[checks.acme-user-name-unconventional]\nprefixes = ['']\n").unwrap();
    let (code, text) = acme(&["demo", "--config", &config.display().to_string()]);
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("acme-user-name-unconventional") && text.contains("empty prefix"), "{text}");
}
