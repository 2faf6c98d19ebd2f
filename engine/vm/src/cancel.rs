//! Cancellation: of a future by the program, of an execution by the host.

use crate::errors;
use crate::future::{Future, Origin, State};
use crate::machine::Machine;
use crate::task::TaskRecord;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tourbillon_executor::{Inbox, Target};
use tourbillon_host::{Event, TaskId};

/// Where any thread leaves a host's cancel.
pub(crate) struct CancelCell {
    /// Number of the newest execution that is to stop; 0 for none.
    requested: AtomicU64,
    inbox: Arc<Inbox<Target>>,
}

impl CancelCell {
    pub(crate) fn new(inbox: Arc<Inbox<Target>>) -> Arc<CancelCell> {
        Arc::new(CancelCell {
            requested: AtomicU64::new(0),
            inbox,
        })
    }
}

/// Stops one execution: the one that ran when the handle was made, else the next. Once that has
/// ended, the handle does nothing; so a late cancel never hits the execution after it.
#[derive(Clone)]
pub struct CancelHandle {
    cell: Arc<CancelCell>,
    execution: u64,
}

impl CancelHandle {
    /// Asks the execution to stop; from any thread, as often as one likes.
    pub fn cancel(&self) {
        self.cell
            .requested
            .fetch_max(self.execution, Ordering::AcqRel);
        self.cell.inbox.rouse();
    }
}

impl Machine {
    /// A handle for the current execution, or for the next when none runs.
    pub fn cancel_handle(&self) -> CancelHandle {
        let execution = self.execution.get() + u64::from(!self.is_executing.get());
        CancelHandle {
            cell: self.cancel.clone(),
            execution,
        }
    }

    /// Takes note of a host's cancel: every task of the execution is told.
    pub(crate) fn observe_cancel(self: &Rc<Self>) {
        let requested = self.cancel.requested.load(Ordering::Acquire);
        if requested == self.execution.get() && self.is_executing.get() && !self.is_cancelled.get()
        {
            self.is_cancelled.set(true);
            self.stop_everything();
        }
    }

    /// Tells every task of a cancelled execution: those that have not run never will, the others see
    /// it where they wait.
    fn stop_everything(self: &Rc<Self>) {
        let records: Vec<Rc<TaskRecord>> =
            self.records.borrow().iter().flatten().cloned().collect();
        for record in records {
            if !self.scheduler.borrow().contains(record.id) {
                continue;
            }
            let is_shielded = record
                .chain
                .borrow()
                .last()
                .is_some_and(|innermost| innermost.is_shielded);
            if !is_shielded {
                if let Some(operation) = &*record.waits_for.borrow() {
                    operation.give_up();
                }
            }
            self.wake(record.id);
        }
        let started: Vec<Future> = self
            .started
            .borrow()
            .values()
            .map(|started| started.future.clone())
            .collect();
        for future in started {
            request(self, &future);
        }
    }
}

/// What a pending future is, for who wants to stop it.
enum Reach {
    /// There is no body to ask.
    Directly,
    /// It ends with its operation.
    Operation(u64),
    /// The task that runs the body.
    Body(TaskId),
}

/// Asks a future to stop; says whether this call newly did.
pub(crate) fn request(machine: &Rc<Machine>, future: &Future) -> bool {
    machine.access_write(future.id());
    let reach = {
        let mut core = future.get().core.borrow_mut();
        if !matches!(core.state, State::Created(_) | State::Pending) || core.cancel_requested {
            return false;
        }
        core.cancel_requested = true;
        match (&core.origin, core.runner) {
            (Origin::Operation { number, .. }, _) => Reach::Operation(*number),
            (Origin::Body, Some(task)) if core.follows.is_none() => Reach::Body(task),
            (Origin::Body | Origin::Manual, _) => Reach::Directly,
        }
    };
    machine.event(&Event::CancelRequested {
        future: future.id(),
    });
    match reach {
        Reach::Directly => {
            future.stop_following();
            ask_children(machine, future);
            future.settle_cancelled(machine);
        }
        Reach::Operation(number) => {
            let started = machine.started.borrow_mut().remove(&number);
            drop(started);
            future.settle_cancelled(machine);
        }
        Reach::Body(task) => {
            let Some(record) = machine.record(task) else {
                return true;
            };
            if record.has_run.get() {
                ask_children(machine, future);
                reach_into(machine, &record, future);
            } else {
                never_run(machine, task);
                future.settle_cancelled(machine);
            }
        }
    }
    true
}

/// Takes a task away whose body has run no instruction.
fn never_run(machine: &Rc<Machine>, task: TaskId) {
    let taken = machine.scheduler.borrow_mut().take_future(task);
    machine.end_task(task);
    // What it was given is dropped here, with nothing borrowed.
    drop(taken);
}

/// Asks everything that a body started, and theirs.
pub(crate) fn ask_children(machine: &Rc<Machine>, future: &Future) {
    let children = future.get().core.borrow().children.clone();
    for child in children.iter().filter_map(Future::upgrade) {
        if child.is_terminal() {
            ask_children(machine, &child);
        } else {
            request(machine, &child);
        }
    }
}

/// Carries a request along the chain of bodies of a suspended task, from the one that is asked to the
/// one that waits. A running task looks for itself at its next suspension point.
fn reach_into(machine: &Rc<Machine>, record: &Rc<TaskRecord>, future: &Future) {
    let chain: Vec<(Future, bool)> = record
        .chain
        .borrow()
        .iter()
        .map(|link| (link.future.clone(), link.is_shielded))
        .collect();
    let Some(at) = chain.iter().position(|(link, _)| link.is_same(future)) else {
        return;
    };
    for (place, (link, is_shielded)) in chain.iter().enumerate().skip(at) {
        if place > at {
            if link.has_waiters_beyond(1) {
                // Others wait for this body: it goes on without us. The task takes itself apart.
                machine.wake(record.id);
                return;
            }
            mark(machine, link);
        }
        if *is_shielded {
            return;
        }
    }
    if let Some(operation) = &*record.waits_for.borrow() {
        operation.give_up();
    }
    machine.wake(record.id);
}

/// Marks a body that is awaited by transfer as asked to stop.
pub(crate) fn mark(machine: &Rc<Machine>, future: &Future) {
    let is_new = !std::mem::replace(&mut future.get().core.borrow_mut().cancel_requested, true);
    if is_new {
        machine.event(&Event::CancelRequested {
            future: future.id(),
        });
        ask_children(machine, future);
    }
}

/// The error for a body that was asked to stop.
pub(crate) fn error_for(future: &Future) -> tourbillon_value::RuntimeError {
    errors::cancelled(future.id())
}
