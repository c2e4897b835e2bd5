//! Wrong inputs, every option by every kind of fault: one message that names the thing and the way out, exit 3, nothing
//! left behind, and no call where the mistake can be known before.

use std::path::Path;

use crate::support::{World, options, run};

/// One wrong input: the command line, with `{DIR}` for the test's folder, and words that its message must have.
struct Wrong(&'static [&'static str], &'static [&'static str]);

const WRONG: &[Wrong] = &[
    Wrong(&["scan", "--nosuch"], &["--nosuch"]),
    Wrong(&["scna"], &["scna", "scan"]),
    Wrong(&["scan", "extra"], &["extra"]),
    Wrong(&["scan", "--account", "12"], &["12 digits"]),
    Wrong(&["scan", "--account", "11112222333x"], &["12 digits"]),
    Wrong(&["scan", "--exclude-account", "abc"], &["--exclude-account", "12 digits"]),
    Wrong(&["scan", "--ou", "Workloads"], &["Workloads", "/Root/Workloads"]),
    Wrong(&["scan", "--ou", "/"], &["\"/\"", "/Root/Workloads"]),
    Wrong(&["scan", "--ou", "/Root//X"], &["/Root//X", "/Root/Workloads"]),
    Wrong(&["scan", "--ou", r"/Root/a\b"], &[r"\/"]),
    Wrong(&["scan", "--exclude-ou", "prod"], &["prod", "ou-"]),
    Wrong(&["scan", "--tag", "prod"], &["--tag", "KEY=VALUE"]),
    Wrong(&["scan", "--tag", "=prod"], &["--tag", "KEY=VALUE"]),
    Wrong(&["scan", "--tag", "a=b", "--tag", "a=c"], &["--tag a"]),
    Wrong(&["scan", "--session-tag", "prod"], &["--session-tag", "KEY=VALUE"]),
    Wrong(&["scan", "--check", "iam-role-unsued"], &["--check", "iam-role-unused"]),
    Wrong(&["scan", "--exclude-check", "iam-group-emty"], &["--exclude-check", "iam-group-empty"]),
    Wrong(
        &["scan", "--check", "iam-role-unused", "--exclude-check", "iam-role-unused"],
        &["no check is left"],
    ),
    Wrong(&["scan", "--collect", "server_certs"], &["--collect", "server_certificates"]),
    Wrong(&["scan", "--framework", "hipaa"], &["--framework", "cis_aws_foundations"]),
    Wrong(&["scan", "--severity", "severe"], &["severe", "critical"]),
    Wrong(&["scan", "--fail-on", "severe"], &["severe", "critical"]),
    Wrong(&["scan", "--min-coverage", "101"], &["--min-coverage", "0 to 100"]),
    Wrong(&["scan", "--min-coverage=-1"], &["--min-coverage", "0 to 100"]),
    Wrong(&["scan", "--min-coverage", "nan"], &["--min-coverage", "0 to 100"]),
    Wrong(&["scan", "--concurrency", "0"], &["--concurrency", "at least one"]),
    Wrong(&["scan", "--requests", "0"], &["--requests", "at least one"]),
    Wrong(&["scan", "--max-rate", "0"], &["--max-rate", "0.1"]),
    Wrong(&["scan", "--max-rate", "inf"], &["--max-rate", "0.1"]),
    Wrong(&["scan", "--attempts", "0"], &["--attempts", "1 to 20"]),
    Wrong(&["scan", "--attempts", "21"], &["--attempts", "1 to 20"]),
    Wrong(&["scan", "--session-duration", "899"], &["--session-duration", "900"]),
    Wrong(&["scan", "--session-duration", "43201"], &["--session-duration", "43200"]),
    Wrong(&["scan", "--external-id", "x"], &["external id", "1224"]),
    Wrong(&["scan", "--external-id", "two words"], &["external id", "1224"]),
    Wrong(&["scan", "--source-identity", "x"], &["--source-identity", "64"]),
    Wrong(&["scan", "--source-identity", "two words"], &["--source-identity", "64"]),
    Wrong(&["scan", "--role-name", "two words"], &["--role-name", "two words"]),
    Wrong(&["scan", "--role-name", "arn:aws:iam::111122223333:role/Audit"], &["{account_id}"]),
    Wrong(&["scan", "--role-chain", "Audit"], &["Audit", "arn:aws:iam"]),
    Wrong(&["scan", "--discovery-role", "Audit"], &["Audit", "arn:aws:iam"]),
    Wrong(&["scan", "--accounts-file", "{DIR}/none"], &["--accounts-file", "none"]),
    Wrong(&["scan", "--accounts-file", "{DIR}"], &["--accounts-file"]),
    Wrong(&["scan", "--accounts-file", "{DIR}/empty"], &["--accounts-file", "12-digit"]),
    Wrong(&["scan", "--accounts-file", "{DIR}/short"], &["line 2", "12 digits"]),
    Wrong(&["scan", "--accounts-file", "{DIR}/twice"], &["line 2", "listed twice"]),
    Wrong(&["scan", "--accounts-file", "{DIR}/good", "--ou", "/Root"], &["--ou", "--account"]),
    Wrong(&["scan", "--accounts-file", "{DIR}/good", "--tag", "a=b"], &["--tag", "--account"]),
    Wrong(&["scan", "--single-account", "--ou", "/Root"], &["--ou", "--single-account"]),
    Wrong(&["scan", "--single-account", "--accounts-file", "{DIR}/good"], &["--single-account"]),
    Wrong(&["scan", "--roster", "{DIR}/none", "--shard", "0/2"], &["--roster", "discover"]),
    Wrong(&["scan", "--roster", "{DIR}/empty", "--shard", "0/2"], &["--roster", "discover"]),
    Wrong(&["scan", "--roster", "{DIR}/object", "--shard", "0/2"], &["--roster", "discover"]),
    Wrong(&["scan", "--shard", "0/2"], &["--roster"]),
    Wrong(&["scan", "--resume", "none"], &["--resume", "none"]),
    Wrong(&["scan", "--resume"], &["--resume", "without --resume"]),
    Wrong(&["scan", "--retry-incomplete", "none"], &["--retry-incomplete"]),
    Wrong(&["scan", "--retry-incomplete", "01ARZ3NDEKTSV4RRFFQ69G5FAV"], &["01ARZ3NDEKTSV4RRFFQ69G5FAV"]),
    Wrong(&["scan", "--log-format", "xml"], &["xml", "json"]),
    Wrong(&["scan", "--color", "blue"], &["blue", "never"]),
    Wrong(&["scan", "--out", "{DIR}/good"], &["--out", "good"]),
    Wrong(&["scan", "--out", "{DIR}/good/below"], &["--out", "good"]),
    Wrong(&["scan", "--out", "{DIR}/garbage"], &["latest.json", "remove"]),
    Wrong(&["scan", "--out", "{DIR}/version"], &["latest.json", "99"]),
    Wrong(&["scan", "--out", "{DIR}/pointerfolder"], &["latest.json", "expected a file"]),
    Wrong(&["scan", "--out", "{DIR}/filefolder"], &["v1", "expected a folder"]),
    Wrong(&["scan", "--config", "{DIR}/none"], &["--config", "none"]),
    Wrong(&["scan", "--config", "{DIR}"], &["--config"]),
    Wrong(&["demo", "--accounts", "many"], &["--accounts", "many"]),
    Wrong(&["demo", "--accounts", "3", "--out", "{DIR}/good"], &["--out", "good"]),
    Wrong(&["demo", "--accounts", "3", "--out", "{DIR}/garbage"], &["latest.json", "remove"]),
    Wrong(&["demo", "--accounts", "3", "--seed", "x"], &["--seed", "x"]),
    Wrong(&["discover", "--roster", "{DIR}"], &["--roster", "file"]),
    Wrong(&["discover", "--roster", "{DIR}/none/roster.json"], &["--roster", "folder that exists"]),
    Wrong(&["discover"], &["--roster"]),
    Wrong(&["finalize"], &["--roster"]),
    Wrong(&["finalize", "--roster", "{DIR}/none"], &["--roster", "discover"]),
    Wrong(&["finalize", "--roster", "{DIR}/empty"], &["--roster", "discover"]),
    Wrong(&["checks", "show", "iam-role-unsued"], &["iam-role-unused"]),
    Wrong(&["checks", "nosuch"], &["nosuch"]),
    Wrong(&["ddl", "--engine", "oracle", "--out", "{DIR}"], &["oracle", "duckdb"]),
    Wrong(&["ddl", "--engine", "duckdb", "--out", "{DIR}/none"], &["--out", "no scan"]),
    Wrong(&["ddl", "--engine", "duckdb", "--out", "{DIR}/garbage"], &["latest.json", "remove"]),
    Wrong(&["ddl", "--engine", "duckdb", "--out", "{DIR}/version"], &["99", "latest.json"]),
    Wrong(&["ddl", "--engine", "duckdb", "--out", "{DIR}/dangling"], &["latest.json", "points to", "remove"]),
    Wrong(&["ddl", "--engine", "athena", "--out", "{DIR}"], &["--location"]),
    Wrong(&["policy", "--for", "nobody"], &["--for", "nobody"]),
    Wrong(&["explain"], &["--principal"]),
    Wrong(
        &[
            "explain",
            "--out",
            "{DIR}/none",
            "--principal",
            "111122223333",
            "--action",
            "ec2:DescribeInstances",
            "--resource",
            "*",
        ],
        &["none"],
    ),
    Wrong(
        &[
            "explain",
            "--out",
            "{DIR}/dangling",
            "--principal",
            "111122223333",
            "--action",
            "ec2:DescribeInstances",
            "--resource",
            "*",
        ],
        &["latest.json", "points to"],
    ),
    Wrong(
        &[
            "explain",
            "--out",
            "{DIR}/garbage",
            "--principal",
            "111122223333",
            "--action",
            "ec2:DescribeInstances",
            "--resource",
            "*",
        ],
        &["latest.json", "remove"],
    ),
];

/// Configuration files, and words that their message must have.
const WRONG_FILES: &[(&str, &[&str])] = &[
    ("roel-name = ['x']", &["roel-name"]),
    ("concurrency = ", &["line 1"]),
    ("concurrency = 0", &["--concurrency"]),
    ("attempts = 99", &["--attempts", "1 to 20"]),
    ("account = ['12']", &["12 digits"]),
    ("ou = ['Workloads']", &["Workloads", "/Root/Workloads"]),
    ("role-name = ['two words']", &["two words"]),
    ("fail-on = 'severe'", &["fail-on"]),
    ("deadline = 'soon'", &["deadline"]),
    ("[checks.iam-role-unsued]\ndays = 3", &["iam-role-unused"]),
    ("[checks.iam-role-unused]\ndasy = 3", &["dasy"]),
    ("[checks.iam-role-unused]\ndays = 'many'", &["days"]),
    ("[checks.iam-role-unused]\ndays = 500", &["400"]),
    ("[[override]]\nrole-name = ['x']", &["exactly one of"]),
    ("[[override]]\nou = '/Root'\naccount = '111122223333'", &["exactly one of"]),
    ("[[override]]\nou = 'Workloads'", &["not an organizational unit"]),
    ("[[override]]\nou = '/Root//X'", &["/Root//X"]),
    ("[[override]]\naccount = '12'", &["12 digits"]),
    ("[[override]]\nou = '/Root'\nallow-unmatched = 'x'", &["allow-unmatched"]),
    ("[[override]]\nou = '/Root'\nexternal-id = 'x'", &["external id"]),
    ("[[override]]\nou = '/Root'\n[override.checks.iam-role-unused]\ndays = 500", &["400"]),
];

/// Words of parsers and of Rust, which tell a reader nothing.
const FOREIGN: [&str; 8] =
    ["panicked", "Error {", "Some(", "Err(", "ErrorKind", "at line 1 column", "EOF while", "invalid type:"];

fn files_below(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        found.push(entry.path().display().to_string());
        found.extend(files_below(&entry.path()));
    }
    found.sort();
    found
}

fn prepare(folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    for (name, text) in [
        ("empty", ""),
        ("object", "{}"),
        ("good", "111122223333\n"),
        ("short", "111122223333\n1234\n"),
        ("twice", "111122223333\n111122223333\n"),
    ] {
        std::fs::write(folder.join(name), text).unwrap();
    }
    let pointer = r#"{"scan_id":"01ARZ3NDEKTSV4RRFFQ69G5FAV","scan_date":"2026-06-01","schema_version":1}"#;
    for (name, text) in
        [("garbage", "no JSON"), ("version", &pointer.replace(":1}", ":99}")), ("dangling", pointer)]
    {
        std::fs::create_dir_all(folder.join(name).join("v1")).unwrap();
        std::fs::write(folder.join(name).join("latest.json"), text).unwrap();
    }
    std::fs::create_dir_all(folder.join("pointerfolder/latest.json")).unwrap();
    std::fs::create_dir_all(folder.join("filefolder")).unwrap();
    std::fs::write(folder.join("filefolder/v1"), "in the way").unwrap();
}

#[test]
fn wrong_inputs_are_refused_with_one_message_and_leave_nothing() {
    let world = World::start(options(3));
    let folder = world.file("inputs");
    prepare(&folder);
    let here = folder.display().to_string();
    let mut cases: Vec<(Vec<String>, &[&str])> = WRONG
        .iter()
        .map(|Wrong(arguments, words)| {
            (arguments.iter().map(|argument| argument.replace("{DIR}", &here)).collect(), *words)
        })
        .collect();
    for (number, (text, words)) in WRONG_FILES.iter().enumerate() {
        let path = folder.join(format!("{number}.toml"));
        std::fs::write(&path, text).unwrap();
        cases.push((vec!["scan".to_owned(), "--config".to_owned(), path.display().to_string()], words));
    }
    assert!(cases.len() >= 97, "{} wrong inputs", cases.len());
    let before = files_below(&folder);
    let mut wrong = Vec::new();
    for (arguments, words) in &cases {
        let said = run(world.program().current_dir(&folder).args(arguments));
        let mut problems = Vec::new();
        if said.code != 3 {
            problems.push(format!("exit {}", said.code));
        }
        problems.extend(
            words.iter().filter(|word| !said.errors.contains(**word)).map(|word| format!("no {word:?}")),
        );
        problems.extend(
            FOREIGN.iter().filter(|word| said.errors.contains(**word)).map(|word| format!("says {word:?}")),
        );
        if said.errors.matches("error:").count() != 1 {
            problems.push("not one message".to_owned());
        }
        let after = files_below(&folder);
        if after != before {
            problems.push(format!(
                "left {:?}",
                after.iter().filter(|name| !before.contains(name)).collect::<Vec<_>>()
            ));
            for left in after.iter().filter(|name| !before.contains(name)) {
                let _ = std::fs::remove_dir_all(left);
                let _ = std::fs::remove_file(left);
            }
        }
        if !problems.is_empty() {
            wrong.push(format!(
                "{arguments:?}: {}\n    {}",
                problems.join(", "),
                said.errors.replace('\n', "\n    ")
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert!(world.running.calls().is_empty(), "{:?}", world.running.calls());
}
