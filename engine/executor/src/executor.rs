//! What both tiers can do.

use crate::capacity::CapacityExceeded;
use crate::priority::Priority;
use crate::tasks::TaskId;

/// A task of an executor. Numbers count from 0 and are never given out twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskNumber {
    /// How many tasks were scheduled before it.
    pub number: u64,
    /// Where it is.
    pub id: TaskId,
}

/// What one step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Polled {
    /// The number of the task that was polled.
    pub number: u64,
    /// Whether it has ended.
    pub has_ended: bool,
}

/// A single-threaded executor. The most urgent class goes first; within a class the task that became
/// ready first; one that is woken again goes to the end. A task that is not woken is not polled.
pub trait Executor {
    /// The future of a task.
    type Future;

    /// Takes a task in; it is ready.
    ///
    /// # Errors
    /// When there is no room; the tasks are those that were there before.
    fn schedule(
        &mut self,
        priority: Priority,
        future: Self::Future,
    ) -> Result<TaskNumber, CapacityExceeded>;

    /// Polls one task, if one is ready.
    fn poll_next(&mut self) -> Option<Polled>;

    /// Polls tasks until none is ready; gives the number of those that wait.
    fn run_until_idle(&mut self) -> usize {
        while self.poll_next().is_some() {}
        self.pending()
    }

    /// Number of tasks that have not ended.
    fn pending(&self) -> usize;

    /// Makes a task ready. Nothing happens when it is ready already, or has ended; says whether it was
    /// made ready.
    fn wake(&mut self, task: TaskNumber) -> bool;

    /// Takes a task away; gives its future, to be dropped.
    fn cancel(&mut self, task: TaskNumber) -> Option<Self::Future>;

    /// Numbers count from 0 again.
    ///
    /// # Panics
    /// When a task is left.
    fn reset(&mut self);
}
