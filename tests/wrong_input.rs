//! Wrong inputs, every option by every kind of fault: one message that names the thing and the way out, exit 3, nothing
//! left behind, and no call where the mistake can be known before.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::screen::snapshots::Record;
use crate::support::{Said, World, options, program, run};

mod table;

use table::{RIGHT_QUESTION, WRONG, WRONG_ENVIRONMENT, WRONG_FILES, WRONG_QUESTIONS, Wrong};

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
        ("single.toml", "single-account = true"),
        ("listed.toml", "accounts-file = 'good'"),
        ("fast.toml", "concurrency = 8"),
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

/// A command, such as `checks list`.
type Words = &'static [&'static str];

/// Commands with options, and what each needs to be asked at all.
fn commands(roster: &str) -> Vec<(Words, Vec<(&'static str, String)>)> {
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
            let is_known = |option: &str| known.iter().any(|known| option.split('=').next() == Some(known));
            arguments[0] == "scan"
                && !arguments.contains(&"--roster")
                && arguments.len() > 2
                && options.all(|option| is_known(option))
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
    let here = folder.display().to_string();
    let roster = folder.join("roster").display().to_string();
    let discovered = World::start(options(3));
    let said = run(&mut discovered.other(&["discover", "--unlimited", "--roster", &roster]));
    assert_eq!(said.code, 0, "{}", said.errors);

    let written = written(&folder, &roster);
    assert!(written.len() >= 97, "{} wrong inputs", written.len());
    assert_eq!(untried(&written, &roster), [""; 0], "every option is tried with something wrong");
    let mut cases = written;
    let by_hand = cases.len();
    cases.extend(mechanical(&roster));
    let mut cases: Vec<_> = cases.into_iter().map(|(arguments, words)| (arguments, None, words)).collect();
    for (name, value, words) in WRONG_ENVIRONMENT {
        for command in [&["scan"][..], &["scan", "--plan"], &["doctor"], &["discover", "--roster", "new"]] {
            cases.push((owned(command), Some((name, value)), owned(words)));
        }
    }
    let before = files_below(&folder);
    let mut record = Record::new(&[(&here, "FOLDER"), (&discovered.running.endpoint(), "ENDPOINT")]);
    let mut recorded = BTreeSet::new();
    let mut wrong = Vec::new();
    for (number, (arguments, variable, words)) in cases.iter().enumerate() {
        let mut command = world.program();
        command.current_dir(&folder).args(arguments).envs(*variable);
        let said = run_soon(&mut command);
        let mut problems = problems_of(&said, words);
        // Each message once, with the first command line that has it; that a value is missing has always the same words.
        let is_by_hand = number < by_hand || variable.is_some();
        if is_by_hand && recorded.insert(said.errors.clone()) {
            if let Some((name, value)) = variable {
                record.add_text(&format!("{name}={value:?}\n"));
            }
            record.add(&command, &said);
        }
        let after = files_below(&folder);
        for left in after.iter().filter(|name| !before.contains(name)) {
            problems.push(format!("left {left}"));
            let _ = std::fs::remove_dir_all(left);
            let _ = std::fs::remove_file(left);
        }
        if !problems.is_empty() {
            let told = said.errors.replace('\n', "\n    ");
            wrong.push(format!("{variable:?} {arguments:?}: {}\n    {told}", problems.join(", ")));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert!(world.running.calls().is_empty(), "{:?}", world.running.calls());
    record.compare("wrong-inputs");
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
