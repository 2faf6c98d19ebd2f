//! The hand-over of one result from a foreign thread to whoever polls for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Two ends of one hand-over.
pub(crate) fn completion<T>() -> (Completer<T>, Completion<T>) {
    let shared = Arc::new(Mutex::new(Shared {
        state: State::Waiting,
        waker: None,
    }));
    (
        Completer(Some(Arc::clone(&shared))),
        Completion(Some(shared)),
    )
}

/// The end that brings the result. Dropped without one, it says that there will be none.
pub(crate) struct Completer<T>(Option<Arc<Mutex<Shared<T>>>>);

/// The end that waits. Dropped first, it makes a late result harmless.
pub(crate) struct Completion<T>(Option<Arc<Mutex<Shared<T>>>>);

struct Shared<T> {
    state: State<T>,
    waker: Option<Waker>,
}

enum State<T> {
    Waiting,
    Brought(T),
    BrokenOff,
}

impl<T> Completer<T> {
    /// Hands the result over and wakes whoever waits.
    pub(crate) fn complete(mut self, result: T) {
        if let Some(shared) = self.0.take() {
            finish(&shared, State::Brought(result));
        }
    }
}

impl<T> Drop for Completer<T> {
    fn drop(&mut self) {
        if let Some(shared) = self.0.take() {
            finish(&shared, State::BrokenOff);
        }
    }
}

impl<T> Completion<T> {
    /// The result, once; `None` when it was broken off. The last waker that asked is called.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<T>> {
        let Some(shared) = &self.0 else {
            return Poll::Ready(None);
        };
        let mut locked = lock(shared);
        let result = match std::mem::replace(&mut locked.state, State::Waiting) {
            State::Waiting => {
                match &mut locked.waker {
                    Some(waker) => waker.clone_from(context.waker()),
                    None => locked.waker = Some(context.waker().clone()),
                }
                return Poll::Pending;
            }
            State::Brought(result) => Some(result),
            State::BrokenOff => None,
        };
        drop(locked);
        self.0 = None;
        Poll::Ready(result)
    }
}

impl<T> Drop for Completion<T> {
    fn drop(&mut self) {
        if let Some(shared) = self.0.take() {
            // The waker belongs to a task that may be gone when the result comes.
            let waker = lock(&shared).waker.take();
            drop(waker);
        }
    }
}

fn finish<T>(shared: &Mutex<Shared<T>>, state: State<T>) {
    let mut locked = lock(shared);
    locked.state = state;
    let waker = locked.waker.take();
    // Woken code may poll at once, on this thread: it must find the lock free.
    drop(locked);
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// A panic elsewhere while the lock was held leaves nothing half done here.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use tokio_test::{assert_pending, assert_ready_eq, task};

    #[test]
    fn a_result_wakes_and_is_there() {
        let (completer, mut completion) = completion();
        let mut waiting = task::spawn(poll_fn(|context| completion.poll(context)));
        assert_pending!(waiting.poll());
        completer.complete(7);
        assert!(waiting.is_woken());
        assert_ready_eq!(waiting.poll(), Some(7));
    }

    #[test]
    fn a_result_that_came_first_is_kept() {
        let (completer, mut completion) = completion();
        completer.complete("early");
        let mut waiting = task::spawn(poll_fn(|context| completion.poll(context)));
        assert_ready_eq!(waiting.poll(), Some("early"));
    }

    #[test]
    fn a_completer_that_goes_breaks_off() {
        let (completer, mut completion) = completion::<u8>();
        let mut waiting = task::spawn(poll_fn(|context| completion.poll(context)));
        assert_pending!(waiting.poll());
        drop(completer);
        assert!(waiting.is_woken());
        assert_ready_eq!(waiting.poll(), None);
    }

    #[test]
    fn nobody_is_woken_for_what_was_given_up() {
        let (completer, mut completion) = completion();
        let mut asked = task::spawn(());
        let polled = asked.enter(|context, _| completion.poll(context));
        assert!(polled.is_pending());
        drop(completion);
        completer.complete(1);
        assert!(!asked.is_woken());
    }
}
