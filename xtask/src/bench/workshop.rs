//! The processes of a round: simulator, scanner, floors. Each is started, watched and asked what it did.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value as Json;

use crate::bench::measure::{Cpu, Measured, cpu_seconds, measured, peak};
use crate::bench::options::Options;
use crate::bench::recorded::Recorded;
use crate::process::{FULL, cargo, output, run, target};
use crate::test::Simulator;

/// The same facts in every process, whenever it runs.
const NOW: &str = "2026-06-01T00:00:00Z";
/// Programs, places and options.
pub struct Workshop<'a> {
    pub options: &'a Options,
    orgsweep: PathBuf,
    floor: PathBuf,
    pub folder: PathBuf,
}

/// A scan.
pub struct Scan {
    pub taken: Measured,
    /// The simulator's, while the scan ran.
    pub simulator_cpu: f64,
    pub simulator_peak_kilobytes: u64,
    /// Calls, by the scan's own ledger.
    pub calls: u64,
}

/// The same calls without the scanner.
pub struct Floor {
    pub wall: f64,
    pub cpu: Cpu,
    pub calls: u64,
    pub bytes: u64,
}

impl<'a> Workshop<'a> {
    /// Builds the program, as it is handed out, and the floors.
    pub fn build(options: &'a Options) -> Result<Self, String> {
        run(cargo().args([
            "build",
            "--release",
            "--quiet",
            FULL,
            "--package",
            "orgsweep",
            "--bin",
            "orgsweep",
            "--package",
            "orgsweep-aws",
            "--example",
            "floor",
        ]))?;
        let target = target()?;
        let folder = target.join("bench");
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(Self {
            options,
            orgsweep: target.join("release/orgsweep"),
            floor: target.join("release/examples/floor"),
            folder,
        })
    }

    fn simulator(&self, accounts: usize, latency: u64, more: &[&str]) -> Result<Simulator, String> {
        let options = self.options;
        let numbers = [accounts as u64, latency, options.users, options.roles, options.policies];
        let numbers = numbers.map(|number| number.to_string());
        let [accounts, latency, users, roles, policies] = &numbers;
        let mut arguments = vec!["--now", NOW, "--suspended", "0", "--refusing", "0", "--broken", "0"];
        for (name, value) in [
            ("--accounts", accounts),
            ("--latency", latency),
            ("--users", users),
            ("--roles", roles),
            ("--policies", policies),
        ] {
            arguments.extend([name, value.as_str()]);
        }
        arguments.extend(more);
        Simulator::with(&self.orgsweep, &arguments)
    }

    /// Scans once, without latency and without a watch, and has every request written down.
    pub fn record(&self, accounts: usize, script: Option<&Path>) -> Result<(PathBuf, Recorded), String> {
        eprintln!("{accounts} accounts{}: recording", if script.is_some() { " with faults" } else { "" });
        let path = self.folder.join(format!("{accounts}.jsonl"));
        let shown = path.display().to_string();
        let script = script.map(|script| script.display().to_string());
        let mut more = vec!["--record", &shown];
        more.extend(script.iter().flat_map(|script| ["--faults", script]));
        let simulator = self.simulator(accounts, 0, &more)?;
        self.scanned(&self.orgsweep, &simulator)?;
        drop(simulator);
        let recorded = Recorded::read(&path)?;
        Ok((path, recorded))
    }

    /// Scans once, measured, and verifies what it found.
    pub fn scan(&self, accounts: usize, script: Option<&Path>, lost: Option<u64>) -> Result<Scan, String> {
        self.scan_by(&self.orgsweep, accounts, script, lost)
    }

    /// The same by another build of the program. The simulator is always this revision's.
    pub fn scan_by(
        &self,
        program: &Path,
        accounts: usize,
        script: Option<&Path>,
        lost: Option<u64>,
    ) -> Result<Scan, String> {
        let script = script.map(|script| script.display().to_string());
        let more: Vec<&str> = script.iter().flat_map(|script| ["--faults", script]).collect();
        let simulator = self.simulator(accounts, self.options.latency, &more)?;
        let before = cpu_seconds(simulator.id());
        let (taken, calls) = self.scanned(program, &simulator)?;
        let simulator_cpu = cpu_seconds(simulator.id()) - before;
        self.invariants(accounts, taken.code, lost)?;
        let simulator_peak_kilobytes = peak(simulator.id()).unwrap_or(0);
        Ok(Scan { taken, simulator_cpu, simulator_peak_kilobytes, calls })
    }

    /// Runs the scanner to its end.
    fn scanned(&self, program: &Path, simulator: &Simulator) -> Result<(Measured, u64), String> {
        let lake = self.lake();
        if lake.exists() {
            fs::remove_dir_all(&lake).map_err(|error| format!("{}: {error}", lake.display()))?;
        }
        let log = self.folder.join("scan.log");
        let place = |error: std::io::Error| format!("{}: {error}", log.display());
        let file = File::create(&log).map_err(place)?;
        let (requests, concurrency) =
            (self.options.requests.to_string(), self.options.concurrency.to_string());
        let taken = measured(
            Command::new(program)
                .args(["scan", "--log-format", "json", "--now", NOW, "--unlimited"])
                .args(["--requests", &requests, "--concurrency", &concurrency, "--out"])
                .arg(&lake)
                .envs(simulator.variables.iter().cloned())
                .stdin(Stdio::null())
                .stderr(file),
        )?;
        let told = fs::read_to_string(&log).map_err(place)?;
        let published = told
            .lines()
            .filter_map(|line| serde_json::from_str::<Json>(line).ok())
            .find(|event| event["event"] == "published")
            .ok_or_else(|| format!("the scan ended with {} and published nothing:\n{told}", taken.code))?;
        Ok((taken, published["api_calls"].as_u64().unwrap_or(0)))
    }

    fn lake(&self) -> PathBuf {
        self.folder.join("lake")
    }

    /// What must hold however fast it was: every account has one state and a row for every check. Where it is known
    /// which accounts must be lost, exactly those are.
    fn invariants(&self, accounts: usize, code: i32, lost: Option<u64>) -> Result<(), String> {
        let accounts = accounts as u64;
        let latest = read_json(&self.lake().join("latest.json"))?;
        let scan_id = latest["scan_id"].as_str().unwrap_or_default();
        let manifest = read_json(&self.lake().join(format!("manifests/v1/{scan_id}.json")))?;
        let count = |name: &str| manifest["coverage"][name].as_u64().unwrap_or(u64::MAX);
        let [scanned, partial, lost_now] =
            ["accounts_scanned", "accounts_partial", "accounts_not_scanned"].map(count);
        let mut figures = vec![
            ("accounts in scope", count("accounts_in_scope"), accounts),
            ("accounts with a state", scanned.saturating_add(partial).saturating_add(lost_now), accounts),
            ("coverage rows", count("coverage_rows"), accounts.saturating_mul(count("enabled_checks"))),
            ("exit code", code as u64, if scanned == accounts { 0 } else { 2 }),
        ];
        if let Some(lost) = lost {
            figures.extend([("accounts in part", partial, 0), ("accounts lost", lost_now, lost)]);
        }
        match figures.into_iter().find(|(_, found, wanted)| found != wanted) {
            None => Ok(()),
            Some((name, found, wanted)) => {
                Err(format!("{name}: the scan says {found}, and {wanted} is right"))
            }
        }
    }

    /// Replays a recording, without the scanner.
    pub fn floor(
        &self,
        kind: &str,
        accounts: usize,
        recording: &Path,
        recorded: &Recorded,
    ) -> Result<Floor, String> {
        let simulator = self.simulator(accounts, self.options.latency, &[])?;
        let text = output(
            Command::new(&self.floor)
                .args([kind, "--recording"])
                .arg(recording)
                .args(["--in-flight", &self.options.requests.to_string()])
                .envs(simulator.variables.iter().cloned()),
        )?;
        let told: Json = serde_json::from_str(&text).map_err(|error| format!("floor {kind}: {error}"))?;
        let number = |name: &str| told[name].as_f64().unwrap_or(f64::NAN);
        let count = |name: &str| told[name].as_u64().unwrap_or(u64::MAX);
        if count("differing") != 0 || count("calls") != recorded.requests {
            return Err(format!("floor {kind} did not do what the scan did: {text}"));
        }
        Ok(Floor {
            wall: number("wall_seconds"),
            cpu: Cpu { user: number("user_seconds"), system: number("system_seconds") },
            calls: count("calls"),
            bytes: count("bytes"),
        })
    }
}

fn read_json(path: &Path) -> Result<Json, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}
