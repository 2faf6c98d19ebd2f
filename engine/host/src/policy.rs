//! The scheduling policy: which ready task runs next.

use crate::TaskLabel;
use std::collections::VecDeque;
use std::rc::Rc;
use tourbillon_executor::TaskId;

/// A task that can run, and where it came from.
pub type ReadyTask = tourbillon_executor::ReadyTask<Rc<TaskLabel>>;

/// The queue of one class.
pub type ReadyQueue = tourbillon_executor::ReadyQueue<Rc<TaskLabel>, VecDeque<Option<ReadyTask>>>;

/// The ready tasks of the highest class, first come first.
#[derive(Clone, Copy, Debug)]
pub struct ReadyTasks<'a>(pub &'a ReadyQueue);

impl<'a> ReadyTasks<'a> {
    /// How many there are.
    pub fn len(self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// In order.
    pub fn iter(self) -> impl Iterator<Item = &'a ReadyTask> {
        self.0.iter()
    }
}

/// What the policy decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Run the ready task at this place.
    Run(usize),
    /// Poll a suspended task although nothing it waits for is there.
    Spurious(TaskId),
    /// Ask the future of a task to stop, as `cancel` does.
    Cancel(TaskId),
    /// The policy changed something outside (delivered an operation, moved the time): look again at
    /// what is ready.
    Again,
    /// Give way: `execute` returns `Pending`.
    Return,
}

/// Decides which task of a session runs. Called before every task step, also when nothing is ready
/// but operations are outstanding; no borrow of the engine is held during the call.
pub trait Policy {
    /// The decision.
    fn next(&self, ready: ReadyTasks<'_>) -> Decision;
}

/// Production's policy: the task that became ready first; it gives way when there is none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fifo;

impl Policy for Fifo {
    fn next(&self, ready: ReadyTasks<'_>) -> Decision {
        if ready.is_empty() {
            Decision::Return
        } else {
            Decision::Run(0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifo_runs_the_first_and_gives_way_without_one() {
        let mut ready = ReadyQueue::default();
        assert_eq!(Fifo.next(ReadyTasks(&ready)), Decision::Return);
        for (slot, name) in [(7, "first"), (3, "second")] {
            let id = TaskId {
                slot,
                generation: 0,
            };
            let label = TaskLabel::root(name);
            ready.push(ReadyTask { id, label });
        }
        assert_eq!(Fifo.next(ReadyTasks(&ready)), Decision::Run(0));
    }
}
