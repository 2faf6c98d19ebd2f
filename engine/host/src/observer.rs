//! The observer: how the engine can be watched. Natively there is none, and nothing is computed.
//!
//! Two kinds of things are told: what happened ([`Event`]), and what a step touched
//! ([`Observer::access`]). The second is for partial-order reduction: two steps that touch nothing in
//! common, as [`Access::conflicts`] says, can be swapped and nobody can tell. What is not told, and why
//! that is sound:
//!
//! - Operations of the host, its console's terminal, its clock, its files and its device: the host sees
//!   them itself. That the time moves, or that the host cancels, conflicts with everything.
//! - The place in a ready queue: candidates compare by label. But a step that makes a task ready, ends
//!   one or lets one wait changes whether tasks of less urgent classes may run at all.
//! - The error that `lasterr` gives, random numbers, occurrences in labels and the instructions until the
//!   next tick: each task has its own.
//! - Variables: they are values, and a task's own; functions and blocks capture copies.

use crate::{OperationId, OperationLabel, Priority, Stream, TaskId, TaskLabel};
use std::rc::Rc;
use tourbillon_executor::Resource;
use tourbillon_value::{ObjectId, RuntimeError};

/// Something that two tasks of a session can share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Object<'a> {
    /// A handle object: a future, a map, a join set, a device array. Of a future it is its state and
    /// result, and its callbacks.
    Handle(ObjectId),
    /// Who waits for a future; to end it is a write of its handle only, since whoever comes to wait or
    /// stops waiting also looks at that. Of a join set: whether it is there to wait for its members.
    Waiters(ObjectId),
    /// Whether a future was asked to stop.
    Request(ObjectId),
    /// What a future's body started and is asked to stop with it.
    Family(ObjectId),
    /// What a task waits for, and whether it has begun.
    Wait(TaskId),
    /// A global variable, or a persistent one under a name of its own.
    Global(&'a str),
    /// The text on a stream of the console.
    Console(Stream),
    /// The order of warnings and reports.
    Diagnostics,
    /// What `lastwarn` gives.
    LastWarning,
    /// Which warnings are switched off.
    WarningState,
    /// The stopwatch of `tic` and `toc`.
    Stopwatch,
    /// Which tasks and started operations there are.
    Tasks,
    /// In which order background jobs ended, and which of them were read.
    Jobs,
    /// Cleanup functions that are due and that the next task to run a statement runs.
    Cleanups,
    /// How many tasks, futures or waiters there are, where that is limited. To take a place is an
    /// addition, to give one back a look: places are taken in any order, and given back in any order, but
    /// who takes one may need what another gave back. To be refused one is a write.
    Capacity(Resource),
}

/// What a step did with an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// Made it. The first that is heard of a handle object, at once and by the task that makes it;
    /// numbers are not given out twice before a reset. Nobody else can touch it yet.
    Create,
    /// Looked at it.
    Read,
    /// Changed it in a way that commutes with other changes of this kind: nobody can tell in which order
    /// they came. It counts something down, or adds to a set.
    Add,
    /// Changed it.
    Write,
}

impl Access {
    /// Whether two accesses to the same object by different tasks can be told apart by their order.
    pub fn conflicts(self, other: Access) -> bool {
        match (self, other) {
            (Access::Read, Access::Read) | (Access::Add, Access::Add) => false,
            (Access::Create | Access::Read | Access::Add | Access::Write, _) => true,
        }
    }
}

/// What made an execution depend on the order of steps that share no object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Entangled {
    /// Running numbers were looked at, such as the `ID` of a future: they tell in which order objects
    /// were made, whoever made them.
    Numbers,
    /// A value with an `onCleanup` object in it came within reach of several tasks: the one that lets go
    /// of it last runs the cleanup.
    Cleanup,
    /// A collection of cycles in the midst of an execution found garbage.
    Collection,
}

impl Entangled {
    /// How many ways there are.
    pub(crate) const COUNT: usize = 3;
}

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

/// How its future must end for a callback to be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallbackTrigger {
    /// With a value.
    Success,
    /// With an error.
    Failure,
    /// However.
    Complete,
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
    /// A task was woken, which may have been ready already: in another order of the same steps it may
    /// be this wake that makes it so. Giving way for a turn counts.
    TaskWoken {
        /// Which.
        task: TaskId,
        /// Whether it was by the last of several steps that it waits for together, each of which told
        /// of an [`Access::Add`] to [`Object::Wait`]: they can come in any order.
        by_last: bool,
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
    /// A body runs in a task from now on: it begins, or it was handed over.
    BodyRuns {
        /// The body's future.
        future: ObjectId,
        /// The task.
        task: TaskId,
    },
    /// A future belongs to another one's body from now on, or to the session.
    FutureAdopted {
        /// Which.
        future: ObjectId,
        /// Whose body has it; `None` for the session.
        parent: Option<ObjectId>,
    },
    /// A future has ended without a value; the change of its state follows.
    FutureFailed {
        /// Which.
        future: ObjectId,
        /// Its error.
        error: &'a RuntimeError,
    },
    /// An `await` or `await_all` throws the error of a future.
    ErrorAwaited {
        /// Of which future.
        future: ObjectId,
        /// What is thrown.
        error: &'a RuntimeError,
    },
    /// A callback was registered.
    CallbackRegistered {
        /// On which future.
        future: ObjectId,
        /// Its number there, from 0.
        number: usize,
        /// When it is called.
        trigger: CallbackTrigger,
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
    /// The host has stopped the execution.
    ExecutionStopped,
    /// An `onCleanup` object was made.
    CleanupRegistered {
        /// Which.
        cleanup: ObjectId,
    },
    /// Cleanups are due, and begin to run.
    CleanupRun {
        /// In which task.
        task: TaskId,
    },
    /// The function of an `onCleanup` object is called.
    CleanupCalled {
        /// Of which.
        cleanup: ObjectId,
    },
    /// Output was written.
    Output {
        /// The text.
        text: &'a str,
    },
    /// The session is deadlocked; the report is the error's message. As a jump of the time this comes
    /// after all that there was: what is touched between here and the next step conflicts with
    /// everything.
    Deadlock {
        /// The wait cycle, or what nobody can complete.
        report: &'a str,
        /// The same: each task, and the future that it waits for.
        waits: &'a [(TaskId, ObjectId)],
    },
    /// An invariant of the program does not hold: `invariant(cond, name)`.
    Invariant {
        /// Its name.
        name: &'a str,
    },
    /// The program came by a mark: `sometimes(cond, name)`.
    Mark {
        /// Its name.
        name: &'a str,
        /// Whether the condition was true.
        reached: bool,
    },
    /// From here on the execution depends on the order of steps that share no object, also of those
    /// before. A search that leaves orders out because of what [`Observer::access`] told has to begin
    /// anew: with [`Entangled::Numbers`] every [`Access::Create`] then counts as a write of one common
    /// object; with the others every two steps conflict. Up to here nothing was missed, so a search
    /// that never hears of it is complete.
    Entangled {
        /// Why.
        why: Entangled,
    },
}

/// Watches a session.
pub trait Observer {
    /// Whether accesses are to be told in the execution that is about to begin.
    fn wants_accesses(&self) -> bool {
        true
    }

    /// The running step touched a shared object; between steps, the delivery or whatever else the policy
    /// did since. An object may be told of more often than once.
    fn access(&self, object: Object<'_>, access: Access);

    /// Something happened.
    fn event(&self, event: &Event<'_>);
}

#[cfg(test)]
mod tests {
    use super::Access;

    #[test]
    fn only_looks_and_additions_commute_among_themselves() {
        let all = [Access::Create, Access::Read, Access::Add, Access::Write];
        for one in all {
            for other in all {
                let commutes = one == other && matches!(one, Access::Read | Access::Add);
                assert_eq!(one.conflicts(other), !commutes, "{one:?} {other:?}");
            }
        }
    }
}
