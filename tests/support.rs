//! A made-up organization, the program under test, and its tables.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use orgsweep_cli::Distribution;
use orgsweep_lake::{Lake, ScanSelector};
use orgsweep_model::{Pack, Row};
use orgsweep_simulator::{Options, Running};

/// The moment of every test's scan; the simulator's dates follow it.
pub const NOW: &str = "2026-06-01T00:00:00Z";

/// Holds the command line of a distribution of the tests' own.
const COMMAND_LINE: &str = "TEST_DISTRIBUTION_COMMAND_LINE";

/// A running simulator and a folder for one lake.
pub struct World {
    /// The organization.
    pub running: Running,
    folder: tempfile::TempDir,
    // Serves as long as the world is there.
    _runtime: tokio::runtime::Runtime,
}

/// What the program said.
pub struct Said {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub output: String,
    /// Standard error.
    pub errors: String,
}

/// Options with a fixed moment.
pub fn options(accounts: usize) -> Options {
    Options { accounts, now: NOW.parse().unwrap(), ..Options::default() }
}

impl World {
    /// Starts one.
    pub fn start(options: Options) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let running = runtime.block_on(orgsweep_simulator::start(options, 0)).unwrap();
        Self { running, folder: tempfile::tempdir().unwrap(), _runtime: runtime }
    }

    /// The lake of this world.
    pub fn lake(&self) -> PathBuf {
        self.folder.path().join("lake")
    }

    /// Another place in the same folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A scan of this world, not started yet.
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.command_into(&self.lake(), arguments)
    }

    /// A scan of this world into a lake, not started yet.
    pub fn command_into(&self, lake: &Path, arguments: &[&str]) -> Command {
        let mut command = self.other(&["scan", "--now", NOW, "--unlimited", "--out"]);
        command.arg(lake).args(arguments);
        command
    }

    /// Another command against this world, not started yet.
    pub fn other(&self, arguments: &[&str]) -> Command {
        let mut command = self.program();
        command.args(arguments);
        command
    }

    /// The program as this world's hub user.
    pub fn program(&self) -> Command {
        self.with_keys(program())
    }

    /// Another program, with nothing in its environment but the keys of this world's hub user.
    pub fn program_of(&self, name: &str) -> Command {
        let mut command = Command::new(name);
        command
            .env_clear()
            .env("HOME", "/nonexistent")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        self.with_keys(command)
    }

    fn with_keys(&self, mut command: Command) -> Command {
        command
            .env("AWS_ENDPOINT_URL", self.running.endpoint())
            .env("AWS_ACCESS_KEY_ID", self.running.access_key_id())
            .env("AWS_SECRET_ACCESS_KEY", self.running.secret_access_key())
            .env("AWS_REGION", "us-east-1");
        command
    }

    /// A command of a distribution of the tests' own against this world, not started yet. `entry` is a test that hands its
    /// packs to [`as_distribution`].
    pub fn distribution(&self, entry: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args([entry, "--exact", "--nocapture"])
            .env_clear()
            .env("HOME", "/nonexistent")
            .env("AWS_ENDPOINT_URL", self.running.endpoint())
            .env("AWS_ACCESS_KEY_ID", self.running.access_key_id())
            .env("AWS_SECRET_ACCESS_KEY", self.running.secret_access_key())
            .env(
                COMMAND_LINE,
                ["distribution"].iter().chain(arguments).copied().collect::<Vec<_>>().join("\n"),
            )
            .stdin(Stdio::null());
        command
    }

    /// Scans this world.
    pub fn scan(&self, arguments: &[&str]) -> Said {
        run(&mut self.command(arguments))
    }

    /// A table of the last published scan.
    pub fn rows<R: Row>(&self) -> Vec<R> {
        Lake::open(&self.lake()).unwrap().scan(&ScanSelector::Latest).unwrap().rows().unwrap()
    }

    /// How often an account was asked for each action, as the other side counted.
    pub fn calls_of(&self, account: &str) -> BTreeMap<String, u64> {
        let calls = self.running.calls();
        calls
            .into_iter()
            .filter(|((id, _), _)| id == account)
            .map(|((_, action), count)| (action, count))
            .collect()
    }
}

/// Is a program with these packs, or this distribution, as `plugins/example/src/main.rs` is one, where [`World::distribution`] started it; else
/// nothing. The test binary is the one program that links in what only tests need.
pub fn as_distribution<D: Into<Distribution>>(distribution: impl FnOnce() -> D) {
    if let Ok(command_line) = std::env::var(COMMAND_LINE) {
        let arguments = command_line.split('\n').map(Into::into);
        std::process::exit(i32::from(orgsweep_cli::main_with(distribution(), arguments)));
    }
}

/// A pack of the standard distribution, by its name.
pub fn standard_pack(name: &str) -> Pack {
    orgsweep_standard::packs().into_iter().find(|pack| pack.name == name).unwrap()
}

/// Every character by which a text could steer a terminal or reorder a line.
pub fn unsafe_characters(text: &str) -> String {
    let is_unsafe = |character: &char| {
        (character.is_control() && *character != '\n')
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().filter(is_unsafe).collect()
}

/// The program in a scrubbed environment: nothing of the tester's AWS configuration reaches it.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_orgsweep"));
    command
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Said {
    let output = command.output().unwrap();
    Said {
        code: output.status.code().unwrap_or(-1),
        output: String::from_utf8(output.stdout).unwrap(),
        errors: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs the program with arguments.
pub fn orgsweep(arguments: &[&str]) -> Said {
    run(program().args(arguments))
}

/// Whether nothing in a lake could be taken for a result. What is kept for going on may be there.
pub fn is_empty_lake(root: &Path) -> bool {
    !root.join("v1").exists() && !root.join("latest.json").exists() && !root.join("manifests").exists()
}

/// Waits until the scan has finished some accounts.
pub fn until_finished(child: &mut Child, accounts: usize) {
    until_told(child, "\"event\":\"account\"", accounts);
}

/// Waits until a process has said something so often, from now on.
pub fn until_told(child: &mut Child, what: &str, times: usize) {
    let errors = child.stderr.as_mut().unwrap();
    let mut seen = Vec::new();
    let mut piece = [0; 256];
    while String::from_utf8_lossy(&seen).matches(what).count() < times {
        let count = errors.read(&mut piece).unwrap();
        assert!(count > 0, "the scan ended first: {}", String::from_utf8_lossy(&seen));
        seen.extend_from_slice(&piece[..count]);
    }
}

/// Sends a signal, such as `KILL`.
pub fn signal(child: &Child, name: &str) {
    let sent = Command::new("bash").args(["-c", &format!("kill -{name} {}", child.id())]).status().unwrap();
    assert!(sent.success());
}
