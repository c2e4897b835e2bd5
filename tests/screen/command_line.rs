//! Help, the list of checks, wildcards, completions and manual pages.

use std::process::{Command, Stdio};

use serde_json::Value as Json;

use crate::support::{orgsweep, program, run};

/// The long options in the help of a command.
fn shown(command: &[&str]) -> Vec<String> {
    let said = orgsweep(&[command, &["--help"]].concat());
    assert_eq!(said.code, 0, "{}", said.errors);
    said.output
        .lines()
        .map(str::trim_start)
        .filter(|line| line.starts_with('-'))
        .flat_map(|line| line.split([' ', ',']).filter(|word| word.starts_with("--")).take(1))
        .map(ToOwned::to_owned)
        .collect()
}

#[test]
fn help_shows_only_what_has_a_meaning_there() {
    for (command, absent, present) in [
        (
            "finalize",
            &[
                "--profile",
                "--region",
                "--external-id",
                "--accounts-file",
                "--single-account",
                "--concurrency",
                "--requests",
                "--max-rate",
                "--unlimited",
                "--attempt-timeout",
                "--attempts",
                "--report-timeout",
                "--now",
                "--plan",
                "--resume",
                "--version",
            ][..],
            &[
                "--roster",
                "--config",
                "--check",
                "--role-name",
                "--out",
                "--fail-on",
                "--deadline",
                "--log-format",
            ][..],
        ),
        (
            "doctor",
            &[
                "--out",
                "--fail-on",
                "--min-coverage",
                "--publish-partial",
                "--now",
                "--color",
                "--plan",
                "--roster",
            ],
            &["--sample", "--profile", "--role-name", "--ou", "--check", "--deadline", "--log-format"],
        ),
        (
            "policy",
            &["--out", "--concurrency", "--log-format", "--now", "--fail-on"],
            &["--for", "--check", "--config"],
        ),
        ("ddl", &["--check", "--log-format", "--color"], &["--engine", "--out"]),
        ("discover", &["--check", "--out", "--log-format"], &["--roster", "--tags"]),
        (
            "scan",
            &["--sample", "--version"],
            &["--plan", "--format", "--resume", "--check", "--color", "--out"],
        ),
    ] {
        let shown = shown(&[command]);
        for option in absent {
            assert!(!shown.iter().any(|one| one == option), "{command} shows {option}: {shown:?}");
        }
        for option in present {
            assert!(shown.iter().any(|one| one == option), "{command} does not show {option}: {shown:?}");
        }
    }
    // What is not shown is taken all the same where another command's line may be reused.
    let said = orgsweep(&[
        "finalize",
        "--roster",
        "/nonexistent",
        "--concurrency",
        "3",
        "--now",
        "2026-06-01T00:00:00Z",
    ]);
    assert!(said.errors.contains("--roster /nonexistent"), "{}", said.errors);
}

fn ids(arguments: &[&str]) -> Vec<String> {
    let said = orgsweep(&[&["checks", "list", "--format", "json"], arguments].concat());
    assert_eq!(said.code, 0, "{}", said.errors);
    let checks: Vec<Json> = serde_json::from_str(&said.output).unwrap();
    checks.iter().map(|check| check["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn checks_are_listed_by_pack_severity_framework_and_text() {
    let said = orgsweep(&["checks", "list", "--format", "json"]);
    let all: Vec<Json> = serde_json::from_str(&said.output).unwrap();
    let those = |wanted: &dyn Fn(&Json) -> bool| -> Vec<String> {
        all.iter()
            .filter(|check| wanted(check))
            .map(|check| check["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let (of_trust, high) = (
        those(&|check| check["pack"] == "trust"),
        those(&|check| check["severity"] == "critical" || check["severity"] == "high"),
    );
    assert!(!of_trust.is_empty() && of_trust.len() < all.len() && !high.is_empty() && high.len() < all.len());
    assert_eq!(ids(&["--pack", "trust"]), of_trust);
    assert_eq!(ids(&["--severity", "high"]), high);
    let cis = those(&|check| {
        let controls = check["controls"].as_array().unwrap();
        controls
            .iter()
            .any(|control| control["framework"] == "cis_aws_foundations" && control["version"] == "3.0")
    });
    assert_eq!(ids(&["--framework", "cis:3.0"]), cis);
    // Every word, in any case, in the id, the title or the manual page.
    let root_mfa = ids(&["ROOT", "mfa"]);
    assert!(
        root_mfa.contains(&"iam-root-mfa-missing".to_owned()) && root_mfa.len() < all.len(),
        "{root_mfa:?}"
    );
    assert_eq!(
        ids(&["--pack", "trust", "--severity", "critical", "nothing-holds-this-word"]),
        Vec::<String>::new()
    );

    let text = orgsweep(&["checks", "list", "--pack", "trust"]).output;
    assert!(text.contains(&format!("\n{} of {} checks; ", of_trust.len(), all.len())), "{text}");
    for (arguments, wanted) in [
        (&["--pack", "trsut"], "no such pack; the nearest is \"trust\""),
        (&["--framework", "sic"], "known: "),
        (&["--severity", "hihg"], "--severity"),
    ] {
        let said = orgsweep(&[&["checks", "list"][..], arguments].concat());
        assert_eq!(said.code, 3, "{}", said.output);
        assert!(said.errors.contains(wanted), "{}", said.errors);
    }
}

#[test]
fn wildcards_choose_checks_wherever_checks_are_chosen() {
    let roots = ids(&[]).into_iter().filter(|id| id.starts_with("iam-root-")).count();
    let actions = |arguments: &[&str]| {
        let said = orgsweep(&[&["policy", "--for", "member"], arguments].concat());
        assert_eq!(said.code, 0, "{}", said.errors);
        said.output
    };
    assert!(roots > 1);
    assert_eq!(actions(&["--check", "iam-password-*"]), actions(&["--check", "iam-password-policy-*"]));
    assert_ne!(actions(&["--check", "iam-password-*"]), actions(&["--exclude-check", "iam-password-*"]));
    let said = orgsweep(&["policy", "--for", "member", "--check", "iam-rot-*,*-nothing"]);
    assert_eq!(said.code, 3);
    for pattern in ["--check \"iam-rot-*\": no check matches", "--check \"*-nothing\": no check matches"] {
        assert!(said.errors.contains(pattern), "{}", said.errors);
    }
}

#[test]
fn completions_complete() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let said = orgsweep(&["completions", shell]);
        assert_eq!((said.code, said.errors.as_str()), (0, ""));
        assert!(said.output.contains("retry-incomplete"), "{shell}");
    }
    let script = folder.path().join("orgsweep.bash");
    std::fs::write(&script, orgsweep(&["completions", "bash"]).output).unwrap();
    let complete = |words: &str, word: &str, count: usize| {
        let line = format!(
            "source {}; COMP_WORDS=({words}); COMP_CWORD={count}; _orgsweep orgsweep '{word}' x; echo \"${{COMPREPLY[@]}}\"",
            script.display()
        );
        let output = Command::new("bash").args(["--norc", "-c", &line]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    assert_eq!(complete("orgsweep fin", "fin", 1), "finalize");
    assert_eq!(complete("orgsweep scan --retry", "--retry", 2), "--retry-incomplete");
    assert_eq!(complete("orgsweep checks li", "li", 2), "list");
}

/// A distribution of one's own has another name: no help tells to type one that is not there.
#[test]
fn help_names_the_program_that_was_started() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("acme-audit");
    std::fs::copy(env!("CARGO_BIN_EXE_orgsweep"), &own).unwrap();
    let help =
        |words: &[&str]| run(Command::new(&own).args(words).arg("--help").stdout(Stdio::piped())).output;
    let root = help(&[]);
    let commands: Vec<&str> = root
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .map_while(|line| line.split_whitespace().next())
        .collect();
    assert!(commands.len() > 10, "{root}");
    for command in &commands {
        let text = if *command == "help" { root.clone() } else { help(&[command]) };
        for named in &commands {
            assert!(!text.contains(&format!("orgsweep {named}")), "{command}: {text}");
        }
        assert!(text.contains("acme-audit"), "{command}: {text}");
    }
    assert!(help(&["completions"]).contains("acme-audit completions bash"));
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = tempfile::tempdir().unwrap();
    let said = run(program().args(["man", "--out"]).arg(folder.path()));
    assert_eq!(said.code, 0, "{}", said.errors);
    let pages: Vec<&str> = said.output.lines().collect();
    for name in ["orgsweep.1", "orgsweep-scan.1", "orgsweep-checks-list.1", "orgsweep-doctor.1"] {
        assert!(pages.iter().any(|page| page.ends_with(name)), "{name}: {pages:?}");
    }
    let scan = orgsweep(&["man", "scan"]).output;
    assert_eq!(std::fs::read_to_string(folder.path().join("orgsweep-scan.1")).unwrap(), scan);
    for wanted in [".TH ORGSWEEP-SCAN 1", "orgsweep\\-scan", "\\-\\-retry\\-incomplete"] {
        assert!(scan.contains(wanted), "{wanted}: {scan}");
    }
    // What help does not show, the page does not show.
    assert!(!orgsweep(&["man", "finalize"]).output.contains("max\\-rate"));
    let said = orgsweep(&["man", "scna"]);
    assert_eq!(said.code, 3);
    assert!(said.errors.contains("no such command; the nearest is \"scan\""), "{}", said.errors);
}
