//! The scheduling policy: which ready task runs next.

use crate::TaskLabel;
use std::collections::VecDeque;
use std::rc::Rc;

/// Number of a task in its session; the slot is reused, the generation is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId {
    /// Place in the task table.
    pub slot: u32,
    /// How often that place was given out before.
    pub generation: u32,
}

/// How urgent a task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Priority {
    /// Before everything.
    Critical,
    /// Before normal work.
    High,
    /// The default.
    #[default]
    Normal,
    /// After normal work.
    Low,
    /// When nothing else is ready.
    Idle,
}

impl Priority {
    /// All classes, the most urgent first.
    pub const ALL: [Priority; 5] = [
        Priority::Critical,
        Priority::High,
        Priority::Normal,
        Priority::Low,
        Priority::Idle,
    ];

    /// Its name in programs.
    pub fn name(self) -> &'static str {
        match self {
            Priority::Critical => "critical",
            Priority::High => "high",
            Priority::Normal => "normal",
            Priority::Low => "low",
            Priority::Idle => "idle",
        }
    }

    /// The class of that name.
    pub fn from_name(name: &str) -> Option<Priority> {
        Priority::ALL
            .into_iter()
            .find(|priority| priority.name() == name)
    }

    /// The class of that number, 0 for critical; numbers out of range go to the nearest class.
    pub fn from_number(number: f64) -> Priority {
        Priority::ALL[number.clamp(0.0, 4.0).round() as usize]
    }

    /// Place in [`Priority::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }
}

/// A task that can run.
#[derive(Clone, Debug)]
pub struct ReadyTask {
    /// Which.
    pub id: TaskId,
    /// Where it came from.
    pub label: Rc<TaskLabel>,
}

/// The ready tasks of the highest class, first come first.
#[derive(Clone, Copy, Debug)]
pub struct ReadyTasks<'a>(pub &'a VecDeque<ReadyTask>);

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
        let mut ready = VecDeque::new();
        assert_eq!(Fifo.next(ReadyTasks(&ready)), Decision::Return);
        for (slot, name) in [(7, "first"), (3, "second")] {
            let id = TaskId {
                slot,
                generation: 0,
            };
            let label = TaskLabel::root(name);
            ready.push_back(ReadyTask { id, label });
        }
        assert_eq!(Fifo.next(ReadyTasks(&ready)), Decision::Run(0));
    }

    #[test]
    fn every_class_has_a_name_and_a_number() {
        for (number, priority) in Priority::ALL.into_iter().enumerate() {
            assert_eq!(priority.index(), number);
            assert_eq!(Priority::from_number(number as f64), priority);
            assert_eq!(Priority::from_name(priority.name()), Some(priority));
        }
        assert_eq!(Priority::from_number(-3.0), Priority::Critical);
        assert_eq!(Priority::from_number(99.0), Priority::Idle);
        assert_eq!(Priority::from_name("urgent"), None);
    }
}
