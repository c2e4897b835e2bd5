//! Wrong inputs, every option by every kind of fault: one message that names the thing and the way out, exit 3, nothing
//! left behind, and no call where the mistake can be known before.

use std::io::Read as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::support::{Said, World, options, program, run};

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
    Wrong(&["scan", "--external-id", "x"], &["external", "1224"]),
    Wrong(&["scan", "--external-id", "two words"], &["external", "1224"]),
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
    Wrong(&["scan", "--profile", "nosuch"], &["--profile", "nosuch", "~/.aws/config"]),
    Wrong(&["scan", "--region", "us_east_1"], &["--region", "us_east_1", "us-east-1"]),
    Wrong(&["scan", "--attempt-timeout", "0s"], &["--attempt-timeout", "90s"]),
    Wrong(&["scan", "--report-timeout", "soon"], &["--report-timeout", "90s"]),
    Wrong(&["scan", "--report-max-age", "old"], &["--report-max-age", "90s"]),
    Wrong(&["scan", "--deadline", "0s"], &["--deadline", "14m"]),
    Wrong(&["scan", "--key-ids", "many"], &["--key-ids", "whole number"]),
    Wrong(&["scan", "--concurrency", "ten"], &["--concurrency", "whole number"]),
    Wrong(&["scan", "--requests", "-1"], &["-1"]),
    Wrong(&["scan", "--requests=-1"], &["--requests", "whole number"]),
    Wrong(&["scan", "--max-rate", "fast"], &["--max-rate", "number"]),
    Wrong(&["scan", "--attempts", "4294967296"], &["--attempts", "too large"]),
    Wrong(&["scan", "--session-duration", "1h"], &["--session-duration", "whole number"]),
    Wrong(&["scan", "--min-coverage", "all"], &["--min-coverage", "number"]),
    Wrong(&["scan", "--now", "yesterday"], &["--now", "2026-11-24"]),
    Wrong(&["scan", "--now", "2026-13-01"], &["--now", "2026-11-24"]),
    Wrong(&["scan", "--format", "json"], &["--plan"]),
    Wrong(&["scan", "--plan", "--format", "xml"], &["xml", "json"]),
    Wrong(&["scan", "--config", "{DIR}/none"], &["--config", "none"]),
    Wrong(&["scan", "--config", "{DIR}"], &["--config"]),
    Wrong(&["demo", "--accounts", "many"], &["--accounts", "many"]),
    Wrong(&["demo", "--accounts", "3", "--out", "{DIR}/good"], &["--out", "good"]),
    Wrong(&["demo", "--accounts", "3", "--out", "{DIR}/garbage"], &["latest.json", "remove"]),
    Wrong(&["demo", "--accounts", "3", "--seed", "x"], &["--seed", "x"]),
    Wrong(&["demo", "--accounts", "0"], &["--accounts", "1 to 50000"]),
    Wrong(&["demo", "--now", "soon"], &["--now", "2026-11-24"]),
    Wrong(&["demo", "--config", "{DIR}/none"], &["--config", "none"]),
    Wrong(&["demo", "--check", "iam-role-unsued"], &["iam-role-unused"]),
    Wrong(&["demo", "--collect", "server_certs"], &["server_certificates"]),
    Wrong(&["demo", "--concurrency", "0"], &["--concurrency", "at least one"]),
    Wrong(&["demo", "--fail-on", "severe"], &["severe", "critical"]),
    Wrong(&["demo", "--latency", "slow"], &["--latency", "whole number"]),
    Wrong(&["demo", "--log-format", "xml"], &["xml", "json"]),
    Wrong(&["demo", "--color", "blue"], &["blue", "never"]),
    Wrong(&["doctor", "--sample", "0"], &["--sample", "at least 1"]),
    Wrong(&["doctor", "--sample", "half"], &["--sample", "all"]),
    Wrong(&["simulate", "--accounts", "x"], &["--accounts", "whole number"]),
    Wrong(&["simulate", "--seed", "x"], &["--seed", "whole number"]),
    Wrong(&["simulate", "--port", "99999"], &["--port", "65535"]),
    Wrong(&["simulate", "--now", "x"], &["--now", "2026-11-24"]),
    Wrong(&["simulate", "--latency", "x"], &["--latency", "whole number"]),
    Wrong(&["simulate", "--record", "{DIR}"], &["--record"]),
    Wrong(&["simulate", "--record", "{DIR}/none/record"], &["--record", "none/record"]),
    Wrong(&["simulate", "--partition", "aws-moon"], &["aws-moon", "aws-us-gov"]),
    Wrong(&["simulate", "--suspended", "x"], &["--suspended", "whole number"]),
    Wrong(&["simulate", "--refusing", "x"], &["--refusing", "whole number"]),
    Wrong(&["simulate", "--broken", "x"], &["--broken", "whole number"]),
    Wrong(&["simulate", "--users", "5001"], &["--users", "5000"]),
    Wrong(&["simulate", "--roles", "x"], &["--roles", "5000"]),
    Wrong(&["simulate", "--policies", "x"], &["--policies", "5000"]),
    Wrong(&["simulate", "--external-id", "x"], &["external", "1224"]),
    Wrong(&["simulate", "--audit-role-session-seconds", "5"], &["3600 to 43200"]),
    Wrong(&["simulate", "--member-policy", "{DIR}/none"], &["--member-policy", "none"]),
    Wrong(&["simulate", "--member-policy", "{DIR}/object"], &["member policy", "Statement"]),
    Wrong(&["simulate", "--member-trust", "{DIR}/none"], &["--member-trust", "none"]),
    Wrong(&["simulate", "--hub-policy", "{DIR}/none"], &["--hub-policy", "none"]),
    Wrong(&["simulate", "--faults", "{DIR}/none"], &["--faults", "none"]),
    Wrong(&["simulate", "--faults", "{DIR}/object"], &["--faults", "object"]),
    Wrong(&["simulate", "--rate", "iam"], &["--rate", "NAME=RATE"]),
    Wrong(&["simulate", "--rate", "moon=1"], &["moon", "organizations"]),
    Wrong(&["discover", "--roster", "{DIR}"], &["--roster", "file"]),
    Wrong(&["discover", "--roster", "{DIR}/none/roster.json"], &["--roster", "folder that exists"]),
    Wrong(&["discover"], &["--roster"]),
    Wrong(&["discover", "--roster", "{DIR}/r", "--profile", "nosuch"], &["--profile", "nosuch"]),
    Wrong(&["discover", "--roster", "{DIR}/r", "--region", "us_east_1"], &["--region", "us-east-1"]),
    Wrong(
        &["discover", "--roster", "{DIR}/r", "--discovery-role", "Audit"],
        &["--discovery-role", "Audit", "arn:aws:iam"],
    ),
    Wrong(&["discover", "--roster", "{DIR}/r", "--external-id", "x"], &["--external-id", "1224"]),
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
    Wrong(&["ddl", "--engine", "athena", "--location", "lake"], &["--location", "s3://bucket/prefix"]),
    Wrong(&["ddl", "--engine", "athena", "--location", "s3://"], &["--location", "s3://bucket/prefix"]),
    Wrong(&["ddl", "--engine", "duckdb", "--location", "/"], &["--location", "s3://bucket/prefix"]),
    Wrong(&["checks", "list", "--pack", "credentails"], &["--pack", "credentials"]),
    Wrong(&["checks", "list", "--severity", "severe"], &["severe", "critical"]),
    Wrong(&["checks", "list", "--framework", "hipaa"], &["--framework", "cis_aws_foundations"]),
    Wrong(&["checks", "list", "--format", "xml"], &["xml", "json"]),
    Wrong(&["man", "--out", "{DIR}/good"], &["--out", "good"]),
    Wrong(&["man", "scna"], &["scna", "scan"]),
    Wrong(&["completions", "tcsh"], &["tcsh", "bash"]),
    Wrong(&["policy", "--for", "member", "--format", "xml"], &["xml", "terraform"]),
    Wrong(&["policy", "--for", "trust", "--trusted-principal", "x"], &["--trusted-principal", "arn:aws:iam"]),
    Wrong(&["policy", "--for", "trust", "--organization-id", "x"], &["--organization-id", "o-"]),
    Wrong(&["policy", "--for", "hub", "--partition", "moon"], &["--partition", "moon"]),
    Wrong(&["policy", "--for", "scp", "--except", "x"], &["--except", "arn:aws:iam"]),
    Wrong(&["policy", "--for", "member", "--config", "{DIR}/none"], &["--config", "none"]),
    Wrong(&["policy", "--for", "hub", "--role-name", "two words"], &["two words"]),
    Wrong(&["policy", "--for", "trust", "--external-id", "x"], &["--external-id", "1224"]),
    Wrong(&["policy", "--for", "member", "--check", "iam-role-unsued"], &["iam-role-unused"]),
    Wrong(&["policy", "--for", "member", "--exclude-check", "iam-role-unsued"], &["iam-role-unused"]),
    Wrong(&["policy", "--for", "member", "--severity", "severe"], &["severe", "critical"]),
    Wrong(&["policy", "--for", "member", "--framework", "hipaa"], &["--framework", "cis_aws_foundations"]),
    Wrong(&["policy", "--for", "member", "--collect", "server_certs"], &["server_certificates"]),
    Wrong(&["policy", "--for", "member", "--key-ids", "many"], &["--key-ids", "whole number"]),
    Wrong(&["policy", "--for", "nobody"], &["--for", "nobody"]),
    Wrong(&["policy", "--for", "trust", "--at", "x"], &["--at", "/Root/Workloads"]),
    Wrong(&["policy", "--for", "trust", "--at", "/Root/X"], &["--at /Root/X", "[[override]]"]),
    Wrong(&["policy", "--for", "chain", "--role", "x"], &["--role-chain"]),
    Wrong(
        &["policy", "--for", "member", "--format", "terraform", "--role", "x"],
        &["--role x", "OrgsweepAudit"],
    ),
    Wrong(&["explain"], &["--principal"]),
];

/// Configuration files, and words that their message must have.
const WRONG_FILES: &[(&str, &[&str])] = &[
    ("roel-name = ['x']", &["roel-name"]),
    ("concurrency = ", &["line 1"]),
    ("concurrency = 0", &["--concurrency"]),
    ("concurrency = 'many'", &["concurrency", "whole number"]),
    ("requests = -1", &["requests", "whole number"]),
    ("max-rate = 'fast'", &["max-rate", "number"]),
    ("key-ids = 1.5", &["key-ids", "whole number"]),
    ("quiet = 'yes'", &["quiet", "true or false"]),
    ("role-name = 7", &["role-name", "a text"]),
    ("now = 'yesterday'", &["now", "2026-11-24"]),
    ("external-id = 'x'", &["external-id", "1224"]),
    ("role-chain = ['Audit']", &["role-chain", "arn:aws:iam"]),
    ("checks = 'all'", &["checks"]),
    ("override = 'all'", &["override"]),
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

/// Questions to `explain`, with what differs from a right one, and words that their message must have.
const WRONG_QUESTIONS: &[(&[&str], &[&str])] = &[
    (&["--principal", "x"], &["--principal", "names nobody"]),
    (&["--principal", "arn:aws:iam::111122223333:user/*"], &["--principal", "user/*"]),
    (&["--action", "ec2"], &["--action", "iam:CreateUser"]),
    (&["--action", "ec2:*"], &["--action", "one action"]),
    (&["--resource", "x"], &["--resource", "ARN"]),
    (&["--action", "iam:CreateUser"], &["--resource", "user/"]),
    (&["--context", "x"], &["--context", "KEY=VALUE"]),
    (&["--context", "=x"], &["--context", "KEY=VALUE"]),
    (&["--resource-account", "12"], &["--resource-account", "12 digits"]),
    (&["--from", "nosuch"], &["--from", "nosuch"]),
    (&["--format", "xml"], &["--format", "json"]),
    (&["--out", "{DIR}/none"], &["--out", "none"]),
    (&["--out", "{DIR}/dangling"], &["latest.json", "points to"]),
    (&["--out", "{DIR}/garbage"], &["latest.json", "remove"]),
];
const RIGHT_QUESTION: [(&str, &str); 3] =
    [("--principal", "111122223333"), ("--action", "ec2:DescribeInstances"), ("--resource", "*")];

/// Words of parsers and of Rust, which tell a reader nothing.
const FOREIGN: [&str; 11] = [
    "panicked",
    "Error {",
    "Some(",
    "Err(",
    "ErrorKind",
    "at line 1 column",
    "EOF while",
    "invalid type:",
    "invalid digit",
    "..=",
    "invalid float",
];

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

/// A command line, and words that its message must have.
type Case = (Vec<String>, Vec<String>);

/// The options of a command that take a value, as its help shows them.
fn options_of(command: &[&str]) -> Vec<String> {
    let said = run(program().args(command).arg("--help"));
    assert_eq!(said.code, 0, "{}", said.errors);
    let lines = said.output.lines().filter_map(|line| {
        let line = line.trim_start();
        let line = line.strip_prefix("-q, ").unwrap_or(line);
        let (option, value) = line.split_once(' ')?;
        (option.starts_with("--") && value.starts_with(['<', '['])).then(|| option.to_owned())
    });
    lines.collect()
}

/// Commands with options, and what each needs to be asked at all.
fn commands(roster: &str) -> Vec<(&'static [&'static str], Vec<(&'static str, String)>)> {
    let asked = RIGHT_QUESTION.map(|(option, value)| (option, value.to_owned())).to_vec();
    vec![
        (&["demo"], Vec::new()),
        (&["scan"], Vec::new()),
        (&["doctor"], Vec::new()),
        (&["policy"], vec![("--for", "trust".to_owned())]),
        (&["explain"], asked),
        (&["checks", "list"], Vec::new()),
        (&["simulate"], Vec::new()),
        (&["discover"], vec![("--roster", format!("{roster}.new"))]),
        (&["finalize"], vec![("--roster", roster.to_owned())]),
        (&["ddl"], vec![("--engine", "duckdb".to_owned())]),
        (&["man"], Vec::new()),
    ]
}

/// What `explain` is asked, with what a case changes of it.
fn question(changed: &[&str]) -> Vec<String> {
    let mut arguments = vec!["explain".to_owned()];
    for (option, value) in RIGHT_QUESTION.iter().filter(|(option, _)| changed[0] != *option) {
        arguments.extend([(*option).to_owned(), (*value).to_owned()]);
    }
    arguments.extend(changed.iter().map(|&argument| argument.to_owned()));
    arguments
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

/// The tables, each by every command that has the options.
fn written(folder: &Path, roster: &str) -> Vec<Case> {
    let mut cases: Vec<Case> =
        WRONG.iter().map(|Wrong(arguments, words)| (owned(arguments), owned(words))).collect();
    let reusing =
        [("doctor", &[][..]), ("finalize", &["--roster", roster][..]), ("policy", &["--for", "trust"])];
    for (command, more) in reusing {
        let mut known = options_of(&[command]);
        // Of the plan in `scan`, of the document in `policy`.
        known.retain(|option| option != "--format");
        let of_scan = WRONG.iter().filter(|Wrong(arguments, _)| {
            let mut options = arguments.iter().filter(|argument| argument.starts_with("--"));
            // A file of accounts is opened by whoever needs them.
            let is_known = |option: &&str| known.iter().any(|known| option.split('=').next() == Some(known));
            arguments[0] == "scan" && arguments.len() > 2 && options.all(|option| is_known(&option))
        });
        for Wrong(arguments, words) in of_scan {
            let all = [&[command][..], more, &arguments[1..]].concat();
            cases.push((owned(&all), owned(words)));
        }
    }
    cases.extend(WRONG_QUESTIONS.iter().map(|(changed, words)| (question(changed), owned(words))));
    for (number, (text, words)) in WRONG_FILES.iter().enumerate() {
        let path = folder.join(format!("{number}.toml"));
        std::fs::write(&path, text).unwrap();
        for command in [&["scan"][..], &["doctor"], &["policy", "--for", "trust"]] {
            cases.push((owned(&[command, &["--config", path.to_str().unwrap()]].concat()), owned(words)));
        }
    }
    let here = folder.display().to_string();
    for argument in cases.iter_mut().flat_map(|(arguments, _)| arguments) {
        *argument = argument.replace("{DIR}", &here);
    }
    cases
}

/// Every option of every command, without a value and with an empty one.
fn mechanical(roster: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    for (command, needed) in commands(roster) {
        for option in options_of(command) {
            let begin = || {
                let needed = needed.iter().filter(|(known, _)| *known != option);
                let mut all = owned(command);
                all.extend(needed.flat_map(|(option, value)| [(*option).to_owned(), value.clone()]));
                all
            };
            cases.push(([begin(), vec![option.clone()]].concat(), vec![option.clone()]));
            cases.push(([begin(), vec![format!("{option}=")]].concat(), vec![option.clone()]));
        }
    }
    cases
}

/// Options for which the tables try nothing wrong.
fn untried(cases: &[Case], roster: &str) -> Vec<String> {
    let mut untried = Vec::new();
    for (command, _) in commands(roster) {
        for option in options_of(command) {
            let is_tried = cases.iter().any(|(arguments, _)| {
                arguments.iter().zip(command).all(|(argument, word)| argument == word)
                    && arguments.iter().any(|argument| argument.split('=').next() == Some(&option))
            });
            if !is_tried {
                untried.push(format!("{} {option}", command.join(" ")));
            }
        }
    }
    untried
}

#[test]
fn wrong_inputs_are_refused_with_one_message_and_leave_nothing() {
    let world = World::start(options(3));
    let folder = world.file("inputs");
    prepare(&folder);
    let roster = folder.join("roster").display().to_string();
    let discovered = World::start(options(3));
    let said = run(&mut discovered.other(&["discover", "--unlimited", "--roster", &roster]));
    assert_eq!(said.code, 0, "{}", said.errors);

    let written = written(&folder, &roster);
    assert!(written.len() >= 97, "{} wrong inputs", written.len());
    assert_eq!(untried(&written, &roster), [""; 0], "every option is tried with something wrong");
    let mut cases = written;
    cases.extend(mechanical(&roster));
    let before = files_below(&folder);
    let mut wrong = Vec::new();
    for (arguments, words) in &cases {
        let said = run_soon(world.program().current_dir(&folder).args(arguments));
        let mut problems = problems_of(&said, words);
        let after = files_below(&folder);
        for left in after.iter().filter(|name| !before.contains(name)) {
            problems.push(format!("left {left}"));
            let _ = std::fs::remove_dir_all(left);
            let _ = std::fs::remove_file(left);
        }
        if !problems.is_empty() {
            let told = said.errors.replace('\n', "\n    ");
            wrong.push(format!("{arguments:?}: {}\n    {told}", problems.join(", ")));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert!(world.running.calls().is_empty(), "{:?}", world.running.calls());
}

/// What is wrong with the answer to a wrong input.
fn problems_of(said: &Said, words: &[String]) -> Vec<String> {
    let mut problems = Vec::new();
    if said.code != 3 {
        problems.push(format!("exit {}", said.code));
    }
    problems.extend(
        words.iter().filter(|word| !said.errors.contains(word.as_str())).map(|word| format!("no {word:?}")),
    );
    problems.extend(
        FOREIGN.iter().filter(|word| said.errors.contains(**word)).map(|word| format!("says {word:?}")),
    );
    if said.errors.matches("error:").count() != 1 {
        problems.push("not one message".to_owned());
    }
    problems
}

/// Runs a command that should end at once, and stops one that does not, such as a simulator that serves all the same.
fn run_soon(command: &mut Command) -> Said {
    let mut child = command.spawn().unwrap();
    let pid = child.id();
    let (told, done) = std::sync::mpsc::channel::<()>();
    let watch = std::thread::spawn(move || {
        if done.recv_timeout(Duration::from_secs(20)).is_err() {
            let _ = Command::new("bash").args(["-c", &format!("kill -KILL {pid}")]).status();
        }
    });
    let mut texts = [String::new(), String::new()];
    let _ = child.stdout.take().unwrap().read_to_string(&mut texts[0]);
    let _ = child.stderr.take().unwrap().read_to_string(&mut texts[1]);
    let code = child.wait().unwrap().code().unwrap_or(-1);
    let _ = told.send(());
    watch.join().unwrap();
    let [output, errors] = texts;
    Said { code, output, errors }
}
