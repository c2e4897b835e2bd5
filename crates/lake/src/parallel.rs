//! Several things at once: columns that are encoded, and files that are made durable.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};

use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};
use rayon::{ThreadPool, ThreadPoolBuilder};

/// More than this hardly help: what is left is reading the rows.
const MOST_THREADS: usize = 8;
/// Requests to a disk that wait at once: one write of the file system's journal serves them all.
const MOST_WAITING: usize = 8;
/// For all files: new threads for every batch took more CPU. `None`: one core, or a system that gives no threads.
static THREADS: LazyLock<Option<ThreadPool>> = LazyLock::new(|| {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get).min(MOST_THREADS);
    let pool = ThreadPoolBuilder::new().num_threads(threads).thread_name(|index| format!("encode-{index}"));
    (threads > 1).then(|| pool.build().ok()).flatten()
});

/// Does the same with everything, on all cores where it is worth a thread, and returns the results in their order.
pub fn side_by_side<C: Send, T: Send, E: Send>(
    is_worth_a_thread: bool,
    items: impl IntoIterator<Item = C>,
    work: impl Fn(C) -> Result<T, E> + Sync + Send,
) -> Result<Vec<T>, E> {
    match &*THREADS {
        Some(threads) if is_worth_a_thread => {
            let items: Vec<C> = items.into_iter().collect();
            threads.install(|| items.into_par_iter().map(work).collect())
        }
        _ => items.into_iter().map(work).collect(),
    }
}

/// Does the same with everything, where it is mostly waiting, and returns the results in their order.
pub fn waiting_together<C: Sync, T: Send, E: Send>(
    items: &[C],
    work: impl Fn(&C) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Result<T, E>)>> = Mutex::new(Vec::with_capacity(items.len()));
    std::thread::scope(|scope| {
        for _ in 0..MOST_WAITING.min(items.len()) {
            scope.spawn(|| {
                while let Some((index, item)) = {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    items.get(index).map(|item| (index, item))
                } {
                    let result = work(item);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((index, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_and_the_first_error_counts() {
        let items: Vec<usize> = (0..100).collect();
        let twice = |item: &usize| Ok::<_, usize>(item * 2);
        assert_eq!(waiting_together(&items, twice), Ok(items.iter().map(|item| item * 2).collect()));
        let odd = |item: &usize| if item % 2 == 1 { Err(*item) } else { Ok(*item) };
        assert_eq!(waiting_together(&items, odd), Err(1));
        assert_eq!(waiting_together(&[], odd), Ok(Vec::new()));
    }
}
