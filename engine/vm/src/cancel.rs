//! Cancellation: of a future by the program, of an execution by the host.

use crate::errors;
use crate::future::{Future, Origin, State};
use crate::machine::Machine;
use crate::task::TaskRecord;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;
use tourbillon_executor::{StopCell, Target};
use tourbillon_host::{Access, Event, Object, TaskId};

/// Where any thread leaves a host's cancel, by the numbers of executions.
pub(crate) type CancelCell = StopCell<Target>;

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
        self.cell.request(self.execution);
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
        let is_requested = self.cancel.is_requested(self.execution.get());
        if is_requested && self.is_executing.get() && !self.is_cancelled.get() {
            self.is_cancelled.set(true);
            let is_over = self.scheduler.borrow().live() == 0 && !self.has_watched_operation();
            self.has_struck.set(!is_over);
            self.event(&Event::ExecutionStopped);
            self.stop_everything();
        }
    }

    /// Tells every task of a cancelled execution: those that have not run never will, the others see
    /// it where they wait.
    fn stop_everything(self: &Rc<Self>) {
        self.touch(Object::Tasks, Access::Read);
        let records = self.sorted_records();
        // What cleanup code waits for goes on.
        let mut shielded = BTreeSet::new();
        for record in records {
            if !self.scheduler.borrow().contains(record.id) {
                continue;
            }
            if record.is_of_cleanup.get() || record.is_shielded() {
                shielded.extend(record.peek_waits_on().iter().map(Future::id));
            } else if let Some(operation) = record.waits_for() {
                operation.give_up();
            }
            self.wake(record.id);
        }
        let started = self.sorted_operations();
        for future in started.iter().filter(|f| !shielded.contains(&f.id())) {
            request(self, future);
        }
    }
}

/// What is still to be done for a request to stop. It is carried out one piece after another: tasks
/// may nest deeper than the stack of the machine.
enum Piece {
    /// Asks a child.
    Ask(Future),
    /// Settles a future that has no body to ask, its children asked.
    Settle(Future),
    /// Carries the request along the chain of bodies of a suspended task.
    Reach(Rc<TaskRecord>, Future),
    /// Wakes a suspended task whose innermost body is to stop.
    Stop(Rc<TaskRecord>),
}

/// Asks a future to stop; says whether this call newly did.
pub(crate) fn request(machine: &Rc<Machine>, future: &Future) -> bool {
    let mut pieces = Vec::new();
    let is_new = ask(machine, future, &mut pieces);
    carry_out(machine, pieces);
    is_new
}

fn carry_out(machine: &Rc<Machine>, mut pieces: Vec<Piece>) {
    while let Some(piece) = pieces.pop() {
        match piece {
            Piece::Ask(child) if child.is_terminal() => add_children(&child, &mut pieces),
            Piece::Ask(child) => {
                ask(machine, &child, &mut pieces);
            }
            Piece::Settle(future) => future.settle_cancelled(machine),
            Piece::Reach(record, future) => reach_into(machine, &record, &future, &mut pieces),
            Piece::Stop(record) => {
                if let Some(operation) = record.waits_for() {
                    operation.give_up();
                }
                machine.wake(record.id);
            }
        }
    }
}

/// Marks a future as asked to stop, and adds what follows from that; says whether it is new.
fn ask(machine: &Rc<Machine>, future: &Future, pieces: &mut Vec<Piece>) -> bool {
    future.touch(Access::Read);
    future.touch_request(Access::Read);
    let (operation, body, follows) = {
        let mut core = future.get().core.borrow_mut();
        if !matches!(core.state, State::Created(_) | State::Pending) || core.cancel_requested {
            return false;
        }
        future.touch_request(Access::Write);
        core.cancel_requested = true;
        let operation = match &core.origin {
            Origin::Operation(operation) => Some(operation.number),
            Origin::Body | Origin::Manual => None,
        };
        (operation, core.runner, core.follows().cloned())
    };
    machine.event(&Event::CancelRequested {
        future: future.id(),
    });
    if let Some(number) = operation {
        machine.touch(Object::Tasks, Access::Add);
        if future.feval().is_none() || !crate::spawn::let_wind_down(machine, future, number) {
            let started = machine.started.borrow_mut().remove(&number);
            drop(started);
        }
        future.settle_cancelled(machine);
        return true;
    }
    if let Some(inner) = follows.filter(|inner| inner.is_child_of(future)) {
        // What the body gave is a future that it started itself: that one has to end first.
        add_children(future, pieces);
        pieces.push(Piece::Ask(inner));
        return true;
    }
    let Some(task) = body else {
        future.stop_following();
        pieces.push(Piece::Settle(future.clone()));
        add_children(future, pieces);
        return true;
    };
    let Some(record) = machine.record(task) else {
        return true;
    };
    machine.touch(Object::Wait(task), Access::Read);
    if !record.has_run.get() {
        never_run(machine, task);
        future.settle_cancelled(machine);
        return true;
    }
    let is_shielded = (record.fibers.borrow().iter())
        .any(|fiber| fiber.future.is_same(future) && fiber.is_shielded());
    pieces.push(Piece::Reach(record, future.clone()));
    if !is_shielded {
        // What a cleanup waits for is asked when the cleanup is over.
        add_children(future, pieces);
    }
    true
}

/// Adds a request for everything that a body started, and for theirs, the first on top.
fn add_children(future: &Future, pieces: &mut Vec<Piece>) {
    future.touch_family(Access::Read);
    let mut children: Vec<Future> = {
        let core = future.get().core.borrow();
        core.children.iter().filter_map(Future::upgrade).collect()
    };
    children.sort_by(Future::cmp_origin);
    pieces.extend(children.into_iter().rev().map(Piece::Ask));
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
    let mut pieces = Vec::new();
    add_children(future, &mut pieces);
    carry_out(machine, pieces);
}

/// Carries a request along the chain of bodies of a suspended task, from the one that is asked to the
/// one that waits. A running task looks for itself at its next suspension point.
fn reach_into(
    machine: &Rc<Machine>,
    record: &Rc<TaskRecord>,
    future: &Future,
    pieces: &mut Vec<Piece>,
) {
    let chain = record.chain();
    let Some(at) = chain.iter().position(|link| link.future.is_same(future)) else {
        return;
    };
    let mut asked = Vec::new();
    let mut reaches_the_wait = true;
    for (place, link) in chain.iter().enumerate().skip(at) {
        if place > at {
            if link.future.has_waiters_beyond(1) {
                // Others wait for this body: it goes on without us. The task takes itself apart.
                machine.wake(record.id);
                reaches_the_wait = false;
                break;
            }
            if set_requested(machine, &link.future) && !link.is_shielded {
                asked.push(link.future.clone());
            }
        }
        if link.is_shielded {
            reaches_the_wait = false;
            break;
        }
    }
    if reaches_the_wait {
        pieces.push(Piece::Stop(record.clone()));
    }
    for link in asked.iter().rev() {
        add_children(link, pieces);
    }
}

/// Notes that a body was asked to stop; says whether that is new.
fn set_requested(machine: &Machine, future: &Future) -> bool {
    future.touch_request(Access::Read);
    let is_new = !std::mem::replace(&mut future.get().core.borrow_mut().cancel_requested, true);
    if is_new {
        future.touch_request(Access::Write);
        machine.event(&Event::CancelRequested {
            future: future.id(),
        });
    }
    is_new
}

/// Marks a body that is awaited by transfer as asked to stop. What its cleanup waits for is asked when
/// the cleanup is over.
pub(crate) fn mark(machine: &Rc<Machine>, future: &Future, is_shielded: bool) {
    if set_requested(machine, future) && !is_shielded {
        ask_children(machine, future);
    }
}

/// The error for a body that was asked to stop.
pub(crate) fn error_for(future: &Future) -> tourbillon_value::RuntimeError {
    errors::cancelled(future.id())
}
