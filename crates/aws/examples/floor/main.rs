//! The least that a scan's calls can cost: what a bare HTTP client takes for them (wall), and what the SDK alone takes
//! (CPU). Nothing of orgsweep is in here. `cargo xtask bench` runs it beside the scan.
//!
//! `floor http|sdk --recording FILE --in-flight N` reads what `orgsweep simulate --record FILE` wrote, and sends it to
//! the simulator at `AWS_ENDPOINT_URL`. Every account's calls go one after the other, as they depend on each other;
//! polls follow without a wait; N accounts are at it at a time, and so N requests are in flight to the end. What it
//! prints is one line of JSON.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program of the bench")]

mod bare;
mod recording;
mod sdk;

use std::future::Future;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use tokio::task::JoinSet;

use crate::recording::Queue;

/// The scanner's own: what is compared is the work, and not the allocator.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// What was sent and what came back.
#[derive(Clone, Copy, Default)]
pub struct Tally {
    /// Requests answered.
    pub calls: u64,
    /// Bytes of the answers' bodies.
    pub bytes: u64,
    /// Answers whose status or size is not the recorded one: then it was not the same work.
    pub differing: u64,
}

fn main() -> ExitCode {
    match measured() {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn measured() -> Result<String, String> {
    const USAGE: &str = "usage: floor http|sdk --recording FILE --in-flight N";
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let [kind @ ("http" | "sdk"), "--recording", file, "--in-flight", in_flight] = arguments[..] else {
        return Err(USAGE.to_owned());
    };
    let in_flight: usize = in_flight.parse().map_err(|_| USAGE.to_owned())?;
    let endpoint = std::env::var("AWS_ENDPOINT_URL").map_err(|error| format!("AWS_ENDPOINT_URL: {error}"))?;
    let queue = Arc::new(Queue::read(file.as_ref())?);
    // As the scanner's: a thread a core.
    let runtime = tokio::runtime::Runtime::new().map_err(|error| error.to_string())?;
    // Reading the recording is no part of the floor.
    let (before, watch) = (cpu_seconds()?, Instant::now());
    let tally = runtime.block_on(async {
        match kind {
            "http" => {
                let address = endpoint.trim_start_matches("http://").to_owned();
                at_once(in_flight, || bare::work(Arc::clone(&queue), address.clone())).await
            }
            _ => {
                let callers = Arc::new(sdk::Callers::load().await);
                let tally =
                    at_once(in_flight, || sdk::work(Arc::clone(&queue), Arc::clone(&callers))).await?;
                Ok(Tally { bytes: callers.received(), ..tally })
            }
        }
    })?;
    let (wall, after) = (watch.elapsed().as_secs_f64(), cpu_seconds()?);
    Ok(serde_json::json!({
        "wall_seconds": wall,
        "user_seconds": after.0 - before.0,
        "system_seconds": after.1 - before.1,
        "calls": tally.calls,
        "bytes": tally.bytes,
        "differing": tally.differing,
    })
    .to_string())
}

/// Runs so many workers to their end and adds up.
async fn at_once<F>(workers: usize, work: impl Fn() -> F) -> Result<Tally, String>
where
    F: Future<Output = Result<Tally, String>> + Send + 'static,
{
    let mut running = JoinSet::new();
    for _ in 0..workers {
        running.spawn(work());
    }
    let mut total = Tally::default();
    while let Some(ended) = running.join_next().await {
        let tally = ended.map_err(|error| error.to_string())??;
        total.calls += tally.calls;
        total.bytes += tally.bytes;
        total.differing += tally.differing;
    }
    Ok(total)
}

/// User and system time of this process so far: fields 14 and 15 of /proc/self/stat, in ticks of 10 ms.
fn cpu_seconds() -> Result<(f64, f64), String> {
    let text =
        std::fs::read_to_string("/proc/self/stat").map_err(|error| format!("/proc/self/stat: {error}"))?;
    let fields = text.rsplit_once(") ").map(|(_, fields)| fields).unwrap_or_default();
    let mut ticks = fields.split(' ').skip(11).filter_map(|field| field.parse::<u32>().ok());
    let mut next = || ticks.next().map(|ticks| f64::from(ticks) / 100.0).ok_or("/proc/self/stat: no times");
    Ok((next()?, next()?))
}
