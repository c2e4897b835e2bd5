//! The table, as text and as JSON.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use crate::bench::column::{Beside, Column, Round};
use crate::bench::measure::Cpu;
use crate::bench::options::Options;

/// Above this share of a core the simulator may be what is measured.
const BUSY_SIMULATOR: f64 = 0.8;
/// Above this share of the whole machine the wall is CPU time, not waiting.
const BUSY_MACHINE: f64 = 0.9;

/// Median, least and most of the rounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    pub median: f64,
    pub least: f64,
    pub most: f64,
}

impl Spread {
    /// Of some values; `None` without any.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = values.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        let median = match sorted.len() {
            0 => return None,
            count if count % 2 == 1 => sorted[middle],
            _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
        };
        Some(Self { median, least: sorted[0], most: sorted[sorted.len() - 1] })
    }
}

impl Column {
    /// Over the rounds.
    pub fn over(&self, figure: impl Fn(&Round) -> f64) -> Spread {
        let nothing = Spread { median: f64::NAN, least: f64::NAN, most: f64::NAN };
        Spread::of(self.rounds.iter().map(figure)).unwrap_or(nothing)
    }

    /// Over the rounds, where there is such a figure.
    pub fn maybe(&self, figure: impl Fn(&Round) -> Option<f64>) -> Option<Spread> {
        Spread::of(self.rounds.iter().filter_map(figure))
    }

    /// Of the SDK alone, where it was run.
    fn sdk(&self, part: impl Fn(Cpu) -> f64) -> Option<Spread> {
        self.maybe(|round| round.sdk_cpu().map(&part))
    }

    /// Of the scan, against the bare client or against the scan without faults.
    pub fn wall_ratio(&self) -> Spread {
        self.over(|round| round.scan.taken.wall / round.wall_beside())
    }

    /// Of the scanner, against the SDK alone.
    pub fn cpu_ratio(&self) -> Option<Spread> {
        self.maybe(|round| Some(round.scan.taken.cpu.total() / round.sdk_cpu()?.total()))
    }

    /// Megabytes.
    pub fn peak(&self) -> Spread {
        self.over(|round| round.scan.taken.peak_kilobytes as f64 / 1024.0)
    }

    /// Polls, shared reads and repeats apart.
    pub fn calls_an_account(&self) -> f64 {
        self.recorded.calls as f64 / self.recorded.accounts as f64
    }
}

impl Round {
    fn wall_beside(&self) -> f64 {
        match &self.beside {
            Beside::Floors { http, .. } => http.wall,
            Beside::WithoutFaults(scan) => scan.taken.wall,
        }
    }

    fn sdk_cpu(&self) -> Option<Cpu> {
        match &self.beside {
            Beside::Floors { sdk, .. } => Some(sdk.cpu),
            Beside::WithoutFaults(_) => None,
        }
    }

    fn simulator_share(&self) -> f64 {
        self.scan.simulator_cpu / self.scan.taken.wall
    }

    fn machine_share(&self) -> f64 {
        (self.scan.simulator_cpu + self.scan.taken.cpu.total()) / (self.scan.taken.wall * cores())
    }
}

fn cores() -> f64 {
    std::thread::available_parallelism().map_or(1.0, |count| count.get() as f64)
}

/// One line a figure, one column a size.
pub fn render(options: &Options, columns: &[Column]) -> String {
    let mut text = format!(
        "\nAccounts of {} users, {} roles, {} customer policies; {} ms latency; {} requests and {} accounts in flight; \
         limiter open;\n{} cores; medians of {} interleaved rounds, least to most in brackets.\n\n",
        options.users,
        options.roles,
        options.policies,
        options.latency,
        options.requests,
        options.concurrency,
        cores(),
        options.runs,
    );
    for (name, cell) in ROWS {
        let cells: Vec<String> = columns.iter().map(cell).collect();
        if cells.iter().all(|cell| *cell == nothing()) {
            continue;
        }
        let _ = write!(text, "{name:<38}");
        for cell in cells {
            let _ = write!(text, "{cell:>20}");
        }
        text.push('\n');
    }
    for column in columns {
        let name = name(column);
        let simulator = column.over(Round::simulator_share).median;
        if simulator > BUSY_SIMULATOR {
            let _ = writeln!(
                text,
                "! {name}: the simulator used {simulator:.2} of a core: the wall may be its own."
            );
        }
        let machine = column.over(Round::machine_share).median;
        if machine > BUSY_MACHINE {
            let percent = machine * 100.0;
            let _ = writeln!(
                text,
                "! {name}: scanner and simulator together used {percent:.0} % of the machine."
            );
        }
    }
    text
}

type Cell = fn(&Column) -> String;

const ROWS: [(&str, Cell); 19] = [
    ("accounts", name),
    ("wall", |column| seconds(column.over(|round| round.scan.taken.wall))),
    ("  bare HTTP, same requests", |column| {
        if column.with_faults { nothing() } else { seconds(column.over(Round::wall_beside)) }
    }),
    ("  the scan without faults", |column| {
        if column.with_faults { seconds(column.over(Round::wall_beside)) } else { nothing() }
    }),
    ("  wall / that", |column| ratio(column.wall_ratio())),
    ("scanner CPU, user and system", |column| seconds(column.over(|round| round.scan.taken.cpu.total()))),
    ("  an account", |column| an_account(column, column.over(|round| round.scan.taken.cpu.total()))),
    ("    of that in the kernel", |column| {
        an_account(column, column.over(|round| round.scan.taken.cpu.system))
    }),
    ("  SDK alone, same calls", |column| column.sdk(Cpu::total).map_or_else(nothing, seconds)),
    ("  SDK alone, an account", |column| {
        column.sdk(Cpu::total).map_or_else(nothing, |cpu| an_account(column, cpu))
    }),
    ("    of that in the kernel", |column| {
        column.sdk(|cpu| cpu.system).map_or_else(nothing, |cpu| an_account(column, cpu))
    }),
    ("  CPU / that", |column| column.cpu_ratio().map_or_else(nothing, ratio)),
    ("peak memory (RSS)", |column| format!("{:.0} MB", column.peak().median)),
    ("calls an account, polls apart", |column| {
        format!("{:.1} (most {})", column.calls_an_account(), column.recorded.most_calls)
    }),
    ("  polls an account", |column| {
        format!("{:.1}", column.recorded.polls as f64 / column.recorded.accounts as f64)
    }),
    ("  calls once a scan", |column| column.recorded.once.to_string()),
    ("  bytes received an account", |column| {
        format!("{:.1} kB", column.recorded.bytes as f64 / column.recorded.accounts as f64 / 1000.0)
    }),
    ("refused accounts, throttled requests", |column| {
        format!("{}, {}", column.recorded.refused, column.recorded.throttled)
    }),
    ("simulator CPU", |column| {
        let share = column.over(Round::simulator_share).median;
        format!("{:.2} s, {share:.2} core", column.over(|round| round.scan.simulator_cpu).median)
    }),
];

/// `1,000`, `1,000 with faults`.
pub fn name(column: &Column) -> String {
    let digits = column.accounts.to_string();
    let mut name = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            name.push(',');
        }
        name.push(digit);
    }
    if column.with_faults {
        name.push_str(" with faults");
    }
    name
}

fn nothing() -> String {
    "-".to_owned()
}

fn seconds(spread: Spread) -> String {
    format!("{:.2} s", spread.median)
}

/// `1.21 (1.19-1.24)`.
pub fn ratio(spread: Spread) -> String {
    format!("{:.2} ({:.2}-{:.2})", spread.median, spread.least, spread.most)
}

fn an_account(column: &Column, cpu: Spread) -> String {
    format!("{:.2} ms", cpu.median * 1000.0 / column.accounts as f64)
}

/// All figures of all rounds.
pub fn json(options: &Options, columns: &[Column]) -> Json {
    let columns: Vec<Json> = columns
        .iter()
        .map(|column| {
            json!({
                "accounts": column.accounts,
                "with_faults": column.with_faults,
                "wall_ratio": column.wall_ratio().median,
                "cpu_ratio": column.cpu_ratio().map(|ratio| ratio.median),
                "peak_rss_mb": column.peak().median,
                "calls_an_account": column.calls_an_account(),
                "most_calls_of_an_account": column.recorded.most_calls,
                "polls": column.recorded.polls,
                "calls_once_a_scan": column.recorded.once,
                "requests": column.recorded.requests,
                "throttled": column.recorded.throttled,
                "refused_accounts": column.recorded.refused,
                "bytes_an_account": column.recorded.bytes as f64 / column.recorded.accounts as f64,
                "rounds": column.rounds.iter().map(round_json).collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({
        "users": options.users,
        "roles": options.roles,
        "policies": options.policies,
        "latency_ms": options.latency,
        "requests_in_flight": options.requests,
        "accounts_in_flight": options.concurrency,
        "cores": cores(),
        "columns": columns,
    })
}

fn round_json(round: &Round) -> Json {
    let scan = |scan: &crate::bench::workshop::Scan| {
        json!({
            "wall_seconds": scan.taken.wall,
            "cpu_seconds": scan.taken.cpu.total(),
            "system_seconds": scan.taken.cpu.system,
            "peak_rss_kb": scan.taken.peak_kilobytes,
            "exit_code": scan.taken.code,
            "calls": scan.calls,
            "simulator_cpu_seconds": scan.simulator_cpu,
            "simulator_peak_rss_kb": scan.simulator_peak_kilobytes,
        })
    };
    let floor = |floor: &crate::bench::workshop::Floor| {
        json!({
            "wall_seconds": floor.wall,
            "cpu_seconds": floor.cpu.total(),
            "system_seconds": floor.cpu.system,
            "calls": floor.calls,
            "bytes": floor.bytes,
        })
    };
    match &round.beside {
        Beside::Floors { http, sdk } => {
            json!({"scan": scan(&round.scan), "bare_http": floor(http), "sdk_alone": floor(sdk)})
        }
        Beside::WithoutFaults(without) => {
            json!({"scan": scan(&round.scan), "without_faults": scan(without)})
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(Spread::of([]), None);
        assert_eq!(Spread::of([3.0, 1.0, 2.0]), Some(Spread { median: 2.0, least: 1.0, most: 3.0 }));
        assert_eq!(Spread::of([4.0, 1.0]).map(|spread| spread.median), Some(2.5));
    }
}
