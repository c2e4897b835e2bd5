//! `cargo xtask bench`: a whole sweep, the simulator in a process of its own.
//!
//! CPU time and peak memory of the scanner are read from /proc while it runs: the last values seen before its end,
//! at most 10 ms old. Linux only.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::process::{cargo, run, target};
use crate::test::Simulator;

/// Runs; the median counts.
const RUNS: usize = 3;

/// Builds, serves, scans three times, prints one table.
pub fn bench(arguments: &[&str]) -> Result<(), String> {
    let accounts = option(arguments, "--accounts")?.unwrap_or("200");
    let latency = option(arguments, "--latency")?.unwrap_or("0");
    run(cargo().args(["build", "--release", "--quiet", "--bin", "orgsweep"]))?;
    let target = target()?;
    let binary = target.join("release/orgsweep");
    let folder = target.join("bench");
    let mut samples = Vec::new();
    for _ in 0..RUNS {
        // A fresh one each time: it remembers which credential reports it has made.
        let simulator = Simulator::with(&binary, &["--accounts", accounts, "--latency", latency])?;
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        }
        samples.push(sample(&binary, &folder, &simulator)?);
    }
    samples.sort_by(|left, right| left.wall.total_cmp(&right.wall));
    let median = &samples[RUNS / 2];
    let count: f64 = accounts.parse().map_err(|_| "--accounts: expected a number".to_owned())?;
    println!("accounts                 {accounts}");
    println!("latency of an answer     {latency} ms");
    println!("wall                     {:.2} s (median of {RUNS})", median.wall);
    println!("accounts per second      {:.0}", count / median.wall);
    println!(
        "scanner CPU              {:.2} s, {:.1} ms an account",
        median.cpu,
        median.cpu * 1000.0 / count
    );
    println!("simulator CPU            {:.2} s", median.simulator_cpu);
    println!("calls                    {}, {:.1} an account", median.calls, median.calls as f64 / count);
    println!("peak memory (RSS)        {:.0} MB", median.peak_kilobytes as f64 / 1024.0);
    println!("exit code                {}", median.code);
    Ok(())
}

struct Sample {
    wall: f64,
    cpu: f64,
    simulator_cpu: f64,
    peak_kilobytes: u64,
    calls: u64,
    code: i32,
}

fn sample(binary: &Path, folder: &Path, simulator: &Simulator) -> Result<Sample, String> {
    let watch = Instant::now();
    let mut child = Command::new(binary)
        .args(["scan", "--log-format", "json", "--concurrency", "32", "--out"])
        .arg(folder)
        .envs(simulator.variables.iter().cloned())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("orgsweep scan: {error}"))?;
    // The pipe would fill up otherwise.
    let errors = child.stderr.take().ok_or("no standard error")?;
    let reader = std::thread::spawn(move || std::io::read_to_string(errors).unwrap_or_default());
    let (mut cpu, mut peak_kilobytes) = (0.0, 0);
    let status = loop {
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            break status;
        }
        cpu = cpu_seconds(child.id()).unwrap_or(cpu);
        peak_kilobytes = peak(child.id()).unwrap_or(peak_kilobytes);
        std::thread::sleep(Duration::from_millis(10));
    };
    let wall = watch.elapsed().as_secs_f64();
    let told = reader.join().map_err(|_| "reading the scan's progress failed".to_owned())?;
    let published = told
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .find(|event| event["event"] == "published")
        .ok_or_else(|| format!("the scan published nothing:\n{told}"))?;
    Ok(Sample {
        wall,
        cpu,
        simulator_cpu: cpu_seconds(simulator.id()).unwrap_or(0.0),
        peak_kilobytes,
        calls: published["api_calls"].as_u64().unwrap_or(0),
        code: status.code().unwrap_or(-1),
    })
}

/// User and system time so far. Fields 14 and 15 of /proc/PID/stat, in ticks of 10 ms.
fn cpu_seconds(id: u32) -> Option<f64> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let after = text.rsplit_once(") ")?.1;
    let mut fields = after.split(' ').skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / 100.0)
}

/// The high-water mark of resident memory, kilobytes.
fn peak(id: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

fn option<'a>(arguments: &[&'a str], name: &str) -> Result<Option<&'a str>, String> {
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if *argument == name {
            return rest.next().map(|value| Some(*value)).ok_or_else(|| format!("{name}: expected a value"));
        }
        if !["--accounts", "--latency"].contains(argument) {
            return Err(format!("unknown option {argument}"));
        }
        rest.next();
    }
    Ok(None)
}
