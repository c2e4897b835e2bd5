//! What people see while a scan runs, on standard error: one line that is drawn again and again on a terminal, plain
//! lines elsewhere, objects with `--log-format json` (`log_event.rs`).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use orgsweep_model::records::ScanState;
use orgsweep_model::text::printable;
use orgsweep_sweep::{AccountLine, Event};

use crate::options::LogFormat;
use crate::terminal::durations::{about, exact};
use crate::terminal::live::{self, Live, tell_line};
use crate::terminal::log_event::{self, Level};

/// An estimate from fewer accounts is a guess.
const FEWEST_FOR_AN_ESTIMATE: u64 = 5;
/// The same of seconds.
const SHORTEST_FOR_AN_ESTIMATE: Duration = Duration::from_secs(3);

/// Takes the events of a scan.
pub struct Progress {
    screen: Screen,
    tally: Arc<Mutex<Tally>>,
    /// Losses that only the summary would show.
    unreported: Vec<String>,
}

enum Screen {
    /// Warnings only.
    Quiet(LogFormat),
    /// A line that is drawn again and again. Losses stand in the summary, which comes to the same terminal, if it does.
    Live { line: Live, tells_losses: bool },
    /// A line for each tenth of the accounts and for each one lost.
    Lines { tenths: u64 },
    /// An object a line.
    Json,
}

/// How far the scan is. Accounts that are left out, and those that an earlier scan has, take no time and are not
/// counted: an estimate that counted them would promise too much.
#[derive(Debug)]
struct Tally {
    /// Since the scan began.
    began: Instant,
    /// Since accounts could be started.
    scanning_since: Option<Instant>,
    listed: u64,
    is_listed: bool,
    to_scan: u64,
    /// Accounts in flight at most.
    abreast: u64,
    finished: u64,
    not_scanned: u64,
    partial: u64,
}

impl Tally {
    fn new(began: Instant, abreast: u64) -> Self {
        Self {
            began,
            abreast,
            scanning_since: None,
            listed: 0,
            is_listed: false,
            to_scan: 0,
            finished: 0,
            not_scanned: 0,
            partial: 0,
        }
    }

    fn add(&mut self, event: &Event, now: Instant) {
        match event {
            Event::Listed { accounts, to_scan, done } => {
                (self.listed, self.to_scan, self.is_listed) = (*accounts as u64, *to_scan as u64, *done);
                if *to_scan > 0 {
                    self.scanning_since.get_or_insert(now);
                }
            }
            Event::Finished { line, was_to_scan } => {
                self.finished += u64::from(*was_to_scan);
                if line.is_lost() {
                    match line.scan_state {
                        ScanState::Partial => self.partial += 1,
                        _ => self.not_scanned += 1,
                    }
                }
            }
            Event::Kept(_) => self.finished += 1,
            Event::Warning { .. } | Event::Stopping(_) => {}
        }
    }

    /// How much longer, at the pace so far; `None`: too early to say. Accounts in flight count as done by half: where all are
    /// started side by side, they end together, and those that have ended say little of the pace.
    fn left(&self, now: Instant) -> Option<Duration> {
        let elapsed = now.saturating_duration_since(self.scanning_since?);
        let is_early = self.finished < FEWEST_FOR_AN_ESTIMATE || elapsed < SHORTEST_FOR_AN_ESTIMATE;
        let remaining = self.to_scan.saturating_sub(self.finished);
        if !self.is_listed || is_early || remaining == 0 {
            return None;
        }
        let half_done = self.abreast.min(remaining) as f64 / 2.0;
        Some(elapsed.mul_f64((remaining as f64 - half_done) / (self.finished as f64 + half_done)))
    }

    /// `12 of 59 accounts, 16s elapsed, about 2m left, 2 not scanned, 1 partial`.
    fn words(&self, now: Instant) -> String {
        let mut text = if self.is_listed {
            format!("{} of {} accounts", self.finished, self.to_scan)
        } else {
            format!("{} accounts, {} listed so far", self.finished, self.listed)
        };
        text.push_str(&format!(", {} elapsed", exact(now.saturating_duration_since(self.began))));
        if let Some(left) = self.left(now) {
            text.push_str(&format!(", about {} left", about(left)));
        }
        text.push_str(&self.losses());
        text
    }

    fn losses(&self) -> String {
        let mut text = String::new();
        for (count, word) in [(self.not_scanned, "not scanned"), (self.partial, "partial")] {
            if count > 0 {
                text.push_str(&format!(", {count} {word}"));
            }
        }
        text
    }
}

impl Progress {
    /// The right one for the terminal and the flags.
    pub fn new(quiet: bool, format: LogFormat, abreast: usize) -> Self {
        let tally = Arc::new(Mutex::new(Tally::new(Instant::now(), abreast as u64)));
        let screen = if quiet {
            Screen::Quiet(format)
        } else if format == LogFormat::Json {
            Screen::Json
        } else if live::is_possible() {
            let shown = Arc::clone(&tally);
            let line = Live::start(move || locked(&shown).words(Instant::now()));
            Screen::Live { line, tells_losses: !live::output_is_there_too() }
        } else {
            Screen::Lines { tenths: 0 }
        };
        Self { screen, tally, unreported: Vec::new() }
    }

    /// Reports one event.
    pub fn report(&mut self, event: &Event) {
        let mut tally = locked(&self.tally);
        tally.add(event, Instant::now());
        let format = match &self.screen {
            Screen::Quiet(format) => *format,
            Screen::Json => LogFormat::Json,
            Screen::Live { .. } | Screen::Lines { .. } => LogFormat::Text,
        };
        if format == LogFormat::Json {
            let is_quiet = matches!(self.screen, Screen::Quiet(_));
            log_event::of_scan(event, if is_quiet { Level::Warning } else { Level::Info });
            return;
        }
        let is_quiet = matches!(self.screen, Screen::Quiet(_));
        let reported = match event {
            Event::Warning { message, .. } => Some(format!("warning: {}", printable(message))),
            _ if is_quiet => None,
            Event::Stopping(in_flight) => Some(stopping_line(*in_flight)),
            Event::Finished { line, .. } if line.is_lost() => match self.screen {
                Screen::Live { tells_losses: false, .. } => {
                    self.unreported.push(loss_line(line));
                    None
                }
                _ => Some(loss_line(line)),
            },
            _ => None,
        };
        let tenth = match &mut self.screen {
            Screen::Lines { tenths } => tenth(&tally, event, tenths),
            _ => None,
        };
        // The line's own thread takes the tally to draw: it must be free by then.
        drop(tally);
        reported.iter().chain(&tenth).for_each(|line| tell_line(line));
    }

    /// Takes the moving line away.
    pub fn finish(&mut self) {
        if let Screen::Live { line, .. } = &mut self.screen {
            line.stop();
        }
    }

    /// Reports the losses that stand in no summary, for there is none.
    pub fn report_losses(&mut self) {
        self.finish();
        self.unreported.drain(..).for_each(|line| tell_line(&line));
    }
}

fn locked(tally: &Mutex<Tally>) -> std::sync::MutexGuard<'_, Tally> {
    tally.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A line for each tenth of the accounts.
fn tenth(tally: &Tally, event: &Event, reported: &mut u64) -> Option<String> {
    match event {
        Event::Listed { accounts, to_scan, done: true } => {
            Some(format!("{accounts} accounts listed, {to_scan} to scan"))
        }
        Event::Finished { .. } | Event::Kept(_) if tally.is_listed && tally.to_scan > 0 => {
            let tenth = tally.finished * 10 / tally.to_scan;
            if tenth <= *reported {
                return None;
            }
            *reported = tenth;
            Some(tally.words(Instant::now()))
        }
        _ => None,
    }
}

fn loss_line(line: &AccountLine) -> String {
    let word = if line.scan_state == ScanState::Partial { "partial" } else { "not scanned" };
    format!(
        "{word}: {} {}: {}",
        line.id,
        printable(line.name.as_deref().unwrap_or("-")),
        printable(line.headline.as_deref().unwrap_or("-"))
    )
}

fn stopping_line(in_flight: usize) -> String {
    format!("stopping: waiting for {in_flight} accounts in progress; a second Ctrl-C abandons them")
}

#[cfg(test)]
mod tests {
    use orgsweep_model::{AccountState, Reason};

    use super::*;

    fn line(state: ScanState, reason: Option<Reason>) -> AccountLine {
        AccountLine {
            id: "111122223333".parse().unwrap(),
            name: None,
            ou_path: None,
            state: AccountState::Active,
            scan_state: state,
            reason_code: reason.map(|reason| reason.as_str().to_owned()),
            headline: None,
            by_role: false,
            failed: [0; 5],
        }
    }

    fn finished(state: ScanState, reason: Option<Reason>) -> Event {
        Event::Finished { line: line(state, reason), was_to_scan: reason != Some(Reason::Excluded) }
    }

    fn after(events: &[(u64, Event)]) -> (Tally, Instant) {
        let began = Instant::now();
        let mut tally = Tally::new(began, 4);
        for (second, event) in events {
            tally.add(event, began + Duration::from_secs(*second));
        }
        (tally, began)
    }

    #[test]
    fn the_clock_and_the_estimate() {
        let listed = Event::Listed { accounts: 70, to_scan: 60, done: true };
        let mut events = vec![(1, listed)];
        // Excluded accounts are finished at once and say nothing about the pace.
        events.extend((0..10).map(|_| (1, finished(ScanState::NotScanned, Some(Reason::Excluded)))));
        events.extend((0..6).map(|second| (2 + second, finished(ScanState::Scanned, None))));
        let (tally, began) = after(&events);
        let now = began + Duration::from_secs(13);
        // Six of sixty, and four in flight: eight in twelve seconds.
        assert_eq!(tally.words(now), "6 of 60 accounts, 13s elapsed, about 2m left");
        assert_eq!(tally.left(now), Some(Duration::from_secs(12 * 52 / 8)));
    }

    #[test]
    fn accounts_that_are_all_started_at_once_end_together() {
        let mut events = vec![(0, Event::Listed { accounts: 60, to_scan: 60, done: true })];
        events.extend((0..6).map(|_| (27, finished(ScanState::Scanned, None))));
        let (mut tally, began) = after(&events);
        tally.abreast = 64;
        // Six in 27 seconds would be four minutes more; but all the others have been at work for as long.
        assert_eq!(
            tally.left(began + Duration::from_secs(27)),
            Some(Duration::from_secs_f64(27.0 * 27.0 / 33.0))
        );
    }

    #[test]
    fn nothing_is_promised_before_it_can_be_known() {
        let few = [
            (0, Event::Listed { accounts: 60, to_scan: 60, done: true }),
            (20, finished(ScanState::Scanned, None)),
        ];
        let (tally, began) = after(&few);
        assert_eq!(tally.words(began + Duration::from_secs(20)), "1 of 60 accounts, 20s elapsed");
        let (tally, began) = after(&[(0, Event::Listed { accounts: 40, to_scan: 40, done: false })]);
        assert_eq!(tally.words(began), "0 accounts, 40 listed so far, 0s elapsed");
    }

    #[test]
    fn partial_is_not_lost_and_both_are_counted_apart() {
        let (tally, began) = after(&[
            (0, Event::Listed { accounts: 4, to_scan: 4, done: true }),
            (1, finished(ScanState::Partial, Some(Reason::Denied))),
            (1, finished(ScanState::NotScanned, Some(Reason::RoleMissingOrUntrusted))),
            (1, finished(ScanState::Scanned, None)),
            (1, Event::Kept("111122223333".parse().unwrap())),
        ]);
        let words = tally.words(began + Duration::from_secs(1));
        assert_eq!(words, "4 of 4 accounts, 1s elapsed, 1 not scanned, 1 partial");
        assert!(loss_line(&line(ScanState::Partial, None)).starts_with("partial: "));
        assert!(loss_line(&line(ScanState::NotScanned, None)).starts_with("not scanned: "));
    }
}
