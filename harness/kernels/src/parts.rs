//! Correct parts that kernels are put together from: a lock, and a gate that opens once.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::task::{Poll, Waker};

use crate::runtime::Runtime;
use crate::shared::Shared;

/// A lock for tasks. Whoever waits is woken when it is free, and tries again.
#[derive(Clone, Debug)]
pub struct Lock<R: Runtime> {
    state: Shared<R, LockState>,
}

#[derive(Debug, Default)]
struct LockState {
    held: bool,
    // Who waits, by ticket: comparing wakers would not do, since two of one task may look different.
    waiting: VecDeque<(u64, Waker)>,
    tickets: u64,
}

impl<R: Runtime> Lock<R> {
    /// A free lock.
    pub fn new(runtime: &R, name: &str) -> Lock<R> {
        Lock {
            state: Shared::new(runtime, name, LockState::default()),
        }
    }

    /// Waits until the lock is free and takes it. Not for use under cancellation: a woken waiter
    /// that is dropped passes its wake on to nobody.
    pub async fn lock(&self) -> LockGuard<R> {
        let mut ticket = None;
        poll_fn(|context| {
            self.state.update(|state| {
                // Polled for nothing, it may stand in the queue still: a place that it kept would
                // eat another's wake.
                state
                    .waiting
                    .retain(|(waiting, _)| ticket != Some(*waiting));
                if !state.held {
                    state.held = true;
                    return Poll::Ready(());
                }
                state.tickets += 1;
                ticket = Some(state.tickets);
                let place = (state.tickets, context.waker().clone());
                state.waiting.push_back(place);
                Poll::Pending
            })
        })
        .await;
        LockGuard {
            state: self.state.clone(),
        }
    }
}

/// Holds a lock until it is dropped.
#[must_use = "dropping it frees the lock"]
pub struct LockGuard<R: Runtime> {
    state: Shared<R, LockState>,
}

impl<R: Runtime> Drop for LockGuard<R> {
    fn drop(&mut self) {
        let next = self.state.update(|state| {
            state.held = false;
            state.waiting.pop_front()
        });
        if let Some((_, waker)) = next {
            waker.wake();
        }
    }
}

impl<R: Runtime> fmt::Debug for LockGuard<R> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("LockGuard").finish_non_exhaustive()
    }
}

/// Opens once; all who wait for it go on.
#[derive(Clone, Debug)]
pub struct Gate<R: Runtime> {
    state: Shared<R, GateState>,
}

#[derive(Debug, Default)]
struct GateState {
    open: bool,
    waiting: Vec<Waker>,
}

impl<R: Runtime> Gate<R> {
    /// A closed gate.
    pub fn new(runtime: &R, name: &str) -> Gate<R> {
        Gate {
            state: Shared::new(runtime, name, GateState::default()),
        }
    }

    /// Opens the gate and wakes all who wait, the first first.
    pub fn open(&self) {
        let waiting = self.state.update(|state| {
            state.open = true;
            std::mem::take(&mut state.waiting)
        });
        for waker in waiting {
            waker.wake();
        }
    }

    /// Waits until the gate is open.
    pub async fn passed(&self) {
        poll_fn(|context| {
            self.state.update(|state| {
                if state.open {
                    return Poll::Ready(());
                }
                state.waiting.push(context.waker().clone());
                Poll::Pending
            })
        })
        .await;
    }
}
