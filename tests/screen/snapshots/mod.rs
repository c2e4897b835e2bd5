//! Every screen and every help as text, in `tests/snapshots`, so that wording is reviewed as wording. What differs from run
//! to run (folders, ports, ids of scans, durations, today's date) is replaced by a word. `tests/README.md` says how a change
//! is accepted.

mod accounts;
mod answers;
mod errors;
mod help;
mod listings;
mod objects;
mod policies;
mod scans;
mod shards;
mod stable;
mod stopped;

use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::sync::LazyLock;

use crate::support::{NOW, Said, program, run};
use stable::Stable;

/// Compares a text with the one that is kept under this name.
pub fn compare(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// A terminal's record: commands, what they printed, and their exit codes.
pub struct Record {
    text: String,
    stable: Stable,
}

impl Record {
    /// An empty one. `replaced` are texts of this run, each with the word for it.
    pub fn new(replaced: &[(&str, &str)]) -> Self {
        Self { text: String::new(), stable: Stable::new(replaced) }
    }

    /// Runs a command and writes down what it printed.
    pub fn run(&mut self, command: &mut Command) -> Said {
        let said = run(command.arg0("orgsweep"));
        self.add(command, &said);
        said
    }

    /// Writes down a command that has run.
    pub fn add(&mut self, command: &Command, said: &Said) {
        let words = command.get_args().map(|word| quoted(&word.to_string_lossy())).collect::<Vec<_>>();
        self.add_text(&format!("$ orgsweep {}\n", words.join(" ")));
        self.add_text(&stable::errors(&said.errors));
        self.add_text(&said.output);
        self.add_text(&format!("[exit {}]\n\n", said.code));
    }

    /// Writes down something else.
    pub fn add_text(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Compares the record with the one that is kept under this name.
    pub fn compare(self, name: &str) {
        compare(name, &self.stable.of(&self.text));
    }
}

/// A word as a shell would need it.
fn quoted(word: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "-_./:=,@+{}".contains(character);
    if !word.is_empty() && word.chars().all(is_plain) { word.to_owned() } else { format!("'{word}'") }
}

/// The demo of sixty accounts, scanned once for all records that read its lake.
struct Demo {
    folder: tempfile::TempDir,
    said: Said,
}

static DEMO: LazyLock<Demo> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let said = run(demo(&folder).arg0("orgsweep"));
    Demo { folder, said }
});

fn demo(folder: &tempfile::TempDir) -> &mut Command {
    let command = Box::leak(Box::new(program()));
    command.args(["demo", "--now", NOW, "--out"]).arg(folder.path().join("lake"))
}

impl Demo {
    fn lake(&self) -> String {
        self.folder.path().join("lake").display().to_string()
    }

    fn record(&self) -> Record {
        Record::new(&[(&self.folder.path().display().to_string(), "FOLDER")])
    }
}
