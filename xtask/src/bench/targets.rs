//! The targets that a release is measured against, and whether they are met.

use std::fmt::Write as _;

use crate::bench::column::Column;
use crate::bench::table::{name, ratio};

/// Of the wall, against a bare HTTP client.
const WALL: f64 = 1.25;
/// Of the CPU time, against the SDK alone.
const CPU: f64 = 2.0;
/// Of the memory at 10,000 accounts, against that at 1,000.
const MEMORY: f64 = 1.2;
/// At 10,000 accounts, megabytes.
const MEGABYTES: f64 = 300.0;
/// In any account, polls apart.
const CALLS: u64 = 13;
/// Of the wall with faults, against the run without.
const WITH_FAULTS: f64 = 1.5;

/// One line a target.
pub fn render(columns: &[Column]) -> String {
    let mut text = "\nTargets\n".to_owned();
    for (target, outcome) in judged(columns) {
        let (word, measured) = match outcome {
            None => ("NOT MEASURED", String::new()),
            Some((true, measured)) => ("met", measured),
            Some((false, measured)) => ("MISSED", measured),
        };
        let _ = writeln!(text, "  {word:<12}  {target:<62}  {measured}");
    }
    text
}

/// Met, and what was measured; `None`: there is no such run.
type Outcome = Option<(bool, String)>;

fn judged(columns: &[Column]) -> Vec<(String, Outcome)> {
    let fault_free =
        |accounts: usize| columns.iter().find(|column| column.accounts == accounts && !column.with_faults);
    let (thousand, ten_thousand) = (fault_free(1000), fault_free(10_000));
    let peaks = thousand.zip(ten_thousand).map(|(small, large)| (small.peak().median, large.peak().median));
    let sizes: Vec<&Column> = columns.iter().filter(|column| !column.with_faults).collect();
    let faulty = columns.iter().find(|column| column.with_faults);
    vec![
        (
            format!("wall at 1,000 accounts <= {WALL} x bare HTTP"),
            thousand.map(|column| (column.wall_ratio().median <= WALL, ratio(column.wall_ratio()))),
        ),
        (
            format!("scanner CPU at 1,000 accounts <= {CPU} x the SDK alone"),
            thousand.and_then(Column::cpu_ratio).map(|spread| (spread.median <= CPU, ratio(spread))),
        ),
        (
            format!("peak memory at 10,000 accounts <= {MEMORY} x that at 1,000"),
            peaks.map(|(small, large)| {
                (large / small <= MEMORY, format!("{:.2} ({large:.0} MB to {small:.0} MB)", large / small))
            }),
        ),
        (
            format!("peak memory at 10,000 accounts < {MEGABYTES} MB"),
            peaks.map(|(_, large)| (large < MEGABYTES, format!("{large:.0} MB"))),
        ),
        (format!("calls an account <= {CALLS}, polls apart, the same at every size"), calls(&sizes)),
        (
            format!("wall, 5 % refusing and 1 % throttled <= {WITH_FAULTS} x without; invariants"),
            // A run whose invariants do not hold has ended the bench.
            faulty.map(|column| (column.wall_ratio().median <= WITH_FAULTS, ratio(column.wall_ratio()))),
        ),
    ]
}

/// The same to a tenth: the management account is entered without AssumeRole, which weighs less among more.
fn calls(sizes: &[&Column]) -> Outcome {
    let means: Vec<String> = sizes.iter().map(|column| format!("{:.1}", column.calls_an_account())).collect();
    let most = sizes.iter().map(|column| column.recorded.most_calls).max()?;
    let shown: Vec<String> =
        sizes.iter().zip(&means).map(|(column, mean)| format!("{mean} at {}", name(column))).collect();
    let same = means.windows(2).all(|pair| pair[0] == pair[1]);
    Some((most <= CALLS && same, format!("{}; most {most}", shown.join(", "))))
}
