//! Ctrl-C, SIGTERM and the deadline: how a scan is ended before its end.

use std::time::Duration;

use orgsweep_sweep::Stop;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;

use crate::exit::Exit;

/// How long accounts in flight may take to finish once nothing new is started.
const GRACE: Duration = Duration::from_secs(30);
/// At least so much of a deadline is kept for ending: dropping what is in flight, writing the journal.
const LEAST_RESERVE: Duration = Duration::from_secs(2);

/// Once: no further account is started. Twice: everything is dropped. Three times: the process ends.
pub fn listen() -> Stop {
    let stop = Stop { grace: GRACE, ..Stop::default() };
    let (gently, now) = (stop.gently.clone(), stop.now.clone());
    let mut signals = Signals::listen();
    tokio::spawn(async move {
        signals.next().await;
        gently.cancel();
        signals.next().await;
        now.cancel();
        signals.next().await;
        std::process::exit(i32::from(Exit::Stopped.code()));
    });
    stop
}

/// The same stop with a deadline, counted from `began`. A fifth of it at most goes to accounts in flight, a twentieth to the
/// end itself.
pub fn with_deadline(mut stop: Stop, began: Instant, deadline: Option<Duration>) -> Stop {
    if let Some(deadline) = deadline {
        let reserve = LEAST_RESERVE.max(deadline / 20).min(deadline / 2);
        stop.grace = GRACE.min(deadline / 5);
        stop.deadline = Some(began + deadline.saturating_sub(reserve + stop.grace));
    }
    stop
}

/// For commands that have nothing to end in good order: the first signal ends the process, once `report` has reported it. What they
/// write is whole or not there at any moment, as after a kill.
pub fn end_by_signal(report: impl FnOnce() -> Exit + Send + 'static) {
    // Without a runtime the operating system ends the process, which shells report in the same way.
    if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() {
        let mut signals = {
            let _inside = runtime.enter();
            Signals::listen()
        };
        std::thread::spawn(move || {
            runtime.block_on(signals.next());
            std::process::exit(i32::from(report().code()));
        });
    }
}

/// Ctrl-C and SIGTERM. From the moment that they are listened for, neither ends the process by itself.
pub struct Signals {
    interrupt: Option<Signal>,
    terminate: Option<Signal>,
}

impl Signals {
    /// Listens from now on.
    pub fn listen() -> Self {
        Self {
            interrupt: signal(SignalKind::interrupt()).ok(),
            terminate: signal(SignalKind::terminate()).ok(),
        }
    }

    /// Waits for the next one.
    pub async fn next(&mut self) {
        async fn one(signal: &mut Option<Signal>) {
            match signal {
                Some(signal) => drop(signal.recv().await),
                None => std::future::pending().await,
            }
        }
        tokio::select! {
            () = one(&mut self.interrupt) => {}
            () = one(&mut self.terminate) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_leaves_time_to_end() {
        let began = Instant::now();
        let stop = with_deadline(Stop::default(), began, Some(Duration::from_secs(14 * 60)));
        // 42 s for the end, 30 s for accounts in flight.
        assert_eq!(stop.deadline.unwrap() - began, Duration::from_secs(14 * 60 - 72));
        assert_eq!(stop.grace, GRACE);
        let short = with_deadline(Stop::default(), began, Some(Duration::from_secs(2)));
        assert_eq!(short.deadline.unwrap() - began, Duration::from_millis(600));
    }
}
