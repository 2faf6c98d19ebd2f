//! Work spread over threads: the only place of the command that starts any.

use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::Builder;

/// Does `work` for each number below `count` on at most so many threads, and gives the results in the
/// order of the numbers. With one thread it is the caller's own.
///
/// # Panics
/// When `work` does.
pub fn map<T: Send>(jobs: NonZeroUsize, count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    if jobs.get() == 1 || count < 2 {
        return (0..count).map(work).collect();
    }
    // As much as a main thread has: programs that recurse must fare the same on every thread.
    const STACK_BYTES: usize = 8 << 20;
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::with_capacity(count));
    std::thread::scope(|scope| {
        let work_off = || {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    break;
                }
                let result = work(number);
                let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
                results.push((number, result));
            }
        };
        for _ in 1..jobs.get().min(count) {
            let builder = Builder::new().stack_size(STACK_BYTES);
            // Where the system gives no more threads, those there are do all of the work.
            if builder.spawn_scoped(scope, work_off).is_err() {
                break;
            }
        }
        work_off();
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(number, _)| *number);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_order_whatever_the_number_of_threads() {
        for jobs in 1..5 {
            let jobs = NonZeroUsize::new(jobs).expect("one or more");
            let squares = map(jobs, 9, |number| number * number);
            assert_eq!(squares, [0, 1, 4, 9, 16, 25, 36, 49, 64]);
        }
        assert!(map(NonZeroUsize::MIN, 0, |number| number).is_empty());
    }
}
