//! Operations in flight, as the machine holds them.

use crate::machine::Machine;
use std::cell::Cell;
use std::rc::Rc;
use std::task::{Context, Poll};
use tourbillon_host::{Event, OperationId, OperationLabel, Outcome, Request};

/// An operation of the host's table that this session started. Dropping it gives the operation up.
pub(crate) struct OperationGuard {
    machine: Rc<Machine>,
    id: OperationId,
    /// Where it came from.
    pub label: OperationLabel,
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
            label,
            counts,
            has_ended: Cell::new(false),
        })
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
