//! Whom to wake: a task, or a future of it that something between them wakes on its own.

use std::task::Waker;

use crate::footprint::Access;
use crate::label::Label;
use crate::sim::Shared;

/// A future that waits, through its task's own waker or another's.
#[derive(Debug)]
pub(crate) struct Listener {
    waker: Waker,
    task: Label,
    is_own: bool,
}

impl Listener {
    /// The future that the current task polls with `waker`.
    pub(crate) fn new(shared: &Shared, waker: &Waker) -> Listener {
        Listener {
            waker: waker.clone(),
            task: shared.current.get(),
            is_own: shared.is_own_waker(waker),
        }
    }

    /// The task, if it is woken itself.
    pub(crate) fn own_task(&self) -> Option<Label> {
        self.is_own.then_some(self.task)
    }

    pub(crate) fn will_wake(&self, waker: &Waker) -> bool {
        self.waker.will_wake(waker)
    }

    /// Wakes it. Nothing may be borrowed: the waker may be foreign.
    #[inline]
    pub(crate) fn wake(self, shared: &Shared) {
        if !self.is_own {
            // What lies between, a set of futures say, polls in the order of the wakes.
            let mut run = shared.run.borrow_mut();
            run.access(self.task.into(), Access::Write);
        }
        self.waker.wake();
    }
}
