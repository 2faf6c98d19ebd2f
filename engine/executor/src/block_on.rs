//! Runs a future to its end beside the tasks of an executor, or says that it has none.

use crate::executor::Executor;
use crate::sync::{AtomicBool, Ordering};
use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

/// Nothing can run, and the future has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlock {
    /// Tasks that wait as well.
    pub pending: usize,
}

impl fmt::Display for Deadlock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "nothing can run, and the future waits; so do {} tasks",
            self.pending
        )
    }
}

impl std::error::Error for Deadlock {}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

/// Polls the future and the executor's tasks until the future has ended; gives its output. The future
/// goes first whenever it was woken. Tasks that are left stay where they are.
///
/// # Errors
/// When neither the future nor a task can go on: waiting longer would be waiting for ever.
pub fn block_on<E: Executor, F: Future>(
    executor: &mut E,
    future: F,
) -> Result<F::Output, Deadlock> {
    let mut future = pin!(future);
    let flag = Arc::new(Flag(AtomicBool::new(true)));
    let waker = Waker::from(flag.clone());
    let mut context = Context::from_waker(&waker);
    loop {
        if flag.0.swap(false, Ordering::AcqRel) {
            if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                return Ok(output);
            }
        } else if executor.poll_next().is_none() && !flag.0.load(Ordering::Acquire) {
            let pending = executor.pending();
            return Err(Deadlock { pending });
        }
    }
}
