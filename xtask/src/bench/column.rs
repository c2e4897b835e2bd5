//! One column of the table: an organization of one size, recorded once and measured in rounds.

use std::fs;
use std::path::PathBuf;

use crate::bench::options::REFUSE_5_THROTTLE_1;
use crate::bench::recorded::Recorded;
use crate::bench::workshop::{Floor, Scan, Workshop};

/// 5 % of accounts refuse, and 1 % of all requests are throttled, by the simulator's seed.
const REFUSE_5_THROTTLE_1_SCRIPT: &str = "\
[[fault]]
kind = \"throttle\"
action = \"*\"
share = 0.01

[[fault]]
kind = \"denied\"
action = \"sts:AssumeRole\"
share = 0.05
";

/// One size, with or without faults.
pub struct Column {
    pub accounts: usize,
    pub with_faults: bool,
    /// What the scan asked for.
    pub recorded: Recorded,
    pub rounds: Vec<Round>,
}

/// Measured one after the other, each against a simulator of its own.
pub struct Round {
    pub scan: Scan,
    /// What to compare with.
    pub beside: Beside,
}

/// The other side of a ratio.
pub enum Beside {
    /// A bare HTTP client, and plain SDK clients.
    Floors { http: Floor, sdk: Floor },
    /// The same scan where nothing goes wrong.
    WithoutFaults(Scan),
}

impl Workshop<'_> {
    /// The scan beside its floors.
    pub fn without_faults(&self, accounts: usize) -> Result<Column, String> {
        let (recording, recorded) = self.record(accounts, None)?;
        let mut rounds = Vec::new();
        for number in 1..=self.options.runs {
            eprintln!("{accounts} accounts, round {number} of {}", self.options.runs);
            let scan = self.scan(accounts, None, Some(0))?;
            let http = self.floor("http", accounts, &recording, &recorded)?;
            let sdk = self.floor("sdk", accounts, &recording, &recorded)?;
            rounds.push(Round { scan, beside: Beside::Floors { http, sdk } });
        }
        let _ = fs::remove_file(recording);
        Ok(Column { accounts, with_faults: false, recorded, rounds })
    }

    /// The scan with faults beside the one without.
    pub fn with_faults(&self, accounts: usize, faults: &str) -> Result<Column, String> {
        let script = self.script(faults)?;
        let (recording, recorded) = self.record(accounts, Some(&script))?;
        let _ = fs::remove_file(recording);
        // Another script may lose accounts in more ways than a recording of its calls shows.
        let lost = (faults == REFUSE_5_THROTTLE_1).then_some(recorded.refused);
        let mut rounds = Vec::new();
        for number in 1..=self.options.runs {
            eprintln!("{accounts} accounts with faults, round {number} of {}", self.options.runs);
            let without = self.scan(accounts, None, Some(0))?;
            let scan = self.scan(accounts, Some(&script), lost)?;
            rounds.push(Round { scan, beside: Beside::WithoutFaults(without) });
        }
        Ok(Column { accounts, with_faults: true, recorded, rounds })
    }

    fn script(&self, faults: &str) -> Result<PathBuf, String> {
        if faults != REFUSE_5_THROTTLE_1 {
            return Ok(PathBuf::from(faults));
        }
        let path = self.folder.join("refuse5throttle1.toml");
        fs::write(&path, REFUSE_5_THROTTLE_1_SCRIPT)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(path)
    }
}
