//! Choices: the only nondeterminism. A point offers candidates; the first is what production does.

use crate::label::Label;

/// What a choice point is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// Which step comes next: a ready task, a deliverable completion, a spurious poll.
    Run = 1,
    /// How late an operation is.
    Delay = 2,
    /// Whether an operation fails, and how.
    Fault = 3,
    /// Whether a suspended task is polled for nothing (where that is asked on its own).
    Spurious = 4,
    /// Whether a cancel strikes here.
    Cancel = 5,
    /// Whether a completion arrives while the poll that asked for it still runs.
    Early = 6,
    /// Whether an operation never completes.
    Never = 7,
    /// Whether the last handle goes while the operation is under way.
    Drop = 8,
    /// A value that the program under test asked for.
    Pick = 9,
}

/// What happens when a candidate is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// The task takes its next step.
    Run,
    /// The operation's completion is delivered.
    Deliver,
    /// The suspended task is polled though nothing it waits for is ready.
    Spurious,
    /// Virtual time moves on to the next due event.
    Advance,
    /// Nothing strikes: on time, no fault, no cancel. The default of every yes-or-no point.
    Keep,
    /// The operation takes this multiple of its latency.
    Delay(u32),
    /// The operation fails with this error; the label's text is the error's name.
    Fault(Label),
    /// The task, or the whole execution, is cancelled.
    Cancel,
    /// The completion arrives early.
    Early,
    /// The completion never arrives.
    Never,
    /// The last handle goes.
    Drop,
    /// The program gets this value.
    Pick(u32),
}

impl Action {
    /// A number for the action's name, stable for ever: part of trace hashes.
    #[inline]
    #[must_use]
    pub fn class(self) -> u8 {
        match self {
            Action::Run => 1,
            Action::Deliver => 2,
            Action::Spurious => 3,
            Action::Advance => 4,
            Action::Keep => 5,
            Action::Delay(_) => 6,
            Action::Fault(_) => 7,
            Action::Cancel => 8,
            Action::Early => 9,
            Action::Never => 10,
            Action::Drop => 11,
            Action::Pick(_) => 12,
        }
    }

    /// Whether it is trouble that takes a step of its own, and that a run can do without.
    pub(crate) fn is_strike(self) -> bool {
        match self {
            Action::Spurious | Action::Cancel | Action::Drop => true,
            Action::Run
            | Action::Deliver
            | Action::Advance
            | Action::Keep
            | Action::Delay(_)
            | Action::Fault(_)
            | Action::Early
            | Action::Never
            | Action::Pick(_) => false,
        }
    }

    /// The action as one word: its class and what it carries. Part of trace hashes.
    #[inline]
    #[must_use]
    pub fn word(self) -> u64 {
        let carried = match self {
            Action::Delay(number) | Action::Pick(number) => u64::from(number) << 8,
            Action::Fault(error) => error.0 << 8,
            Action::Run
            | Action::Deliver
            | Action::Spurious
            | Action::Advance
            | Action::Keep
            | Action::Cancel
            | Action::Early
            | Action::Never
            | Action::Drop => 0,
        };
        carried | u64::from(self.class())
    }
}

/// One of the things that may happen at a choice point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Candidate {
    /// The task or operation it happens to.
    pub label: Label,
    /// What happens.
    pub action: Action,
}

impl Candidate {
    /// The next step of a ready task.
    #[inline]
    #[must_use]
    pub fn run(task: Label) -> Candidate {
        Candidate {
            label: task,
            action: Action::Run,
        }
    }

    /// The delivery of an operation's completion.
    #[inline]
    #[must_use]
    pub fn deliver(operation: Label) -> Candidate {
        Candidate {
            label: operation,
            action: Action::Deliver,
        }
    }

    /// That nothing strikes `label`: the first candidate of every yes-or-no point.
    #[inline]
    #[must_use]
    pub fn keep(label: Label) -> Candidate {
        Candidate {
            label,
            action: Action::Keep,
        }
    }
}

/// A choice point with at least two candidates. Candidate 0 is always what production does.
#[derive(Clone, Copy, Debug)]
pub struct Point<'a> {
    /// What is chosen.
    pub kind: Kind,
    /// How many choice points the run has passed before.
    pub at: u64,
    /// What may happen; the production default first.
    pub candidates: &'a [Candidate],
}
