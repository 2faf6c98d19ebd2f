//! The observer: how the engine can be watched. Natively there is none, and nothing is computed.

use crate::{OperationId, OperationLabel, Priority, TaskId, TaskLabel};
use std::rc::Rc;
use tourbillon_value::{Access, ObjectId};

/// The state of a future, as events tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventState {
    /// Not started.
    Created,
    /// Started, not ended.
    Pending,
    /// Ended with a value.
    Success,
    /// Ended with an error.
    Failure,
    /// Ended by cancellation.
    Cancelled,
}

/// Something that happened in a session.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// A task was made.
    TaskSpawned {
        /// Which.
        task: TaskId,
        /// Where it came from.
        label: &'a Rc<TaskLabel>,
        /// Its class.
        priority: Priority,
    },
    /// A task can run.
    TaskReady {
        /// Which.
        task: TaskId,
    },
    /// A task's step begins.
    TaskStep {
        /// Which.
        task: TaskId,
        /// Where it came from.
        label: &'a Rc<TaskLabel>,
    },
    /// A task has ended.
    TaskEnded {
        /// Which.
        task: TaskId,
        /// Where it came from.
        label: &'a Rc<TaskLabel>,
    },
    /// A future changed its state.
    FutureState {
        /// Which.
        future: ObjectId,
        /// Before.
        from: EventState,
        /// After.
        to: EventState,
    },
    /// A callback was registered.
    CallbackRegistered {
        /// On which future.
        future: ObjectId,
        /// Its number there, from 0.
        number: usize,
    },
    /// A callback begins to run.
    CallbackRun {
        /// On which future.
        future: ObjectId,
        /// Its number there, from 0.
        number: usize,
    },
    /// An operation was submitted.
    OperationSubmitted {
        /// Which.
        operation: OperationId,
        /// Where it came from.
        label: &'a OperationLabel,
    },
    /// The outcome of an operation was taken.
    OperationEnded {
        /// Which.
        operation: OperationId,
    },
    /// An operation was given up.
    OperationDropped {
        /// Which.
        operation: OperationId,
    },
    /// A future was asked to stop.
    CancelRequested {
        /// Which.
        future: ObjectId,
    },
    /// A cleanup begins to run.
    CleanupRun {
        /// In which task.
        task: TaskId,
    },
    /// Output was written.
    Output {
        /// The text.
        text: &'a str,
    },
    /// The session is deadlocked; the report is the error's message.
    Deadlock {
        /// The wait cycle, or what nobody can complete.
        report: &'a str,
    },
}

/// Watches a session.
pub trait Observer {
    /// A step touched a shared object.
    fn access(&self, object: ObjectId, access: Access);

    /// Something happened.
    fn event(&self, event: &Event<'_>);
}
