//! A lock around a value, given in the order of asking.

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::permits::{Asking, Permits};
use super::resource::{Awaited, Hold, Resource};
use crate::sim::Sim;

/// A lock around a value; its clones are the same lock. Made by [`Sim::mutex`].
///
/// Whoever unlocks it hands it to the first in the queue, even before that one's task runs. A task
/// that waits for the lock again while it leaves a future of its own that was handed it alone waits
/// for ever: the report of such a run calls that a futurelock.
pub struct Mutex<T> {
    permits: Permits,
    value: Rc<RefCell<Option<T>>>,
}

impl<T> Clone for Mutex<T> {
    fn clone(&self) -> Mutex<T> {
        Mutex {
            permits: self.permits.clone(),
            value: Rc::clone(&self.value),
        }
    }
}

impl<T> Mutex<T> {
    pub(super) fn new(sim: &Sim, name: &str, value: T) -> Mutex<T> {
        Mutex {
            permits: Permits::new(Resource::new(sim, name), Awaited::Lock, 1),
            value: Rc::new(RefCell::new(Some(value))),
        }
    }

    /// Waits until nobody has the lock, and takes it.
    #[track_caller]
    pub fn lock(&self) -> Lock<T> {
        Lock {
            asking: self.permits.ask(1, Location::caller()),
            mutex: self.clone(),
        }
    }

    /// Takes the lock if nobody has it or waits for it.
    #[must_use]
    #[track_caller]
    pub fn try_lock(&self) -> Option<MutexGuard<T>> {
        let taken = self.permits.take(1, Location::caller());
        taken.ok().flatten().map(|hold| self.guard(hold))
    }

    /// Whether somebody has the lock.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.permits.free() == 0
    }

    fn guard(&self, hold: Hold) -> MutexGuard<T> {
        MutexGuard {
            value: self.value.take(),
            hold,
            mutex: self.clone(),
        }
    }
}

impl<T> fmt::Debug for Mutex<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Mutex({:?})", self.permits.resource)
    }
}

/// Waits for a lock: see [`Mutex::lock`].
#[must_use = "futures do nothing unless awaited"]
pub struct Lock<T> {
    asking: Asking,
    mutex: Mutex<T>,
}

impl<T> Future for Lock<T> {
    type Output = MutexGuard<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<MutexGuard<T>> {
        match self.asking.poll(context) {
            Poll::Ready(Ok(hold)) => Poll::Ready(self.mutex.guard(hold)),
            // Nobody can close a lock.
            Poll::Ready(Err(_)) | Poll::Pending => Poll::Pending,
        }
    }
}

impl<T> Unpin for Lock<T> {}

impl<T> fmt::Debug for Lock<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Lock({:?})", self.mutex.permits.resource)
    }
}

/// Has the lock until it is dropped.
#[must_use = "a guard that is dropped at once protects nothing"]
pub struct MutexGuard<T> {
    // Out of the lock while somebody has it.
    value: Option<T>,
    hold: Hold,
    mutex: Mutex<T>,
}

const HELD: &str = "a guard has the value until it is dropped";

impl<T> Deref for MutexGuard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_ref().expect(HELD)
    }
}

impl<T> DerefMut for MutexGuard<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.value.as_mut().expect(HELD)
    }
}

impl<T> Drop for MutexGuard<T> {
    fn drop(&mut self) {
        self.mutex.value.replace(self.value.take());
        self.mutex.permits.give(1, self.hold);
    }
}

impl<T: fmt::Debug> fmt::Debug for MutexGuard<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(out)
    }
}
