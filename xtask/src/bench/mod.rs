//! `cargo xtask bench`: whole scans against the simulator, beside the least that their calls can cost.
//!
//! Scanner, simulator and floors are processes of their own. In every round one follows the other against a fresh
//! simulator: the scan, then a bare HTTP client that sends the same requests (the floor of the wall), then plain SDK
//! clients that make the same calls (the floor of the CPU). Ratios are taken within a round, and the median of the
//! rounds counts, so that a machine that is slower for a minute is so for all three. Linux only: figures are read from
//! /proc.

mod against;
pub mod build;
mod column;
mod measure;
mod options;
mod recorded;
mod table;
mod targets;
mod workshop;

use std::fs;

use crate::bench::options::Options;
use crate::bench::workshop::Workshop;

/// Builds, measures every size, prints one table.
pub fn bench(arguments: &[&str]) -> Result<(), String> {
    let options = Options::parse(arguments)?;
    let workshop = Workshop::build(&options)?;
    if let Some(revision) = &options.against {
        return against::against(&workshop, revision);
    }
    let mut columns = Vec::new();
    if options.faults.is_none() || options.scale {
        for accounts in &options.accounts {
            columns.push(workshop.without_faults(*accounts)?);
        }
    }
    if let Some(faults) = &options.faults {
        columns.push(workshop.with_faults(options.accounts_with_faults(), faults)?);
    }
    print!("{}", table::render(&options, &columns));
    if options.scale {
        print!("{}", targets::render(&columns));
    }
    if let Some(path) = &options.json {
        let text = format!("{:#}\n", table::json(&options, &columns));
        fs::write(path, text).map_err(|error| format!("--json {}: {error}", path.display()))?;
    }
    Ok(())
}
