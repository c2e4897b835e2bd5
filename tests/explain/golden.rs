//! Answers that were given once: 60 principals of the demo, 20 actions each, as revision a63fc8f answered them. A different
//! answer is right only if `golden_differences.tsv` lists it, with the item of `tests/README.md` that asks for it.
//!
//! `GOLDEN_DIFFERENCES=write cargo test --test tests explain::golden` writes that file anew: known items are kept, new
//! differences get `?`, which the test refuses until an item stands there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::Value as Json;

use super::{DEMO, ask};

const GOLDEN: &str = include_str!("golden.tsv");
const DIFFERENCES: &str = include_str!("golden_differences.tsv");
const DIFFERENCES_HEADER: &str = "principal\taction\tresource\titem\tanswer\n";

/// Principal, action and resource.
type Question = [String; 3];

/// The lines of a table below its header; three columns are the question.
fn table(text: &str, columns: usize) -> Vec<(Question, Vec<String>)> {
    let lines = text.lines().skip(1).map(|line| {
        let cells: Vec<String> = line.split('\t').map(str::to_owned).collect();
        assert_eq!(cells.len(), columns, "{line}");
        ([cells[0].clone(), cells[1].clone(), cells[2].clone()], cells[3..].to_vec())
    });
    lines.collect()
}

/// What counts of an answer, on one line: exit code, decision, whether the caller's choice suffices, open conditions
/// with who decides them, and what follows from a usual resource policy. The wording of reasons may change.
fn answer(question: &Question) -> String {
    let [who, action, what] = question;
    let said = ask(&DEMO.lake(), who, action, what, &["--format", "json"]);
    let json: Json = match said.code {
        3 => return "3 refused".to_owned(),
        _ => serde_json::from_str(&said.output).unwrap_or_else(|error| panic!("{question:?}: {error}")),
    };
    let decision = json["answer"]["decision"].as_str().unwrap();
    let mut text = format!("{} {decision}", said.code);
    if let Some(choice) = json["answer"]["by_choice"].as_str().filter(|choice| *choice != decision) {
        let _ = write!(text, "; by choice {choice}");
    }
    let conditions = json["answer"]["conditions"].as_array().unwrap();
    let mut conditions: Vec<String> = conditions
        .iter()
        .map(|one| format!("{}: {}", one["decided_by"].as_str().unwrap(), one["condition"].as_str().unwrap()))
        .collect();
    conditions.sort();
    conditions.dedup();
    for condition in conditions {
        let _ = write!(text, "; {condition}");
    }
    for (name, key) in [
        ("resource policy silent", "if_the_resource_policy_says_nothing"),
        ("default key policy", "if_the_key_policy_is_the_default_one"),
    ] {
        if let Some(decision) = json[key]["decision"].as_str() {
            let _ = write!(text, "; {name} {decision}");
        }
    }
    text
}

#[test]
fn every_answer_is_as_it_was_or_its_difference_is_listed() {
    let golden = table(GOLDEN, 4);
    let principals: BTreeSet<&String> = golden.iter().map(|(question, _)| &question[0]).collect();
    assert_eq!((golden.len(), principals.len()), (1200, 60));
    let listed: BTreeMap<Question, Vec<String>> = table(DIFFERENCES, 5).into_iter().collect();
    let middle = golden.len() / 2;
    let answered = |part: &[(Question, Vec<String>)]| {
        part.iter().map(|(question, _)| answer(question)).collect::<Vec<String>>()
    };
    // Each answer is a process: both cores of a small machine.
    let answers = std::thread::scope(|scope| {
        let second = scope.spawn(|| answered(&golden[middle..]));
        let mut answers = answered(&golden[..middle]);
        answers.extend(second.join().unwrap());
        answers
    });
    let different: Vec<(&Question, &String)> = golden
        .iter()
        .zip(&answers)
        .filter(|((_, before), now)| before[0] != **now)
        .map(|((question, _), now)| (question, now))
        .collect();
    if std::env::var_os("GOLDEN_DIFFERENCES").is_some() {
        let mut text = DIFFERENCES_HEADER.to_owned();
        for (question, now) in &different {
            let item = listed.get(*question).filter(|cells| cells[1] == **now).map_or("?", |cells| &cells[0]);
            let _ = writeln!(text, "{}\t{item}\t{now}", question.join("\t"));
        }
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/explain/golden_differences.tsv");
        std::fs::write(path, text).unwrap();
    }
    let now: BTreeMap<&Question, &String> = different.into_iter().collect();
    let mut wrong = Vec::new();
    for (question, answer) in &now {
        match listed.get(*question) {
            Some(cells) if cells[1] == **answer && cells[0] != "?" => {}
            Some(cells) => wrong.push(format!("{question:?}: {answer:?}, listed as {cells:?}")),
            None => wrong.push(format!("{question:?}: {answer:?}, not listed")),
        }
    }
    for question in listed.keys().filter(|question| !now.contains_key(question)) {
        wrong.push(format!("{question:?}: listed as different, and is not"));
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}
