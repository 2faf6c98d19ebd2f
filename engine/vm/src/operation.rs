//! Operations in flight, as the machine holds them.

use crate::machine::Machine;
use std::cell::Cell;
use std::rc::Rc;
use std::task::{Context, Poll};
use tourbillon_builtins::{Finish, Next, Sequence};
use tourbillon_host::{
    Access, Event, Object, OperationId, OperationLabel, Outcome, Request, TaskId, TaskLabel,
};
use tourbillon_value::{Result, Value};

/// What is made of the outcome of a request.
pub(crate) enum Sequel {
    /// A response becomes the value of the call; an error is the call's.
    Finish(Finish),
    /// There may be further requests.
    Sequence(Box<Chain>),
}

/// The requests of one call, one after another. Further ones are named under the first: how many other
/// operations its task has started meanwhile depends on the schedule.
pub(crate) struct Chain {
    sequence: Box<dyn Sequence>,
    first: Option<OperationLabel>,
    further: u32,
}

/// How far a call is after a request.
pub(crate) enum Advance {
    /// Its value.
    Value(Value),
    /// It waits for another request.
    Waits(Rc<OperationGuard>, Sequel),
}

impl Sequel {
    pub(crate) fn sequence(sequence: Box<dyn Sequence>) -> Sequel {
        Sequel::Sequence(Box::new(Chain {
            sequence,
            first: None,
            further: 0,
        }))
    }

    /// Makes a request, and those that come after it as long as their outcomes are there at once.
    pub(crate) fn start(
        self,
        machine: &Rc<Machine>,
        mut request: Request,
        mut label: OperationLabel,
        counts: bool,
    ) -> Result<Advance> {
        let mut then = self;
        loop {
            if let Sequel::Sequence(chain) = &mut then
                && chain.first.is_none()
            {
                chain.first = Some(label.clone());
            }
            let Some(outcome) = machine.host.try_now(&request, &label) else {
                let guard = OperationGuard::submit(machine, request, label, counts);
                return Ok(Advance::Waits(guard, then));
            };
            match then.after(machine, outcome)? {
                After::Value(value) => return Ok(Advance::Value(value)),
                After::Request(next, name, rest) => (request, label, then) = (next, name, rest),
            }
        }
    }

    /// Goes on with the outcome of a request.
    pub(crate) fn resume(
        self,
        machine: &Rc<Machine>,
        outcome: Outcome,
        counts: bool,
    ) -> Result<Advance> {
        match self.after(machine, outcome)? {
            After::Value(value) => Ok(Advance::Value(value)),
            After::Request(request, label, then) => then.start(machine, request, label, counts),
        }
    }

    fn after(self, machine: &Rc<Machine>, outcome: Outcome) -> Result<After> {
        let mut chain = match self {
            Sequel::Finish(finish) => return outcome.and_then(finish).map(After::Value),
            Sequel::Sequence(chain) => chain,
        };
        match chain.sequence.next(&**machine, outcome)? {
            Next::Value(value) => Ok(After::Value(value)),
            Next::Request(request, sequence) => {
                chain.sequence = sequence;
                chain.further += 1;
                let first = chain.first.as_ref().expect("it began with a request");
                let label = OperationLabel {
                    task: TaskLabel::child(&first.task, first.name.into(), first.occurrence),
                    name: request.name(),
                    occurrence: chain.further,
                };
                Ok(After::Request(request, label, Sequel::Sequence(chain)))
            }
        }
    }
}

/// What an outcome leads to.
enum After {
    Value(Value),
    Request(Request, OperationLabel, Sequel),
}

/// An operation of the host's table that this session started. Dropping it gives the operation up.
pub(crate) struct OperationGuard {
    machine: Rc<Machine>,
    id: OperationId,
    /// The parts of its label: in one piece they would take more.
    task: Rc<TaskLabel>,
    name: &'static str,
    occurrence: u32,
    /// Whether somebody's progress depends on it: budgets of cleanups do not count.
    counts: bool,
    has_ended: Cell<bool>,
}

impl OperationGuard {
    /// Submits a request.
    pub(crate) fn submit(
        machine: &Rc<Machine>,
        request: Request,
        label: OperationLabel,
        counts: bool,
    ) -> Rc<OperationGuard> {
        let id = machine.host.submit(request, &label);
        machine.event(&Event::OperationSubmitted {
            operation: id,
            label: &label,
        });
        if counts {
            machine.outstanding.set(machine.outstanding.get() + 1);
        }
        machine.statistics.borrow_mut().operations += 1;
        Rc::new(OperationGuard {
            machine: machine.clone(),
            id,
            task: label.task,
            name: label.name,
            occurrence: label.occurrence,
            counts,
            has_ended: Cell::new(false),
        })
    }

    /// Where it came from.
    pub(crate) fn label(&self) -> OperationLabel {
        OperationLabel {
            task: self.task.clone(),
            name: self.name,
            occurrence: self.occurrence,
        }
    }

    /// The outcome when it is there.
    pub(crate) fn poll(&self, context: &mut Context<'_>) -> Poll<Outcome> {
        if self.has_ended.get() {
            return Poll::Pending;
        }
        let outcome = self.machine.host.poll(self.id, context);
        if outcome.is_ready() {
            self.end();
            self.machine
                .event(&Event::OperationEnded { operation: self.id });
        }
        outcome
    }

    /// The future of a started operation is gone: nobody can see how it ends.
    pub(crate) fn forget_started(&self, number: u64) {
        self.machine.touch(Object::Tasks, Access::Add);
        let started = self.machine.started.borrow_mut().remove(&number);
        drop(started);
    }

    /// The same for a task, which is woken when the outcome comes.
    pub(crate) fn poll_for(&self, task: TaskId) -> Poll<Outcome> {
        if self.has_ended.get() {
            return Poll::Pending;
        }
        let waker = self.machine.scheduler.borrow_mut().waker(task);
        let waker = waker.expect("a task that runs is there");
        self.poll(&mut Context::from_waker(&waker))
    }

    /// Asks a background job to stop; says whether it goes on until it has.
    pub(crate) fn stop(&self) -> bool {
        !self.has_ended.get() && self.machine.host.stop(self.id)
    }

    /// Whether a background job has begun.
    pub(crate) fn has_begun(&self) -> bool {
        self.has_ended.get() || self.machine.host.has_begun(self.id)
    }

    /// Gives the operation up.
    pub(crate) fn give_up(&self) {
        if !self.has_ended.get() {
            self.end();
            self.machine.host.cancel(self.id);
            self.machine
                .event(&Event::OperationDropped { operation: self.id });
        }
    }

    fn end(&self) {
        self.has_ended.set(true);
        if self.counts {
            self.machine
                .outstanding
                .set(self.machine.outstanding.get() - 1);
        }
    }
}

impl Drop for OperationGuard {
    fn drop(&mut self) {
        self.give_up();
    }
}
