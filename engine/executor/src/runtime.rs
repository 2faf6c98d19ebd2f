//! Either tier, chosen when the program runs.

use crate::board::Waits;
use crate::capacity::CapacityExceeded;
use crate::doorbell::Rung;
use crate::dynamic::Dynamic;
use crate::embedded::Embedded;
use crate::executor::{Executor, Polled, TaskNumber};
use crate::priority::Priority;
use std::future::Future;

/// An executor of either tier: every call goes to it.
pub enum Runtime<F, B> {
    /// Any number of tasks.
    Dynamic(Box<Dynamic<F, B>>),
    /// Sixteen.
    Embedded(Box<Embedded<F, Rung<16>, B>>),
}

impl<F: Future<Output = ()> + Unpin, B: Waits> Runtime<F, B> {
    /// An executor of the dynamic tier.
    pub fn dynamic(board: B) -> Runtime<F, B> {
        Runtime::Dynamic(Box::new(Dynamic::new(board)))
    }

    /// An executor of the embedded tier.
    pub fn embedded(board: B) -> Runtime<F, B> {
        Runtime::Embedded(Box::new(Embedded::new(board)))
    }

    /// The executor as one future, which any other executor can poll: it ends when every task has.
    pub async fn drive(&mut self) {
        match self {
            Runtime::Dynamic(executor) => executor.drive().await,
            Runtime::Embedded(executor) => executor.drive().await,
        }
    }
}

impl<F: Future<Output = ()> + Unpin, B: Waits> Executor for Runtime<F, B> {
    type Future = F;

    fn schedule(&mut self, priority: Priority, future: F) -> Result<TaskNumber, CapacityExceeded> {
        match self {
            Runtime::Dynamic(executor) => executor.schedule(priority, future),
            Runtime::Embedded(executor) => executor.schedule(priority, future),
        }
    }

    fn poll_next(&mut self) -> Option<Polled> {
        match self {
            Runtime::Dynamic(executor) => executor.poll_next(),
            Runtime::Embedded(executor) => executor.poll_next(),
        }
    }

    fn pending(&self) -> usize {
        match self {
            Runtime::Dynamic(executor) => executor.pending(),
            Runtime::Embedded(executor) => executor.pending(),
        }
    }

    fn wake(&mut self, task: TaskNumber) -> bool {
        match self {
            Runtime::Dynamic(executor) => executor.wake(task),
            Runtime::Embedded(executor) => executor.wake(task),
        }
    }

    fn cancel(&mut self, task: TaskNumber) -> Option<F> {
        match self {
            Runtime::Dynamic(executor) => executor.cancel(task),
            Runtime::Embedded(executor) => executor.cancel(task),
        }
    }

    fn reset(&mut self) {
        match self {
            Runtime::Dynamic(executor) => executor.reset(),
            Runtime::Embedded(executor) => executor.reset(),
        }
    }
}
