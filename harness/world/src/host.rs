//! The world as the engine's host.

use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::rc::Rc;
use std::task::{Context, Poll};

use tourbillon_host::{
    Console, Device, Host, InputFailure, Nanoseconds, OperationId, OperationLabel, Outcome, Request,
};
use tourbillon_sim::Access;
use tourbillon_sim::run::Halt;
use tourbillon_sim::trace::{Event, What};

use crate::config::InputHandler;
use crate::device::WatchedDevice;
use crate::effects::{delayed, no_device};
use crate::faults::error;
use crate::names::note_operation;
use crate::objects::Single;
use crate::operations::{self, Entry, Stage};
use crate::session_config::UNPOLLED_WEIGHT;
use crate::world::World;

const NOW: What = What::new("now");
const SUBMIT: What = What::new("submit");
const TAKE: What = What::new("take");
const GIVE_UP: What = What::new("give up");

/// After so many ticks in a row time moves although a task runs.
const TICKS_IN_A_ROW: u32 = 1_000;

/// A budget was spent where no policy is asked: what a tick unwinds with.
pub(crate) struct Spent(pub Halt);

impl Host for World {
    fn now(&self) -> Nanoseconds {
        Nanoseconds(self.timeline.run.borrow().clock.now())
    }

    fn try_now(&self, request: &Request, label: &OperationLabel) -> Option<Outcome> {
        let injections = *self.timeline.run.borrow().injections();
        if !self.is_immediate(request, &injections) {
            return None;
        }
        let label = note_operation(&mut self.timeline.run.borrow_mut().labels, label);
        self.event(NOW, label, 0);
        let fault = self.stated_fault(request);
        if let Some(fault) = fault.or_else(|| self.draw_fault(request, label)) {
            return Some(self.struck(fault, request));
        }
        let has_handler = self.config.input_handler != InputHandler::None;
        Some(match request {
            Request::Input { .. } if !has_handler => Err(InputFailure::Unavailable.into()),
            request => self.perform(request),
        })
    }

    fn submit(&self, request: Request, label: &OperationLabel) -> OperationId {
        let (label, now, injections) = {
            let mut run = self.timeline.run.borrow_mut();
            let label = note_operation(&mut run.labels, label);
            (label, run.clock.now(), *run.injections())
        };
        self.event(SUBMIT, label, 0);
        self.access(label.into(), Access::Write);
        if let Request::Job { job } = &request {
            let job = job.clone();
            let number = self.operations.borrow_mut().add(Entry {
                request,
                buffer: None,
                outcome: None,
                or_else: None,
                partial: None,
                label,
                asked_at: now,
                delay: 0,
                deliveries: 0,
                stage: Stage::Queued,
                waker: None,
            });
            self.this().queue_job(number, label, job);
            return operations::id(number);
        }
        let delay = self.draw_delay(&request, label);
        let fault = self.stated_fault(&request);
        let fault = fault.or_else(|| self.draw_fault(&request, label));
        let never = self.draw_never(&request, label);
        let mut entry = Entry {
            request,
            buffer: None,
            outcome: None,
            or_else: None,
            partial: None,
            label,
            asked_at: now,
            delay,
            deliveries: 0,
            stage: if never { Stage::Never } else { Stage::Queued },
            waker: None,
        };
        let latency = match (&entry.request, fault) {
            (Request::Http(request), fault) => {
                let exchange =
                    self.exchange(request, fault.map(|fault| fault.error), never, |latency| {
                        delayed(latency, delay)
                    });
                (entry.outcome, entry.or_else) = (Some(exchange.outcome), exchange.or_else);
                // What never comes still meets its deadline, if it has one.
                entry.stage = match exchange.latency {
                    u64::MAX => Stage::Never,
                    _ => Stage::Queued,
                };
                exchange.latency
            }
            (request, fault) => {
                let latency = delayed(self.latency(request), delay);
                entry.outcome = fault.map(|fault| Err(error(fault.error, request)));
                entry.partial = fault.and_then(|fault| fault.partial);
                latency
            }
        };
        entry.deliveries = self.deliveries(&entry.request, latency, &injections);
        self.count(|injected| {
            injected.delay += u64::from(delay > 0);
            injected.pending += u64::from(latency == 0 && entry.deliveries > 0);
        });
        match &entry.request {
            Request::Timer { deadline } => {
                let deadline = *deadline;
                if deadline == Nanoseconds::MAX {
                    entry.stage = Stage::Never;
                }
                let number = self.operations.borrow_mut().add(entry);
                if deadline.0 <= now {
                    self.complete(number);
                } else if deadline != Nanoseconds::MAX {
                    let timer = self.set_timer(deadline.0, number);
                    self.wait(number, timer);
                }
                operations::id(number)
            }
            Request::Input { .. } => {
                if self.config.input_handler == InputHandler::None {
                    entry.stage = Stage::Ended(Err(InputFailure::Unavailable.into()));
                    return operations::id(self.operations.borrow_mut().add(entry));
                }
                self.touch(Single::Input, Access::Write);
                let (number, is_first) = {
                    let mut operations = self.operations.borrow_mut();
                    let number = operations.add(entry);
                    operations.inputs.push_back(number);
                    (number, operations.inputs.len() == 1)
                };
                if is_first {
                    self.step_forward(number);
                }
                operations::id(number)
            }
            Request::Readback { buffer } => {
                let retained = match self.cpu_device() {
                    Some(device) => device.retain(*buffer),
                    None => Err(no_device()),
                };
                match retained {
                    Ok(buffer) => entry.buffer = Some(buffer),
                    Err(error) => {
                        entry.stage = Stage::Ended(Err(error));
                        return operations::id(self.operations.borrow_mut().add(entry));
                    }
                }
                self.touch(Single::Readbacks, Access::Write);
                let number = {
                    let mut operations = self.operations.borrow_mut();
                    let number = operations.add(entry);
                    operations.readbacks.push_back(number);
                    number
                };
                if !never {
                    self.start(number, now, latency);
                }
                operations::id(number)
            }
            Request::Job { .. } => unreachable!("jobs were taken in above"),
            Request::ReadFile { .. }
            | Request::WriteFile { .. }
            | Request::FileExists { .. }
            | Request::DeleteFile { .. }
            | Request::Http(_) => {
                let comes = !matches!(entry.stage, Stage::Never);
                let number = self.operations.borrow_mut().add(entry);
                if comes {
                    self.start(number, now, latency);
                }
                operations::id(number)
            }
        }
    }

    fn poll(&self, operation: OperationId, context: &mut Context<'_>) -> Poll<Outcome> {
        let number = operations::number(operation);
        let mut operations = self.operations.borrow_mut();
        let Some(entry) = operations.get(number) else {
            panic!(
                "operation {} has given its outcome or was cancelled",
                operation.0
            );
        };
        self.access(entry.label.into(), Access::Read);
        if matches!(entry.stage, Stage::Offered)
            && let Some(error) = entry.or_else.take()
        {
            // It was looked at before the delivery: the time is over.
            let entry = operations.remove(number).expect("it was there just now");
            drop(operations);
            self.event(TAKE, entry.label, 0);
            return Poll::Ready(Err(error));
        }
        if !matches!(entry.stage, Stage::Ended(_)) {
            let (label, is_first) = (entry.label, entry.waker.is_none());
            match &mut entry.waker {
                Some(waker) => waker.clone_from(context.waker()),
                none => *none = Some(context.waker().clone()),
            }
            let is_offered = matches!(entry.stage, Stage::Offered);
            if is_offered && is_first && self.draw_early(label) {
                operations.offered.retain(|other| *other != number);
                drop(operations);
                // It wakes the task that polls, which is then told that it has to wait.
                self.complete(number);
            }
            return Poll::Pending;
        }
        let entry = operations.remove(number).expect("it was there just now");
        drop(operations);
        self.event(TAKE, entry.label, 0);
        match entry.stage {
            Stage::Ended(outcome) => Poll::Ready(outcome),
            _ => unreachable!("it had ended just now"),
        }
    }

    fn cancel(&self, operation: OperationId) {
        let number = operations::number(operation);
        let (entry, next) = {
            let mut operations = self.operations.borrow_mut();
            let Some(entry) = operations.remove(number) else {
                return;
            };
            let next = match entry.request {
                Request::Input { .. } => operations.inputs.front().copied(),
                Request::Readback { .. } => operations.readbacks.front().copied(),
                _ => None,
            };
            (entry, next)
        };
        {
            let mut run = self.timeline.run.borrow_mut();
            if let Stage::Waiting(timer) = &entry.stage {
                run.clock.cancel(*timer);
            }
            run.access(entry.label.into(), Access::Write);
            match entry.request {
                Request::Input { .. } => {
                    run.access(self.names.get().single(Single::Input), Access::Write);
                }
                Request::Readback { .. } => {
                    run.access(self.names.get().single(Single::Readbacks), Access::Write);
                }
                Request::Timer { .. }
                | Request::ReadFile { .. }
                | Request::WriteFile { .. }
                | Request::FileExists { .. }
                | Request::DeleteFile { .. }
                | Request::Http(_)
                | Request::Job { .. } => {}
            }
            run.event(Event {
                what: GIVE_UP,
                label: entry.label,
                value: 0,
            });
        }
        if matches!(entry.request, Request::Job { .. }) {
            self.this().drop_job(number);
        }
        drop(entry);
        if let Some(next) = next {
            self.step_forward(next);
        }
    }

    fn stop(&self, operation: OperationId) -> bool {
        self.this().stop_job(operations::number(operation))
    }

    fn has_begun(&self, operation: OperationId) -> bool {
        let number = operations::number(operation);
        let label = self
            .operations
            .borrow_mut()
            .get(number)
            .map(|entry| entry.label);
        label.is_none_or(|label| self.job_has_begun(number, label))
    }

    fn workers(&self) -> Option<NonZeroUsize> {
        (!self.is_within_a_job()).then_some(self.config.workers.0)
    }

    fn tick(&self, in_a_row: u32) {
        let weight = if self.is_polled.get() {
            1
        } else {
            UNPOLLED_WEIGHT
        };
        let ticks = self.ticks.get() + weight;
        self.ticks.set(ticks);
        let halt = {
            let run = self.timeline.run.borrow();
            run.spent(ticks.saturating_add(run.steps()))
        };
        if let Some(halt) = halt {
            // A loop that never waits asks no policy; the run ends here and is judged by its driver.
            resume_unwind(Box::new(Spent(halt)));
        }
        if !self.is_polled.get() || !in_a_row.is_multiple_of(TICKS_IN_A_ROW) {
            return;
        }
        // Whatever else could happen happens within this step.
        self.timeline.run.borrow_mut().access_everything();
        match self.this().let_jobs_move() {
            Ok(true) => return,
            Ok(false) => {}
            Err(halt) => resume_unwind(Box::new(Spent(halt))),
        }
        let offered = self.operations.borrow().offered.len();
        if offered > 0 {
            // What is offered again by a delivery has its next turn later.
            (0..offered).for_each(|_| self.deliver(0));
        } else if let Some(due) = self.timeline.next_due()
            && let Err(halt) = self.timeline.advance_to(due)
        {
            resume_unwind(Box::new(Spent(halt)));
        }
    }

    fn console(&self) -> &dyn Console {
        self.captured()
    }

    fn device(&self) -> Option<Rc<dyn Device>> {
        let memory = self.names.get().single(Single::DeviceMemory);
        self.cpu_device().map(|device| -> Rc<dyn Device> {
            Rc::new(WatchedDevice::new(device, &self.timeline.run, memory))
        })
    }

    fn live_buffers(&self) -> usize {
        let device = self.device.borrow();
        device.as_ref().map_or(0, |device| device.live_buffers())
    }

    fn seed(&self) -> u64 {
        0
    }
}
