//! Two revisions of the program, in turns: `bench --against REV`. The other revision is built in a scratch worktree with a
//! target folder of its own. Both scan the same organizations, served by this tree's simulator, and each round swaps who
//! goes first. A ratio is taken within a round, and the median of the rounds counts.

use std::fs;

use serde_json::{Value as Json, json};

use crate::bench::table::Spread;
use crate::bench::workshop::{Scan, Workshop};
use crate::revision;

/// What is compared: its name, its unit with the factor to it, and the figure.
type Figure = (&'static str, &'static str, fn(&Scan) -> f64);

const FIGURES: [Figure; 5] = [
    ("wall", "s", |scan| scan.taken.wall),
    ("scanner CPU", "s", |scan| scan.taken.cpu.total()),
    ("  of that in the kernel", "s", |scan| scan.taken.cpu.system),
    ("peak memory (RSS)", "MB", |scan| scan.taken.peak_kilobytes as f64 / 1024.0),
    ("calls", "", |scan| scan.calls as f64),
];

/// This tree's scan and the other revision's, of one round.
struct Round {
    ours: Scan,
    theirs: Scan,
}

/// Builds the other revision, measures every size, prints a table a size.
pub fn against(workshop: &Workshop, revision: &str) -> Result<(), String> {
    let options = workshop.options;
    let commit = revision::commit(revision)?;
    let program = revision::built(&workshop.folder.join("against"), &commit, true)?;
    let mut columns = Vec::new();
    for accounts in &options.accounts {
        let mut rounds = Vec::new();
        for number in 1..=options.runs {
            eprintln!("{accounts} accounts, round {number} of {}", options.runs);
            let ours = || workshop.scan(*accounts, None, Some(0));
            let theirs = || workshop.scan_by(&program, *accounts, None, Some(0));
            rounds.push(if number % 2 == 1 {
                let ours = ours()?;
                Round { ours, theirs: theirs()? }
            } else {
                let theirs = theirs()?;
                Round { ours: ours()?, theirs }
            });
        }
        print!("{}", render(*accounts, &commit, &rounds));
        columns.push(json(*accounts, &rounds));
    }
    if let Some(path) = &options.json {
        let text = format!("{:#}\n", json!({"against": commit, "columns": columns}));
        fs::write(path, text).map_err(|error| format!("--json {}: {error}", path.display()))?;
    }
    Ok(())
}

fn spread(rounds: &[Round], figure: impl Fn(&Round) -> f64) -> Spread {
    let nothing = Spread { median: f64::NAN, least: f64::NAN, most: f64::NAN };
    Spread::of(rounds.iter().map(figure)).unwrap_or(nothing)
}

fn render(accounts: usize, commit: &str, rounds: &[Round]) -> String {
    let shown = &commit[..commit.len().min(8)];
    let mut text = format!(
        "\n{accounts} accounts, medians of {} rounds in turns, least to most in brackets\n{:<26}{:>14}{:>14}  this / {shown}\n",
        rounds.len(),
        "",
        "this tree",
        shown,
    );
    for (name, unit, figure) in FIGURES {
        let [ours, theirs] = [
            spread(rounds, |round| figure(&round.ours)).median,
            spread(rounds, |round| figure(&round.theirs)).median,
        ];
        let ratio = spread(rounds, |round| figure(&round.ours) / figure(&round.theirs));
        let cell = |value: f64| format!("{value:.2} {unit}").trim_end().to_owned();
        text.push_str(&format!(
            "{name:<26}{:>14}{:>14}  {:.2} ({:.2}-{:.2})\n",
            cell(ours),
            cell(theirs),
            ratio.median,
            ratio.least,
            ratio.most,
        ));
    }
    text
}

fn json(accounts: usize, rounds: &[Round]) -> Json {
    let figures = |scan: &Scan| {
        let named = FIGURES.iter().map(|(name, unit, figure)| {
            (format!("{} {unit}", name.trim()).trim().to_owned(), json!(figure(scan)))
        });
        Json::Object(named.collect())
    };
    let rounds: Vec<Json> = rounds
        .iter()
        .map(|round| json!({"this": figures(&round.ours), "other": figures(&round.theirs)}))
        .collect();
    json!({"accounts": accounts, "rounds": rounds})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::measure::{Cpu, Measured};

    fn scan(wall: f64, user: f64) -> Scan {
        let cpu = Cpu { user, system: 0.5 };
        let taken = Measured { wall, cpu, peak_kilobytes: 102_400, code: 0 };
        Scan { taken, simulator_cpu: 0.0, simulator_peak_kilobytes: 0, calls: 900 }
    }

    #[test]
    fn ratios_are_taken_within_a_round() {
        // The machine was twice as slow in the second round, for both.
        let rounds = [
            Round { ours: scan(2.0, 1.5), theirs: scan(1.0, 0.5) },
            Round { ours: scan(4.0, 3.5), theirs: scan(2.0, 1.5) },
        ];
        let text = render(300, "0123456789abcdef", &rounds);
        assert!(text.contains("this / 01234567\n"), "{text}");
        assert!(
            text.contains("wall                              3.00 s        1.50 s  2.00 (2.00-2.00)\n"),
            "{text}"
        );
        assert!(
            text.contains("peak memory (RSS)              100.00 MB     100.00 MB  1.00 (1.00-1.00)\n"),
            "{text}"
        );
        assert_eq!(json(300, &rounds)["rounds"][1]["other"]["scanner CPU s"], 2.0);
    }
}
