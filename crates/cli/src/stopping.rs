//! Ctrl-C, SIGTERM and the deadline: how a scan is ended before its end.

use std::time::Duration;

use orgsweep_sweep::Stop;
use tokio::time::Instant;

use crate::exit;

/// How long accounts in flight may take to finish once nothing new is begun.
const GRACE: Duration = Duration::from_secs(30);
/// At least so much of a deadline is kept for ending: dropping what is in flight, writing the journal.
const LEAST_RESERVE: Duration = Duration::from_secs(2);

/// Once: no further account is begun. Twice: everything is dropped. Three times: the process ends.
pub fn listen() -> Stop {
    let stop = Stop { grace: GRACE, ..Stop::default() };
    let (gently, now) = (stop.gently.clone(), stop.now.clone());
    tokio::spawn(async move {
        interrupt().await;
        gently.cancel();
        interrupt().await;
        now.cancel();
        interrupt().await;
        std::process::exit(i32::from(exit::INTERRUPTED));
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

async fn interrupt() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
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
