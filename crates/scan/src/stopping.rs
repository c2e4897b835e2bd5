//! Work that has nothing to keep yet: Ctrl-C or the deadline ends it at once.

use orgsweep_sweep::Stop;

use crate::error::Interruption;

/// Waits for work that has nothing to keep: the first Ctrl-C ends it.
pub fn or_interrupted<'a, T: 'a, E: From<Interruption> + 'a>(
    stop: &'a Stop,
    work: impl Future<Output = Result<T, E>> + 'a,
) -> impl Future<Output = Result<T, E>> + 'a {
    // Futures of whole commands are large.
    let work = Box::pin(work);
    async move {
        let deadline = async {
            match stop.deadline {
                Some(moment) => tokio::time::sleep_until(moment).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = stop.gently.cancelled() => Err(Interruption::Stopped.into()),
            () = deadline => Err(Interruption::Deadline.into()),
            done = work => done,
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[tokio::test]
    async fn a_stop_and_a_deadline_end_what_has_nothing_to_keep() {
        let work = || std::future::pending::<Result<(), Interruption>>();
        let stop = Stop::default();
        stop.gently.cancel();
        assert_eq!(or_interrupted(&stop, work()).await, Err(Interruption::Stopped));
        let stop = Stop { deadline: Some(Instant::now()), ..Stop::default() };
        assert_eq!(or_interrupted(&stop, work()).await, Err(Interruption::Deadline));
        let done = async { Ok::<_, Interruption>(7) };
        assert_eq!(or_interrupted(&Stop::default(), done).await, Ok(7));
    }
}
